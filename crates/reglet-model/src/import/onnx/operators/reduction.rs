//! Summaries along some dimensions.

use tch::Kind;

use super::{Found, one};
use crate::graph::{Activation, Arithmetic, Layout, Reduction, Size};
use crate::import::onnx::importer::{Importer, TO_LAST, placed};
use crate::import::onnx::node::Node;
use crate::import::onnx::shape;
use crate::import::onnx::value::Value;

pub(super) fn read<'a>(importer: &mut Importer<'a>, node: &mut Node<'a>) -> Found {
    match node.operator {
        "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceL1" | "ReduceL2"
        | "ReduceSumSquare" | "ReduceLogSum" | "ReduceLogSumExp" | "ReduceProd" => reduced(importer, node),
        "Softmax" | "LogSoftmax" => softmax(importer, node),
        "LpNormalization" => {
            let (axis, p) = (node.int("axis", -1)?, node.int("p", 2)?);
            let x = node.input(0)?;
            let norm = match p {
                2 => importer
                    .emit(Reduction::Norm { dims: vec![axis], keep: true }, std::slice::from_ref(&x))?,
                1 => {
                    let sizes = importer.emit(Activation::Abs, std::slice::from_ref(&x))?;
                    importer.emit(Reduction::Sum { dims: vec![axis], keep: true }, &[sizes])?
                }
                _ => return Err(format!("a norm of order {p} is not supported")),
            };
            one(importer.emit(Arithmetic::Div { other: None }, &[x, norm]))
        }
        "CumSum" => {
            if node.flag("exclusive", false)? || node.flag("reverse", false)? {
                return Err("only sums up to and with each place are supported".to_owned());
            }
            let dim = node.maybe_integers(1, "axis")?.and_then(|axis| axis.first().copied());
            let dim = dim.ok_or("its axis is missing")?;
            one(importer.emit(Reduction::CumulativeSum { dim }, &[node.input(0)?]))
        }
        _ => Ok(None),
    }
}

/// The value as the draft has it, and dimensions as they are there.
fn moved(importer: &mut Importer, x: &Value, dims: &[i64]) -> Result<(Value, Vec<i64>, bool), String> {
    let rank = importer.shape(x)?.len();
    let places = dims.iter().map(|dim| shape::place(*dim, rank)).collect::<Result<Vec<_>, _>>()?;
    match x {
        Value::ChannelsLast(value) => {
            Ok((Value::Computed(*value), places.iter().map(|place| TO_LAST[*place]).collect(), true))
        }
        other => Ok((other.clone(), places.iter().map(|place| *place as i64).collect(), false)),
    }
}

fn reduced<'a>(importer: &mut Importer<'a>, node: &mut Node<'a>) -> Found {
    let x = node.input(0)?;
    let keep = node.flag("keepdims", true)?;
    let nothing = node.flag("noop_with_empty_axes", false)?;
    let axes = match node.maybe_ints("axes") {
        Some(axes) => axes,
        None => node.maybe_integers(1, "axes")?.unwrap_or_default(),
    };
    let rank = importer.shape(&x)?.len() as i64;
    if axes.is_empty() && nothing {
        return one(Ok(x));
    }
    let axes = if axes.is_empty() { (0..rank).collect() } else { axes };
    let (value, dims, last) = moved(importer, &x, &axes)?;
    // Rest that stays last, without the dimensions that go, is in the order of the file only where those are the picture's.
    let mut sorted = dims.clone();
    sorted.sort_unstable();
    let (value, dims, last) = match (last, keep, &sorted[..]) {
        (true, false, [2, 3] | [0..=3, _, _, _]) => (value, dims, false),
        (true, true, _) | (false, _, _) => (value, dims, last),
        (true, false, _) => (Value::Computed(importer.plain(&x, "constant")?), axes, false),
    };
    let values = std::slice::from_ref(&value);
    let found = match node.operator {
        "ReduceMean" => importer.emit(Reduction::Mean { dims, keep }, values)?,
        "ReduceSum" => importer.emit(Reduction::Sum { dims, keep }, values)?,
        "ReduceMax" => importer.emit(Reduction::Max { dims, keep }, values)?,
        "ReduceMin" => {
            let negated = importer.emit(Activation::Neg, values)?;
            let largest = importer.emit(Reduction::Max { dims, keep }, &[negated])?;
            importer.emit(Activation::Neg, &[largest])?
        }
        "ReduceL2" => importer.emit(Reduction::Norm { dims, keep }, values)?,
        "ReduceL1" => {
            let sizes = importer.emit(Activation::Abs, values)?;
            importer.emit(Reduction::Sum { dims, keep }, &[sizes])?
        }
        "ReduceSumSquare" => {
            let squares = importer.emit(Activation::Square, values)?;
            importer.emit(Reduction::Sum { dims, keep }, &[squares])?
        }
        "ReduceLogSum" => {
            let sum = importer.emit(Reduction::Sum { dims, keep }, values)?;
            importer.emit(Activation::Log, &[sum])?
        }
        "ReduceLogSumExp" => {
            let shape = shape::without(&importer.shape(&value)?, &dims, keep)?;
            let flag = if keep { "True" } else { "False" };
            let expression = format!("torch.logsumexp(a0, {dims:?}, {flag})");
            importer.emit_aten("logsumexp", &expression, values, Vec::new(), (shape, Kind::Float))?
        }
        _ => return Err("products along a dimension are not supported".to_owned()),
    };
    one(Ok(placed(found, last)))
}

fn softmax<'a>(importer: &mut Importer<'a>, node: &mut Node<'a>) -> Found {
    let since_13 = node.version >= 13;
    let axis = node.int("axis", if since_13 { -1 } else { 1 })?;
    let x = node.input(0)?;
    let op = |dim: i64| match node.operator {
        "Softmax" => Reduction::Softmax { dim },
        _ => Reduction::LogSoftmax { dim },
    };
    let shape = importer.shape(&x)?;
    let at = shape::place(axis, shape.len())?;
    // Before, all dimensions from that one on were taken together.
    let alone = shape[at + 1..].iter().all(|size| size.fixed() == Some(1));
    if since_13 || alone {
        let (value, dims, last) = moved(importer, &x, &[axis])?;
        let found = importer.emit(op(dims[0]), &[value])?;
        return one(Ok(placed(found, last)));
    }
    let flat = [
        shape[..at].to_vec(),
        vec![crate::import::onnx::extent::count(&shape[at..]).ok_or("it is too large")?],
    ];
    let flat: Vec<Size> = flat.concat();
    let found = importer.emit(Layout::Reshape { shape: flat }, &[x])?;
    let found = importer.emit(op(at as i64), &[found])?;
    one(importer.emit(Layout::Reshape { shape }, &[found]))
}
