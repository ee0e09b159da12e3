"""Writes tests/fixtures/slic.bin: scikit-image's superpixels of a disc on a slope, one byte a pixel, row by row.

    python crates/reglet-attribution/tools/make_slic_fixture.py        (scikit-image 0.26.0, NumPy 2.4.6)
"""

from pathlib import Path

import numpy as np
from skimage.segmentation import slic

row, column = np.mgrid[0:32, 0:40]
red = np.where((row - 12) ** 2 + (column - 22) ** 2 < 64, 1.0, (row + column) / 140.0)
picture = np.stack([red, 0 * red, 0 * red], axis=-1)
labels = slic(picture, n_segments=20, compactness=0.2, convert2lab=False, start_label=0)
Path(__file__).parent.parent.joinpath("tests/fixtures/slic.bin").write_bytes(labels.astype(np.uint8).tobytes())
print(labels.max() + 1, "segments")
