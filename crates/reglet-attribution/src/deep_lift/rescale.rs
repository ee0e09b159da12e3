//! The Rescale rule.

use reglet_model::{Call, ModelError, Recording, Role};
use tch::Tensor;

use crate::walk::Walk;
use crate::{AttributionError, Operators, Quadrature};

/// Below this difference of an operator's inputs, Δy / Δx is numerically unreliable.
const SMALLEST_DIFFERENCE: f64 = 1e-10;

/// The number of nodes for the mean derivative of operators that no rule covers.
const NODES: usize = 16;

/// The attribution of the pass `walk` at `inputs` against a reference, `[1, C, H, W]` or one for each row, and the
/// reference's score for each row's target.
pub(crate) fn rescale(
    model: &dyn Operators,
    walk: &Walk,
    inputs: &Tensor,
    targets: &[usize],
    baseline: &Tensor,
) -> Result<(Tensor, Tensor), AttributionError> {
    let graph = model.graph();
    let reference = graph.record(model.parameters(), &[(graph.input(), baseline)], graph.output())?;
    let logits = reference.value(graph.output())?.f_expand_as(&walk.seed)?;
    let seed = walk.seed_from(&logits)?;
    let multipliers = walk.to_input(&seed, &|call: &Call| multiplier(call, call.upstream, &reference))?;
    Ok((multipliers.f_mul(&inputs.f_sub(baseline)?)?, model.scores_of(&logits, targets)?))
}

/// The multipliers of a call's inputs, given that of its output, `upstream`.
pub(super) fn multiplier(
    call: &Call,
    upstream: &Tensor,
    reference: &Recording,
) -> Result<Vec<Option<Tensor>>, ModelError> {
    match call.node.op.role() {
        Role::Weighted | Role::Normalisation | Role::Average | Role::Sum | Role::Arrangement => {
            call.own(upstream)
        }
        Role::Rectifier | Role::Activation => {
            let rise = call.output()?.f_sub(reference.value(call.node.output)?)?;
            quotient(call, upstream, reference, &upstream.f_mul(&rise)?)
        }
        Role::Maximum => {
            let (now, before) = (call.output()?, reference.value(call.node.output)?);
            let larger = now.f_maximum(before)?;
            let rise = upstream.f_mul(&larger.f_sub(before)?)?;
            let fall = upstream.f_mul(&now.f_sub(&larger)?)?;
            let old = reference.value(call.node.inputs[0])?.f_expand_as(&call.inputs()[0])?;
            let old = call.at(&[&old])?.pull_back(&fall)?.swap_remove(0);
            let new = call.own(&rise)?.swap_remove(0);
            match (old, new) {
                (Some(old), Some(new)) => quotient(call, upstream, reference, &old.f_add(&new)?),
                _ => call.own(upstream),
            }
        }
        Role::Other => mean_derivative(call, upstream, reference),
    }
}

/// `contribution` / Δx for the one input of a call.
fn quotient(
    call: &Call,
    upstream: &Tensor,
    reference: &Recording,
    contribution: &Tensor,
) -> Result<Vec<Option<Tensor>>, ModelError> {
    let difference = call.inputs()[0].f_detach()?.f_sub(reference.value(call.node.inputs[0])?)?;
    let Some(own) = call.own(upstream)?.swap_remove(0) else { return Ok(vec![None]) };
    let small = difference.f_abs()?.f_lt(SMALLEST_DIFFERENCE)?;
    Ok(vec![Some(own.f_where_self(&small, &contribution.f_div(&difference)?)?)])
}

/// The operator's derivative, averaged along the straight line from the reference's inputs to the call's.
fn mean_derivative(
    call: &Call,
    upstream: &Tensor,
    reference: &Recording,
) -> Result<Vec<Option<Tensor>>, ModelError> {
    let mut total: Vec<Option<Tensor>> = call.inputs().iter().map(|_| None).collect();
    for (place, weight) in Quadrature::GaussLegendre.nodes(NODES) {
        let between = |(index, now): (usize, &Tensor)| {
            if call.is_parameter(index) {
                return Ok(now.shallow_clone());
            }
            let before = reference.value(call.node.inputs[index])?.f_expand_as(now)?;
            Ok(before.f_lerp(&now.f_detach()?, place)?)
        };
        let inputs: Vec<Tensor> =
            call.inputs().iter().enumerate().map(between).collect::<Result<_, ModelError>>()?;
        let sent = call.at(&inputs.iter().collect::<Vec<_>>())?.pull_back(upstream)?;
        for (total, sent) in total.iter_mut().zip(sent) {
            let Some(sent) = sent else { continue };
            let part = sent.f_mul_scalar(weight)?;
            *total = Some(match total.take() {
                Some(before) => before.f_add(&part)?,
                None => part,
            });
        }
    }
    Ok(total)
}
