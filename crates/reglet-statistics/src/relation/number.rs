//! Numbers.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::units::{means, ranks};
use super::{Relation, permuted};
use crate::normal_cdf;

/// Up to this number of units of one label, and this number in total, the distribution of U is exact if there are no ties.
const EXACT: (usize, usize) = (8, 200);

/// With fewer units than this, the distribution of the rank correlation is found by permuting the scores.
const FEW: usize = 50;

/// The association of a number with a binary label, by Mann and Whitney's test (1947). The strength is the probability that
/// a unit with the label has the larger number, with ties counting half: 0.5 without an association, 0 or 1 if one
/// determines the other.
///
/// The test is exact if there are no ties, at most eight units of one label, and at most 200 in total; otherwise, it uses
/// the normal approximation with corrections for ties and continuity, as SciPy's `mannwhitneyu`.
///
/// Values that are not finite count as missing. `None` unless there are units of both labels, or if the lists differ in
/// length.
pub fn number_with_label(values: &[f64], labels: &[bool], groups: &[u32]) -> Option<Relation> {
    if values.len() != labels.len() || values.len() != groups.len() {
        return None;
    }
    let known = (0..values.len()).filter(|&row| values[row].is_finite());
    let missing = values.iter().filter(|value| !value.is_finite()).count();
    let (units, names) = means(known.map(|row| ([values[row]], groups[row], u32::from(labels[row]))));
    let (ranks, tied) = ranks(&units.iter().map(|unit| unit[0]).collect::<Vec<f64>>());
    let with = names.iter().filter(|(label, _)| *label == 1).count();
    let without = names.len() - with;
    if with == 0 || without == 0 {
        return None;
    }
    let (m, n) = (with as f64, without as f64);
    let own = ranks.iter().zip(&names).filter(|(_, (label, _))| *label == 1);
    let sum: f64 = own.map(|(rank, _)| rank).sum();
    let wins = sum - m * (m + 1.0) / 2.0;
    let more = wins.max(m * n - wins);
    let p = if tied == 0.0 && with.min(without) <= EXACT.0 && with + without <= EXACT.1 {
        (2.0 * exact_below(with, without, (m * n - more) as usize)).min(1.0)
    } else {
        let all = m + n;
        let variance = m * n / 12.0 * (all + 1.0 - tied / (all * (all - 1.0)));
        // Continuity: half a win.
        let z = (more - m * n / 2.0 - 0.5) / variance.sqrt();
        if z.is_finite() { (2.0 * normal_cdf(-z)).min(1.0) } else { 1.0 }
    };
    Some(Relation { strength: wins / (m * n), p, units: units.len(), missing })
}

/// The probability that U is `limit` or less under the null hypothesis, over all choices of `one` of the ranks.
fn exact_below(one: usize, other: usize, limit: usize) -> f64 {
    let (one, other) = (one.min(other), one.max(other));
    // For each number of chosen values, the number of ways to obtain each U.
    let mut ways = vec![vec![0.0_f64; one * other + 1]; one + 1];
    ways[0][0] = 1.0;
    for rank in 0..one + other {
        for chosen in (1..=one.min(rank + 1)).rev() {
            // The value chosen now is greater than those before it that were not chosen.
            let beaten = rank + 1 - chosen;
            if beaten > other {
                continue;
            }
            let (fewer, more) = ways.split_at_mut(chosen);
            for u in beaten..=one * other {
                more[0][u] += fewer[chosen - 1][u - beaten];
            }
        }
    }
    let all: f64 = ways[one].iter().sum();
    ways[one][..=limit.min(one * other)].iter().sum::<f64>() / all
}

/// The association of a number with a score among units of the same stratum (the label): the pooled rank correlation within
/// strata, −1 to 1. Ranks are taken within each stratum of n units, over n + 1 (van Elteren's weights, 1960), so that strata
/// of any size count equally, and correlated as distances from the mean of their stratum; with one stratum, this is
/// Spearman's correlation.
///
/// p is that of a permutation of the scores within strata: with at least fifty units, by the normal approximation (variance
/// ΣSₓₓSᵧᵧ/(n−1) over the strata), else by 9999 permutations determined by the seed. If a group has units in several strata,
/// their products are correlated, and the result is first divided by the square root of the variance inflation: Σ(Σxy over a
/// group's units)² over Σ(xy)², at least 1.
///
/// Values that are not finite count as missing. `None` if nothing varies, or if the lists differ in length.
pub fn number_with_score(
    values: &[f64],
    scores: &[f64],
    strata: &[u32],
    groups: &[u32],
    seed: u64,
) -> Option<Relation> {
    let rows = values.len();
    if [scores.len(), strata.len(), groups.len()].iter().any(|&length| length != rows) {
        return None;
    }
    let finite = |row: &usize| values[*row].is_finite() && scores[*row].is_finite();
    let known = (0..rows).filter(finite);
    let missing = rows - (0..rows).filter(finite).count();
    let (units, names) = means(known.map(|row| ([values[row], scores[row]], groups[row], strata[row])));
    let (mut one, mut other, mut variance) = (Vec::new(), Vec::new(), 0.0);
    let mut ends = Vec::new();
    let mut start = 0;
    for own in names.chunk_by(|a, b| a.0 == b.0) {
        let units = &units[start..start + own.len()];
        start += own.len();
        ends.push(start);
        let centred = |axis: usize| -> Vec<f64> {
            let (ranks, _) = ranks(&units.iter().map(|unit| unit[axis]).collect::<Vec<f64>>());
            let next = units.len() as f64 + 1.0;
            ranks.iter().map(|rank| rank / next - 0.5).collect()
        };
        let (first, second) = (centred(0), centred(1));
        if units.len() > 1 {
            variance += dot(&first, &first) * dot(&second, &second) / (units.len() as f64 - 1.0);
        }
        one.extend(first);
        other.extend(second);
    }
    let together = dot(&one, &other);
    let strength = together / (dot(&one, &one) * dot(&other, &other)).sqrt();
    if !strength.is_finite() || variance <= 0.0 {
        return None;
    }
    let found = together.abs() / shared(&one, &other, &names).sqrt();
    let p = if units.len() < FEW {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        permuted(found, || {
            let mut from = 0;
            for &end in &ends {
                other[from..end].shuffle(&mut random);
                from = end;
            }
            dot(&one, &other).abs()
        })
    } else {
        2.0 * normal_cdf(-found / variance.sqrt())
    };
    Some(Relation { strength, p, units: units.len(), missing })
}

/// The factor by which the variance of Σxy is larger because units share a group.
fn shared(one: &[f64], other: &[f64], names: &[(u32, u32)]) -> f64 {
    let (mut by_group, mut alone) = (BTreeMap::<u32, f64>::new(), 0.0);
    for ((x, y), (_, group)) in one.iter().zip(other).zip(names) {
        *by_group.entry(*group).or_default() += x * y;
        alone += (x * y).powi(2);
    }
    let together: f64 = by_group.values().map(|sum| sum * sum).sum();
    if alone > 0.0 { (together / alone).max(1.0) } else { 1.0 }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}
