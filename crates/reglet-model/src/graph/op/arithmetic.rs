//! Arithmetic and comparison, number by number.

use tch::Tensor;

use super::scalar::{self, Scalar};
use super::{Context, Inputs, Op};
use crate::ModelError;
use crate::graph::Size;

/// A constant operand. Integers stay integers, so that libtorch's type promotion gives the same result as in PyTorch.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// An integer, or a size.
    Integer(Size),
    /// A floating-point number.
    Float(f64),
}

impl Number {
    pub(super) fn scalar(&self, context: &Context) -> Result<Scalar, ModelError> {
        Ok(match self {
            Number::Integer(size) => Scalar::Integer(context.sizes.number(size)?),
            Number::Float(value) => Scalar::Float(*value),
        })
    }
}

/// An operation on two tensors, broadcast to a common shape, or on a tensor and a constant: if `other` is given, it is the
/// second operand, and the node has one input.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Arithmetic {
    /// a + b.
    Add {
        /// b, unless it is an input.
        other: Option<Number>,
    },
    /// a − b.
    Sub {
        /// b, unless it is an input.
        other: Option<Number>,
    },
    /// b − a, for a constant b.
    ReverseSub {
        /// b.
        other: Number,
    },
    /// a · b.
    Mul {
        /// b, unless it is an input.
        other: Option<Number>,
    },
    /// a / b.
    Div {
        /// b, unless it is an input.
        other: Option<Number>,
    },
    /// aᵇ.
    Pow {
        /// b, unless it is an input.
        other: Option<Number>,
    },
    /// The larger of two tensors' numbers.
    Maximum,
    /// The smaller of two tensors' numbers.
    Minimum,
    /// No less than `min` and no more than `max`.
    Clamp {
        /// The lower bound.
        min: Option<Number>,
        /// The upper bound.
        max: Option<Number>,
    },
    /// Whether a = b.
    Eq {
        /// b, unless it is an input.
        other: Option<Number>,
    },
    /// Whether a ≠ b.
    Ne {
        /// b, unless it is an input.
        other: Option<Number>,
    },
    /// Whether a > b.
    Gt {
        /// b, unless it is an input.
        other: Option<Number>,
    },
    /// Whether a ≥ b.
    Ge {
        /// b, unless it is an input.
        other: Option<Number>,
    },
    /// Whether a < b.
    Lt {
        /// b, unless it is an input.
        other: Option<Number>,
    },
    /// Whether a ≤ b.
    Le {
        /// b, unless it is an input.
        other: Option<Number>,
    },
    /// `value` where the mask, the second input, is true, and the first input elsewhere.
    MaskedFill {
        /// The constant; the third input unless given.
        value: Option<Number>,
    },
    /// The second input where the first is true, and the third elsewhere.
    Where,
    /// `value` everywhere, in the shape of the first input.
    Fill {
        /// The constant; the second input, of one number, unless given.
        value: Option<Number>,
    },
}

impl Arithmetic {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Arithmetic::Add { .. } => "add",
            Arithmetic::Sub { .. } => "sub",
            Arithmetic::ReverseSub { .. } => "rsub",
            Arithmetic::Mul { .. } => "mul",
            Arithmetic::Div { .. } => "div",
            Arithmetic::Pow { .. } => "pow",
            Arithmetic::Maximum => "maximum",
            Arithmetic::Minimum => "minimum",
            Arithmetic::Clamp { .. } => "clamp",
            Arithmetic::Eq { .. } => "eq",
            Arithmetic::Ne { .. } => "ne",
            Arithmetic::Gt { .. } => "gt",
            Arithmetic::Ge { .. } => "ge",
            Arithmetic::Lt { .. } => "lt",
            Arithmetic::Le { .. } => "le",
            Arithmetic::MaskedFill { .. } => "masked_fill",
            Arithmetic::Where => "where",
            Arithmetic::Fill { .. } => "fill",
        }
    }

    pub(super) fn apply(&self, inputs: &Inputs, context: &Context) -> Result<Tensor, ModelError> {
        let [a] = inputs.first()?;
        let second = || inputs.first().map(|[_, b]| b);
        // Calls the form of an operator that takes a tensor or the one that takes a constant.
        macro_rules! either {
            ($other:expr, $tensor:ident, $scalar:ident) => {
                match $other {
                    None => a.$tensor(second()?),
                    Some(number) => scalar::binary(scalar::$scalar, a, number.scalar(context)?),
                }
            };
        }
        Ok(match self {
            Arithmetic::Add { other } => either!(other, f_add, ADD),
            Arithmetic::Sub { other } => either!(other, f_sub, SUB),
            Arithmetic::ReverseSub { other } => {
                scalar::binary(scalar::REVERSE_SUB, a, other.scalar(context)?)
            }
            Arithmetic::Mul { other } => either!(other, f_mul, MUL),
            Arithmetic::Div { other } => either!(other, f_div, DIV),
            Arithmetic::Pow { other } => either!(other, f_pow, POW),
            Arithmetic::Maximum => a.f_maximum(second()?),
            Arithmetic::Minimum => a.f_minimum(second()?),
            Arithmetic::Clamp { min, max } => match (min, max) {
                (Some(min), Some(max)) => {
                    scalar::clamp_between(a, min.scalar(context)?, max.scalar(context)?)
                }
                (Some(min), None) => scalar::binary(scalar::CLAMP_MIN, a, min.scalar(context)?),
                (None, Some(max)) => scalar::binary(scalar::CLAMP_MAX, a, max.scalar(context)?),
                (None, None) => Ok(a.shallow_clone()),
            },
            Arithmetic::Eq { other } => either!(other, f_eq_tensor, EQ),
            Arithmetic::Ne { other } => either!(other, f_ne_tensor, NE),
            Arithmetic::Gt { other } => either!(other, f_gt_tensor, GT),
            Arithmetic::Ge { other } => either!(other, f_ge_tensor, GE),
            Arithmetic::Lt { other } => either!(other, f_lt_tensor, LT),
            Arithmetic::Le { other } => either!(other, f_le_tensor, LE),
            Arithmetic::MaskedFill { value: Some(value) } => {
                scalar::masked_fill(a, second()?, value.scalar(context)?)
            }
            Arithmetic::MaskedFill { value: None } => {
                let [_, mask, value] = inputs.first()?;
                a.f_masked_fill_tensor(mask, value)
            }
            Arithmetic::Where => {
                let [condition, yes, no] = inputs.first()?;
                yes.f_where_self(condition, no)
            }
            Arithmetic::Fill { value } => either!(value, f_fill_tensor, FILL),
        }?)
    }
}

impl From<Arithmetic> for Op {
    fn from(op: Arithmetic) -> Op {
        Op::Arithmetic(op)
    }
}
