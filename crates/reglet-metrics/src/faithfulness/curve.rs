//! The score as pixels are removed, or added, in the order of the map.

use ndarray::{Array3, ArrayView2, ArrayView3};

use super::ranked;
use crate::MetricError;
use crate::error::{one_each, same_shape};

/// The score as a function of the share of pixels changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The shares, from 0 to 1, increasing.
    pub shares: Vec<f64>,
    /// The score at each share.
    pub scores: Vec<f64>,
}

impl Curve {
    /// The area under the curve by the trapezoidal rule, in units of the score.
    pub fn area(&self) -> f64 {
        let shares = self.shares.windows(2).map(|pair| pair[1] - pair[0]);
        let heights = self.scores.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
        shares.zip(heights).map(|(width, height)| width * height).sum()
    }
}

/// Deletion (Petsiuk, Das and Saenko, *RISE*, 2018): pixels of `input` are replaced by those of `baseline`, the map's
/// highest first, in `steps` steps. The faster the score falls, the better the map, so a small [area](Curve::area) is good.
/// Pixels of equal value are in a random order, which is the same for every map of the same size.
///
/// # Errors
/// [`MetricError::Shape`], [`MetricError::NotFinite`], [`MetricError::Constant`] for a map whose values are all equal,
/// [`MetricError::Parameter`] if there are no steps, and any error of `score`.
pub fn deletion(
    map: ArrayView2<f32>,
    input: ArrayView3<f32>,
    baseline: ArrayView3<f32>,
    steps: usize,
    score: impl FnMut(&[Array3<f32>]) -> Result<Vec<f64>, MetricError>,
) -> Result<Curve, MetricError> {
    replace(map, input, baseline, steps, score)
}

/// Insertion, the reverse: the pixels of `input` are added to `baseline`, the map's highest first. A large
/// [area](Curve::area) is good.
///
/// # Errors
/// As [`deletion`].
pub fn insertion(
    map: ArrayView2<f32>,
    input: ArrayView3<f32>,
    baseline: ArrayView3<f32>,
    steps: usize,
    score: impl FnMut(&[Array3<f32>]) -> Result<Vec<f64>, MetricError>,
) -> Result<Curve, MetricError> {
    replace(map, baseline, input, steps, score)
}

fn replace(
    map: ArrayView2<f32>,
    from: ArrayView3<f32>,
    to: ArrayView3<f32>,
    steps: usize,
    mut score: impl FnMut(&[Array3<f32>]) -> Result<Vec<f64>, MetricError>,
) -> Result<Curve, MetricError> {
    same_shape(from.shape(), to.shape())?;
    same_shape(map.shape(), &from.shape()[1..])?;
    let order = ranked(map)?;
    if steps == 0 {
        return Err(MetricError::Parameter { parameter: "steps", value: 0.0, expected: "at least 1" });
    }
    let steps = steps.min(order.len());
    let mut picture = from.to_owned();
    let (mut pictures, mut shares, mut done) = (vec![picture.clone()], vec![0.0], 0);
    for step in 1..=steps {
        // Whole pixels, divided as evenly as possible.
        let until = step * order.len() / steps;
        for &(row, column) in &order[done..until] {
            for channel in 0..picture.shape()[0] {
                picture[[channel, row, column]] = to[[channel, row, column]];
            }
        }
        done = until;
        shares.push(done as f64 / order.len() as f64);
        pictures.push(picture.clone());
    }
    let scores = one_each(score(&pictures)?, pictures.len())?;
    Ok(Curve { shares, scores })
}
