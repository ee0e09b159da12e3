//! The similarity of two maps.

use ndarray::ArrayView2;

use crate::MetricError;
use crate::error::{finite, ordered, same_shape};
use crate::order::ascending;

/// Spearman's rank correlation of two maps, from −1 to 1, where ties have the mean of their ranks (Spearman, 1904). Adebayo
/// et al., *Sanity checks for saliency maps*, 2018, use it to compare maps after weights have been randomised.
///
/// # Errors
/// [`MetricError::Shape`], [`MetricError::NotFinite`], [`MetricError::Constant`].
pub fn spearman(one: ArrayView2<f32>, other: ArrayView2<f32>) -> Result<f64, MetricError> {
    same_shape(one.shape(), other.shape())?;
    let (one, other) = (ranks(one)?, ranks(other)?);
    let middle = (one.len() as f64 + 1.0) / 2.0;
    let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
    for (a, b) in one.iter().zip(&other) {
        let (a, b) = (a - middle, b - middle);
        (both, first, second) = (both + a * b, first + a * a, second + b * b);
    }
    if first == 0.0 || second == 0.0 {
        return Err(MetricError::Constant);
    }
    Ok(both / (first * second).sqrt())
}

/// The overlap, 0 to 1, of the highest values of `one` and of `other`, where `share` is the share of pixels that count as
/// highest (the top-k intersection of Ghorbani, Abid and Zou, *Interpretation of neural networks is fragile*, 2019).
///
/// If more pixels have the lowest value that counts than there is room for, the result is the expected overlap when each map draws
/// among its own at random: Σ pᵢ qᵢ / k for pixels that are among the k highest with the probabilities pᵢ and qᵢ. Such pixels
/// agree by chance alone, so a map whose k-th highest value is equal to the next does not fully overlap with itself.
///
/// # Errors
/// [`MetricError::Shape`], [`MetricError::NotFinite`], [`MetricError::Parameter`] for a share outside 0 to 1, and
/// [`MetricError::Constant`] for a map whose values are all equal.
pub fn top_overlap(one: ArrayView2<f32>, other: ArrayView2<f32>, share: f64) -> Result<f64, MetricError> {
    same_shape(one.shape(), other.shape())?;
    if !(share > 0.0 && share <= 1.0) {
        return Err(MetricError::Parameter {
            parameter: "share",
            value: share,
            expected: "above 0, at most 1",
        });
    }
    let count = ((share * one.len() as f64).round() as usize).max(1);
    let both: f64 =
        among_highest(one, count)?.into_iter().zip(among_highest(other, count)?).map(|(a, b)| a * b).sum();
    Ok(both / count as f64)
}

/// For each pixel, the probability that it is among the `count` highest if equal values are ordered at random.
fn among_highest(map: ArrayView2<f32>, count: usize) -> Result<Vec<f64>, MetricError> {
    let values = values(map)?;
    ordered(&values)?;
    let order = ascending(values.iter().copied());
    let mut chances = vec![0.0; values.len()];
    let mut left = count;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]).rev() {
        let taken = left.min(equal.len());
        equal.iter().for_each(|&index| chances[index] = taken as f64 / equal.len() as f64);
        left -= taken;
    }
    Ok(chances)
}

/// The values, if all of them are finite.
fn values(map: ArrayView2<f32>) -> Result<Vec<f32>, MetricError> {
    finite(map)?;
    Ok(map.iter().copied().collect())
}

/// The rank of each value, from 1; ties have the mean of their ranks.
fn ranks(map: ArrayView2<f32>) -> Result<Vec<f64>, MetricError> {
    let values = values(map)?;
    let order = ascending(values.iter().copied());
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0.0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = before + (equal.len() as f64 + 1.0) / 2.0;
        equal.iter().for_each(|&index| ranks[index] = rank);
        before += equal.len() as f64;
    }
    Ok(ranks)
}
