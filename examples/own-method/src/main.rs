//! An attribution method of your own, selected by its name like those of Reglet.
//!
//! Without arguments, the program tests the method against two axioms. With arguments, it has all commands of `reglet`.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use reglet_attribution::{
    About, Attribution, AttributionError, AttributionMethod, Classifier, Family, Method, NamedMethod, Needs,
    Point,
};
use reglet_axioms::{Axiom, Verdict, check_method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The absolute gradient to a power.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct PowerGradient {
    /// More than 0 and at most 4; below 1, small gradients become more visible.
    exponent: f64,
}

impl Default for PowerGradient {
    fn default() -> Self {
        PowerGradient { exponent: 0.5 }
    }
}

impl AttributionMethod for PowerGradient {
    fn about(&self) -> &'static About {
        &About {
            title: "Power gradient",
            family: Family::Gradients,
            cost: "1 forward, 1 backward, shared",
            paper: "none",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        if self.exponent > 0.0 && self.exponent <= 4.0 {
            return Ok(());
        }
        Err(AttributionError::Parameter {
            method: "Power gradient",
            parameter: "exponent",
            value: self.exponent.to_string(),
            expected: "more than 0 and at most 4",
        })
    }

    // The gradient at the input is computed once for all methods that ask for it.
    fn needs(&self, _: Classifier<'_>) -> Result<Needs, AttributionError> {
        Ok(Needs::input_gradient())
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        let values = point.input_gradient().f_abs()?.f_pow_tensor_scalar(self.exponent)?;
        Ok(Attribution { values, gaps: None })
    }

    // What a caption says of the parameters.
    fn note(&self, _: Classifier<'_>) -> Option<String> {
        Some(format!("to the power of {}", self.exponent))
    }
}

impl NamedMethod for PowerGradient {
    const NAME: &'static str = "power_gradient";
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    Method::register::<PowerGradient>()?;
    if env::args().count() > 1 {
        return Ok(reglet_audit::program());
    }
    let method = Method::named("power_gradient")?.with("exponent", 0.25.into())?;
    let mut as_expected = true;
    for (axiom, expected) in [(Axiom::ImplementationInvariance, true), (Axiom::Completeness, false)] {
        let holds = match check_method(axiom, &method) {
            Verdict::Holds => {
                println!("{axiom}: no counterexample found");
                true
            }
            Verdict::Fails(counterexample) => {
                println!("{axiom}: fails");
                // The network and the input with which it fails, made as small as possible.
                eprintln!("{counterexample}");
                false
            }
            Verdict::DoesNotApply(reason) => return Err(reason.into()),
        };
        as_expected &= holds == expected;
    }
    // A gradient depends on the function alone, and a power of it does not add up to a difference of scores.
    if as_expected { Ok(ExitCode::SUCCESS) } else { Err("the axioms are not kept as expected".into()) }
}
