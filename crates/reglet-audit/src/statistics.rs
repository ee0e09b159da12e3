//! Estimates with their uncertainty.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// A mean with a percentile bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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
    /// The mean of `values` with a 95 % percentile bootstrap interval (Efron, 1979), from 2000 resamples that
    /// the seed fixes. `None` without values; with one value the interval is that value, which says nothing
    /// of its uncertainty, so a verdict also asks for a minimum count.
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
        let tail = (1.0 - LEVEL) / 2.0;
        Some(Estimate { mean, low: quantile(&means, tail), high: quantile(&means, 1.0 - tail), count })
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

/// The area under the ROC curve: the probability that a positive scores above a negative, ties counting half
/// (Mann and Whitney's U over the number of pairs). `None` unless there are both.
pub fn auroc(scored: impl IntoIterator<Item = (f64, bool)>) -> Option<f64> {
    let (mut positives, mut negatives) = (Vec::new(), Vec::new());
    for (score, positive) in scored {
        if positive { positives.push(score) } else { negatives.push(score) }
    }
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    negatives.sort_by(f64::total_cmp);
    let wins = |score: &f64| {
        let below = negatives.partition_point(|other| other < score);
        let not_above = negatives.partition_point(|other| other <= score);
        (below + not_above) as f64 / 2.0
    };
    let total: f64 = positives.iter().map(wins).sum();
    Some(total / (positives.len() * negatives.len()) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    // sklearn.metrics.roc_auc_score([0, 0, 1, 1, 0, 1], [.1, .4, .35, .8, .35, .9]) = 0.8333…
    #[test]
    fn auroc_is_scikit_learns() {
        let scores = [0.1, 0.4, 0.35, 0.8, 0.35, 0.9];
        let labels = [false, false, true, true, false, true];
        let found = auroc(scores.into_iter().zip(labels)).expect("both classes");
        assert!((found - 7.5 / 9.0).abs() < 1e-12, "{found}");
        assert_eq!(auroc([(0.3, true)]), None);
    }

    // numpy.quantile([1, 2, 4, 8], [0, .1, .5, .975, 1])
    #[test]
    fn quantiles_are_numpys() {
        let values = [1.0, 2.0, 4.0, 8.0];
        let expected = [(0.0, 1.0), (0.1, 1.3), (0.5, 3.0), (0.975, 7.7), (1.0, 8.0)];
        for (share, value) in expected {
            assert!((quantile(&values, share) - value).abs() < 1e-9, "{share}");
        }
    }

    /// For normal values the interval must hold the true mean about as often as it says: over 400 samples of
    /// 40, between 90 % and 98 % of the time (the percentile interval is known to be a little short).
    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        let held = (0..400)
            .filter(|&seed| {
                let values: Vec<f64> = (0..40).map(|_| normal()).collect();
                let estimate = Estimate::of(&values, seed).expect("values");
                estimate.low <= 0.0 && 0.0 <= estimate.high
            })
            .count();
        assert!((360..=392).contains(&held), "{held} of 400");
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_mean_and_the_seed_fixes_it(
            values in prop::collection::vec(-5.0..5.0_f64, 1..30), seed in any::<u64>(),
        ) {
            let estimate = Estimate::of(&values, seed).expect("values");
            prop_assert!(estimate.low <= estimate.mean + 1e-9 && estimate.mean <= estimate.high + 1e-9
                || values.len() < 8);
            prop_assert_eq!(Some(estimate), Estimate::of(&values, seed));
        }
    }
}
