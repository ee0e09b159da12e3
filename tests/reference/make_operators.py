"""The operators of ATen that an exported classifier may call, with their arguments.

    python tests/reference/make_operators.py

writes crates/reglet-model/data/operators.txt: a line for each overload that computes tensors from tensors and plain
arguments, and does nothing else: no operator that changes its inputs, draws numbers when evaluated, touches files or other devices, has
derivatives' names, or works on sparse, nested or quantised tensors. The lines are libtorch's own schemas, in which
`=` stands behind what has a default, `*` stands before the arguments that are given by name, and `(view)` behind what shares memory.
"""

import re
from pathlib import Path

import torch

TARGET = Path(__file__).parents[2] / "crates" / "reglet-model" / "data" / "operators.txt"

TYPES = {
    "Tensor", "Optional[Tensor]", "List[Tensor]", "List[Optional[Tensor]]", "int", "Optional[int]", "List[int]",
    "Optional[List[int]]", "float", "Optional[float]", "List[float]", "Optional[List[float]]", "bool", "Optional[bool]",
    "List[bool]", "number", "Optional[number]", "str", "Optional[str]", "Optional[Device]", "Device",
}
# Texts that choose between formulas; any other could be the name of a file.
TEXTS = {"mode", "approximate", "padding", "rounding_mode", "equation", "indexing", "reduce"}
# Of the operators whose names begin with an underscore, those that exported programs hold.
PRIVATE = {
    "_weight_norm", "_log_softmax", "_softmax", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training",
    "_to_copy", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa",
    "_fused_rms_norm", "_unsafe_view", "_unsafe_index", "_convolution", "_safe_softmax", "_scaled_dot_product_flash_attention_for_cpu",
    "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d", "_transformer_encoder_layer_fwd",
    "_native_multi_head_attention", "_cdist_forward", "__and__", "__or__", "__xor__",
}
# What draws numbers in training alone, where the importer refuses it.
DRAWN = {"lstm", "gru", "rnn_tanh", "rnn_relu"}
REFUSED = re.compile(
    r"backward|_jvp|sparse|nested|quantize|fbgemm|cudnn|miopen|mkldnn|mps|xnnpack|from_file|dequantize|fake_quant|qint|coo|csr|csc|bsr|bsc"
    r"|as_strided|empty|resize|set_|storage|data_ptr|record_stream|rename|refine_names|align_|names|is_pinned|pin_memory"
    r"|_copy$|cuda|ctc|stft|istft|geqrf|lobpcg|histogram|bincount|unique|nonzero|masked_select|item|dropout|quantized"
)


def main() -> None:
    lines = []
    for schema in torch._C._jit_get_all_schemas():
        namespace, name = schema.name.split("::")
        if namespace != "aten" or (name.startswith("_") and name not in PRIVATE):
            continue
        if (name.endswith("_") and not name.endswith("__")) or schema.overload_name in ("out",) or "out" in schema.overload_name.split("_"):
            continue
        if REFUSED.search(name) or schema.is_mutable or not schema.returns:
            continue
        if any(str(value.type) not in ("Tensor", "List[Tensor]") for value in schema.returns):
            continue
        if any(str(value.type) == "List[Tensor]" for value in schema.returns) and len(schema.returns) > 1:
            continue
        arguments = schema.arguments
        if any(str(argument.type) not in TYPES or argument.name in ("generator", "names", "dimname") for argument in arguments):
            continue
        if any("str" in str(argument.type) and argument.name not in TEXTS for argument in arguments):
            continue
        packet = getattr(torch.ops.aten, name, None)
        overload = getattr(packet, schema.overload_name or "default", None)
        drawn = overload is not None and torch.Tag.nondeterministic_seeded in overload.tags
        if overload is None or drawn and name not in DRAWN or schema.overload_name == "data":
            continue
        # Exported, one_hot names the number of its classes.
        if (torch.Tag.dynamic_output_shape in overload.tags and name != "one_hot") or torch.Tag.data_dependent_output in overload.tags:
            continue
        # Dimensions by name.
        if "Dimname" in str(schema) or "dimname" in schema.overload_name:
            continue
        parts, by_name = [], False
        real = {argument.name: argument for argument in overload._schema.arguments}
        for argument in arguments:
            if argument.kwarg_only and not by_name:
                parts.append("*")
                by_name = True
            kind = str(real[argument.name].real_type if hasattr(real[argument.name], "real_type") else argument.type)
            kind = kind.replace("Optional[ScalarType]", "Optional[dtype]").replace("SymInt", "int")
            parts.append(f"{kind} {argument.name}{'=' if argument.has_default_value() else ''}")
        view = any(value.alias_info is not None for value in schema.returns)
        returns = ", ".join(str(value.type) for value in schema.returns)
        full = name + (f".{schema.overload_name}" if schema.overload_name else "")
        lines.append(f"{full}({', '.join(parts)}) -> {returns}{' (view)' if view else ''}")
    TARGET.write_text("\n".join(sorted(set(lines))) + "\n")
    print(len(lines), "operators")


if __name__ == "__main__":
    main()
