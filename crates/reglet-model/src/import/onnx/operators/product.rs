//! Linear layers, products of matrices, and attention.

use std::rc::Rc;

use tch::Tensor;

use super::{Found, one};
use crate::graph::{Arithmetic, Layout, Number, Op, Product, Size};
use crate::import::onnx::builder::Builder;
use crate::import::onnx::fuse::fused;
use crate::import::onnx::node::Node;
use crate::import::onnx::value::Value;

pub(super) fn read(builder: &mut Builder, node: &mut Node) -> Found {
    match node.operator {
        "Gemm" => general(builder, node),
        "MatMul" => {
            let (a, b) = (node.input(0)?, node.input(1)?);
            let computed = !matches!(a, Value::Constant(..)) && builder.shape(&a)?.len() >= 2;
            match &b {
                Value::Constant(weight, name) if computed && weight.dim() == 2 => {
                    let weight = Value::Constant(transposed(weight)?, name.clone());
                    one(builder.emit(Op::Linear, &[a, weight]))
                }
                _ => one(builder.emit(Product::Matmul, &[a, b])),
            }
        }
        "Einsum" => {
            let equation = node.text("equation", "")?;
            let equation: String = equation.chars().filter(|letter| !letter.is_whitespace()).collect();
            one(builder.emit(Product::Einsum { equation }, &node.all()?))
        }
        "Attention" => attention(builder, node),
        _ => Ok(None),
    }
}

/// A weight `[in, out]` as `[out, in]`, which is how a linear layer has it.
fn transposed(weight: &Tensor) -> Result<Rc<Tensor>, String> {
    weight
        .f_transpose(0, 1)
        .and_then(|weight| weight.f_contiguous())
        .map(Rc::new)
        .map_err(|error| error.to_string())
}

/// α a b + β c, for matrices, either of which may be transposed.
fn general(builder: &mut Builder, node: &mut Node) -> Found {
    let (alpha, beta) = (node.float("alpha", 1.0)?, node.float("beta", 1.0)?);
    let (turn_a, turn_b) = (node.flag("transA", false)?, node.flag("transB", false)?);
    node.pass_over(&["broadcast"]);
    let turned = |builder: &mut Builder, value: Value, turn: bool| match turn {
        true => builder.emit(Layout::Permute { dims: vec![1, 0] }, &[value]),
        false => Ok(value),
    };
    let a = node.input(0)?;
    let a = turned(builder, a, turn_a)?;
    let b = node.input(1)?;
    let scaled = |builder: &mut Builder, value: Value, by: f64| match by == 1.0 {
        true => Ok(value),
        false => builder.emit(Arithmetic::Mul { other: Some(Number::Float(by)) }, &[value]),
    };
    let product = match &b {
        Value::Constant(weight, name) if !matches!(a, Value::Constant(..)) => {
            let weight = if turn_b { Rc::clone(weight) } else { transposed(weight)? };
            let weight = scaled(builder, Value::Constant(weight, name.clone()), alpha)?;
            builder.emit(Op::Linear, &[a, weight])?
        }
        _ => {
            let b = turned(builder, b, turn_b)?;
            let product = builder.emit(Product::Matmul, &[a, b])?;
            scaled(builder, product, alpha)?
        }
    };
    let Some(c) = node.maybe(2) else { return one(Ok(product)) };
    let c = scaled(builder, c, beta)?;
    let sum = builder.emit(Arithmetic::Add { other: None }, &[product, c])?;
    one(fused(builder, sum))
}

/// Attention with its heads apart, `[N, heads, T, C]`, or side by side, `[N, T, heads · C]`.
fn attention(builder: &mut Builder, node: &mut Node) -> Found {
    let causal = node.flag("is_causal", false)?;
    let scale = node.maybe_float("scale")?;
    let heads = [node.maybe_int("q_num_heads")?, node.maybe_int("kv_num_heads")?];
    node.pass_over(&["softmax_precision", "qk_matmul_output_mode"]);
    if node.float("softcap", 0.0)? != 0.0 || node.count() > 4 || node.results > 1 {
        return Err("what it remembers of calls before, or a cap, is not supported".to_owned());
    }
    let mut inputs = Vec::new();
    let mut apart = true;
    for place in 0..3 {
        let value = node.input(place)?;
        let shape = builder.shape(&value)?;
        inputs.push(match &shape[..] {
            [_, _, _, _] => value,
            [n, tokens, Size::Fixed(channels)] => {
                apart = false;
                let heads = heads[place.min(1)].filter(|heads| *heads > 0 && channels % heads == 0);
                let heads = heads.ok_or("how many heads it has is not said")?;
                let each = [n.clone(), tokens.clone(), Size::Fixed(heads), Size::Fixed(channels / heads)];
                let split = builder.emit(Layout::Reshape { shape: each.to_vec() }, &[value])?;
                builder.emit(Layout::Permute { dims: vec![0, 2, 1, 3] }, &[split])?
            }
            _ => return Err("attention of no tokens".to_owned()),
        });
    }
    let count = |value: &Value| builder.shape(value).map(|shape| shape[1].clone());
    let grouped = count(&inputs[0])? != count(&inputs[1])?;
    inputs.extend(node.maybe(3));
    let found = builder.emit(Product::Attention { causal, scale, grouped }, &inputs)?;
    if apart {
        return one(Ok(found));
    }
    let back = builder.emit(Layout::Permute { dims: vec![0, 2, 1, 3] }, &[found])?;
    let shape = builder.shape(&back)?;
    let channels =
        crate::import::onnx::extent::multiply(&shape[2], &shape[3]).ok_or("a size is too large")?;
    one(builder.emit(Layout::Reshape { shape: vec![shape[0].clone(), shape[1].clone(), channels] }, &[back]))
}
