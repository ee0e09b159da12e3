//! Linearity: the attribution of a weighted sum is the weighted sum of the attributions.

use reglet_attribution::AttributionError;

use super::{Outcome, attributions, listed, same};
use crate::{Case, Network, Subject};

pub(super) fn examine(subject: &Subject, case: &Case) -> Result<Outcome, AttributionError> {
    let [a, b, _] = case.factors;
    // Class 2 becomes the sum of the others.
    let mut case = case.clone();
    for unit in 0..case.hidden.len() {
        case.classes[2][unit] = a * case.classes[0][unit] + b * case.classes[1][unit];
    }
    case.bias[2] = a * case.bias[0] + b * case.bias[1];
    let (network, input) = (Network::of(&case), case.input());
    let of = |class| attributions(subject, &network, &input, class);
    let sum = of(0)?.f_mul_scalar(i64::from(a))?.f_add(&of(1)?.f_mul_scalar(i64::from(b))?)?;
    let found = of(2)?;
    if same(&found, &sum)? {
        return Ok(Outcome::Kept);
    }
    Ok(Outcome::Broken(format!(
        "the attribution of {a} F + {b} G is {}, the sum of attributions {}",
        listed(&found)?,
        listed(&sum)?
    )))
}
