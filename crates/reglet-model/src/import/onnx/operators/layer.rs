//! Convolutions, normalisations and dropout.

use std::rc::Rc;

use tch::Kind;

use super::{Found, one};
use crate::graph::{Arithmetic, Layout, Number, Op, Pool, Reduction, Size};
use crate::import::onnx::builder::{Builder, placed};
use crate::import::onnx::extent;
use crate::import::onnx::node::Node;
use crate::import::onnx::value::Value;

/// Why a layer that behaves otherwise in training is refused.
const IN_TRAINING: &str = "it does what it does in training; export the model in evaluation mode";

pub(super) fn read(builder: &mut Builder, node: &mut Node) -> Found {
    match node.operator {
        "Conv" => convolution(builder, node),
        "ConvTranspose" => transposed(builder, node),
        "BatchNormalization" => {
            if node.flag("training_mode", false)? || node.results > 1 {
                return standardised(builder, node);
            }
            node.pass_over(&["spatial"]);
            let momentum = 1.0 - node.float("momentum", 0.9)?;
            let op = Op::BatchNorm { eps: node.float("epsilon", 1e-5)?, momentum };
            let inputs = (0..5).map(|place| node.input(place)).collect::<Result<Vec<_>, _>>()?;
            one(builder.emit(op, &inputs))
        }
        "InstanceNormalization" => {
            let x = node.input(0)?;
            let groups = channels(builder, &x)?;
            let op = Op::GroupNorm { groups, eps: node.float("epsilon", 1e-5)? };
            one(builder.emit(op, &[x, node.input(1)?, node.input(2)?]))
        }
        "GroupNormalization" => {
            let groups =
                node.maybe_int("num_groups")?.filter(|groups| *groups > 0).ok_or("it has no groups")?;
            let op = Op::GroupNorm { groups, eps: node.float("epsilon", 1e-5)? };
            node.pass_over(&["stash_type"]);
            let x = node.input(0)?;
            let (all, mut inputs) = (channels(builder, &x)?, vec![x]);
            for place in [1, 2] {
                let constant = node.maybe_constant(place, "scale")?.ok_or("it has no scale")?;
                // The set of operators before 21 has one number for each group.
                let each = all.checked_div(constant.numel().max(1) as i64).unwrap_or(1);
                inputs.push(match constant.numel() as i64 == all {
                    true => node.input(place)?,
                    false => Value::of(
                        constant
                            .f_repeat_interleave_self_int(each, 0, None)
                            .map_err(|error| error.to_string())?,
                    ),
                });
            }
            one(builder.emit(op, &inputs))
        }
        "LayerNormalization" => {
            let x = node.input(0)?;
            let shape = builder.shape(&x)?;
            let axis = crate::import::onnx::shape::place(node.int("axis", -1)?, shape.len())?;
            let normal: Option<Vec<i64>> = shape[axis..].iter().map(Size::fixed).collect();
            let normal = normal.ok_or("it normalises dimensions whose size is left open")?;
            node.pass_over(&["stash_type"]);
            let op = Op::LayerNorm { shape: normal.clone(), eps: node.float("epsilon", 1e-5)? };
            let mut inputs = vec![x];
            for place in 1..node.count() {
                let weight = node.input(place)?;
                let size: Vec<Size> = normal.iter().copied().map(Size::Fixed).collect();
                inputs.push(match builder.shape(&weight)? == size {
                    true => weight,
                    false => builder.emit(Layout::Expand { shape: size }, &[weight])?,
                });
            }
            one(builder.emit(op, &inputs))
        }
        "RMSNormalization" => {
            let (x, weight) = (node.input(0)?, node.input(1)?);
            let shape = builder.shape(&x)?;
            let axis = crate::import::onnx::shape::place(node.int("axis", -1)?, shape.len())?;
            let normal: Option<Vec<i64>> = shape[axis..].iter().map(Size::fixed).collect();
            let normal = normal.ok_or("it normalises dimensions whose size is left open")?;
            node.pass_over(&["stash_type"]);
            let expression =
                format!("torch.rms_norm(a0, {normal:?}, a1, {:?})", node.float("epsilon", 1e-5)?);
            one(builder.emit_aten("rms_norm", &expression, &[x, weight], Vec::new(), (shape, Kind::Float)))
        }
        "Dropout" => {
            let training = node.maybe_integers(2, "training mode")?;
            if training.is_some_and(|training| training != [0]) {
                return Err(IN_TRAINING.to_owned());
            }
            node.pass_over(&["ratio", "seed", "is_test"]);
            one(node.input(0))
        }
        "LRN" => local_response(builder, node),
        _ => Ok(None),
    }
}

/// A batch norm by its own input's statistics, which for a weight is no training: networks with standardised weights do that
/// each time.
fn standardised(builder: &mut Builder, node: &mut Node) -> Found {
    let x = node.input(0)?;
    let shape = builder.shape(&x)?;
    match (&x, &shape[..]) {
        (Value::Constant(..), [Size::Fixed(1), Size::Fixed(groups), _, ..]) => {
            let op = Op::GroupNorm { groups: *groups, eps: node.float("epsilon", 1e-5)? };
            node.pass_over(&["momentum", "spatial"]);
            one(builder.emit(op, &[x, node.input(1)?, node.input(2)?]))
        }
        _ => Err(IN_TRAINING.to_owned()),
    }
}

/// The number of channels of `[N, C, …]`.
fn channels(builder: &Builder, x: &Value) -> Result<i64, String> {
    let shape = builder.shape(x)?;
    shape.get(1).and_then(Size::fixed).ok_or_else(|| "how many channels it has is left open".to_owned())
}

/// A picture with its channels second, whether the file has them so or makes them so.
fn picture(builder: &Builder, node: &Node) -> Result<Value, String> {
    let x = node.input(0)?;
    match builder.shape(&x)?.len() {
        4 => Ok(x),
        _ => Err("only what has height and width is supported".to_owned()),
    }
}

/// Paddings before and after height and width, for a window.
pub(super) fn paddings(
    builder: &Builder,
    node: &mut Node,
    x: &Value,
    kernel: [i64; 2],
    stride: [i64; 2],
    dilation: [i64; 2],
) -> Result<[[i64; 2]; 2], String> {
    let auto = node.text("auto_pad", "NOTSET")?;
    let pads = node.pads()?;
    let same = match auto.as_str() {
        "NOTSET" | "" => return Ok(pads),
        "VALID" => return Ok([[0; 2]; 2]),
        "SAME_UPPER" | "SAME_LOWER" => &builder.shape(x)?[2..],
        other => return Err(format!("there is no padding '{other}'")),
    };
    let mut pads = [[0; 2]; 2];
    for (side, size) in same.iter().enumerate() {
        let reach = (kernel[side] - 1)
            .checked_mul(dilation[side])
            .map(|reach| reach + 1)
            .ok_or("its window is too large")?;
        let total = match (size.fixed(), stride[side]) {
            (_, 1) => reach - 1,
            (Some(size), stride @ 1..) => (((size + stride - 1) / stride - 1) * stride + reach - size).max(0),
            _ => {
                return Err(
                    "its padding depends on a size that the file leaves open; export it for one size"
                        .to_owned(),
                );
            }
        };
        let (less, more) = (total / 2, total - total / 2);
        pads[side] = if auto == "SAME_UPPER" { [less, more] } else { [more, less] };
    }
    Ok(pads)
}

/// The value with what its paddings have more on one side than on the other, and the rest, which is the same on both.
pub(super) fn padded(
    builder: &mut Builder,
    x: Value,
    pads: [[i64; 2]; 2],
    with: f64,
) -> Result<(Value, [i64; 2]), String> {
    if pads.iter().all(|[before, after]| before == after) {
        return Ok((x, pads.map(|[before, _]| before)));
    }
    let [[top, bottom], [left, right]] = pads;
    let pad = Layout::Pad {
        amounts: vec![left, right, top, bottom],
        mode: "constant".to_owned(),
        value: Some(with),
    };
    Ok((builder.emit(pad, &[x])?, [0, 0]))
}

fn convolution(builder: &mut Builder, node: &mut Node) -> Found {
    let mut shape = builder.shape(&node.input(0)?)?;
    if shape.len() != 3 {
        let (x, weight) = (picture(builder, node)?, node.input(1)?);
        return one(convolved(builder, node, x, weight));
    }
    // Along a line: that of a picture of one row.
    node.along_a_line();
    let in_a_row = |builder: &mut Builder, value: Value| builder.emit(Layout::Unsqueeze { dim: 2 }, &[value]);
    let x = in_a_row(builder, node.input(0)?)?;
    let weight = match builder.shape(&node.input(1)?)?.len() {
        3 => in_a_row(builder, node.input(1)?)?,
        _ => return Err("its weight is none for a line".to_owned()),
    };
    let found = convolved(builder, node, x, weight)?;
    shape = builder.shape(&found)?;
    shape.remove(2);
    one(builder.emit(Layout::Reshape { shape }, &[found]))
}

fn convolved(builder: &mut Builder, node: &mut Node, x: Value, weight: Value) -> Result<Value, String> {
    let [_, _, Size::Fixed(height), Size::Fixed(width)] = builder.shape(&weight)?[..] else {
        return Err("its weight is none for height and width".to_owned());
    };
    node.pass_over(&["kernel_shape"]);
    let stride = node.pair("strides", [1, 1])?;
    let dilation = node.pair("dilations", [1, 1])?;
    let groups = node.int("group", 1)?;
    let pads = paddings(builder, node, &x, [height, width], stride, dilation)?;
    let (x, padding) = padded(builder, x, pads, 0.0)?;
    let mut inputs = vec![x, weight];
    inputs.extend(node.maybe(2));
    builder.emit(Op::Conv2d { stride, padding, dilation, groups }, &inputs)
}

fn transposed(builder: &mut Builder, node: &mut Node) -> Found {
    let x = picture(builder, node)?;
    let weight = node.input(1)?;
    let [_, Size::Fixed(each), Size::Fixed(height), Size::Fixed(width)] = builder.shape(&weight)?[..] else {
        return Err("its weight is none for height and width".to_owned());
    };
    node.pass_over(&["kernel_shape"]);
    let stride = node.pair("strides", [1, 1])?;
    let dilation = node.pair("dilations", [1, 1])?;
    let more = node.pair("output_padding", [0, 0])?;
    let groups = node.int("group", 1)?;
    let [[top, bottom], [left, right]] = node.pads()?;
    if top != bottom
        || left != right
        || node.has("output_shape")
        || node.text("auto_pad", "NOTSET")? != "NOTSET"
    {
        return Err("only paddings that are the same on both sides are supported".to_owned());
    }
    let shape = builder.shape(&x)?;
    let side = |place: usize, kernel: i64, padding: i64| {
        let steps = extent::plus(&shape[2 + place], -1)?;
        let reach = (kernel - 1).checked_mul(dilation[place])?.checked_add(1 + more[place] - 2 * padding)?;
        extent::plus(&extent::multiply(&steps, &Size::Fixed(stride[place]))?, reach)
    };
    let sides = side(0, height, top).zip(side(1, width, left)).ok_or("a size is too large")?;
    let out = each.checked_mul(groups).ok_or("a size is too large")?;
    let shape = vec![shape[0].clone(), Size::Fixed(out), sides.0, sides.1];
    let mut inputs = vec![x, weight];
    inputs.extend(node.maybe(2));
    let bias = if inputs.len() > 2 { "a2" } else { "None" };
    let padding = [top, left];
    let expression = format!(
        "torch.conv_transpose2d(a0, a1, {bias}, {stride:?}, {padding:?}, {more:?}, {groups}, {dilation:?})"
    );
    one(builder.emit_aten("conv_transpose2d", &expression, &inputs, Vec::new(), (shape, Kind::Float)))
}

/// Normalisation by the squares of neighbouring channels (Krizhevsky et al., 2012): their sum is a convolution of 1×1.
fn local_response(builder: &mut Builder, node: &mut Node) -> Found {
    let x = picture(builder, node)?;
    let (x, last) = builder.aligned(&[x])?;
    let x = x[0].clone();
    let shape = builder.shape(&x)?;
    let count =
        shape[1].fixed().filter(|count| (1..=4096).contains(count)).ok_or("its channels are not known")?;
    let size = node
        .maybe_int("size")?
        .filter(|size| (1..=count).contains(size))
        .ok_or("its window makes no sense")?;
    let (alpha, beta, bias) =
        (node.float("alpha", 1e-4)?, node.float("beta", 0.75)?, node.float("bias", 1.0)?);
    let ones = tch::Tensor::f_ones([count, count], (Kind::Float, tch::Device::Cpu));
    let band =
        ones.and_then(|ones| ones.f_tril(size / 2)?.f_triu(-((size - 1) / 2))?.f_view([count, count, 1, 1]));
    let band = Value::Constant(Rc::new(band.map_err(|error| error.to_string())?), None);
    let squares = builder.emit(crate::graph::Activation::Square, std::slice::from_ref(&x))?;
    let sum = Op::Conv2d { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };
    let sum = builder.emit(sum, &[squares, band])?;
    let number = |value: f64| Some(Number::Float(value));
    let scaled = builder.emit(Arithmetic::Mul { other: number(alpha / size as f64) }, &[sum])?;
    let shifted = builder.emit(Arithmetic::Add { other: number(bias) }, &[scaled])?;
    let power = builder.emit(Arithmetic::Pow { other: number(-beta) }, &[shifted])?;
    let found = builder.emit(Arithmetic::Mul { other: None }, &[x, power])?;
    one(Ok(placed(found, last)))
}

/// Pooling over a whole picture, or over whatever follows the channels.
pub(super) fn whole(op: Pool, builder: &mut Builder, node: &Node) -> Found {
    let x = node.input(0)?;
    let rank = builder.shape(&x)?.len() as i64;
    if rank != 4 {
        let (dims, keep) = ((2..rank).collect(), true);
        return match op {
            _ if rank < 3 => Err("it is given nothing to pool".to_owned()),
            Pool::AdaptiveAverage { .. } => one(builder.emit(Reduction::Mean { dims, keep }, &[x])),
            _ => one(builder.emit(Reduction::Max { dims, keep }, &[x])),
        };
    }
    let (x, last) = builder.aligned(&[x])?;
    let found = builder.emit(op, &x)?;
    one(Ok(placed(found, last)))
}
