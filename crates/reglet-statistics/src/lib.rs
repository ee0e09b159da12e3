//! Estimates with their uncertainty, tests, and measures of association: functions of numbers, without files, pictures or
//! models.
//!
//! Rows that belong to the same group (a patient, a lesion) are not independent. Functions with an argument `groups` take
//! this into account: each row names its group by a number, and the bootstrap resamples whole groups.
//!
//! | question | functions |
//! |---|---|
//! | how large is a value and how uncertain, for independent rows | [`Estimate`]: a mean with its bootstrap interval, a share with Wilson's interval |
//! | the same for rows in groups, at any confidence level | [`bootstrap_mean`], [`bootstrap_difference`], [`bootstrap_auroc`], [`bootstrap`]; [`share`] |
//! | how many decisions were gained or lost, for rows in groups, also if few or none changed | [`paired_share`] |
//! | is it significantly smaller, or larger, than a limit | [`equivalent`], [`equivalence_margin`]; [`beyond`] |
//! | could it be due to chance | [`wilcoxon`] for paired differences, [`mcnemar`] for decisions |
//! | correction for several such tests | [`holm`] |
//! | how large is it relative to its spread | [`cohens_d`], [`rank_biserial`] |
//! | which effect could so few pictures have shown | [`detectable`], [`pictures_needed`] |
//! | how good are the probabilities | [`auroc`], [`brier`], [`calibration_error`] |
//! | are two properties associated in the data | [`Association`] |
//! | which simple properties are associated with the label, or with the score | [`number_with_label`], [`category_with_label`]; [`number_with_score`] |
//! | do features separate rows of two kinds, and how far is another row moved between them | [`Probe`] |
//! | which items are similar | [`spectral()`] |
//! | the closest non-decreasing sequence of rates | [`isotonic()`] |
//!
//! ```
//! use reglet_statistics::{Rows, bootstrap_mean, equivalent};
//!
//! // The effect of a ruler on the probability, in four pictures of three lesions.
//! let rows = Rows { values: &[0.31, 0.28, 0.02, 0.40], groups: &[7, 7, 8, 9], donors: None };
//! let effect = bootstrap_mean(rows, 1).ok_or("fewer than two lesions")?;
//! let interval = effect.interval(0.95);
//! assert!(interval.low < 0.2525 && 0.2525 < interval.high && effect.groups() == 3);
//! assert!(!equivalent(&effect, 0.05));
//! # Ok::<(), &str>(())
//! ```

mod association;
mod bootstrap;
mod effective;
mod equivalence;
mod estimate;
mod groups;
mod isotonic;
mod multiple;
mod paired;
mod paired_share;
mod power;
mod probability;
mod probe;
mod relation;
mod share;
mod spectral;

pub use association::Association;
pub use bootstrap::{
    Draws, Rows, bootstrap, bootstrap_auroc, bootstrap_auroc_difference, bootstrap_auroc_within,
    bootstrap_difference, bootstrap_mean,
};
pub use equivalence::{Side, beyond, equivalence_margin, equivalent};
pub use estimate::{Estimate, LEVEL, mean, median, quantile};
pub use isotonic::isotonic;
pub use multiple::holm;
pub use paired::{cohens_d, mcnemar, rank_biserial, wilcoxon};
pub use paired_share::{PairedShare, paired_share};
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
