//! Estimates with their uncertainty, tests, and what goes with what: functions of numbers, without files, pictures or
//! models.
//!
//! Rows that share a group (a patient, a lesion) are not independent. What takes `groups` respects that: each row names
//! its group by a number, and whole groups are drawn again.
//!
//! | question | answer |
//! |---|---|
//! | how large, and how sure, of independent values | [`Estimate`]: a mean with its bootstrap interval, a share with Wilson's |
//! | the same of rows in groups, at any level | [`bootstrap_mean`], [`bootstrap_difference`], [`bootstrap_auroc`], [`bootstrap`]; [`share`] |
//! | is it surely small, or surely large | [`equivalent`], [`equivalence_margin`]; [`beyond`] |
//! | could it be chance | [`wilcoxon`] for paired differences, [`mcnemar`] for decisions |
//! | is one of several such findings chance | [`holm`] |
//! | how large beside its spread | [`cohens_d`], [`rank_biserial`] |
//! | what could so few pictures have shown | [`detectable`], [`pictures_needed`] |
//! | how good are the probabilities | [`auroc`], [`brier`], [`calibration_error`] |
//! | do two things go together in the data | [`Association`] |
//! | what plain property goes with the label, or with the score | [`number_with_label`], [`category_with_label`]; [`number_with_score`] |
//! | do features tell rows of two kinds apart, and how far does another go | [`Probe`] |
//! | which things are alike | [`spectral()`] |
//! | the nearest rate that only rises | [`isotonic()`] |
//!
//! ```
//! use reglet_statistics::{Rows, bootstrap_mean, equivalent};
//!
//! // What a ruler does to the probability, in four pictures of three lesions.
//! let rows = Rows { values: &[0.31, 0.28, 0.02, 0.40], groups: &[7, 7, 8, 9], donors: None };
//! let effect = bootstrap_mean(rows, 1).ok_or("fewer than two lesions")?;
//! let interval = effect.interval(0.95);
//! assert!(interval.low < 0.2525 && 0.2525 < interval.high && effect.groups() == 3);
//! assert!(!equivalent(&effect, 0.05));
//! # Ok::<(), &str>(())
//! ```

mod association;
mod bootstrap;
mod equivalence;
mod estimate;
mod groups;
mod isotonic;
mod multiple;
mod paired;
mod power;
mod probability;
mod probe;
mod relation;
mod share;
mod spectral;

pub use association::Association;
pub use bootstrap::{Draws, Rows, bootstrap, bootstrap_auroc, bootstrap_difference, bootstrap_mean};
pub use equivalence::{Side, beyond, equivalence_margin, equivalent};
pub use estimate::{Estimate, LEVEL, mean, median, quantile};
pub use isotonic::isotonic;
pub use multiple::holm;
pub use paired::{cohens_d, mcnemar, rank_biserial, wilcoxon};
pub use power::{POWER, detectable, pictures_needed};
pub use probability::{Ranked, auroc, brier, calibration_error};
pub use probe::Probe;
pub use relation::{Relation, category_with_label, number_with_label, number_with_score};
pub use share::{Share, share};
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
