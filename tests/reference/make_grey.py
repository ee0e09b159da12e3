"""Writes `tests/fixtures/grey/`: a small network of one channel as an ONNX file, and what ONNX Runtime says of DICOM films.

    xray.onnx        [N, 1, 34, 41] to three findings, each with a sigmoid; weights from a seeded generator
    four.onnx        the same for four channels, of which no picture has so many
    expected.json    for some films of `crates/reglet-data/tests/fixtures/dicom` the input's corner, and the three probabilities
    resized.json     a 16-bit film at 20 by 17 pixels, by Pillow's resize of its mode F

The input is what pydicom makes of the film (`make_dicom.py`), its 16 bits from -1024 to 1024. Run `make_dicom.py` before.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
FILMS = ROOT / "crates/reglet-data/tests/fixtures/dicom"
HERE = ROOT / "tests/fixtures/grey"
NAMES = ["window.dcm", "signed.dcm", "inverted.dcm", "frames.dcm#2", "jpeg-2000.dcm", "rle.dcm"]


def network(channels):
    random = np.random.default_rng(5)
    weights = {
        "conv1.weight": random.normal(0, 0.002, (6, channels, 3, 3)),
        "conv1.bias": random.normal(0, 0.5, 6),
        "conv2.weight": random.normal(0, 0.3, (8, 6, 3, 3)),
        "conv2.bias": random.normal(0, 0.3, 8),
        "fc.weight": random.normal(0, 0.5, (3, 8)),
        "fc.bias": random.normal(0, 0.5, 3),
    }
    nodes = [
        helper.make_node("Conv", ["film", "conv1.weight", "conv1.bias"], ["a"], "/conv1/Conv", strides=[2, 2], pads=[1] * 4),
        helper.make_node("Relu", ["a"], ["b"], "/relu1/Relu"),
        helper.make_node("Conv", ["b", "conv2.weight", "conv2.bias"], ["c"], "/conv2/Conv", strides=[2, 2], pads=[1] * 4),
        helper.make_node("Relu", ["c"], ["d"], "/relu2/Relu"),
        helper.make_node("GlobalAveragePool", ["d"], ["e"], "/pool/GlobalAveragePool"),
        helper.make_node("Flatten", ["e"], ["f"], "/Flatten"),
        helper.make_node("Gemm", ["f", "fc.weight", "fc.bias"], ["g"], "/fc/Gemm", transB=1),
        helper.make_node("Sigmoid", ["g"], ["findings"], "/Sigmoid"),
    ]
    graph = helper.make_graph(
        nodes,
        "xray",
        [helper.make_tensor_value_info("film", TensorProto.FLOAT, ["N", channels, 34, 41])],
        [helper.make_tensor_value_info("findings", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(value.astype("f4"), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def levels(name):
    """What pydicom makes of a film, 0 to 1, in 16 bits."""
    return np.asarray(Image.open(FILMS / "expected" / f"{name}.png")).astype("f8") / 65535


def main():
    HERE.mkdir(parents=True, exist_ok=True)
    onnx.save(network(1), HERE / "xray.onnx")
    onnx.save(network(4), HERE / "four.onnx")
    session = onnxruntime.InferenceSession(HERE / "xray.onnx", providers=["CPUExecutionProvider"])
    expected = {}
    for name in NAMES:
        film = (levels(name) * 2048 - 1024).astype("f4")
        (findings,) = session.run(None, {"film": film[None, None]})
        expected[name] = {"corner": film[0, :4].tolist(), "findings": findings[0].tolist()}
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    film = Image.fromarray(levels("signed.dcm").astype("f4"))
    small = np.asarray(film.resize((17, 20), Image.Resampling.BILINEAR))
    (HERE / "resized.json").write_text(json.dumps(small.flatten().tolist()) + "\n")


main()
