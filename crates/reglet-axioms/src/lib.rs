//! The axioms of attribution as property tests for any attribution method, including your own.
//!
//! An axiom is a statement about all networks, inputs and baselines. [`check`] searches small random [`Case`]s for a
//! counterexample, and shrinks it until nothing can be removed. The method in this example is wrong on purpose: it is meant
//! to be complete, but ignores the score of the baseline.
//!
//! ```
//! use reglet_axioms::{Axiom, Verdict, check};
//! use reglet_attribution::{AttributionError, Operators};
//! use tch::{Kind, Tensor};
//!
//! /// The score itself, spread evenly over the picture.
//! fn broken(model: &dyn Operators, inputs: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
//!     let scores = model.scores(inputs, targets)?.f_view([-1, 1, 1, 1])?;
//!     Ok(inputs.f_ones_like()?.f_mul(&scores)?.f_div_scalar(12.0)?)
//! }
//!
//! let Verdict::Fails(counterexample) = check(Axiom::Completeness, &broken) else { panic!("it is broken") };
//! // All that is left of the network is a bias: F is constant, so no value may have an attribution, but all do.
//! let case = counterexample.case.as_ref().expect("a network and its input");
//! assert_eq!(case.bias[0].abs(), 1);
//! assert!(case.input.iter().all(|value| *value == 0));
//! assert_eq!(counterexample.finding, "the attributions sum to 0.5, but the score rises by 0");
//! assert_eq!(check(Axiom::InputShift, &broken), Verdict::Holds);
//! # Ok::<(), AttributionError>(())
//! ```
//!
//! | axiom | statement |
//! |---|---|
//! | [`Completeness`](Axiom::Completeness) | the attributions sum to F(x) − F(x′), x′ being zero |
//! | [`SensitivityA`](Axiom::SensitivityA) | if the input differs from the baseline in one pixel only and the scores differ, that pixel has a non-zero attribution |
//! | [`SensitivityB`](Axiom::SensitivityB) | a pixel with no weight to the rest of the network has a zero attribution |
//! | [`Dummy`](Axiom::Dummy) | a pixel whose paths to the score cancel has a zero attribution |
//! | [`Linearity`](Axiom::Linearity) | the attribution of a F + b G is a times the attribution of F plus b times the attribution of G |
//! | [`Symmetry`](Axiom::Symmetry) | pixels that have equal values and can be exchanged without changing the function have equal attributions |
//! | [`ImplementationInvariance`](Axiom::ImplementationInvariance) | networks that compute the same function have the same attributions |
//! | [`InputShift`](Axiom::InputShift) | adding a constant to the input, and cancelling it in the first bias, does not change the attributions |
//! | [`ClassSensitivity`](Axiom::ClassSensitivity) | classes whose scores differ everywhere have different attributions |
//! | [`ParameterRandomisation`](Axiom::ParameterRandomisation) | re-initialising the weights of the upper half changes the map |
//!
//! A pixel's attribution consists of the values of all its channels, so the same axioms apply to a map with one channel.
//! [`survey`] tests every method of `reglet-attribution` against every axiom; the results are in `docs/axioms.md`.
//!
//! To use the cases in property tests of your own, draw them from [`Case::strategy`] and build a [`Network`] from each.
//!
//! | crate | contains |
//! |---|---|
//! | `reglet-attribution` | the methods; this crate depends on it |
//! | `reglet-model` | graphs of operators; this crate depends on it |

mod axiom;
mod case;
mod check;
mod network;
mod table;
mod verdict;

pub use axiom::{Axiom, Outcome};
pub use case::{Case, PIXELS};
pub use check::{Effort, check, check_method, check_with};
pub use network::Network;
pub use table::{Survey, survey};
pub use verdict::{Counterexample, Subject, Verdict};
