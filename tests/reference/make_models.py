"""Writes tests/fixtures/models: the tensors each architecture has, and what small ones compute.

    python tests/reference/make_models.py

state_dict.json        for each full-size torchvision architecture, [name, shape] of every tensor, in order
values.json            the first values of some tensors, to check an implementation of small_models.py's rule
{architecture}.safetensors
    logits             [N, 5]
    input_gradient     [N, 3, H, W], the gradient of sum_i logits[i, targets[i]] with respect to the input
    activation         the output of the layer named in the metadata
    gradient           that of the same sum with respect to it

The input is `small_input()` of the shape in the metadata. Where the metadata has a `step`, every `step`th number is
kept along the last two dimensions of what has more.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torchvision import models

from small_models import (
    ARCHITECTURES,
    CLASSES,
    GRAD_CAM_LAYER,
    TARGETS,
    small_input,
    small_model,
)

FOLDER = Path(__file__).parent.parent / "fixtures" / "models"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_state_dicts()
    write_values()
    for architecture in ARCHITECTURES:
        write_results(architecture)


def write_state_dicts() -> None:
    """A line for each architecture keeps differences readable."""
    lines = []
    for architecture in ARCHITECTURES:
        state = models.get_model(architecture, weights=None).state_dict()
        tensors = [[name, list(tensor.shape)] for name, tensor in state.items()]
        lines.append(f'"{architecture}":{json.dumps(tensors, separators=(",", ":"))}')
    (FOLDER / "state_dict.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def write_values() -> None:
    """The first and the last three float32 values of a tensor of each kind."""
    state = small_model("resnet18").float().state_dict()
    state["input"] = small_input().float()
    names = [
        "input",
        "conv1.weight",
        "bn1.weight",
        "bn1.bias",
        "bn1.running_mean",
        "bn1.running_var",
        "layer4.1.conv2.weight",
        "fc.weight",
        "fc.bias",
    ]
    lines = []
    for name in names:
        flat = state[name].flatten()
        entry = {"shape": list(state[name].shape), "first": flat[:3].tolist(), "last": flat[-3:].tolist()}
        lines.append(f' "{name}": {json.dumps(entry)}')
    (FOLDER / "values.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def small_shape(architecture: str) -> tuple[int, int, int]:
    """How many pictures, their side, and the step by which a result's last two dimensions are thinned out."""
    if architecture == "vit_b_16":
        return 1, 224, 8
    if architecture.startswith("vgg"):
        return 1, 32, 1
    return (2 if architecture.startswith(("resnet", "mobilenet")) else 1), 64, 1


def write_results(architecture: str) -> None:
    """Computes in float64, and notes how far float32 is from that: a bound for tolerances."""
    batch, side, step = small_shape(architecture)
    model, x = small_model(architecture), small_input(batch=batch, side=side)
    oracle = results(architecture, model, x)
    single = results(architecture, model.float(), x.float())
    metadata = {
        "architecture": architecture,
        "classes": CLASSES,
        "input_shape": list(x.shape),
        "targets": TARGETS[:batch],
        "layer": GRAD_CAM_LAYER[architecture],
        **({"step": step} if step != 1 else {}),
        "float32_relative_l2": {
            name: float(f"{(single[name] - exact).norm() / exact.norm():.1e}") for name, exact in oracle.items()
        },
    }
    thinned = {name: t[..., ::step, ::step] if t.dim() > 2 else t for name, t in oracle.items()}
    tensors = {name: tensor.float().contiguous() for name, tensor in thinned.items()}
    # One key, because the file format does not fix the order of several.
    save_file(tensors, FOLDER / f"{architecture}.safetensors", {"reference": json.dumps(metadata)})


def results(architecture: str, model: torch.nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """One pass forwards and one backwards."""
    activations = []

    def look(module, inputs, output):
        # A copy goes on, so that an in-place operator after the layer leaves what was seen as it is.
        activations.append(output)
        return output.clone()

    hook = model.get_submodule(GRAD_CAM_LAYER[architecture]).register_forward_hook(look)
    x = x.clone().requires_grad_()
    logits = model(x)
    hook.remove()
    total = logits[range(len(x)), TARGETS[: len(x)]].sum()
    input_gradient, gradient = torch.autograd.grad(total, [x, activations[0]])
    return {
        "logits": logits.detach(),
        "input_gradient": input_gradient,
        "activation": activations[0].detach(),
        "gradient": gradient,
    }


if __name__ == "__main__":
    main()
