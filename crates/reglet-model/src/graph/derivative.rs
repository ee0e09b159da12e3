//! Differentiates a run of a graph operator by operator.

use std::ops::Range;

use tch::{Device, Tensor};

use super::backward::walk_back;
use super::differentiable::{Differentiable, leaf};
use super::op::{Context, Derivative, leaves};
use super::parallel::whole;
use super::run::{Plan, gradients};
use super::slope::Slope;
use super::{Graph, Node, Request, ValueId};
use crate::workers::{ReadOnly, Shared, each};
use crate::{ModelError, Parameters};

/// The rows of a value that is given to [`Graph::differentiate`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Rows<'a> {
    /// These, `[N, …]`.
    Given(&'a Tensor),
    /// The points `from` + α `way` of a straight line, both `[1, …]`. They are computed where they are needed, so the whole
    /// batch is never held in memory.
    Line {
        /// Where it begins.
        from: &'a Tensor,
        /// The difference between the end of the line and `from`.
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

    fn size(&self) -> Vec<i64> {
        match self {
            Rows::Given(tensor) => tensor.size(),
            Rows::Line { from, .. } => {
                let others = from.size().into_iter().skip(1);
                [self.count()].into_iter().chain(others).collect()
            }
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
    /// The values that are given instead of computed; all have the same number of rows.
    pub feeds: &'a [(ValueId, Rows<'a>)],
    /// The values to differentiate with respect to.
    pub watch: &'a [ValueId],
    /// Which slopes.
    pub slope: Slope,
    /// A weight for each slope. With weights, the weighted sum of the slopes is returned and the values are not; without
    /// weights each slope is returned.
    pub weights: Option<&'a [f64]>,
}

// SAFETY: it refers to tensors that the caller does not write to while it is in use.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
unsafe impl ReadOnly for Pass<'_> {}

/// The results of a [`Pass`].
#[derive(Debug)]
pub struct Differentiated {
    /// What the graph returned, `[N, classes]`.
    pub logits: Tensor,
    /// The score of each row, `[N]`.
    pub scores: Tensor,
    /// The values that the scores were differentiated with respect to, in the order in which they were requested.
    pub values: Vec<Tensor>,
    /// For each of these values: the gradient of each row's score, `[N, …]`, or the secants between neighbouring rows, `[N −
    /// 1, …]`; with weights, their weighted sum, `[1, …]`.
    pub gradients: Vec<Tensor>,
}

/// A forward pass through which one backward pass can be made.
struct Tape<'a> {
    /// The calls between the watched values and the output.
    calls: Vec<(&'a Node, Derivative<'a>)>,
    /// Says of each value whether it is computed from a watched one.
    leading: Vec<bool>,
    logits: Tensor,
    watched: Vec<Tensor>,
}

impl Graph {
    /// Makes one forward pass to the output and one backward pass to the watched values. What is differentiated is the sum
    /// of the scores, one number per row (`[N]`), that `scores` computes from the logits.
    ///
    /// It gives the same result as [`run`](Graph::run) followed by [`gradients`], but uses less memory, runs on several
    /// threads, and can use faster computations that libtorch could not differentiate through.
    ///
    /// # Errors
    /// Those of [`run`](Graph::run) and of `scores`. If secants are requested, also [`ModelError::NoSecants`] if the rows do
    /// not stay independent of each other, and [`ModelError::Shape`] for fewer than two rows.
    pub fn differentiate<E: From<ModelError>>(
        &self,
        parameters: &Parameters,
        pass: &Pass,
        scores: impl FnMut(&Tensor) -> Result<Tensor, E>,
    ) -> Result<Differentiated, E> {
        let by_row = self.by_row(pass.feeds.iter().map(|(value, _)| *value));
        let by_row = pass.watch.iter().all(|value| by_row[value.0]);
        let (rows, device) =
            pass.feeds.first().map_or((0, Device::Cpu), |(_, rows)| (rows.count(), rows.device()));
        let alike = pass.feeds.iter().all(|(_, other)| other.count() == rows);
        if pass.slope == Slope::Secant {
            self.check_secants(pass)?;
        }
        // A part with some of the secants also has the row after its last one.
        let ahead = i64::from(pass.slope == Slope::Secant);
        let parts = self.parts((rows - ahead).max(0), device, by_row && alike);
        let apart = parts.len() > 1;

        let shared = Shared((parameters, pass));
        let tapes = each(parts.clone(), |slopes| {
            let (parameters, pass) = shared.get();
            let feeds = pass.feeds.iter().map(|(value, all)| {
                let rows = if apart { slopes.start..slopes.end + ahead } else { 0..all.count() };
                Ok((*value, all.part(&rows)?))
            });
            self.tape(parameters, &feeds.collect::<Result<Vec<_>, ModelError>>()?, pass)
        })?;
        let logits = in_turn(tapes.iter().map(|tape| &tape.logits), ahead)?;
        let (scores, mut seed) = seed(&logits, pass.slope, scores)?;
        if let Some(weights) = pass.weights {
            seed = seed.f_mul(&column(weights, &seed)?).map_err(ModelError::from)?;
        }
        let seed = Shared(seed);
        let found = each(tapes.into_iter().zip(parts).collect(), |(tape, slopes): (Tape, Range<i64>)| {
            let (_, pass) = shared.get();
            let seed = match apart {
                true => seed.get().f_narrow(0, slopes.start, slopes.end - slopes.start)?,
                false => seed.get().shallow_clone(),
            };
            tape.walk_back(self, &seed, pass)
        })?;
        let (values, gradients) = joined(found, pass, ahead)?;
        Ok(Differentiated { logits, scores, values, gradients })
    }

    /// Whether every value that is computed from `value` is known to have one row for each of its rows in its first
    /// dimension, with no row depending on another, as in most convolutional networks. [`Slope::Secant`] needs this.
    pub fn keeps_rows(&self, value: ValueId) -> bool {
        let by_row = self.by_row([value].into_iter());
        let mut leads = vec![false; self.names.len()];
        leads[value.0] = true;
        for node in &self.nodes {
            leads[node.output.0] |= node.inputs.iter().any(|input| leads[input.0]);
        }
        leads.iter().zip(by_row).all(|(leads, by_row)| by_row || !leads) && self.check_transparent().is_ok()
    }

    /// Whether secants can be taken.
    fn check_secants(&self, pass: &Pass) -> Result<(), ModelError> {
        if let Some(mixed) = pass.watch.iter().find(|value| !self.keeps_rows(**value)) {
            return Err(ModelError::NoSecants { value: self.name(*mixed).to_owned() });
        }
        match pass.feeds.iter().find(|(_, rows)| rows.count() < 2) {
            Some((value, given)) => Err(ModelError::Shape {
                value: self.name(*value).to_owned(),
                expected: "[2 or more, …]".to_owned(),
                found: given.size(),
            }),
            None => Ok(()),
        }
    }

    /// The forward pass, for some rows.
    fn tape<'a>(
        &'a self,
        parameters: &'a Parameters,
        feeds: &[(ValueId, Tensor)],
        &Pass { watch, slope, .. }: &Pass,
    ) -> Result<Tape<'a>, ModelError> {
        // Only operators whose derivatives are libtorch's are recorded, each on its own.
        let _guard = tch::no_grad_guard();
        let output = self.output();
        let mut fetches = vec![output];
        fetches.extend(watch);
        let feeds: Vec<(ValueId, &Tensor)> = feeds.iter().map(|(value, tensor)| (*value, tensor)).collect();
        let request = Request { feeds: &feeds, fetches: &fetches, watch, ..Request::default() };
        let plan = Plan::new(self, &request, parameters.shortcuts()?)?;
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
                    let (result, derivative) = match shortcut {
                        Some(shortcut) => shortcut.with_slopes(self, inputs, &free, &context, slope)?,
                        None => self.with_slopes(node, inputs, &free, &context, slope)?,
                    };
                    calls.push((node, derivative));
                    Ok(result)
                }
            }
        })?;
        let logits = found.remove(0);
        Ok(Tape { calls, leading, logits, watched: found })
    }

    /// A call's result, and what it sends back to the inputs that are `free`, that is, to be differentiated.
    pub(super) fn with_slopes<'a>(
        &self,
        node: &Node,
        inputs: &[&Tensor],
        free: &[usize],
        context: &Context,
        slope: Slope,
    ) -> Result<(Tensor, Derivative<'a>), ModelError> {
        let compute = || self.compute(node, inputs, context);
        let record = |inputs| tch::with_grad(|| Differentiable::call(self, node, inputs, context));
        if slope == Slope::Secant {
            return node.op.with_secants(inputs, free, &compute, &record);
        }
        if let Some(found) = node.op.with_derivative(inputs, free, &compute)? {
            return Ok(found);
        }
        let call = record(leaves(inputs, free)?)?;
        Ok((call.output()?, Box::new(move |upstream: &Tensor| tch::with_grad(|| call.pull_back(upstream)))))
    }
}

impl Tape<'_> {
    /// The watched values, and what reaches them from `seed`, summed over the rows if there are weights.
    fn walk_back(
        self,
        graph: &Graph,
        seed: &Tensor,
        pass: &Pass,
    ) -> Result<Vec<(Option<Tensor>, Tensor)>, ModelError> {
        let _guard = tch::no_grad_guard();
        let calls = self.calls.into_iter().rev();
        let send = |_: &Node, derivative: Derivative, upstream: &Tensor| derivative(upstream);
        let arrived = walk_back(calls, (graph.output(), seed), &self.leading, pass.watch, send)?;
        let count = seed.size()[0];
        let found = self.watched.into_iter().zip(arrived).map(|(value, gradient)| {
            let gradient = match gradient {
                Some(gradient) => gradient,
                None if pass.slope == Slope::Secant => value.f_narrow(0, 0, count)?.f_zeros_like()?,
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

/// The scores of all rows, and their slopes with respect to the logits.
fn seed<E: From<ModelError>>(
    logits: &Tensor,
    slope: Slope,
    mut scores: impl FnMut(&Tensor) -> Result<Tensor, E>,
) -> Result<(Tensor, Tensor), E> {
    let mut differentiated = |logits: &Tensor| {
        let logits = leaf(logits)?;
        let scores = tch::with_grad(|| scores(&logits))?;
        let slopes = gradients(&scores, &[&logits])?.remove(0);
        Ok::<_, E>((scores.f_detach().map_err(ModelError::from)?, slopes))
    };
    let (found, at_rows) = differentiated(logits)?;
    if slope == Slope::Gradient {
        return Ok((found, at_rows));
    }
    // The mean derivative between each row and the next, and for the last row, which has no next one, at the row itself.
    let count = logits.size()[0] - 1;
    let next = [logits.f_narrow(0, 1, count), logits.f_narrow(0, count, 1)];
    let next = next.into_iter().collect::<Result<Vec<_>, _>>().and_then(|rows| Tensor::f_cat(&rows, 0));
    let next = next.map_err(ModelError::from)?;
    let mut mean = at_rows.f_zeros_like().map_err(ModelError::from)?;
    for (place, weight) in GAUSS {
        let (_, slopes) = differentiated(&logits.f_lerp(&next, place).map_err(ModelError::from)?)?;
        mean = slopes.f_mul_scalar(weight).and_then(|part| mean.f_add(&part)).map_err(ModelError::from)?;
    }
    Ok((found, mean.f_narrow(0, 0, count).map_err(ModelError::from)?))
}

/// The three nodes of Gauss–Legendre quadrature on 0…1, and their weights (Abramowitz and Stegun, table 25.4).
const GAUSS: [(f64, f64); 3] =
    [(0.112_701_665_379_258_31, 5.0 / 18.0), (0.5, 8.0 / 18.0), (0.887_298_334_620_741_7, 5.0 / 18.0)];

/// The rows of all parts joined together; each part but the last omits the rows at its end that the next part has too.
fn in_turn<'t>(parts: impl ExactSizeIterator<Item = &'t Tensor>, both: i64) -> Result<Tensor, ModelError> {
    let last = parts.len().saturating_sub(1);
    let own = parts.enumerate().map(|(index, part)| match index < last {
        true => part.f_narrow(0, 0, part.size()[0] - both),
        false => Ok(part.shallow_clone()),
    });
    whole(own.collect::<Result<_, _>>()?)
}

/// The values and slopes of all rows, joined from those of each part.
fn joined(
    parts: Vec<Vec<(Option<Tensor>, Tensor)>>,
    pass: &Pass,
    both: i64,
) -> Result<(Vec<Tensor>, Vec<Tensor>), ModelError> {
    let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
    let (mut values, mut slopes) = (Vec::new(), Vec::new());
    for _ in pass.watch {
        let (of_value, of_slope): (Vec<_>, Vec<_>) = parts.iter_mut().filter_map(Iterator::next).unzip();
        let of_slope = whole(of_slope)?;
        if pass.weights.is_some() {
            slopes.push(sum_of_rows(&of_slope)?);
            continue;
        }
        slopes.push(of_slope);
        let of_value: Vec<Tensor> = of_value.into_iter().flatten().collect();
        values.push(in_turn(of_value.iter(), both)?);
    }
    Ok((values, slopes))
}

/// The sum over the first dimension, `[1, …]`, computed row by row, because adding whole rows is faster than libtorch's sum
/// over that dimension.
fn sum_of_rows(tensor: &Tensor) -> Result<Tensor, ModelError> {
    let mut sum = tensor.f_narrow(0, 0, 1)?.f_add_scalar(0)?;
    for row in 1..tensor.size()[0] {
        sum = sum.f_add_(&tensor.f_narrow(0, row, 1)?)?;
    }
    Ok(sum)
}

/// One number per row, reshaped so that it broadcasts against rows like those of `like`.
fn column(numbers: &[f64], like: &Tensor) -> Result<Tensor, ModelError> {
    let mut shape = vec![1; like.dim()];
    shape[0] = numbers.len() as i64;
    let column = Tensor::f_from_slice(numbers)?.f_view(shape.as_slice())?;
    Ok(column.f_to_kind(like.kind())?.f_to_device(like.device())?)
}
