//! Dummy: a pixel whose paths to the score cancel has a zero attribution.

use reglet_attribution::AttributionError;

use super::{Outcome, ROUNDING, at_pixel, attributions, short};
use crate::{Case, Network, Subject};

pub(super) fn examine(subject: &Subject, case: &Case) -> Result<Outcome, AttributionError> {
    // Every channel twice, and from the pixel once with the opposite weight.
    let mut case = case.clone();
    case.convolution.extend(case.convolution.clone());
    case.convolution_bias.extend(case.convolution_bias.clone());
    for unit in &mut case.hidden {
        let opposite = unit.clone().into_iter().map(|mut places| {
            places[case.pixel] = -places[case.pixel];
            places
        });
        unit.extend(opposite.collect::<Vec<_>>());
    }
    let found = attributions(subject, &Network::of(&case), &case.input(), 0)?;
    let at = at_pixel(&found, case.pixel)?;
    if at <= ROUNDING {
        return Ok(Outcome::Kept);
    }
    let pixel = case.pixel;
    Ok(Outcome::Broken(format!("the score does not depend on pixel {pixel}, but it has {}", short(at))))
}
