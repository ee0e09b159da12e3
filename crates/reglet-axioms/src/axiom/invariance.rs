//! Invariance: a change that affects neither the function nor the meaning of its inputs does not change the attributions.

use reglet_attribution::AttributionError;
use tch::Tensor;

use super::{Outcome, attributions, listed, same};
use crate::case::halves;
use crate::{Case, Network, Subject};

pub(super) fn of_implementation(subject: &Subject, case: &Case) -> Result<Outcome, AttributionError> {
    let input = case.input();
    let one = attributions(subject, &Network::of(case), &input, 0)?;
    let other = attributions(subject, &Network::rewritten(case), &input, 0)?;
    let outcome = compared("the network with a detour and each channel twice", &one, &other)?;
    if outcome != Outcome::Kept {
        return Ok(outcome);
    }
    let of = |inside| attributions(subject, &Network::layered(case, inside), &input, 0);
    compared("max(0, max(0, s − m) − r) for max(0, max(0, s) − m − r)", &of(false)?, &of(true)?)
}

pub(super) fn of_input_shift(subject: &Subject, case: &Case) -> Result<Outcome, AttributionError> {
    if case.factors == [0; 3] {
        return Ok(Outcome::NoPremise);
    }
    let input = case.input();
    let one = attributions(subject, &Network::of(case), &input, 0)?;
    let shifted = input.f_add(&halves(&case.factors).f_view([1, 3, 1, 1])?)?;
    let other = attributions(subject, &Network::shifted(case, &case.factors), &shifted, 0)?;
    compared("the shifted input, with the shift taken away by the bias,", &one, &other)
}

fn compared(what: &str, one: &Tensor, other: &Tensor) -> Result<Outcome, AttributionError> {
    if same(one, other)? {
        return Ok(Outcome::Kept);
    }
    Ok(Outcome::Broken(format!("{what} has {} instead of {}", listed(other)?, listed(one)?)))
}
