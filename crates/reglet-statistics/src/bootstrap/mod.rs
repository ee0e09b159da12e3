//! How far an estimate would scatter if other groups had been photographed: the bootstrap over groups.

mod any;
mod crossed;
mod difference;
mod mean;
mod parts;
mod resample;

pub use any::{bootstrap, bootstrap_auroc};
pub use difference::bootstrap_difference;
pub use mean::{Rows, bootstrap_mean};

pub(crate) use mean::mean_of_independent;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{Estimate, normal_cdf, normal_quantile, quantile};

/// An estimate, and what it becomes when the groups (patients, lesions) that it rests on are drawn again, with
/// replacement, as often as there are groups (the cluster bootstrap; Field and Welsh, *Bootstrapping clustered data*,
/// 2007). Intervals at any level come from the same draws.
///
/// Made by [`bootstrap_mean`], [`bootstrap_difference`], [`bootstrap_auroc`] and [`bootstrap`], from 5000 draws, or
/// fewer, down to 1000, where there are very many rows. The seed fixes them; the number of threads does not matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draws {
    value: f64,
    /// The estimates of the draws, ascending.
    sorted: Vec<f64>,
    /// How far the draws' median is from the estimate, as a normal quantile.
    bias: f64,
    /// How fast the standard error changes with the estimate, by the jackknife over groups.
    acceleration: f64,
    rows: usize,
    groups: usize,
    /// How many groups the scatter rests on, where it is fewer than all: at least one and a half.
    effective: f64,
    /// What the estimate cannot leave.
    range: (f64, f64),
}

/// A tail that fewer draws than these reach is continued as a normal one.
const TAIL: f64 = 10.0;

impl Draws {
    /// `effective` is the number of groups that the scatter rests on.
    fn new(
        value: f64,
        mut draws: Vec<f64>,
        acceleration: f64,
        (rows, groups): (usize, usize),
        effective: f64,
    ) -> Draws {
        draws.sort_by(f64::total_cmp);
        // Ties count half, those too that rounding has parted: of two groups, every other draw is the estimate again.
        let reach = draws.iter().map(|draw| (draw - value).abs()).fold(0.0, f64::max);
        let rounding = 1e-9 * reach;
        let below = draws.partition_point(|other| *other < value - rounding)
            + draws.partition_point(|other| *other <= value + rounding);
        let bias = normal_quantile(below as f64 / (2 * draws.len()) as f64);
        // With every draw on one side there is no telling how far; the plain percentile stands.
        let bias = if bias.is_finite() { bias } else { 0.0 };
        let effective = effective.clamp(1.5, groups.max(2) as f64);
        let range = (f64::NEG_INFINITY, f64::INFINITY);
        Draws { value, sorted: draws, bias, acceleration, rows, groups, effective, range }
    }

    /// The same for a quantity that lies between `low` and `high`: intervals end there.
    pub fn within(self, low: f64, high: f64) -> Draws {
        Draws { range: (low, high), ..self }
    }

    /// The estimate itself.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// How many rows it rests on.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// In how many groups they are; at least two.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The standard error: the standard deviation of the draws, times √(g/(g−1)) because g groups drawn again scatter
    /// by so much less than g new ones, with the g of [`interval`](Draws::interval).
    pub fn standard_error(&self) -> f64 {
        let count = self.sorted.len() as f64;
        let mean = self.sorted.iter().sum::<f64>() / count;
        let squares: f64 = self.sorted.iter().map(|draw| (draw - mean).powi(2)).sum();
        (squares / count * self.effective / (self.effective - 1.0)).sqrt()
    }

    /// The interval that holds the truth with probability `level`, which is taken to be between 0.01 and 0.999999.
    ///
    /// Bias-corrected and accelerated (BCa; Efron, *Better bootstrap confidence intervals*, 1987), its ends then moved
    /// away from the estimate by √(g/(g−1)) · t/z for g groups, with the quantiles of Student's t with g − 1 degrees
    /// of freedom and of the normal, as bootstrap intervals are too narrow by about that factor when there are few
    /// groups (Hesterberg, *What teachers should know about the bootstrap*, 2015; Cameron, Gelbach and Miller,
    /// *Bootstrap-based improvements for inference with clustered errors*, 2008): 1.7 for five groups at 95 %, 1.05 for
    /// forty. Where groups differ in size, g is how many of one size would scatter as they do; where they come in two
    /// kinds (with and without, positive and negative, patients and donors), what the kind with fewer allows. A tail that fewer than ten draws reach is continued from there as a normal one.
    ///
    /// Values that are all equal give an interval of no width, which says nothing of their uncertainty: ask for a
    /// minimum of [`groups`](Draws::groups) too.
    pub fn interval(&self, level: f64) -> Estimate {
        // A level that is not a number asks for nothing; the usual one answers.
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
        // Where the skewness would turn the formula over, and long before, the tail is kept near what was asked for.
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

/// How much wider an interval from so many groups must be than the draws say.
fn widening(groups: f64, tail: f64) -> f64 {
    let Ok(student) = StudentsT::new(0.0, 1.0, groups - 1.0) else { return 1.0 };
    let ratio = student.inverse_cdf(tail) / normal_quantile(tail);
    (groups / (groups - 1.0)).sqrt() * if ratio.is_finite() { ratio.max(1.0) } else { 1.0 }
}

/// The acceleration from how far leaving out each group moves the estimate: a sixth of the skewness over √n.
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
