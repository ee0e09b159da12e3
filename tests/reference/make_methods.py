"""Writes tests/fixtures/methods: what the field's tools make of small networks, in float64 and stored as float32.

    python tests/reference/make_methods.py [FILE ...]

Without names it writes every file.
"""

import contextlib
import functools
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytorch_grad_cam as peer
import shap
import torch
from captum.attr import (
    Deconvolution,
    DeepLift,
    DeepLiftShap,
    FeatureAblation,
    GradientShap,
    GuidedBackprop,
    GuidedGradCam,
    IntegratedGradients,
    InternalInfluence,
    LayerActivation,
    LayerConductance,
    LayerIntegratedGradients,
    Lime,
    NoiseTunnel,
    Occlusion,
    Saliency,
    ShapleyValues,
)
from captum._utils.models.linear_model import SkLearnLasso
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection_with_sign_correction
from safetensors.torch import save_file
from saliency.core import XRAI, BlurIG, GuidedIG
from saliency.core.base import INPUT_OUTPUT_GRADIENTS
from saliency.core.xrai import XRAIParameters
from scipy.stats import sobol_indices
from skimage.morphology import dilation, disk
from torch import nn
from torchvision.models.resnet import BasicBlock
from zennit import rules
from zennit.attribution import Gradient
from zennit.composites import EpsilonAlpha2Beta1, EpsilonGammaBox, EpsilonPlus, EpsilonPlusFlat, LayerMapComposite
from zennit.composites import layer_map_base
from zennit.torchvision import ResNetCanonizer
from zennit.canonizers import SequentialMergeBatchNorm
from zennit.types import Convolution, Linear

from make_twins import save_exported
from small_models import GRAD_CAM_LAYER, TARGETS, plain_model, small_input, small_model, swin_model

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


def make_layers() -> dict[str, torch.Tensor]:
    """Methods at a layer of the plain network, [2, 3, 16, 16], targets 1 and 3.

    {layer}.{method}, raw and at the layer's own size [2, 1, 4, 4], at conv3 and relu3: maps of pytorch-grad-cam, which
    returns only rescaled ones unless asked for one layer. Its Score-CAM aligns the corners of its masks; it is given masks
    that do not. Its Ablation-CAM leaves out channels in a way of its own where activations can be negative, so only relu3
    has one; there the scores are positive, and dividing by them or by their magnitude is the same.
    full_grad            [2, 1, 16, 16], pytorch-grad-cam without its rescaling of every layer
    conv3.guided_grad_cam, conv3.layer_activation, conv3.internal_influence, conv3.layer_integrated_gradients   Captum
    conv3.layer_conductance   Captum, the mean of the path there and of the path back: its sum takes the gradient at the
                              first end of each step, and the two together the mean of both ends
    """
    model, x = plain_model(), plain_input()
    result = {}
    for name in ("conv3", "relu3"):
        layer = model.get_submodule(name)
        maps = {
            "grad_cam_plus_plus": peer.GradCAMPlusPlus,
            "x_grad_cam": peer.XGradCAM,
            "hi_res_cam": peer.HiResCAM,
            "layer_cam": peer.LayerCAM,
            "score_cam": peer.ScoreCAM,
        }
        for method, cam in maps.items():
            result[f"{name}.{method}"] = class_activation_map(cam(model, [layer]), layer, x)
        activation = LayerActivation(model, layer).attribute(x)
        projection = get_2d_projection_with_sign_correction(activation.detach().numpy())
        result[f"{name}.eigen_cam"] = torch.from_numpy(projection)[:, None]
    assert all(model(x)[row, target] > 0 for row, target in enumerate(ABLATION_TARGETS))
    result["relu3.ablation_cam"] = class_activation_map(
        peer.AblationCAM(model, [model.relu3]), model.relu3, x, ABLATION_TARGETS
    )
    result["full_grad"] = full_grad(model, x)

    layer = model.conv3
    result["conv3.guided_grad_cam"] = GuidedGradCam(model, layer).attribute(x.clone().requires_grad_(), TARGETS)
    result["conv3.layer_activation"] = LayerActivation(model, layer).attribute(x)
    result["conv3.internal_influence"] = InternalInfluence(model, layer).attribute(x, target=TARGETS)
    integrated = LayerIntegratedGradients(model, layer)
    result["conv3.layer_integrated_gradients"] = integrated.attribute(x, target=TARGETS)
    conductance, rule = LayerConductance(model, layer), {"target": TARGETS, "n_steps": 50, "method": "riemann_trapezoid"}
    there = conductance.attribute(x, baselines=torch.zeros_like(x), **rule)
    back = conductance.attribute(torch.zeros_like(x), baselines=x, **rule)
    result["conv3.layer_conductance"] = (there - back) / 2
    return result


# Targets of the plain network whose scores are positive.
ABLATION_TARGETS = [0, 4]


def class_activation_map(cam, layer: nn.Module, x: torch.Tensor, targets: list[int] = TARGETS) -> torch.Tensor:
    wanted = [ClassifierOutputTarget(target) for target in targets]
    outputs = cam.activations_and_grads(x.clone().requires_grad_())
    if cam.uses_gradients:
        sum(target(output) for target, output in zip(wanted, outputs)).backward()
    activations = cam.activations_and_grads.activations[0].detach().numpy()
    gradients = cam.activations_and_grads.gradients
    gradients = gradients[0].detach().numpy() if gradients else None
    cam.activations_and_grads.release()
    aligned, nn.UpsamplingBilinear2d = nn.UpsamplingBilinear2d, functools.partial(nn.Upsample, mode="bilinear")
    image = cam.get_cam_image(x, layer, wanted, activations, gradients, False)
    nn.UpsamplingBilinear2d = aligned
    return torch.from_numpy(image).double()[:, None]


def full_grad(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    def resized(values, size):
        values = torch.from_numpy(values)
        return nn.functional.interpolate(values, size=size[::-1], mode="bilinear").numpy()

    module = sys.modules["pytorch_grad_cam.fullgrad_cam"]
    rescaling, module.scale_accross_batch_and_channels = module.scale_accross_batch_and_channels, resized
    cam = peer.FullGrad(model, [])
    input = x.clone().requires_grad_()
    outputs = cam.activations_and_grads(input)
    sum(output[target] for target, output in zip(TARGETS, outputs)).backward()
    found = cam.compute_cam_per_layer(input, None, False)
    module.scale_accross_batch_and_channels = rescaling
    return torch.from_numpy(found)


def make_tokens() -> dict[str, torch.Tensor]:
    """Methods on the small ViT, [2, 3, 224, 224], targets 1 and 3, with one number for each patch: [2, 1, 14, 14].

    {method}             maps of pytorch-grad-cam at the last layer's first norm, whose tokens it is told how to lay out
    attention_rollout    equation 1 of Abnar and Zuidema (2020), of the weights of its attentions
    attention_relevancy  equations 5 and 6 of Chefer et al. (2021), of the same weights and PyTorch's gradients there
    """
    model, x = small_model("vit_b_16"), small_input("tokens", batch=2, side=224)
    layer = model.get_submodule(GRAD_CAM_LAYER["vit_b_16"])
    maps = {
        "grad_cam": peer.GradCAM,
        "grad_cam_plus_plus": peer.GradCAMPlusPlus,
        "x_grad_cam": peer.XGradCAM,
        "hi_res_cam": peer.HiResCAM,
        "layer_cam": peer.LayerCAM,
        "score_cam": peer.ScoreCAM,
    }
    result = {
        method: class_activation_map(cam(model, [layer], reshape_transform=laid_out), layer, x)
        for method, cam in maps.items()
    }
    attentions, scores = attended(model, x)
    result["attention_rollout"] = attention_rollout(attentions)
    result["attention_relevancy"] = attention_relevancy(attentions, scores)
    return result


def laid_out(tokens: torch.Tensor) -> torch.Tensor:
    """Tokens without the class token as [N, C, 14, 14]."""
    return tokens[:, 1:].reshape(len(tokens), 14, 14, -1).permute(0, 3, 1, 2)


def attended(model: nn.Module, x: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The weights of every attention, [2 · heads, 197, 197], and the scores that rest on them."""
    for module in [module for module in model.modules() if isinstance(module, nn.MultiheadAttention)]:
        module.register_forward_pre_hook(
            lambda module, given, options: (given, options | {"need_weights": True}), with_kwargs=True
        )
    attentions, softmax = [], nn.functional.softmax

    def recorded(*given, **options):
        attentions.append(softmax(*given, **options))
        return attentions[-1]

    # What a module returns of its weights is a copy, on which the scores do not rest.
    with replaced(nn.functional, "softmax", recorded):
        scores = model(x)[range(len(TARGETS)), TARGETS]
    return attentions, scores


def over_heads(weights: torch.Tensor) -> torch.Tensor:
    return weights.reshape(len(TARGETS), -1, 197, 197).mean(dim=1)


def attention_rollout(attentions: list[torch.Tensor]) -> torch.Tensor:
    rollout = torch.eye(197).double()
    for attention in attentions:
        rollout = (0.5 * over_heads(attention) + 0.5 * torch.eye(197)) @ rollout
    return rollout[:, 0, 1:].reshape(-1, 1, 14, 14)


def attention_relevancy(attentions: list[torch.Tensor], scores: torch.Tensor) -> torch.Tensor:
    relevancy = torch.eye(197).double()
    for attention, gradient in zip(attentions, torch.autograd.grad(scores.sum(), attentions)):
        relevancy = relevancy + over_heads((gradient * attention).clamp(min=0)) @ relevancy
    return relevancy[:, 0, 1:].reshape(-1, 1, 14, 14)


def make_windows() -> dict[str, torch.Tensor]:
    """Class activation maps of the small Swin transformer, [2, 3, 64, 64], targets 1 and 3, by pytorch-grad-cam, which is
    told that the channels are last.

    {layer}.{method}    at the layer's own size: [2, 1, 16, 16] at features.1.1.norm1, else [2, 1, 8, 8]
    swin.zip            the network in float32 as torch.export saves it, deflated
    """
    model, x = swin_model(), small_input("windows", batch=2, side=64)
    maps = {
        "grad_cam": peer.GradCAM,
        "layer_cam": peer.LayerCAM,
        "score_cam": peer.ScoreCAM,
    }
    result = {}
    for name in ("features.1.1.norm1", "features.2.reduction", "features.3.1.norm1", "norm"):
        layer = model.get_submodule(name)
        for method, cam in maps.items():
            cam = cam(model, [layer], reshape_transform=channels_first)
            result[f"{name}.{method}"] = class_activation_map(cam, layer, x)
    save_exported(model.float(), x.float(), FOLDER / "swin.zip")
    return result


def channels_first(values: torch.Tensor) -> torch.Tensor:
    return values.permute(0, 3, 1, 2)


def make_gradients() -> dict[str, torch.Tensor]:
    """Methods that walk or scatter gradients, on the plain network, [2, 3, 16, 16], targets 1 and 3.

    smooth_grad, smooth_grad_squared, var_grad   Captum, of the signed gradient, with four samples of noise: 0.2 times the
                                                 inputs called noise.0 to noise.3, the same for both examples
    gradient_shap         Captum, from a baseline of 0.3, at the places of PLACES
    blur_integrated_gradients      PAIR, up to a deviation of 5 in 20 steps
    guided_integrated_gradients    PAIR, 40 steps, a fraction of 0.25, a distance of 0.1
    xrai                  [2, 1, 16, 16], PAIR's regions of the mean of Captum's Integrated Gradients from zero and from 0.3, the
                          sum over channels; segments are the cells of grids of 2, 4 and 5, grown by a pixel; at least 4
    """
    model, x = plain_model(), plain_input()
    noise = torch.cat([small_input(f"noise.{k}", batch=1, side=PLAIN_SIDE) for k in range(4)])
    result = {}
    tunnel = NoiseTunnel(Saliency(model))
    for name, kind in [("smooth_grad", "smoothgrad"), ("smooth_grad_squared", "smoothgrad_sq"), ("var_grad", "vargrad")]:
        with replaced(torch, "normal", lambda mean, deviation: 0.2 * noise.repeat(2, 1, 1, 1)):
            result[name] = tunnel.attribute(x, nt_type=kind, nt_samples=4, stdevs=0.2, target=TARGETS, abs=False)
    with replaced(np.random, "uniform", lambda low, high, count: np.tile(PLACES, count // len(PLACES))):
        shap = GradientShap(model)
        baseline = torch.full_like(x[:1], 0.3)
        result["gradient_shap"] = shap.attribute(x, baseline, n_samples=len(PLACES), target=TARGETS)

    # PAIR's library has the channels last and one input at a time. NumPy has since renamed an argument it uses.
    def quantile(values, share, interpolation):
        return np.percentile(values, 100 * share, method=interpolation)

    for name, method, options in [
        ("blur_integrated_gradients", BlurIG(), {"max_sigma": 5, "steps": 20}),
        ("guided_integrated_gradients", GuidedIG(), {"x_steps": 40, "fraction": 0.25, "max_dist": 0.1}),
    ]:
        with replaced(np, "quantile", quantile):
            maps = [
                method.GetMask(example.permute(1, 2, 0).numpy(), gradient_of(model, target), **options)
                for example, target in zip(x, TARGETS)
            ]
        result[name] = torch.from_numpy(np.stack(maps)).permute(0, 3, 1, 2)
    return result | {"xrai": xrai(model, x)}


def xrai(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    integrated = IntegratedGradients(model)
    paths = [integrated.attribute(x, baselines=baseline, target=TARGETS) for baseline in (0.0, 0.3)]
    labels = [grid(cells).numpy() for cells in (2, 4, 5)]
    segments = [dilation(cells == cell, disk(1)) for cells in labels for cell in range(cells.max() + 1)]
    options = XRAIParameters()
    options.experimental_params["min_pixel_diff"] = 4
    maps = [
        XRAI().GetMask(
            np.zeros((PLAIN_SIDE, PLAIN_SIDE)),
            call_model_function=None,
            segments=segments,
            base_attribution=attribution.detach().numpy(),
            extra_parameters=options,
        )
        for attribution in (sum(paths) / len(paths)).sum(dim=1)
    ]
    return torch.from_numpy(np.stack(maps))[:, None]


PLACES = [0.05, 0.3, 0.55, 0.6, 0.95]


def gradient_of(model: nn.Module, target: int):
    def call(batch, call_model_args=None, expected_keys=None):
        batch = torch.from_numpy(batch).permute(0, 3, 1, 2).requires_grad_()
        (gradient,) = torch.autograd.grad(model(batch)[:, target].sum(), batch)
        return {INPUT_OUTPUT_GRADIENTS: gradient.permute(0, 2, 3, 1).numpy()}

    return call


@contextlib.contextmanager
def replaced(module, name: str, value):
    """A function of a module replaced, so that samples are ours."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def make_scores() -> dict[str, torch.Tensor]:
    """Methods that need scores alone, on the plain network, targets 1 and 3; segments are the cells of a grid.

    occlusion           Captum, [2, 1, 16, 16], a window of 5 moved by 3, replaced by 0.3
    feature_ablation    Captum, [2, 1, 16, 16], 4 x 4 segments
    shapley_values      Captum, [2, 1, 16, 16], 2 x 2 segments, all 24 orders
    lime                Captum, [2, 1, 16, 16], 4 x 4 segments, 40 samples: a segment is kept where `lime.{sample}` is above
                        zero; its Lasso is given a tolerance at which the digits hold
    sobol               SciPy, [2, 16], 4 x 4 segments, 8 samples that `sobol.a` and `sobol.b` give
    partition_shap      SHAP, [2, 16], 4 x 4 segments, halved by rows, then columns, and so on; all of its evaluations
    Every pixel of a segment has the segment's whole value.
    """
    model, x = plain_model(), plain_input()
    with torch.no_grad():
        occlusion = Occlusion(model).attribute(x, (3, 5, 5), strides=(3, 3, 3), baselines=0.3, target=TARGETS)
        four, two = grid(4), grid(2)
        ablation = FeatureAblation(model).attribute(x, feature_mask=four, target=TARGETS)
        shapley = ShapleyValues(model).attribute(x, feature_mask=two, target=TARGETS)
    result = {"occlusion": occlusion[:, :1], "feature_ablation": ablation[:, :1], "shapley_values": shapley[:, :1]}

    lasso = SkLearnLasso(alpha=0.01, tol=1e-13, max_iter=1_000_000)
    maps = []
    for example, target in zip(x, TARGETS):
        draws = iter(range(40))

        def kept(_):
            return (small_input(f"lime.{next(draws)}", batch=1, side=4).flatten()[:16] > 0).double()[None]

        with replaced(torch, "bernoulli", kept), torch.no_grad():
            found = Lime(model, lasso).attribute(example[None], feature_mask=four, target=target, n_samples=40)
        maps.append(found[:, :1])
    result["lime"] = torch.cat(maps)

    drawn = [small_input(name, batch=1, side=8).flatten()[:128] for name in ("sobol.a", "sobol.b")]
    a, b = (((values / math.sqrt(3.0) + 1) / 2).view(8, 16) for values in drawn)
    mixed = [torch.where(torch.arange(16) == segment, b, a) for segment in range(16)]
    indices = []
    for example, target in zip(x, TARGETS):
        def score(degrees):
            masks = degrees[:, four.flatten()].view(-1, 1, PLAIN_SIDE, PLAIN_SIDE)
            return model(example * masks)[:, target].detach().numpy()[None]

        outcomes = {"f_A": score(a), "f_B": score(b), "f_AB": np.stack([score(degrees) for degrees in mixed])}
        indices.append(sobol_indices(func=outcomes, n=8).total_order.reshape(16))
    result["sobol"] = torch.from_numpy(np.stack(indices))
    values = [owen_values(model, example, target) for example, target in zip(x, TARGETS)]
    return result | {"partition_shap": torch.from_numpy(np.stack(values))}


class Cells:
    """SHAP's masker for the cells of a grid of four by four: which of them are there, under a hierarchy of halves."""

    def __init__(self):
        self.merges = []
        self.merge([[row * 4 + column for column in range(4)] for row in range(4)])
        self.clustering = np.array(self.merges, dtype=float)

    def merge(self, cells: list[list[int]]) -> tuple[int, int]:
        """Adds the merges that lead to a block of cells; returns its number and how many cells it has."""
        if len(cells) == len(cells[0]) == 1:
            return cells[0][0], 1
        middle = len(cells) // 2
        if len(cells) >= len(cells[0]):
            halves = cells[:middle], cells[middle:]
        else:
            middle = len(cells[0]) // 2
            halves = [row[:middle] for row in cells], [row[middle:] for row in cells]
        (first, some), (second, more) = map(self.merge, halves)
        self.merges.append([first, second, len(self.merges) + 1, some + more])
        return 15 + len(self.merges), some + more

    def shape(self, _):
        return 1, 16

    def __call__(self, kept, _):
        return (kept[None].astype(float),)


def owen_values(model: nn.Module, example: torch.Tensor, target: int) -> np.ndarray:
    cells = grid(4).flatten()

    def score(degrees):
        masks = torch.from_numpy(degrees)[:, cells].view(-1, 1, PLAIN_SIDE, PLAIN_SIDE)
        return model(example * masks)[:, target].detach().numpy()

    explainer = shap.PartitionExplainer(score, Cells())
    return explainer(np.ones((1, 16)), max_evals=1000, silent=True).values[0]


def grid(cells: int) -> torch.Tensor:
    place = torch.arange(PLAIN_SIDE) * cells // PLAIN_SIDE
    return place[:, None] * cells + place


FILES = {
    "rules": make_rules,
    "layers": make_layers,
    "tokens": make_tokens,
    "windows": make_windows,
    "gradients": make_gradients,
    "scores": make_scores,
}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or FILES:
        tensors = {key: value.detach().float().contiguous() for key, value in FILES[name]().items()}
        save_file(tensors, FOLDER / f"{name}.safetensors", {"reference": json.dumps({"targets": TARGETS})})


if __name__ == "__main__":
    main()
