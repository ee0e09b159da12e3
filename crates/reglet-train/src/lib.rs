//! Training a classifier's graph, and correcting a shortcut that it has learnt.
//!
//! [`train`] is the loop: it takes a graph, weights to begin with, a [`Training`] and an [`Objective`], and returns weights.
//! Nothing is changed in place: a model keeps its weights, and what was learnt is made a model by
//! [`with_parameters`](reglet_model::Model::with_parameters).
//!
//! [`method`] holds the ways to correct a model, one file to a method. Each is given a [`Case`]: the model, a [`Pool`] of
//! pictures of which it is known whether they show the artefact, and how networks are trained. Whether a correction is one,
//! these pictures cannot say: that is for an audit on others.
//!
//! ```
//! use rand_chacha::ChaCha8Rng;
//! use reglet_model::{Architecture, Parameters};
//! use reglet_train::{Objective, Step, TrainError, Training, train};
//! use tch::{Device, Kind, Tensor};
//!
//! /// Eight noisy pictures, of which every other one is of the second class.
//! struct Noise(Tensor);
//!
//! impl Objective for Noise {
//!     fn len(&self) -> usize {
//!         8
//!     }
//!
//!     fn inputs(&mut self, batch: &[i64], _: usize, _: &mut ChaCha8Rng) -> Result<Tensor, TrainError> {
//!         Ok(self.0.f_index_select(0, &Tensor::from_slice(batch))?)
//!     }
//!
//!     fn loss(&mut self, step: &Step<'_>) -> Result<Tensor, TrainError> {
//!         let labels: Vec<i64> = step.batch.iter().map(|place| place % 2).collect();
//!         Ok(step.logits()?.cross_entropy_for_logits(&Tensor::from_slice(&labels)))
//!     }
//! }
//!
//! let graph = Architecture::ResNet18.graph(2, 0.125)?;
//! let start = Parameters::initial(&graph, 1)?;
//! let training = Training { epochs: 1, batch: 4, freeze: vec!["layer1".into()], ..Training::default() };
//! let mut noise = Noise(Tensor::rand([8, 3, 32, 32], (Kind::Float, Device::Cpu)));
//! let outcome = train(&graph, &start, &training, 7, &mut noise, None, &mut |progress| {
//!     assert!(progress.loss.is_finite());
//! })?;
//! assert_eq!(outcome.steps, 2);
//! # Ok::<(), TrainError>(())
//! ```
//!
//! | crate | holds |
//! |---|---|
//! | `reglet-data` | pictures, data sets and edits; below this one |
//! | `reglet-model` | graphs and their parameters; below this one |
//! | `reglet-audit` | configs, audits and reports; above this one, which knows nothing of them |

mod checkpoint;
mod error;
mod freeze;
pub mod generated;
mod lasso;
pub mod method;
mod optimiser;
mod pool;
mod schedule;
mod trainer;
mod worst;

pub use error::TrainError;
pub use freeze::trainable;
pub use lasso::Lasso;
pub use method::{About, Case, Corrected, CorrectionMethod, Method, Methods, Needs};
pub use optimiser::{AdamW, Optimiser, Sgd};
pub use pool::{Features, Member, Pool, content};
pub use schedule::{Schedule, Shape};
pub use trainer::{Ending, Objective, Outcome, Progress, Resume, Step, Training, train};
pub use worst::{Worst, judged, losses};
