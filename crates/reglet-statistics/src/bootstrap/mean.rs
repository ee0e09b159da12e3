//! The mean over all rows.

use super::Draws;
use super::crossed::crossed;
use super::parts::draw_parts;
use crate::groups::{as_many_equal, dense};

/// Values, each of a group, and perhaps each made with a donor.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// What is averaged; finite.
    pub values: &'a [f64],
    /// The group of each value: the patient or the lesion. As long as `values`.
    pub groups: &'a [u32],
    /// The donor of each value, where it has one: the picture that an inserted artefact was cut out of. As long as
    /// `values`.
    pub donors: Option<&'a [Option<u32>]>,
}

/// The mean of the values over all rows, the groups drawn again; where rows name two donors or more, those are drawn
/// again too, independently (the pigeonhole bootstrap for crossed data; Owen, *The pigeonhole bootstrap*, 2007): a row
/// counts as often as its group was drawn times as often as its donor was. That product overstates what is left when
/// group and donor are taken out, up to three times where each group has one row, so the draws are then drawn together
/// about the estimate until their variance is Cameron, Gelbach and Miller's for two-way clusters (*Robust inference with
/// multiway clustering*, 2011): that of the groups, and that of the donors, less that of the pairs of both. The lesser
/// of the numbers of groups and of donors decides how much the interval is widened. With a single donor nothing can be
/// said of others, and only the groups are drawn.
///
/// `None` where there are fewer than two groups, which say nothing of their scatter, where a value is not finite, or
/// where the lists differ in length.
pub fn bootstrap_mean(rows: Rows, seed: u64) -> Option<Draws> {
    let Rows { values, groups, donors } = rows;
    let sound = groups.len() == values.len()
        && donors.is_none_or(|donors| donors.len() == values.len())
        && values.iter().all(|value| value.is_finite());
    let (group, count) = dense(groups);
    if !sound || count < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let named: Vec<u32> = donors.into_iter().flatten().copied().flatten().collect();
    let (_, distinct) = dense(&named);
    if let Some(donors) = donors.filter(|_| distinct > 1) {
        return crossed(values, mean, (&group, count), donors, seed);
    }
    let mut parts = vec![[0.0; 2]; count];
    for (value, group) in values.iter().zip(group) {
        parts[group][0] += value - mean;
        parts[group][1] += 1.0;
    }
    mean_of_parts(mean, parts, values.len(), seed)
}

/// The same where every value is a group of its own.
pub(crate) fn mean_of_independent(values: &[f64], seed: u64) -> Option<Draws> {
    if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let parts = values.iter().map(|value| [value - mean, 1.0]).collect();
    mean_of_parts(mean, parts, values.len(), seed)
}

/// `parts` holds each group's sum of distances from the mean, and its rows.
fn mean_of_parts(mean: f64, parts: Vec<[f64; 2]>, rows: usize, seed: u64) -> Option<Draws> {
    let groups = parts.len();
    let estimate = |sum: &[f64; 2]| Some(mean + sum[0] / sum[1]);
    let effective = as_many_equal(parts.iter().map(|part| part[1]));
    let (draws, acceleration) = draw_parts(parts, seed, estimate)?;
    Some(Draws::new(mean, draws, acceleration, (rows, groups), effective))
}
