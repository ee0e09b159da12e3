"""Three maps of every picture of a manifest with Captum, one picture after the other, and the share of each on the lesion:
the loop that `reglet audit` is measured against.

    python benches/audit_loop.py isic-ruler/manifest.csv --weights biased.safetensors --weights clean.safetensors --batch 25
"""

import argparse
import csv
import statistics
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, Saliency
from PIL import Image

import notebook


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--weights", type=Path, action="append", required=True)
    parser.add_argument("--target", type=int, default=1)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch", type=int, default=25, help="Captum's internal batch size")
    args = parser.parse_args()

    with open(args.manifest) as file:
        rows = list(csv.DictReader(file))
    for weights in args.weights:
        model = notebook.load_model("resnet18", weights).float()
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        layer = model.get_submodule(notebook.LAST_CONVOLUTION["resnet18"])
        saliency, integrated, cam = Saliency(model), IntegratedGradients(model), LayerGradCam(model, layer)
        shares = {"saliency": [], "integrated gradients": [], "grad-cam": []}
        probabilities = []
        for row in rows:
            x = notebook.load_picture(args.manifest.parent / row["image"])
            probabilities.append(F.softmax(model(x), 1)[0, args.target].item())
            found = integrated.attribute(
                x, target=args.target, n_steps=args.steps, internal_batch_size=args.batch
            )
            maps = {
                "saliency": saliency.attribute(x.clone().requires_grad_(), target=args.target)[0].amax(0),
                "integrated gradients": found[0].abs().amax(0),
                "grad-cam": LayerAttribution.interpolate(
                    cam.attribute(x, target=args.target), x.shape[2:], "bilinear"
                )[0, 0].relu(),
            }
            mask = Image.open(args.manifest.parent / row["lesion_mask"]).resize((224, 224), Image.NEAREST)
            inside = torch.from_numpy(np.asarray(mask.convert("L")) > 127)
            for name, values in maps.items():
                values = values.detach()
                shares[name].append((values[inside].sum() / values.sum()).item())
        means = ", ".join(f"{name} {statistics.mean(all):.3f}" for name, all in shares.items())
        print(f"{weights.name}: {len(rows)} pictures, mean probability {statistics.mean(probabilities):.3f}; {means}")


if __name__ == "__main__":
    main()
