"""What an audit costs as the work grows: what `cargo xtask bench --scaling` runs.

    python benches/scaling.py --reglet target/debug/reglet [--largest 1000]

More pictures, larger pictures, more steps of Integrated Gradients: each with its wall and processor time and its peak
memory, as a table, which is also written to benches/SCALING.md. The pictures are phantoms, the classifier the one that
comes with the program. Python only starts the program and counts.
"""

import argparse
import datetime
import os
import platform
import tempfile
from pathlib import Path

from compare import HERE, measure, processor

CONFIG = """
seed = 1
target = "melanoma"
artefact = "ruler"
device = "cpu"
changes = [{changes}]
gallery = 0

[data.phantoms]
count = {pictures}
size = {side}
seed = 9

[models.clean]
architecture = "resnet18"
width = 0.125
weights = '{weights}'
preprocessing = {{ square = {side} }}

[methods.saliency]

[methods.integrated_gradients]
steps = {steps}

[methods.grad_cam]
layer = "layer3.1.conv2"

[trust]
pictures = 0
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reglet", type=Path, required=True, help="the program reglet")
    parser.add_argument("--largest", type=int, default=1000, help="the largest number of pictures")
    parser.add_argument("--out", type=Path, default=HERE / "SCALING.md")
    args = parser.parse_args()

    usual = {"pictures": 16, "side": 128, "steps": 16, "changes": ""}
    series = [
        ("pictures", [n for n in (1, 10, 100, 1000, 10_000) if n <= args.largest]),
        ("side", [64, 128, 224, 448]),
        ("steps", [1, 4, 16, 64]),
    ]
    lines = [
        "# What an audit costs as the work grows",
        "",
        "Made by `cargo xtask bench --scaling`; every run replaces it. One ResNet-18 of an eighth of the width, three "
        "methods, phantoms as they come; 16 pictures of 128×128 and 16 steps where nothing else is said.",
        "",
        f"{datetime.date.today()}, {processor()}, {os.cpu_count()} cores, {platform.system()}.",
        "",
        "| what | wall | processor | a picture | peak memory |",
        "|---|---:|---:|---:|---:|",
    ]
    print("\n".join(lines), flush=True)
    for name, values in series:
        for value in values:
            row = line(args, name, value, usual | {name: value})
            lines.append(row)
            print(row, flush=True)
    args.out.write_text("\n".join(lines) + "\n")


def line(args, name: str, value: int, settings: dict) -> str:
    weights = HERE.parent / "configs" / "models" / "phantom-clean.safetensors"
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "scaling.toml"
        config.write_text(CONFIG.format(weights=weights, **settings))
        # No change is made, so nothing can be concluded: status 0, as for a clear one.
        wall, busy, memory = measure([args.reglet, "audit", "--config", config, "--out", f"{folder}/out"])
    each = 1000 * wall / settings["pictures"]
    return f"| {name}: {value} | {wall:.2f} s | {busy:.2f} s | {each:.0f} ms | {memory / 1024:.0f} MiB |"


if __name__ == "__main__":
    main()
