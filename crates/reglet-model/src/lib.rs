//! Image classifiers as graphs of ATen operators whose values have names.
//!
//! An architecture of torchvision is built as a [`Graph`]: an ordered list of typed operator calls on named values, each
//! labelled with the path of its Python module. Any value can be read, and the graph can be cut at any value and
//! differentiated with respect to it. libtorch runs the operators, except for some convolutions, and
//! [`Graph::differentiate`] propagates gradients back through them.
//!
//! ```
//! use reglet_model::{Architecture, Graph, Parameters, Request, gradients};
//! use tch::{Device, Kind, Tensor};
//!
//! // A ResNet-18 with an eighth of the channels, five classes and random weights.
//! let graph = Architecture::ResNet18.graph(5, 0.125)?;
//! let draw = |shape: &[i64]| Tensor::rand(shape, (Kind::Float, Device::Cpu));
//! let parameters = graph.parameters().iter().map(|parameter| draw(&parameter.shape)).collect();
//! let parameters = Parameters::from_tensors(parameters);
//!
//! // The logits, and a layer's activation with the gradient of one logit with respect to it.
//! let picture = draw(&[1, 3, 64, 64]);
//! let layer = graph.layer("layer4.1.conv2")?;
//! let values = graph.run(&parameters, &Request {
//!     feeds: &[(graph.input(), &picture)],
//!     fetches: &[graph.output(), layer],
//!     watch: &[layer],
//!     ..Request::default()
//! })?;
//! assert_eq!(values[0].size(), [1, 5]);
//! let gradient = gradients(&values[0].select(1, 3), &[&values[1]])?;
//! assert_eq!(gradient[0].size(), values[1].size());
//! # Ok::<(), reglet_model::ModelError>(())
//! ```
//!
//! A [`Model`] adds weights from a file, the meaning of the logits ([`Classes`]) and the conversion of a picture to an input
//! ([`Preprocessing`]).
//!
//! | crate | contains |
//! |---|---|
//! | `reglet-data` | pictures and data sets; this crate depends on it |
//! | `reglet-attribution` | methods that explain a model; it depends on this crate |

mod architecture;
mod classes;
mod device;
mod error;
mod files;
mod graph;
mod import;
mod kernel;
mod labels;
mod meaning;
mod memory;
mod model;
mod nearest;
mod notes;
mod preprocessing;
mod recipe;
mod statistics;
mod weights;
mod workers;

pub use architecture::{Architecture, Sizes};
pub use classes::{Classes, Head, HeadSource, LabelSource, ScoreKind};
pub use device::device;
pub use error::ModelError;
pub use graph::{
    Activation, Arithmetic, Aten, BackwardRule, Call, Creation, Differentiable, Differentiated, Fold, Graph,
    Layout, LinearHead, Near, Node, Number, Op, Origin, Parameter, Pass, Places, Pool, Product, Recording,
    Reduction, Request, Rewrite, Role, Rows, Selection, Size, Slope, Squashing, TorchScript, ValueId,
    gradients, is_within,
};
pub use import::export_help;
pub use labels::read_labels;
pub use model::{
    Evaluation, ImportOptions, LayerEvaluation, Model, ModelOptions, Provenance, Targets, WeightsSource,
};
pub use nearest::{did_you_mean, nearest};
pub use notes::Note;
pub use preprocessing::{Channels, Preprocessing};
pub use recipe::Recipe;
pub use statistics::{PreprocessingChoice, PreprocessingSource};
pub use weights::{Parameters, Progress, Weights, fetch, published, save};
