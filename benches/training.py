"""A step of training ResNet-18 beside PyTorch's, in turn: what `cargo xtask bench --training` runs.

    python benches/training.py --step target/debug/examples/training [--runs 5] [--steps 6] [--batch 16]

Both sides: 224 x 224 pixels, 1,000 classes, training mode, cross-entropy, AdamW over all weights, 32-bit floats. The first two
steps of a run warm up and are left out; printed are medians over steps of the runs, and the median of the runs' ratios.
"""

import argparse
import json
import os
import statistics
import subprocess
import time
from pathlib import Path

import torch
import torchvision

WARM_UP = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--step", type=Path, required=True, help="the program that times Reglet's steps")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--batch", type=int, default=16)
    args = parser.parse_args()

    formats = {"PyTorch": torch.contiguous_format, "PyTorch, channels last": torch.channels_last}
    ours, theirs = [], {name: [] for name in formats}
    for _ in range(args.runs):
        ours.append(reglet(args))
        for name, layout in formats.items():
            theirs[name].append(peer(args, layout))
    print(f"{torch.get_num_threads()} threads of {os.cpu_count()}, batches of {args.batch}; medians of {args.runs} runs\n")
    print("| a step | seconds | Reglet's share |\n|---|---:|---:|")
    print(f"| Reglet | {statistics.median(ours):.3f} | |")
    for name, seconds in theirs.items():
        ratio = statistics.median(mine / other for mine, other in zip(ours, seconds))
        print(f"| {name} {torch.__version__} | {statistics.median(seconds):.3f} | {ratio:.2f} |")


def reglet(args) -> float:
    command = [args.step, "--steps", args.steps + WARM_UP, "--batch", args.batch]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{args.step} failed:\n{done.stderr}")
    return statistics.median(json.loads(done.stdout)[WARM_UP:])


def peer(args, layout) -> float:
    torch.manual_seed(1)
    model = torchvision.models.resnet18().train().to(memory_format=layout)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)
    x = torch.randn(args.batch, 3, 224, 224).to(memory_format=layout)
    labels = torch.randint(1000, (args.batch,))
    seconds = []
    for _ in range(args.steps + WARM_UP):
        start = time.perf_counter()
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimiser.step()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[WARM_UP:])


if __name__ == "__main__":
    main()
