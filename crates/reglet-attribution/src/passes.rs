//! Splits many inputs into passes of a bounded size.

use reglet_model::ModelError;
use tch::Tensor;

use crate::{AttributionError, Scores};

/// The rows of a batch, each with its target.
///
/// # Errors
/// [`ModelError::TargetCount`] unless there is a target for each row.
pub(crate) fn by_row<'t>(
    batch: &Tensor,
    targets: &'t [usize],
) -> Result<impl Iterator<Item = (usize, usize)> + use<'t>, AttributionError> {
    let rows = batch.size().first().map_or(0, |&rows| rows as usize);
    match targets.len() == rows {
        true => Ok(targets.iter().copied().enumerate()),
        false => Err(ModelError::TargetCount { targets: targets.len(), rows }.into()),
    }
}

/// The approximate number of input values of one pass: enough to keep two cores busy, and few enough that the activations of
/// a ResNet stay within a few hundred megabytes.
const VALUES_PER_PASS: i64 = 2_500_000;

/// The number of rows, each with as many values as `row`, that go through the model in one pass.
pub(crate) fn rows_per_pass(row: &Tensor) -> usize {
    (VALUES_PER_PASS / (row.numel() as i64).max(1)).max(1) as usize
}

/// Chunks of `0..count` of nearly equal size and at most `largest`: first index and length. The size may differ by a row, so
/// that all threads have the same number of rows.
pub(crate) fn chunks(count: usize, largest: usize) -> impl Iterator<Item = (usize, usize)> {
    let size = count.div_ceil(count.div_ceil(largest.max(1)).max(1));
    let even = size.next_multiple_of(tch::get_num_threads().max(1) as usize);
    let size = if even <= largest { even } else { size };
    (0..count).step_by(size.max(1)).map(move |first| (first, size.min(count - first)))
}

/// From this number of inputs on, it pays to compute the values of the one that they are near to.
const LEAST_NEAR: usize = 4;

/// The scores of `target`, `[count]`, for `count` inputs like `base`, `[1, C, H, W]`, in passes of a bounded size. `make` returns
/// the inputs from a first index and a length, `[length, C, H, W]`. Those that differ from the base inside a small rectangle cost
/// less than others.
pub(crate) fn scores_of_many(
    model: &dyn Scores,
    base: &Tensor,
    count: usize,
    target: usize,
    make: &mut dyn FnMut(usize, usize) -> Result<Tensor, AttributionError>,
) -> Result<Tensor, AttributionError> {
    let near = if count < LEAST_NEAR { None } else { model.near(base)? };
    let model = near.as_deref().unwrap_or(model);
    let mut scores = Vec::new();
    for (first, length) in chunks(count, rows_per_pass(base)) {
        scores.push(model.scores(&make(first, length)?, &vec![target; length])?);
    }
    Ok(Tensor::f_cat(&scores, 0)?)
}

/// `part` added to what there is.
pub(crate) fn add(total: &mut Option<Tensor>, part: Tensor) -> Result<(), AttributionError> {
    *total = Some(match total.take() {
        Some(before) => before.f_add(&part)?,
        None => part,
    });
    Ok(())
}

/// Checks a number of steps, samples and similar parameters.
pub(crate) fn check_count(
    method: &'static str,
    parameter: &'static str,
    count: usize,
) -> Result<(), AttributionError> {
    if (1..=100_000).contains(&count) {
        return Ok(());
    }
    let expected = "from 1 to 100000";
    Err(AttributionError::Parameter { method, parameter, value: count.to_string(), expected })
}
