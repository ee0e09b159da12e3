"""What an audit costs as the work grows: what `cargo xtask bench --scaling` runs.

    python benches/scaling.py --reglet target/debug/reglet [--largest 1000] [--data DATA_DIR]

More pictures, larger inputs of the model, more steps of Integrated Gradients: each with its wall and processor time and
its peak memory, as a table, which is also written to benches/SCALING.md. The pictures are phantoms, the classifier the
one that comes with the program. Python only starts the program and counts.

With `--data`, a folder as its own README describes it, also the same photographs at 0.1 to 108 megapixels, enlarged with
Pillow, which must be installed then.
"""

import argparse
import csv
import datetime
import json
import os
import platform
import tempfile
import time
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

# The classifier sees 224×224 whatever the size of the pictures: what grows is the work on the pictures themselves.
LARGE = """
seed = 7
target = "melanoma"
artefact = "ruler"
lesion = "lesion"
device = "cpu"
changes = ["insert", "remove", "control", "scrambled"]
gallery = 0

[data.manifest]
manifest = "manifest.csv"
classes = ["benign", "melanoma"]
masks = {{ lesion = "lesion_mask" }}
flags = {{ ruler = "ruler" }}
coco = {{ file = "rulers.coco.json" }}

[models.biased]
architecture = "resnet18"
weights = '{weights}'

[methods.saliency]

[trust]
pictures = 0
"""

SIZES = [(366, 274), (1155, 866), (3072, 3072), (6000, 4000), (12_000, 9_000)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reglet", type=Path, required=True, help="the program reglet")
    parser.add_argument("--largest", type=int, default=1000, help="the largest number of pictures")
    parser.add_argument("--data", type=Path, help="the folder of weights and pictures, for large photographs")
    parser.add_argument("--photographs", type=int, default=2, help="how many of them, half of them with a ruler")
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
    if args.data:
        lines += [
            "",
            f"{args.photographs} dermoscopic photographs, half of them with a ruler, enlarged; one ResNet-18, which sees "
            "224×224; Saliency; what puts the ruler in, takes it away, the control and the scrambled ruler. JPEGs, lesion "
            "masks as PNGs, rulers as polygons. *Reading* is the processor time that decoding the pictures and masks once "
            "takes in Pillow.",
            "",
            "| size | wall | processor | a picture, beyond the smallest | reading a picture | peak memory |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        print("\n".join(lines[-4:]), flush=True)
        least = None
        for size in SIZES:
            wall, busy, memory, reading = photographs(args, size)
            least = busy if least is None else least
            beyond = (busy - least) / args.photographs
            megapixels = size[0] * size[1] / 1e6
            row = f"| {size[0]}×{size[1]}, {megapixels:.1f} megapixels | {wall:.2f} s | {busy:.2f} s | {beyond:.2f} s | "
            row += f"{reading:.2f} s | {memory / 1024:.0f} MiB |"
            lines.append(row)
            print(row, flush=True)
    args.out.write_text("\n".join(lines) + "\n")


def photographs(args, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """An audit of photographs enlarged to this size: its wall and processor time and memory; and the time to read one."""
    with tempfile.TemporaryDirectory() as folder:
        files = enlarged(args.data / "isic-ruler", Path(folder), size, args.photographs)
        config = Path(folder) / "large.toml"
        weights = args.data.resolve() / "models" / "resnet18-isic-biased.f16.safetensors"
        config.write_text(LARGE.format(weights=weights))
        found = measure([args.reglet, "audit", "--config", config, "--out", f"{folder}/out"])
        return *found, reading(files) / args.photographs


def enlarged(source: Path, folder: Path, size: tuple[int, int], count: int) -> list[Path]:
    """Writes pictures of `source` with their masks and polygons at another size. Returns what must be decoded."""
    from PIL import Image

    rows = list(csv.DictReader((source / "manifest.csv").open()))
    coco = json.loads((source / "rulers.coco.json").read_text())
    listed = {image["file_name"]: image for image in coco["images"]}
    drawn = {annotation["image_id"] for annotation in coco["annotations"]}
    known = [row for row in rows if (row["ruler"] == "1") == (listed[Path(row["image"]).name]["id"] in drawn)]
    half = count // 2
    chosen = [row for row in known if row["ruler"] == "1"][:half]
    chosen += [row for row in known if row["ruler"] == "0"][: count - half]

    written = []
    for row in chosen:
        for name, mode in [(row["image"], "RGB"), (row["lesion_mask"], "L")]:
            picture = Image.open(source / name).convert(mode)
            image = listed.get(Path(name).name)
            if image:
                scale = [size[axis] / picture.size[axis] for axis in range(2)]
                image["width"], image["height"] = size
                for annotation in coco["annotations"]:
                    if annotation["image_id"] == image["id"]:
                        rescale(annotation, scale)
            picture = picture.resize(size, Image.Resampling.BICUBIC)
            if mode == "L":
                picture = picture.point(lambda level: 255 if level >= 128 else 0)
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            picture.save(path, **({"quality": 92} if mode == "RGB" else {}))
            written.append(path)
    names = {Path(row["image"]).name for row in chosen}
    coco["images"] = [image for image in coco["images"] if image["file_name"] in names]
    ids = {image["id"] for image in coco["images"]}
    coco["annotations"] = [annotation for annotation in coco["annotations"] if annotation["image_id"] in ids]
    (folder / "rulers.coco.json").write_text(json.dumps(coco))
    with (folder / "manifest.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]))
        table.writeheader()
        table.writerows(chosen)
    return written


def rescale(annotation: dict, scale: list[float]) -> None:
    polygons = annotation["segmentation"]
    annotation["segmentation"] = [[v * scale[i % 2] for i, v in enumerate(polygon)] for polygon in polygons]
    annotation["bbox"] = [v * scale[i % 2] for i, v in enumerate(annotation["bbox"])]


def reading(files: list[Path]) -> float:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    start = time.process_time()
    for file in files:
        with Image.open(file) as picture:
            picture.load()
    return time.process_time() - start


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
