//! Differentiating a run, operator by operator.

use std::ops::Range;

use tch::{Device, Tensor};

use super::backward::{Differentiable, leaf, walk_back};
use super::op::{Context, Derivative};
use super::parallel::{Shared, each, whole};
use super::run::{Plan, gradients};
use super::shortcut::Shortcut;
use super::{Graph, Node, Request, ValueId};
use crate::{ModelError, Parameters};

/// The rows of a value that is given to [`Graph::differentiate`].
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// These, `[N, …]`.
    Given(&'a Tensor),
    /// The points `from` + α `way` of a straight line, both `[1, …]`. They are made where they are needed, so the
    /// whole batch never lies in memory.
    Line {
        /// Where it begins.
        from: &'a Tensor,
        /// From there to its end.
        way: &'a Tensor,
        /// An α for each row.
        alphas: &'a [f64],
    },
}

impl Rows<'_> {
    fn count(&self) -> i64 {
        match self {
            Rows::Given(tensor) => tensor.size().first().copied().unwrap_or(0),
            Rows::Line { alphas, .. } => alphas.len() as i64,
        }
    }

    fn device(&self) -> Device {
        match self {
            Rows::Given(tensor) => tensor.device(),
            Rows::Line { from, .. } => from.device(),
        }
    }

    /// Some of them.
    fn part(&self, rows: &Range<i64>) -> Result<Tensor, ModelError> {
        match self {
            Rows::Given(tensor) => Ok(tensor.f_narrow(0, rows.start, rows.end - rows.start)?),
            Rows::Line { from, way, alphas } => {
                let alphas = column(&alphas[rows.start as usize..rows.end as usize], way)?;
                Ok(from.f_addcmul(way, &alphas)?)
            }
        }
    }
}

/// What to differentiate.
#[derive(Debug, Default)]
pub struct Pass<'a> {
    /// Values given instead of computed, all with as many rows.
    pub feeds: &'a [(ValueId, Rows<'a>)],
    /// The values to differentiate with respect to.
    pub watch: &'a [ValueId],
    /// A weight for each row. The gradients of the rows are then summed with these weights, and values are not
    /// returned; without weights each row has its own gradient.
    pub weights: Option<&'a [f64]>,
}

/// What came of a [`Pass`].
#[derive(Debug)]
pub struct Differentiated {
    /// What the graph returned, `[N, classes]`.
    pub logits: Tensor,
    /// The score of each row, `[N]`.
    pub scores: Tensor,
    /// The values differentiated with respect to, in the order they were asked for.
    pub values: Vec<Tensor>,
    /// For each of them the gradient of each row's score, `[N, …]`, or their weighted sum, `[1, …]`.
    pub gradients: Vec<Tensor>,
}

/// A forward pass that can be walked back once.
struct Tape<'a> {
    /// The calls on the way from what is watched to the output.
    calls: Vec<(&'a Node, Shared<Derivative<'a>>)>,
    /// Which values lead on from what is watched.
    leading: Vec<bool>,
    logits: Tensor,
    watched: Vec<Tensor>,
}

impl Graph {
    /// One forward pass to the output and one backward pass to the values that are watched, of the sum of the scores that
    /// `scores` makes of the logits: a number `[N]` for each row.
    ///
    /// It is what [`run`](Graph::run) and [`gradients`] do together, in less memory and on several threads, and
    /// by faster ways than libtorch could differentiate through.
    ///
    /// # Errors
    /// Those of [`run`](Graph::run) and of `scores`.
    pub fn differentiate<E: From<ModelError>>(
        &self,
        parameters: &Parameters,
        pass: &Pass,
        scores: impl FnOnce(&Tensor) -> Result<Tensor, E>,
    ) -> Result<Differentiated, E> {
        let by_row = self.by_row(pass.feeds.iter().map(|(value, _)| *value));
        let by_row = pass.watch.iter().all(|value| by_row[value.0]);
        let (rows, device) =
            pass.feeds.first().map_or((0, Device::Cpu), |(_, rows)| (rows.count(), rows.device()));
        let alike = pass.feeds.iter().all(|(_, other)| other.count() == rows);
        let parts = self.parts(rows, device, by_row && alike);
        let apart = parts.len() > 1;

        let shared = Shared((parameters, pass));
        let tapes = each(parts.clone(), |rows| {
            let (parameters, pass) = shared.get();
            let feeds = pass.feeds.iter().map(|(value, all)| {
                let rows = if apart { rows.clone() } else { 0..all.count() };
                Ok((*value, all.part(&rows)?))
            });
            self.tape(parameters, &feeds.collect::<Result<Vec<_>, ModelError>>()?, pass.watch)
        })?;
        let [logits, scores, mut seed] = seed(&tapes, scores)?;
        if let Some(weights) = pass.weights {
            seed = seed.f_mul(&column(weights, &seed)?).map_err(ModelError::from)?;
        }
        let seed = Shared(seed);
        let found = each(tapes.into_iter().zip(parts).collect(), |(tape, rows): (Tape, Range<i64>)| {
            let (_, pass) = shared.get();
            let seed = match apart {
                true => seed.get().f_narrow(0, rows.start, rows.end - rows.start)?,
                false => seed.get().shallow_clone(),
            };
            tape.walk_back(self, &seed, pass)
        })?;
        let (values, gradients) = joined(found, pass.weights.is_some())?;
        Ok(Differentiated { logits, scores, values, gradients })
    }

    /// The forward pass, for some rows.
    fn tape<'a>(
        &'a self,
        parameters: &'a Parameters,
        feeds: &[(ValueId, Tensor)],
        watch: &[ValueId],
    ) -> Result<Tape<'a>, ModelError> {
        // Recording is for the operators alone whose derivatives are libtorch's, each by itself.
        let _guard = tch::no_grad_guard();
        let output = self.output();
        let mut fetches = vec![output];
        fetches.extend(watch);
        let feeds: Vec<(ValueId, &Tensor)> = feeds.iter().map(|(value, tensor)| (*value, tensor)).collect();
        let request = Request { feeds: &feeds, fetches: &fetches, watch, training: false };
        let plan = Plan::new(self, &request, parameters.shortcuts())?;
        let context = self.context(&feeds, false)?;

        let mut leading = vec![false; self.names.len()];
        for value in watch {
            leading[value.0] = true;
        }
        let given = feeds.iter().map(|(value, tensor)| Ok((*value, tensor.f_detach()?)));
        let given = given.collect::<Result<Vec<_>, ModelError>>()?;
        let mut calls = Vec::new();
        let mut found = self.follow(plan, parameters, given, &fetches, |node, shortcut, inputs| {
            let free: Vec<usize> =
                (0..node.inputs.len()).filter(|&place| leading[node.inputs[place].0]).collect();
            match shortcut {
                Some(shortcut) if free.is_empty() => shortcut.call(self, inputs, &context),
                None if free.is_empty() => self.compute(node, inputs, &context),
                _ => {
                    leading[node.output.0] = true;
                    let (result, derivative) =
                        self.with_derivative(node, shortcut, inputs, &free, &context)?;
                    calls.push((node, Shared(derivative)));
                    Ok(result)
                }
            }
        })?;
        let logits = found.remove(0);
        Ok(Tape { calls, leading, logits, watched: found })
    }

    /// A call's result, and what it sends back to those of its inputs that are `free`.
    fn with_derivative<'a>(
        &'a self,
        node: &Node,
        shortcut: Option<&'a Shortcut>,
        inputs: &[&Tensor],
        free: &[usize],
        context: &Context,
    ) -> Result<(Tensor, Derivative<'a>), ModelError> {
        if let Some(shortcut) = shortcut {
            return shortcut.with_derivative(self, inputs, free, context);
        }
        if let Some(found) = node.op.with_derivative(inputs, free, &|| self.compute(node, inputs, context))? {
            return Ok(found);
        }
        let given = inputs.iter().enumerate().map(|(place, input)| match free.contains(&place) {
            true => leaf(input),
            false => Ok(input.f_detach()?),
        });
        let given = given.collect::<Result<_, _>>()?;
        let call = tch::with_grad(|| Differentiable::call(self, node, given, context))?;
        let result = call.output()?;
        Ok((result, Box::new(move |upstream: &Tensor| tch::with_grad(|| call.pull_back(upstream)))))
    }
}

impl Tape<'_> {
    /// What was watched, and what reaches it from `seed`; summed over the rows if they are weighted.
    fn walk_back(
        self,
        graph: &Graph,
        seed: &Tensor,
        pass: &Pass,
    ) -> Result<Vec<(Option<Tensor>, Tensor)>, ModelError> {
        let _guard = tch::no_grad_guard();
        let calls = self.calls.into_iter().rev().map(|(node, derivative)| (node, derivative.into_inner()));
        let send = |_: &Node, derivative: Derivative, upstream: &Tensor| derivative(upstream);
        let arrived = walk_back(calls, (graph.output(), seed), &self.leading, pass.watch, send)?;
        let found = self.watched.into_iter().zip(arrived).map(|(value, gradient)| {
            let gradient = match gradient {
                Some(gradient) => gradient,
                None => value.f_zeros_like()?,
            };
            Ok(match pass.weights {
                Some(_) => (None, sum_of_rows(&gradient)?),
                None => (Some(value), gradient),
            })
        });
        found.collect()
    }
}

/// The logits of all rows, their scores, and the derivative of these with respect to those.
fn seed<E: From<ModelError>>(
    tapes: &[Tape],
    scores: impl FnOnce(&Tensor) -> Result<Tensor, E>,
) -> Result<[Tensor; 3], E> {
    let parts: Vec<&Tensor> = tapes.iter().map(|tape| &tape.logits).collect();
    let logits = leaf(&Tensor::f_cat(&parts, 0).map_err(ModelError::from)?)?;
    let scores = tch::with_grad(|| scores(&logits))?;
    let seed = gradients(&scores, &[&logits])?.remove(0);
    let detached = |tensor: &Tensor| tensor.f_detach().map_err(ModelError::from);
    Ok([detached(&logits)?, detached(&scores)?, seed])
}

/// Values and gradients of all rows, from those of each part.
fn joined(
    parts: Vec<Vec<(Option<Tensor>, Tensor)>>,
    summed: bool,
) -> Result<(Vec<Tensor>, Vec<Tensor>), ModelError> {
    let watched = parts.first().map_or(0, Vec::len);
    let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
    let (mut values, mut gradients) = (Vec::new(), Vec::new());
    for _ in 0..watched {
        let (of_value, of_gradient): (Vec<_>, Vec<_>) = parts.iter_mut().filter_map(Iterator::next).unzip();
        let of_value: Vec<Tensor> = of_value.into_iter().flatten().collect();
        let gradient = whole(of_gradient)?;
        gradients.push(if summed { sum_of_rows(&gradient)? } else { gradient });
        if !summed {
            values.push(whole(of_value)?);
        }
    }
    Ok((values, gradients))
}

/// The sum over the first dimension, `[1, …]`, row by row: whole rows are added faster than libtorch sums across them.
fn sum_of_rows(tensor: &Tensor) -> Result<Tensor, ModelError> {
    let mut sum = tensor.f_narrow(0, 0, 1)?.f_add_scalar(0)?;
    for row in 1..tensor.size()[0] {
        sum = sum.f_add_(&tensor.f_narrow(0, row, 1)?)?;
    }
    Ok(sum)
}

/// A number for each row, in a shape that multiplies rows like those of `like`.
fn column(numbers: &[f64], like: &Tensor) -> Result<Tensor, ModelError> {
    let mut shape = vec![1; like.dim()];
    shape[0] = numbers.len() as i64;
    let column = Tensor::f_from_slice(numbers)?.f_view(shape.as_slice())?;
    Ok(column.f_to_kind(like.kind())?.f_to_device(like.device())?)
}
