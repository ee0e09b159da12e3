"""The common methods beside Captum's and pytorch-grad-cam's, on the same picture and weights, in turn: what
`cargo xtask bench --methods` runs.

    python benches/compare_methods.py --reglet target/debug/reglet --data DATA_DIR [--runs 3] [--methods saliency,...]

DATA_DIR holds `models/resnet18-imagenet.safetensors` and `photos/doberman.png`. Prints a table of medians and ratios; a ratio
below 1 is in Reglet's favour. Both sides have the model in memory and one run behind them before they are timed.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import pytorch_grad_cam
import torch
from captum.attr import KernelShap, Occlusion, Saliency
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

import notebook

SIDE, LAYER = 224, "layer4.1.conv2"
WINDOW, STRIDE = 28, 14
CELLS, SAMPLES = 8, 200
MASKS, MASK_CELLS, CHANCE = 400, 7, 0.5
# What one pass holds on the peer's side where it asks.
AT_ONCE = 8


def saliency(model, x, target):
    return Saliency(model).attribute(x.clone().requires_grad_(), target=target)


def occlusion(model, x, target):
    window, strides = (3, WINDOW, WINDOW), (3, STRIDE, STRIDE)
    with torch.no_grad():
        return Occlusion(model).attribute(x, window, strides=strides, target=target, perturbations_per_eval=AT_ONCE)


def kernel_shap(model, x, target):
    place = torch.arange(SIDE) * CELLS // SIDE
    cells = (place[:, None] * CELLS + place)[None, None]
    with torch.no_grad():
        return KernelShap(model).attribute(
            x, feature_mask=cells, target=target, n_samples=SAMPLES, perturbations_per_eval=AT_ONCE
        )


def rise(model, x, target):
    """By the paper's formula; neither Captum nor pytorch-grad-cam has it."""
    cell = -(-SIDE // MASK_CELLS)
    total = torch.zeros(SIDE, SIDE)
    with torch.no_grad():
        for first in range(0, MASKS, AT_ONCE):
            grid = (torch.rand(min(AT_ONCE, MASKS - first), 1, MASK_CELLS, MASK_CELLS) < CHANCE).float()
            large = torch.nn.functional.interpolate(grid, (MASK_CELLS + 1) * cell, mode="bilinear")
            shifts = torch.randint(cell, (len(grid), 2)).tolist()
            masks = torch.stack([mask[:, top : top + SIDE, left : left + SIDE] for mask, (top, left) in zip(large, shifts)])
            scores = model(masks * x)[:, target]
            total += (masks[:, 0] * scores[:, None, None]).sum(0)
    return total / (MASKS * CHANCE)


def class_activation_map(method):
    def attribute(model, x, target):
        with method(model, [model.get_submodule(LAYER)]) as cam:
            return cam(x, [ClassifierOutputTarget(target)])

    return attribute


# Each method with Reglet's settings and the peer.
METHODS = {
    "saliency": ([], "Captum", saliency),
    "grad_cam": ([], "pytorch-grad-cam", class_activation_map(pytorch_grad_cam.GradCAM)),
    "score_cam": ([], "pytorch-grad-cam", class_activation_map(pytorch_grad_cam.ScoreCAM)),
    "ablation_cam": ([], "pytorch-grad-cam", class_activation_map(pytorch_grad_cam.AblationCAM)),
    "rise": ([f"masks={MASKS}"], "a loop over PyTorch", rise),
    "occlusion": ([f"window={WINDOW}", f"stride={STRIDE}"], "Captum", occlusion),
    "kernel_shap": ([f"samples={SAMPLES}", f"segmentation={{grid={CELLS}}}"], "Captum", kernel_shap),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reglet", type=Path, required=True, help="the program reglet")
    parser.add_argument("--data", type=Path, required=True, help="the folder of weights and pictures")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--methods", default=",".join(METHODS), help="names with commas")
    args = parser.parse_args()

    weights = args.data / "models" / "resnet18-imagenet.safetensors"
    picture = args.data / "photos" / "doberman.png"
    model, x = notebook.load_model("resnet18", weights), notebook.load_picture(picture)
    target = model(x).argmax().item()
    print(f"{torch.get_num_threads()} threads of {os.cpu_count()}; medians of {args.runs} runs\n")
    print("| method | Reglet | peer | ratio | peer is |\n|---|---:|---:|---:|---|")
    for name in args.methods.split(","):
        settings, peer, attribute = METHODS[name]
        theirs = [timed(attribute, model, x, target) for _ in range(args.runs + 1)][1:]
        ours = statistics.median(reglet(args, picture, weights, name, settings, target))
        theirs = statistics.median(theirs)
        print(f"| {name} | {ours:.3f} s | {theirs:.3f} s | {ours / theirs:.2f} | {peer} |", flush=True)


def timed(attribute, model, x, target) -> float:
    start = time.perf_counter()
    attribute(model, x, target)
    return time.perf_counter() - start


def reglet(args, picture, weights, name, settings, target) -> list[float]:
    """The seconds that the program says the method took: the same picture so many times over, after a first."""
    with tempfile.TemporaryDirectory() as out:
        command = [args.reglet, "explain", *[picture] * (args.runs + 1), "--weights", weights, "--json"]
        command += ["--methods", name, "--target", target, "--out", out]
        for setting in settings:
            command += ["--set", f"{name}.{setting}"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"reglet failed:\n{done.stderr}")
    return [summary["methods"][0]["seconds"] for summary in json.loads(done.stdout)][1:]


if __name__ == "__main__":
    main()
