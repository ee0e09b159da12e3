//! Removal of pixels without leaving a trace.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::ranked;
use crate::MetricError;
use crate::error::{finite, one_each, same_shape};

/// The weight of a neighbour that shares a side, and of one that shares a corner.
const SIDE: f64 = 1.0 / 6.0;
const CORNER: f64 = 1.0 / 12.0;

/// Values are found when none of them deviates from its neighbours' mean by more than this share of half the range. Across a wide
/// gap, a deviation has an effect on the values that is larger by about the square of the width in pixels.
const STILL: f64 = 1e-11;
/// The maximum number of steps for each pixel of a picture's height and width. About 5 are needed if nearly all of it is removed.
const STEPS: usize = 50;

/// ROAD (Rong et al., *A consistent and efficient evaluation strategy for attribution methods*, 2022): the change of the
/// score when the map's highest pixels, this `share` of all, are removed and filled in from their neighbours with a little
/// noise, so that the shape of the removed region gives the model no information. At least one pixel is removed. The result is
/// F(removed) − F(x): the lower, the better the map. Pixels of equal value are in a random order, which is the same for every map of the same size.
///
/// # Errors
/// [`MetricError::Shape`], [`MetricError::NotFinite`], [`MetricError::Constant`] for a map whose values are all equal,
/// [`MetricError::Parameter`] for a share outside 0 to 1, the errors of [`impute`], and any error of `score`.
pub fn road(
    map: ArrayView2<f32>,
    input: ArrayView3<f32>,
    share: f64,
    noise: f32,
    seed: u64,
    mut score: impl FnMut(&[Array3<f32>]) -> Result<Vec<f64>, MetricError>,
) -> Result<f64, MetricError> {
    same_shape(map.shape(), &input.shape()[1..])?;
    if !(share > 0.0 && share < 1.0) {
        return Err(MetricError::Parameter {
            parameter: "share",
            value: share,
            expected: "above 0 and below 1",
        });
    }
    let order = ranked(map)?;
    let mut removed = Array2::from_elem(map.dim(), false);
    let count = ((share * order.len() as f64).round() as usize).max(1);
    for place in &order[..count] {
        removed[*place] = true;
    }
    let filled = impute(input, removed.view(), noise, seed)?;
    let pictures = [input.to_owned(), filled];
    let scores = one_each(score(&pictures)?, pictures.len())?;
    Ok(scores[1] - scores[0])
}

/// Noisy linear imputation: each removed pixel becomes the weighted mean of its eight neighbours (1/6 for a common side,
/// 1/12 for a common corner; at the border, of those that exist), solved for all removed pixels together, plus normal noise
/// with this standard deviation.
///
/// # Errors
/// [`MetricError::Shape`]; [`MetricError::WholePicture`] if no pixel is left to fill from; [`MetricError::NotFinite`] if one that is
/// left is not finite; [`MetricError::NotConverged`].
pub fn impute(
    input: ArrayView3<f32>,
    removed: ArrayView2<bool>,
    noise: f32,
    seed: u64,
) -> Result<Array3<f32>, MetricError> {
    same_shape(removed.shape(), &input.shape()[1..])?;
    if removed.iter().all(|removed| *removed) {
        return Err(MetricError::WholePicture);
    }
    let (height, width) = removed.dim();
    // The values have a frame of zeros, so that every gap has eight neighbours.
    let framed_width = width + 2;
    let gaps: Vec<Gap> = removed
        .indexed_iter()
        .filter(|(_, removed)| **removed)
        .map(|((row, column), _)| Gap::new(row, column, height, width))
        .collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = || {
        let radius = (-2.0 * (1.0 - random.random::<f32>()).ln()).sqrt();
        radius * (std::f32::consts::TAU * random.random::<f32>()).cos()
    };
    let mut filled = input.to_owned();
    for mut channel in filled.outer_iter_mut() {
        let kept = || channel.iter().zip(&removed).filter(|(_, removed)| !**removed).map(|(value, _)| value);
        finite(kept())?;
        let (low, high) = kept().fold((f64::MAX, f64::MIN), |(low, high), &value| {
            (low.min(f64::from(value)), high.max(f64::from(value)))
        });
        // Relative to the middle of the range, which every gap begins with, a picture of one colour is zero everywhere.
        let (middle, reach) = ((low + high) / 2.0, (high - low) / 2.0);
        let mut values = vec![0.0; (height + 2) * framed_width];
        for ((row, column), value) in channel.indexed_iter().filter(|(place, _)| !removed[*place]) {
            values[(row + 1) * framed_width + column + 1] = f64::from(*value) - middle;
        }
        fill(&mut values, framed_width, &gaps, STILL * reach, STEPS * (height + width))?;
        for gap in &gaps {
            let (row, column) = (gap.place / framed_width - 1, gap.place % framed_width - 1);
            channel[[row, column]] = (values[gap.place] + middle) as f32 + noise * normal();
        }
    }
    Ok(filled)
}

/// Changes the values of a picture, which has a frame of zeros and then this `width`, in the gaps, until none of them deviates from
/// its neighbours' mean by more than `still`.
///
/// Multiplied by the sum of each gap's weights, the equations are symmetric and positive definite, since two neighbours have the
/// same weight for each other and every gap leads to a pixel that is kept. They are solved by conjugate gradients (Hestenes and
/// Stiefel, 1952), preconditioned by the diagonal, which is that sum.
fn fill(values: &mut [f64], width: usize, gaps: &[Gap], still: f64, steps: usize) -> Result<(), MetricError> {
    // For each gap, how far its neighbours' mean is above its value, times the sum of its weights.
    let mut excess: Vec<f64> = gaps.iter().map(|gap| gap.excess(values, width)).collect();
    // The direction of a step, and zero in the pixels that are kept.
    let mut direction = vec![0.0; values.len()];
    let (mut squares, mut step) = (1.0, 0);
    loop {
        let deviations = || gaps.iter().zip(&excess).map(|(gap, excess)| excess / gap.weight);
        let furthest = deviations().fold(0.0, |furthest: f64, deviation| furthest.max(deviation.abs()));
        if furthest <= still {
            return Ok(());
        }
        if step == steps {
            return Err(MetricError::NotConverged { steps, deviation: furthest });
        }
        let before = std::mem::replace(&mut squares, deviations().zip(&excess).map(|(a, b)| a * b).sum());
        let carried = if step == 0 { 0.0 } else { squares / before };
        for (gap, deviation) in gaps.iter().zip(deviations()) {
            direction[gap.place] = deviation + carried * direction[gap.place];
        }
        let change: Vec<f64> = gaps.iter().map(|gap| gap.excess(&direction, width)).collect();
        let slope: f64 = gaps.iter().zip(&change).map(|(gap, change)| direction[gap.place] * change).sum();
        let length = -squares / slope;
        for ((gap, excess), change) in gaps.iter().zip(&mut excess).zip(&change) {
            values[gap.place] += length * direction[gap.place];
            *excess += length * change;
        }
        step += 1;
    }
}

/// A removed pixel.
struct Gap {
    /// The index of its value among those of a picture with a frame.
    place: usize,
    /// The sum of the weights of its neighbours, without those on the frame.
    weight: f64,
}

impl Gap {
    fn new(row: usize, column: usize, height: usize, width: usize) -> Gap {
        let beside =
            |at: usize, size: usize| f64::from(u8::from(at > 0)) + f64::from(u8::from(at + 1 < size));
        let (rows, columns) = (beside(row, height), beside(column, width));
        let weight = SIDE * (rows + columns) + CORNER * rows * columns;
        Gap { place: (row + 1) * (width + 2) + column + 1, weight }
    }

    /// How far the neighbours' mean is above the gap's value, times the sum of the weights, where a row with its frame has this
    /// `width`. The frame adds nothing, because it is zero.
    fn excess(&self, values: &[f64], width: usize) -> f64 {
        let around = |middle: usize| (values[middle - 1] + values[middle + 1], values[middle]);
        let (above, below) = (around(self.place - width), around(self.place + width));
        let (beside, own) = around(self.place);
        SIDE * (beside + above.1 + below.1) + CORNER * (above.0 + below.0) - self.weight * own
    }
}

#[cfg(test)]
mod tests {
    use super::{Gap, fill};
    use crate::MetricError;

    #[test]
    fn values_that_are_not_found_are_an_error() {
        // A row of 30 pixels from 0 to 1, of which all but the ends are removed, in its frame.
        let gaps: Vec<Gap> = (1..29).map(|column| Gap::new(0, column, 1, 30)).collect();
        let mut values = vec![0.0; 3 * 32];
        values[32 + 30] = 1.0;
        let found = fill(&mut values.clone(), 32, &gaps, 1e-12, 5);
        assert!(matches!(found, Err(MetricError::NotConverged { steps: 5, deviation }) if deviation > 1e-3));
        fill(&mut values, 32, &gaps, 1e-12, 100).expect("as many steps as there are gaps are enough");
        for (column, value) in values[33..63].iter().enumerate() {
            assert!((value - column as f64 / 29.0).abs() < 1e-9, "{column}: {value}");
        }
    }
}
