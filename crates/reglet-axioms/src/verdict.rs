//! What is tested, and the result of the test.

use std::fmt;

use reglet_attribution::{AttributionError, Operators};
use tch::Tensor;

use crate::Case;

/// A method that is tested: it returns the attributions `[N, C or 1, H, W]` of inputs `[N, C, H, W]` for one class each,
/// with a baseline of zero if it has one.
pub type Subject<'a> = dyn Fn(&dyn Operators, &Tensor, &[usize]) -> Result<Tensor, AttributionError> + 'a;

/// The result of the test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No counterexample was found.
    Holds,
    /// A counterexample, the simplest that was found.
    Fails(Box<Counterexample>),
    /// The axiom does not apply to the method: why.
    DoesNotApply(String),
}

/// A counterexample to an axiom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The network and its input; none if the finding is based on many networks.
    pub case: Option<Case>,
    /// How it violates the axiom.
    pub finding: String,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.case {
            Some(case) => write!(f, "{}; with {case}", self.finding),
            None => f.write_str(&self.finding),
        }
    }
}
