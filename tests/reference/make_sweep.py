"""Exports one small network of every family, and notes what each computes: the references of `cargo xtask parity --sweep`.

    python tests/reference/make_sweep.py FOLDER [NAME…]

The families are every module of timm and of torchvision's classifiers, of each the network with the fewest parameters, and
every image classifier of Hugging Face's transformers, built from its config with small sizes. For each network NAME.json says

    exported           whether torch.export took it, and if not, `reason`
    batch              "open", or "one" where only a program for a single picture could be exported
    side               that of the square pictures
    decomposed         whether NAME.decomposed.pt2, the program after `run_decompositions()`, is there too

and NAME.pt2 is the archive, and NAME.safetensors has

    input              [2, 3, side, side]
    logits             [2, classes], by PyTorch in float64
    input_gradient     the gradient of sum_i logits[i, targets[i]] with respect to the input, in float64

with, in its metadata, how far PyTorch's own results in float32 are from these: the most of what four inputs give that differ
by rounding alone, for where some ReLU's input is all but zero, rounding decides whether its gradient counts.

index.json lists them all, and the packages' versions. Weights are random, from a seed, and batch norms have statistics of
random pictures. A network that has its NAME.json is not made again. Each has a process of its own, which may take LONGEST
seconds of a processor's time and LARGEST bytes, so that one that ends its process takes no other down.
"""

import contextlib
import io
import json
import logging
import os
import re
import resource
import signal
import sys
import time
import traceback
import warnings
from importlib import metadata
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

TARGETS = [1, 3]
CLASSES = 10

# Seconds of a processor's time that a network may take, all together, and bytes of addresses.
LONGEST = 180
LARGEST = 14 << 30

# Sides of pictures, the first of which that a network takes is taken.
SIDES = (64, 56, 96, 112, 128, 160, 192, 224, 240, 256, 288, 299, 384)

# One in so many, and each whose archive has no more than so many bytes, is exported a second time, in the operators that
# torch.export's decompositions leave.
DECOMPOSED = 4
LIGHT = 14_000_000


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    wanted = sys.argv[2:]
    networks = list(all_networks(folder))
    index = {"versions": versions(), "networks": [name for name, _ in networks]}
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")
    for place, (name, build) in enumerate(networks):
        if wanted and not any(name == word or name.startswith(f"{word}.") for word in wanted):
            continue
        notes = folder / f"{name}.json"
        if notes.exists():
            continue
        begun = time.monotonic()
        found = apart(lambda: write(folder, name, build, place % DECOMPOSED == 0))
        found["seconds"] = round(time.monotonic() - begun, 1)
        notes.write_text(json.dumps(found, indent=1) + "\n")
        told = f"{found['batch']} batch, {found['side']} pixels" if found["exported"] else found["reason"]
        print(f"{place + 1}/{len(networks)} {name}: {told} ({found['seconds']} s)", file=sys.stderr, flush=True)


def apart(write) -> dict:
    """What `write` returns in a process of its own, or why it returns nothing."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        # Here and not before: threads do not outlive a fork.
        torch.set_num_threads(1)
        resource.setrlimit(resource.RLIMIT_AS, (LARGEST, resource.getrlimit(resource.RLIMIT_AS)[1]))
        try:
            with limited(LONGEST), contextlib.redirect_stdout(io.StringIO()):
                found = write()
        except BaseException as error:
            found = {"exported": False, "reason": reason(error)}
        with open(writer, "w") as file:
            json.dump(found, file)
        os._exit(0)
    os.close(writer)
    with open(reader) as file:
        told = file.read()
    _, status = os.waitpid(child, 0)
    ended = f"the process ended while it was exported ({os.waitstatus_to_exitcode(status)})"
    return json.loads(told) if told else {"exported": False, "reason": ended}


def versions() -> dict:
    return {package: metadata.version(package) for package in ("torch", "torchvision", "timm", "transformers")}


class TooLong(Exception):
    pass


@contextlib.contextmanager
def limited(seconds: int):
    def over(*_):
        raise TooLong(f"it takes more than {seconds} s")

    # Of the process's own time, and again and again: where a destructor runs, the first is lost.
    signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def reason(error: BaseException) -> str:
    """The first line of what is wrong that says something, in plain text."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:300]


# Which networks there are.


def all_networks(folder: Path):
    """Names with what builds each."""
    yield from torchvision_networks()
    yield from timm_networks(folder)
    yield from transformers_networks()


def torchvision_networks():
    from torchvision import models

    smallest = {}
    for name in models.list_models(module=models):
        module = models.get_model_builder(name).__module__
        size = models.get_model_weights(name).DEFAULT.meta["num_params"]
        smallest[module] = min(smallest.get(module, (size, name)), (size, name))
    for _, name in sorted(smallest.values(), key=lambda found: found[1]):
        # Theirs initialise from a truncated normal distribution, which takes minutes.
        options = {"init_weights": False} if name in ("inception_v3", "googlenet") else {}
        yield f"torchvision.{name}", lambda name=name, options=options: builders(
            lambda side: models.get_model(name, weights=None, num_classes=CLASSES, **options),
            lambda side: models.get_model(name, weights=None, num_classes=CLASSES, image_size=side),
        )


# What the small networks of timm's modules are called, and how many of a module are tried.
SMALL_NAME = re.compile(r"atto|femto|pico|nano|xxs|_xs|_ti|tiny|lite|small|10t|14t|[a-z]0$|_0?[0-4]\d$|002")
TRIED = 30


def timm_networks(folder: Path):
    import timm

    known = folder / "timm-smallest.json"
    smallest = json.loads(known.read_text()) if known.exists() else {}
    for module in timm.list_modules():
        if module in smallest:
            continue
        # Those called test_ are made for timm's own tests.
        names = [name for name in timm.list_models(module=module) if not name.startswith("test_")]
        sizes = []
        # Large modules have hundreds; those whose names say that they are small come first.
        for name in sorted(names, key=lambda name: (not SMALL_NAME.search(name), len(name), name))[:TRIED]:
            try:
                with torch.device("meta"), contextlib.redirect_stdout(io.StringIO()):
                    sizes.append((parameters(timm.create_model(name, num_classes=CLASSES)), name))
            except Exception:
                continue
        if names:
            # Where none of them can be made without memory, the shortest name is that of a plain one.
            smallest[module] = min(sizes)[1] if sizes else min(names, key=len)
            known.write_text(json.dumps(dict(sorted(smallest.items())), indent=1) + "\n")
    for module, name in sorted(smallest.items()):
        yield f"timm.{module}.{name}", lambda name=name: builders(
            lambda side: timm.create_model(name, num_classes=CLASSES),
            lambda side: timm.create_model(name, num_classes=CLASSES, img_size=side),
        )


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def builders(plain, sized):
    """What makes a network for pictures of a side: as it is, or told the side."""
    return [plain, sized]


# What makes the networks of transformers small: names of a config's fields. A family's own fields stand below.
SMALL = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "num_labels": CLASSES,
    "image_size": 64, "drop_path_rate": 0.0,
}
FAMILIES = {
    "beit": {"patch_size": 16, "use_mask_token": False, "use_relative_position_bias": True},
    "bit": {"num_groups": 8, "embedding_size": 16, "hidden_sizes": [32, 32, 64, 64], "depths": [1, 1, 1, 1]},
    "clip": {"vision_config": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "image_size": 64, "patch_size": 16}},
    "convnext": {"num_stages": 4, "hidden_sizes": [16, 24, 32, 40], "depths": [1, 1, 2, 1]},
    "convnextv2": {"num_stages": 4, "hidden_sizes": [16, 24, 32, 40], "depths": [1, 1, 2, 1]},
    "cvt": {"embed_dim": [16, 32, 48], "num_heads": [1, 2, 3], "depth": [3, 3, 3]},
    "data2vec-vision": {"patch_size": 16, "use_relative_position_bias": True},
    "dinov2": {"patch_size": 14, "image_size": 56},
    "dinov2_with_registers": {"patch_size": 14, "image_size": 56},
    "donut-swin": {"embed_dim": 16, "depths": [1, 2], "num_heads": [1, 2], "window_size": 4},
    "efficientformer": {},
    "efficientnet": {"width_coefficient": 0.25, "depth_coefficient": 0.3, "hidden_dim": 320},
    "focalnet": {"embed_dim": 16, "depths": [1, 1, 2, 1]},
    "hgnet_v2": {"embedding_size": 16, "stem_channels": [3, 8, 16], "hidden_sizes": [16, 24, 32, 48], "depths": [1, 1, 1, 1],
                 "stage_in_channels": [16, 16, 24, 32], "stage_mid_channels": [8, 8, 16, 16], "stage_out_channels": [16, 24, 32, 48],
                 "stage_num_blocks": [1, 1, 1, 1], "stage_downsample": [False, True, True, True], "stage_light_block": [False, False, True, True],
                 "stage_kernel_size": [3, 3, 5, 5], "stage_numb_of_layers": [2, 2, 2, 2]},
    "hiera": {"image_size": [64, 64], "embed_dim": 16, "depths": [1, 1, 1, 1], "num_heads": [1, 2, 4, 8]},
    "ijepa": {"patch_size": 16},
    "imagegpt": {"n_embd": 32, "n_layer": 1, "n_head": 2},
    "levit": {"image_size": 64, "hidden_sizes": [16, 32, 48], "num_attention_heads": [2, 2, 2], "depths": [1, 1, 1], "key_dim": [8, 8, 8]},
    "mobilenet_v1": {"image_size": 64, "depth_multiplier": 0.25},
    "mobilenet_v2": {"image_size": 64, "depth_multiplier": 0.25},
    "mobilevit": {"image_size": 64, "hidden_sizes": [32, 40, 48], "neck_hidden_sizes": [8, 8, 16, 24, 32, 40, 64]},
    "mobilevitv2": {"image_size": 64, "width_multiplier": 0.5},
    "nat": {},
    "perceiver": {},
    "poolformer": {"hidden_sizes": [16, 32, 40, 48], "depths": [1, 1, 2, 1]},
    "pvt": {"image_size": 64, "hidden_sizes": [16, 32, 40, 64], "depths": [1, 1, 1, 1]},
    "pvt_v2": {"image_size": 64, "hidden_sizes": [16, 32, 40, 64], "depths": [1, 1, 1, 1]},
    "regnet": {"embedding_size": 8, "hidden_sizes": [16, 24, 32, 48], "depths": [1, 1, 2, 1], "groups_width": 8},
    "resnet": {"embedding_size": 16, "hidden_sizes": [16, 32, 48, 64], "depths": [1, 1, 2, 1]},
    "segformer": {"hidden_sizes": [16, 32, 40, 64], "depths": [1, 1, 1, 1]},
    "swiftformer": {"depths": [1, 1, 1, 1], "embed_dims": [16, 32, 40, 48]},
    "swin": {"embed_dim": 16, "depths": [1, 2], "num_heads": [1, 2], "window_size": 4},
    "swinv2": {"embed_dim": 16, "depths": [1, 2], "num_heads": [1, 2], "window_size": 4},
    "textnet": {},
    "timm_wrapper": {"architecture": "resnet18"},
    "van": {"hidden_sizes": [16, 24, 32, 40], "depths": [1, 1, 1, 1]},
    "vit": {"patch_size": 16},
    "vit_msn": {"patch_size": 16},
}


# Families that no picture can be given to, and why.
NO_PICTURES = {
    "imagegpt": "it takes the numbers of colours in a palette in place of a picture, which have no gradient",
    "shieldgemma2": "it is a language model that takes a picture and words, and answers yes or no",
}


class Logits(nn.Module):
    """A classifier of transformers that takes pictures and returns its logits alone."""

    def __init__(self, model: nn.Module, patch: int | None):
        super().__init__()
        self.model, self.patch = model, patch

    def forward(self, pixel_values):
        answer = self.model(**self.given(pixel_values)) if self.patch else self.model(pixel_values)
        return answer.logits if hasattr(answer, "logits") else answer[0]

    def given(self, pictures) -> dict:
        """What the image processor of a family makes of pictures that it cuts into patches of `self.patch` pixels."""
        count, colours, height, width = pictures.shape
        rows, columns = height // self.patch, width // self.patch
        patches = pictures.reshape(count, colours, rows, self.patch, columns, self.patch).permute(0, 2, 4, 3, 5, 1)
        return {
            "pixel_values": patches.reshape(count, rows * columns, -1),
            "pixel_attention_mask": torch.ones(count, rows * columns, dtype=torch.int64),
            "spatial_shapes": torch.tensor([[rows, columns]]).expand(count, 2),
        }


def transformers_networks():
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES as families

    def build(family: str):
        if family in NO_PICTURES:
            raise ValueError(NO_PICTURES[family])
        config = transformers.AutoConfig.for_model(family)
        given = SMALL | FAMILIES.get(family, {})
        for key, value in given.items():
            if isinstance(value, dict):
                part = getattr(config, key)
                for key, value in value.items():
                    setattr(part, key, value)
            elif hasattr(config, key):
                # Where a family has one number for each stage, a single one is none.
                if not isinstance(getattr(config, key), (list, tuple)) or isinstance(value, (list, tuple)):
                    setattr(config, key, type(getattr(config, key))(value) if isinstance(value, float) else value)
        if hasattr(config, "vision_config"):
            part = config.vision_config
            for key, value in SMALL.items():
                if hasattr(part, key) and not isinstance(getattr(part, key), (list, tuple)):
                    setattr(part, key, value)
        # Of several heads the first, which needs no teacher and no other input.
        name = families[family]
        model = getattr(transformers, name if isinstance(name, str) else name[0])._from_config(config)
        return Logits(model, config.vision_config.patch_size if family == "siglip2" else None)

    for family in families:
        yield f"transformers.{family}", lambda family=family: builders(lambda side: build(family), lambda side: build(family))


# What is made of each.


def write(folder: Path, name: str, build, decompose: bool) -> dict:
    model, side = network(build())
    x = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    answer = model(x)
    if not isinstance(answer, torch.Tensor) or answer.dim() != 2:
        return {"exported": False, "reason": "its result is no row of logits for each picture"}
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    try:
        batch, program = "open", torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    except TooLong:
        raise
    except Exception as error:
        why = reason(error)
        batch, program = "one", torch.export.export(model, (x[:1],))
    torch.export.save(program, folder / f"{name}.pt2")
    notes = {"exported": True, "batch": batch, "side": side, "decomposed": False}
    if batch == "one":
        notes["why_one"] = why
    if decompose or (folder / f"{name}.pt2").stat().st_size <= LIGHT:
        try:
            torch.export.save(program.run_decompositions(), folder / f"{name}.decomposed.pt2")
            notes["decomposed"] = True
        except TooLong:
            raise
        except Exception as error:
            notes["why_not_decomposed"] = reason(error)
    del program
    found, far = results(model, x)
    save_file({"input": x} | found, folder / f"{name}.safetensors", {"reference": json.dumps({"targets": TARGETS, "float32": far})})
    return notes


def network(ways) -> tuple[nn.Module, int]:
    """The network in evaluation mode, and the side of the pictures it takes."""
    failed = None
    for side in SIDES:
        for way in ways:
            torch.manual_seed(0)
            try:
                model = way(side).eval()
                with torch.no_grad():
                    model(torch.randn(2, 3, side, side))
            except TooLong:
                raise
            except Exception as error:
                failed = failed or error
                continue
            settle(model, side)
            with torch.no_grad():
                answer = model(torch.randn(2, 3, side, side))
            if isinstance(answer, torch.Tensor) and not answer.isfinite().all():
                raise ValueError("its logits are not finite with random weights")
            return model, side
    raise failed


def settle(model: nn.Module, side: int) -> None:
    """Makes a network as a trained one is, of which no part is idle.

    Fresh statistics let random networks die out or explode, and weights that begin as zero hide what is before them.
    """
    generator = torch.Generator().manual_seed(3)
    for parameter in model.parameters():
        if parameter.is_floating_point() and (not parameter.any() or not parameter.isfinite().all()):
            nn.init.normal_(parameter, std=0.1, generator=generator)
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = None
        norm.train()
    if norms:
        with torch.no_grad():
            model(torch.randn(4, 3, side, side, generator=torch.Generator().manual_seed(2)))
    for norm in norms:
        norm.momentum = 0.1
    model.eval()


def results(model: nn.Module, x: torch.Tensor) -> tuple[dict, dict]:
    """Logits and gradient in float64, and how far float32 is from them."""

    def run(model, x):
        x = x.clone().requires_grad_()
        logits = model(x)
        (gradient,) = torch.autograd.grad(logits[range(len(TARGETS)), TARGETS].sum(), x)
        return {"logits": logits.detach(), "input_gradient": gradient}

    generator = torch.Generator().manual_seed(4)
    near = [x] + [x * (1 + 1e-7 * torch.randn(x.shape, generator=generator)) for _ in range(3)]
    single = [run(model, x) for x in near]
    try:
        exact = run(model.double(), x.double())
        if exact["logits"].dtype != torch.float64:
            raise TypeError("part of it is in float32")
        how = "float64"
    except TooLong:
        raise
    except Exception:
        # Some insist on float32: then its first run is what others are compared with.
        model.float()
        exact, how = single[0], "float32"

    def distance(found, key):
        return ((found[key].double() - exact[key].double()).norm() / exact[key].double().norm()).item()

    far = {key: max(distance(found, key) for found in single) for key in exact}
    return {key: tensor.float().contiguous().clone() for key, tensor in exact.items()}, far | {"exact": how}


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        traceback.print_exc()
        sys.exit(130)
