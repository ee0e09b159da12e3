//! The axioms.

mod classes;
mod completeness;
mod dummy;
mod invariance;
mod linearity;
mod randomisation;
mod sensitivity;
mod symmetry;

use std::fmt;

use reglet_attribution::{AttributionError, Operators};
use tch::{Kind, Tensor};

use crate::case::PIXELS;
use crate::{Case, Subject, Verdict};

/// A statement about all networks, inputs and baselines; here, the baseline is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Axiom {
    /// The attributions sum to F(x) − F(x′), to five per cent of their magnitudes (Sundararajan et al., 2017,
    /// <https://arxiv.org/abs/1703.01365>; also called efficiency). Sums over steps are approximations, so the tolerance is
    /// wide.
    Completeness,
    /// If only one pixel differs from the baseline, and the score changes, that pixel has a non-zero attribution (ibid.).
    SensitivityA,
    /// A pixel with no weight to the rest of the network has a zero attribution (ibid.).
    SensitivityB,
    /// A pixel that the function does not depend on has a zero attribution, even if it has weights, which cancel (Friedman,
    /// 2004, <https://doi.org/10.1007/s001820400173>).
    Dummy,
    /// The attribution of a F + b G is a times that of F plus b times that of G (Sundararajan et al.).
    Linearity,
    /// Two pixels that can be exchanged without changing the function, and are equal, have equal attributions (ibid.).
    Symmetry,
    /// Two networks that compute the same function have the same attributions (ibid.).
    ImplementationInvariance,
    /// A constant that is added to the input and subtracted again by the first layer's bias does not change the attributions
    /// (Kindermans et al., 2017, <https://arxiv.org/abs/1711.00867>).
    InputShift,
    /// Classes whose scores rise by different amounts everywhere have different attributions.
    ClassSensitivity,
    /// Re-initialising the weights of the upper half of a network changes the map: the mean rank correlation of the maps'
    /// magnitudes is below ½ (Adebayo et al., 2018, <https://arxiv.org/abs/1810.03292>). Two constant maps have the correlation 1.
    ParameterRandomisation,
}

/// The result of an axiom for a method on one case.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The method satisfies the axiom.
    Kept,
    /// The case does not satisfy the axiom's premise.
    NoPremise,
    /// The method violates the axiom: how, as a clause.
    Broken(String),
}

impl Axiom {
    /// Every axiom.
    pub const ALL: [Axiom; 10] = [
        Axiom::Completeness,
        Axiom::SensitivityA,
        Axiom::SensitivityB,
        Axiom::Dummy,
        Axiom::Linearity,
        Axiom::Symmetry,
        Axiom::ImplementationInvariance,
        Axiom::InputShift,
        Axiom::ClassSensitivity,
        Axiom::ParameterRandomisation,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Axiom::Completeness => "completeness",
            Axiom::SensitivityA => "sensitivity (a)",
            Axiom::SensitivityB => "sensitivity (b)",
            Axiom::Dummy => "dummy",
            Axiom::Linearity => "linearity",
            Axiom::Symmetry => "symmetry",
            Axiom::ImplementationInvariance => "implementation invariance",
            Axiom::InputShift => "input shift",
            Axiom::ClassSensitivity => "class sensitivity",
            Axiom::ParameterRandomisation => "parameter randomisation",
        }
    }

    /// The result of the axiom for a method on one case. Parameter randomisation is not defined for single cases.
    ///
    /// # Errors
    /// The errors of the method.
    pub fn examine(self, subject: &Subject, case: &Case) -> Result<Outcome, AttributionError> {
        match self {
            Axiom::Completeness => completeness::examine(subject, case),
            Axiom::SensitivityA => sensitivity::to_what_changes_the_score(subject, case),
            Axiom::SensitivityB => sensitivity::to_nothing_else(subject, case),
            Axiom::Dummy => dummy::examine(subject, case),
            Axiom::Linearity => linearity::examine(subject, case),
            Axiom::Symmetry => symmetry::examine(subject, case),
            Axiom::ImplementationInvariance => invariance::of_implementation(subject, case),
            Axiom::InputShift => invariance::of_input_shift(subject, case),
            Axiom::ClassSensitivity => classes::examine(subject, case),
            Axiom::ParameterRandomisation => Ok(Outcome::NoPremise),
        }
    }

    /// The result of parameter randomisation for a method.
    pub(crate) fn examine_weights(self, subject: &Subject) -> Result<Verdict, AttributionError> {
        randomisation::examine(subject)
    }
}

impl fmt::Display for Axiom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Attributions of one input for one class: `[C, 4]`, a column for each pixel.
fn attributions(
    subject: &Subject,
    network: &dyn Operators,
    input: &Tensor,
    class: usize,
) -> Result<Tensor, AttributionError> {
    let found = subject(network, input, &[class])?;
    Ok(found.f_to_kind(Kind::Double)?.f_reshape([-1, PIXELS as i64])?)
}

/// The rise of a class's score from a baseline of zero.
fn rise(network: &dyn Operators, input: &Tensor, class: usize) -> Result<f64, AttributionError> {
    let scores =
        network.scores(&Tensor::f_cat(&[input.shallow_clone(), input.f_zeros_like()?], 0)?, &[class; 2])?;
    Ok(scores.f_double_value(&[0])? - scores.f_double_value(&[1])?)
}

/// The largest magnitude of a pixel's attributions.
fn at_pixel(attributions: &Tensor, pixel: usize) -> Result<f64, AttributionError> {
    Ok(attributions.f_select(1, pixel as i64)?.f_abs()?.f_max()?.f_double_value(&[])?)
}

/// Whether no value is NaN or infinite.
fn finite(attributions: &Tensor) -> Result<bool, AttributionError> {
    Ok(attributions.f_abs()?.f_max()?.f_double_value(&[])?.is_finite())
}

/// Whether two maps are equal up to rounding, relative to the larger of them. False if one of them is not finite.
fn same(a: &Tensor, b: &Tensor) -> Result<bool, AttributionError> {
    let largest = |tensor: &Tensor| tensor.f_abs()?.f_max()?.f_double_value(&[]);
    let size = largest(a)?.max(largest(b)?);
    Ok(largest(&a.f_sub(b)?)? <= ROUNDING * size.max(ROUNDING))
}

/// The tolerance for rounding.
const ROUNDING: f64 = 1e-6;

/// A number for a message.
fn short(number: f64) -> String {
    let rounded = (number * 1000.0).round() / 1000.0;
    // No negative zero.
    (rounded + 0.0).to_string()
}

/// A map for a message, summed over channels.
fn listed(attributions: &Tensor) -> Result<String, AttributionError> {
    let sums: Vec<f64> = Vec::try_from(attributions.f_sum_dim_intlist(0, false, Kind::Double)?)?;
    let words: Vec<String> = sums.into_iter().map(short).collect();
    Ok(format!("({})", words.join(" ")))
}
