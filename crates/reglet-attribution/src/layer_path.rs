//! The common parts of methods that observe a layer while the input moves along a path.

use std::ops::Range;
use std::slice;

use reglet_model::Targets;
use tch::Tensor;

use crate::passes::{chunks, rows_per_pass};
use crate::{AttributionError, Baseline, Layer, Layers};

/// Observes a layer at each of `places` on the straight line from a baseline, at 0, to one input `[1, C, H, W]`, at 1, in passes
/// of a bounded size. `each` is given the range of places of one pass after another, with the layer's result `[places, …]` and
/// the gradient of the score with respect to it.
pub(crate) fn along(
    model: &dyn Layers,
    layer: &Layer,
    [baseline, input]: [&Tensor; 2],
    places: &[f64],
    target: usize,
    mut each: impl FnMut(Range<usize>, &Tensor, &Tensor) -> Result<(), AttributionError>,
) -> Result<(), AttributionError> {
    let way = input.f_sub(baseline)?;
    for (first, length) in chunks(places.len(), rows_per_pass(input)) {
        let alphas = Tensor::f_from_slice(&places[first..first + length])?.f_view([-1, 1, 1, 1])?;
        let alphas = alphas.f_to_device(input.device())?.f_to_kind(input.kind())?;
        let points = alphas.f_mul(&way)?.f_add(baseline)?;
        let targets = vec![target; length];
        let mut evaluation =
            model.evaluate(&points, Targets::Classes(&targets), false, slice::from_ref(layer))?;
        let seen = evaluation.layers.swap_remove(0);
        each(first..first + length, &seen.activation, &seen.gradient)?;
    }
    Ok(())
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
