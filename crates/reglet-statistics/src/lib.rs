//! Estimates with their uncertainty, and tests of paired differences.
//!
//! | question | answer |
//! |---|---|
//! | how large, and how sure | [`Estimate`]: a mean with its BCa bootstrap interval, a share with Wilson's |
//! | could it be chance | [`wilcoxon`] for paired differences, [`mcnemar`] for decisions |
//! | is one of several such findings chance | [`holm`] |
//! | how large beside its spread | [`cohens_d`], [`rank_biserial`] |
//! | what could so few pictures have shown | [`detectable`], [`pictures_needed`] |
//! | how good are the probabilities | [`auroc`], [`brier`], [`calibration_error`] |
//! | do two things go together in the data | [`Association`] |

mod association;
mod estimate;
mod isotonic;
mod multiple;
mod paired;
mod power;
mod probability;
mod spectral;

pub use association::Association;
pub use estimate::{Estimate, LEVEL, mean, median, quantile};
pub use isotonic::isotonic;
pub use multiple::holm;
pub use paired::{cohens_d, mcnemar, rank_biserial, wilcoxon};
pub use power::{POWER, detectable, pictures_needed};
pub use probability::{auroc, brier, calibration_error};
pub use spectral::{Spectral, spectral};

use statrs::distribution::{ContinuousCDF, Normal};

/// The standard normal's distribution function.
fn normal_cdf(value: f64) -> f64 {
    Normal::standard().cdf(value)
}

/// Its inverse.
fn normal_quantile(share: f64) -> f64 {
    Normal::standard().inverse_cdf(share)
}
