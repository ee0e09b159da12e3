"""Exports whole networks and notes what they compute: the references of `cargo xtask parity`.

    python tests/reference/make_parity.py FOLDER [--onnx] [NAME…]

For each network NAME.pt2, an archive of torch.export for any number of pictures, and NAME.safetensors with

    input              [2, channels, side, side]
    logits             [2, classes], in float32, as the archive gives them
    exact_logits       the same in float64
    input_gradient     the gradient of sum_i logits[i, targets[i]] with respect to the input
    activation         what the layer named in the metadata returns
    gradient           that of the same sum with respect to it

and, for the networks of METHODS, Captum's maps of the same targets:

    saliency, input_x_gradient                   [2, 3, side, side]
    integrated_gradients                         the same, 8 Gauss-Legendre nodes from zero
    occlusion                                    [2, 1, side, side], a window of 32 moved by 16, replaced by zero

All but the logits are computed in float64, for where some ReLU's input is all but zero, rounding decides whether its gradient
counts. The metadata says how far each is from the same in PyTorch's float32: the most of four inputs that differ by rounding, and
for the maps that of the input itself.

With `--onnx`, also NAME.dynamo.onnx and NAME.script.onnx, by PyTorch's exporter and the one before it, with references of the
same names; in these the logits are those of ONNX Runtime, and the layer is the module around the other one, since exporters
make one convolution of a convolution and a batch norm. Of Captum's maps they have saliency and integrated gradients. And
keras.NAME.onnx, networks of keras.applications with channels last, which `make_keras.py` exports.

The weights are random, from a seed. Networks that are there already are not made again. Names with a point are another library's:
timm's, or TorchXRayVision's networks of one channel.
"""

import json
import os
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

TARGETS = [1, 3]

# The networks whose maps are compared too: one of residual sums, one of inverted bottlenecks, a transformer.
METHODS = ("resnet18", "mobilenet_v2", "vit_b_16")

# For each network a layer in the middle or at the end.
TORCHVISION = {
    "resnet18": "layer4.1.conv2",
    "vgg16": "features.28",
    "densenet121": "features.denseblock4.denselayer16.conv2",
    "mobilenet_v2": "features.18.0",
    "mobilenet_v3_small": "features.12.0",
    "efficientnet_b0": "features.8.0",
    "convnext_tiny": "features.7.2.block.0",
    "vit_b_16": "encoder.layers.encoder_layer_11.ln_1",
    "swin_t": "features.7.1.norm1",
    "squeezenet1_1": "features.12.expand3x3",
    "inception_v3": "Mixed_7c.branch3x3_1.conv",
    "googlenet": "inception5b.branch2.1.conv",
    "regnet_y_400mf": "trunk_output.block4.block4-5.f.c.0",
    "shufflenet_v2_x1_0": "conv5.0",
    "mnasnet1_0": "layers.14",
    "alexnet": "features.10",
    "maxvit_t": "blocks.3.layers.1.layers.MBconv.layers.conv_c",
}

TIMM = {
    "resnet50": "layer4.2.conv3",
    "convnext_nano": "stages.3.blocks.1.conv_dw",
    "efficientnet_lite0": "blocks.6.0.conv_pwl",
    "mobilenetv4_conv_small": "blocks.4.0.conv",
    "vit_tiny_patch16_224": "blocks.11.norm1",
    "deit3_small_patch16_224": "blocks.11.norm1",
    "swin_tiny_patch4_window7_224": "layers.3.blocks.1.norm1",
    "maxvit_nano_rw_256": "stages.3.blocks.0.conv.conv2_kxk",
    "coatnet_nano_rw_224": "stages.1.blocks.0.conv2_kxk",
    "eva02_tiny_patch14_224": "blocks.11.norm1",
    "regnety_004": "s4.b6.conv3.conv",
    "repvgg_a0": "stages.3.0.conv_kxk.conv",
    "ghostnet_100": "conv_head",
    "hgnet_tiny": "stages.3.blocks.0.aggregation.1.conv",
}

# Only as ONNX files; the layer is the last that has height and width.
KERAS = {
    "MobileNetV2": "out_relu",
    "ResNet50V2": "post_relu",
    "DenseNet121": "relu",
    "EfficientNetV2B0": "top_activation",
    "Xception": "block14_sepconv2_act",
    "NASNetMobile": "activation_187",
}

# Of one channel, for chest films; the sigmoids are left to whoever reads the logits.
XRAY = {"densenet121": "features.denseblock4.denselayer16.conv2"}


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    words = [word for word in sys.argv[2:] if not word.startswith("-")]
    onnx = "--onnx" in sys.argv
    names = words or [*TORCHVISION, *(f"timm.{name}" for name in TIMM), *(f"torchxrayvision.{name}" for name in XRAY)]
    if onnx and not words:
        names += [f"keras.{name}" for name in KERAS]
    for name in names:
        if name.startswith("keras."):
            if onnx and not (folder / f"{name}.safetensors").exists():
                print(f"exporting {name}", file=sys.stderr, flush=True)
                write_keras(folder, name)
            continue
        if not (folder / f"{name}.safetensors").exists():
            print(f"exporting {name}", file=sys.stderr, flush=True)
            write(folder, name)
        exporters = [exporter for exporter in ("dynamo", "script") if not (folder / f"{name}.{exporter}.safetensors").exists()]
        if onnx and exporters:
            print(f"exporting {name} as ONNX ({', '.join(exporters)})", file=sys.stderr, flush=True)
            write_onnx(folder, name, exporters)


def write(folder: Path, name: str) -> None:
    model, layer = network(name)
    x = torch.randn(2, *picture(model), generator=torch.Generator().manual_seed(1))
    batch = torch.export.Dim("batch")
    program = torch.export.export(model, (x,), dynamic_shapes=({0: batch},))
    torch.export.save(program, folder / f"{name}.pt2")
    operators = sorted({str(node.target) for node in program.graph.nodes if node.op == "call_function"})
    with torch.no_grad():
        logits = model(x)
    kinds = ("saliency", "input_x_gradient", "integrated_gradients", "occlusion") if name in METHODS else ()
    tensors, far = exact(model, x, layer, kinds)
    notes = {"targets": TARGETS, "layer": layer, "operators": operators, "float32": far}
    save_file(tensors | {"logits": logits}, folder / f"{name}.safetensors", {"reference": json.dumps(notes)})


def write_onnx(folder: Path, name: str, exporters: list) -> None:
    model, layer = network(name)
    x = torch.randn(2, *picture(model), generator=torch.Generator().manual_seed(1))
    around = layer.rpartition(".")[0]
    while around and isinstance(model.get_submodule(around), nn.ModuleList | nn.ModuleDict):
        around = around.rpartition(".")[0]
    layer = around or layer
    logits = {exporter: export(folder / f"{name}.{exporter}.onnx", model, x, exporter) for exporter in exporters}
    tensors, far = exact(model, x, layer, ("saliency", "integrated_gradients"))
    notes = {"targets": TARGETS, "layer": layer, "operators": [], "float32": far}
    for exporter in exporters:
        found = tensors | {"logits": logits[exporter]}
        save_file(found, folder / f"{name}.{exporter}.safetensors", {"reference": json.dumps(notes)})


def export(path: Path, model: nn.Module, x: torch.Tensor, exporter: str) -> torch.Tensor:
    """Writes an ONNX file, and returns the logits that ONNX Runtime computes with it."""
    import onnxruntime

    options = {"input_names": ["pictures"], "output_names": ["logits"], "verbose": False}
    if exporter == "dynamo":
        sizes = ({0: torch.export.Dim("batch")},)
        torch.onnx.export(model, (x,), path, dynamo=True, dynamic_shapes=sizes, external_data=False, **options)
    else:
        torch.onnx.export(model, (x,), path, dynamo=False, opset_version=17, dynamic_axes={"pictures": {0: "batch"}}, **options)
    (logits,) = onnxruntime.InferenceSession(path).run(None, {"pictures": x.numpy()})
    return torch.from_numpy(logits)


def exact(model: nn.Module, x: torch.Tensor, layer: str, kinds: tuple) -> tuple[dict, dict]:
    """The input, and what a network computes of it in float64, with these kinds of maps; and how far that is in float32.

    The model is in float64 afterwards.
    """
    generator = torch.Generator().manual_seed(4)
    near = [x] + [x * (1 + 1e-7 * torch.randn(x.shape, generator=generator)) for _ in range(3)]
    single, single_maps = [results(model, x, layer) for x in near], maps(model, x, kinds)
    model.double()
    double, double_maps = results(model, x.double(), layer), maps(model, x.double(), kinds)
    far = {key: max(distance(found[key], double[key]) for found in single) for key in double}
    far |= {key: distance(single_maps[key], double_maps[key]) for key in double_maps}
    exact_logits = double.pop("logits")
    tensors = {key: tensor.float() for key, tensor in (double | double_maps).items()}
    return tensors | {"input": x, "exact_logits": exact_logits}, far


def distance(found: torch.Tensor, expected: torch.Tensor) -> float:
    return ((found - expected).norm() / expected.norm()).item()


def write_keras(folder: Path, name: str) -> None:
    # Which backend Keras has is settled when it is imported.
    os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    import keras
    import make_keras

    short = name.partition(".")[2]
    # Its preprocessing makes inputs of constants when it is exported.
    options = {"include_preprocessing": False} if short == "EfficientNetV2B0" else {}

    def build(head):
        # Layers without a name are numbered, over all networks of a session.
        keras.utils.clear_session()
        return getattr(keras.applications, short)(weights=None, classes=10, classifier_activation=head, **options)

    make_keras.write(folder / f"{name}.onnx", build, build(None).input_shape[1], KERAS[short], exact_logits=True)


def network(name: str) -> tuple[nn.Module, str]:
    """The network in evaluation mode, and the layer to look at."""
    torch.manual_seed(0)
    library, _, short = name.rpartition(".")
    if library == "timm":
        import timm

        model, layer = timm.create_model(short, pretrained=False, exportable=True), TIMM[short]
    elif library == "torchxrayvision":
        import torchxrayvision

        # Its pathologies are 18; without their names it reports nothing while it runs.
        model, layer = torchxrayvision.models.DenseNet(num_classes=18, in_channels=1), XRAY[short]
    else:
        # Their initialisation from a truncated normal distribution takes minutes.
        options = {"init_weights": False} if name in ("inception_v3", "googlenet") else {}
        model = models.get_model(name, weights=None, **options)
        layer = TORCHVISION[name]
    settle(model)
    return model.eval(), layer


def settle(model: nn.Module) -> None:
    """Makes a network as a trained one is, of which no part is idle.

    Fresh statistics let random networks die out or explode, and weights that begin as zero hide what is before them.
    """
    generator = torch.Generator().manual_seed(3)
    for parameter in model.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.1, generator=generator)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = None
    model.train()
    with torch.no_grad():
        model(torch.randn(4, *picture(model), generator=torch.Generator().manual_seed(2)))
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = 0.1


def picture(model: nn.Module) -> tuple[int, int, int]:
    """Channels, height and width of the pictures that a network takes."""
    if isinstance(model, models.Inception3):
        return 3, 299, 299
    if type(model).__module__.startswith("torchxrayvision"):
        return 1, 224, 224
    side = model.pretrained_cfg["input_size"][1] if hasattr(model, "pretrained_cfg") else 224
    return 3, side, side


def results(model: nn.Module, x: torch.Tensor, layer: str) -> dict[str, torch.Tensor]:
    """One pass forwards and one backwards."""
    seen = []

    def look(module, inputs, output):
        # A copy goes on, so that an in-place operator after the layer leaves what was seen as it is.
        seen.append(output)
        return output.clone()

    hook = model.get_submodule(layer).register_forward_hook(look)
    x = x.clone().requires_grad_()
    logits = model(x)
    hook.remove()
    total = logits[range(len(TARGETS)), TARGETS].sum()
    input_gradient, gradient = torch.autograd.grad(total, [x, seen[0]])
    tensors = {
        "logits": logits,
        "input_gradient": input_gradient,
        "activation": seen[0],
        "gradient": gradient,
    }
    return {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}


def maps(model: nn.Module, x: torch.Tensor, names: tuple) -> dict[str, torch.Tensor]:
    """What Captum's methods make of the network."""
    from captum.attr import InputXGradient, IntegratedGradients, Occlusion, Saliency

    for parameter in model.parameters():
        parameter.requires_grad_(False)
    x = x.clone().requires_grad_()
    window = {"sliding_window_shapes": (3, 32, 32), "strides": (3, 16, 16)}
    occluded = lambda: Occlusion(model).attribute(x.detach(), target=TARGETS, perturbations_per_eval=4, **window)[:, :1]
    methods = {
        "saliency": lambda: Saliency(model).attribute(x, target=TARGETS),
        "input_x_gradient": lambda: InputXGradient(model).attribute(x, target=TARGETS),
        "integrated_gradients": lambda: IntegratedGradients(model).attribute(x, target=TARGETS, n_steps=8),
        "occlusion": occluded,
    }
    return {name: methods[name]().detach().contiguous().clone() for name in names}


if __name__ == "__main__":
    main()
