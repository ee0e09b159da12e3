//! From a call of an ONNX operator to calls of ATen: one family to a file.

mod elementwise;
mod layer;
mod layout;
mod pool;
mod product;
mod reduction;
mod selection;
mod sizes;

use super::builder::Builder;
use super::node::Node;
use super::value::Value;

/// What a call returns, or why it cannot be said.
type Found = Result<Option<Vec<Value>>, String>;

/// One result.
fn one(found: Result<Value, String>) -> Found {
    found.map(|value| Some(vec![value]))
}

/// What a call of a set of operators returns.
pub(super) fn read(builder: &mut Builder, node: &mut Node, set: &str) -> Result<Vec<Value>, String> {
    if let Some(reason) = refused(node.operator, set) {
        return Err(reason);
    }
    for family in [
        sizes::read,
        layer::read,
        elementwise::read,
        pool::read,
        product::read,
        reduction::read,
        layout::read,
        selection::read,
    ] {
        if let Some(found) = family(builder, node)? {
            return Ok(found);
        }
    }
    Err("the operator is not known".to_owned())
}

/// Why an operator is not supported, where there is more to say than that it is not known.
fn refused(operator: &str, set: &str) -> Option<String> {
    let quantised = "the model is quantised, and between its steps nothing has a gradient; take the model that it was made of, in \
                     floating-point numbers";
    let reason = match (set, operator) {
        (
            _,
            "QuantizeLinear"
            | "DynamicQuantizeLinear"
            | "QLinearConv"
            | "QLinearMatMul"
            | "QLinearAdd"
            | "ConvInteger"
            | "MatMulInteger"
            | "QGemm"
            | "QAttention"
            | "DynamicQuantizeMatMul"
            | "MatMulNBits",
        ) => quantised,
        (_, "Loop" | "Scan") => {
            "it repeats calls as often as its input says; export the model with the calls written out, as PyTorch's exporters write \
             a loop of a fixed number"
        }
        ("", "LSTM" | "GRU" | "RNN") => {
            "recurrent layers are not read from ONNX files; if the model is one of PyTorch, save it with `torch.export` instead, as a \
             `.pt2` archive"
        }
        (_, "NonMaxSuppression" | "RoiAlign" | "MaxRoiPool") => {
            "it belongs to detection, and what is explained are classifiers"
        }
        ("", _) => return None,
        ("ai.onnx.ml", _) => "it makes no numbers that depend on the picture smoothly",
        _ => return Some(format!("its set of operators, '{set}', is a runtime's own")),
    };
    Some(reason.to_owned())
}
