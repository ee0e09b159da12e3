//! The power of a number of pictures.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::paired::deviation;
use crate::{LEVEL, normal_quantile};

/// The probability with which an effect of the smallest detectable size would be found.
pub const POWER: f64 = 0.8;

/// The smallest mean difference that this number of pairs, with this scatter, would show four times out of five, in a
/// two-sided paired t-test at 5 %: (t₀.₉₇₅ + t₀.₈)·s/√n, with n − 1 degrees of freedom, which is within a few per cent of
/// the solution by the noncentral t from five pairs on. `None` for fewer than two.
pub fn detectable(differences: &[f64]) -> Option<f64> {
    let deviation = deviation(differences)?;
    let n = differences.len() as f64;
    let t = StudentsT::new(0.0, 1.0, n - 1.0).ok()?;
    let reach = t.inverse_cdf(1.0 - (1.0 - LEVEL) / 2.0) + t.inverse_cdf(POWER);
    Some(reach * deviation / n.sqrt())
}

/// The approximate number of pairs with this scatter that gives a 95 % interval within `margin` of its mean. `None` if this
/// is undefined: with fewer than two pairs, or without a margin.
pub fn pictures_needed(differences: &[f64], margin: f64) -> Option<usize> {
    let deviation = deviation(differences)?;
    let z = normal_quantile(1.0 - (1.0 - LEVEL) / 2.0);
    (margin > 0.0).then(|| (z * deviation / margin).powi(2).ceil().max(2.0) as usize)
}
