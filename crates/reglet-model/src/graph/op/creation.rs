//! Operators that create tensors without inputs.

use tch::{Kind, TchError, Tensor};

use super::{Context, Number, Op, scalar};
use crate::ModelError;
use crate::graph::Size;

/// The largest tensor that may be created, larger than any mask or position table. The limit keeps a model file from filling
/// the memory.
const MOST: i64 = 1 << 28;

/// A new tensor that is created without inputs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Creation {
    /// One number everywhere.
    Full {
        /// The shape.
        shape: Vec<Size>,
        /// The number.
        value: Number,
        /// Its kind.
        kind: Kind,
    },
    /// The numbers from `start` in steps of `step`, up to but excluding `end`.
    Range {
        /// The first number.
        start: Number,
        /// The bound.
        end: Number,
        /// The distance.
        step: Number,
        /// The kind.
        kind: Kind,
    },
}

impl Creation {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Creation::Full { .. } => "full",
            Creation::Range { .. } => "arange",
        }
    }

    pub(super) fn apply(&self, context: &Context) -> Result<Tensor, ModelError> {
        let fault = |reason: String| TchError::Kind(reason);
        let too_many = || fault(format!("it would create more than {MOST} numbers"));
        Ok(match self {
            Creation::Full { shape, value, kind } => {
                let shape = context.sizes.numbers(shape)?;
                let count = shape.iter().try_fold(1_i64, |count, size| count.checked_mul(*size));
                count.filter(|count| *count <= MOST).ok_or_else(too_many)?;
                let empty = Tensor::f_empty(shape, (*kind, context.device))?;
                scalar::binary(scalar::FILL, &empty, value.scalar(context)?)
            }
            Creation::Range { start, end, step, kind } => {
                let [start, end, step] =
                    [start.scalar(context)?, end.scalar(context)?, step.scalar(context)?];
                let count = (end.float() - start.float()) / step.float();
                if count.is_nan() || count > MOST as f64 {
                    return Err(too_many().into());
                }
                // Refused here because libtorch would refuse it, and tch would panic.
                if count < 0.0 || *kind == Kind::Bool {
                    return Err(
                        fault(format!("it counts from {start:?} to {end:?} in steps of {step:?}")).into()
                    );
                }
                let [start, end, step] = [start, end, step].map(tch::Scalar::from);
                Tensor::f_arange_start_step(start, end, step, (*kind, context.device))
            }
        }?)
    }
}

impl From<Creation> for Op {
    fn from(op: Creation) -> Op {
        Op::Creation(op)
    }
}
