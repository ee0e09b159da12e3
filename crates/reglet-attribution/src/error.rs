//! The errors of attribution methods.

use reglet_model::{ModelError, did_you_mean};

/// An attribution could not be computed. Each message is one sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttributionError {
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// libtorch failed outside the model.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(#[from] tch::TchError),
    /// A user-defined classifier failed.
    #[error("the classifier failed: {0}")]
    Classifier(#[from] Box<dyn std::error::Error + Send + Sync>),
    /// No method of that name.
    #[error("there is no method '{name}'{}", did_you_mean(nearest))]
    UnknownMethod {
        /// The requested name.
        name: String,
        /// The most similar names that exist.
        nearest: Vec<String>,
    },
    /// A method's parameter is outside its range.
    #[error("{method}: {parameter} is {value}, but must be {expected}")]
    Parameter {
        /// The method.
        method: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What it was.
        value: String,
        /// The permitted values.
        expected: &'static str,
    },
    /// No baseline of that name.
    #[error(
        "there is no baseline '{name}'; the baselines are zero, black, white, grey, #rrggbb, a number in the model's input space, blur:PIXELS, noise:SEED, or the path of a picture"
    )]
    UnknownBaseline {
        /// What was requested.
        name: String,
    },
    /// A baseline that is not available.
    #[error("the baseline cannot be used: {reason}")]
    Baseline {
        /// Why.
        reason: String,
    },
    /// An operator that a method has no rule for.
    #[error(
        "{method} has no rule for the operator {operator}, which computes '{layer}'; choose another method"
    )]
    NoRule {
        /// The method.
        method: &'static str,
        /// The operator's name in ATen.
        operator: &'static str,
        /// The value it computes.
        layer: String,
    },
    /// A layer without the height and width that a class activation map needs.
    #[error(
        "{method} needs a layer with height and width, but '{layer}' returns the shape {shape:?}; choose a convolution"
    )]
    NotSpatial {
        /// The method.
        method: &'static str,
        /// The layer.
        layer: String,
        /// The shape of what it returns.
        shape: Vec<i64>,
    },
    /// A layer whose first dimension is not the number of pictures, as in the windows of a Swin transformer.
    #[error(
        "'{layer}' returns the shape {shape:?}, whose first dimension is not the number of pictures, so the rest of the model cannot be run from it; choose a layer before the values are split into windows"
    )]
    NotByPicture {
        /// The layer.
        layer: String,
        /// The shape of what it returns.
        shape: Vec<i64>,
    },
    /// A model that is not a transformer, or whose tokens do not all attend to each other.
    #[error(
        "the method needs a transformer in which all tokens of a picture attend to each other: {reason}; choose another method"
    )]
    NoAttention {
        /// The reason.
        reason: String,
    },
    /// The computation was cancelled, because its result is no longer needed.
    #[error("the attribution was stopped before it was finished")]
    Stopped,
    /// The model's score for the input is not finite, so it cannot be explained.
    #[error(
        "the model's score is {score} for picture {row} of the batch; a score that is not finite cannot be explained"
    )]
    NotFinite {
        /// The score.
        score: f64,
        /// The row of the batch.
        row: usize,
    },
}
