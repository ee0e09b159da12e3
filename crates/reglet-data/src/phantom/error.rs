//! The errors of phantoms.

use super::{MAX_COUNT, MAX_SIZE, MIN_SIZE};

/// Why phantoms cannot be generated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PhantomError {
    /// The size is out of range.
    #[error("phantoms of {size}×{size} pixels cannot be drawn: `size` must be from {MIN_SIZE} to {MAX_SIZE}")]
    Size {
        /// The requested size.
        size: u32,
    },
    /// The number is out of range.
    #[error("{count} phantoms cannot be drawn: `count` must be from 1 to {MAX_COUNT}")]
    Count {
        /// The requested number.
        count: usize,
    },
    /// A probability is not between 0 and 1.
    #[error("the phantoms' `{option}` is {value}, which is not a probability: it must be from 0 to 1")]
    Probability {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: f64,
    },
    /// A mask that cannot exist.
    #[error(transparent)]
    Mask(#[from] crate::MaskError),
}
