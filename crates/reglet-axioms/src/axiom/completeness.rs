//! Completeness: the attributions sum to the rise of the score.

use reglet_attribution::AttributionError;
use tch::Kind;

use super::{Outcome, attributions, rise, short};
use crate::{Case, Network, Subject};

/// The tolerance, relative to the magnitudes of attributions and rise.
const MARGIN: f64 = 0.05;

pub(super) fn examine(subject: &Subject, case: &Case) -> Result<Outcome, AttributionError> {
    let (network, input) = (Network::of(case), case.input());
    let found = attributions(subject, &network, &input, 0)?;
    let (sum, rise) = (found.f_sum(Kind::Double)?.f_double_value(&[])?, rise(&network, &input, 0)?);
    let size = found.f_abs()?.f_sum(Kind::Double)?.f_double_value(&[])? + rise.abs();
    if (sum - rise).abs() <= MARGIN * size {
        return Ok(Outcome::Kept);
    }
    Ok(Outcome::Broken(format!(
        "the attributions sum to {}, but the score rises by {}",
        short(sum),
        short(rise)
    )))
}
