"""Writes tests/fixtures/methods: what the field's tools make of small networks, in float64 and stored as float32.

    python tests/reference/make_methods.py [FILE ...]

Without names it writes every file: rules.
"""

import json
import sys
from pathlib import Path

import torch
from captum.attr import Deconvolution, DeepLift, DeepLiftShap, GuidedBackprop
from safetensors.torch import save_file
from torch import nn
from torchvision.models.resnet import BasicBlock
from zennit import rules
from zennit.attribution import Gradient
from zennit.composites import EpsilonAlpha2Beta1, EpsilonGammaBox, EpsilonPlus, EpsilonPlusFlat, LayerMapComposite
from zennit.composites import layer_map_base
from zennit.torchvision import ResNetCanonizer
from zennit.canonizers import SequentialMergeBatchNorm
from zennit.types import Convolution, Linear

from small_models import TARGETS, plain_model, small_input, small_model

FOLDER = Path(__file__).parent.parent / "fixtures" / "methods"

# The sides of the square inputs.
PLAIN_SIDE, RESNET_SIDE = 16, 32


def plain_input() -> torch.Tensor:
    return small_input("plain", batch=2, side=PLAIN_SIDE)


def resnet_input() -> torch.Tensor:
    return small_input("resnet18", batch=1, side=RESNET_SIDE)


def make_rules() -> dict[str, torch.Tensor]:
    """Backward rules.

    plain.*, averages.*  [2, 3, 16, 16], targets 1 and 3;  resnet18.*  [1, 3, 32, 32], target 1
    guided_backprop, deconvolution, deep_lift, deep_lift.0.3 (a baseline of 0.3), deep_lift_shap (baselines -0.5,
    0, 0.7) by Captum; lrp.{composite} and lrp.{rule}, the rule for every layer, by zennit, from the logit itself

    Captum's rule for max pooling loses completeness: DeepLift(plain_model()) has convergence deltas of 0.004 and more,
    in float64, where averaging leaves 1e-16. So DeepLIFT is compared where means are taken.
    """
    model, x = plain_model(), plain_input()
    result = {f"plain.{name}": value for name, value in walks(model, x, TARGETS).items()}
    model = plain_model(averages=True)
    result["averages.deep_lift"] = DeepLift(model).attribute(x, target=TARGETS)
    result["averages.deep_lift.0.3"] = DeepLift(model).attribute(x, baselines=0.3, target=TARGETS)
    baselines = torch.stack([torch.full_like(x[0], value) for value in (-0.5, 0.0, 0.7)])
    result["averages.deep_lift_shap"] = DeepLiftShap(model).attribute(x, baselines, target=TARGETS)

    model, x = unshared(small_model("resnet18")), resnet_input()
    return result | {f"resnet18.{name}": value for name, value in walks(model, x, TARGETS[:1]).items()}


def walks(model: nn.Module, x: torch.Tensor, targets: list[int]) -> dict[str, torch.Tensor]:
    result = {
        "guided_backprop": GuidedBackprop(model).attribute(x.clone().requires_grad_(), target=targets),
        "deconvolution": Deconvolution(model).attribute(x.clone().requires_grad_(), target=targets),
    }
    # zennit's merging leaves a batch norm behind that still adds its eps to a variance of one, and so shrinks its input.
    for norm in [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]:
        norm.running_var += norm.eps
        norm.eps = 0.0
    resnet = not hasattr(model, "pool1")
    canonizers = [ResNetCanonizer()] if resnet else [SequentialMergeBatchNorm()]
    # What a black and a white picture are after the usual preprocessing.
    mean, deviation = (torch.tensor(c).double().view(1, 3, 1, 1) for c in (MEAN, DEVIATION))
    low, high = -mean / deviation, (1 - mean) / deviation
    composites = {
        "epsilon_plus": EpsilonPlus(canonizers=canonizers),
        "epsilon_plus_flat": EpsilonPlusFlat(canonizers=canonizers),
        "epsilon_gamma_box": EpsilonGammaBox(low=low, high=high, canonizers=canonizers),
        "epsilon_alpha2_beta1": EpsilonAlpha2Beta1(canonizers=canonizers),
        "epsilon": everywhere(rules.Epsilon(), canonizers),
    }
    if not resnet:
        composites |= {
            "w_square": everywhere(rules.WSquare(zero_params="bias"), canonizers),
            "flat": everywhere(rules.Flat(), canonizers),
            "gamma": everywhere(rules.Gamma(0.5), canonizers),
            "z_plus": everywhere(rules.ZPlus(), canonizers),
        }
    eye = torch.eye(5).double()[targets]
    for name, composite in composites.items():
        with Gradient(model, composite) as attributor:
            _, result[f"lrp.{name}"] = attributor(x, lambda output: output.detach() * eye)
    return result


MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def everywhere(rule, canonizers) -> LayerMapComposite:
    return LayerMapComposite(layer_map_base() + [(Convolution, rule), (Linear, rule)], canonizers=canonizers)


def unshared(model: nn.Module) -> nn.Module:
    """The same ResNet with a ReLU module for each use, none of them in place: hooks see every call."""
    model.relu = nn.ReLU()
    for block in [module for module in model.modules() if isinstance(module, BasicBlock)]:
        block.__class__ = UnsharedBlock
        block.relu, block.relu2 = nn.ReLU(), nn.ReLU()
    return model


class UnsharedBlock(BasicBlock):
    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu2(self.bn2(self.conv2(x)) + identity)


FILES = {"rules": make_rules}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or FILES:
        tensors = {key: value.detach().float().contiguous() for key, value in FILES[name]().items()}
        save_file(tensors, FOLDER / f"{name}.safetensors", {"reference": json.dumps({"targets": TARGETS})})


if __name__ == "__main__":
    main()
