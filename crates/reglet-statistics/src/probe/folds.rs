//! The assignment of groups to folds.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Assigns groups to at most `folds` folds so that the folds have similar numbers of rows of each label. Returns the fold of
/// each group, by ascending number. `None` if fewer than two groups have a label.
pub(super) fn deal(labels: &[bool], groups: &[u32], folds: usize, seed: u64) -> Option<Vec<(u32, usize)>> {
    // Rows of each group, without and with the label.
    let mut rows: BTreeMap<u32, [usize; 2]> = BTreeMap::new();
    for (&label, &group) in labels.iter().zip(groups) {
        rows.entry(group).or_default()[usize::from(label)] += 1;
    }
    let holding = |label: usize| rows.values().filter(|own| own[label] > 0).count();
    let folds = folds.max(2).min(holding(0)).min(holding(1));
    if folds < 2 {
        return None;
    }
    let mut order: Vec<(u32, [usize; 2])> = rows.into_iter().collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    // Large groups first, so that the small ones can balance the folds; groups with the rarer label before all others, so
    // that every fold has some.
    let all = order.iter().fold([0, 0], |sum, (_, own)| [sum[0] + own[0], sum[1] + own[1]]);
    let rare = usize::from(all[1] < all[0]);
    order.sort_by_key(|(_, own)| std::cmp::Reverse((own[rare], own[1 - rare])));
    let mut filled = vec![[0_usize; 2]; folds];
    let mut dealt: Vec<(u32, usize)> = Vec::with_capacity(order.len());
    for (group, own) in order {
        let first = if own[rare] > 0 { rare } else { 1 - rare };
        let emptiest = (0..folds).min_by_key(|&fold| (filled[fold][first], filled[fold][1 - first]))?;
        (0..2).for_each(|label| filled[emptiest][label] += own[label]);
        dealt.push((group, emptiest));
    }
    dealt.sort_unstable();
    Some(dealt)
}
