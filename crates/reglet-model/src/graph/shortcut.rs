//! Computes a value by one faster call instead of several operators.

use std::sync::Arc;

use tch::Tensor;

use super::op::{Context, Derivative, behind_rectifier, hardtanh};
use super::{Activation, Graph, Node, Op, Slope, ValueId};
use crate::ModelError;
use crate::winograd::Winograd;

/// One call and the steps after it, which replace the operators that the graph has for a value.
#[derive(Debug)]
pub(crate) struct Shortcut {
    /// The call. Its inputs are values: the operator's input and, if the steps after it contain a sum, the other summand.
    pub(super) node: Node,
    /// The operator's further inputs, such as its weight, prepared in advance.
    pub(super) tensors: Vec<Tensor>,
    /// The values that this shortcut skips.
    pub(super) skips: Vec<ValueId>,
    /// A still faster implementation for inputs that suit it, which uses the same tensors.
    pub(super) winograd: Option<Arc<Winograd>>,
    /// What follows.
    pub(super) tail: Tail,
}

/// The steps that are applied to a call's result.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tail {
    /// Whether another value is added.
    pub(super) sum: bool,
    /// The rectifier applied after that, a ReLU or a hardtanh, if there is one.
    pub(super) rectifier: Option<Activation>,
}

impl Tail {
    /// The part of `upstream` that passes back through the rectifier, if there is one; `kept` is the rectifier's result or
    /// its input.
    fn behind_rectifier(
        self,
        upstream: &Tensor,
        kept: Option<&Tensor>,
        slope: Slope,
    ) -> Result<Tensor, ModelError> {
        let (Some(rectifier), Some(kept)) = (self.rectifier, kept) else {
            return Ok(upstream.shallow_clone());
        };
        Ok(match (rectifier, slope) {
            (Activation::Relu, Slope::Gradient) => kept.f_threshold_backward(upstream, 0)?,
            (Activation::Hardtanh { min, max }, Slope::Gradient) => {
                kept.f_hardtanh_backward(upstream, min, max)?
            }
            (rectifier, _) => behind_rectifier(kept, rectifier, upstream)?,
        })
    }
}

impl Shortcut {
    /// The same call, followed by a sum if there is something to add, and by a rectifier whose result is `output`.
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
        match self.winograd_for(given[0]) {
            Some(winograd) if self.is_relu() && self.fits(winograd, given) => {
                winograd.forward(given[0], given.get(1).copied(), true)
            }
            Some(winograd) => self.rectified(self.by_winograd(winograd, given)?),
            None => {
                let result = graph.compute(&self.node, &self.inputs(given), context)?;
                self.rectified(self.summed(result, given)?)
            }
        }
    }

    /// The result, and what it sends back to those of the node's inputs that are `free`.
    pub(super) fn with_slopes<'a>(
        &'a self,
        graph: &Graph,
        given: &[&Tensor],
        free: &[usize],
        context: &Context,
        slope: Slope,
    ) -> Result<(Tensor, Derivative<'a>), ModelError> {
        // If nothing else needs the gradient after the ReLU, the convolution applies the ReLU's derivative itself.
        let alone = slope == Slope::Gradient && self.is_relu() && free == [0];
        if let Some(winograd) = self.winograd_for(given[0]).filter(|w| alone && self.fits(w, given)) {
            let result = self.call(graph, given, context)?;
            let kept = result.shallow_clone();
            let derivative =
                move |upstream: &Tensor| Ok(vec![Some(winograd.backward(upstream, Some(&kept))?)]);
            return Ok((result, Box::new(derivative)));
        }
        if slope == Slope::Secant && matches!(self.node.op, Op::Pool(_)) {
            return self.pooled_with_secants(graph, given[0], context);
        }
        let (summed, mut own, derivative) = self.summed_with_slopes(graph, given, free, context, slope)?;
        // The derivative of a rectifier can be computed from its result; a secant needs its input.
        let (result, kept) = match slope {
            _ if self.tail.rectifier.is_none() => (summed, None),
            Slope::Gradient => {
                let result = self.rectified(summed)?;
                (result.shallow_clone(), Some(result))
            }
            Slope::Secant => (self.rectified_apart(&summed)?, Some(summed)),
        };
        let mut other = given.get(1).filter(|_| free.contains(&1)).map(|other| other.size());
        if slope == Slope::Secant {
            for size in [Some(&mut own), other.as_mut()].into_iter().flatten() {
                size[0] -= 1;
            }
        }
        let tail = self.tail;
        let derivative = move |upstream: &Tensor| {
            let upstream = tail.behind_rectifier(upstream, kept.as_ref(), slope)?;
            let mut sent = match derivative {
                Some(derivative) => derivative(&summed_to(&upstream, &own)?)?,
                None => vec![None],
            };
            sent.truncate(1);
            sent.push(other.map(|other| summed_to(&upstream, &other)).transpose()?);
            Ok(sent)
        };
        Ok((result, Box::new(derivative)))
    }

    /// A rectifier and a max pooling commute, but their secants do not, so secants are computed in the graph's own order.
    fn pooled_with_secants<'a>(
        &'a self,
        graph: &Graph,
        input: &Tensor,
        context: &Context,
    ) -> Result<(Tensor, Derivative<'a>), ModelError> {
        let rectified = self.rectified_apart(input)?;
        let (result, behind_pool) =
            graph.with_slopes(&self.node, &[&rectified], &[0], context, Slope::Secant)?;
        let (kept, tail) = (input.shallow_clone(), self.tail);
        let derivative = move |upstream: &Tensor| {
            let sent = behind_pool(upstream)?.swap_remove(0);
            let behind = |sent: Tensor| tail.behind_rectifier(&sent, Some(&kept), Slope::Secant);
            Ok(vec![sent.map(behind).transpose()?])
        };
        Ok((result, Box::new(derivative)))
    }

    /// The input of the rectifier, the size of the operator's own result, and what the operator sends back if its input is
    /// `free`.
    fn summed_with_slopes<'a>(
        &'a self,
        graph: &Graph,
        given: &[&Tensor],
        free: &[usize],
        context: &Context,
        slope: Slope,
    ) -> Result<(Tensor, Vec<i64>, Option<Derivative<'a>>), ModelError> {
        let free = free.contains(&0);
        if let Some(winograd) = self.winograd_for(given[0]) {
            let derivative = move |upstream: &Tensor| Ok(vec![Some(winograd.backward(upstream, None)?)]);
            let derivative = free.then(|| Box::new(derivative) as Derivative);
            return Ok((self.by_winograd(winograd, given)?, winograd.output_size(given[0]), derivative));
        }
        let inputs = self.inputs(given);
        let (result, derivative) = if free {
            let (result, derivative) = graph.with_slopes(&self.node, &inputs, &[0], context, slope)?;
            (result, Some(derivative))
        } else {
            (graph.compute(&self.node, &inputs, context)?, None)
        };
        let own = result.size();
        Ok((self.summed(result, given)?, own, derivative))
    }

    /// The convolution, and the sum.
    fn by_winograd(&self, winograd: &Winograd, given: &[&Tensor]) -> Result<Tensor, ModelError> {
        if self.fits(winograd, given) {
            return winograd.forward(given[0], given.get(1).copied(), false);
        }
        self.summed(winograd.forward(given[0], None, false)?, given)
    }

    /// Whether the convolution can do the addition itself; the other summand must have its result's shape and kind.
    fn fits(&self, winograd: &Winograd, given: &[&Tensor]) -> bool {
        given.get(1).is_none_or(|other| winograd.returns(given[0], other))
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

    /// The operator's result plus the other summand. Nothing else refers to the result, so it is changed in place unless it
    /// is recorded.
    fn summed(&self, mut result: Tensor, given: &[&Tensor]) -> Result<Tensor, ModelError> {
        let Some(other) = given.get(1).filter(|_| self.tail.sum) else { return Ok(result) };
        let recorded = result.requires_grad() || other.requires_grad();
        let alike = result.size() == other.size() && result.kind() == other.kind();
        Ok(if alike && !recorded { result.f_add_(other)? } else { result.f_add(other)? })
    }

    /// The same, rectified.
    fn rectified(&self, mut result: Tensor) -> Result<Tensor, ModelError> {
        Ok(match self.tail.rectifier {
            _ if result.requires_grad() => self.rectified_apart(&result)?,
            Some(Activation::Relu) => result.f_relu_()?,
            Some(Activation::Hardtanh { min, max }) => result.f_clamp_(min, max)?,
            _ => result,
        })
    }

    /// The same, for a result that something else refers to.
    fn rectified_apart(&self, result: &Tensor) -> Result<Tensor, ModelError> {
        Ok(match self.tail.rectifier {
            Some(Activation::Relu) => result.f_relu()?,
            Some(Activation::Hardtanh { min, max }) => hardtanh(result, min, max)?,
            _ => result.shallow_clone(),
        })
    }
}

/// What reached a sum, reduced to the shape of one of its summands, which may have been broadcast.
fn summed_to(upstream: &Tensor, size: &[i64]) -> Result<Tensor, ModelError> {
    match upstream.size() == size {
        true => Ok(upstream.shallow_clone()),
        false => Ok(upstream.f_sum_to_size(size)?),
    }
}
