//! Functions and layers that exporters write as several operators, made one again: so methods with rules for a layer see that
//! layer, and it runs as fast as the model's own.
//!
//! Nothing is taken away here: the one operator stands for the value that the last of the several computes, and what nobody
//! reads any more is left out of the graph.

use std::rc::Rc;

use tch::{Kind, Tensor};

use super::builder::Builder;
use super::value::Value;
use crate::graph::{Activation, Arithmetic, Number, Op, Reduction, Size};

/// Calls of the longest way on which a function is looked for.
const LONGEST: usize = 12;

/// How far a function may be from one that is known: rounding in 32 bits, but not one way to compute GELU for the other.
const NEAR: f64 = 2e-5;

/// Functions that exporters take apart.
const KNOWN: [Activation; 6] = [
    Activation::Silu,
    Activation::Gelu { tanh: false },
    Activation::Gelu { tanh: true },
    Activation::Mish,
    Activation::Hardswish,
    Activation::Hardsigmoid,
];

/// The value, by one operator where several computed it.
pub(super) fn fused(builder: &mut Builder, found: Value) -> Result<Value, String> {
    let Value::Computed(value) = found else { return Ok(found) };
    if let Some(layer) = norm(builder, value)? {
        return Ok(layer);
    }
    if let Some(layer) = with_bias(builder, value)? {
        return Ok(layer);
    }
    Ok(match function(builder, value) {
        Some((function, of)) => builder.emit(function, &[Value::Computed(of)])?,
        None => found,
    })
}

/// Which known function of which value a value is: found by computing both for some numbers.
fn function(builder: &Builder, value: usize) -> Option<(Activation, usize)> {
    let (Op::Arithmetic(Arithmetic::Mul { .. } | Arithmetic::Div { .. }), _) = builder.maker(value)? else {
        return None;
    };
    let shape = builder.drafted(value).0;
    let mut region: Vec<usize> = Vec::new();
    let mut frontier = vec![value];
    while let Some(last) = frontier.iter().copied().max() {
        // All of the region comes of this one.
        if let ([of], true) = (&frontier[..], region.len() > 1)
            && let Some(found) = compared(builder, &region, *of)
        {
            return Some((found, *of));
        }
        if region.len() >= LONGEST || builder.drafted(last).0 != shape {
            return None;
        }
        frontier.retain(|other| *other != last);
        let (op, inputs) = builder.maker(last)?;
        if !matches!(op, Op::Activation(_) | Op::Arithmetic(_)) {
            return None;
        }
        region.push(last);
        for input in inputs {
            if builder.weight(*input).is_some_and(|weight| weight.numel() == 1) {
                continue;
            }
            if builder.weight(*input).is_some() {
                return None;
            }
            if !frontier.contains(input) {
                frontier.push(*input);
            }
        }
    }
    None
}

/// The function that a region, the last call first, is of a value.
fn compared(builder: &Builder, region: &[usize], of: usize) -> Option<Activation> {
    let at = Tensor::f_linspace(-8.0, 8.0, 65, (Kind::Float, tch::Device::Cpu)).ok()?;
    let mut values: Vec<(usize, Rc<Tensor>)> = vec![(of, Rc::new(at.shallow_clone()))];
    for call in region.iter().rev() {
        let (op, inputs) = builder.maker(*call)?;
        let known = |input: &usize| {
            let earlier = values.iter().find(|(value, _)| value == input).map(|(_, tensor)| tensor);
            earlier.or_else(|| builder.weight(*input)).cloned()
        };
        let given: Option<Vec<Rc<Tensor>>> = inputs.iter().map(known).collect();
        let given = given?;
        let given: Vec<&Tensor> = given.iter().map(AsRef::as_ref).collect();
        values.push((*call, Rc::new(op.fold(&given).ok()?)));
    }
    let (_, found) = values.pop()?;
    let far = |function: &Activation| {
        let expected = Op::from(*function).fold(&[&at]).ok()?;
        let difference = found.f_sub(&expected).and_then(|difference| difference.f_abs()?.f_max());
        difference.and_then(|most| most.f_double_value(&[])).ok()
    };
    KNOWN.into_iter().find(|function| far(function).is_some_and(|far| far < NEAR))
}

/// A layer norm, of its parts, or of one with its weight or its bias.
fn norm(builder: &mut Builder, value: usize) -> Result<Option<Value>, String> {
    let Some((op, inputs)) = builder.maker(value) else { return Ok(None) };
    let found = match (op, inputs) {
        (Op::Arithmetic(Arithmetic::Div { other: None }), &[centred, deviation]) => {
            normalised(builder, centred, deviation).map(|(op, of)| (op, vec![of]))
        }
        (Op::Arithmetic(Arithmetic::Mul { other: None } | Arithmetic::Add { other: None }), &[a, b]) => {
            let wanted = if matches!(op, Op::Arithmetic(Arithmetic::Mul { .. })) { 1 } else { 2 };
            [(a, b), (b, a)].into_iter().find_map(|(layer, weight)| {
                let (op @ Op::LayerNorm { shape, .. }, given) = builder.maker(layer)? else { return None };
                let fits = builder.weight(weight)?.size() == *shape && given.len() == wanted;
                fits.then(|| (op.clone(), [given, &[weight]].concat()))
            })
        }
        _ => None,
    };
    let Some((op, inputs)) = found else { return Ok(None) };
    let inputs: Vec<Value> = inputs.into_iter().map(Value::Computed).collect();
    builder.emit(op, &inputs).map(Some)
}

/// What is normalised where a value less its mean is divided by √(variance + ε).
fn normalised(builder: &Builder, centred: usize, deviation: usize) -> Option<(Op, usize)> {
    let difference = |value: usize| match builder.maker(value)? {
        (Op::Arithmetic(Arithmetic::Sub { other: None }), &[of, mean]) => {
            let (Op::Reduction(Reduction::Mean { dims, keep: true }), &[averaged]) = builder.maker(mean)?
            else {
                return None;
            };
            (averaged == of).then(|| (of, dims.clone()))
        }
        _ => None,
    };
    let (of, dims) = difference(centred)?;
    let (Op::Activation(Activation::Sqrt), &[shifted]) = builder.maker(deviation)? else { return None };
    let (Op::Arithmetic(Arithmetic::Add { other: Some(Number::Float(eps)) }), &[variance]) =
        builder.maker(shifted)?
    else {
        return None;
    };
    let (Op::Reduction(Reduction::Mean { dims: averaged, keep: true }), &[squares]) =
        builder.maker(variance)?
    else {
        return None;
    };
    let squared = match builder.maker(squares)? {
        (Op::Arithmetic(Arithmetic::Pow { other: Some(Number::Float(2.0)) }), &[base])
        | (Op::Activation(Activation::Square), &[base]) => base,
        (Op::Arithmetic(Arithmetic::Mul { other: None }), &[a, b]) if a == b => a,
        _ => return None,
    };
    let same = squared == centred || difference(squared) == Some((of, dims.clone()));
    let shape = builder.drafted(of).0;
    let rank = shape.len() as i64;
    let mut places: Vec<i64> = dims.iter().map(|dim| if *dim < 0 { dim + rank } else { *dim }).collect();
    places.sort_unstable();
    let last = places.iter().copied().eq(rank - places.len() as i64..rank)
        && places.first().is_some_and(|dim| *dim > 0);
    let sizes: Option<Vec<i64>> =
        places.iter().map(|dim| shape.get(*dim as usize).and_then(Size::fixed)).collect();
    (same && last && averaged == &dims).then_some((Op::LayerNorm { shape: sizes?, eps: *eps }, of))
}

/// A convolution or a linear layer with the bias that is added to it.
fn with_bias(builder: &mut Builder, value: usize) -> Result<Option<Value>, String> {
    let Some((Op::Arithmetic(Arithmetic::Add { other: None }), &[a, b])) = builder.maker(value) else {
        return Ok(None);
    };
    let found = [(a, b), (b, a)].into_iter().find_map(|(layer, bias)| {
        let (op, &[of, weight]) = builder.maker(layer)? else { return None };
        let channels = match (op, builder.drafted(weight).0.first()?.fixed()?) {
            (Op::Linear, channels) => (channels, vec![channels]),
            (Op::Conv2d { .. }, channels) => (channels, vec![channels, 1, 1]),
            _ => return None,
        };
        let own = builder.weight(bias)?;
        let mut size = own.size();
        while size.len() > channels.1.len() && size.first() == Some(&1) {
            size.remove(0);
        }
        // Nothing else is repeated by the sum.
        let kept = own.dim() <= builder.drafted(layer).0.len();
        (size == channels.1 && kept).then(|| (op.clone(), [of, weight], bias, channels.0))
    });
    let Some((op, [of, weight], bias, channels)) = found else { return Ok(None) };
    let name = match &builder.draft.values[bias].source {
        crate::import::draft::Source::Weight { name, .. } => Some(Rc::from(name.as_str())),
        _ => None,
    };
    let own = builder.weight(bias).ok_or("a constant is missing")?;
    let own = match own.dim() {
        1 => Value::Computed(bias),
        _ => Value::Constant(Rc::new(own.f_reshape([channels]).map_err(|error| error.to_string())?), name),
    };
    builder.emit(op, &[Value::Computed(of), Value::Computed(weight), own]).map(Some)
}
