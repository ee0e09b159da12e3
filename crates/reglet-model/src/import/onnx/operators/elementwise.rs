//! Functions of each number, and of several tensors number by number.

use tch::Kind;

use super::{Found, one};
use crate::graph::{Activation, Arithmetic, Layout, Number, Op, Size};
use crate::import::onnx::builder::{Builder, placed};
use crate::import::onnx::fuse::fused;
use crate::import::onnx::node::Node;
use crate::import::onnx::shape;
use crate::import::onnx::tensors;
use crate::import::onnx::value::Value;

pub(super) fn read(builder: &mut Builder, node: &mut Node) -> Found {
    let plain = match node.operator {
        "Relu" => Activation::Relu,
        "LeakyRelu" => Activation::LeakyRelu { slope: node.float("alpha", 0.01)? },
        "Sigmoid" => Activation::Sigmoid,
        "Tanh" => Activation::Tanh,
        "Erf" => Activation::Erf,
        "Exp" => Activation::Exp,
        "Log" => Activation::Log,
        "Sqrt" => Activation::Sqrt,
        "Reciprocal" => Activation::Reciprocal,
        "Abs" => Activation::Abs,
        "Neg" => Activation::Neg,
        "Sin" => Activation::Sin,
        "Cos" => Activation::Cos,
        "Floor" => Activation::Floor,
        "Not" => Activation::LogicalNot,
        "Softplus" => Activation::Softplus,
        "HardSwish" => Activation::Hardswish,
        "Mish" => Activation::Mish,
        "Gelu" => match node.text("approximate", "none")?.as_str() {
            "none" => Activation::Gelu { tanh: false },
            "tanh" => Activation::Gelu { tanh: true },
            other => return Err(format!("there is no approximation '{other}'")),
        },
        _ => return other(builder, node),
    };
    one(builder.emit_each(plain, &[node.input(0)?]))
}

fn other(builder: &mut Builder, node: &mut Node) -> Found {
    match node.operator {
        "Elu" => {
            let alpha = node.float("alpha", 1.0)?;
            match alpha == 1.0 {
                true => one(builder.emit_each(Activation::Elu, &[node.input(0)?])),
                false => by_name(builder, node, "elu", &format!("torch.elu(a0, {alpha:?})")),
            }
        }
        "Selu" => {
            let (alpha, gamma) = (node.float("alpha", 1.673_263_2)?, node.float("gamma", 1.050_701)?);
            match (alpha - 1.673_263_2).abs() < 1e-5 && (gamma - 1.050_701).abs() < 1e-5 {
                true => one(builder.emit_each(Activation::Selu, &[node.input(0)?])),
                false => Err("its constants are not those of its paper".to_owned()),
            }
        }
        "Celu" => {
            let alpha = node.float("alpha", 1.0)?;
            by_name(builder, node, "celu", &format!("torch.celu(a0, {alpha:?})"))
        }
        "ThresholdedRelu" => {
            let alpha = node.float("alpha", 1.0)?;
            by_name(builder, node, "threshold", &format!("torch.threshold(a0, {alpha:?}, 0.)"))
        }
        "Ceil" => by_name(builder, node, "ceil", "torch.ceil(a0)"),
        "Tan" => by_name(builder, node, "tan", "torch.tan(a0)"),
        "Asin" => by_name(builder, node, "asin", "torch.asin(a0)"),
        "Acos" => by_name(builder, node, "acos", "torch.acos(a0)"),
        "Atan" => by_name(builder, node, "atan", "torch.atan(a0)"),
        "Sinh" => by_name(builder, node, "sinh", "torch.sinh(a0)"),
        "Cosh" => by_name(builder, node, "cosh", "torch.cosh(a0)"),
        "Asinh" => by_name(builder, node, "asinh", "torch.asinh(a0)"),
        "Acosh" => by_name(builder, node, "acosh", "torch.acosh(a0)"),
        "Atanh" => by_name(builder, node, "atanh", "torch.atanh(a0)"),
        "Round" => by_name(builder, node, "round", "torch.round(a0)"),
        "Sign" => by_name(builder, node, "sign", "torch.sign(a0)"),
        "Softsign" => {
            let x = node.input(0)?;
            let size = builder.emit_each(Activation::Abs, std::slice::from_ref(&x))?;
            let size = builder.emit_each(Arithmetic::Add { other: Some(Number::Float(1.0)) }, &[size])?;
            one(builder.emit_each(Arithmetic::Div { other: None }, &[x, size]))
        }
        "HardSigmoid" => hard_sigmoid(builder, node),
        "Swish" => {
            let alpha = node.float("alpha", 1.0)?;
            let x = node.input(0)?;
            match alpha == 1.0 {
                true => one(builder.emit_each(Activation::Silu, &[x])),
                false => {
                    let times = Arithmetic::Mul { other: Some(Number::Float(alpha)) };
                    let scaled = builder.emit_each(times, std::slice::from_ref(&x))?;
                    let gate = builder.emit_each(Activation::Sigmoid, &[scaled])?;
                    one(builder.emit_each(Arithmetic::Mul { other: None }, &[x, gate]))
                }
            }
        }
        "IsNaN" => {
            let x = node.input(0)?;
            // A softmax whose row is masked out as a whole is no number, and exporters guard against that.
            let (x, last) = builder.aligned(&[x])?;
            let shape = builder.shape(&x[0])?;
            let found = builder.emit_aten("isnan", "torch.isnan(a0)", &x, Vec::new(), (shape, Kind::Bool))?;
            one(Ok(placed(found, last)))
        }
        "Clip" => clip(builder, node),
        "PRelu" => {
            let (x, slope) =
                (node.input(0)?, node.maybe_constant(1, "slope")?.ok_or("its slope is missing")?);
            let (x, last) = builder.aligned(&[x])?;
            let channels = builder.shape(&x[0])?.get(1).and_then(Size::fixed);
            let count = slope.numel() as i64;
            if count != 1 && (Some(count) != channels || last) {
                return Err("only a slope for each channel, or one for all, is supported".to_owned());
            }
            let slope = Value::of(slope.f_reshape([count]).map_err(|error| error.to_string())?);
            let shape = builder.shape(&x[0])?;
            let inputs = [x[0].clone(), slope];
            let found = builder.emit_aten(
                "prelu",
                "torch.prelu(a0, a1)",
                &inputs,
                Vec::new(),
                (shape, Kind::Float),
            )?;
            one(Ok(placed(found, last)))
        }
        "Cast" => {
            let x = node.input(0)?;
            node.pass_over(&["saturate", "round_mode"]);
            let kind = crate::import::tensors::in_graph(tensors::kind(node.int("to", 1)? as i32)?);
            cast(builder, x, kind)
        }
        "CastLike" => {
            let kind = builder.kind(&node.input(1)?);
            node.pass_over(&["saturate", "round_mode"]);
            cast(builder, node.input(0)?, kind)
        }
        "Where" => {
            let inputs = [node.input(0)?, node.input(1)?, node.input(2)?];
            one(builder.emit_each(Arithmetic::Where, &inputs))
        }
        "Add" | "Sum" => folded(builder, node, |other| Arithmetic::Add { other }),
        "Mul" => folded(builder, node, |other| Arithmetic::Mul { other }),
        "Mean" => {
            let count = node.count() as f64;
            let sum = folded(builder, node, |other| Arithmetic::Add { other })?;
            let sum = sum.and_then(|mut sum| sum.pop()).ok_or("it is given nothing")?;
            one(builder.emit_each(Arithmetic::Div { other: Some(Number::Float(count)) }, &[sum]))
        }
        "Max" => extreme(builder, node, true),
        "Min" => extreme(builder, node, false),
        "Sub" | "Div" | "Pow" | "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" => {
            binary(builder, node)
        }
        "And" | "Or" | "Xor" => {
            let inputs = node.all()?;
            // Of truth values, the product is both, and the sum that is not zero either.
            let (name, expression) = match node.operator {
                "And" => ("logical_and", "torch.logical_and(a0, a1)"),
                "Or" => ("logical_or", "torch.logical_or(a0, a1)"),
                _ => ("logical_xor", "torch.logical_xor(a0, a1)"),
            };
            number_by_number(builder, name, expression, &inputs, Kind::Bool)
        }
        "Mod" => {
            let inputs = node.all()?;
            let kind = builder.kind(&node.input(0)?);
            match node.flag("fmod", false)? {
                true => number_by_number(builder, "fmod", "torch.fmod(a0, a1)", &inputs, kind),
                false => number_by_number(builder, "remainder", "torch.remainder(a0, a1)", &inputs, kind),
            }
        }
        _ => Ok(None),
    }
}

fn by_name(builder: &mut Builder, node: &Node, name: &'static str, expression: &str) -> Found {
    let kind = builder.kind(&node.input(0)?);
    number_by_number(builder, name, expression, &[node.input(0)?], kind)
}

fn number_by_number(
    builder: &mut Builder,
    name: &'static str,
    expression: &str,
    inputs: &[Value],
    kind: Kind,
) -> Found {
    let (inputs, last) = builder.aligned(inputs)?;
    let shapes = inputs.iter().map(|input| builder.shape(input)).collect::<Result<Vec<_>, _>>()?;
    let shape = shape::broadcast(&shapes.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    let found = builder.emit_aten(name, expression, &inputs, Vec::new(), (shape, kind))?;
    one(Ok(placed(found, last)))
}

/// Another kind of numbers.
fn cast(builder: &mut Builder, x: Value, kind: Kind) -> Found {
    match builder.kind(&x) == kind {
        true => one(Ok(x)),
        false => one(builder.emit_each(Layout::To { kind }, &[x])),
    }
}

fn hard_sigmoid(builder: &mut Builder, node: &mut Node) -> Found {
    let (alpha, beta) = (node.float("alpha", 0.2)?, node.float("beta", 0.5)?);
    let x = node.input(0)?;
    if (alpha - 1.0 / 6.0).abs() < 1e-6 && beta == 0.5 {
        return one(builder.emit_each(Activation::Hardsigmoid, &[x]));
    }
    let scaled = builder.emit_each(Arithmetic::Mul { other: Some(Number::Float(alpha)) }, &[x])?;
    let shifted = builder.emit_each(Arithmetic::Add { other: Some(Number::Float(beta)) }, &[scaled])?;
    one(builder.emit_each(Activation::Hardtanh { min: 0.0, max: 1.0 }, &[shifted]))
}

fn clip(builder: &mut Builder, node: &mut Node) -> Found {
    let x = node.input(0)?;
    let mut bounds = [node.maybe_float("min")?, node.maybe_float("max")?];
    for (place, bound) in bounds.iter_mut().enumerate() {
        if let Some(value) = node.maybe(place + 1) {
            let number = value.number();
            *bound = Some(number.ok_or("its bounds are computed; only constant ones are supported")?);
        }
    }
    // What lies beyond the largest number bounds nothing.
    let bound = |bound: Option<f64>| bound.filter(|bound| bound.abs() < f64::from(f32::MAX));
    let float = builder.kind(&x) == Kind::Float;
    let op: Op = match bounds.map(bound) {
        [None, None] => return one(Ok(x)),
        [Some(0.0), None] if float => Activation::Relu.into(),
        [Some(min), Some(max)] if float && min <= max => Activation::Hardtanh { min, max }.into(),
        [min, max] => {
            let number = |bound: f64| match float {
                true => Number::Float(bound),
                false => Number::Integer(Size::Fixed(bound as i64)),
            };
            Arithmetic::Clamp { min: min.map(number), max: max.map(number) }.into()
        }
    };
    one(builder.emit_each(op, &[x]))
}

/// A constant operand, if the value is one that goes with any shape.
fn operand(builder: &Builder, value: &Value, beside: &Value) -> Result<Option<Number>, String> {
    if matches!(beside, Value::Constant(..)) {
        return Ok(None);
    }
    let Value::Constant(tensor, _) = value else { return Ok(None) };
    if tensor.dim() > builder.shape(beside)?.len() {
        return Ok(None);
    }
    let integer = !matches!(tensor.kind(), Kind::Float);
    Ok(value.number().map(|number| match integer {
        true => Number::Integer(Size::Fixed(number as i64)),
        false => Number::Float(number),
    }))
}

/// A sum or a product of any number of values, one after the other.
fn folded(builder: &mut Builder, node: &Node, op: impl Fn(Option<Number>) -> Arithmetic) -> Found {
    let mut inputs = node.all()?.into_iter();
    let mut sum = inputs.next().ok_or("it is given nothing")?;
    for other in inputs {
        let (a, b) = match operand(builder, &sum, &other)? {
            Some(_) => (other, sum),
            None => (sum, other),
        };
        sum = match operand(builder, &b, &a)? {
            Some(number) => each_fused(builder, op(Some(number)), &[a])?,
            None => each_fused(builder, op(None), &[a, b])?,
        };
    }
    one(Ok(sum))
}

/// The same as [`Builder::emit_each`], by one operator where this ends what several computed.
fn each_fused(builder: &mut Builder, op: Arithmetic, inputs: &[Value]) -> Result<Value, String> {
    let (inputs, last) = builder.aligned(inputs)?;
    let found = builder.emit(op, &inputs)?;
    Ok(placed(fused(builder, found)?, last))
}

fn extreme(builder: &mut Builder, node: &Node, largest: bool) -> Found {
    let mut inputs = node.all()?.into_iter();
    let mut found = inputs.next().ok_or("it is given nothing")?;
    for other in inputs {
        let (a, b) = match operand(builder, &found, &other)? {
            Some(_) => (other, found),
            None => (found, other),
        };
        let op: Op = match (operand(builder, &b, &a)?, largest) {
            (Some(Number::Float(0.0)), true) => Activation::Relu.into(),
            (bound @ Some(_), true) => Arithmetic::Clamp { min: bound, max: None }.into(),
            (bound @ Some(_), false) => Arithmetic::Clamp { min: None, max: bound }.into(),
            (None, true) => Arithmetic::Maximum.into(),
            (None, false) => Arithmetic::Minimum.into(),
        };
        let inputs = match op {
            Op::Arithmetic(Arithmetic::Maximum | Arithmetic::Minimum) => vec![a, b],
            _ => vec![a],
        };
        found = builder.emit_each(op, &inputs)?;
    }
    one(Ok(found))
}

fn binary(builder: &mut Builder, node: &Node) -> Found {
    let (a, b) = (node.input(0)?, node.input(1)?);
    let other = operand(builder, &b, &a)?;
    let integers = builder.kind(&a) != Kind::Float;
    if node.operator == "Div" && integers {
        let kind = builder.kind(&a);
        let expression = "torch.div(a0, a1, rounding_mode=\"trunc\")";
        return number_by_number(builder, "div", expression, &[a, b], kind);
    }
    if let ("Sub" | "Div", Some(number)) = (node.operator, operand(builder, &a, &b)?) {
        // A constant less a value, or divided by one.
        if node.operator == "Sub" {
            return one(builder.emit_each(Arithmetic::ReverseSub { other: number }, &[b]));
        }
        let one_over = builder.emit_each(Activation::Reciprocal, &[b])?;
        return match number {
            Number::Float(1.0) => one(Ok(one_over)),
            number => one(builder.emit_each(Arithmetic::Mul { other: Some(number) }, &[one_over])),
        };
    }
    let inputs = if other.is_some() { vec![a] } else { vec![a, b] };
    let op = match node.operator {
        "Sub" => Arithmetic::Sub { other },
        "Div" => Arithmetic::Div { other },
        "Pow" => Arithmetic::Pow { other },
        "Equal" => Arithmetic::Eq { other },
        "Greater" => Arithmetic::Gt { other },
        "GreaterOrEqual" => Arithmetic::Ge { other },
        "Less" => Arithmetic::Lt { other },
        _ => Arithmetic::Le { other },
    };
    one(each_fused(builder, op, &inputs))
}
