"""Writes the colour maps' tables and the fixtures they are tested against. Needs matplotlib, NumPy.

    python tools/make_colormaps.py

assets/colormaps.bin holds the seven tables one after the other, 256 entries of red, green and blue each.
tests/fixtures/colormaps.csv holds what matplotlib draws at chosen and at random places between 0 and 1,
so that the step from a number to an entry is tested too.
"""

import pathlib

import matplotlib
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMES = ["inferno", "viridis", "magma", "plasma", "jet", "gray", "RdBu_r"]


def main() -> None:
    tables = [matplotlib.colormaps[name](np.arange(256), bytes=True)[:, :3] for name in NAMES]
    (ROOT / "assets" / "colormaps.bin").write_bytes(np.stack(tables).tobytes())

    # An entry's edges are where rounding would show: 1/256 steps, their neighbours, and 1 itself.
    rng = np.random.default_rng(0)
    edges = (np.arange(0, 257, 16) / 256).astype(np.float32)
    below = np.nextafter(edges, np.float32(-1))
    places = np.concatenate([edges, below[1:], rng.random(40, dtype=np.float32)]).astype(np.float32)
    lines = ["name,place,red,green,blue"]
    for name in NAMES:
        for place in np.sort(places):
            red, green, blue, _ = matplotlib.colormaps[name](float(place), bytes=True)
            lines.append(f"{name.lower()},{place:.9g},{red},{green},{blue}")
    (ROOT / "tests" / "fixtures" / "colormaps.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
