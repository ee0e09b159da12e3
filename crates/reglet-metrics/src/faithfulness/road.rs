//! Removal of pixels without leaving a trace.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::ranked;
use crate::MetricError;
use crate::error::{one_each, same_shape};

/// The weight of a neighbour that shares a side, and of one that shares a corner.
const SIDE: f64 = 1.0 / 6.0;
const CORNER: f64 = 1.0 / 12.0;

/// Sweeps end when no value changes by more than this share of the range, or after a maximum number.
const STILL: f64 = 1e-7;
const SWEEPS: usize = 20_000;

/// ROAD (Rong et al., *A consistent and efficient evaluation strategy for attribution methods*, 2022): the change of the
/// score when the map's highest pixels, this `share` of all, are removed and filled in from their neighbours with a little
/// noise, so that the shape of the removed region gives the model no information. The result is F(removed) − F(x): the
/// lower, the better the map. Pixels of equal value are in a random order, which is the same for every map of the same size.
///
/// # Errors
/// [`MetricError::Shape`], [`MetricError::NotFinite`], [`MetricError::Constant`] for a map whose values are all equal,
/// [`MetricError::Parameter`] for a share outside 0 to 1, and any error of `score`.
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
    let count = (share * order.len() as f64).round() as usize;
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
/// [`MetricError::Shape`]; [`MetricError::WholePicture`] if no pixel is left to fill from.
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
    let gap: Vec<Gap> = removed
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
        let mut values: Vec<f64> = channel.iter().map(|&value| f64::from(value)).collect();
        let kept = || values.iter().zip(&removed).filter(|(_, removed)| !**removed).map(|(value, _)| *value);
        let mean = kept().sum::<f64>() / kept().count() as f64;
        let (low, high) = kept().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        gap.iter().for_each(|gap| values[gap.place] = mean);
        for _ in 0..SWEEPS {
            let mut moved = 0.0_f64;
            for gap in &gap {
                let value = gap.mean(&values);
                moved = moved.max((value - values[gap.place]).abs());
                values[gap.place] = value;
            }
            if moved <= STILL * (high - low) {
                break;
            }
        }
        for gap in &gap {
            channel[[gap.place / width, gap.place % width]] = values[gap.place] as f32 + noise * normal();
        }
    }
    Ok(filled)
}

/// A removed pixel with its neighbours and their weights.
struct Gap {
    place: usize,
    neighbours: Vec<(usize, f64)>,
}

impl Gap {
    fn new(row: usize, column: usize, height: usize, width: usize) -> Gap {
        let mut neighbours = Vec::with_capacity(8);
        for y in row.saturating_sub(1)..=(row + 1).min(height - 1) {
            for x in column.saturating_sub(1)..=(column + 1).min(width - 1) {
                match (y == row, x == column) {
                    (true, true) => {}
                    (true, _) | (_, true) => neighbours.push((y * width + x, SIDE)),
                    _ => neighbours.push((y * width + x, CORNER)),
                }
            }
        }
        Gap { place: row * width + column, neighbours }
    }

    fn mean(&self, values: &[f64]) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (place, weight) in &self.neighbours {
            sum += weight * values[*place];
            weights += weight;
        }
        sum / weights
    }
}
