"""Writes tests/fixtures/attributions: Captum's maps for small networks, computed in float64 and stored as float32.

    python tests/reference/make_attributions.py

{architecture}.safetensors             five classes, two examples, targets 1 and 3
{architecture}-one-logit.safetensors   one logit, the first example; names ending in `.negative` explain minus the logit

    input                                           [n, 3, 64, 64]
    saliency, input_x_gradient                      [n, 3, 64, 64]
    integrated_gradients.{rule}.{steps}.{baseline}  [n, 3, 64, 64]
    delta.{rule}.{steps}.{baseline}                 [n], Captum's convergence delta
    grad_cam                                        [n, 1, 2, 2], raw and signed, at the last convolution
    grad_cam.relu                                   the same with relu_attributions=True
    grad_cam.bilinear, grad_cam.nearest             [n, 1, 64, 64], the raw map at input size
    grad_cam.relu.bilinear                          [n, 1, 64, 64], ReLU before the interpolation
    grad_cam.early                                  raw, at an earlier layer with a finer grid
"""

import json
from pathlib import Path

import torch
from captum.attr import (
    InputXGradient,
    IntegratedGradients,
    LayerAttribution,
    LayerGradCam,
    Saliency,
)
from safetensors.torch import save_file

from small_models import (
    CLASSES,
    GRAD_CAM_LAYER,
    TARGETS,
    small_input,
    small_model,
)

FOLDER = Path(__file__).parent.parent / "fixtures" / "attributions"

# A layer in the middle of each network, so that Grad-CAM is also seen on more than four cells.
EARLY_LAYER = {"resnet18": "layer2.1.conv2", "mobilenet_v2": "features.6.conv.2"}

# The rule, its number of steps, and the baseline's constant value in model input space.
DEFAULT_INTEGRAL = ("gausslegendre", 50, 0.0)
INTEGRALS = {
    "resnet18": [
        DEFAULT_INTEGRAL,
        ("gausslegendre", 50, 0.3),
        ("riemann_trapezoid", 10, 0.0),
        ("riemann_middle", 10, 0.0),
        ("riemann_left", 10, 0.0),
        ("riemann_right", 10, 0.0),
    ],
    "mobilenet_v2": [DEFAULT_INTEGRAL],
}

# A ReLU6 whose input is closer to 0 or 6 than float32 can tell switches the gradient of a small MobileNetV2 by up to
# a per cent, and on most straight lines from a baseline some unit comes that close. These two inputs have a line from
# zero on which none does, so float32 and float64 agree to seven digits. ResNet18 does on the common input.
MOBILENET_INPUTS = ["input.3", "input.6"]


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for architecture in EARLY_LAYER:
        write(architecture, architecture, five_classes, CLASSES, TARGETS)
        write(f"{architecture}-one-logit", architecture, one_logit, 1, [0])


def five_classes(architecture: str, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    model, x = small_model(architecture).to(dtype), examples(architecture).to(dtype)
    return {"input": x} | maps(architecture, model, model, x, TARGETS, INTEGRALS[architecture])


def one_logit(architecture: str, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    model, x = small_model(architecture, classes=1).to(dtype), examples(architecture)[:1].to(dtype)
    positive = maps(architecture, model, model, x, 0, [DEFAULT_INTEGRAL])
    negative = maps(architecture, model, lambda x: -model(x), x, 0, [DEFAULT_INTEGRAL])
    return {"input": x} | positive | {f"{name}.negative": tensor for name, tensor in negative.items()}


def examples(architecture: str) -> torch.Tensor:
    if architecture == "mobilenet_v2":
        return torch.cat([small_input(name, batch=1) for name in MOBILENET_INPUTS])
    return small_input()


def maps(architecture, model, score, x, target, integrals) -> dict[str, torch.Tensor]:
    """Every method's map of `score`, which is the model or a function of it."""
    result = {
        "saliency": Saliency(score).attribute(x.clone().requires_grad_(), target=target),
        "input_x_gradient": InputXGradient(score).attribute(x.clone().requires_grad_(), target=target),
    }
    for rule, steps, baseline in integrals:
        key = f"{rule}.{steps}.{baseline}"
        result[f"integrated_gradients.{key}"], result[f"delta.{key}"] = IntegratedGradients(score).attribute(
            x,
            baselines=baseline,
            target=target,
            n_steps=steps,
            method=rule,
            return_convergence_delta=True,
        )

    grad_cam = LayerGradCam(score, model.get_submodule(GRAD_CAM_LAYER[architecture]))
    raw = grad_cam.attribute(x, target=target)
    relu = grad_cam.attribute(x, target=target, relu_attributions=True)
    size = tuple(x.shape[2:])
    early = LayerGradCam(score, model.get_submodule(EARLY_LAYER[architecture]))
    return result | {
        "grad_cam": raw,
        "grad_cam.relu": relu,
        "grad_cam.bilinear": LayerAttribution.interpolate(raw, size, interpolate_mode="bilinear"),
        "grad_cam.nearest": LayerAttribution.interpolate(raw, size),
        "grad_cam.relu.bilinear": LayerAttribution.interpolate(relu, size, interpolate_mode="bilinear"),
        "grad_cam.early": early.attribute(x, target=target),
    }


def write(name: str, architecture: str, compute, classes: int, targets: list[int]) -> None:
    """Stores the maps of float64, and notes how far those of float32 are from them: a bound for tolerances."""
    oracle, single = compute(architecture, torch.float64), compute(architecture, torch.float32)
    metadata = {
        "architecture": architecture,
        "classes": classes,
        "targets": targets,
        "layer": GRAD_CAM_LAYER[architecture],
        "early_layer": EARLY_LAYER[architecture],
        "float32_relative_l2": {
            key: float(f"{(single[key] - exact).norm() / exact.norm():.1e}")
            for key, exact in oracle.items()
            if key != "input" and exact.norm() > 0
        },
    }
    stored = {key: tensor.detach().float().contiguous() for key, tensor in oracle.items()}
    # One key, because the file format does not fix the order of several.
    save_file(stored, FOLDER / f"{name}.safetensors", {"reference": json.dumps(metadata)})


if __name__ == "__main__":
    main()
