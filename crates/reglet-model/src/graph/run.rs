//! Running a graph, whole or in part, and differentiating it.

use tch::{Device, Tensor};

use super::op::Context;
use super::size::Sizes;
use super::{Graph, Node, Origin, Size, ValueId};
use crate::{ModelError, Parameters};

/// What to compute, from what, and what will be differentiated.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// Values given instead of computed. Usually the input; feeding a layer runs only what follows it.
    pub feeds: &'a [(ValueId, &'a Tensor)],
    /// Values wanted, in the order they are returned.
    pub fetches: &'a [ValueId],
    /// Values with respect to which the caller will differentiate. Nothing before the first of them is
    /// recorded for the backward pass.
    pub watch: &'a [ValueId],
    /// Batch norm uses and updates batch statistics, dropout drops, and parameters are recorded.
    pub training: bool,
}

impl Graph {
    /// Computes the values of `request.fetches`, running only the operators they need and freeing every
    /// intermediate result after its last use.
    ///
    /// A watched value that is fetched comes back as the very tensor that [`gradients`] differentiates
    /// with respect to.
    ///
    /// # Errors
    /// [`ModelError::Operator`] names the operator that libtorch refused, its module, and the shapes it
    /// was given; [`ModelError::NotFed`] an input that is needed but was not given; [`ModelError::Shape`] one
    /// that is of another shape than declared.
    pub fn run(&self, parameters: &Parameters, request: &Request) -> Result<Vec<Tensor>, ModelError> {
        // Gradients are recorded only where something is watched; the guard restores the caller's mode.
        let _guard = (request.watch.is_empty() && !request.training).then(tch::no_grad_guard);
        let plan = Plan::new(self, request)?;
        let context = self.context(request.feeds, request.training)?;

        let mut values: Vec<Option<Tensor>> = (0..self.names.len()).map(|_| None).collect();
        for (value, tensor) in request.feeds {
            values[value.0] = Some(watched(request, *value, tensor.shallow_clone())?);
        }
        for index in plan.nodes {
            let node = &self.nodes[index];
            let inputs: Vec<&Tensor> = node
                .inputs
                .iter()
                .map(|input| match self.origins[input.0] {
                    Origin::Parameter(parameter) => parameters.tensor(parameter),
                    _ => values[input.0].as_ref().expect("the plan orders each value before its use"),
                })
                .collect();
            let result = self.compute(node, &inputs, &context)?;
            values[node.output.0] = Some(watched(request, node.output, result)?);
            for input in &node.inputs {
                if plan.last_use[input.0] == Some(index) {
                    values[input.0] = None;
                }
            }
        }
        let fetched = |value: &ValueId| match self.origins[value.0] {
            Origin::Parameter(parameter) => parameters.tensor(parameter).shallow_clone(),
            _ => values[value.0].as_ref().expect("the plan keeps what is fetched").shallow_clone(),
        };
        Ok(request.fetches.iter().map(fetched).collect())
    }

    /// What the operator of `node` makes of `inputs`.
    pub(super) fn compute(
        &self,
        node: &Node,
        inputs: &[&Tensor],
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        node.op.apply(inputs, context).map_err(|error| ModelError::Operator {
            operator: node.op.name(),
            value: self.name(node.output).to_owned(),
            shapes: inputs.iter().map(|input| input.size()).collect(),
            reason: first_line(&error),
        })
    }

    /// What the operators have to know of a run on `feeds`, whose shapes fix the open sizes.
    pub(super) fn context(
        &self,
        feeds: &[(ValueId, &Tensor)],
        training: bool,
    ) -> Result<Context, ModelError> {
        let mut sizes = Sizes::unknown(self.symbols.len());
        let declared =
            |(value, tensor): &(ValueId, &Tensor)| Some((*value, self.shape(*value)?, tensor.size()));
        for (_, shape, found) in feeds.iter().filter_map(declared) {
            sizes.learn(shape, &found);
        }
        for (value, shape, found) in feeds.iter().filter_map(declared) {
            if !sizes.admits(shape, &found) {
                let (value, expected) = (self.name(value).to_owned(), self.describe(shape));
                return Err(ModelError::Shape { value, expected, found });
            }
        }
        let device = feeds.first().map_or(Device::Cpu, |(_, tensor)| tensor.device());
        Ok(Context { training, sizes, device })
    }

    /// A declared shape as people read it: `[N, 3, 224, 224]`, with N for every size left open in the first
    /// place and `?` elsewhere.
    pub(crate) fn describe(&self, shape: &[Size]) -> String {
        let sizes = shape.iter().enumerate().map(|(place, size)| match (size.fixed(), place) {
            (Some(size), _) => size.to_string(),
            (None, 0) => "N".to_owned(),
            (None, _) => "?".to_owned(),
        });
        format!("[{}]", sizes.collect::<Vec<_>>().join(", "))
    }
}

/// The gradient of the sum of `outputs` with respect to each of `inputs`, which must have been watched
/// in the run that computed `outputs`. What does not depend on an input has gradient zero there.
///
/// # Errors
/// [`ModelError::Torch`] if the outputs depend on none of the inputs.
pub fn gradients(outputs: &Tensor, inputs: &[&Tensor]) -> Result<Vec<Tensor>, ModelError> {
    let total = outputs.f_sum(outputs.kind())?;
    let gradients = Tensor::f_run_backward(&[total], inputs, false, false)?;
    let of = |(gradient, input): (Tensor, &&Tensor)| {
        if gradient.defined() { Ok(gradient) } else { input.f_zeros_like() }
    };
    Ok(gradients.into_iter().zip(inputs).map(of).collect::<Result<_, _>>()?)
}

/// A watched value starts a new record, unless one that began earlier already leads through it.
fn watched(request: &Request, value: ValueId, tensor: Tensor) -> Result<Tensor, ModelError> {
    if request.watch.contains(&value) && !tensor.requires_grad() {
        return Ok(tensor.f_detach()?.f_set_requires_grad(true)?);
    }
    Ok(tensor)
}

/// Which operators a request needs, and after which of them each value can be freed.
pub(super) struct Plan {
    pub(super) nodes: Vec<usize>,
    last_use: Vec<Option<usize>>,
}

impl Plan {
    pub(super) fn new(graph: &Graph, request: &Request) -> Result<Plan, ModelError> {
        let mut available = vec![false; graph.names.len()];
        for (value, _) in request.feeds {
            available[value.0] = true;
        }
        let mut needed = vec![false; graph.nodes.len()];
        let mut pending: Vec<ValueId> = request.fetches.to_vec();
        while let Some(value) = pending.pop() {
            if std::mem::replace(&mut available[value.0], true) {
                continue;
            }
            match graph.origins[value.0] {
                Origin::Parameter(_) => {}
                Origin::Input => {
                    return Err(ModelError::NotFed { value: graph.name(value).to_owned() });
                }
                Origin::Node(node) => {
                    needed[node] = true;
                    pending.extend(&graph.nodes[node].inputs);
                }
            }
        }
        let nodes: Vec<usize> = (0..needed.len()).filter(|&node| needed[node]).collect();
        let mut last_use = vec![None; graph.names.len()];
        for &node in &nodes {
            for input in &graph.nodes[node].inputs {
                last_use[input.0] = Some(node);
            }
        }
        for fetch in request.fetches {
            last_use[fetch.0] = None;
        }
        Ok(Plan { nodes, last_use })
    }
}

/// libtorch appends a C++ stack trace to its messages; the first line says what is wrong.
fn first_line(error: &ModelError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
