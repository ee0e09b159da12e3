//! Rows combined into independent units.

use std::collections::BTreeMap;

/// The means of `values` over the rows of each group and stratum, by stratum, and each one's stratum and group.
pub(super) fn means<const K: usize>(
    rows: impl Iterator<Item = ([f64; K], u32, u32)>,
) -> (Vec<[f64; K]>, Vec<(u32, u32)>) {
    let mut units: BTreeMap<(u32, u32), ([f64; K], f64)> = BTreeMap::new();
    for (values, group, stratum) in rows {
        let (sum, count) = units.entry((stratum, group)).or_insert(([0.0; K], 0.0));
        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        *count += 1.0;
    }
    units.into_iter().map(|(unit, (sum, count))| (sum.map(|sum| sum / count), unit)).unzip()
}

/// The ranks of values from 1, where ties have the mean of their ranks, and Σ(t³ − t) over the ties.
pub(super) fn ranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let (mut ranks, mut tied, mut before) = (vec![0.0; values.len()], 0.0, 0.0);
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let count = group.len() as f64;
        group.iter().for_each(|&at| ranks[at] = before + (count + 1.0) / 2.0);
        before += count;
        tied += count.powi(3) - count;
    }
    (ranks, tied)
}
