//! Estimates that are functions of sums over groups.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::acceleration;
use super::resample::resample;

/// If there are more groups than this, they are first combined at random into this number: the scatter of the estimate
/// changes by at most 1.1 % (the method of random groups; Wolter, *Introduction to variance estimation*, 2007), and the time
/// is bounded.
const LARGEST: usize = 4000;

/// The estimates of the draws of `parts`, the sums of each group, and the acceleration. The order of the parts does
/// not matter.
pub(super) fn draw_parts<const K: usize>(
    mut parts: Vec<[f64; K]>,
    seed: u64,
    estimate: impl Fn(&[f64; K]) -> Option<f64> + Sync,
) -> Option<(Vec<f64>, f64)> {
    // The numbers of groups, and the positions of their rows in the list, are arbitrary, so the result must not depend on
    // them.
    parts.sort_by(|one, other| {
        let unequal = one.iter().zip(other).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
        unequal.unwrap_or(std::cmp::Ordering::Equal)
    });
    if parts.len() > LARGEST {
        parts.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut together = vec![[0.0; K]; LARGEST];
        parts.iter().enumerate().for_each(|(at, part)| add(&mut together[at % LARGEST], part));
        parts = together;
    }
    let count = parts.len();
    // Half the random bits of a `usize`, and half the time.
    let drawn = u32::try_from(count).ok()?;
    let draws = resample(count, seed, |random, (): &mut ()| {
        let mut sum = [0.0; K];
        (0..count).for_each(|_| add(&mut sum, &parts[random.random_range(0..drawn) as usize]));
        estimate(&sum)
    })?;
    let mut total = [0.0; K];
    parts.iter().for_each(|part| add(&mut total, part));
    let without = |part: &[f64; K]| estimate(&std::array::from_fn(|at| total[at] - part[at]));
    let left_out: Vec<f64> = parts.iter().filter_map(without).collect();
    Some((draws, acceleration(&left_out)))
}

fn add<const K: usize>(sum: &mut [f64; K], part: &[f64; K]) {
    sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
}
