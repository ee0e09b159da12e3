//! Complexity: how concentrated a map is.

use ndarray::ArrayView2;

use crate::MetricError;

/// Sparseness: the Gini index of the absolute values, from 0 (all the same) to nearly 1 (a single pixel) (Chalasani
/// et al., *Concise explanations of neural networks using adversarial training*, 2020).
///
/// # Errors
/// [`MetricError::NotFinite`], [`MetricError::NothingPositive`] for a map of zeros.
pub fn gini(map: ArrayView2<f32>) -> Result<f64, MetricError> {
    let (mut values, sum) = magnitudes(map)?;
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len() as f64;
    let weighted: f64 =
        values.iter().enumerate().map(|(index, value)| (2.0 * (index as f64 + 1.0) - n - 1.0) * value).sum();
    Ok(weighted / (n * sum))
}

/// Complexity: the entropy of the absolute values as shares of their sum, in nats, from 0 (a single pixel) to ln n
/// (all n the same) (Bhatt, Weller and Moura, *Evaluating and aggregating feature-based model explanations*, 2020).
///
/// # Errors
/// [`MetricError::NotFinite`], [`MetricError::NothingPositive`] for a map of zeros.
pub fn complexity(map: ArrayView2<f32>) -> Result<f64, MetricError> {
    let (values, sum) = magnitudes(map)?;
    let shares = values.iter().map(|value| value / sum).filter(|share| *share > 0.0);
    Ok(-shares.map(|share| share * share.ln()).sum::<f64>())
}

fn magnitudes(map: ArrayView2<f32>) -> Result<(Vec<f64>, f64), MetricError> {
    let values: Vec<f64> = map.iter().map(|value| f64::from(value.abs())).collect();
    let sum: f64 = values.iter().sum();
    if !sum.is_finite() {
        return Err(MetricError::NotFinite);
    }
    if sum > 0.0 { Ok((values, sum)) } else { Err(MetricError::NothingPositive) }
}
