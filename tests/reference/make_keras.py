"""A small network of Keras as ONNX files, and what it computes.

    python tests/reference/make_keras.py

writes tests/fixtures/onnx/keras: BACKEND.onnx for the two ways in which Keras exports such files, `tensorflow` (through tf2onnx)
and `torch` (through TorchScript), each a network with channels last and a softmax at its end, and BACKEND.safetensors with

    input              [2, 3, 16, 16]
    logits             [2, 5], before the softmax, by ONNX Runtime
    input_gradient     that of sum_i logits[i, targets[i]] with respect to the input, by Keras in float64
    activation         [2, C, h, w], what the layer named in the metadata returns (by no name, where the exporter left none), and
    gradient           that of the same sum with respect to it

`make_parity.py` compares whole networks of keras.applications by the functions below. Which backend Keras has is settled when it
is imported, so each has a process of its own.
"""

import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from safetensors.numpy import save_file

FOLDER = Path(__file__).parent.parent / "fixtures" / "onnx" / "keras"
TARGETS = [1, 3]


def main() -> None:
    if len(sys.argv) > 1:
        small(sys.argv[1])
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for backend in ("tensorflow", "torch"):
        given = os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run([sys.executable, __file__, backend], check=True, env=given)


def small(backend: str) -> None:
    path = FOLDER / f"{backend}.onnx"
    write(path, network, 16, "separable")
    network_ = onnx.load(path)
    # Where PyTorch's exporter stood in the source is nobody's business.
    for node in network_.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del network_.graph.value_info[:]
    onnx.save(network_, path)


def network(head: str | None):
    """What networks of Keras are made of: padding on one side alone, depthwise convolutions, a gate, sums, joins."""
    from keras import Input, Model, layers

    x = inputs = Input((16, 16, 3), name="pictures")
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem")(x)
    x = layers.BatchNormalization(name="stem_norm")(x)
    x = skip = layers.ReLU(6.0, name="stem_relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
    x = layers.BatchNormalization(name="depthwise_norm")(x)
    x = layers.Activation("silu", name="depthwise_silu")(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    gate = layers.Conv2D(8, 1, activation="sigmoid", name="excite")(gate)
    x = layers.Multiply(name="gated")([x, gate])
    x = layers.Add(name="sum")([x, skip])
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name="pad")(x)
    x = layers.SeparableConv2D(12, 3, strides=2, name="separable")(x)
    x = layers.ReLU(name="rectified")(x)
    pooled = layers.AveragePooling2D(2, padding="same", name="average")(skip)
    x = layers.Concatenate(name="joined")([x, layers.MaxPooling2D(3, strides=2, padding="same", name="largest")(skip), pooled])
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    return Model(inputs, layers.Dense(5, activation=head, name="head")(x))


# Of any network


def write(path: Path, build, side: int, layer: str, exact_logits: bool = False) -> None:
    """Exports the network that `build` makes with a head, and notes beside it what it computes at a layer and before the head.

    With `exact_logits`, the logits in float64 are noted under that name, too.
    """
    import keras

    warnings.filterwarnings("ignore")
    keras.utils.set_random_seed(0)
    model = build("softmax")
    x = np.random.default_rng(1).normal(size=(2, side, side, 3)).astype(np.float32)
    settle(model, side)
    model(x[:1])
    model.export(path, format="onnx", verbose=False)
    single = differentiable(keras, build, "float32", model, layer)
    exact = differentiable(keras, build, "float64", model, layer)(x)
    random = np.random.default_rng(4)
    near = [x] + [(x * (1 + 1e-7 * random.normal(size=x.shape))).astype(np.float32) for _ in range(3)]
    near = [single(x) for x in near]
    off = lambda found, key: float(np.linalg.norm(found[key] - exact[key]) / np.linalg.norm(exact[key]))
    far = {key: max(off(found, key) for found in near) for key in exact}
    tensors = {key: first(array.astype(np.float32)) for key, array in (exact | {"input": x}).items() if key != "logits"}
    tensors["logits"] = logits(path, x)
    if exact_logits:
        tensors["exact_logits"] = np.ascontiguousarray(exact["logits"])
    else:
        del far["logits"]
    notes = {"targets": TARGETS, "layer": called(path, layer), "operators": [], "float32": far}
    save_file(tensors, path.with_suffix(".safetensors"), {"reference": json.dumps(notes)})


def first(array: np.ndarray) -> np.ndarray:
    """With the channels second."""
    return np.ascontiguousarray(array.transpose(0, 3, 1, 2)) if array.ndim == 4 else array


def called(path: Path, layer: str) -> str:
    """The name of the call that makes a layer's result, if the exporter left names."""
    names = [node.name for node in onnx.load(path).graph.node if re.search(rf"/{layer}(_\d+)?/", node.name)]
    return names[-1] if names else ""


def logits(path: Path, x: np.ndarray) -> np.ndarray:
    """What ONNX Runtime computes before the softmax."""
    asked = onnx.load(path)
    (softmax,) = [node for node in asked.graph.node if node.op_type == "Softmax" and node.output[0] == asked.graph.output[0].name]
    del asked.graph.output[:]
    asked.graph.output.append(helper.make_tensor_value_info(softmax.input[0], TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(asked.SerializeToString())
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def settle(model, side: int) -> None:
    """Makes a network as a trained one is: no weight is zero, and batch norms have statistics of pictures."""
    from keras import layers

    random = np.random.default_rng(3)
    for weight in model.trainable_weights:
        if not weight.numpy().any():
            weight.assign(random.normal(size=weight.shape, scale=0.1).astype(np.float32))
    norms = [layer for layer in model._flatten_layers() if isinstance(layer, layers.BatchNormalization)]
    for norm in norms:
        norm.momentum, norm.usual = 0.0, norm.momentum
    model(random.normal(size=(4, side, side, 3)).astype(np.float32), training=True)
    for norm in norms:
        norm.momentum = norm.usual


def differentiable(keras, build, kind: str, trained, layer: str):
    """The network in numbers of a kind, as a function from pictures to the tensors of the reference."""
    keras.config.set_floatx(kind)
    model = build(None)
    model.set_weights([weight.astype(kind) for weight in trained.get_weights()])
    inner = keras.Model(model.inputs, [model.get_layer(layer).output, model.output])
    keras.config.set_floatx("float32")

    def by_tensorflow(x: np.ndarray) -> dict:
        import tensorflow as tf

        x = tf.constant(x.astype(kind))
        with tf.GradientTape() as tape:
            tape.watch(x)
            activation, logits = inner(x, training=False)
            total = sum(logits[row, target] for row, target in enumerate(TARGETS))
        return dict(logits=logits.numpy(), activation=activation.numpy(), **named([part.numpy() for part in tape.gradient(total, [x, activation])]))

    def by_torch(x: np.ndarray) -> dict:
        import torch

        x = torch.from_numpy(x.astype(kind)).requires_grad_()
        activation, logits = inner(x, training=False)
        total = sum(logits[row, target] for row, target in enumerate(TARGETS))
        parts = torch.autograd.grad(total, [x, activation])
        return dict(logits=logits.detach().numpy(), activation=activation.detach().numpy(), **named([part.numpy() for part in parts]))

    return by_torch if keras.backend.backend() == "torch" else by_tensorflow


def named(gradients: list) -> dict:
    return dict(zip(("input_gradient", "gradient"), gradients))


if __name__ == "__main__":
    main()
