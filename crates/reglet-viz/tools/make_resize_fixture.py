"""Writes tests/fixtures/resize.csv: maps as PyTorch resizes them. Needs torch.

    python tools/make_resize_fixture.py

Each line holds the sizes and the values, row by row: rows, columns, rows after, columns after; the map; the map resized.
"""

import pathlib

import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZES = [((7, 7), (10, 10)), ((3, 5), (8, 4)), ((1, 4), (3, 9)), ((6, 6), (3, 2)), ((2, 1), (5, 5))]


def main() -> None:
    torch.manual_seed(0)
    lines = []
    for before, after in SIZES:
        small = torch.randn(1, 1, *before)
        large = F.interpolate(small, size=after, mode="bilinear", align_corners=False)
        parts = [" ".join(map(str, (*before, *after)))]
        parts += [" ".join(f"{value:.9g}" for value in tensor.flatten().tolist()) for tensor in (small, large)]
        lines.append(",".join(parts))
    (ROOT / "tests" / "fixtures" / "resize.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
