//! The common parts of methods with modified backward rules: a recorded forward pass and the start of the backward pass.

use reglet_model::{BackwardRule, Recording, Role, gradients};
use tch::{Kind, Tensor};

use crate::{AttributionError, Operators, Quadrature};

/// The number of nodes for the mean derivative of the score between two rows of logits.
const NODES: usize = 64;

/// A forward pass at given inputs, from which each row's score is propagated back.
pub(crate) struct Walk<'a> {
    model: &'a dyn Operators,
    /// Every value of the pass.
    pub recording: Recording<'a>,
    /// The score of each row's target, `[N]`.
    pub scores: Tensor,
    /// The score's derivative with respect to the logits at the inputs, `[N, classes]`.
    pub seed: Tensor,
    /// The logits, `[N, classes]`.
    logits: Tensor,
    targets: Vec<usize>,
}

impl<'a> Walk<'a> {
    /// One forward pass at `inputs`.
    pub fn new(
        model: &'a dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Walk<'a>, AttributionError> {
        let graph = model.graph();
        let recording = graph.record(model.parameters(), &[(graph.input(), inputs)], graph.output())?;
        let logits = recording.value(graph.output())?.f_detach()?;
        let (scores, seed) = slopes(model, &logits, targets)?;
        Ok(Walk { model, recording, scores, seed, logits, targets: targets.to_vec() })
    }

    /// The mean derivative of the score with respect to the logits on the straight line from `reference`, the logits of a
    /// reference for each row, `[N, classes]`: its product with the difference of the logits is the difference of the scores,
    /// also of scores that are not linear in the logits, such as probabilities.
    pub fn seed_from(&self, reference: &Tensor) -> Result<Tensor, AttributionError> {
        let nodes = Quadrature::GaussLegendre.nodes(NODES);
        let points = nodes.iter().map(|(place, _)| reference.f_lerp(&self.logits, *place));
        let points = Tensor::f_cat(&points.collect::<Result<Vec<_>, _>>()?, 0)?;
        let (_, slopes) = slopes(self.model, &points, &self.targets.repeat(NODES))?;
        let mut shape = self.logits.size();
        shape.insert(0, NODES as i64);
        let weights: Vec<f64> = nodes.iter().map(|(_, weight)| *weight).collect();
        let weights = Tensor::f_from_slice(&weights)?.f_view([-1, 1, 1])?;
        let weights = weights.f_to_device(slopes.device())?.f_to_kind(slopes.kind())?;
        let weighted = slopes.f_view(shape.as_slice())?.f_mul(&weights)?;
        Ok(weighted.f_sum_dim_intlist(0, false, None::<Kind>)?)
    }

    /// The result at the input when `seed` is propagated back by `rule`, in one backward pass.
    pub fn to_input(&self, seed: &Tensor, rule: &dyn BackwardRule) -> Result<Tensor, AttributionError> {
        Ok(self.recording.backward(seed, &[self.model.graph().input()], rule)?.remove(0))
    }
}

/// Checks that a network has rectifiers, which is where `method` differs from the gradient.
pub(crate) fn check_rectified(method: &'static str, model: &dyn Operators) -> Result<(), AttributionError> {
    model.graph().check_transparent()?;
    match model.graph().nodes().iter().any(|node| node.op.role() == Role::Rectifier) {
        true => Ok(()),
        false => Err(AttributionError::NoRectifier { method }),
    }
}

/// The score of each row of logits, and its derivative with respect to them.
fn slopes(
    model: &dyn Operators,
    logits: &Tensor,
    targets: &[usize],
) -> Result<(Tensor, Tensor), AttributionError> {
    let logits = logits.f_detach()?.f_set_requires_grad(true)?;
    let scores = tch::with_grad(|| model.scores_of(&logits, targets))?;
    let slopes = gradients(&scores, &[&logits])?.remove(0);
    Ok((scores.f_detach()?, slopes))
}
