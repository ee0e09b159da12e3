//! Computes a value by one faster call instead of several operators.

use std::sync::Arc;

use reglet_kernels::{After, Before, Surroundings};
use tch::{Kind, Tensor};

use super::op::{Context, Derivative, behind_rectifier, hardtanh};
use super::slope::Slope;
use super::{Activation, Graph, Node, Op, ValueId};
use crate::ModelError;
use crate::kernel::{Activated, Kernel, Steps};
use crate::memory::finer;
use crate::workers::Shared;

/// One call and the steps after it, which replace the operators that the graph has for a value.
#[derive(Debug)]
pub(crate) struct Shortcut {
    /// The call. Its inputs are values: the operator's input and, if the steps after it contain a sum, the other summand.
    pub(super) node: Node,
    /// The operator's further inputs, such as its weight, prepared in advance.
    pub(super) tensors: Vec<Tensor>,
    /// The same tensors in bfloat16, for passes that only go forward ([`Rewrite::Bfloat16`](super::Rewrite::Bfloat16)).
    pub(super) coarse: Option<Vec<Tensor>>,
    /// The values that this shortcut skips.
    pub(super) skips: Vec<ValueId>,
    /// A still faster implementation for inputs that suit it, which uses the same tensors.
    pub(super) kernel: Option<Arc<Kernel>>,
    /// What precedes, if anything does.
    pub(super) before: Option<Arc<Rectification>>,
    /// What follows.
    pub(super) tail: Tail,
}

/// A batch norm that is not trained and a ReLU, applied to the input of a call: max(x · scale + shift, 0).
#[derive(Debug)]
pub(super) struct Rectification {
    /// `[C, 1, 1]`, and the same as numbers.
    scale: (Shared<Tensor>, Vec<f32>),
    /// As above.
    shift: (Shared<Tensor>, Vec<f32>),
}

impl Rectification {
    /// For a factor and a summand of each channel, `[C]`.
    pub(super) fn new(scale: &Tensor, shift: &Tensor) -> Result<Rectification, ModelError> {
        let both = |numbers: &Tensor| -> Result<(Shared<Tensor>, Vec<f32>), ModelError> {
            let numbers = numbers.f_to_kind(Kind::Float)?.f_contiguous()?;
            Ok((Shared(numbers.f_view([-1, 1, 1])?), Vec::try_from(numbers)?))
        };
        Ok(Rectification { scale: both(scale)?, shift: both(shift)? })
    }

    fn numbers(&self) -> Before<'_> {
        Before { scale: &self.scale.1, shift: &self.shift.1 }
    }

    /// Before the ReLU.
    fn normed(&self, input: &Tensor) -> Result<Tensor, ModelError> {
        Ok(input.f_mul(self.scale.0.get())?.f_add_(self.shift.0.get())?)
    }
}

/// The steps that are applied to a call's result.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tail {
    /// Whether another value is added.
    pub(super) sum: bool,
    /// The activation applied after that, a ReLU, a hardtanh or a SiLU, if there is one.
    pub(super) activation: Option<Activation>,
}

impl Tail {
    /// The activation as a loop of our own applies it.
    fn after(self) -> After {
        match self.activation {
            Some(Activation::Relu) => After::RELU,
            Some(Activation::Hardtanh { min, max }) => After::Clamp(min as f32, max as f32),
            Some(Activation::Silu) => After::Silu,
            _ => After::NOTHING,
        }
    }

    /// Whether a loop of our own can send gradients back through the activation.
    fn passes_back(self) -> bool {
        use Activation::{Hardtanh, Relu, Silu};
        matches!(self.activation, Some(Relu | Silu | Hardtanh { min: 0.0, .. }))
    }

    /// The activation as a loop of our own sends gradients back through it, if it can: `kept` is the result of a ReLU or a ReLU6, or
    /// what is given to a SiLU.
    fn activated(self, kept: &Tensor) -> Option<Activated<'_>> {
        match self.activation {
            Some(Activation::Relu) => Some(Activated::Rectifier { result: kept, most: None }),
            Some(Activation::Hardtanh { min: 0.0, max }) => {
                Some(Activated::Rectifier { result: kept, most: Some(max as f32) })
            }
            Some(Activation::Silu) => Some(Activated::Silu(kept)),
            _ => None,
        }
    }

    /// Whether the activation's derivative can be computed from its result.
    fn is_rectifier(self) -> bool {
        matches!(self.activation, Some(Activation::Relu | Activation::Hardtanh { .. }))
    }

    /// The part of `upstream` that passes back through the rectifier; `kept` is its result or, for secants, its input.
    fn behind_rectifier(self, upstream: &Tensor, kept: &Tensor, slope: Slope) -> Result<Tensor, ModelError> {
        Ok(match (self.activation, slope) {
            (Some(Activation::Relu), Slope::Gradient) => kept.f_threshold_backward(upstream, 0)?,
            (Some(Activation::Hardtanh { min, max }), Slope::Gradient) => {
                kept.f_hardtanh_backward(upstream, min, max)?
            }
            (Some(rectifier), _) => behind_rectifier(kept, rectifier, upstream)?,
            (None, _) => upstream.shallow_clone(),
        })
    }
}

impl Shortcut {
    /// The same call, followed by a sum if there is something to add, and by an activation whose result is `output`.
    pub(super) fn with_tail(
        &self,
        output: ValueId,
        other: Option<ValueId>,
        activation: Activation,
    ) -> Shortcut {
        let mut inputs = self.node.inputs.clone();
        inputs.extend(other);
        let mut skips = self.skips.clone();
        skips.push(self.node.output);
        Shortcut {
            node: Node { inputs, output, ..self.node.clone() },
            tensors: self.tensors.iter().map(Tensor::shallow_clone).collect(),
            coarse: self.coarse.as_ref().map(|all| all.iter().map(Tensor::shallow_clone).collect()),
            skips,
            kernel: self.kernel.clone(),
            before: self.before.clone(),
            tail: Tail { sum: other.is_some(), activation: Some(activation) },
        }
    }

    /// Whether passes that only go forward are in bfloat16.
    pub(super) fn is_coarse(&self) -> bool {
        self.coarse.is_some()
    }

    /// The operator's weight, if it has one.
    pub(super) fn weight(&self) -> Option<&Tensor> {
        self.tensors.first()
    }

    /// The result at the values of the node's inputs.
    pub(super) fn call(
        &self,
        graph: &Graph,
        given: &[&Tensor],
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        self.call_as(&self.node, Surroundings::Zeros, graph, given, context)
    }

    /// The result in a pass of which a part is in bfloat16: in bfloat16 as well, if it was prepared for that.
    pub(super) fn call_coarse(
        &self,
        graph: &Graph,
        given: &[&Tensor],
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        let Some(coarse) = &self.coarse else {
            let fine = given.iter().map(|tensor| finer(tensor)).collect::<Result<Vec<_>, _>>()?;
            return self.call(graph, &fine.iter().collect::<Vec<_>>(), context);
        };
        let lower = |tensor: &&Tensor| tensor.f_to_kind(Kind::BFloat16);
        let mut given = given.iter().map(lower).collect::<Result<Vec<_>, _>>()?;
        if matches!(self.node.op, Op::Linear) {
            // libtorch multiplies rows that do not follow each other in memory a hundred times as slowly (seen in 2.13).
            given[0] = given[0].f_contiguous()?;
        }
        self.by_operators(graph, &self.node, coarse, &given.iter().collect::<Vec<_>>(), context)
    }

    /// The same for an input that contains what the operator's padding would add.
    pub(super) fn call_unpadded(
        &self,
        graph: &Graph,
        given: &[&Tensor],
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        self.call_as(&self.node.unpadded(), Surroundings::Given, graph, given, context)
    }

    fn call_as(
        &self,
        node: &Node,
        surroundings: Surroundings,
        graph: &Graph,
        given: &[&Tensor],
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        let input = given[0];
        let Some(kernel) = self.kernel.as_deref().filter(|kernel| kernel.suits(input, surroundings)) else {
            return self.by_operators(graph, node, &self.tensors, given, context);
        };
        let steps = Steps { before: self.before.as_deref().map(Rectification::numbers), ..Steps::default() };
        let summand = given.get(1).copied();
        if summand.is_none_or(|other| kernel.returns(input, surroundings, other)) {
            let steps = Steps { summand, after: self.tail.after(), ..steps };
            return kernel.forward(input, surroundings, &steps);
        }
        self.activated(self.summed(kernel.forward(input, surroundings, &steps)?, given)?)
    }

    /// The same by libtorch, with the given tensors as the operator's further inputs.
    fn by_operators(
        &self,
        graph: &Graph,
        node: &Node,
        tensors: &[Tensor],
        given: &[&Tensor],
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        let rectified = match &self.before {
            // In bfloat16, the norm is applied in 32-bit floats.
            Some(before) => Some(before.normed(given[0])?.f_relu_()?.f_to_kind(given[0].kind())?),
            None => None,
        };
        let input = rectified.as_ref().unwrap_or(given[0]);
        let inputs: Vec<&Tensor> = [input].into_iter().chain(tensors).collect();
        self.activated(self.summed(graph.compute(node, &inputs, context)?, given)?)
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
        let applied = slope == Slope::Gradient && self.kernel_for(given[0]).is_some();
        let Some(before) = self.before.as_deref().filter(|_| !applied) else {
            return self.own_slopes(self.before.as_deref(), graph, given, free, context, slope);
        };
        let normed = before.normed(given[0])?;
        let rectified = normed.f_relu()?;
        let own: Vec<&Tensor> = [&rectified].into_iter().chain(given[1..].iter().copied()).collect();
        let (result, derivative) = self.own_slopes(None, graph, &own, free, context, slope)?;
        let relu = Tail { sum: false, activation: Some(Activation::Relu) };
        let scale = before.scale.0.get().shallow_clone();
        let derivative = move |upstream: &Tensor| {
            let mut sent = derivative(upstream)?;
            if let Some(first) = &mut sent[0] {
                *first = relu.behind_rectifier(first, &normed, slope)?.f_mul(&scale)?;
            }
            Ok(sent)
        };
        Ok((result, Box::new(derivative)))
    }

    /// The same, where a loop of our own does what is left to be done before, if anything is.
    fn own_slopes<'a>(
        &'a self,
        before: Option<&'a Rectification>,
        graph: &Graph,
        given: &[&Tensor],
        free: &[usize],
        context: &Context,
        slope: Slope,
    ) -> Result<(Tensor, Derivative<'a>), ModelError> {
        // If nothing else needs the gradient after the activation, the layer applies the activation's derivative itself.
        let alone = slope == Slope::Gradient && free == [0] && self.tail.passes_back();
        let silu = self.tail.activation == Some(Activation::Silu);
        let suits = |kernel: &&Kernel| (!silu || kernel.takes_silu()) && self.fits(kernel, given);
        if let Some(kernel) = self.kernel_for(given[0]).filter(|_| alone).filter(suits) {
            let before = before.map(Rectification::numbers);
            let steps = Steps { summand: given.get(1).copied(), before, ..Steps::default() };
            let (kept, result) = if silu {
                kernel.forward_and_silu(given[0], &steps)?
            } else {
                let steps = Steps { after: self.tail.after(), ..steps };
                let result = kernel.forward(given[0], Surroundings::Zeros, &steps)?;
                (result.shallow_clone(), result)
            };
            let (tail, size) = (self.tail, given[0].size());
            let before = before.map(|before| (before, given[0].shallow_clone()));
            let derivative = move |upstream: &Tensor| {
                let before = before.as_ref().map(|(before, input)| (*before, input));
                Ok(vec![Some(kernel.backward(upstream, &size, tail.activated(&kept), before)?)])
            };
            return Ok((result, Box::new(derivative)));
        }
        if slope == Slope::Secant && matches!(self.node.op, Op::Pool(_)) {
            return self.pooled_with_secants(graph, given[0], context);
        }
        let (summed, mut own, derivative) =
            self.summed_with_slopes(before, graph, given, free, context, slope)?;
        let (result, behind) = self.activated_with_slopes(graph, summed, context, slope)?;
        let mut other = given.get(1).filter(|_| free.contains(&1)).map(|other| other.size());
        if slope == Slope::Secant {
            for size in [Some(&mut own), other.as_mut()].into_iter().flatten() {
                size[0] -= 1;
            }
        }
        let derivative = move |upstream: &Tensor| {
            let Some(upstream) = behind(upstream)? else { return Ok(vec![None, None]) };
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

    /// The activation's result, and what it sends back to its input.
    fn activated_with_slopes<'a>(
        &self,
        graph: &Graph,
        summed: Tensor,
        context: &Context,
        slope: Slope,
    ) -> Result<(Tensor, Behind<'a>), ModelError> {
        let tail = self.tail;
        // The derivative of a rectifier can be computed from its result; a secant needs its input.
        Ok(match (tail.activation, slope) {
            (None, _) => (summed, Box::new(|upstream: &Tensor| Ok(Some(upstream.shallow_clone())))),
            (Some(activation), _) if !tail.is_rectifier() => {
                let node =
                    Node { op: activation.into(), inputs: vec![self.node.output], ..self.node.clone() };
                let (result, behind) = graph.with_slopes(&node, &[&summed], &[0], context, slope)?;
                (result, Box::new(move |upstream: &Tensor| Ok(behind(upstream)?.swap_remove(0))))
            }
            (_, Slope::Gradient) => {
                let result = self.activated(summed)?;
                let kept = result.shallow_clone();
                let behind = move |upstream: &Tensor| tail.behind_rectifier(upstream, &kept, slope).map(Some);
                (result, Box::new(behind))
            }
            (_, Slope::Secant) => {
                let result = self.activated_apart(&summed)?;
                let behind =
                    move |upstream: &Tensor| tail.behind_rectifier(upstream, &summed, slope).map(Some);
                (result, Box::new(behind))
            }
        })
    }

    /// A rectifier and a max pooling commute, but their secants do not, so secants are computed in the graph's own order.
    fn pooled_with_secants<'a>(
        &'a self,
        graph: &Graph,
        input: &Tensor,
        context: &Context,
    ) -> Result<(Tensor, Derivative<'a>), ModelError> {
        let rectified = self.activated_apart(input)?;
        let (result, behind_pool) =
            graph.with_slopes(&self.node, &[&rectified], &[0], context, Slope::Secant)?;
        let (kept, tail) = (input.shallow_clone(), self.tail);
        let derivative = move |upstream: &Tensor| {
            let sent = behind_pool(upstream)?.swap_remove(0);
            let behind = |sent: Tensor| tail.behind_rectifier(&sent, &kept, Slope::Secant);
            Ok(vec![sent.map(behind).transpose()?])
        };
        Ok((result, Box::new(derivative)))
    }

    /// The input of the activation, the size of the operator's own result, and what the operator sends back if its input is
    /// `free`.
    fn summed_with_slopes<'a>(
        &'a self,
        before: Option<&'a Rectification>,
        graph: &Graph,
        given: &[&Tensor],
        free: &[usize],
        context: &Context,
        slope: Slope,
    ) -> Result<(Tensor, Vec<i64>, Option<Derivative<'a>>), ModelError> {
        let free = free.contains(&0);
        if let Some(kernel) = self.kernel_for(given[0]) {
            let applied = before.map(|before| (before.numbers(), given[0].shallow_clone()));
            let size = given[0].size();
            let derivative = move |upstream: &Tensor| {
                let before = applied.as_ref().map(|(before, input)| (*before, input));
                Ok(vec![Some(kernel.backward(upstream, &size, None, before)?)])
            };
            let derivative = free.then(|| Box::new(derivative) as Derivative);
            let own = kernel.output_size(given[0], Surroundings::Zeros);
            return Ok((self.by_kernel(kernel, before, given)?, own, derivative));
        }
        let inputs = self.inputs(given[0]);
        let (result, derivative) = if free {
            let (result, derivative) = graph.with_slopes(&self.node, &inputs, &[0], context, slope)?;
            (result, Some(derivative))
        } else {
            (graph.compute(&self.node, &inputs, context)?, None)
        };
        let own = result.size();
        Ok((self.summed(result, given)?, own, derivative))
    }

    /// The layer, and the sum.
    fn by_kernel(
        &self,
        kernel: &Kernel,
        before: Option<&Rectification>,
        given: &[&Tensor],
    ) -> Result<Tensor, ModelError> {
        let (input, zeros) = (given[0], Surroundings::Zeros);
        let steps = Steps { before: before.map(Rectification::numbers), ..Steps::default() };
        if self.fits(kernel, given) {
            return kernel.forward(input, zeros, &Steps { summand: given.get(1).copied(), ..steps });
        }
        self.summed(kernel.forward(input, zeros, &steps)?, given)
    }

    /// Whether the layer can do the addition itself; the other summand must have its result's shape and kind.
    fn fits(&self, kernel: &Kernel, given: &[&Tensor]) -> bool {
        given.get(1).is_none_or(|other| kernel.returns(given[0], Surroundings::Zeros, other))
    }

    /// All inputs of the operator.
    fn inputs<'t>(&'t self, input: &'t Tensor) -> Vec<&'t Tensor> {
        [input].into_iter().chain(&self.tensors).collect()
    }

    fn kernel_for(&self, input: &Tensor) -> Option<&Kernel> {
        self.kernel.as_deref().filter(|kernel| kernel.suits(input, Surroundings::Zeros))
    }

    /// The operator's result plus the other summand. Nothing else refers to the result, so it is changed in place unless it
    /// is recorded.
    fn summed(&self, mut result: Tensor, given: &[&Tensor]) -> Result<Tensor, ModelError> {
        let Some(other) = given.get(1).filter(|_| self.tail.sum) else { return Ok(result) };
        let recorded = result.requires_grad() || other.requires_grad();
        let alike = result.size() == other.size() && result.kind() == other.kind();
        Ok(if alike && !recorded { result.f_add_(other)? } else { result.f_add(other)? })
    }

    /// The same, after the activation.
    fn activated(&self, mut result: Tensor) -> Result<Tensor, ModelError> {
        Ok(match self.tail.activation {
            _ if result.requires_grad() => self.activated_apart(&result)?,
            Some(Activation::Relu) => result.f_relu_()?,
            Some(Activation::Hardtanh { min, max }) => result.f_clamp_(min, max)?,
            Some(Activation::Silu) => result.f_silu_()?,
            _ => result,
        })
    }

    /// The same, for a result that something else refers to.
    fn activated_apart(&self, result: &Tensor) -> Result<Tensor, ModelError> {
        Ok(match self.tail.activation {
            Some(Activation::Relu) => result.f_relu()?,
            Some(Activation::Hardtanh { min, max }) => hardtanh(result, min, max)?,
            Some(Activation::Silu) => result.f_silu()?,
            _ => result.shallow_clone(),
        })
    }
}

/// What an activation sends back to its input.
type Behind<'a> = Box<dyn FnOnce(&Tensor) -> Result<Option<Tensor>, ModelError> + Send + 'a>;

/// What reached a sum, reduced to the shape of one of its summands, which may have been broadcast.
fn summed_to(upstream: &Tensor, size: &[i64]) -> Result<Tensor, ModelError> {
    match upstream.size() == size {
        true => Ok(upstream.shallow_clone()),
        false => Ok(upstream.f_sum_to_size(size)?),
    }
}
