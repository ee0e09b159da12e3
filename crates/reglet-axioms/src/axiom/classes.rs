//! Class sensitivity: different classes have different attributions.

use reglet_attribution::AttributionError;

use super::{Outcome, attributions, finite, listed, same};
use crate::case::PIXELS;
use crate::{Case, Network, Subject};

pub(super) fn examine(subject: &Subject, case: &Case) -> Result<Outcome, AttributionError> {
    // Everything is positive, so no rectifier has an effect and nothing cancels.
    let mut case = case.clone();
    let positive = |number: &mut i8| *number = number.abs();
    case.convolution.iter_mut().flatten().for_each(|weight| *weight = weight.abs().max(1));
    case.convolution_bias.iter_mut().for_each(positive);
    case.hidden.iter_mut().flatten().flatten().for_each(|weight| *weight = weight.abs().max(1));
    case.hidden_bias.iter_mut().for_each(positive);
    case.classes.iter_mut().flatten().for_each(positive);
    case.input.iter_mut().for_each(|value| *value = value.abs().max(1));
    // A channel's contribution to the class, summed over all pixels.
    let total = |class: usize, channel: usize| -> i32 {
        let of_unit = |places: &[i8; PIXELS]| places.iter().copied().map(i32::from).sum::<i32>();
        let units = case.classes[class].iter().zip(&case.hidden);
        units.map(|(weight, unit)| i32::from(*weight) * of_unit(&unit[channel])).sum()
    };
    if (0..case.convolution.len()).any(|channel| total(0, channel) == total(1, channel)) {
        return Ok(Outcome::NoPremise);
    }
    let (network, input) = (Network::of(&case), case.input());
    let (one, other) =
        (attributions(subject, &network, &input, 0)?, attributions(subject, &network, &input, 1)?);
    if !finite(&one)? || !finite(&other)? {
        return Ok(Outcome::Broken(format!("two classes have {} and {}", listed(&one)?, listed(&other)?)));
    }
    if !same(&one, &other)? {
        return Ok(Outcome::Kept);
    }
    Ok(Outcome::Broken(format!("two classes with different weights both have {}", listed(&one)?)))
}
