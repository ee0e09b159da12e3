//! Arithmetic, comparison, and the creation of tensors.

use tch::Kind;

use super::{Results, of};
use crate::graph::{Arithmetic, Creation, Number, Size};
use crate::import::call::Call;

pub(super) fn read(call: &mut Call) -> Result<Option<Results>, String> {
    let (name, overload) = call.operator.split_once('.').unwrap_or((call.operator, ""));
    let binary: fn(Option<Number>) -> Arithmetic = match name {
        "add" => |other| Arithmetic::Add { other },
        "sub" => |other| Arithmetic::Sub { other },
        "mul" | "multiply" => |other| Arithmetic::Mul { other },
        "div" | "divide" | "true_divide" => |other| Arithmetic::Div { other },
        "eq" => |other| Arithmetic::Eq { other },
        "ne" => |other| Arithmetic::Ne { other },
        "gt" => |other| Arithmetic::Gt { other },
        "ge" => |other| Arithmetic::Ge { other },
        "lt" => |other| Arithmetic::Lt { other },
        "le" => |other| Arithmetic::Le { other },
        _ => return others(call, name, overload),
    };
    match call.maybe_number("alpha")?.filter(|alpha| !is_one(alpha)) {
        None => with_operand(call, "other", binary),
        // a + α b and a − α b.
        Some(alpha) => {
            let input = call.input()?;
            let other = call.tensor("other")?;
            let kind = call.kind(other)?;
            let scaled = call.between(Arithmetic::Mul { other: Some(alpha) }, other, Some(kind));
            of(binary(None), [input, scaled])
        }
    }
}

fn is_one(number: &Number) -> bool {
    match number {
        Number::Integer(size) => size.fixed() == Some(1),
        Number::Float(value) => *value == 1.0,
    }
}

/// An operator whose second operand, the argument `name`, is a number or a tensor.
fn with_operand(
    call: &mut Call,
    name: &str,
    op: fn(Option<Number>) -> Arithmetic,
) -> Result<Option<Results>, String> {
    let input = call.input()?;
    if call.is_tensor(name) {
        return of(op(None), [input, call.tensor(name)?]);
    }
    of(op(Some(call.number(name)?)), [input])
}

fn others(call: &mut Call, name: &str, overload: &str) -> Result<Option<Results>, String> {
    match (name, overload) {
        ("rsub", "Scalar") => of(Arithmetic::ReverseSub { other: call.number("other")? }, [call.input()?]),
        ("pow", "Tensor_Scalar" | "Tensor_Tensor") => {
            with_operand(call, "exponent", |other| Arithmetic::Pow { other })
        }
        ("maximum", _) | ("max", "other") => of(Arithmetic::Maximum, [call.input()?, call.tensor("other")?]),
        ("minimum", _) | ("min", "other") => of(Arithmetic::Minimum, [call.input()?, call.tensor("other")?]),
        ("clamp", "") => {
            let op = Arithmetic::Clamp { min: call.maybe_number("min")?, max: call.maybe_number("max")? };
            of(op, [call.input()?])
        }
        ("clamp_min", "") => {
            of(Arithmetic::Clamp { min: Some(call.number("min")?), max: None }, [call.input()?])
        }
        ("clamp_max", "") => {
            of(Arithmetic::Clamp { min: None, max: Some(call.number("max")?) }, [call.input()?])
        }
        ("masked_fill", "Scalar") => {
            let op = Arithmetic::MaskedFill { value: Some(call.number("value")?) };
            of(op, [call.input()?, call.tensor("mask")?])
        }
        ("masked_fill", "Tensor") => {
            let op = Arithmetic::MaskedFill { value: None };
            of(op, [call.input()?, call.tensor("mask")?, call.tensor("value")?])
        }
        ("where", "self") => {
            of(Arithmetic::Where, [call.tensor("condition")?, call.tensor("self")?, call.tensor("other")?])
        }
        ("fill", "Scalar") => of(Arithmetic::Fill { value: Some(call.number("value")?) }, [call.input()?]),
        ("fill", "Tensor") => of(Arithmetic::Fill { value: None }, [call.input()?, call.tensor("value")?]),
        ("zero" | "zeros_like" | "ones_like" | "full_like", "") => {
            pass_over_options(call);
            let value = constant(call, name)?;
            let input = call.input_as_asked()?;
            of(Arithmetic::Fill { value: Some(value) }, [input])
        }
        // Uninitialised memory can contain anything, so zeros are allowed.
        ("empty_like", "") => {
            pass_over_options(call);
            let input = call.input_as_asked()?;
            of(Arithmetic::Fill { value: Some(Number::Integer(Size::Fixed(0))) }, [input])
        }
        ("empty", "memory_format") | ("new_empty" | "empty_permuted", "") => {
            call.pass_over(&["physical_layout"]);
            full(call, "new_empty")
        }
        ("zeros" | "ones" | "full" | "new_zeros" | "new_ones" | "new_full", "") => full(call, name),
        ("scalar_tensor", "") => {
            pass_over_options(call);
            let value = call.number("s")?;
            of(Creation::Full { shape: Vec::new(), kind: kind(call)?, value }, [])
        }
        ("arange", "" | "start" | "start_step") => {
            pass_over_options(call);
            let start = call.maybe_number("start")?.unwrap_or(Number::Integer(Size::Fixed(0)));
            let step = call.maybe_number("step")?.unwrap_or(Number::Integer(Size::Fixed(1)));
            let end = call.number("end")?;
            let kind = kind(call)?;
            of(Creation::Range { start, end, step, kind }, [])
        }
        _ => Ok(None),
    }
}

fn full(call: &mut Call, name: &str) -> Result<Option<Results>, String> {
    pass_over_options(call);
    let shape = call.sizes("size")?;
    let value = constant(call, name)?;
    // For `…_like` operators only the kind of the given tensor matters, and the result has it.
    call.pass_over(&["self"]);
    of(Creation::Full { shape, kind: kind(call)?, value }, [])
}

/// The number with which an operator of this name fills its result.
fn constant(call: &mut Call, name: &str) -> Result<Number, String> {
    match name {
        "full" | "full_like" | "new_full" => call.number("fill_value"),
        "ones" | "ones_like" | "new_ones" => Ok(Number::Integer(Size::Fixed(1))),
        _ => Ok(Number::Integer(Size::Fixed(0))),
    }
}

/// The requested kind, or else the kind that the archive declares for the result, which PyTorch chose by its rules.
fn kind(call: &mut Call) -> Result<Kind, String> {
    call.maybe_kind("dtype")?.map_or_else(|| call.result(), Ok)
}

/// Marks the arguments for the device and the layout of a new tensor as read: the run decides about them, and gradients are
/// not recorded for a new tensor.
fn pass_over_options(call: &mut Call) {
    call.pass_over(&["layout", "device", "pin_memory", "memory_format", "requires_grad"]);
}
