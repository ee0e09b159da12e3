//! Runs a graph, whole or in part, and differentiates it.

use std::collections::HashMap;

use tch::{Device, Kind, Tensor};

use super::op::Context;
use super::parallel::whole;
use super::shortcut::Shortcut;
use super::size::Sizes;
use super::{Graph, Node, Origin, Size, ValueId};
use crate::memory::finer;
use crate::workers::{ReadOnly, Shared, each};
use crate::{ModelError, Parameters};

/// Describes a run: what to compute, from which values, and what will be differentiated.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// Values given instead of computed. Usually the input; feeding a layer runs only what follows it.
    pub feeds: &'a [(ValueId, &'a Tensor)],
    /// The values to compute, in the order they are returned.
    pub fetches: &'a [ValueId],
    /// Values with respect to which the caller will differentiate. Nothing before the first of them is
    /// recorded for the backward pass.
    pub watch: &'a [ValueId],
    /// Batch norm uses and updates batch statistics, dropout drops, and parameters are recorded.
    pub training: bool,
    /// While training: the paths of the modules that behave as in evaluation, together with everything inside them.
    pub frozen: &'a [String],
}

// SAFETY: it refers to tensors that the caller does not write to while it is in use.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
unsafe impl ReadOnly for Request<'_> {}

/// Whether `name`, the path of a module, a layer or a parameter, is one of these or within one.
pub fn is_within(name: &str, modules: &[String]) -> bool {
    let within = |module: &String| {
        let rest = name.strip_prefix(module.as_str());
        rest.is_some_and(|rest| module.is_empty() || rest.is_empty() || rest.starts_with('.'))
    };
    modules.iter().any(within)
}

impl Graph {
    /// Computes the values of `request.fetches`, running only the operators they need and freeing every
    /// intermediate result after its last use.
    ///
    /// A watched value that is also fetched is returned as the tensor with respect to which [`gradients`] differentiates.
    ///
    /// # Errors
    /// [`ModelError::Operator`] names the operator that libtorch refused, its module, and the shapes it was given;
    /// [`ModelError::NotFed`] names an input that is needed but was not given; [`ModelError::Shape`] names one that does not
    /// have the declared shape.
    pub fn run(&self, parameters: &Parameters, request: &Request) -> Result<Vec<Tensor>, ModelError> {
        let by_row = self.by_row(request.feeds.iter().map(|(value, _)| *value));
        // By definition, logits have one row for each row of the batch.
        let by_row = request.fetches.iter().all(|value| by_row[value.0] || *value == self.output());
        let apart = by_row && request.watch.is_empty() && !request.training;
        let recorded = !request.watch.is_empty() || request.training;
        let given = rows(request.feeds).filter(|_| apart || self.is_by_picture(request.feeds));
        if recorded {
            self.check_alone(given.map(|(rows, _)| rows))?;
        }
        let parts = match given.filter(|_| apart || (self.one_by_one && !recorded)) {
            Some((rows, device)) => self.parts(rows, device, true),
            None => Vec::new(),
        };
        if parts.len() < 2 {
            return self.run_alone(parameters, request);
        }
        let shared = Shared((parameters, request));
        let found = each(parts, |rows| {
            let (parameters, request) = shared.get();
            let row = |(value, tensor): &(ValueId, &Tensor)| {
                Ok((*value, tensor.f_narrow(0, rows.start, rows.end - rows.start)?))
            };
            let own = request.feeds.iter().map(row).collect::<Result<Vec<_>, ModelError>>()?;
            let feeds: Vec<(ValueId, &Tensor)> = own.iter().map(|(value, tensor)| (*value, tensor)).collect();
            self.run_alone(parameters, &Request { feeds: &feeds, ..**request })
        })?;
        let mut found: Vec<_> = found.into_iter().map(Vec::into_iter).collect();
        request.fetches.iter().map(|_| whole(found.iter_mut().filter_map(Iterator::next).collect())).collect()
    }

    /// Whether all given values are declared to have one row per picture.
    fn is_by_picture(&self, feeds: &[(ValueId, &Tensor)]) -> bool {
        let first = |value| self.shape(value).and_then(<[Size]>::first);
        let batch = first(self.input());
        batch.is_some() && feeds.iter().all(|(value, _)| first(*value) == batch)
    }

    /// The same, on this thread and libtorch's own threads.
    fn run_alone(&self, parameters: &Parameters, request: &Request) -> Result<Vec<Tensor>, ModelError> {
        // Gradients are recorded only where something is watched; the guard restores the caller's mode.
        let _guard = (request.watch.is_empty() && !request.training).then(tch::no_grad_guard);
        let none = HashMap::new();
        let shortcuts = if request.training { &none } else { parameters.shortcuts()? };
        let plan = Plan::new(self, request, shortcuts)?;
        let context = self.context(request.feeds, request.training)?;
        let evaluating = self.context(request.feeds, false)?;
        if request.training {
            parameters.note_training();
        }

        let given = request
            .feeds
            .iter()
            .map(|(value, tensor)| Ok((*value, watched(request, *value, tensor.shallow_clone())?)));
        let given = given.collect::<Result<Vec<_>, ModelError>>()?;
        let coarse = request.watch.is_empty() && shortcuts.values().any(Shortcut::is_coarse);
        let found = self.follow(plan, parameters, given, request.fetches, |node, shortcut, inputs| {
            let result = match shortcut {
                Some(shortcut) if coarse => shortcut.call_coarse(self, inputs, &context)?,
                Some(shortcut) => shortcut.call(self, inputs, &context)?,
                None if is_within(&node.module, request.frozen) => self.compute(node, inputs, &evaluating)?,
                None if coarse => {
                    let fine = inputs.iter().map(|input| finer(input)).collect::<Result<Vec<_>, _>>()?;
                    self.compute(node, &fine.iter().collect::<Vec<_>>(), &context)?
                }
                None => self.compute(node, inputs, &context)?,
            };
            watched(request, node.output, result)
        })?;
        // What a caller gets has the kind that it has without the rewrite.
        if coarse { found.iter().map(finer).collect() } else { Ok(found) }
    }

    /// Makes the calls of a plan with `call`, frees each value after its last use, and returns the values of `fetches`.
    pub(super) fn follow<'a>(
        &'a self,
        plan: Plan<'a>,
        parameters: &Parameters,
        given: Vec<(ValueId, Tensor)>,
        fetches: &[ValueId],
        mut call: impl FnMut(&'a Node, Option<&'a Shortcut>, &[&Tensor]) -> Result<Tensor, ModelError>,
    ) -> Result<Vec<Tensor>, ModelError> {
        let mut values: Vec<Option<Tensor>> = self.names.iter().map(|_| None).collect();
        for (value, tensor) in given {
            values[value.0] = Some(tensor);
        }
        for (index, shortcut) in plan.steps {
            let node = shortcut.map_or(&self.nodes[index], |shortcut| &shortcut.node);
            let inputs = node.inputs.iter().map(|input| match self.origins[input.0] {
                Origin::Parameter(parameter) => parameters.tensor(parameter),
                _ => values[input.0].as_ref().expect("the plan orders each value before its use"),
            });
            let result = call(node, shortcut, &inputs.collect::<Vec<_>>())?;
            values[node.output.0] = Some(result);
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
        Ok(fetches.iter().map(fetched).collect())
    }

    /// The result of `node`'s operator for `inputs`.
    pub(super) fn compute(
        &self,
        node: &Node,
        inputs: &[&Tensor],
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        let fault = |reason| ModelError::Operator {
            operator: node.op.name(),
            value: self.name(node.output).to_owned(),
            shapes: inputs.iter().map(|input| input.size()).collect(),
            reason,
        };
        let result = node.op.apply(inputs, context).map_err(|error| fault(first_line(&error)))?;
        match self.kinds.get(&node.output) {
            Some(declared) if !alike(*declared, result.kind()) => {
                let found = result.kind();
                Err(fault(format!("it returns {found:?}, but the exported program has {declared:?}")))
            }
            _ => Ok(result),
        }
    }

    /// What the operators need to know about a run on `feeds`, whose shapes fix the open sizes.
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

    /// A declared shape as text, such as `[N, 3, 224, 224]`: an open size is written N in the first dimension and `?` in the
    /// others.
    pub(crate) fn describe(&self, shape: &[Size]) -> String {
        let sizes = shape.iter().enumerate().map(|(place, size)| match (size.fixed(), place) {
            (Some(size), _) => size.to_string(),
            (None, 0) => "N".to_owned(),
            (None, _) => "?".to_owned(),
        });
        format!("[{}]", sizes.collect::<Vec<_>>().join(", "))
    }
}

/// The gradient of the sum of `outputs` with respect to each of `inputs`, which must have been watched in the run that
/// computed `outputs`. The gradient with respect to an input that the outputs do not depend on is zero.
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

/// The number of rows of all given values and their device; `None` if these differ between values.
fn rows(feeds: &[(ValueId, &Tensor)]) -> Option<(i64, Device)> {
    let of = |tensor: &Tensor| Some((*tensor.size().first()?, tensor.device()));
    let first = of(feeds.first()?.1)?;
    feeds.iter().all(|(_, tensor)| of(tensor) == Some(first)).then_some(first)
}

/// Starts a new autograd record at a watched value, unless a record that began earlier already passes through it.
fn watched(request: &Request, value: ValueId, tensor: Tensor) -> Result<Tensor, ModelError> {
    if request.watch.contains(&value) && !tensor.requires_grad() {
        return Ok(tensor.f_detach()?.f_set_requires_grad(true)?);
    }
    Ok(tensor)
}

/// The operators that a request needs, and after which of them each value can be freed.
pub(super) struct Plan<'a> {
    /// The index of each node that runs, in order, with the shortcut that replaces it, if there is one.
    pub(super) steps: Vec<(usize, Option<&'a Shortcut>)>,
    /// The node after which each value can be freed.
    pub(super) last_use: Vec<Option<usize>>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        graph: &Graph,
        request: &Request,
        shortcuts: &'a HashMap<ValueId, Shortcut>,
    ) -> Result<Plan<'a>, ModelError> {
        let asked_for = |value: ValueId| {
            let fed = request.feeds.iter().any(|(fed, _)| *fed == value);
            fed || request.fetches.contains(&value) || request.watch.contains(&value)
        };
        // A shortcut cannot be used if a value that it skips is requested.
        let shortcut = |value: ValueId| {
            shortcuts.get(&value).filter(|shortcut| !shortcut.skips.iter().any(|skipped| asked_for(*skipped)))
        };
        let mut available = vec![false; graph.names.len()];
        for (value, _) in request.feeds {
            available[value.0] = true;
        }
        let mut needed = vec![None; graph.nodes.len()];
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
                    let shortcut = shortcut(value);
                    needed[node] = Some(shortcut);
                    pending.extend(&shortcut.map_or(&graph.nodes[node], |shortcut| &shortcut.node).inputs);
                }
            }
        }
        let steps: Vec<(usize, Option<&Shortcut>)> =
            needed.into_iter().enumerate().filter_map(|(index, way)| Some((index, way?))).collect();
        let mut last_use = vec![None; graph.names.len()];
        for (index, shortcut) in &steps {
            for input in &shortcut.map_or(&graph.nodes[*index], |shortcut| &shortcut.node).inputs {
                last_use[input.0] = Some(*index);
            }
        }
        for fetch in request.fetches {
            last_use[fetch.0] = None;
        }
        Ok(Plan { steps, last_use })
    }
}

/// Whether two kinds of numbers are interchangeable for the operators that read them, except for the precision of floats.
fn alike(a: Kind, b: Kind) -> bool {
    let float = |kind| matches!(kind, Kind::Half | Kind::BFloat16 | Kind::Float | Kind::Double);
    a == b || (float(a) && float(b))
}

/// libtorch appends a C++ stack trace to its messages; the first line says what is wrong.
fn first_line(error: &ModelError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
