//! The common parts of methods with modified backward rules: a recorded forward pass and the start of the backward pass.

use reglet_model::{BackwardRule, Recording, gradients};
use tch::Tensor;

use crate::{AttributionError, Operators};

/// A forward pass at given inputs, from which each row's score is propagated back.
pub(crate) struct Walk<'a> {
    model: &'a dyn Operators,
    /// Every value of the pass.
    pub recording: Recording<'a>,
    /// The score of each row's target, `[N]`.
    pub scores: Tensor,
    /// The score's derivative with respect to the logits, `[N, classes]`.
    pub seed: Tensor,
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
        let logits = recording.value(graph.output())?.f_detach()?.f_set_requires_grad(true)?;
        let scores = model.scores_of(&logits, targets)?;
        let seed = gradients(&scores, &[&logits])?.remove(0);
        let scores = scores.f_detach()?;
        Ok(Walk { model, recording, scores, seed })
    }

    /// The result at the input when `seed` is propagated back by `rule`, in one backward pass.
    pub fn to_input(&self, seed: &Tensor, rule: &dyn BackwardRule) -> Result<Tensor, AttributionError> {
        Ok(self.recording.backward(seed, &[self.model.graph().input()], rule)?.remove(0))
    }
}
