//! Single operator calls that libtorch records and differentiates.

use tch::{Kind, Tensor};

use super::op::Context;
use super::{Graph, Node};
use crate::ModelError;

/// The result of one operator call, recorded on its own: its inputs belong to no other autograd record.
#[derive(Debug)]
pub struct Differentiable {
    pub(super) inputs: Vec<Tensor>,
    recorded: Tensor,
}

impl Differentiable {
    pub(super) fn call(
        graph: &Graph,
        node: &Node,
        inputs: Vec<Tensor>,
        context: &Context,
    ) -> Result<Differentiable, ModelError> {
        let recorded = graph.compute(node, &inputs.iter().collect::<Vec<_>>(), context)?;
        Ok(Differentiable { inputs, recorded })
    }

    /// What the operator returned.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn output(&self) -> Result<Tensor, ModelError> {
        Ok(self.recorded.f_detach()?)
    }

    /// The transposed Jacobian applied to `upstream`, for each input that is not a parameter. It can be called any number of
    /// times.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn pull_back(&self, upstream: &Tensor) -> Result<Vec<Option<Tensor>>, ModelError> {
        let free: Vec<usize> = (0..self.inputs.len()).filter(|&n| self.inputs[n].requires_grad()).collect();
        let mut sent: Vec<Option<Tensor>> = self.inputs.iter().map(|_| None).collect();
        if free.is_empty() || !self.recorded.requires_grad() {
            return Ok(sent);
        }
        let inputs: Vec<&Tensor> = free.iter().map(|&n| &self.inputs[n]).collect();
        let total = self.recorded.f_mul(&upstream.f_detach()?)?.f_sum(self.recorded.kind())?;
        let gradients = Tensor::f_run_backward(&[total], &inputs, true, false)?;
        for (n, gradient) in free.into_iter().zip(gradients) {
            sent[n] = gradient.defined().then_some(gradient);
        }
        Ok(sent)
    }
}

/// The tensor as the leaf of a new autograd record; a tensor that does not hold floating-point numbers cannot be
/// differentiated and is returned unchanged.
pub(super) fn leaf(tensor: &Tensor) -> Result<Tensor, ModelError> {
    let leaf = tensor.f_detach()?;
    let floating = matches!(leaf.kind(), Kind::Half | Kind::BFloat16 | Kind::Float | Kind::Double);
    Ok(if floating { leaf.f_set_requires_grad(true)? } else { leaf })
}
