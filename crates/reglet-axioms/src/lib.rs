//! The axioms of attribution as property tests that anyone can run on a method of their own.
//!
//! An axiom is a statement about every network, input and baseline. [`check`] looks for a case that breaks it, among small
//! random [`Case`]s, and shrinks what it finds until nothing can be left out. Here is a method that is broken on purpose: it
//! forgets the baseline's score and claims completeness all the same.
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
//! | axiom | says |
//! |---|---|
//! | [`Completeness`](Axiom::Completeness) | the attributions sum to F(x) − F(x′), x′ being zero |
//! | [`SensitivityA`](Axiom::SensitivityA) | a pixel that alone differs from the baseline and changes the score has an attribution |
//! | [`SensitivityB`](Axiom::SensitivityB) | a pixel that no weight leads from has none |
//! | [`Dummy`](Axiom::Dummy) | nor has one whose ways to the score cancel |
//! | [`Linearity`](Axiom::Linearity) | the attribution of a F + b G is a times that of F plus b times that of G |
//! | [`Symmetry`](Axiom::Symmetry) | pixels that can be exchanged and are equal have equal attributions |
//! | [`ImplementationInvariance`](Axiom::ImplementationInvariance) | networks that are the same function have the same attributions |
//! | [`InputShift`](Axiom::InputShift) | a constant added to the input and taken away by the first bias changes nothing |
//! | [`ClassSensitivity`](Axiom::ClassSensitivity) | classes with different scores everywhere have different attributions |
//! | [`ParameterRandomisation`](Axiom::ParameterRandomisation) | other weights in the upper half make another map |
//!
//! A pixel's attribution is that of all its channels, so a map of one channel can be held to the same axioms. [`document`]
//! holds every method of `reglet-attribution` to every axiom; what came out is in `docs/axioms.md`.
//!
//! To use the cases in property tests of your own, take [`Case::strategy`] and build a [`Network`] of each.
//!
//! | crate | holds |
//! |---|---|
//! | `reglet-attribution` | the methods; below this one |
//! | `reglet-model` | graphs of operators; below that |

mod axiom;
mod case;
mod check;
mod network;
mod table;

pub use axiom::{Axiom, Outcome};
pub use case::{Case, PIXELS};
pub use check::{Counterexample, Effort, Subject, Verdict, check, check_with};
pub use network::Network;
pub use table::document;
