//! The difference of two means.

use super::Draws;
use super::parts::draw_parts;
use crate::groups::{as_many_equal, dense};

/// The mean of the rows `with` minus the mean of those without, with its bootstrap over groups; a group may contain rows of
/// both kinds.
///
/// The interval is widened according to the effective number of groups by Welch's approximation (1947): two, if two of a
/// hundred groups are with and all others without.
///
/// `None` if fewer than two groups contain rows with, or without, if a value is not finite, or if the lists differ in
/// length.
pub fn bootstrap_difference(values: &[f64], with: &[bool], groups: &[u32], seed: u64) -> Option<Draws> {
    if values.len() != with.len()
        || values.len() != groups.len()
        || values.iter().any(|value| !value.is_finite())
    {
        return None;
    }
    let mean = |side: bool| {
        let own = values.iter().zip(with).filter(|(_, with)| **with == side).map(|(value, _)| value);
        let (sum, count) = own.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        (count > 0.0).then(|| sum / count)
    };
    let means = [mean(false)?, mean(true)?];
    let difference = means[1] - means[0];
    let (group, count) = dense(groups);
    // For each group: the sum of the distances from the mean and the number of rows, first without and then with.
    let mut parts = vec![[0.0; 4]; count];
    for ((value, &with), group) in values.iter().zip(with).zip(group) {
        let side = usize::from(with);
        parts[group][2 * side] += value - means[side];
        parts[group][2 * side + 1] += 1.0;
    }
    let side = |side: usize| {
        let held = parts.iter().filter(|part| part[2 * side + 1] > 0.0).count();
        let equal = as_many_equal(parts.iter().map(|part| part[2 * side + 1]));
        let rows: f64 = parts.iter().map(|part| part[2 * side + 1]).sum();
        let squares: f64 = parts.iter().map(|part| part[2 * side].powi(2)).sum();
        (held, equal, squares / (rows * rows) * equal / (equal - 1.0).max(0.5))
    };
    let [(without, equal_without, scatter_without), (with, equal_with, scatter_with)] = [side(0), side(1)];
    if without < 2 || with < 2 {
        return None;
    }
    let parted = |scatter: f64, equal: f64| scatter.powi(2) / (equal - 1.0).max(0.5);
    let freedom = (scatter_without + scatter_with).powi(2)
        / (parted(scatter_without, equal_without) + parted(scatter_with, equal_with));
    let effective = if freedom.is_finite() { freedom + 1.0 } else { equal_without.min(equal_with) };
    let estimate = |sum: &[f64; 4]| {
        (sum[1] > 0.0 && sum[3] > 0.0).then(|| difference + sum[2] / sum[3] - sum[0] / sum[1])
    };
    let (draws, acceleration) = draw_parts(parts, seed, estimate)?;
    Some(Draws::new(difference, draws, acceleration, (values.len(), count), effective))
}
