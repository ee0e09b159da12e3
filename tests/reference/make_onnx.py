"""Small networks as ONNX files, and what they compute.

    python tests/reference/make_onnx.py [exported] [made] [refused]

writes tests/fixtures/onnx:

    dynamo/CASE.onnx      the modules of make_pt2.py as PyTorch's exporter writes them, for any number of pictures;
    script/CASE.onnx      as the exporter before it did, through TorchScript;
    fixed/CASE.onnx       some of them by either for one picture, or for two. What all these compute is in pt2/CASE.safetensors.

    made/CASE.onnx        networks put together operator by operator: as TensorFlow's converters write them, with channels last;
                          with tails that make labels of scores; with several results; with weights in a file beside; with operators
                          of their own; and many operators at once, in old and new sets of them. CASE.safetensors has

        input             [2, 3, 8, 8]
        logits            what ONNX Runtime computes of it, [2, K], before any cut tail or last sigmoid or softmax

    refused/REASON.onnx   files that must not load, each named after the reason, some of them hostile.

An operator that an exporter does not write, or writes in another way than PyTorch computes, is left out.
"""

import contextlib
import io
import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from make_pt2 import CASES, SHAPE
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument
from safetensors.numpy import save_file
from torch import nn

FOLDER = Path(__file__).parent.parent / "fixtures" / "onnx"

# What neither exporter writes as PyTorch computes it, or only with operators that Reglet does not run.
LEFT_OUT = ("norm", "batch", "shuffled", "by_name")


def main() -> None:
    warnings.filterwarnings("ignore")
    parts = {"exported": all_exported, "made": made, "refused": refused}
    for part in sys.argv[1:] or parts:
        parts[part]()


def emptied(*folders: str) -> None:
    for folder in folders:
        shutil.rmtree(FOLDER / folder, ignore_errors=True)
        (FOLDER / folder).mkdir(parents=True)


def all_exported() -> None:
    emptied("dynamo", "script", "fixed")
    for name in CASES:
        if name not in LEFT_OUT:
            for exporter in ("dynamo", "script"):
                tried(name, FOLDER / exporter / f"{name}.onnx", exporter, None)
    for name in ("layers", "windows", "twice", "products"):
        for exporter, count in (("dynamo", 1), ("script", 1), ("script", 2)):
            tried(name, FOLDER / "fixed" / f"{exporter}-{count}-{name}.onnx", exporter, count)


# The modules of make_pt2.py


def module(name: str) -> tuple[nn.Module, torch.Tensor]:
    """The module with the weights and the input that the reference was made with."""
    torch.manual_seed(0)
    model = CASES[name]()
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2.0)
    return model.eval(), torch.randn(SHAPE)


def tried(name: str, path: Path, exporter: str, count: int | None) -> None:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            export(name, path, exporter, count)
    except Exception as error:
        path.unlink(missing_ok=True)
        print(f"left out {path.parent.name}/{path.stem}: {str(error).splitlines()[0][:150]}", file=sys.stderr)


def export(name: str, path: Path, exporter: str, count: int | None) -> None:
    model, x = module(name)
    options = {"input_names": ["pictures"], "output_names": ["logits"], "verbose": False}
    if exporter == "dynamo":
        if count is None:
            sizes = {0: torch.export.Dim("batch")}
            if name == "open":
                sizes |= {2: torch.export.Dim("height", min=4), 3: torch.export.Dim("width", min=4)}
            options["dynamic_shapes"] = (sizes,)
        torch.onnx.export(model, (x[:count],), path, dynamo=True, external_data=False, **options)
    else:
        if count is None:
            sizes = {0: "batch"} | ({2: "height", 3: "width"} if name == "open" else {})
            options["dynamic_axes"] = {"pictures": sizes}
        torch.onnx.export(model, (x[:count],), path, dynamo=False, opset_version=17, **options)
    network = onnx.load(path)
    clean(network)
    onnx.save(network, path)
    session = onnxruntime.InferenceSession(network.SerializeToString())
    given = x[:count].numpy()
    try:
        found = session.run(None, {"pictures": given})[0]
    except InvalidArgument as error:
        # It has no dilated convolution with automatic padding; PyTorch's numbers count all the same.
        print(f"not run {path.parent.name}/{path.stem}: {str(error).splitlines()[0][:150]}", file=sys.stderr)
        return
    expected = model(x[:count]).detach().numpy()
    if not np.allclose(found, expected, rtol=1e-4, atol=1e-4):
        raise ValueError(f"ONNX Runtime computes something else, {np.abs(found - expected).max():.1e} off")


def clean(network: onnx.ModelProto) -> None:
    """Leaves out where each call stands in the source, with paths of the machine, which is nobody's business."""
    kept = ("pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy")
    for node in network.graph.node:
        entries = [entry for entry in node.metadata_props if entry.key in kept]
        del node.metadata_props[:]
        node.metadata_props.extend(entries)
        node.doc_string = ""
    for value in [*network.graph.value_info, *network.graph.input, *network.graph.output, *network.graph.initializer]:
        value.doc_string = ""
        if hasattr(value, "metadata_props"):
            del value.metadata_props[:]
    del network.graph.value_info[:]
    del network.graph.metadata_props[:]
    del network.metadata_props[:]


# Networks put together here

FLOAT = onnx.AttributeProto.FLOAT

# The set of the operators that a file defines itself.
OWN = "own.blocks"


class Builder:
    """A graph, call by call."""

    def __init__(self, seed: int = 0):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants, self.count = [], [], 0

    def weight(self, *shape: int) -> str:
        return self.constant((self.random.normal(size=shape) * 0.5).astype(np.float32))

    def constant(self, array) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def integers(self, *numbers: int) -> str:
        return self.constant(np.array(numbers, dtype=np.int64))

    def call(self, operator: str, *inputs: str, results: int = 1, domain: str = "", **attributes):
        names = [f"{operator.lower()}_{self.count}" + (f":{place}" if place else "") for place in range(results)]
        node = helper.make_node(operator, inputs, names, name=f"net/{operator}_{self.count}", domain=domain, **attributes)
        self.nodes.append(node)
        self.count += 1
        return names[0] if results == 1 else names

    def model(self, outputs, opset: int = 17, shape=("batch", 3, 8, 8), kind=TensorProto.FLOAT, inputs=(), ir: int = 9, functions=()):
        values = [helper.make_tensor_value_info("pictures", kind, shape), *inputs]
        results = [
            output if isinstance(output, onnx.ValueInfoProto) else helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
            for output in outputs
        ]
        graph = helper.make_graph(self.nodes, "net", values, results, self.constants)
        sets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
        sets += [helper.make_opsetid(OWN, 1)] if functions else []
        return helper.make_model(graph, producer_name="by hand", opset_imports=sets, ir_version=ir, functions=functions)


def save(network: onnx.ModelProto, name: str, logits: str | None = None, x: np.ndarray | None = None, **options) -> None:
    """Saves a network, and what ONNX Runtime computes up to a value."""
    onnx.save(network, FOLDER / "made" / f"{name}.onnx", **options)
    if x is None:
        x = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    asked = onnx.ModelProto()
    asked.CopyFrom(network)
    if logits is not None:
        del asked.graph.output[:]
        asked.graph.output.append(helper.make_tensor_value_info(logits, TensorProto.FLOAT, None))
    last = network.graph.input[0].type.tensor_type.shape.dim[3].dim_value == 3
    given = x.transpose(0, 2, 3, 1).copy() if last else x
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if options:
        session = onnxruntime.InferenceSession(FOLDER / "made" / f"{name}.onnx", settings)
    else:
        session = onnxruntime.InferenceSession(asked.SerializeToString(), settings)
    fixed = network.graph.input[0].type.tensor_type.shape.dim[0].dim_value
    rows = [given[at : at + 1] for at in range(len(given))] if fixed == 1 else [given]
    found = np.concatenate([session.run(None, {"pictures": row})[0] for row in rows])
    tensors = {"input": x, "logits": found.reshape(len(x), -1)}
    save_file(tensors, FOLDER / "made" / f"{name}.safetensors", {"reference": json.dumps({})})


def made() -> None:
    emptied("made")
    channels_last()
    tails()
    results()
    operators()
    new_operators()
    old_operators()
    shapes()
    external()
    scattered()
    functions()
    further_operators()
    places()
    ranges()
    open_windows()
    sampled()


def channels_last() -> None:
    """As converters from TensorFlow write networks: transposed for each convolution, or only at the ends."""
    for eager in (False, True):
        b = Builder()
        to_first, to_last = {"perm": [0, 3, 1, 2]}, {"perm": [0, 2, 3, 1]}
        x = b.call("Transpose", "pictures", **to_first)
        x = b.call("Conv", x, b.weight(4, 3, 3, 3), auto_pad="SAME_UPPER", strides=[2, 2])
        if eager:
            x = b.call("Transpose", x, **to_last)
            x = b.call("Add", x, b.weight(4))
            x = b.call("Clip", b.call("Mul", x, b.weight(1, 1, 1, 4)), b.constant(np.float32(0)), b.constant(np.float32(6)))
            skip = x
            x = b.call("Pad", x, b.integers(0, 0, 0, 0, 0, 1, 1, 0))
            x = b.call("Transpose", x, **to_first)
            x = b.call("Conv", x, b.weight(4, 1, 3, 3), group=4, pads=[1, 1, 0, 0])
            x = b.call("Transpose", x, **to_last)
            # The gate of squeeze and excitation.
            gate = b.call("ReduceMean", x, axes=[1, 2], keepdims=1)
            gate = b.call("Transpose", gate, **to_first)
            gate = b.call("Sigmoid", b.call("Conv", gate, b.weight(4, 4, 1, 1), b.weight(4)))
            gate = b.call("Transpose", gate, **to_last)
            x = b.call("Add", b.call("Mul", x, gate), skip)
            x = b.call("Concat", x, skip, axis=3)
            first, second = b.call("Split", x, b.integers(3, 5), results=2, axis=-1)
            x = b.call("Concat", second, first, axis=-1)
            x = b.call("Slice", x, b.integers(0, 1), b.integers(4, 100), b.integers(1, 2))
            x = b.call("Transpose", x, **to_first)
            x = b.call("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
            x = b.call("Transpose", x, **to_last)
            x = b.call("Softmax", x, axis=3)
            x = b.call("Resize", x, "", b.constant(np.array([1, 2, 2, 1], dtype=np.float32)), mode="nearest",
                       coordinate_transformation_mode="asymmetric", nearest_mode="floor")
            x = b.call("Squeeze", b.call("ReduceMax", x, axes=[1], keepdims=1), b.integers(1))
            x = b.call("ReduceMean", x, axes=[1], keepdims=0)
            x = b.call("Add", b.call("MatMul", x, b.weight(8, 5)), b.weight(5))
        else:
            x = b.call("BatchNormalization", x, b.weight(4), b.weight(4), b.weight(4), b.constant(np.ones(4, dtype=np.float32)))
            x = b.call("MaxPool", b.call("Relu", x), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
            x = b.call("Transpose", x, **to_last)
            x = b.call("Reshape", x, b.integers(-1, 16))
            x = b.call("Gemm", x, b.weight(16, 5), b.weight(5))
        x = b.call("Softmax", x)
        logits = b.nodes[-1].input[0]
        save(b.model([x], shape=("batch", 8, 8, 3)), "channels_last_eager" if eager else "channels_last", logits)


def features(b: Builder, classes: int) -> str:
    x = b.call("Relu", b.call("Conv", "pictures", b.weight(4, 3, 3, 3), b.weight(4), pads=[1, 1, 1, 1]))
    x = b.call("Flatten", b.call("GlobalAveragePool", x))
    return b.call("Gemm", x, b.weight(classes, 4), b.weight(classes), transB=1)


def tails() -> None:
    """What makes labels and dictionaries of scores, as scikit-learn's converter writes it."""
    b = Builder()
    logits = features(b, 3)
    scores = b.call("Softmax", logits)
    places = b.call("ArgMax", scores, axis=1, keepdims=0)
    labels = b.constant(np.array([2, 5, 7], dtype=np.int64))
    label = b.call("ArrayFeatureExtractor", labels, places, domain="ai.onnx.ml")
    text = b.call("LabelEncoder", label, domain="ai.onnx.ml", keys_int64s=[2, 5, 7], values_strings=["a", "b", "c"])
    map_ = b.call("ZipMap", scores, domain="ai.onnx.ml", classlabels_strings=["a", "b", "c"])
    maps = helper.make_value_info(map_, helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))))
    save(b.model([helper.make_tensor_value_info(text, TensorProto.STRING, None), maps]), "zipmap", logits)
    b = Builder()
    logits = features(b, 4)
    save(b.model([helper.make_tensor_value_info(b.call("ArgMax", logits, axis=1, keepdims=0), TensorProto.INT64, None)]), "argmax", logits)


def results() -> None:
    """Several results, and heads."""
    b = Builder()
    logits = features(b, 3)
    b.nodes[-1].output[0] = "logits"
    save(b.model(["logits", b.nodes[2].output[0]]), "named", "logits")
    b = Builder()
    features(b, 3)
    b.nodes[-1].output[0] = "first"
    other = b.call("Gemm", b.nodes[-1].input[0], b.weight(2, 4), transB=1)
    b.nodes[-1].output[0] = "second"
    save(b.model(["first", "second"]), "two", "second")
    b = Builder()
    logits = features(b, 3)
    save(b.model([b.call("Sigmoid", logits)]), "sigmoids", logits)
    b = Builder()
    x = b.call("Conv", "pictures", b.weight(5, 3, 8, 8))
    save(b.model([x], shape=(1, 3, 8, 8)), "one_pixel", x)


def operators() -> None:
    """Many operators at once, a few numbers of each."""
    b = Builder()
    x = "pictures"
    found = []

    def keep(*values: str) -> None:
        for value in values:
            flat = b.call("Flatten", value)
            found.append(b.call("Slice", flat, b.integers(0), b.integers(6), b.integers(1)))

    scalar = lambda number: b.constant(np.float32(number))
    positive = b.call("Add", b.call("Abs", x), scalar(0.5))
    keep(*[b.call(name, x) for name in ("Softsign", "Selu", "Celu", "Ceil", "Round", "Sign", "HardSwish", "Floor", "Erf")])
    keep(b.call("Elu", x, alpha=0.7), b.call("HardSigmoid", x), b.call("HardSigmoid", x, alpha=1 / 6), b.call("ThresholdedRelu", x, alpha=0.3))
    keep(b.call("PRelu", x, b.weight(3, 1, 1)), b.call("LeakyRelu", x, alpha=0.2), b.call("LRN", x, size=3, alpha=0.3, beta=0.6, bias=1.2))
    keep(b.call("Clip", x, scalar(-0.5)), b.call("Clip", x, "", scalar(0.5)), b.call("Max", x, scalar(0.1), b.call("Neg", x)), b.call("Min", x, positive))
    keep(b.call("Sum", x, positive, x), b.call("Mean", x, positive), b.call("Sub", scalar(1), x), b.call("Div", scalar(2), positive), b.call("Pow", positive, scalar(0.3)))
    keep(b.call("Pow", scalar(2), x), b.call("Mod", x, positive, fmod=1))
    keep(b.call("Where", b.call("And", b.call("Greater", x, scalar(0)), b.call("Less", x, scalar(1))), x, scalar(3)))
    keep(b.call("Cast", b.call("Or", b.call("LessOrEqual", x, scalar(0)), b.call("Not", b.call("GreaterOrEqual", x, scalar(1)))), to=1))
    for name in ("ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp", "ReduceMin", "ReduceMax", "ReduceMean"):
        keep(b.call(name, x, axes=[2, 3], keepdims=0), b.call(name, x, axes=[-1]))
    keep(b.call("ReduceSum", x, b.integers(2, 3), keepdims=0), b.call("CumSum", x, b.integers(2)), b.call("LpNormalization", x, axis=1))
    keep(b.call("DepthToSpace", b.call("SpaceToDepth", x, blocksize=4), blocksize=2), b.call("DepthToSpace", b.call("SpaceToDepth", x, blocksize=2), blocksize=2, mode="CRD"))
    keep(b.call("ConvTranspose", x, b.weight(3, 2, 3, 3), b.weight(2), strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]))
    keep(b.call("Conv", x, b.weight(2, 3, 3, 3), pads=[0, 1, 2, 1], strides=[2, 1]), b.call("Conv", x, b.weight(3, 1, 2, 2), group=3, auto_pad="SAME_LOWER"))
    keep(b.call("MaxPool", x, kernel_shape=[2, 2], pads=[0, 0, 1, 1], strides=[2, 2]), b.call("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1))
    keep(b.call("AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1]), b.call("AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1))
    keep(b.call("AveragePool", x, kernel_shape=[3, 3], pads=[1, 0, 0, 1]), b.call("GlobalMaxPool", x))
    keep(b.call("InstanceNormalization", x, b.weight(3), b.weight(3)), b.call("LayerNormalization", x, b.weight(8), b.weight(8)), b.call("LayerNormalization", x, b.weight(3, 8, 8), axis=1))
    keep(b.call("Pad", x, b.integers(0, 0, 1, 2, 0, 0, 2, 1), mode="reflect"), b.call("Pad", x, b.integers(0, 0, 1, 0, 0, 0, 0, 1), mode="edge"), b.call("Pad", x, b.integers(0, 1, 0, 0, 0, 0, 1, 0), scalar(2)))
    half = {"coordinate_transformation_mode": "half_pixel"}
    scales = b.constant(np.array([1, 1, 2, 2], dtype=np.float32))
    keep(b.call("Resize", x, "", scales, mode="nearest", **half), b.call("Resize", x, "", scales, mode="linear", **half))
    keep(b.call("Resize", x, "", b.constant(np.array([1, 1, 0.625, 0.75], dtype=np.float32)), mode="linear", coordinate_transformation_mode="align_corners"))
    keep(b.call("Resize", x, "", scales, mode="cubic", **half), b.call("Resize", x, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"))
    keep(b.call("Gather", x, b.integers(2, 0), axis=1), b.call("Gather", x, b.constant(np.int64(-1)), axis=2), b.call("Gather", x, b.constant(np.array([[0, 1], [2, 1]])), axis=1))
    keep(b.call("Slice", x, b.integers(-1), b.integers(-100), b.integers(3), b.integers(-1)), b.call("Slice", x, b.integers(1), b.integers(7), b.integers(2), b.integers(2)))
    keep(*b.call("Split", x, b.integers(1, 2), results=2, axis=1), b.call("Tile", x, b.integers(1, 2, 1, 3)), b.call("Expand", b.call("Slice", x, b.integers(0), b.integers(1), b.integers(1)), b.integers(1, 4, 1, 1)))
    keep(b.call("Trilu", x, upper=0), b.call("Trilu", x, b.constant(np.int64(1))), b.call("Einsum", x, b.weight(8, 5), equation="bchw,wk->bchk"))
    keep(b.call("MatMul", x, b.call("Transpose", x, perm=[0, 1, 3, 2])), b.call("MatMul", b.weight(5, 8), x), b.call("LogSoftmax", x, axis=1))
    rows = b.call("Flatten", x)
    keep(b.call("Gemm", rows, b.weight(192, 4), b.weight(4), alpha=0.5, beta=2.0), b.call("Gemm", rows, b.weight(4, 192), transB=1))
    condition = b.constant(np.bool_(True))
    yes = helper.make_graph([helper.make_node("Mul", [x, positive], ["yes"], name="yes")], "yes", [], [helper.make_tensor_value_info("yes", TensorProto.FLOAT, None)])
    no = helper.make_graph([helper.make_node("Det", [x], ["no"], name="no")], "no", [], [helper.make_tensor_value_info("no", TensorProto.FLOAT, None)])
    keep(b.call("If", condition, then_branch=yes, else_branch=no))
    save(b.model([b.call("Concat", *found, axis=1)]), "operators")


def new_operators() -> None:
    """What came with the sets of operators 18 to 23."""
    b = Builder()
    x = "pictures"
    found = []
    for value in (
        b.call("Mish", x), b.call("Gelu", x), b.call("Gelu", x, approximate="tanh"), b.call("ReduceMean", x, b.integers(2, 3), keepdims=0),
        b.call("ReduceL2", x, b.integers(-1)), *b.call("Split", x, results=2, axis=2, num_outputs=2), b.call("Pad", x, b.integers(1, 2), "", b.integers(3), mode="constant"),
        b.call("GroupNormalization", b.call("Concat", x, x, axis=1), b.weight(6), b.weight(6), num_groups=2), b.call("Resize", x, "", b.constant(np.array([2, 2], dtype=np.float32)), axes=[2, 3], mode="linear"),
        b.call("Attention", x, x, x), b.call("Attention", b.call("Reshape", x, b.integers(0, 3, 64)), b.call("Reshape", x, b.integers(0, 3, 64)), b.call("Reshape", x, b.integers(0, 3, 64)), q_num_heads=4, kv_num_heads=4, scale=0.3),
        b.call("RMSNormalization", x, b.weight(8)), b.call("Reshape", x, b.integers(0, -1, 4)),
    ):
        flat = b.call("Flatten", value)
        found.append(b.call("Slice", flat, b.integers(0), b.integers(6), b.integers(1)))
    save(b.model([b.call("Concat", *found, axis=1)], opset=23, ir=11), "new_operators")


def old_operators() -> None:
    """The sets of operators before 13, in which many arguments were attributes and a softmax took all that follows."""
    b = Builder()
    x = "pictures"
    found = []
    for value in (
        b.call("Softmax", x, axis=1), b.call("LogSoftmax", x), b.call("Squeeze", b.call("ReduceSum", x, axes=[3]), axes=[3]),
        b.call("Unsqueeze", x, axes=[1, 5]), b.call("Dropout", x, ratio=0.3), *b.call("Split", x, results=3, axis=1),
        b.call("ReduceMean", x, axes=[2, 3]), b.call("BatchNormalization", x, b.weight(3), b.weight(3), b.weight(3), b.constant(np.full(3, 2, dtype=np.float32)), momentum=0.8),
    ):
        flat = b.call("Flatten", value)
        found.append(b.call("Slice", flat, b.integers(0), b.integers(6), b.integers(1)))
    save(b.model([b.call("Concat", *found, axis=1)], opset=11, ir=6), "old_operators")
    b = Builder()
    found = []
    for value in (
        b.call("Clip", x, min=-0.3, max=0.4), b.call("Pad", x, mode="constant", pads=[0, 0, 1, 1, 0, 0, 0, 2], value=1.5),
        b.call("Upsample", x, b.constant(np.array([1, 1, 2, 2], dtype=np.float32)), mode="nearest"), b.call("Slice", x, starts=[1, 2], ends=[3, 100], axes=[1, 2]),
    ):
        flat = b.call("Flatten", value)
        found.append(b.call("Slice", flat, starts=[0], ends=[6], axes=[1]))
    save(b.model([b.call("Concat", *found, axis=1)], opset=9, ir=4), "older_operators")


def shapes() -> None:
    """Shapes that are computed, as exporters write them, for a fixed number of pictures and for any."""
    for shape, name in (((1, 3, 8, 8), "shapes_of_one"), (("batch", 3, 8, 8), "shapes_of_any"), (("batch", 3, "height", "width"), "shapes_open")):
        b = Builder()
        x = b.call("Conv", "pictures", b.weight(4, 3, 3, 3), pads=[1, 1, 1, 1], strides=[2, 2])
        size = b.call("Shape", x)
        take = lambda place: b.call("Unsqueeze", b.call("Gather", size, b.constant(np.int64(place)), axis=0), b.integers(0))
        pixels = b.call("Mul", take(2), take(3))
        x = b.call("Reshape", x, b.call("Concat", take(0), take(1), pixels, axis=0))
        x = b.call("Transpose", x, perm=[0, 2, 1])
        # A class token, by the number of pictures as the exporter knew it.
        target = b.call("Concat", take(0), b.integers(-1, -1), axis=0)
        ones = b.call("ConstantOfShape", b.integers(3), value=numpy_helper.from_array(np.array([1], dtype=np.int64)))
        target = b.call("Where", b.call("Equal", target, b.call("Mul", ones, b.integers(-1))), ones, target)
        token = b.call("Expand", b.weight(1, 1, 4), target)
        x = b.call("Concat", token, x, axis=1)
        if name == "shapes_of_one":
            x = b.call("Concat", b.weight(1, 2, 4), x, axis=1)
            x = b.call("Reshape", x, b.integers(1, -1, 2, 2))
            x = b.call("Reshape", x, b.integers(19, 4))
            x = b.call("Reshape", x, b.integers(1, 19, 4))
        scores = b.call("MatMul", x, b.call("Transpose", x, perm=[0, 2, 1]))
        x = b.call("MatMul", b.call("Softmax", scores, axis=-1), x)
        x = b.call("Gather", x, b.constant(np.int64(0)), axis=1)
        x = b.call("Gemm", x, b.weight(5, 4), transB=1)
        save(b.model([x], shape=shape), name)


def external() -> None:
    b = Builder()
    x = features(b, 5)
    save(b.model([x]), "external", save_as_external_data=True, location="external.bin", size_threshold=0)


def scattered() -> None:
    """Numbers put and added to places: of whole rows, of single numbers, of a constant."""
    b = Builder()
    rows = b.call("Transpose", "pictures", perm=[1, 0, 2, 3])
    put = b.call("ScatterND", rows, b.integers([2], [0]), b.call("Gather", rows, b.integers(1, 1), axis=0))
    put = b.call("Transpose", put, perm=[1, 0, 2, 3])
    pixels = b.call("Transpose", "pictures", perm=[2, 3, 0, 1])
    sums = b.call("ScatterND", pixels, b.integers([1, 2], [-1, 0], [1, 2]), b.call("Gather", b.call("Gather", pixels, b.integers(3, 4, 5), axis=0), b.constant(np.int64(0)), axis=1), reduction="add")
    sums = b.call("Transpose", sums, perm=[2, 3, 0, 1])
    mask = b.call("ConstantOfShape", b.integers(8, 8), value=numpy_helper.from_array(np.ones(1, dtype=np.float32)))
    mask = b.call("ScatterND", mask, b.integers([[0, 0], [3, 4]], [[7, 7], [2, 1]]), b.weight(2, 2))
    x = b.call("Mul", b.call("Add", put, sums), mask)
    x = b.call("Conv", x, b.weight(4, 3, 3, 3))
    x = b.call("Flatten", b.call("GlobalAveragePool", b.call("Tanh", x)))
    save(b.model([b.call("Gemm", x, b.weight(5, 4), transB=1)], opset=18), "scattered")


def further_operators() -> None:
    """What few networks have: convolutions along a line, weights that are standardised each time, functions of angles."""
    b = Builder()
    x = "pictures"
    found = []
    rows = b.call("Reshape", x, b.integers(0, 3, 64))
    small = b.call("Mul", x, b.constant(np.float32(0.2)))
    large = b.call("Add", b.call("Abs", x), b.constant(np.float32(1.5)))
    # As PyTorch's exporter writes it. ONNX Runtime normalises by the statistics that it is given, so they are those of the weight.
    raw = b.random.normal(size=(1, 4, 27)).astype(np.float32)
    given = [b.constant(array.astype(np.float32)) for array in (raw, np.ones(4), np.zeros(4), raw.mean((0, 2)), raw.var((0, 2)))]
    weight = b.call("BatchNormalization", *given, results=3, training_mode=1, momentum=1.0)[0]
    weight = b.call("Reshape", weight, b.integers(4, 3, 3, 3))
    for value in (
        b.call("Conv", rows, b.weight(2, 3, 5), b.weight(2), pads=[2, 1], strides=[2]), b.call("Conv", rows, b.weight(3, 1, 3), group=3, dilations=[2], auto_pad="VALID"),
        b.call("Conv", x, weight), b.call("GlobalAveragePool", rows), b.call("GlobalMaxPool", rows), *[b.call(name, small) for name in ("Tan", "Sinh", "Cosh", "Asinh", "Atan", "Asin", "Acos", "Atanh")],
        b.call("Acosh", large), b.call("ReduceLogSum", large, b.integers(2, 3), keepdims=0),
    ):
        flat = b.call("Flatten", value)
        found.append(b.call("Slice", flat, b.integers(0), b.integers(6), b.integers(1)))
    save(b.model([b.call("Concat", *found, axis=1)], opset=18), "further_operators")


def places() -> None:
    """Numbers taken from places in several dimensions at once: computed for each picture, for each channel, from the end, and constant."""
    b = Builder()
    x = "pictures"
    found = []

    def keep(value: str) -> None:
        found.append(b.call("Slice", b.call("Flatten", value), b.integers(0), b.integers(8), b.integers(1)))

    whole = b.call("Cast", b.call("Clip", b.call("Mul", b.call("Abs", x), b.constant(np.float32(3))), b.constant(np.float32(0)), b.constant(np.float32(7))), to=TensorProto.INT64)
    column = lambda start: b.call("Slice", b.call("Gather", whole, b.constant(np.int64(0)), axis=1), b.integers(0, start), b.integers(4, start + 1), b.integers(1, 2))
    from_end = b.call("Sub", column(2), b.integers(8))
    pixels = b.call("Transpose", x, perm=[0, 2, 3, 1])
    keep(b.call("GatherND", pixels, b.call("Concat", column(0), from_end, axis=2), batch_dims=1))
    keep(b.call("GatherND", pixels, column(1), batch_dims=1))
    of_channels = b.call("Concat", b.call("Slice", whole, b.integers(0), b.integers(1), b.integers(3)), b.call("Slice", whole, b.integers(3), b.integers(4), b.integers(3)), axis=3)
    keep(b.call("GatherND", x, of_channels, batch_dims=2))
    listed = b.call("GatherND", b.call("Transpose", x, perm=[1, 2, 0, 3]), b.integers([0, 3], [2, -1]))
    keep(b.call("Transpose", listed, perm=[1, 0, 2]))
    save(b.model([b.call("Concat", *found, axis=1)]), "places")
    b = Builder()
    listed = b.constant(np.array([[[0, 3, -1], [2, 7, 0], [1, -8, 4], [0, 0, 0]]], dtype=np.int64))
    x = b.call("GatherND", "pictures", listed, batch_dims=1)
    save(b.model([b.call("Gemm", b.call("Tanh", x), b.weight(5, 4), transB=1)], shape=(1, 3, 8, 8)), "places_of_one")


def ranges() -> None:
    """Numbers that are counted, of either kind and in either direction, and products along dimensions."""
    b = Builder()
    x = "pictures"
    found = []
    single = lambda number: b.constant(np.float32(number))
    whole = lambda number: b.constant(np.int64(number))
    size = b.call("Shape", x)
    side = b.call("Cast", b.call("Gather", size, whole(2), axis=0), to=TensorProto.FLOAT)
    few = b.call("Slice", x, b.integers(0, 0), b.integers(2, 3), b.integers(2, 3))
    for value in (
        b.call("Mul", x, b.call("Range", single(0.5), single(2.5), single(0.25))), b.call("Add", x, b.call("Range", single(1), single(-0.6), single(-0.2))),
        b.call("Mul", x, b.call("Unsqueeze", b.call("Range", single(0), side, single(1)), b.integers(1))), b.call("Gather", x, b.call("Range", whole(7), whole(-1), whole(-2)), axis=3),
        b.call("Gather", x, b.call("Range", whole(1), b.call("Gather", size, whole(2), axis=0), whole(3)), axis=2),
        b.call("ReduceProd", few, axes=[2, 3], keepdims=0), b.call("ReduceProd", few, axes=[-1]), b.call("ReduceProd", few, axes=[3, 1], keepdims=1),
    ):
        flat = b.call("Flatten", value)
        found.append(b.call("Slice", flat, b.integers(0), b.integers(6), b.integers(1)))
    save(b.model([b.call("Concat", *found, axis=1)], shape=("batch", 3, "height", 8)), "ranges")


def open_windows() -> None:
    """Attention within windows of pictures whose sides are left open: they must be whole numbers of windows."""
    b = Builder()
    x = b.call("Transpose", b.call("Conv", "pictures", b.weight(4, 3, 3, 3), pads=[1, 1, 1, 1]), perm=[0, 2, 3, 1])
    size = b.call("Shape", x)
    n, height, width = [b.call("Slice", size, b.integers(place), b.integers(place + 1)) for place in range(3)]
    high, wide = b.call("Div", height, b.integers(4)), b.call("Div", width, b.integers(4))
    side = b.integers(4)
    shape = lambda *sizes: b.call("Concat", *sizes, axis=0)
    x = b.call("Reshape", x, shape(n, high, side, b.integers(-1), side, side))
    x = b.call("Reshape", b.call("Transpose", x, perm=[0, 1, 3, 2, 4, 5]), b.integers(-1, 16, 4))
    x = b.call("MatMul", b.call("Softmax", b.call("MatMul", x, b.call("Transpose", x, perm=[0, 2, 1])), axis=-1), x)
    x = b.call("Transpose", b.call("Reshape", x, shape(n, high, wide, side, side, side)), perm=[0, 1, 3, 2, 4, 5])
    x = b.call("Reshape", x, shape(n, height, width, side))
    # Back and forth without a size that is left to be found out.
    x = b.call("Reshape", b.call("Reshape", x, shape(n, high, side, wide, side, side)), shape(n, height, width, side))
    x = b.call("ReduceMean", b.call("Mul", x, x), axes=[1, 2], keepdims=0)
    save(b.model([b.call("Gemm", x, b.weight(5, 4), transB=1)], shape=("batch", 3, "height", "width")), "open_windows")


def sampled() -> None:
    """Pictures turned and stretched by what a network sees in them, places of the largest numbers, and norms by own statistics."""
    b = Builder()
    found = []
    slopes = b.call("Tanh", b.call("Conv", "pictures", b.weight(2, 3, 3, 3), pads=[1, 1, 1, 1]))
    places = np.stack(np.meshgrid(np.linspace(-0.8, 0.8, 8), np.linspace(-0.8, 0.8, 8)), axis=-1)[None].astype(np.float32)
    grid = b.call("Add", b.call("Mul", b.call("Transpose", slopes, perm=[0, 2, 3, 1]), b.constant(np.float32(0.2))), b.constant(places))
    x = b.call("Conv", "pictures", b.weight(4, 3, 3, 3), pads=[1, 1, 1, 1])
    values = [b.call("GridSample", x, grid, mode=mode, padding_mode=padding, align_corners=corners) for mode, padding, corners in (("bilinear", "zeros", 0), ("bilinear", "border", 1), ("bicubic", "zeros", 1), ("nearest", "reflection", 0))]
    largest = b.call("ArgMax", x, axis=1, keepdims=1)
    values += [b.call("GatherElements", x, largest, axis=1), b.call("Mul", x, b.call("Cast", b.call("ArgMin", x, axis=-1), to=TensorProto.FLOAT))]
    values += [b.call("MeanVarianceNormalization", x, axes=[2, 3]), b.call("MeanVarianceNormalization", x, axes=[-1])]
    for value in values:
        found.append(b.call("Slice", b.call("Flatten", value), b.integers(0), b.integers(8), b.integers(1)))
    save(b.model([b.call("Concat", *found, axis=1)]), "sampled")


def own(name: str, inputs: list, outputs: list, nodes: list, attributes=(), defaults=(), opset: int = 17):
    """An operator of the file's own."""
    sets = [helper.make_opsetid("", opset), helper.make_opsetid(OWN, 1)]
    return helper.make_function(OWN, name, inputs, outputs, nodes, sets, list(attributes), list(defaults))


def functions() -> None:
    """Operators of the file's own: within each other, with arguments and what stands for those left out, and one of an older set."""
    node = helper.make_node
    slope = node("Elu", ["summed"], ["y"], name="act")
    slope.attribute.append(helper.make_attribute_ref("alpha", FLOAT, ref_attr_name="slope"))
    unit = own("Unit", ["x", "w", "b"], ["y"], [node("Conv", ["x", "w", "b"], ["summed"], name="conv", pads=[1, 1, 1, 1]), slope], defaults=[helper.make_attribute("slope", 0.3)])
    first = node("Unit", ["x", "w"], ["middle"], name="first", domain=OWN)
    first.attribute.append(helper.make_attribute_ref("slope", FLOAT, ref_attr_name="steep"))
    second = node("Unit", ["middle", "v", "b"], ["y"], name="second", domain=OWN)
    block = own("Block", ["x", "w", "v", "b"], ["sum"], [first, second, node("Add", ["x", "y"], ["sum"], name="sum")], attributes=["steep"])
    tail = own("Tail", ["x", "w"], ["y"], [node("ReduceMean", ["x"], ["mean"], axes=[2, 3], keepdims=0), node("MatMul", ["mean", "w"], ["y"])], opset=13)
    b = Builder()
    x = b.call("Conv", "pictures", b.weight(4, 3, 3, 3))
    w, v, bias = b.weight(4, 4, 3, 3), b.weight(4, 4, 3, 3), b.weight(4)
    x = b.call("Block", x, w, v, bias, domain=OWN, steep=0.1)
    x = b.call("Block", x, v, w, bias, domain=OWN)
    x = b.call("Tail", x, b.weight(4, 5), domain=OWN)
    save(b.model([x], functions=[unit, block, tail]), "functions")


# Files that must not load


def refused() -> None:
    emptied("refused")

    def write(name: str, network) -> None:
        data = network if isinstance(network, bytes) else network.SerializeToString()
        (FOLDER / "refused" / f"{name}.onnx").write_bytes(data)

    def plain(classes: int = 3, **options):
        b = Builder()
        return b.model([features(b, classes)], **options)

    whole = plain().SerializeToString()
    write("truncated", whole[: len(whole) * 2 // 3])
    write("empty-model", plain().SerializeToString()[:4])
    write("unknown-operators", plain(opset=99))
    write("unknown-format", plain(ir=99))
    write("two-channels", plain(shape=("batch", 2, 8, 8)))
    write("bytes", plain(kind=TensorProto.UINT8))
    write("two-inputs", plain(inputs=[helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1])]))

    network = plain()
    network.graph.initializer[0].dims[0] = 1 << 40
    write("lying-size", network)
    network = plain()
    network.graph.initializer[0].dims[0] = -4
    write("negative-size", network)
    network = plain()
    del network.graph.initializer[0].dims[:]
    network.graph.initializer[0].dims.extend([1 << 32, 1 << 32, 1 << 32])
    write("overflowing-size", network)
    network = plain()
    network.graph.initializer[0].data_type = 77
    write("unknown-kind", network)
    network = plain()
    network.graph.node.append(network.graph.node[0])
    write("twice", network)
    network = plain()
    network.graph.initializer.append(network.graph.initializer[0])
    write("twice-weight", network)
    network = plain()
    network.graph.node[0].input[0] = network.graph.node[-1].output[0]
    write("cycle", network)
    network = plain()
    network.graph.node[0].input[1] = "nowhere"
    write("unknown-name", network)
    network = plain()
    network.graph.output[0].name = "nowhere"
    write("unknown-result", network)
    network = plain()
    network.graph.node[0].attribute.append(helper.make_attribute("surprise", 1))
    write("unknown-attribute", network)
    network = plain()
    weights = numpy_helper.to_array(network.graph.initializer[0]).copy()
    weights[0] = np.nan
    network.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, network.graph.initializer[0].name))
    write("not-finite", network)

    for name, location in (("outside", "../../../../Cargo.toml"), ("absolute", "/etc/passwd"), ("missing", "nothing.bin"), ("folder", ".")):
        network = plain()
        tensor = network.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", location
        write(f"external-{name}", network)
    network = plain()
    tensor = network.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "twice.onnx"), ("offset", str(1 << 62)), ("length", "432")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    write("external-beyond", network)

    b = Builder()
    x = features(b, 3)
    quantised = b.call("QuantizeLinear", x, b.constant(np.float32(0.1)), b.constant(np.uint8(0)))
    write("quantised", b.model([b.call("DequantizeLinear", quantised, b.constant(np.float32(0.1)), b.constant(np.uint8(0)))]))
    b = Builder()
    write("not-logits", b.model([b.call("Relu", "pictures")]))
    b = Builder()
    write("unknown-operator", b.model([b.call("Det", b.call("MatMul", "pictures", "pictures"))]))
    b = Builder()
    write("runtime", b.model([b.call("FusedConv", "pictures", b.weight(3, 3, 1, 1), domain="com.microsoft")]))
    b = Builder()
    huge = b.call("ConstantOfShape", b.integers(1 << 20, 1 << 20))
    write("huge-constant", b.model([b.call("Add", features(b, 3), b.call("ReduceSum", huge))]))
    b = Builder()
    many = b.call("ConstantOfShape", b.integers(1 << 13, 1 << 13))
    for _ in range(64):
        many = b.call("Add", many, many)
    write("many-constants", b.model([b.call("Add", features(b, 3), b.call("ReduceSum", many))]))
    b = Builder()
    x = b.call("MaxPool", "pictures", kernel_shape=[1 << 40, 3])
    write("huge-window", b.model([b.call("Flatten", x)]))
    b = Builder()
    x = b.call("Conv", "pictures", b.weight(4, 5, 3, 3))
    write("wrong-channels", b.model([b.call("Flatten", b.call("GlobalAveragePool", x))]))
    b = Builder()
    x = features(b, 3)
    write("mixed-pair", b.model([b.call("Sub", x, b.call("ReduceMean", x, axes=[0]))], shape=(2, 3, 8, 8)))
    b = Builder()
    body = helper.make_graph([helper.make_node("Identity", ["pictures"], ["inner"], name="leaf")], "deep", [], [helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)])
    for level in range(20):
        node = helper.make_node("If", ["condition"], [f"level_{level}"], name=f"if_{level}", then_branch=body, else_branch=body if level < 2 else helper.make_graph([], "none", [], []))
        body = helper.make_graph([node], f"deep_{level}", [], [helper.make_tensor_value_info(f"level_{level}", TensorProto.FLOAT, None)])
    b.constants.append(numpy_helper.from_array(np.bool_(True), "condition"))
    x = b.call("If", "condition", then_branch=body, else_branch=helper.make_graph([], "none", [], []))
    write("deep", b.model([b.call("Flatten", x)]))
    # Deeper than any reader of the format goes, by the bytes alone: a graph in an attribute of a call in a graph …
    field = lambda number, content: bytes([number << 3 | 2]) + varint(len(content)) + content
    nested = b""
    for _ in range(3000):
        nested = field(1, field(5, field(6, nested)))
    write("nested", bytes([0x08, 9]) + field(7, nested) + field(8, field(1, b"") + bytes([0x10, 17])))
    b = Builder()
    x = "pictures"
    for _ in range(60):
        x = b.call("Conv", x, b.weight(3, 3, 3, 3) if _ == 0 else "constant_0", strides=[2, 2], pads=[1, 1, 1, 1])
    write("shrinking", b.model([b.call("Flatten", b.call("GlobalAveragePool", x))], shape=("batch", 3, "height", "width")))

    node = helper.make_node
    b = Builder()
    x = b.call("Again", features(b, 3), domain=OWN)
    through = own("Through", ["x"], ["y"], [node("Again", ["x"], ["y"], domain=OWN)])
    write("calls-itself", b.model([x], functions=[own("Again", ["x"], ["y"], [node("Through", ["x"], ["y"], domain=OWN)]), through]))

    # Each makes the calls of the one before eight times.
    def grown(first, count: int) -> list:
        levels = [own("Level0", ["x"], ["y"], first)]
        for level in range(1, count):
            calls = [node(f"Level{level - 1}", [name], [made], domain=OWN) for name, made in zip("xabcdefg", "abcdefgy")]
            levels.append(own(f"Level{level}", ["x"], ["y"], calls))
        return levels

    b = Builder()
    write("many-calls", b.model([b.call("Level14", features(b, 3), domain=OWN)], functions=grown([node("Relu", ["x"], ["y"])], 15)))
    # Fewer calls, but of more.
    heavy = [node("Constant", [], ["c"], value_floats=[0.0] * 5000), node("ReduceMax", ["c"], ["m"]), node("Add", ["x", "m"], ["y"])]
    b = Builder()
    write("heavy-calls", b.model([b.call("Level4", features(b, 3), domain=OWN)], functions=grown(heavy, 5)))
    chain = [own("Deep0", ["x"], ["y"], [node("Relu", ["x"], ["y"])])]
    chain += [own(f"Deep{level}", ["x"], ["y"], [node(f"Deep{level - 1}", ["x"], ["y"], domain=OWN)]) for level in range(1, 30)]
    b = Builder()
    write("deep-calls", b.model([b.call("Deep29", features(b, 3), domain=OWN)], functions=chain))
    b = Builder()
    write("unreturned", b.model([b.call("None", features(b, 3), domain=OWN)], functions=[own("None", ["x"], ["y"], [node("Relu", ["x"], ["z"])])]))
    b = Builder()
    two = [own("Two", ["x"], ["y"], [node("Relu", ["x"], ["y"])])] * 2
    write("twice-function", b.model([b.call("Two", features(b, 3), domain=OWN)], functions=two))
    b = Builder()
    mask = b.call("ScatterND", b.weight(3), b.integers([7]), b.weight(1))
    write("scattered-constant", b.model([b.call("Add", features(b, 3), mask)]))
    hostile_places(write)


def hostile_places(write) -> None:
    """Ranges and places that make no sense, and what repeats calls."""
    for name, ends in (("huge-range", (0, 1e9, 1e-3)), ("endless-range", (0, 1, 0)), ("long-range", (0, 1e9, 1))):
        b = Builder()
        counted = b.call("Range", *[b.constant(np.float32(end)) for end in ends])
        write(name, b.model([b.call("Add", features(b, 3), b.call("ReduceSum", counted))]))
    for name, listed, rows in (("place-beyond", [[[0, 3, 8]]], 1), ("no-rows", [[[0, 3, 0]]], 3), ("too-many-places", [[[0, 0, 0, 0]]], 1), ("rows-of-others", [[[0, 0]], [[0, 1]], [[1, 1]]], 1)):
        b = Builder()
        x = b.call("GatherND", "pictures", b.constant(np.array(listed, dtype=np.int64)), batch_dims=rows)
        write(name, b.model([b.call("Flatten", x)], shape=(1, 3, 8, 8)))
    b = Builder()
    write("recurrent", b.model([b.call("LSTM", "pictures", b.weight(1, 8, 8), b.weight(1, 8, 2), hidden_size=2)]))
    b = Builder()
    body = helper.make_graph([], "body", [], [])
    write("repeated", b.model([b.call("Loop", b.constant(np.int64(9)), b.constant(np.bool_(True)), "pictures", body=body)]))
    b = Builder()
    sides = b.call("Slice", b.call("Shape", "pictures"), b.integers(2), b.integers(4))
    x = b.call("Reshape", "pictures", b.call("Concat", b.integers(0, 3, 5), sides, axis=0))
    write("open-misfit", b.model([b.call("Flatten", b.call("GlobalAveragePool", x))], shape=("batch", 3, "height", "width")))


def varint(number: int) -> bytes:
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


if __name__ == "__main__":
    main()
