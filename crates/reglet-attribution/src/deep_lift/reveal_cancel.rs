//! The RevealCancel rule.

use reglet_model::{Call, Graph, ModelError, Node, Origin, Recording, Role, ValueId};
use tch::Tensor;

use super::rescale::multiplier;
use crate::walk::Walk;
use crate::{AttributionError, Operators};

/// Below this difference, Δy / Δx is numerically unreliable.
const SMALLEST_DIFFERENCE: f64 = 1e-10;

/// A pair of multipliers for each value is propagated back, `[2, N, …]`: for positive and for negative contributions.
pub(super) fn reveal_cancel(
    model: &dyn Operators,
    walk: &Walk,
    inputs: &Tensor,
    targets: &[usize],
    baseline: &Tensor,
) -> Result<(Tensor, Tensor), AttributionError> {
    let graph = model.graph();
    let reference = graph.record(model.parameters(), &[(graph.input(), baseline)], graph.output())?;
    let pass = Pass { graph, model, now: &walk.recording, before: &reference };
    let logits = reference.value(graph.output())?.f_expand_as(&walk.seed)?;
    let seed = walk.seed_from(&logits)?;
    let pair = walk.to_input(&Tensor::f_stack(&[&seed, &seed], 0)?, &|call: &Call| pass.multipliers(call))?;
    let difference = inputs.f_sub(baseline)?;
    let chosen = by_sign(&difference, &pair.f_get(0)?, &pair.f_get(1)?)?;
    Ok((chosen.f_mul(&difference)?, model.scores_of(&logits, targets)?))
}

/// The pass of the input and that of the reference.
struct Pass<'a> {
    graph: &'a Graph,
    model: &'a dyn Operators,
    now: &'a Recording<'a>,
    before: &'a Recording<'a>,
}

impl Pass<'_> {
    fn multipliers(&self, call: &Call) -> Result<Vec<Option<Tensor>>, ModelError> {
        let (up, down) = (call.upstream.f_get(0)?, call.upstream.f_get(1)?);
        match call.node.op.role() {
            Role::Weighted => {
                let difference = self.difference(call.node.inputs[0])?;
                let weight = &call.inputs()[1];
                // If the input has risen, positive weights push the result up and negative ones push it down; if it has
                // fallen, the reverse.
                let back = |positive: &Tensor, negative: &Tensor| -> Result<Tensor, ModelError> {
                    let through = |weight: &Tensor, upstream: &Tensor| -> Result<Tensor, ModelError> {
                        let sent = call.at(&[&call.inputs()[0], weight])?.pull_back(upstream)?.swap_remove(0);
                        sent.ok_or(ModelError::NotFed {
                            value: self.graph.name(call.node.inputs[0]).to_owned(),
                        })
                    };
                    let positive = through(&weight.f_clamp_min(0.0)?, positive)?;
                    Ok(positive.f_add(&through(&weight.f_clamp_max(0.0)?, negative)?)?)
                };
                let chosen = by_sign(&difference, &back(&up, &down)?, &back(&down, &up)?)?;
                Ok(first_of(call, pair(&chosen, &chosen)?))
            }
            Role::Normalisation => {
                // A negative scale exchanges the upward and the downward part.
                let ones = up.f_ones_like()?;
                let Some(slope) = call.own(&ones)?.swap_remove(0) else {
                    return Ok(first_of(call, pair(&up, &down)?));
                };
                let rising = slope.f_ge(0.0)?;
                let of = |same: &Tensor, other: &Tensor| slope.f_mul(&same.f_where_self(&rising, other)?);
                Ok(first_of(call, pair(&of(&up, &down)?, &of(&down, &up)?)?))
            }
            Role::Average | Role::Sum => {
                let (ups, downs) = (call.own(&up)?, call.own(&down)?);
                let sent = call.node.inputs.iter().zip(ups.into_iter().zip(downs));
                sent.map(|(input, sent)| {
                    let (Some(up), Some(down)) = sent else { return Ok(None) };
                    let chosen = by_sign(&self.difference(*input)?, &up, &down)?;
                    Ok(Some(pair(&chosen, &chosen)?))
                })
                .collect()
            }
            Role::Arrangement => {
                let sent = call.own(&up)?.into_iter().zip(call.own(&down)?);
                sent.map(|sent| match sent {
                    (Some(up), Some(down)) => Ok(Some(pair(&up, &down)?)),
                    _ => Ok(None),
                })
                .collect()
            }
            Role::Rectifier | Role::Activation => {
                let value = call.node.inputs[0];
                let (pulled_up, pulled_down) = self.parts(value)?;
                let start = self.before.value(value)?.f_expand_as(&pulled_up)?;
                let at = |place: &Tensor| call.at(&[place])?.output();
                let (of_start, of_up) = (at(&start)?, at(&start.f_add(&pulled_up)?)?);
                let (of_down, of_end) = (at(&start.f_add(&pulled_down)?)?, call.output()?);
                // Each part's effect: the mean of its effect from the reference and of its effect after the other part.
                let rise = |alone: &Tensor, other: &Tensor| {
                    alone.f_sub(&of_start)?.f_add(&of_end.f_sub(other)?)?.f_mul_scalar(0.5)
                };
                let (rise_up, rise_down) = (rise(&of_up, &of_down)?, rise(&of_down, &of_up)?);
                let quotient =
                    |upstream: &Tensor, rise: &Tensor, part: &Tensor| -> Result<Tensor, ModelError> {
                        let small = part.f_abs()?.f_lt(SMALLEST_DIFFERENCE)?;
                        let own = call.own(upstream)?.swap_remove(0);
                        let own = own.map_or_else(|| part.f_zeros_like(), Ok)?;
                        Ok(own.f_where_self(&small, &upstream.f_mul(rise)?.f_div(part)?)?)
                    };
                let up = quotient(&up, &rise_up, &pulled_up)?;
                Ok(vec![Some(pair(&up, &quotient(&down, &rise_down, &pulled_down)?)?)])
            }
            Role::Maximum | Role::Other => {
                // By its own Rescale rule: a rise counts as the upward part, a fall as the downward part.
                let rise = self.difference(call.node.output)?;
                let sent = multiplier(call, &by_sign(&rise, &up, &down)?, self.before)?;
                sent.into_iter().map(|sent| sent.map(|sent| pair(&sent, &sent)).transpose()).collect()
            }
        }
    }

    /// Δ of a value.
    fn difference(&self, value: ValueId) -> Result<Tensor, ModelError> {
        Ok(self.now.value(value)?.f_sub(self.before.value(value)?)?)
    }

    /// The positive and the negative part of a value's Δ.
    fn parts(&self, value: ValueId) -> Result<(Tensor, Tensor), ModelError> {
        let difference = self.difference(value)?;
        let whole = (difference.f_clamp_min(0.0)?, difference.f_clamp_max(0.0)?);
        let Origin::Node(index) = self.graph.origin(value) else { return Ok(whole) };
        let node = &self.graph.nodes()[index];
        match node.op.role() {
            Role::Weighted => {
                let (rise, weight) = (self.difference(node.inputs[0])?, self.parameter(node, 1)?);
                let through = |rise: &Tensor, weight: &Tensor| -> Result<Tensor, ModelError> {
                    match self.now.again(value, &[rise, weight])? {
                        Some(call) => call.output(),
                        None => Ok(rise.shallow_clone()),
                    }
                };
                let up = |tensor: &Tensor| tensor.f_clamp_min(0.0);
                let down = |tensor: &Tensor| tensor.f_clamp_max(0.0);
                let pulled_up =
                    through(&up(&rise)?, &up(&weight)?)?.f_add(&through(&down(&rise)?, &down(&weight)?)?)?;
                let pulled_down =
                    through(&up(&rise)?, &down(&weight)?)?.f_add(&through(&down(&rise)?, &up(&weight)?)?)?;
                Ok((pulled_up, pulled_down))
            }
            Role::Normalisation => {
                let (up, down) = self.parts(node.inputs[0])?;
                let reglet_model::Op::BatchNorm { eps, .. } = node.op else { return Ok(whole) };
                // The weight and the bias are both there or both missing; the variance is last.
                let deviation = self.parameter(node, node.inputs.len() - 1)?.f_add_scalar(eps)?.f_sqrt()?;
                let scale = match node.inputs.len() {
                    5 => self.parameter(node, 1)?.f_div(&deviation)?,
                    _ => deviation.f_reciprocal()?,
                };
                let mut shape = vec![1; up.dim()];
                shape[1] = -1;
                let scale = scale.f_view(shape.as_slice())?;
                let (up, down) = (up.f_mul(&scale)?, down.f_mul(&scale)?);
                Ok((up.f_maximum(&down)?, up.f_minimum(&down)?))
            }
            Role::Sum => {
                let (mut up, mut down) = (whole.0.f_zeros_like()?, whole.1.f_zeros_like()?);
                for input in &node.inputs {
                    let difference = self.difference(*input)?;
                    up = up.f_add(&difference.f_clamp_min(0.0)?)?;
                    down = down.f_add(&difference.f_clamp_max(0.0)?)?;
                }
                Ok((up, down))
            }
            _ => Ok(whole),
        }
    }

    fn parameter(&self, node: &Node, index: usize) -> Result<Tensor, ModelError> {
        match self.graph.origin(node.inputs[index]) {
            Origin::Parameter(parameter) => Ok(self.model.parameters().tensors()[parameter].shallow_clone()),
            _ => Ok(self.now.value(node.inputs[index])?.shallow_clone()),
        }
    }
}

/// The first where Δ is positive, the second where it is negative, and their mean where it is zero.
fn by_sign(difference: &Tensor, positive: &Tensor, negative: &Tensor) -> Result<Tensor, ModelError> {
    let mean = positive.f_add(negative)?.f_mul_scalar(0.5)?;
    let or_positive = positive.f_where_self(&difference.f_gt(0.0)?, &mean)?;
    Ok(negative.f_where_self(&difference.f_lt(0.0)?, &or_positive)?)
}

fn pair(up: &Tensor, down: &Tensor) -> Result<Tensor, ModelError> {
    Ok(Tensor::f_stack(&[up, down], 0)?)
}

/// Nothing, except for the first input.
fn first_of(call: &Call, sent: Tensor) -> Vec<Option<Tensor>> {
    let mut all: Vec<Option<Tensor>> = call.inputs().iter().map(|_| None).collect();
    all[0] = Some(sent);
    all
}
