//! The models of an audit.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reglet_data::Size;
use reglet_model::{Architecture, Head, Preprocessing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::results::Expectation;

/// One model: an architecture and its weights, or an archive or an ONNX file, which contains both.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The architecture, by its name in torchvision.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub architecture: Option<Architecture>,
    /// The weights file, or `torchvision`.
    #[serde(default)]
    pub weights: Option<PathBuf>,
    /// A model saved by torch.export (`.pt2`) or an ONNX file (`.onnx`), with its weights; or, if it is trusted, a
    /// TorchScript program.
    #[serde(default)]
    pub archive: Option<PathBuf>,
    /// Allows a TorchScript program to run. Use it only for programs from a trusted source, because they can do whatever
    /// their author wrote.
    #[serde(default)]
    pub run_torchscript: bool,
    /// The name of the output with the logits, for an ONNX file with several outputs.
    #[serde(default)]
    pub output: Option<String>,
    /// The meaning of the logits: `softmax`, one class of several; `sigmoid`, one logit for two classes; `multi_label`, each
    /// class separately. By default, it is taken from the last layer of the network, else `softmax`.
    #[serde(default)]
    pub head: Option<Head>,
    /// The number of channels relative to the published network.
    #[serde(default = "default_width")]
    pub width: f64,
    /// The classes, in the order of the logits; by default those of the data set, if their number matches.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// The preprocessing of pictures; by default, the size that an archive was exported for, else `notebook`.
    #[serde(default)]
    pub preprocessing: Option<PreprocessingConfig>,
    /// The expected verdict: `shortcut`, `clear`, `inconclusive`, or `no_shortcut` for either of the latter two; or one of
    /// them for each artefact. If every model has its expected verdict, the exit status is 0.
    #[serde(default)]
    pub expect: Option<Expected>,
}

/// The preprocessing of pictures. All variants except `custom` specify only the size; the mean and the standard deviation
/// are then those in an exported model's archive or in a file beside it, if there are any, else ImageNet's.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PreprocessingConfig {
    /// Resized to 224×224.
    #[default]
    Notebook,
    /// The shorter side to 256, the centre 224×224.
    Torchvision,
    /// Resized to a square of this side.
    Square(#[schemars(range(min = 1, max = 4096))] u32),
    /// Resized to this width and height.
    Size(Size),
    /// Everything said.
    Custom(Preprocessing),
}

fn default_width() -> f64 {
    1.0
}

/// The expected verdict on a model.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Expected {
    /// The same for every artefact and target.
    Every(Expectation),
    /// By artefact.
    ByArtefact(BTreeMap<String, Expectation>),
}

impl Expected {
    /// The expectation for each artefact.
    pub fn of(&self, artefact: &str) -> Option<Expectation> {
        match self {
            Expected::Every(expectation) => Some(*expectation),
            Expected::ByArtefact(expectations) => expectations.get(artefact).copied(),
        }
    }
}
