//! Resizing levels of floating-point numbers, as Pillow does for its mode `F`: without rounding between the passes.

use super::pass::mixtures;
use super::{Filter, ResizeError, heights_first};

/// Resizes a plane of levels.
///
/// # Errors
/// Those of [`Passes::new`](super::Passes::new) of the same sizes, which is to be asked first.
pub(crate) fn resize_levels(
    values: &[f32],
    from: (u32, u32),
    to: (u32, u32),
    filter: Filter,
) -> Result<Vec<f32>, ResizeError> {
    if [from.0, from.1, to.0, to.1].contains(&0) || values.len() != from.0 as usize * from.1 as usize {
        return Err(ResizeError::NoPixels { from, to });
    }
    let [from_width, from_height, to_width, to_height] =
        [from.0, from.1, to.0, to.1].map(|side| side as usize);
    Ok(if heights_first(from, to) {
        let between = within_columns(values, from_width, [from_height, to_height], filter);
        within_rows(&between, [from_width, to_width], filter)
    } else {
        let between = within_rows(values, [from_width, to_width], filter);
        within_columns(&between, to_width, [from_height, to_height], filter)
    })
}

fn within_rows(values: &[f32], [from, to]: [usize; 2], filter: Filter) -> Vec<f32> {
    if from == to {
        return values.to_vec();
    }
    let windows = mixtures(from, from as f64, to, filter);
    let mixed = |row: &[f32]| -> Vec<f32> {
        let of = |(start, weights): &(usize, Vec<f64>)| {
            let sum: f64 =
                row[*start..].iter().zip(weights).map(|(value, weight)| f64::from(*value) * weight).sum();
            sum as f32
        };
        windows.iter().map(of).collect()
    };
    values.chunks_exact(from).flat_map(mixed).collect()
}

fn within_columns(values: &[f32], width: usize, [from, to]: [usize; 2], filter: Filter) -> Vec<f32> {
    if from == to {
        return values.to_vec();
    }
    let mut made = Vec::with_capacity(width * to);
    for (start, weights) in mixtures(from, from as f64, to, filter) {
        let mut sums = vec![0.0; width];
        for (row, weight) in values[start * width..].chunks_exact(width).zip(weights) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += f64::from(*value) * weight;
            }
        }
        made.extend(sums.into_iter().map(|sum| sum as f32));
    }
    made
}
