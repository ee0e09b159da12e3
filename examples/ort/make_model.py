"""Writes `model.onnx`, the network that this example explains: a convolution, ReLU, the mean over all places, a linear layer.

    pip install onnx==1.23.2
    python make_model.py
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

# One channel responds to blue without red, the ruler, and the other to red without green, the lesion.
COLOURS = np.array([[-1, 0, 1], [1, -2, 0]]).reshape(2, 3, 1, 1) / 9
WEIGHTS = {
    "kernel": np.broadcast_to(COLOURS, (2, 3, 3, 3)),
    "bias": np.array([-0.1, -0.1]),
    "weight": np.array([[0, 40], [100, 10]]),  # benign, melanoma
}


def main() -> None:
    nodes = [
        helper.make_node("Conv", ["pictures", "kernel", "bias"], ["convolved"]),
        helper.make_node("Relu", ["convolved"], ["positive"]),
        helper.make_node("GlobalAveragePool", ["positive"], ["means"]),
        helper.make_node("Flatten", ["means"], ["features"]),
        helper.make_node("Gemm", ["features", "weight"], ["logits"], transB=1),
    ]
    inputs = [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["N", 3, "H", "W"])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 2])]
    weights = [numpy_helper.from_array(np.float32(values), name) for name, values in WEIGHTS.items()]
    graph = helper.make_graph(nodes, "example", inputs, outputs, weights)
    # An old format and an old set of operators, so that old versions of ONNX Runtime read the file as well.
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])
    checker.check_model(model, full_check=True)
    save(model, Path(__file__).parent / "model.onnx")


if __name__ == "__main__":
    main()
