//! The bootstrap over groups: how much an estimate would vary if other groups had been photographed.

mod any;
mod crossed;
mod difference;
mod mean;
mod parts;
mod resample;

pub use any::{bootstrap, bootstrap_auroc, bootstrap_auroc_difference, bootstrap_auroc_within};
pub use difference::bootstrap_difference;
pub use mean::{Rows, bootstrap_mean};

pub(crate) use mean::mean_of_independent;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{Estimate, normal_cdf, normal_quantile, quantile};

/// An estimate, and its values when its groups (patients, lesions) are resampled with replacement (the cluster bootstrap;
/// Field and Welsh, *Bootstrapping clustered data*, 2007). Intervals at any level are computed from the same draws.
///
/// It is computed by [`bootstrap_mean`], [`bootstrap_difference`], [`bootstrap_auroc`], [`bootstrap_auroc_within`] and
/// [`bootstrap`], from 5000 draws, or from as few as 1000 if there are very many rows. The draws depend on the seed, but not on the number of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draws {
    value: f64,
    /// The estimates of the draws, in ascending order.
    sorted: Vec<f64>,
    /// The deviation of the draws' median from the estimate, as a normal quantile.
    bias: f64,
    /// The rate at which the standard error changes with the estimate, by the jackknife over groups.
    acceleration: f64,
    rows: usize,
    groups: usize,
    /// The number of groups that determine the scatter, if it is less than all: at least one and a half.
    effective: f64,
    /// The range of the estimate.
    range: (f64, f64),
}

/// A tail with fewer draws than this is extrapolated as a normal tail.
const TAIL: f64 = 10.0;

impl Draws {
    /// `effective` is the number of groups that determine the scatter.
    fn new(
        value: f64,
        mut draws: Vec<f64>,
        acceleration: f64,
        (rows, groups): (usize, usize),
        effective: f64,
    ) -> Draws {
        draws.sort_by(f64::total_cmp);
        // Ties count half, including ties that differ only by rounding: with two groups, every other draw equals the
        // estimate.
        let reach = draws.iter().map(|draw| (draw - value).abs()).fold(0.0, f64::max);
        let rounding = 1e-9 * reach;
        let below = draws.partition_point(|other| *other < value - rounding)
            + draws.partition_point(|other| *other <= value + rounding);
        let bias = normal_quantile(below as f64 / (2 * draws.len()) as f64);
        // If every draw is on one side, the bias cannot be estimated, and the plain percentile is used.
        let bias = if bias.is_finite() { bias } else { 0.0 };
        let effective = effective.clamp(1.5, groups.max(2) as f64);
        let range = (f64::NEG_INFINITY, f64::INFINITY);
        Draws { value, sorted: draws, bias, acceleration, rows, groups, effective, range }
    }

    /// The same for a quantity that lies between `low` and `high`; intervals are limited to this range.
    pub fn within(self, low: f64, high: f64) -> Draws {
        Draws { range: (low, high), ..self }
    }

    /// The estimate itself.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of groups; at least two.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The standard error: the standard deviation of the draws, times √(g/(g−1)), because g resampled groups vary less than
    /// g new groups by this factor, with the g of [`interval`](Draws::interval).
    pub fn standard_error(&self) -> f64 {
        let count = self.sorted.len() as f64;
        let mean = self.sorted.iter().sum::<f64>() / count;
        let squares: f64 = self.sorted.iter().map(|draw| (draw - mean).powi(2)).sum();
        (squares / count * self.effective / (self.effective - 1.0)).sqrt()
    }

    /// The interval that contains the true value with probability `level`, which is limited to 0.01 to 0.999999.
    ///
    /// Bias-corrected and accelerated (BCa; Efron, *Better bootstrap confidence intervals*, 1987), with its ends moved away
    /// from the estimate by the factor √(g/(g−1)) · t/z for g groups, where t and z are the quantiles of Student's t with g
    /// − 1 degrees of freedom and of the normal distribution. Bootstrap intervals are too narrow by about this factor if
    /// there are few groups (Hesterberg, *What teachers should know about the bootstrap*, 2015; Cameron, Gelbach and Miller,
    /// *Bootstrap-based improvements for inference with clustered errors*, 2008): 1.7 for five groups at 95 %, 1.05 for
    /// forty. If groups differ in size, g is the number of groups of equal size that would vary as much; if there are two
    /// kinds of groups (with and without, positive and negative, patients and donors), the kind with fewer groups limits g.
    /// A tail with fewer than ten draws is extrapolated as a normal tail.
    ///
    /// Values that are all equal give an interval of zero width, which does not reflect their uncertainty, so also require a
    /// minimum number of [`groups`](Draws::groups).
    pub fn interval(&self, level: f64) -> Estimate {
        // If the level is not a number, the usual level is used.
        let level = if level.is_nan() { crate::LEVEL } else { level.clamp(0.01, 0.999_999) };
        let tail = (1.0 - level) / 2.0;
        let (low, high) = self.range;
        let end = |tail: f64| self.end(tail).clamp(low.min(self.value), high.max(self.value));
        Estimate { mean: self.value, low: end(tail), high: end(1.0 - tail), count: self.rows }
    }

    fn end(&self, tail: f64) -> f64 {
        let z = normal_quantile(tail);
        let shift = self.bias + z;
        let turned = 1.0 - self.acceleration * shift;
        // Well before the skewness makes the formula's denominator change its sign, the tail is kept near the requested one.
        let corrected = if turned > 0.0 { self.bias + shift / turned } else { 2.0 * z };
        let end = self.at(corrected.clamp(-2.0 * z.abs(), 2.0 * z.abs()));
        let outwards = (end - self.value) * z > 0.0;
        let factor = if outwards { widening(self.effective, tail) } else { 1.0 };
        self.value + factor * (end - self.value)
    }

    /// The draws' quantile at the normal quantile `z`.
    fn at(&self, z: f64) -> f64 {
        let least = TAIL / self.sorted.len() as f64;
        let last = -normal_quantile(least);
        if z.abs() <= last {
            return quantile(&self.sorted, normal_cdf(z));
        }
        let middle = quantile(&self.sorted, 0.5);
        let edge = quantile(&self.sorted, if z < 0.0 { least } else { 1.0 - least });
        middle + z.abs() / last * (edge - middle)
    }
}

/// The factor by which an interval from this number of groups must be wider than the draws indicate.
fn widening(groups: f64, tail: f64) -> f64 {
    let Ok(student) = StudentsT::new(0.0, 1.0, groups - 1.0) else { return 1.0 };
    let ratio = student.inverse_cdf(tail) / normal_quantile(tail);
    (groups / (groups - 1.0)).sqrt() * if ratio.is_finite() { ratio.max(1.0) } else { 1.0 }
}

/// The acceleration, from the changes of the estimate when each group is left out: a sixth of the skewness divided by √n.
fn acceleration(left_out: &[f64]) -> f64 {
    let mean = left_out.iter().sum::<f64>() / left_out.len().max(1) as f64;
    let power = |exponent: i32| left_out.iter().map(|value| (mean - value).powi(exponent)).sum::<f64>();
    let acceleration = power(3) / (6.0 * power(2).powf(1.5));
    if acceleration.is_finite() { acceleration } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::widening;

    #[test]
    fn few_groups_widen_as_scipys_student_says() {
        let reference: serde_json::Value = serde_json::from_str(include_str!("../../tests/groups.json"))
            .expect("the reference is committed");
        let cases: Vec<(f64, f64, f64)> =
            serde_json::from_value(reference["widening"].clone()).expect("groups, level, factor");
        assert!(!cases.is_empty());
        for (groups, level, expected) in cases {
            let found = widening(groups, (1.0 - level) / 2.0);
            assert!(
                (found / expected - 1.0).abs() < 1e-5,
                "{groups} at {level}: {found}, expected {expected}"
            );
        }
    }
}
