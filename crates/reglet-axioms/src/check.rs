//! The search for a counterexample to an axiom.

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use reglet_attribution::{AttributionError, Method, Operators};
use reglet_model::Targets;
use tch::Tensor;

use crate::{Axiom, Case, Counterexample, Outcome, Subject, Verdict};

/// Tests a method against an axiom on 64 random cases that satisfy the axiom's premise; the cases are always the same. If
/// the method returns an error for a case before it has violated the axiom, the axiom does not apply to it.
pub fn check(axiom: Axiom, subject: &Subject) -> Verdict {
    check_with(axiom, subject, Effort::default())
}

/// Tests a method that is selected by name, with its parameters, in the same way.
pub fn check_method(axiom: Axiom, method: &Method) -> Verdict {
    check_with(axiom, &subject(method), Effort::default())
}

/// A selected method as one that is tested.
pub(crate) fn subject(
    method: &Method,
) -> impl Fn(&dyn Operators, &Tensor, &[usize]) -> Result<Tensor, AttributionError> + '_ {
    move |model, inputs, targets| {
        let one = std::slice::from_ref(method);
        let mut found = Method::attribute_all(one, model, inputs, Targets::Classes(targets))?;
        Ok(found.computed.swap_remove(0).attribution.values)
    }
}

/// The effort of the search for a counterexample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// The number of tested cases that satisfy the axiom's premise.
    pub cases: u32,
    /// The number of simpler cases that are tested after a counterexample has been found.
    pub shrinks: u32,
}

impl Default for Effort {
    fn default() -> Self {
        Effort { cases: 64, shrinks: 1000 }
    }
}

/// The same, with a given effort.
pub fn check_with(axiom: Axiom, subject: &Subject, effort: Effort) -> Verdict {
    if axiom == Axiom::ParameterRandomisation {
        return match axiom.examine_weights(subject) {
            Ok(verdict) => verdict,
            Err(error) => Verdict::DoesNotApply(error.to_string()),
        };
    }
    let config = Config {
        cases: effort.cases,
        failure_persistence: None,
        max_global_rejects: 100 * effort.cases,
        // The cases are counted below, because proptest prints a line if it stops by itself.
        max_shrink_iters: 1_000_000_000,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, random);
    let error = std::cell::RefCell::new(None);
    let tried = std::cell::Cell::new(None);
    let outcome = runner.run(&Case::strategy(), |case| {
        if let Some(tried_before) = tried.get() {
            if tried_before >= effort.shrinks {
                return Ok(());
            }
            tried.set(Some(tried_before + 1));
        }
        match axiom.examine(subject, &case) {
            Ok(Outcome::Kept) => Ok(()),
            Ok(Outcome::NoPremise) => Err(TestCaseError::reject("the axiom says nothing of this case")),
            Ok(Outcome::Broken(finding)) => {
                tried.set(tried.get().or(Some(0)));
                Err(TestCaseError::fail(finding))
            }
            // A counterexample is known, and an error is none: the case is not a simpler one.
            Err(_) if tried.get().is_some() => Ok(()),
            Err(fault) => {
                *error.borrow_mut() = Some(fault.to_string());
                Err(TestCaseError::fail("an error"))
            }
        }
    });
    if let Some(error) = error.into_inner() {
        return Verdict::DoesNotApply(error);
    }
    match outcome {
        Ok(()) => Verdict::Holds,
        Err(TestError::Fail(reason, case)) => Verdict::Fails(Box::new(Counterexample {
            case: Some(case),
            finding: reason.message().to_owned(),
        })),
        Err(TestError::Abort(reason)) => Verdict::DoesNotApply(reason.message().to_owned()),
    }
}
