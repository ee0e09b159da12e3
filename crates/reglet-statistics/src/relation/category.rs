//! Categories.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::{Relation, permuted};

/// If fewer units than this are expected in a cell, the formula is not valid (Cochran, *Some methods for strengthening the
/// common χ² tests*, 1954).
const EXPECTED: f64 = 5.0;

/// One unit: its label, and the categories of its rows with their shares.
type Unit = (bool, Vec<(usize, f64)>);

/// The association of a category (or of a binary property) with a binary label. The strength is Cramér's V (1946): 0 without
/// an association, 1 if the category determines the label.
///
/// p is that of Pearson's χ² test without a continuity correction. If fewer than five units are expected in a cell, it is
/// that of a permutation test with 9999 permutations of the labels, determined by the seed; for a table of two by two, this
/// is close to Fisher's exact test.
///
/// `None` in place of a category means that it is missing. The result is `None` unless there are two labels and two
/// categories, or if the lists differ in length.
pub fn category_with_label(
    categories: &[Option<u32>],
    labels: &[bool],
    groups: &[u32],
    seed: u64,
) -> Option<Relation> {
    if categories.len() != labels.len() || categories.len() != groups.len() {
        return None;
    }
    let missing = categories.iter().filter(|category| category.is_none()).count();
    let mut names: Vec<u32> = categories.iter().copied().flatten().collect();
    names.sort_unstable();
    names.dedup();
    let mut counts: BTreeMap<(bool, u32), BTreeMap<usize, f64>> = BTreeMap::new();
    for ((category, &label), &group) in categories.iter().zip(labels).zip(groups) {
        let Some(category) = category else { continue };
        let place = names.partition_point(|name| name < category);
        *counts.entry((label, group)).or_default().entry(place).or_default() += 1.0;
    }
    let units: Vec<Unit> = counts
        .into_iter()
        .map(|((label, _), own)| {
            let rows: f64 = own.values().sum();
            (label, own.into_iter().map(|(category, count)| (category, count / rows)).collect())
        })
        .collect();
    let with = units.iter().filter(|(label, _)| *label).count() as f64;
    let count = units.len() as f64;
    if names.len() < 2 || with == 0.0 || with == count {
        return None;
    }
    let mut totals = vec![0.0; names.len()];
    units.iter().flat_map(|(_, own)| own).for_each(|&(category, share)| totals[category] += share);
    let mut labels: Vec<bool> = units.iter().map(|(label, _)| *label).collect();
    // With two labels, each category's two cells are equally far from what is expected.
    let mut found = vec![0.0; names.len()];
    let mut distance = |labels: &[bool]| {
        found.fill(0.0);
        let own = units.iter().zip(labels).filter(|(_, label)| **label).flat_map(|((_, own), _)| own);
        own.for_each(|&(category, share)| found[category] += share);
        let beyond = found.iter().zip(&totals).map(|(found, total)| {
            let expected = total * with / count;
            (found - expected).powi(2) * (1.0 / expected + 1.0 / (total - expected))
        });
        beyond.sum::<f64>()
    };
    let chi = distance(&labels);
    let least = totals.iter().fold(f64::INFINITY, |least, total| least.min(*total));
    let p = if least * with.min(count - with) / count < EXPECTED {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        permuted(chi, || {
            labels.shuffle(&mut random);
            distance(&labels)
        })
    } else {
        ChiSquared::new(names.len() as f64 - 1.0).ok()?.sf(chi)
    };
    Some(Relation { strength: (chi / count).sqrt(), p, units: units.len(), missing })
}
