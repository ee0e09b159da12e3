//! The common parts of methods that observe a layer while the input moves along a path.

use std::slice;

use reglet_model::Targets;
use tch::Tensor;

use crate::passes::{chunks, rows_per_pass};
use crate::{AttributionError, Baseline, Layer, Layers};

/// The path of one input `[1, C, H, W]` from a baseline, observed at a layer.
pub(crate) struct LayerPath {
    /// The layer's result at each point of the path, `[places, …]`.
    pub activations: Tensor,
    /// The gradient of the score with respect to it.
    pub gradients: Tensor,
}

impl LayerPath {
    /// Activation and gradient at each of `places`, from 0 (the baseline) to 1 (the input), in passes of a bounded size.
    pub fn new(
        model: &dyn Layers,
        layer: &Layer,
        input: &Tensor,
        baseline: &Tensor,
        places: &[f64],
        target: usize,
    ) -> Result<LayerPath, AttributionError> {
        let way = input.f_sub(baseline)?;
        let (mut activations, mut gradients) = (Vec::new(), Vec::new());
        for (first, length) in chunks(places.len(), rows_per_pass(input)) {
            let alphas = Tensor::f_from_slice(&places[first..first + length])?.f_view([-1, 1, 1, 1])?;
            let alphas = alphas.f_to_device(input.device())?.f_to_kind(input.kind())?;
            let points = alphas.f_mul(&way)?.f_add(baseline)?;
            let targets = vec![target; length];
            let mut evaluation =
                model.evaluate(&points, Targets::Classes(&targets), false, slice::from_ref(layer))?;
            let seen = evaluation.layers.swap_remove(0);
            activations.push(seen.activation);
            gradients.push(seen.gradient);
        }
        Ok(LayerPath {
            activations: Tensor::f_cat(&activations, 0)?,
            gradients: Tensor::f_cat(&gradients, 0)?,
        })
    }
}

/// The baseline of input `row`, `[1, C, H, W]`.
pub(crate) fn baseline_of(baselines: &Tensor, row: i64) -> Result<Tensor, AttributionError> {
    let row = if baselines.size()[0] == 1 { 0 } else { row };
    Ok(baselines.f_narrow(0, row, 1)?)
}

/// Checks the parameters that these methods share.
pub(crate) fn check(method: &'static str, steps: usize, baseline: &Baseline) -> Result<(), AttributionError> {
    if !(1..=100_000).contains(&steps) {
        let (parameter, expected) = ("steps", "from 1 to 100000");
        return Err(AttributionError::Parameter { method, parameter, value: steps.to_string(), expected });
    }
    baseline.check(method)
}
