//! Summaries along some dimensions.

use tch::Kind;

use super::{Found, one};
use crate::graph::{Activation, Arithmetic, Layout, Number, Reduction, Size};
use crate::import::onnx::builder::{Builder, TO_LAST, placed};
use crate::import::onnx::node::Node;
use crate::import::onnx::shape;
use crate::import::onnx::value::Value;

pub(super) fn read(builder: &mut Builder, node: &mut Node) -> Found {
    match node.operator {
        "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceL1" | "ReduceL2"
        | "ReduceSumSquare" | "ReduceLogSum" | "ReduceLogSumExp" | "ReduceProd" => reduced(builder, node),
        "Softmax" | "LogSoftmax" => softmax(builder, node),
        "ArgMax" | "ArgMin" => place_of_extreme(builder, node),
        "MeanVarianceNormalization" => {
            let axes = node.maybe_ints("axes").unwrap_or_else(|| vec![0, 2, 3]);
            let x = node.input(0)?;
            let (value, dims, last) = moved(builder, &x, &axes)?;
            let mean = Reduction::Mean { dims: dims.clone(), keep: true };
            let mean = builder.emit(mean, std::slice::from_ref(&value))?;
            let centred = builder.emit(Arithmetic::Sub { other: None }, &[value, mean])?;
            let squares = builder.emit(Activation::Square, std::slice::from_ref(&centred))?;
            let variance = builder.emit(Reduction::Mean { dims, keep: true }, &[squares])?;
            let deviation = builder.emit(Activation::Sqrt, &[variance])?;
            let eps = Arithmetic::Add { other: Some(Number::Float(1e-9)) };
            let deviation = builder.emit(eps, &[deviation])?;
            let found = builder.emit(Arithmetic::Div { other: None }, &[centred, deviation])?;
            one(Ok(placed(found, last)))
        }
        "LpNormalization" => {
            let (axis, p) = (node.int("axis", -1)?, node.int("p", 2)?);
            let x = node.input(0)?;
            let norm = match p {
                2 => builder
                    .emit(Reduction::Norm { dims: vec![axis], keep: true }, std::slice::from_ref(&x))?,
                1 => {
                    let sizes = builder.emit(Activation::Abs, std::slice::from_ref(&x))?;
                    builder.emit(Reduction::Sum { dims: vec![axis], keep: true }, &[sizes])?
                }
                _ => return Err(format!("a norm of order {p} is not supported")),
            };
            one(builder.emit(Arithmetic::Div { other: None }, &[x, norm]))
        }
        "CumSum" => {
            if node.flag("exclusive", false)? || node.flag("reverse", false)? {
                return Err("only sums up to and with each place are supported".to_owned());
            }
            let dim = node.maybe_integers(1, "axis")?.and_then(|axis| axis.first().copied());
            let dim = dim.ok_or("its axis is missing")?;
            one(builder.emit(Reduction::CumulativeSum { dim }, &[node.input(0)?]))
        }
        _ => Ok(None),
    }
}

/// The value as the draft has it, and dimensions as they are there.
fn moved(builder: &mut Builder, x: &Value, dims: &[i64]) -> Result<(Value, Vec<i64>, bool), String> {
    let rank = builder.shape(x)?.len();
    let places = dims.iter().map(|dim| shape::place(*dim, rank)).collect::<Result<Vec<_>, _>>()?;
    match x {
        Value::ChannelsLast(value) => {
            Ok((Value::Computed(*value), places.iter().map(|place| TO_LAST[*place]).collect(), true))
        }
        other => Ok((other.clone(), places.iter().map(|place| *place as i64).collect(), false)),
    }
}

fn reduced(builder: &mut Builder, node: &mut Node) -> Found {
    let x = node.input(0)?;
    let keep = node.flag("keepdims", true)?;
    let nothing = node.flag("noop_with_empty_axes", false)?;
    let axes = match node.maybe_ints("axes") {
        Some(axes) => axes,
        None => node.maybe_integers(1, "axes")?.unwrap_or_default(),
    };
    let rank = builder.shape(&x)?.len() as i64;
    if axes.is_empty() && nothing {
        return one(Ok(x));
    }
    let axes = if axes.is_empty() { (0..rank).collect() } else { axes };
    let (value, dims, last) = moved(builder, &x, &axes)?;
    // Rest that stays last, without the dimensions that go, is in the order of the file only where those are the picture's.
    let mut sorted = dims.clone();
    sorted.sort_unstable();
    let (value, dims, last) = match (last, keep, &sorted[..]) {
        (true, false, [2, 3] | [0..=3, _, _, _]) => (value, dims, false),
        (true, true, _) | (false, _, _) => (value, dims, last),
        (true, false, _) => (Value::Computed(builder.plain(&x, "constant")?), axes, false),
    };
    let values = std::slice::from_ref(&value);
    let found = match node.operator {
        "ReduceMean" => builder.emit(Reduction::Mean { dims, keep }, values)?,
        "ReduceSum" => builder.emit(Reduction::Sum { dims, keep }, values)?,
        "ReduceMax" => builder.emit(Reduction::Max { dims, keep }, values)?,
        "ReduceMin" => {
            let negated = builder.emit(Activation::Neg, values)?;
            let largest = builder.emit(Reduction::Max { dims, keep }, &[negated])?;
            builder.emit(Activation::Neg, &[largest])?
        }
        "ReduceL2" => builder.emit(Reduction::Norm { dims, keep }, values)?,
        "ReduceL1" => {
            let sizes = builder.emit(Activation::Abs, values)?;
            builder.emit(Reduction::Sum { dims, keep }, &[sizes])?
        }
        "ReduceSumSquare" => {
            let squares = builder.emit(Activation::Square, values)?;
            builder.emit(Reduction::Sum { dims, keep }, &[squares])?
        }
        "ReduceLogSum" => {
            let sum = builder.emit(Reduction::Sum { dims, keep }, values)?;
            builder.emit(Activation::Log, &[sum])?
        }
        "ReduceLogSumExp" => {
            let shape = shape::without(&builder.shape(&value)?, &dims, keep)?;
            let flag = if keep { "True" } else { "False" };
            let expression = format!("torch.logsumexp(a0, {dims:?}, {flag})");
            builder.emit_aten("logsumexp", &expression, values, Vec::new(), (shape, Kind::Float))?
        }
        _ => {
            let mut dims = dims;
            dims.sort_unstable();
            // The last first, so that those before keep their places.
            let mut found = value;
            for dim in dims.iter().rev() {
                let shape = shape::without(&builder.shape(&found)?, &[*dim], keep)?;
                let kind = if builder.kind(&found) == Kind::Float { Kind::Float } else { Kind::Int64 };
                let expression = format!("torch.prod(a0, {dim}, {})", if keep { "True" } else { "False" });
                found = builder.emit_aten("prod", &expression, &[found], Vec::new(), (shape, kind))?;
            }
            found
        }
    };
    one(Ok(placed(found, last)))
}

/// The first place of the largest or the smallest number along a dimension.
fn place_of_extreme(builder: &mut Builder, node: &mut Node) -> Found {
    let (axis, keep) = (node.int("axis", 0)?, node.flag("keepdims", true)?);
    if node.flag("select_last_index", false)? {
        return Err("only the first of equal numbers is supported".to_owned());
    }
    let x = node.input(0)?;
    let shape = shape::without(&builder.shape(&x)?, &[axis], keep)?;
    let (name, flag) =
        (if node.operator == "ArgMax" { "argmax" } else { "argmin" }, if keep { "True" } else { "False" });
    let expression = format!("torch.{name}(a0, {axis}, {flag})");
    one(builder.emit_aten(name, &expression, &[x], Vec::new(), (shape, Kind::Int64)))
}

fn softmax(builder: &mut Builder, node: &mut Node) -> Found {
    let since_13 = node.version >= 13;
    let axis = node.int("axis", if since_13 { -1 } else { 1 })?;
    let x = node.input(0)?;
    let op = |dim: i64| match node.operator {
        "Softmax" => Reduction::Softmax { dim },
        _ => Reduction::LogSoftmax { dim },
    };
    let shape = builder.shape(&x)?;
    let at = shape::place(axis, shape.len())?;
    // Before, all dimensions from that one on were taken together.
    let alone = shape[at + 1..].iter().all(|size| size.fixed() == Some(1));
    if since_13 || alone {
        let (value, dims, last) = moved(builder, &x, &[axis])?;
        let found = builder.emit(op(dims[0]), &[value])?;
        return one(Ok(placed(found, last)));
    }
    let flat = [
        shape[..at].to_vec(),
        vec![crate::import::onnx::extent::count(&shape[at..]).ok_or("it is too large")?],
    ];
    let flat: Vec<Size> = flat.concat();
    let found = builder.emit(Layout::Reshape { shape: flat }, &[x])?;
    let found = builder.emit(op(at as i64), &[found])?;
    one(builder.emit(Layout::Reshape { shape }, &[found]))
}
