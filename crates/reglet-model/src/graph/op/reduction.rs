//! Summaries along some dimensions, and normalisations along one.

use tch::Tensor;

use super::{Inputs, Op, scalar};
use crate::ModelError;

/// A reduction of one input. Dimensions may be negative, counting from the end; `keep` leaves those reduced
/// in place, with size one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reduction {
    /// The mean.
    Mean {
        /// The dimensions to reduce; all, if none is given.
        dims: Vec<i64>,
        /// Reduced dimensions stay.
        keep: bool,
    },
    /// The sum.
    Sum {
        /// The dimensions to reduce; all, if none is given.
        dims: Vec<i64>,
        /// Reduced dimensions stay.
        keep: bool,
    },
    /// The largest.
    Max {
        /// Over these dimensions.
        dims: Vec<i64>,
        /// Reduced dimensions stay.
        keep: bool,
    },
    /// The variance.
    Variance {
        /// Over these dimensions.
        dims: Vec<i64>,
        /// The sum of squares is divided by the count minus this number.
        correction: i64,
        /// Reduced dimensions stay.
        keep: bool,
    },
    /// The Euclidean length.
    Norm {
        /// Over these dimensions.
        dims: Vec<i64>,
        /// Reduced dimensions stay.
        keep: bool,
    },
    /// eˣ over the sum of all eˣ along the dimension.
    Softmax {
        /// The dimension.
        dim: i64,
    },
    /// The logarithm of the softmax.
    LogSoftmax {
        /// The dimension.
        dim: i64,
    },
    /// The cumulative sum along the dimension.
    CumulativeSum {
        /// The dimension.
        dim: i64,
    },
}

impl Reduction {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Reduction::Mean { .. } => "mean",
            Reduction::Sum { .. } => "sum",
            Reduction::Max { .. } => "amax",
            Reduction::Variance { .. } => "var",
            Reduction::Norm { .. } => "norm",
            Reduction::Softmax { .. } => "softmax",
            Reduction::LogSoftmax { .. } => "log_softmax",
            Reduction::CumulativeSum { .. } => "cumsum",
        }
    }

    pub(super) fn apply(&self, inputs: &Inputs) -> Result<Tensor, ModelError> {
        let [x] = inputs.first()?;
        Ok(match self {
            Reduction::Mean { dims, keep } => x.f_mean_dim(dims.as_slice(), *keep, None),
            Reduction::Sum { dims, keep } => x.f_sum_dim_intlist(dims.as_slice(), *keep, None),
            Reduction::Max { dims, keep } => x.f_amax(dims, *keep),
            Reduction::Variance { dims, correction, keep } => scalar::variance(x, dims, *correction, *keep),
            Reduction::Norm { dims, keep } => scalar::norm(x, dims, *keep),
            Reduction::Softmax { dim } => x.f_softmax(*dim, None),
            Reduction::LogSoftmax { dim } => x.f_log_softmax(*dim, None),
            Reduction::CumulativeSum { dim } => x.f_cumsum(*dim, None),
        }?)
    }
}

impl From<Reduction> for Op {
    fn from(op: Reduction) -> Op {
        Op::Reduction(op)
    }
}
