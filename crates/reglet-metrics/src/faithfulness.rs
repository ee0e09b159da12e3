//! Faithfulness: whether a map reflects the behaviour of the model.

pub(crate) mod completeness;
pub(crate) mod curve;
pub(crate) mod infidelity;
pub(crate) mod road;

use ndarray::ArrayView2;

use crate::MetricError;
use crate::order::ascending;

/// Every pixel (row, column), the highest value first; equal values in reading order.
fn ranked(map: ArrayView2<f32>) -> Result<Vec<(usize, usize)>, MetricError> {
    if map.iter().any(|value| !value.is_finite()) {
        return Err(MetricError::NotFinite);
    }
    let columns = map.ncols();
    Ok(ascending(map.iter().map(|value| -value)).into_iter().map(|at| (at / columns, at % columns)).collect())
}
