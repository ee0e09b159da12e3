//! The mean over all rows.

use super::Draws;
use super::crossed::crossed;
use super::parts::draw_parts;
use crate::groups::{as_many_equal, dense};

/// Values that belong to groups, and optionally to donors.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The values that are averaged; all must be finite.
    pub values: &'a [f64],
    /// The group of each value: the patient or the lesion. Has the length of `values`.
    pub groups: &'a [u32],
    /// The donor of each value, if it has one: the picture that an inserted artefact was cut out of. Has the length of
    /// `values`.
    pub donors: Option<&'a [Option<u32>]>,
}

/// The mean of the values over all rows, with its bootstrap over groups. If rows name two or more donors, the donors are
/// resampled as well, independently (the pigeonhole bootstrap for crossed data; Owen, *The pigeonhole bootstrap*, 2007): the
/// weight of a row is the product of the numbers of times that its group and its donor were drawn. This product overstates
/// the residual variance, by up to a factor of three if each group has one row. The draws are therefore contracted towards
/// the estimate until their variance equals that of Cameron, Gelbach and Miller for two-way clusters (*Robust inference with
/// multiway clustering*, 2011): the variance of the groups plus that of the donors minus that of the pairs of both. The
/// smaller of the numbers of groups and of donors determines how much the interval is widened. With a single donor, nothing
/// is known about other donors, and only the groups are resampled.
///
/// `None` if there are fewer than two groups, whose scatter is then unknown, if a value is not finite, or if the lists
/// differ in length.
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

/// The same, with every value as a group of its own.
pub(crate) fn mean_of_independent(values: &[f64], seed: u64) -> Option<Draws> {
    if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let parts = values.iter().map(|value| [value - mean, 1.0]).collect();
    mean_of_parts(mean, parts, values.len(), seed)
}

/// `parts` contains each group's sum of distances from the mean, and its number of rows.
fn mean_of_parts(mean: f64, parts: Vec<[f64; 2]>, rows: usize, seed: u64) -> Option<Draws> {
    let groups = parts.len();
    let estimate = |sum: &[f64; 2]| Some(mean + sum[0] / sum[1]);
    let effective = as_many_equal(parts.iter().map(|part| part[1]));
    let (draws, acceleration) = draw_parts(parts, seed, estimate)?;
    Some(Draws::new(mean, draws, acceleration, (rows, groups), effective))
}
