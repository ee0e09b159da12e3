//! The mean of rows that belong to a group and, crossed with the groups, to a donor.

use std::collections::BTreeMap;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::resample::resample;
use super::{Draws, acceleration};
use crate::groups::{as_many_equal, dense};

/// The rows of one group and one donor.
struct Cell {
    group: usize,
    /// One past the last donor if there is none.
    donor: usize,
    /// Their distances from the mean, added up.
    beyond: f64,
    rows: f64,
}

/// See [`bootstrap_mean`](super::bootstrap_mean). There are at least two groups and two donors.
pub(super) fn crossed(
    values: &[f64],
    mean: f64,
    (group, groups): (&[usize], usize),
    donors: &[Option<u32>],
    seed: u64,
) -> Option<Draws> {
    let named: Vec<u32> = donors.iter().copied().flatten().collect();
    let (donor, donors_named) = dense(&named);
    let mut next = donor.into_iter();
    let mut cells: BTreeMap<(usize, usize), (f64, f64)> = BTreeMap::new();
    for ((value, &group), donor) in values.iter().zip(group).zip(donors) {
        let donor = donor.and_then(|_| next.next()).unwrap_or(donors_named);
        let cell = cells.entry((group, donor)).or_default();
        cell.0 += value - mean;
        cell.1 += 1.0;
    }
    let cells: Vec<Cell> = cells
        .into_iter()
        .map(|((group, donor), (beyond, rows))| Cell { group, donor, beyond, rows })
        .collect();

    let draws = resample(cells.len(), seed, |random, (of_group, of_donor): &mut (Vec<f64>, Vec<f64>)| {
        draw(random, of_group, groups);
        draw(random, of_donor, donors_named);
        // Rows without a donor are in every sample, whichever donors are drawn.
        of_donor.push(1.0);
        let (mut beyond, mut rows) = (0.0, 0.0);
        for cell in &cells {
            let weight = of_group[cell.group] * of_donor[cell.donor];
            beyond += weight * cell.beyond;
            rows += weight * cell.rows;
        }
        (rows > 0.0).then(|| mean + beyond / rows)
    })?;

    let rows = values.len() as f64;
    let (mut by_group, mut by_donor) = (vec![[0.0; 2]; groups], vec![[0.0; 2]; donors_named]);
    let mut both = 0.0;
    for cell in &cells {
        by_group[cell.group][0] += cell.beyond;
        by_group[cell.group][1] += cell.rows;
        if let Some(donor) = by_donor.get_mut(cell.donor) {
            donor[0] += cell.beyond;
            donor[1] += cell.rows;
            both += cell.beyond * cell.beyond;
        }
    }
    let squares = |margin: &[[f64; 2]]| margin.iter().map(|part| part[0] * part[0]).sum::<f64>();
    let (of_groups, of_donors) = (squares(&by_group), squares(&by_donor));
    // In a sample the difference may come out too small, even negative; neither margin alone does.
    let variance = (of_groups + of_donors - both).max(of_groups).max(of_donors) / (rows * rows);
    let drawn = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
    let scale = if drawn > 0.0 { (variance / drawn).sqrt() } else { 1.0 };
    let draws = draws.into_iter().map(|draw| mean + scale * (draw - mean)).collect();

    // Influences of both margins, for the acceleration of an estimate from two samples.
    let without = |[beyond, own]: &[f64; 2]| -beyond / (rows - own);
    let left_out: Vec<f64> =
        by_group.iter().chain(&by_donor).map(without).filter(|moved| moved.is_finite()).collect();
    let equal = |margin: &[[f64; 2]]| as_many_equal(margin.iter().map(|part| part[1]));
    let effective = equal(&by_group).min(equal(&by_donor));
    Some(Draws::new(mean, draws, acceleration(&left_out), (values.len(), groups), effective))
}

/// How often each of `count` items was drawn in `count` draws.
fn draw(random: &mut ChaCha8Rng, weights: &mut Vec<f64>, count: usize) {
    weights.clear();
    weights.resize(count, 0.0);
    // Half the random bits of a `usize`, and half the time. There are no more than the groups' numbers, of 32 bits.
    let drawn = count as u32;
    (0..count).for_each(|_| weights[random.random_range(0..drawn) as usize] += 1.0);
}
