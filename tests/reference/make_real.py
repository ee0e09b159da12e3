"""Writes tests/fixtures/real: what real networks say about real pictures, and where they look.

    python tests/reference/make_real.py DATA_DIR [methods]

With `methods` only the files of that name are written.

DATA_DIR holds the development data (models/, photos/, isic-ruler/), which is no part of the project. Only numbers
computed from it are written here, together with the SHA-256 of the weights that they belong to.

{model}.{picture}.json   classes, logits and maps of one picture, computed in float64
    saliency             14×14, the mean of each 16×16 block of max over channels of |gradient|
    integrated_gradients 14×14, the same of the sum over channels, signed; 50 Gauss-Legendre steps, zero baseline
    grad_cam             7×7, raw and signed, at the layer named
    tolerance            how far float32 is from float64 and, for a JPEG, how far each number moves when decoders
                         differ by one level (mean over seeded draws): relative L2 norms
{model}.{picture}.methods.json   maps of further methods, for the networks of ImageNet's classes, signed and summed over channels
    input_x_gradient     14×14, Captum
    score_cam            7×7, pytorch-grad-cam, raw, at the layer named; only ResNet18, whose layer has fewer channels
    guided_backprop, deconvolution   14×14, Captum; only ResNet18, since Captum's rules know no ReLU6
    lrp                  14×14, zennit's EpsilonPlus; only ResNet18, since zennit shares no relevance at MobileNetV2's sums
    occlusion            14×14, Captum, a window of 32 moved by 16, replaced by zero
    feature_ablation     7×7, Captum, the cells of a grid, each with its loss divided by its area
    grad_cam_plus_plus, x_grad_cam, hi_res_cam, layer_cam, eigen_cam   7×7, pytorch-grad-cam, raw, at the layer named
    float32              how far float32 is from float64, relative L2 norms
isic-ruler.json          for each ISIC model the mean probability of melanoma by group, and each region's density
                         (1 is chance) in the maps of the melanoma logit, over the pictures with a ruler
"""

import csv
import hashlib
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytorch_grad_cam as peer
import torch
import torch.nn.functional as F
from captum.attr import (
    Deconvolution,
    FeatureAblation,
    GuidedBackprop,
    InputXGradient,
    IntegratedGradients,
    LayerActivation,
    LayerAttribution,
    LayerGradCam,
    Occlusion,
    Saliency,
)
from PIL import Image, ImageDraw
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection_with_sign_correction
from safetensors.torch import load_file
from torch import nn
from torchvision import models
from torchvision.transforms.functional import normalize, resize, to_tensor
from zennit.attribution import Gradient
from zennit.composites import EpsilonPlus
from zennit.torchvision import ResNetCanonizer

from make_methods import class_activation_map, unshared

FOLDER = Path(__file__).parent.parent / "fixtures" / "real"
LAST_CONVOLUTION = {"resnet18": "layer4.1.conv2", "mobilenet_v2": "features.18.0"}
SIZE = (224, 224)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MELANOMA = 1
STEPS, STEPS_AT_ONCE = 50, 10
DECODER_DRAWS = 3

# The model's name here, its architecture, its weights, and the pictures it is shown (target None: the top class).
CASES = [
    ("resnet18-imagenet", "resnet18", "resnet18-imagenet.safetensors", ["photos/doberman.png"], None),
    ("mobilenet_v2-imagenet", "mobilenet_v2", "mobilenet_v2-b0353104.pth", ["photos/doberman.png"], None),
    ("resnet18-isic-biased", "resnet18", "resnet18-isic-biased.f16.safetensors", "one of each", MELANOMA),
    ("resnet18-isic-clean", "resnet18", "resnet18-isic-clean.f16.safetensors", "one of each", MELANOMA),
]


def main() -> None:
    data, only_methods = Path(sys.argv[1]), sys.argv[2:] == ["methods"]
    FOLDER.mkdir(parents=True, exist_ok=True)
    samples = read_samples(data / "isic-ruler")
    ruler_set = {}
    for name, architecture, weights, pictures, target in CASES:
        path = data / "models" / weights
        origin = {
            "model": name,
            "architecture": architecture,
            "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        if target is None:
            for picture in pictures:
                result = origin | further(architecture, path, data / picture)
                write(f"{name}.{Path(picture).stem}.methods.json", result)
        if only_methods:
            continue
        model = load_model(architecture, path)
        if pictures == "one of each":
            pictures = [f"isic-ruler/{sample['image']}" for sample in one_of_each(samples)]
            ruler_set[name] = origin | audit(model, data / "isic-ruler", samples)
        for picture in pictures:
            result = origin | explain(model, architecture, data / picture, target)
            write(f"{name}.{Path(picture).stem}.json", result)
    if ruler_set:
        write("isic-ruler.json", ruler_set)


def load_model(architecture: str, weights: Path) -> nn.Module:
    """The weights in float32, whatever they are stored as."""
    if weights.suffix == ".safetensors":
        state = load_file(weights)
    else:
        state = torch.load(weights, map_location="cpu", weights_only=True)
    head = "fc.bias" if "fc.bias" in state else "classifier.1.bias"
    model = models.get_model(architecture, weights=None, num_classes=len(state[head]))
    model.load_state_dict(state)
    return model.eval()


def preprocess(picture: Image.Image) -> torch.Tensor:
    """Float32, as the notebook does it: Pillow's bilinear resize, then ImageNet's statistics."""
    return normalize(to_tensor(resize(picture, SIZE)), MEAN, STD).unsqueeze(0)


def explain(model: nn.Module, architecture: str, path: Path, target: int | None) -> dict:
    """One picture in float64, with the tolerances to compare it by."""
    picture = Image.open(path).convert("RGB")
    x = preprocess(picture)
    single = measure(model, architecture, x, target)
    model.double()
    exact = measure(model, architecture, x.double(), target)
    model.float()

    tolerance = {"float32": distances(single, exact)}
    if path.suffix == ".jpg":
        draws = [
            distances(measure(model, architecture, preprocess(off_by_one(picture, seed)), exact["target"]), single)
            for seed in range(DECODER_DRAWS)
        ]
        tolerance["decoder"] = {key: rounded(np.mean([draw[key] for draw in draws]), 2) for key in draws[0]}

    probabilities = exact["logits"].softmax(dim=0)
    top = probabilities.topk(min(5, len(probabilities)))
    return {
        "picture": path.name,
        "picture_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "top": [
            {
                "index": index,
                "probability": rounded(probability, 7),
                "logit": rounded(exact["logits"][index], 7),
            }
            for probability, index in zip(top.values.tolist(), top.indices.tolist())
        ],
        "logit_sum": rounded(exact["logits"].sum(), 7),
        "target": exact["target"],
        "layer": LAST_CONVOLUTION[architecture],
        "integrated_gradients_steps": STEPS,
        "integrated_gradients_delta": rounded(exact["delta"], 7),
        "saliency": rounded(exact["saliency"], 7),
        "integrated_gradients": rounded(exact["integrated_gradients"], 7),
        "grad_cam": rounded(exact["grad_cam"], 7),
        "tolerance": tolerance,
    }


def measure(model: nn.Module, architecture: str, x: torch.Tensor, target: int | None) -> dict:
    """Logits, and the three methods' maps in blocks."""
    with torch.no_grad():
        logits = model(x)[0]
    target = logits.argmax().item() if target is None else target
    saliency, integrated, grad_cam, delta = attribute(model, LAST_CONVOLUTION[architecture], x, target)
    return {
        "target": target,
        "logits": logits,
        "delta": delta,
        "saliency": F.avg_pool2d(saliency.amax(dim=1), 16)[0],
        "integrated_gradients": F.avg_pool2d(integrated.sum(dim=1), 16)[0],
        "grad_cam": grad_cam[0, 0],
    }


def attribute(model: nn.Module, layer: str, x: torch.Tensor, target: int) -> tuple[torch.Tensor, ...]:
    """Captum's saliency, Integrated Gradients and Grad-CAM, all raw, and the convergence delta."""
    saliency = Saliency(model).attribute(x.clone().requires_grad_(), target=target)
    integrated, delta = IntegratedGradients(model).attribute(
        x,
        target=target,
        n_steps=STEPS,
        internal_batch_size=STEPS_AT_ONCE,
        return_convergence_delta=True,
    )
    grad_cam = LayerGradCam(model, model.get_submodule(layer)).attribute(x, target=target)
    return saliency.detach(), integrated.detach(), grad_cam.detach(), delta.detach()[0]


def further(architecture: str, weights: Path, path: Path) -> dict:
    """One picture's maps by further methods in float64, and how far float32 is from them."""
    x = preprocess(Image.open(path).convert("RGB"))
    layer = LAST_CONVOLUTION[architecture]
    target = load_model(architecture, weights)(x).argmax().item()
    single = methods(load_model(architecture, weights), architecture, x, target)
    exact = methods(load_model(architecture, weights).double(), architecture, x.double(), target)
    return {
        "picture": path.name,
        "picture_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "target": target,
        "layer": layer,
        "maps": {name: rounded(values, 7) for name, values in exact.items()},
        "float32": {
            name: rounded((single[name].double() - values).norm() / values.norm(), 2) for name, values in exact.items()
        },
    }


def methods(model: nn.Module, architecture: str, x: torch.Tensor, target: int) -> dict[str, torch.Tensor]:
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    layer = model.get_submodule(LAST_CONVOLUTION[architecture])
    place = torch.arange(SIZE[0]) * 7 // SIZE[0]
    with torch.no_grad():
        activation = LayerActivation(model, layer).attribute(x)
        occlusion = Occlusion(model).attribute(
            x, (3, 32, 32), strides=(3, 16, 16), target=target, perturbations_per_eval=13
        )
        ablation = FeatureAblation(model).attribute(
            x, feature_mask=(place[:, None] * 7 + place)[None, None], target=target, perturbations_per_eval=7
        )
    maps = {
        "input_x_gradient": InputXGradient(model).attribute(x.clone().requires_grad_(), target=target),
        "occlusion": occlusion[:, :1],
        "feature_ablation": ablation[:, :1] / 32**2,
    }
    for name, cam in [
        ("grad_cam_plus_plus", peer.GradCAMPlusPlus),
        ("x_grad_cam", peer.XGradCAM),
        ("hi_res_cam", peer.HiResCAM),
        ("layer_cam", peer.LayerCAM),
    ]:
        maps[name] = class_activation_map(cam(model, [layer]), layer, x, [target])
    maps["eigen_cam"] = torch.from_numpy(get_2d_projection_with_sign_correction(activation.numpy()))[:, None]
    if architecture == "resnet18":
        with torch.no_grad():
            maps["score_cam"] = class_activation_map(peer.ScoreCAM(model, [layer]), layer, x, [target])
        # These change the model, so they come last.
        model = unshared(model)
        maps["deconvolution"] = Deconvolution(model).attribute(x.clone().requires_grad_(), target=target)
        maps["guided_backprop"] = GuidedBackprop(model).attribute(x.clone().requires_grad_(), target=target)
        maps["lrp"] = lrp(model, x, target)
    blocks = {name: 7 if values.shape[-1] == 7 or name == "feature_ablation" else 14 for name, values in maps.items()}
    return {
        name: F.adaptive_avg_pool2d(values.detach().sum(dim=1), blocks[name])[0] for name, values in maps.items()
    }


def lrp(model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
    # zennit's merging leaves a batch norm behind that still adds its eps to a variance of one, and so shrinks its input.
    for norm in [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]:
        norm.running_var += norm.eps
        norm.eps = 0.0
    with Gradient(model, EpsilonPlus(canonizers=[ResNetCanonizer()])) as attributor:
        _, relevance = attributor(x, lambda output: output.detach() * F.one_hot(torch.tensor([target]), 1000))
    return relevance


def off_by_one(picture: Image.Image, seed: int) -> Image.Image:
    """The picture as another JPEG decoder might have read it: each value moved by -1, 0 or 1."""
    levels = np.asarray(picture).astype(np.int16)
    moved = levels + np.random.default_rng(seed).integers(-1, 2, levels.shape)
    return Image.fromarray(moved.clip(0, 255).astype(np.uint8))


def distances(other: dict, reference: dict) -> dict:
    """Relative L2 norms of the differences; the delta's is absolute, since it is itself a small difference."""
    result = {
        key: rounded((other[key].double() - reference[key].double()).norm() / reference[key].double().norm(), 2)
        for key in ("logits", "saliency", "integrated_gradients", "grad_cam")
    }
    return result | {"delta_absolute": rounded(abs(other["delta"].double() - reference["delta"].double()), 2)}


def read_samples(folder: Path) -> list[dict]:
    """The manifest's rows, each with the polygons of its ruler."""
    coco = json.loads((folder / "rulers.coco.json").read_text())
    names = {image["id"]: image["file_name"] for image in coco["images"]}
    polygons = {}
    for annotation in coco["annotations"]:
        polygons.setdefault(names[annotation["image_id"]], []).extend(annotation["segmentation"])
    with open(folder / "manifest.csv", newline="") as file:
        return [row | {"polygons": polygons.get(Path(row["image"]).name, [])} for row in csv.DictReader(file)]


def one_of_each(samples: list[dict]) -> list[dict]:
    """The first melanoma with a ruler and the first benign picture without."""
    wanted = [("melanoma", "1"), ("benign", "0")]
    return [next(s for s in samples if (s["label"], s["ruler"]) == kind) for kind in wanted]


def audit(model: nn.Module, folder: Path, samples: list[dict]) -> dict:
    """Mean probability of melanoma by group, and the mean density of each region in each method's map."""
    groups, densities = {}, {}
    for sample in samples:
        x = preprocess(Image.open(folder / sample["image"]).convert("RGB"))
        with torch.no_grad():
            probability = model(x).softmax(dim=1)[0, MELANOMA].item()
        group = f"{sample['label']}, {'ruler' if sample['ruler'] == '1' else 'no ruler'}"
        groups.setdefault(group, []).append(probability)
        if sample["ruler"] == "1":
            regions = {"ruler": ruler_mask(sample), "lesion": lesion_mask(folder / sample["lesion_mask"])}
            for method, values in magnitude_maps(model, x).items():
                for region, mask in regions.items():
                    density = (values[mask].mean() / values.mean()).item()
                    densities.setdefault(method, {}).setdefault(region, []).append(density)
    return {
        "mean_probability_of_melanoma": {
            group: {"pictures": len(values), "mean": rounded(np.mean(values), 6)} for group, values in groups.items()
        },
        "mean_density": {
            method: {
                region: {"pictures": len(values), "mean": rounded(np.mean(values), 6)}
                for region, values in regions.items()
            }
            for method, regions in densities.items()
        },
    }


def magnitude_maps(model: nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """224×224 maps without sign: the maximum over channels of the absolute value."""
    saliency, integrated, grad_cam, _ = attribute(model, LAST_CONVOLUTION["resnet18"], x, MELANOMA)
    grad_cam = LayerAttribution.interpolate(grad_cam, SIZE, interpolate_mode="bilinear")
    return {
        "saliency": saliency.abs().amax(dim=1)[0],
        "integrated_gradients": integrated.abs().amax(dim=1)[0],
        "grad_cam": grad_cam.abs().amax(dim=1)[0],
        "grad_cam_relu": grad_cam.relu()[0, 0],
    }


def ruler_mask(sample: dict) -> torch.Tensor:
    """The polygons filled at the picture's 256×256, brought to the model's size."""
    mask = Image.new("L", (256, 256))
    for polygon in sample["polygons"]:
        ImageDraw.Draw(mask).polygon(polygon, fill=255)
    return at_model_size(mask)


def lesion_mask(path: Path) -> torch.Tensor:
    return at_model_size(Image.open(path).convert("L"))


def at_model_size(mask: Image.Image) -> torch.Tensor:
    resized = mask.resize(SIZE[::-1], Image.Resampling.NEAREST)
    return torch.from_numpy(np.asarray(resized) > 127)


def rounded(value, digits: int):
    """A number or nested lists of them, to that many significant digits."""
    if isinstance(value, torch.Tensor):
        value = value.tolist()
    if isinstance(value, list):
        return [rounded(item, digits) for item in value]
    return float(f"{float(value):.{digits}g}")


def write(name: str, content: dict) -> None:
    """Indented JSON with a map's row on one line, so that the file can be read."""
    text = json.dumps(content, indent=1)
    text = re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda row: f"[{' '.join(row[1].split())}]", text)
    (FOLDER / name).write_text(text + "\n")


if __name__ == "__main__":
    main()
