//! Whether a map predicts the effect of a perturbation.

use ndarray::{Array3, ArrayView3};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::MetricError;
use crate::error::{finite, one_each, same_shape};

/// Infidelity (Yeh et al., *On the (in)fidelity and sensitivity of explanations*, 2019): the mean over the perturbations I
/// of (Σ I·a − (F(x) − F(x − I)))², in squared units of the score; 0 is perfect. The attribution has the shape of the input,
/// in units of the score divided by the input's unit (a gradient), as in Captum with `multiply_by_inputs=False`.
///
/// # Errors
/// [`MetricError::Shape`], [`MetricError::NotFinite`] for an attribution or a perturbation, [`MetricError::Parameter`] without
/// perturbations, and any error of `score`.
pub fn infidelity(
    attribution: ArrayView3<f32>,
    input: ArrayView3<f32>,
    perturbations: &[Array3<f32>],
    mut score: impl FnMut(&[Array3<f32>]) -> Result<Vec<f64>, MetricError>,
) -> Result<f64, MetricError> {
    same_shape(attribution.shape(), input.shape())?;
    finite(attribution)?;
    if perturbations.is_empty() {
        return Err(MetricError::Parameter {
            parameter: "perturbations",
            value: 0.0,
            expected: "at least 1",
        });
    }
    let mut pictures = vec![input.to_owned()];
    for perturbation in perturbations {
        same_shape(perturbation.shape(), input.shape())?;
        finite(perturbation)?;
        pictures.push(&input - perturbation);
    }
    let scores = one_each(score(&pictures)?, pictures.len())?;
    let squares = perturbations.iter().zip(&scores[1..]).map(|(perturbation, after)| {
        let foretold: f64 =
            perturbation.iter().zip(&attribution).map(|(i, a)| f64::from(*i) * f64::from(*a)).sum();
        (foretold - (scores[0] - after)).powi(2)
    });
    Ok(squares.sum::<f64>() / perturbations.len() as f64)
}

/// `count` perturbations of independent normal values with this standard deviation, fixed by the seed.
pub fn gaussian(shape: (usize, usize, usize), deviation: f32, count: usize, seed: u64) -> Vec<Array3<f32>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // Box and Muller (1958); 1 − u keeps the logarithm away from zero.
    let mut normal = || {
        let radius = (-2.0 * (1.0 - random.random::<f32>()).ln()).sqrt();
        radius * (std::f32::consts::TAU * random.random::<f32>()).cos()
    };
    (0..count).map(|_| Array3::from_shape_simple_fn(shape, || deviation * normal())).collect()
}
