"""Cuts Inter down to what a figure needs and writes assets/fonts/Inter-*.ttf.

Needs fonttools and brotli. Inter comes from the package `inter-ui` of npm, version 4.1.1:

    npm pack inter-ui@4.1.1 && tar xzf inter-ui-4.1.1.tgz
    python tools/make_fonts.py package

Inter is under the SIL Open Font License 1.1 and reserves no font name, so the subset keeps its name;
the licence travels with it as assets/fonts/LICENSE.txt.
"""

import pathlib
import shutil
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

ASSETS = pathlib.Path(__file__).resolve().parent.parent / "assets" / "fonts"

CHARACTERS = [
    *range(0x0020, 0x007F),  # ASCII
    *range(0x00A0, 0x0180),  # Latin-1 and Latin Extended-A
    *range(0x0218, 0x021C),  # Romanian
    *range(0x0386, 0x03CF),  # Greek
    *range(0x2010, 0x2027),  # dashes, quotation marks, daggers, bullet, ellipsis
    0x202F, 0x2030, 0x2032, 0x2033, 0x2039, 0x203A, 0x2044,  # per mille, primes, angle quotes
    *range(0x2070, 0x2090),  # superscripts and subscripts
    0x20AC, 0x2116, 0x2122,
    *range(0x2190, 0x2196),  # arrows
    0x2202, 0x2206, 0x220F, 0x2211, 0x2212, 0x2215, 0x2219, 0x221A, 0x221E, 0x2229, 0x222A, 0x222B,
    0x2248, 0x2260, 0x2264, 0x2265,
    0x25A0, 0x25B2, 0x25B6, 0x25BC, 0x25C6, 0x25CB, 0x25CF, 0x2713, 0x2717,
]


def main(package: pathlib.Path) -> None:
    ASSETS.mkdir(parents=True, exist_ok=True)
    for face in ("Regular", "SemiBold"):
        font = TTFont(package / "web" / f"Inter-{face}.woff2", recalcTimestamp=False)
        options = subset.Options()
        options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
        options.hinting = False
        options.notdef_outline = True
        options.name_IDs = [0, 1, 2, 4, 5, 6, 13, 14, 16, 17]
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=CHARACTERS)
        cutter.subset(font)
        font.flavor = None
        font.save(ASSETS / f"Inter-{face}.ttf")
    shutil.copy(package / "LICENSE.txt", ASSETS / "LICENSE.txt")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
