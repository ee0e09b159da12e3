//! Summaries of each window of a picture.

use tch::Tensor;

use super::{Inputs, Op};
use crate::ModelError;

/// Pooling of one input `[N, C, H, W]`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Pool {
    /// `aten::max_pool2d`.
    Max {
        /// Height and width of the window.
        kernel: [i64; 2],
        /// Steps in height and width.
        stride: [i64; 2],
        /// Padding on each side in height and width.
        padding: [i64; 2],
        /// Distance between the window's elements in height and width (dilation).
        dilation: [i64; 2],
        /// Whether the last window may extend beyond the edge.
        ceil: bool,
    },
    /// `aten::avg_pool2d`.
    Average {
        /// Height and width of the window.
        kernel: [i64; 2],
        /// Steps in height and width.
        stride: [i64; 2],
        /// Padding on each side in height and width.
        padding: [i64; 2],
        /// Whether the last window may extend beyond the edge.
        ceil: bool,
        /// Whether the zeros of the padding count towards the mean.
        count_padding: bool,
        /// The number to divide the sum by, instead of the window's size.
        divisor: Option<i64>,
    },
    /// `aten::adaptive_avg_pool2d`.
    AdaptiveAverage {
        /// Height and width of the result.
        output: [i64; 2],
    },
    /// `aten::adaptive_max_pool2d`, without the indices.
    AdaptiveMax {
        /// Height and width of the result.
        output: [i64; 2],
    },
}

impl Pool {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Pool::Max { .. } => "max_pool2d",
            Pool::Average { .. } => "avg_pool2d",
            Pool::AdaptiveAverage { .. } => "adaptive_avg_pool2d",
            Pool::AdaptiveMax { .. } => "adaptive_max_pool2d",
        }
    }

    /// The largest numbers and their row-major indices in their planes; `None` for another kind of pooling.
    pub(super) fn largest(&self, x: &Tensor) -> Result<(Tensor, Tensor), tch::TchError> {
        match self {
            Pool::Max { kernel, stride, padding, dilation, ceil } => {
                x.f_max_pool2d_with_indices(kernel, stride, padding, dilation, *ceil)
            }
            Pool::AdaptiveMax { output } => x.f_adaptive_max_pool2d(output),
            _ => Err(tch::TchError::Kind(format!("{} has no places", self.name()))),
        }
    }

    pub(super) fn apply(&self, inputs: &Inputs) -> Result<Tensor, ModelError> {
        let [x] = inputs.first()?;
        Ok(match self {
            Pool::Max { kernel, stride, padding, dilation, ceil } => {
                x.f_max_pool2d(kernel, stride, padding, dilation, *ceil)
            }
            Pool::Average { kernel, stride, padding, ceil, count_padding, divisor } => {
                x.f_avg_pool2d(kernel, stride, padding, *ceil, *count_padding, *divisor)
            }
            Pool::AdaptiveAverage { output } => x.f_adaptive_avg_pool2d(output),
            Pool::AdaptiveMax { output } => x.f_adaptive_max_pool2d(output).map(|(values, _)| values),
        }?)
    }
}

impl From<Pool> for Op {
    fn from(op: Pool) -> Op {
        Op::Pool(op)
    }
}
