//! Image classifiers as graphs of ATen operators whose values have names.
//!
//! A torchvision architecture built here becomes a [`Graph`]: an ordered list of typed operator calls over
//! named values, with the Python module's path on each. Any value can be read, any value can be where the
//! graph is cut and differentiated from. libtorch runs the operators, but for some convolutions, and
//! [`Graph::differentiate`] walks back through them.
//!
//! ```
//! use reglet_model::{Architecture, Graph, Parameters, Request, gradients};
//! use tch::{Device, Kind, Tensor};
//!
//! // A ResNet-18 with an eighth of the channels and five classes, its weights drawn at random.
//! let graph = Architecture::ResNet18.graph(5, 0.125)?;
//! let draw = |shape: &[i64]| Tensor::rand(shape, (Kind::Float, Device::Cpu));
//! let parameters = graph.parameters().iter().map(|parameter| draw(&parameter.shape)).collect();
//! let parameters = Parameters::from_tensors(parameters);
//!
//! // The logits, and a layer's activation with the gradient of one logit there.
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
//! A [`Model`] adds weights from a file, the meaning of the logits ([`Classes`]) and the way a picture
//! becomes an input ([`Preprocessing`]).
//!
//! | crate | holds |
//! |---|---|
//! | `reglet-data` | pictures and data sets; below this one |
//! | `reglet-attribution` | what explains a model; above this one |

mod architecture;
mod classes;
mod device;
mod error;
mod files;
mod graph;
mod import;
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
mod winograd;

pub use architecture::{Architecture, Sizes};
pub use classes::{Classes, Head, HeadSource, ScoreKind};
pub use device::device;
pub use error::ModelError;
pub use graph::{
    Activation, Arithmetic, Aten, BackwardRule, Call, Creation, Differentiable, Differentiated, Fold, Graph,
    Layout, LinearHead, Node, Number, Op, Origin, Parameter, Pass, Places, Pool, Product, Program, Recording,
    Reduction, Request, Rewrite, Role, Rows, Selection, Size, Slope, Squashing, ValueId, gradients,
    is_within,
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
