//! Summaries of windows.

use super::layer::{padded, paddings, whole};
use super::{Found, one};
use crate::graph::{Arithmetic, Number, Pool};
use crate::import::onnx::builder::Builder;
use crate::import::onnx::node::Node;
use crate::import::onnx::value::Value;

pub(super) fn read(builder: &mut Builder, node: &mut Node) -> Found {
    match node.operator {
        "GlobalAveragePool" => whole(Pool::AdaptiveAverage { output: [1, 1] }, builder, node),
        "GlobalMaxPool" => whole(Pool::AdaptiveMax { output: [1, 1] }, builder, node),
        "MaxPool" => {
            node.pass_over(&["storage_order"]);
            let (x, kernel, stride, dilation) = window(builder, node)?;
            let pads = paddings(builder, node, &x, kernel, stride, dilation)?;
            let (x, padding) = padded(builder, x, pads, f64::NEG_INFINITY)?;
            let ceil = node.flag("ceil_mode", false)?;
            one(builder.emit(Pool::Max { kernel, stride, padding, dilation, ceil }, &[x]))
        }
        "AveragePool" => average(builder, node),
        _ => Ok(None),
    }
}

/// A picture, and the window, its steps and the distances in it.
type Window = (Value, [i64; 2], [i64; 2], [i64; 2]);

fn window(builder: &Builder, node: &mut Node) -> Result<Window, String> {
    let x = node.input(0)?;
    if builder.shape(&x)?.len() != 4 {
        return Err("only what has height and width is supported".to_owned());
    }
    let kernel = node.pair("kernel_shape", [0, 0])?;
    if kernel.contains(&0) {
        return Err("its window is missing".to_owned());
    }
    Ok((x, kernel, node.pair("strides", [1, 1])?, node.pair("dilations", [1, 1])?))
}

fn average(builder: &mut Builder, node: &mut Node) -> Found {
    let (x, kernel, stride, dilation) = window(builder, node)?;
    if dilation != [1, 1] {
        return Err("its window has gaps, which is not supported".to_owned());
    }
    let pads = paddings(builder, node, &x, kernel, stride, dilation)?;
    let ceil = node.flag("ceil_mode", false)?;
    let count_padding = node.flag("count_include_pad", false)?;
    let pool = |padding| Pool::Average { kernel, stride, padding, ceil, count_padding: true, divisor: None };
    let even = pads.iter().all(|[before, after]| before == after);
    if even || count_padding {
        let (x, padding) = padded(builder, x, pads, 0.0)?;
        let count_padding = count_padding || pads == [[0; 2]; 2];
        let op = Pool::Average { kernel, stride, padding, ceil, count_padding, divisor: None };
        return one(builder.emit(op, &[x]));
    }
    // The mean of what is not padding is the mean of all, by the share of what is not.
    let shape = builder.shape(&x)?;
    let (Some(height), Some(width)) = (shape[2].fixed(), shape[3].fixed()) else {
        return Err("it pads pictures whose size is left open on one side alone".to_owned());
    };
    let ones = tch::Tensor::f_ones([1, 1, height, width], (tch::Kind::Float, tch::Device::Cpu));
    let ones = Value::of(ones.map_err(|error| error.to_string())?);
    let (ones, _) = padded(builder, ones, pads, 0.0)?;
    let share = builder.emit(pool([0, 0]), &[ones])?;
    let factors = builder.emit(Arithmetic::Pow { other: Some(Number::Float(-1.0)) }, &[share])?;
    let (x, _) = padded(builder, x, pads, 0.0)?;
    let mean = builder.emit(pool([0, 0]), &[x])?;
    one(builder.emit(Arithmetic::Mul { other: None }, &[mean, factors]))
}
