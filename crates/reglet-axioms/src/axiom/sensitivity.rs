//! Sensitivity: pixels that matter have non-zero attributions, and others have zero attributions.

use reglet_attribution::AttributionError;

use super::{Outcome, ROUNDING, at_pixel, attributions, rise, short};
use crate::case::{COLOURS, PIXELS};
use crate::{Case, Network, Subject};

pub(super) fn to_what_changes_the_score(subject: &Subject, case: &Case) -> Result<Outcome, AttributionError> {
    let mut case = case.clone();
    for place in (0..COLOURS * PIXELS).filter(|place| place % PIXELS != case.pixel) {
        case.input[place] = 0;
    }
    let (network, input) = (Network::of(&case), case.input());
    let rise = rise(&network, &input, 0)?;
    if rise.abs() < ROUNDING {
        return Ok(Outcome::NoPremise);
    }
    if at_pixel(&attributions(subject, &network, &input, 0)?, case.pixel)? > 0.0 {
        return Ok(Outcome::Kept);
    }
    let pixel = case.pixel;
    Ok(Outcome::Broken(format!("pixel {pixel} alone makes the score rise by {}, but has none", short(rise))))
}

pub(super) fn to_nothing_else(subject: &Subject, case: &Case) -> Result<Outcome, AttributionError> {
    let mut case = case.clone();
    for places in case.hidden.iter_mut().flatten() {
        places[case.pixel] = 0;
    }
    let found = attributions(subject, &Network::of(&case), &case.input(), 0)?;
    let at = at_pixel(&found, case.pixel)?;
    if at <= ROUNDING {
        return Ok(Outcome::Kept);
    }
    let pixel = case.pixel;
    Ok(Outcome::Broken(format!("no weight leads from pixel {pixel}, but it has {}", short(at))))
}
