//! A backward pass whose rules can be replaced, operator by operator.

use std::collections::HashMap;

use tch::Tensor;

use super::differentiable::{Differentiable, leaf};
use super::op::Context;
use super::run::Plan;
use super::{Graph, Node, Origin, Request, ValueId};
use crate::{ModelError, Parameters};

/// What an operator call sends back to its inputs, given what reached its output.
///
/// The chain rule sends gradients; guided backpropagation, DeepLIFT and layer-wise relevance propagation send something else
/// through some of the operators. A rule decides for each call separately, and delegates to [`Call::own`] where it does not
/// want to change anything. A closure is a rule.
pub trait BackwardRule {
    /// One tensor for each input of the call, of the input's shape; `None` if nothing is sent.
    ///
    /// # Errors
    /// Whatever error the rule reports; it ends the backward pass.
    fn backward(&self, call: &Call) -> Result<Vec<Option<Tensor>>, ModelError>;
}

impl<F: Fn(&Call) -> Result<Vec<Option<Tensor>>, ModelError>> BackwardRule for F {
    fn backward(&self, call: &Call) -> Result<Vec<Option<Tensor>>, ModelError> {
        self(call)
    }
}

/// An operator call, as it is presented to a [`BackwardRule`] during a backward pass.
pub struct Call<'a> {
    /// The call.
    pub node: &'a Node,
    /// The sum of what the users of the call's output sent back to it; it has the output's shape.
    pub upstream: &'a Tensor,
    graph: &'a Graph,
    context: &'a Context,
    forward: &'a Differentiable,
}

impl Call<'_> {
    /// The call's inputs, parameters included, in the operator's order.
    pub fn inputs(&self) -> &[Tensor] {
        &self.forward.inputs
    }

    /// Whether input `index` is a parameter.
    pub fn is_parameter(&self, index: usize) -> bool {
        let input = self.node.inputs.get(index);
        input.is_some_and(|input| matches!(self.graph.origin(*input), Origin::Parameter(_)))
    }

    /// What the call returned.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn output(&self) -> Result<Tensor, ModelError> {
        self.forward.output()
    }

    /// The operator's own derivative applied to `upstream`: what the chain rule sends back.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn own(&self, upstream: &Tensor) -> Result<Vec<Option<Tensor>>, ModelError> {
        self.forward.pull_back(upstream)
    }

    /// The same operator called with other inputs, ready to be differentiated with respect to those that are not parameters.
    /// A convolution or linear layer accepts two inputs (without its bias) as well as three.
    ///
    /// # Errors
    /// [`ModelError::Operator`].
    pub fn at(&self, inputs: &[&Tensor]) -> Result<Differentiable, ModelError> {
        let free = |(index, tensor): (usize, &&Tensor)| {
            if self.is_parameter(index) { Ok(tensor.shallow_clone()) } else { leaf(tensor) }
        };
        let inputs = inputs.iter().enumerate().map(free).collect::<Result<_, _>>()?;
        Differentiable::call(self.graph, self.node, inputs, self.context)
    }
}

/// A forward pass of a graph that keeps everything a backward pass needs.
///
/// Each operator call is recorded on its own, with its inputs detached, so libtorch supplies every operator's derivative and
/// none is written by hand. A module used twice, an operator called as a function or in place, and a residual sum are calls
/// like any other. The tape costs one forward pass and the memory of all activations, just as recording for an ordinary
/// backward pass does; each backward pass with the operators' own derivatives costs one ordinary backward pass.
pub struct Recording<'a> {
    graph: &'a Graph,
    context: Context,
    output: ValueId,
    values: Vec<Option<Tensor>>,
    calls: Vec<(usize, Differentiable)>,
}

impl Graph {
    /// Runs the graph to `output` from `feeds`, keeping every value and what its derivative needs.
    ///
    /// # Errors
    /// [`ModelError::Operator`], [`ModelError::NotFed`], [`ModelError::Opaque`]; [`ModelError::RowsDepend`] when several
    /// pictures are given to a model in which they depend on each other.
    pub fn record<'a>(
        &'a self,
        parameters: &'a Parameters,
        feeds: &[(ValueId, &Tensor)],
        output: ValueId,
    ) -> Result<Recording<'a>, ModelError> {
        self.check_transparent()?;
        self.check_alone(feeds.iter().find_map(|(value, tensor)| {
            (*value == self.input()).then(|| tensor.size().first().copied())?
        }))?;
        // A rule sees the graph's own operators, so no shortcuts are used.
        let (request, written) =
            (Request { feeds, fetches: &[output], ..Request::default() }, HashMap::new());
        let plan = Plan::new(self, &request, &written)?;
        let context = self.context(feeds, false)?;
        let mut values: Vec<Option<Tensor>> = self.names.iter().map(|_| None).collect();
        for (value, tensor) in feeds {
            values[value.0] = Some(tensor.f_detach()?);
        }
        let mut calls = Vec::with_capacity(plan.steps.len());
        for (index, _) in plan.steps {
            let node = &self.nodes[index];
            let inputs = node.inputs.iter().map(|input| match self.origins[input.0] {
                Origin::Parameter(parameter) => Ok(parameters.tensor(parameter).shallow_clone()),
                _ => leaf(values[input.0].as_ref().expect("the plan orders each value before its use")),
            });
            let call = Differentiable::call(self, node, inputs.collect::<Result<_, _>>()?, &context)?;
            values[node.output.0] = Some(call.output()?);
            calls.push((index, call));
        }
        Ok(Recording { graph: self, context, output, values, calls })
    }
}

impl Recording<'_> {
    /// A value that was fed, or computed while computing the output.
    ///
    /// # Errors
    /// [`ModelError::NotFed`] for any other.
    pub fn value(&self, value: ValueId) -> Result<&Tensor, ModelError> {
        let missing = || ModelError::NotFed { value: self.graph.name(value).to_owned() };
        self.values[value.0].as_ref().ok_or_else(missing)
    }

    /// The operator that computes `value`, called with other inputs and ready to be differentiated with respect to all of
    /// them; `None` for a value that was fed.
    ///
    /// # Errors
    /// [`ModelError::Operator`].
    pub fn again(&self, value: ValueId, inputs: &[&Tensor]) -> Result<Option<Differentiable>, ModelError> {
        let Some((index, _)) = self.calls.iter().find(|(index, _)| self.graph.nodes[*index].output == value)
        else {
            return Ok(None);
        };
        let inputs = inputs.iter().map(|input| leaf(input)).collect::<Result<_, _>>()?;
        Differentiable::call(self.graph, &self.graph.nodes[*index], inputs, &self.context).map(Some)
    }

    /// Propagates `seed`, which has the output's shape, backwards from the output with `rule`, and returns what reaches each
    /// of `targets`: the sum over all users of the value, or zero if nothing reaches it.
    ///
    /// # Errors
    /// The rule's errors, and [`ModelError::NotFed`] for a target that the output was not computed from.
    pub fn backward(
        &self,
        seed: &Tensor,
        targets: &[ValueId],
        rule: &dyn BackwardRule,
    ) -> Result<Vec<Tensor>, ModelError> {
        let calls = self.calls.iter().rev().map(|(index, forward)| (&self.graph.nodes[*index], forward));
        let send = |node: &Node, forward: &Differentiable, upstream: &Tensor| {
            rule.backward(&Call { node, upstream, graph: self.graph, context: &self.context, forward })
        };
        let leading = self.leading_from(targets);
        let arrived = walk_back(calls, (self.output, seed), &leading, targets, send)?;
        let at = |(target, arrived): (&ValueId, Option<Tensor>)| match arrived {
            Some(arrived) => Ok(arrived),
            None => Ok(self.value(*target)?.f_zeros_like()?),
        };
        targets.iter().zip(arrived).map(at).collect()
    }

    /// Says of each value whether it is among `targets` or computed from them.
    fn leading_from(&self, targets: &[ValueId]) -> Vec<bool> {
        let mut leading = vec![false; self.values.len()];
        for target in targets {
            leading[target.0] = true;
        }
        for (index, _) in &self.calls {
            let node = &self.graph.nodes[*index];
            leading[node.output.0] |= node.inputs.iter().any(|input| leading[input.0]);
        }
        leading
    }
}

/// Propagates a seed backwards from a value through `calls`, which are listed last first, and returns what reaches each of
/// `targets`: the sum over all users of the value. `leading` marks the values that are computed from the targets, and `send`
/// computes what a call sends back to its inputs, given what reached its output.
pub(super) fn walk_back<'a, C>(
    calls: impl Iterator<Item = (&'a Node, C)>,
    (start, seed): (ValueId, &Tensor),
    leading: &[bool],
    targets: &[ValueId],
    mut send: impl FnMut(&'a Node, C, &Tensor) -> Result<Vec<Option<Tensor>>, ModelError>,
) -> Result<Vec<Option<Tensor>>, ModelError> {
    let mut arrived: Vec<Option<Tensor>> = leading.iter().map(|_| None).collect();
    arrived[start.0] = Some(seed.shallow_clone());
    for (node, call) in calls {
        if !node.inputs.iter().any(|input| leading[input.0]) {
            continue;
        }
        // All users of the value come later in the graph, so the sum is complete.
        let upstream = match targets.contains(&node.output) {
            true => arrived[node.output.0].as_ref().map(Tensor::shallow_clone),
            false => arrived[node.output.0].take(),
        };
        let Some(upstream) = upstream else { continue };
        for (input, sent) in node.inputs.iter().zip(send(node, call, &upstream)?) {
            let Some(sent) = sent.filter(|_| leading[input.0]) else { continue };
            let place = &mut arrived[input.0];
            *place = Some(match place.take() {
                Some(before) => before.f_add(&sent)?,
                None => sent,
            });
        }
    }
    Ok(targets.iter().map(|target| arrived[target.0].as_ref().map(Tensor::shallow_clone)).collect())
}
