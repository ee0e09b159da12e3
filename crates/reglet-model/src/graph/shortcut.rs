//! Another way to compute a value.

use std::sync::Arc;

use tch::Tensor;

use super::op::{Context, Derivative, hardtanh};
use super::{Activation, Graph, Node, ValueId};
use crate::ModelError;
use crate::winograd::Winograd;

/// A call with what follows it, in place of the operators that a graph has for a value.
#[derive(Debug)]
pub(crate) struct Shortcut {
    /// The call. Its inputs are values: what goes through the operator and, if the tail has a sum, what is added.
    pub(super) node: Node,
    /// The operator's further inputs, prepared.
    pub(super) tensors: Vec<Tensor>,
    /// The values that are not computed on this way.
    pub(super) skips: Vec<ValueId>,
    /// A faster way for inputs that suit it, by the same tensors.
    pub(super) winograd: Option<Arc<Winograd>>,
    /// What follows.
    pub(super) tail: Tail,
}

/// What is done to a call's result.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tail {
    /// Another value is added.
    pub(super) sum: bool,
    /// Then it is rectified: by ReLU, or by a hardtanh.
    pub(super) rectifier: Option<Activation>,
}

impl Shortcut {
    /// The same call, followed by a sum if there is something to add, and by a rectifier that returns `output`.
    pub(super) fn with_tail(
        &self,
        output: ValueId,
        other: Option<ValueId>,
        rectifier: Activation,
    ) -> Shortcut {
        let mut inputs = self.node.inputs.clone();
        inputs.extend(other);
        let mut skips = self.skips.clone();
        skips.push(self.node.output);
        Shortcut {
            node: Node { inputs, output, ..self.node.clone() },
            tensors: self.tensors.iter().map(Tensor::shallow_clone).collect(),
            skips,
            winograd: self.winograd.clone(),
            tail: Tail { sum: other.is_some(), rectifier: Some(rectifier) },
        }
    }

    /// The result at the values of the node's inputs.
    pub(super) fn call(
        &self,
        graph: &Graph,
        given: &[&Tensor],
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        let other = given.get(1).copied();
        match self.winograd_for(given[0]) {
            // What has another shape or kind than the convolution's result is not for its inner loops.
            Some(winograd) if other.is_none_or(|other| winograd.returns(given[0], other)) => {
                self.rectified(winograd.forward(given[0], other, self.is_relu())?)
            }
            Some(winograd) => self.finished(winograd.forward(given[0], None, false)?, given),
            None => self.finished(graph.compute(&self.node, &self.inputs(given), context)?, given),
        }
    }

    /// The result, and what it sends back to those of the node's inputs that are `free`.
    pub(super) fn with_derivative<'a>(
        &'a self,
        graph: &Graph,
        given: &[&Tensor],
        free: &[usize],
        context: &Context,
    ) -> Result<(Tensor, Derivative<'a>), ModelError> {
        let compute = || graph.compute(&self.node, &self.inputs(given), context);
        let to_operator = free.contains(&0);
        let other = given.get(1).map(|other| other.size());
        if let Some(winograd) = self.winograd_for(given[0]).filter(|_| to_operator) {
            let result = self.call(graph, given, context)?;
            let kept = self.tail.rectifier.map(|_| result.shallow_clone());
            let own = winograd.output_size(given[0]);
            // Where nobody else needs what is left behind the rectifier, the convolution itself takes it.
            let alone = self.is_relu() && !free.contains(&1) && result.size() == own;
            let derivative = move |upstream: &Tensor| {
                if alone {
                    return Ok(vec![Some(winograd.backward(upstream, kept.as_ref())?)]);
                }
                let upstream = self.behind_rectifier(upstream, kept.as_ref())?;
                let to_operator = winograd.backward(&summed_to(&upstream, &own)?, None)?;
                let to_other = other.map(|other| summed_to(&upstream, &other)).transpose()?;
                Ok(vec![Some(to_operator), to_other])
            };
            return Ok((result, Box::new(derivative)));
        }
        let (result, derivative) = if to_operator {
            let found = self.node.op.with_derivative(&self.inputs(given), &[0], &compute)?;
            let (result, derivative) =
                found.expect("short ways are made of operators that are differentiated here");
            (result, Some(derivative))
        } else {
            (compute()?, None)
        };
        let own = result.size();
        let result = self.finished(result, given)?;
        let kept = self.tail.rectifier.map(|_| result.shallow_clone());
        let derivative = move |upstream: &Tensor| {
            let upstream = self.behind_rectifier(upstream, kept.as_ref())?;
            let mut sent = match derivative {
                Some(derivative) => derivative(&summed_to(&upstream, &own)?)?,
                None => vec![None],
            };
            sent.push(other.map(|other| summed_to(&upstream, &other)).transpose()?);
            Ok(sent)
        };
        Ok((result, Box::new(derivative)))
    }

    /// All inputs of the operator.
    fn inputs<'t>(&'t self, given: &[&'t Tensor]) -> Vec<&'t Tensor> {
        [given[0]].into_iter().chain(&self.tensors).collect()
    }

    fn winograd_for(&self, input: &Tensor) -> Option<&Winograd> {
        self.winograd.as_deref().filter(|winograd| winograd.suits(input))
    }

    fn is_relu(&self) -> bool {
        matches!(self.tail.rectifier, Some(Activation::Relu))
    }

    /// What the operator returned, summed and rectified. Nobody else has it, so unless it is recorded it is changed in place.
    fn finished(&self, mut result: Tensor, given: &[&Tensor]) -> Result<Tensor, ModelError> {
        if let Some(other) = given.get(1).filter(|_| self.tail.sum) {
            let recorded = result.requires_grad() || other.requires_grad();
            let alike = result.size() == other.size() && result.kind() == other.kind();
            result = if alike && !recorded { result.f_add_(other)? } else { result.f_add(other)? };
        }
        if self.is_relu() {
            return Ok(if result.requires_grad() { result.f_relu()? } else { result.f_relu_()? });
        }
        self.rectified(result)
    }

    /// Rectified by anything but ReLU.
    fn rectified(&self, mut result: Tensor) -> Result<Tensor, ModelError> {
        match self.tail.rectifier {
            Some(Activation::Hardtanh { min, max }) if result.requires_grad() => {
                Ok(hardtanh(&result, min, max)?)
            }
            Some(Activation::Hardtanh { min, max }) => Ok(result.f_clamp_(min, max)?),
            _ => Ok(result),
        }
    }

    /// What of `upstream` comes through the rectifier, which returned `kept`.
    fn behind_rectifier(&self, upstream: &Tensor, kept: Option<&Tensor>) -> Result<Tensor, ModelError> {
        Ok(match (self.tail.rectifier, kept) {
            (Some(Activation::Relu), Some(kept)) => kept.f_threshold_backward(upstream, 0)?,
            (Some(Activation::Hardtanh { min, max }), Some(kept)) => {
                kept.f_hardtanh_backward(upstream, min, max)?
            }
            _ => upstream.shallow_clone(),
        })
    }
}

/// What reached a sum, as one of its summands has it, which may have been broadcast.
fn summed_to(upstream: &Tensor, size: &[i64]) -> Result<Tensor, ModelError> {
    match upstream.size() == size {
        true => Ok(upstream.shallow_clone()),
        false => Ok(upstream.f_sum_to_size(size)?),
    }
}
