//! The similarity of two maps.

use ndarray::ArrayView2;

use crate::MetricError;
use crate::error::same_shape;
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
/// # Errors
/// [`MetricError::Shape`], [`MetricError::NotFinite`], [`MetricError::Parameter`] for a share outside 0 to 1.
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
    let top = |map: ArrayView2<f32>| -> Result<Vec<bool>, MetricError> {
        // The largest first; −0 and 0 are the same.
        let order = ascending(finite(map)?.into_iter().map(|value| 0.0 - value));
        let mut among = vec![false; order.len()];
        order.iter().take(count).for_each(|&index| among[index] = true);
        Ok(among)
    };
    let both = top(one)?.into_iter().zip(top(other)?).filter(|(a, b)| *a && *b).count();
    Ok(both as f64 / count as f64)
}

/// The values, if all of them are finite.
fn finite(map: ArrayView2<f32>) -> Result<Vec<f32>, MetricError> {
    let values: Vec<f32> = map.iter().copied().collect();
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(MetricError::NotFinite) }
}

/// The rank of each value, from 1; ties have the mean of their ranks.
fn ranks(map: ArrayView2<f32>) -> Result<Vec<f64>, MetricError> {
    let values = finite(map)?;
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
