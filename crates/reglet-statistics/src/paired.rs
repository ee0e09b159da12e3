//! Whether paired differences could be due to chance, and how large they are relative to their spread.

use statrs::distribution::{Binomial, DiscreteCDF};

use crate::normal_cdf;

/// Up to this number of differences without ties, the signed-rank test is exact, as in SciPy.
const EXACT: usize = 50;

/// The ranks of the absolute values of the differences that are not zero, each with its sign; ties have the mean of their
/// ranks.
fn signed_ranks(differences: &[f64]) -> Vec<(f64, bool)> {
    let mut values: Vec<f64> = differences.iter().copied().filter(|value| *value != 0.0).collect();
    values.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let mut ranks = Vec::with_capacity(values.len());
    for group in values.chunk_by(|a, b| a.abs() == b.abs()) {
        let rank = ranks.len() as f64 + (group.len() as f64 + 1.0) / 2.0;
        ranks.extend(group.iter().map(|value| (rank, *value > 0.0)));
    }
    ranks
}

/// The two-sided p-value of Wilcoxon's signed-rank test (1945) that the differences are symmetric about zero.
///
/// Differences of zero are omitted. Without ties and with up to 50 differences, the distribution is exact; otherwise it is
/// normal, with its variance corrected for ties and without a continuity correction, as in SciPy's
/// `wilcoxon(method="auto")`. The result is 1 if no difference remains, and NaN if a difference is NaN.
pub fn wilcoxon(differences: &[f64]) -> f64 {
    if differences.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let ranks = signed_ranks(differences);
    let count = ranks.len();
    if count == 0 {
        return 1.0;
    }
    let positive: f64 = ranks.iter().filter(|(_, positive)| *positive).map(|(rank, _)| rank).sum();
    let n = count as f64;
    let whole = n * (n + 1.0) / 2.0;
    let smaller = positive.min(whole - positive);
    // Without ties and zeros, every rank is an integer that occurs once.
    let tied =
        ranks.chunk_by(|a, b| a.0 == b.0).map(|group| (group.len() as f64).powi(3) - group.len() as f64);
    let tied: f64 = tied.sum();
    if tied == 0.0 && differences.len() == count && count <= EXACT {
        return (2.0 * exact_below(count, smaller as usize)).min(1.0);
    }
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - tied / 48.0;
    2.0 * normal_cdf((smaller - whole / 2.0) / variance.sqrt())
}

/// The probability that the ranks 1 to `count`, each included with probability ½, sum to `limit` or less.
fn exact_below(count: usize, limit: usize) -> f64 {
    let mut chances = vec![0.0; count * (count + 1) / 2 + 1];
    chances[0] = 1.0;
    for rank in 1..=count {
        for sum in (rank..chances.len()).rev() {
            chances[sum] = (chances[sum] + chances[sum - rank]) / 2.0;
        }
        chances[..rank].iter_mut().for_each(|chance| *chance /= 2.0);
    }
    chances[..=limit.min(chances.len() - 1)].iter().sum()
}

/// The exact two-sided p-value of McNemar's test (1947): of the decisions that changed, `one` changed in one direction and
/// `other` in the other; under the null hypothesis both directions are equally likely.
pub fn mcnemar(one: usize, other: usize) -> f64 {
    let Ok(chance) = Binomial::new(0.5, (one + other) as u64) else { return f64::NAN };
    (2.0 * chance.cdf(one.min(other) as u64)).min(1.0)
}

/// Cohen's d of paired differences (d_z, 1988): their mean divided by their standard deviation. `None` for fewer than two,
/// or without spread.
pub fn cohens_d(differences: &[f64]) -> Option<f64> {
    let deviation = deviation(differences)?;
    let mean = differences.iter().sum::<f64>() / differences.len() as f64;
    (deviation > 0.0).then(|| mean / deviation)
}

/// The matched-pairs rank-biserial correlation (Kerby, 2014), from −1 to 1: the share of the rank sum that belongs to rises
/// minus the share that belongs to falls. `None` if all differences are zero.
pub fn rank_biserial(differences: &[f64]) -> Option<f64> {
    let ranks = signed_ranks(differences);
    let whole: f64 = ranks.iter().map(|(rank, _)| rank).sum();
    let signed: f64 = ranks.iter().map(|(rank, positive)| if *positive { *rank } else { -rank }).sum();
    (whole > 0.0).then(|| signed / whole)
}

/// The sample standard deviation (n − 1); `None` for fewer than two values.
pub(crate) fn deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt())
}
