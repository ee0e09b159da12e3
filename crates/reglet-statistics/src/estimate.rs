//! A mean or a share with its interval.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bootstrap::mean_of_independent;
use crate::normal_quantile;

/// A mean, or a share, with an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// The number of values.
    pub count: usize,
}

/// The interval's level.
pub const LEVEL: f64 = 0.95;

impl Estimate {
    /// The mean of `values`, each independent of the others, with its 95 % interval: that of
    /// [`bootstrap_mean`](crate::bootstrap_mean) with every value as a group of its own. `None` without values, or if one is
    /// not finite. A single value, or equal values, give an interval of zero width, which does not reflect their
    /// uncertainty, so a verdict also requires a minimum count.
    pub fn of(values: &[f64], seed: u64) -> Option<Estimate> {
        if let &[value] = values {
            return value.is_finite().then_some(Estimate { mean: value, low: value, high: value, count: 1 });
        }
        Some(mean_of_independent(values, seed)?.interval(LEVEL))
    }

    /// The share of `hits` among `count` with its 95 % score interval (Wilson, 1927), which is also valid for few pictures
    /// and for shares of 0 and 1. `None` if there is nothing to count.
    pub fn share(hits: usize, count: usize) -> Option<Estimate> {
        if count == 0 {
            return None;
        }
        let share = hits as f64 / count as f64;
        let (low, high) = wilson(share, count as f64, normal_quantile(1.0 - (1.0 - LEVEL) / 2.0));
        Some(Estimate { mean: share, low, high, count })
    }

    /// Whether the interval lies entirely on one side of zero.
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// The share that an interval at this level leaves out at either end. The level is limited to 0.01 to 0.999999; if it is not a
/// number, the usual level is used.
pub(crate) fn tail(level: f64) -> f64 {
    let level = if level.is_nan() { LEVEL } else { level.clamp(0.01, 0.999_999) };
    (1.0 - level) / 2.0
}

/// The ends of Wilson's score interval (1927) of a share among `n` rows, with the normal quantile `z`.
pub(crate) fn wilson(share: f64, n: f64, z: f64) -> (f64, f64) {
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// The quantile of sorted values, interpolated linearly (NumPy's and R's default, Hyndman and Fan's type 7). Shares below 0
/// and above 1 give the ends; the result is NaN without values, or if the share is NaN.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1).filter(|_| !share.is_nan()) else { return f64::NAN };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    sorted[low] * (1.0 - part) + sorted[(low + 1).min(last)] * part
}

/// The median, or `None` without values.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (!sorted.is_empty()).then(|| quantile(&sorted, 0.5))
}

/// The mean, or `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
