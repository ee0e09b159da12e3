//! Symmetry: equal pixels that can be exchanged have equal attributions.

use reglet_attribution::AttributionError;

use super::{Outcome, attributions, listed, same};
use crate::case::{COLOURS, PIXELS};
use crate::{Case, Network, Subject};

pub(super) fn examine(subject: &Subject, case: &Case) -> Result<Outcome, AttributionError> {
    let (pixel, other) = (case.pixel, case.other_pixel());
    let mut case = case.clone();
    for places in case.hidden.iter_mut().flatten() {
        places[other] = places[pixel];
    }
    for colour in 0..COLOURS {
        case.input[colour * PIXELS + other] = case.input[colour * PIXELS + pixel];
    }
    let found = attributions(subject, &Network::of(&case), &case.input(), 0)?;
    let column = |pixel: usize| found.f_select(1, pixel as i64);
    if same(&column(pixel)?, &column(other)?)? {
        return Ok(Outcome::Kept);
    }
    Ok(Outcome::Broken(format!(
        "pixels {pixel} and {other} are exchangeable and equal, but have {}",
        listed(&found)?
    )))
}
