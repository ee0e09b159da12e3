//! The appearance of a map: whether it follows the picture's contours, and whether it shows regions or speckles.

use ndarray::{Array2, ArrayView2};

use crate::MetricError;

/// The strength of the edge at each pixel of a picture (height × width, luminance in any unit): the magnitude of Sobel's two
/// derivatives, √(gx² + gy²), with the border repeated. [`spearman`](crate::spearman) of it and a map's absolute values
/// shows how closely the map follows the picture's contours, which is possible even if the map does not depend on what the
/// model has learnt (Adebayo et al., *Sanity checks for saliency maps*, 2018).
///
/// # Errors
/// [`MetricError::NotFinite`].
pub fn sobel(picture: ArrayView2<f32>) -> Result<Array2<f32>, MetricError> {
    if picture.iter().any(|value| !value.is_finite()) {
        return Err(MetricError::NotFinite);
    }
    let (height, width) = picture.dim();
    Ok(Array2::from_shape_fn((height, width), |(y, x)| {
        let rows = [y.saturating_sub(1), y, (y + 1).min(height - 1)];
        let columns = [x.saturating_sub(1), x, (x + 1).min(width - 1)];
        let (mut down, mut right) = (0.0, 0.0);
        for (row, &y) in rows.iter().enumerate() {
            for (column, &x) in columns.iter().enumerate() {
                let value = picture[[y, x]];
                down += value * SLOPE[row] * WEIGHT[column];
                right += value * SLOPE[column] * WEIGHT[row];
            }
        }
        down.hypot(right)
    }))
}

/// Sobel's kernel is the product of these: a difference along one side, a mean along the other.
const SLOPE: [f32; 3] = [-1.0, 0.0, 1.0];
const WEIGHT: [f32; 3] = [1.0, 2.0, 1.0];

/// Moran's I of a map, the similarity of pixels that share a side: n / W · Σ wᵢⱼ zᵢzⱼ / Σ zᵢ² over the deviations z from the
/// mean (Moran, *Notes on continuous stochastic phenomena*, 1950). It is near 1 for a map of uniform regions, near 0 for
/// random speckles, and −1 for a chequerboard.
///
/// # Errors
/// [`MetricError::NotFinite`]; [`MetricError::Constant`] for a map whose values are all equal.
pub fn morans_i(map: ArrayView2<f32>) -> Result<f64, MetricError> {
    let (height, width) = map.dim();
    let mean = map.iter().map(|value| f64::from(*value)).sum::<f64>() / map.len() as f64;
    if !mean.is_finite() {
        return Err(MetricError::NotFinite);
    }
    let deviations = map.mapv(|value| f64::from(value) - mean);
    let all: f64 = deviations.iter().map(|z| z * z).sum();
    if all == 0.0 || map.is_empty() {
        return Err(MetricError::Constant);
    }
    let mut alike = 0.0;
    for ((y, x), z) in deviations.indexed_iter() {
        for neighbour in [(y + 1, x), (y, x + 1)] {
            alike += deviations.get(neighbour).map_or(0.0, |other| z * other);
        }
    }
    let pairs = (height - 1) * width + height * (width - 1);
    Ok(map.len() as f64 / pairs as f64 * alike / all)
}
