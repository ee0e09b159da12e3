"""What the network says about a picture, and where it looks: the notebook that `reglet explain` is measured against.

PyTorch, torchvision, Captum and matplotlib, used as their tutorials use them:

    python benches/notebook.py lesion.png --weights resnet18.safetensors --out figure.png
"""

import argparse
import json
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, Saliency
from PIL import Image
from safetensors.torch import load_file, save_file
from torchvision import models, transforms

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

# The last convolution of each network, where Grad-CAM is usually read.
LAST_CONVOLUTION = {
    "resnet18": "layer4.1.conv2",
    "resnet34": "layer4.2.conv2",
    "resnet50": "layer4.2.conv3",
    "resnet101": "layer4.2.conv3",
    "resnet152": "layer4.2.conv3",
    "mobilenet_v2": "features.18.0",
}


def load_model(name: str, weights: Path) -> torch.nn.Module:
    """Builds a torchvision network with as many classes as the weights have, and loads them."""
    if weights.suffix == ".safetensors":
        state = load_file(weights)
    else:
        state = torch.load(weights, map_location="cpu", weights_only=True)
    head = "fc.bias" if "fc.bias" in state else "classifier.1.bias"
    model = models.get_model(name, weights=None, num_classes=len(state[head]))
    model.load_state_dict(state)
    return model.eval()


def load_picture(path: Path) -> torch.Tensor:
    """Reads a picture as the network wants it: 1×3×224×224, with ImageNet's statistics."""
    preprocess = transforms.Compose(
        [
            transforms.Resize((224, 224)),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    return preprocess(Image.open(path).convert("RGB")).unsqueeze(0)


def class_names(count: int) -> list[str]:
    """ImageNet's categories where the network has a thousand classes, else plain numbers."""
    if count == 1000:
        return models.ResNet18_Weights.IMAGENET1K_V1.meta["categories"]
    return [f"class {index}" for index in range(count)]


def draw(picture: torch.Tensor, maps: dict[str, torch.Tensor], title: str, out: Path) -> None:
    """Saves a figure: the picture as the network saw it, and each map alone and over the picture."""
    seen = picture[0] * torch.tensor(STD).view(3, 1, 1) + torch.tensor(MEAN).view(3, 1, 1)
    seen = seen.clamp(0, 1).permute(1, 2, 0)

    figure, axes = plt.subplots(2, 1 + len(maps), figsize=(3.4 * (1 + len(maps)), 7), layout="constrained")
    figure.suptitle(title)
    for axis in axes.flat:
        axis.axis("off")
    axes[0, 0].imshow(seen)
    axes[0, 0].set_title("Input")
    for (name, values), (alone, over) in zip(maps.items(), axes[:, 1:].T):
        image = alone.imshow(values, cmap="inferno")
        alone.set_title(name)
        figure.colorbar(image, ax=alone, shrink=0.8)
        over.imshow(seen)
        over.imshow(values, cmap="inferno", alpha=0.5)
        over.set_title(f"{name}, overlay")
    figure.savefig(out, dpi=120)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="a .safetensors file or a PyTorch state dict")
    parser.add_argument("--model", choices=LAST_CONVOLUTION, default="resnet18")
    parser.add_argument("--target", type=int, help="index of the class to explain (default: the most probable)")
    parser.add_argument("--layer", help="layer for Grad-CAM (default: the last convolution)")
    parser.add_argument("--steps", type=int, default=50, help="steps of Integrated Gradients")
    parser.add_argument(
        "--internal-batch-size",
        type=int,
        help="steps of Integrated Gradients computed at a time (default: all at once)",
    )
    parser.add_argument("--out", type=Path, default=Path("figure.png"))
    parser.add_argument("--save", type=Path, help="also save the raw tensors, as safetensors")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    args = parser.parse_args()

    model = load_model(args.model, args.weights)
    x = load_picture(args.picture)

    with torch.no_grad():
        logits = model(x)[0]
    probabilities = logits.softmax(dim=0)
    names = class_names(len(logits))
    top = probabilities.topk(min(5, len(logits)))
    target = top.indices[0].item() if args.target is None else args.target

    x.requires_grad_()
    seconds = {}

    start = time.perf_counter()
    saliency = Saliency(model).attribute(x, target=target)
    seconds["saliency"] = time.perf_counter() - start

    start = time.perf_counter()
    integrated, delta = IntegratedGradients(model).attribute(
        x,
        target=target,
        n_steps=args.steps,
        internal_batch_size=args.internal_batch_size,
        return_convergence_delta=True,
    )
    seconds["integrated_gradients"] = time.perf_counter() - start

    start = time.perf_counter()
    layer = model.get_submodule(args.layer or LAST_CONVOLUTION[args.model])
    grad_cam = LayerGradCam(model, layer).attribute(x, target=target).detach()
    seconds["grad_cam"] = time.perf_counter() - start

    # The ReLU belongs before the interpolation: negative cells must not pull down their neighbours.
    size = tuple(x.shape[2:])
    cam_shown = LayerAttribution.interpolate(F.relu(grad_cam), size, interpolate_mode="bilinear")
    maps = {
        "Saliency": saliency[0].abs().amax(dim=0),
        "Integrated Gradients": integrated[0].detach().abs().amax(dim=0),
        "Grad-CAM": cam_shown[0, 0],
    }
    draw(x.detach(), maps, f"{names[target]}, probability {probabilities[target]:.3f}", args.out)

    if args.save:
        # Raw and signed, without the batch dimension. Grad-CAM is at input size and, unlike in the
        # figure, without the ReLU.
        cam_raw = LayerAttribution.interpolate(grad_cam, size, interpolate_mode="bilinear")
        raw = {"input": x, "saliency": saliency, "integrated_gradients": integrated, "grad_cam": cam_raw}
        save_file({name: tensor.detach()[0].contiguous() for name, tensor in raw.items()}, args.save)

    if args.json:
        results = {
            "top": [
                {"index": index, "label": names[index], "probability": probability}
                for probability, index in zip(top.values.tolist(), top.indices.tolist())
            ],
            "target": target,
            "logit": logits[target].item(),
            "convergence_delta": delta.item(),
            "seconds": seconds,
        }
        print(json.dumps(results, indent=2))
    else:
        for probability, index in zip(top.values.tolist(), top.indices.tolist()):
            print(f"{probability:7.2%}  {names[index]}")
        for name, taken in seconds.items():
            print(f"{name}: {taken:.2f} s")
        print(f"convergence delta of Integrated Gradients: {delta.item():+.4f}")


if __name__ == "__main__":
    main()
