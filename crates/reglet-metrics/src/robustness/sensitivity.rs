//! The effect of small perturbations on a map.

use ndarray::{Array3, ArrayView3};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::MetricError;
use crate::error::{finite, same_shape};

/// Sensitivity-max (Yeh et al., *On the (in)fidelity and sensitivity of explanations*, 2019): the largest ‖Φ(x̃) − Φ(x)‖ /
/// ‖Φ(x)‖ over the inputs x̃ near x (Euclidean norms over all values, as in Captum). 0 means that the map does not change.
/// `explained` are the attributions of x and of each x̃, in that order; see [`nearby`].
///
/// # Errors
/// [`MetricError::Shape`], [`MetricError::NotFinite`], [`MetricError::NothingPositive`] if Φ(x) is all zero, and
/// [`MetricError::Parameter`] without an x̃.
pub fn sensitivity_max(explained: &[Array3<f32>]) -> Result<f64, MetricError> {
    let Some((here, near @ [_, ..])) = explained.split_first() else {
        return Err(MetricError::Parameter {
            parameter: "explained",
            value: explained.len() as f64,
            expected: "at least 2: the input and one near it",
        });
    };
    finite(here)?;
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let own = norm(&mut here.iter().map(|&value| f64::from(value)));
    if own == 0.0 {
        return Err(MetricError::NothingPositive);
    }
    let mut largest = 0.0_f64;
    for there in near {
        same_shape(there.shape(), here.shape())?;
        finite(there)?;
        let moved = norm(&mut here.iter().zip(there).map(|(a, b)| f64::from(*a) - f64::from(*b)));
        largest = largest.max(moved / own);
    }
    Ok(largest)
}

/// `count` inputs near `input`: each value is changed by at most `radius`, with a uniform distribution that the seed
/// determines. Captum's radius is 0.02, its count 10.
pub fn nearby(input: ArrayView3<f32>, radius: f32, count: usize, seed: u64) -> Vec<Array3<f32>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| input.mapv(|value| value + radius * (2.0 * random.random::<f32>() - 1.0))).collect()
}
