//! Training a classifier's graph, and correcting a shortcut that it has learnt.
//!
//! [`train`] is the training loop: it takes a graph, initial weights, a [`Training`] and an [`Objective`], and returns
//! weights. Nothing is changed in place: a model keeps its weights, and
//! [`with_parameters`](reglet_model::Model::with_parameters) makes a new model with the trained ones.
//!
//! [`method`] contains the methods that correct a model, in one file each. A method receives a [`Case`]: the model, a
//! [`Pool`] of pictures that are known to show the artefact or not, and the settings for training. Whether a correction has
//! worked cannot be measured on these pictures; this takes an audit on others.
//!
//! ```
//! use rand_chacha::ChaCha8Rng;
//! use reglet_model::{Architecture, Parameters};
//! use reglet_train::{Objective, Step, TrainError, Training, train};
//! use tch::{Device, Kind, Tensor};
//!
//! /// Eight pictures of noise. Every other picture belongs to the second class.
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
//! | crate | contains |
//! |---|---|
//! | `reglet-data` | pictures, data sets and edits; this crate depends on it |
//! | `reglet-model` | graphs and their parameters; this crate depends on it |
//! | `reglet-audit` | configs, audits and reports; it depends on this crate |

mod checkpoint;
mod error;
mod freeze;
pub mod generated;
mod lasso;
pub mod method;
mod optimiser;
mod pool;
mod schedule;
mod thumbnail;
mod trainer;
mod worst;

pub use checkpoint::Resume;
pub use error::TrainError;
pub use freeze::trainable;
pub use lasso::Lasso;
pub use method::{About, Case, Corrected, CorrectionMethod, Method, Methods, Needs};
pub use optimiser::{AdamW, Optimiser, Sgd};
pub use pool::{Features, Member, Pool, content};
pub use schedule::{Schedule, Shape};
pub use thumbnail::{Thumbnail, copies};
pub use trainer::{Ending, Objective, Outcome, Progress, Step, Training, train};
pub use worst::{Worst, judged, losses};
