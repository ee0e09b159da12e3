//! The errors of attribution methods.

use reglet_model::{ModelError, did_you_mean};

use crate::Capability;

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
    /// A table of methods has a key that is not a method's name, and the method is not named either.
    #[error(
        "there is no method '{label}'{}",
        did_you_mean_or(
            nearest,
            "; a table with another key needs the method's name, as in `name = \"integrated_gradients\"`"
        )
    )]
    Unnamed {
        /// The key.
        label: String,
        /// The most similar names that exist.
        nearest: Vec<String>,
    },
    /// A name or label that a method cannot have.
    #[error("a method cannot be called '{name}': {reason}")]
    Name {
        /// The name or label.
        name: String,
        /// Why.
        reason: String,
    },
    /// A method has no such parameter.
    #[error("{method} has no parameter '{parameter}'; {}", it_has(known))]
    UnknownParameter {
        /// The method's name or label.
        method: String,
        /// The requested parameter.
        parameter: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// The value of a parameter is not of its type.
    #[error("{method}: {parameter}: {reason}")]
    Value {
        /// The method's name or label.
        method: String,
        /// The parameter.
        parameter: String,
        /// What is wrong with the value.
        reason: String,
    },
    /// A method needs more than the classifier offers.
    #[error(
        "{method} needs {needed}, but the classifier only offers {offered}; choose a method that works with {offered}"
    )]
    Lacks {
        /// The method's title.
        method: &'static str,
        /// What it needs.
        needed: Capability,
        /// What the classifier offers.
        offered: Capability,
    },
    /// The most probable class was requested of a classifier that only computes the scores of given classes.
    #[error(
        "the classifier only computes the scores of given classes, so its most probable class is not known; give the classes to explain"
    )]
    NoTop,
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
    /// A model without the operators in which a method differs from the gradient.
    #[error(
        "{method} changes what rectifiers (ReLU) pass back, and the model has none, so that the map would be the plain gradient; choose saliency or another method"
    )]
    NoRectifier {
        /// The method.
        method: &'static str,
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

impl AttributionError {
    /// The same error as that of the method with this title.
    pub(crate) fn of(self, title: &'static str) -> AttributionError {
        match self {
            AttributionError::Lacks { needed, offered, .. } => {
                AttributionError::Lacks { method: title, needed, offered }
            }
            other => other,
        }
    }
}

fn it_has(parameters: &[String]) -> String {
    match parameters {
        [] => "it has none".to_owned(),
        some => format!("it has: {}", some.join(", ")),
    }
}

fn did_you_mean_or(nearest: &[String], otherwise: &str) -> String {
    if nearest.is_empty() { otherwise.to_owned() } else { did_you_mean(nearest) }
}
