//! A mean or a share with its interval.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{normal_cdf, normal_quantile};

/// A mean, or a share, with an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// How many values it rests on.
    pub count: usize,
}

/// The interval's level.
pub const LEVEL: f64 = 0.95;

/// How often the values are drawn again.
const RESAMPLES: usize = 2000;

impl Estimate {
    /// The mean of `values` with its 95 % bootstrap interval, bias-corrected and accelerated (BCa; Efron, *Better
    /// bootstrap confidence intervals*, 1987), from 2000 resamples that the seed fixes. `None` without values.
    /// Equal values give an interval of no width, which says nothing of their uncertainty, so a verdict also
    /// asks for a minimum count.
    pub fn of(values: &[f64], seed: u64) -> Option<Estimate> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = || {
            let sum: f64 = (0..count).map(|_| values[random.random_range(0..count)]).sum();
            sum / count as f64
        };
        let mut means: Vec<f64> = (0..RESAMPLES).map(|_| draw()).collect();
        means.sort_by(f64::total_cmp);
        // How far the resamples' median is from the mean; ties count half.
        let below =
            means.partition_point(|other| *other < mean) + means.partition_point(|other| *other <= mean);
        let bias = normal_quantile(below as f64 / (2 * RESAMPLES) as f64);
        // The jackknife's acceleration, which for a mean is a sixth of the skewness over √n.
        let power = |exponent: i32| values.iter().map(|value| (value - mean).powi(exponent)).sum::<f64>();
        let acceleration = power(3) / (6.0 * power(2).powf(1.5));
        let end = |tail: f64| {
            let shift = bias + normal_quantile(tail);
            let share = normal_cdf(bias + shift / (1.0 - acceleration * shift));
            // Without spread, or with a skewness that turns the formula over, the plain percentile stands.
            quantile(&means, if share.is_finite() { share } else { tail })
        };
        let tail = (1.0 - LEVEL) / 2.0;
        Some(Estimate { mean, low: end(tail), high: end(1.0 - tail), count })
    }

    /// The share of `hits` among `count` with its 95 % score interval (Wilson, 1927), which holds for few
    /// pictures and for shares of 0 and 1 too. `None` where there is nothing to count.
    pub fn share(hits: usize, count: usize) -> Option<Estimate> {
        if count == 0 {
            return None;
        }
        let (n, share) = (count as f64, hits as f64 / count as f64);
        let z = normal_quantile(1.0 - (1.0 - LEVEL) / 2.0);
        let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        Some(Estimate { mean: share, low: (middle - half).max(0.0), high: (middle + half).min(1.0), count })
    }

    /// Whether the interval lies wholly on one side of zero.
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// The quantile of sorted values, interpolated linearly (NumPy's and R's default, Hyndman and Fan's type 7).
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] * (1.0 - part) + sorted[high] * part
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
