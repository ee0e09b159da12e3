//! The bootstrap of any estimate that accepts weights.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::resample::resample;
use super::{Draws, acceleration};
use crate::groups::dense;
use crate::probability::Ranked;

/// The number of groups, or of random sets of groups, that are left out in turn.
const LEFT_OUT: usize = 400;

/// An estimate from rows, with its bootstrap over groups. `estimate` receives the weight of each row, which is the number of
/// times that its group was drawn, and returns `None` if it is undefined; such draws are repeated. With all weights one, it
/// is the estimate itself.
///
/// The interval is widened according to the number of groups that the estimate depends on, which are those whose omission
/// changes it; for a sensitivity, these are the groups with positives.
///
/// `None` if there are fewer than two such groups, or if the estimate is undefined for the rows or for most draws.
pub fn bootstrap(
    groups: &[u32],
    seed: u64,
    estimate: impl Fn(&[f64]) -> Option<f64> + Sync,
) -> Option<Draws> {
    let (group, count) = dense(groups);
    let rows = groups.len();
    let value = estimate(&vec![1.0; rows]).filter(|value| value.is_finite())?;
    if count < 2 {
        return None;
    }
    let mut order: Vec<usize> = (0..count).collect();
    if count > LEFT_OUT {
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    }
    let mut set = vec![0; count];
    order.iter().enumerate().for_each(|(at, &group)| set[group] = at % LEFT_OUT);
    let without = |left: usize| {
        let weights: Vec<f64> = group.iter().map(|&group| f64::from(u8::from(set[group] != left))).collect();
        estimate(&weights)
    };
    let without: Vec<Option<f64>> = (0..count.min(LEFT_OUT)).map(without).collect();
    let left_out: Vec<f64> = without.iter().copied().flatten().collect();
    let farthest = left_out.iter().map(|other| (other - value).abs()).fold(0.0, f64::max);
    // Rounding moves an estimate too.
    let moved = |other: &Option<f64>| other.is_none_or(|other| (other - value).abs() > 1e-9 * farthest);
    let effective = match without.iter().filter(|other| moved(other)).count() {
        1 => return None,
        // Nothing moves it: all draws will be equal.
        0 => count,
        some => some,
    };
    // Half the random bits of a `usize`, and half the time.
    let drawn = u32::try_from(count).ok()?;
    type Weights = (Vec<f64>, Vec<f64>);
    let draws = resample(rows, seed, |random, (of_group, of_row): &mut Weights| {
        of_group.clear();
        of_group.resize(count, 0.0);
        (0..count).for_each(|_| of_group[random.random_range(0..drawn) as usize] += 1.0);
        of_row.clear();
        of_row.extend(group.iter().map(|&group| of_group[group]));
        estimate(of_row)
    })?;
    Some(Draws::new(value, draws, acceleration(&left_out), (rows, count), effective as f64))
}

/// The area under the ROC curve (see [`auroc`](crate::auroc)), with its bootstrap over groups; its interval lies between 0 and
/// 1. The interval is widened according to the number of groups with positives or with negatives, whichever is smaller.
///
/// `None` if either number is less than two, if a score is not a number, or if the lists differ in length.
pub fn bootstrap_auroc(scores: &[f64], positive: &[bool], groups: &[u32], seed: u64) -> Option<Draws> {
    bootstrap_auroc_within(scores, positive, &vec![0; scores.len()], groups, seed)
}

/// The same, comparing only positives and negatives of one stratum: the share of all pairs of one stratum in which the
/// positive scores higher, ties counting half. What distinguishes the strata themselves cannot raise it (Janes and Pepe,
/// *Adjusting for covariate effects on classification accuracy using the covariate-adjusted receiver operating characteristic
/// curve*, Biometrika 96, 2009).
///
/// The interval is widened according to the number of groups with positives or with negatives, whichever is smaller in each
/// stratum, added up.
///
/// `None` if this number is less than two, if a score is not a number, or if the lists differ in length.
pub fn bootstrap_auroc_within(
    scores: &[f64],
    positive: &[bool],
    strata: &[usize],
    groups: &[u32],
    seed: u64,
) -> Option<Draws> {
    if groups.len() != scores.len() {
        return None;
    }
    let ranked = Ranked::within(scores, positive, strata)?;
    let fewer = fewer_groups(positive, strata, groups)?;
    let draws = bootstrap(groups, seed, |weights| ranked.auroc(weights))?;
    Some(Draws { effective: fewer as f64, ..draws }.within(0.0, 1.0))
}

/// The area under the ROC curve of the scores `after` minus that of the scores `before`, of the same rows, with its bootstrap
/// over groups; its interval lies between −1 and 1, and is widened as that of [`bootstrap_auroc`].
///
/// `None` as there.
pub fn bootstrap_auroc_difference(
    [before, after]: [&[f64]; 2],
    positive: &[bool],
    groups: &[u32],
    seed: u64,
) -> Option<Draws> {
    if groups.len() != before.len() {
        return None;
    }
    let (before, after) = (Ranked::new(before, positive)?, Ranked::new(after, positive)?);
    let fewer = fewer_groups(positive, &vec![0; positive.len()], groups)?;
    let draws = bootstrap(groups, seed, |weights| Some(after.auroc(weights)? - before.auroc(weights)?))?;
    Some(Draws { effective: fewer as f64, ..draws }.within(-1.0, 1.0))
}

/// The number of groups with positives or with negatives, whichever is smaller, added up over the strata: positives of one say
/// nothing about negatives of another. `None` if it is less than two.
fn fewer_groups(positive: &[bool], strata: &[usize], groups: &[u32]) -> Option<usize> {
    let mut held: BTreeMap<usize, [BTreeSet<u32>; 2]> = BTreeMap::new();
    for ((group, positive), stratum) in groups.iter().zip(positive).zip(strata) {
        held.entry(*stratum).or_default()[usize::from(*positive)].insert(*group);
    }
    let fewer = held.values().map(|sides| sides[0].len().min(sides[1].len())).sum();
    Some(fewer).filter(|fewer| *fewer >= 2)
}
