//! Attribution methods: what in a picture an image classifier's answer rests on.
//!
//! Each method is written against the smallest capability that it needs of a model ([`Scores`],
//! [`Gradients`], [`Layers`]), so it works on a classifier of your own too:
//!
//! ```
//! use reglet_attribution::{AttributionError, Gradients, IntegratedGradients, Scores};
//! use tch::{Device, Kind, Tensor};
//!
//! /// A classifier whose score is the sum of squares.
//! struct Squares;
//!
//! impl Scores for Squares {
//!     fn scores(&self, inputs: &Tensor, _: &[usize]) -> Result<Tensor, AttributionError> {
//!         Ok(inputs.square().sum_dim_intlist([1_i64, 2, 3].as_slice(), false, Kind::Float))
//!     }
//! }
//!
//! impl Gradients for Squares {
//!     fn gradients(&self, inputs: &Tensor, targets: &[usize]) -> Result<(Tensor, Tensor), AttributionError> {
//!         Ok((self.scores(inputs, targets)?, inputs * 2.0))
//!     }
//! }
//!
//! let input = Tensor::from_slice(&[1_f32, 2.0, 3.0]).view([1, 3, 1, 1]);
//! let scores = Squares.scores(&input, &[0])?;
//! let found = IntegratedGradients::default().attribute(&Squares, &input, &[0], &scores)?;
//!
//! // From zero, the integral of 2αx·x is x²; and the attributions sum to the score.
//! let values: Vec<f32> = Vec::try_from(found.values.view([-1]))?;
//! assert!(values.iter().zip([1.0, 4.0, 9.0]).all(|(value, square)| (value - square).abs() < 1e-5));
//! assert!(found.gaps.is_some_and(|gaps| gaps[0].relative < 1e-6));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An [`AttributionMethod`] is what a method is to those who choose and draw methods without knowing them one by one;
//! [`Method`] holds them by name, and [`Method::attribute_all`] computes several together, sharing what they have in
//! common.
//!
//! | crate | holds |
//! |---|---|
//! | `reglet-model` | the classifiers; below this one |
//! | `reglet-audit` | data sets, evidence, a verdict; above this one |

mod attribution;
mod baseline;
mod capability;
mod error;
mod grad_cam;
mod input_x_gradient;
mod integrated_gradients;
mod method;
mod quadrature;
mod registry;
mod saliency;

pub use attribution::{Attribution, Gap, Reduction, Remark};
pub use baseline::{Baseline, Noise};
pub use capability::{Gradients, Layers, Scores};
pub use error::AttributionError;
pub use grad_cam::{GradCam, Upsampling};
pub use input_x_gradient::InputXGradient;
pub use integrated_gradients::IntegratedGradients;
pub use method::{About, AttributionMethod, Family, Needs, Point};
pub use quadrature::Quadrature;
pub use registry::{Computed, Explanation, Method, Methods};
pub use saliency::Saliency;
