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

impl PhantomError {
    /// Checks the number of generated pictures, their side, and options that are probabilities.
    pub(crate) fn check(count: usize, size: u32, probabilities: &[(&'static str, f64)]) -> Result<(), Self> {
        if !(1..=MAX_COUNT).contains(&count) {
            return Err(Self::Count { count });
        }
        if !(MIN_SIZE..=MAX_SIZE).contains(&size) {
            return Err(Self::Size { size });
        }
        match probabilities.iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            Some(&(option, value)) => Err(Self::Probability { option, value }),
            None => Ok(()),
        }
    }
}
