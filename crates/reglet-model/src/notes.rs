//! Facts about a model that a reader of its answers should know.

use std::fmt;

use crate::graph::Squashing;
use crate::{Preprocessing, PreprocessingSource, Recipe};

/// A fact about a model that changes how it is run or how its answers are read. Its text is one sentence without a full
/// stop.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The network ends with a sigmoid or a softmax. The logits before it are explained, and probabilities are computed from
    /// them once.
    LookedBehind {
        /// The function that is applied to the logits.
        squashing: Squashing,
        /// The value that is the function's result.
        value: String,
        /// The number of logits.
        logits: i64,
    },
    /// The logits were chosen among several results, or found before operators that turn them into a final answer, such as
    /// the most probable class.
    Output {
        /// The value that is used as the logits.
        name: String,
        /// The other results, which are ignored.
        others: Vec<String>,
        /// The operators after it, which are ignored.
        cut: Vec<String>,
    },
    /// A picture's result depends on the other pictures in its batch, so pictures are run one by one.
    RowsDepend {
        /// The first value that depends on several pictures.
        value: String,
        /// The operator that computes it.
        operator: &'static str,
        /// Whether the dependence is certain, or only could not be ruled out.
        surely: bool,
    },
    /// A file specifies how pictures were resized when the model was trained or evaluated.
    Trained {
        /// How.
        recipe: Recipe,
        /// Who says so.
        source: PreprocessingSource,
    },
    /// The model was exported for one picture at a time.
    OnePicture,
    /// An opaque program returned only numbers from 0 to 1, so they may already be probabilities.
    PerhapsProbabilities,
    /// The model does not name its classes, and the caller assumes their order.
    LabelsAssumed {
        /// The assumed names, in the order of the logits.
        labels: Vec<String>,
    },
    /// Passes that only go forward are computed in bfloat16, because the rewrite was asked for.
    Coarse,
}

impl Note {
    /// What a file says of how pictures were resized, unless they are resized in that way.
    pub(crate) fn unless_followed(
        recipe: Option<(Recipe, PreprocessingSource)>,
        preprocessing: &Preprocessing,
    ) -> Option<Note> {
        let (recipe, source) = recipe?;
        let is_followed = recipe.geometry == preprocessing.geometry && recipe.has_its_filter();
        (!is_followed).then_some(Note::Trained { recipe, source })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::LookedBehind { squashing, value, logits } => {
                let (squashing, reading) = match (squashing, logits) {
                    (Squashing::Softmax, _) => ("softmax", "one softmax turns them into probabilities"),
                    (Squashing::Sigmoid, 1) => ("sigmoid", "one sigmoid turns it into the probability"),
                    (Squashing::Sigmoid, _) => (
                        "sigmoid",
                        "each class has its own probability, and several classes can be likely at once",
                    ),
                };
                write!(f, "the network ends with a {squashing} ('{value}'); its input is explained, and {reading}")
            }
            Note::Output { name, others, cut } => {
                write!(f, "the logits are taken from '{name}'")?;
                if !cut.is_empty() {
                    write!(f, ", before {}", cut.join(" and "))?;
                }
                match others.is_empty() {
                    true => Ok(()),
                    false => write!(f, "; its other results are ignored: {}", others.join(", ")),
                }
            }
            Note::RowsDepend { value, operator, surely } => write!(
                f,
                "the answer for a picture {} on the other pictures of its batch, because of {operator} in '{value}', so pictures are run one by one",
                if *surely { "depends" } else { "may depend" }
            ),
            Note::Trained { recipe, source } => write!(
                f,
                "the model is meant for pictures {recipe} ({source}){}",
                if recipe.has_its_filter() { "" } else { "; Reglet has no such filter and resizes by bilinear interpolation" }
            ),
            Note::LabelsAssumed { labels } => write!(
                f,
                "the model does not name its classes; they are assumed to be, in the order of the logits: {}",
                labels.join(", ")
            ),
            Note::Coarse => f.write_str(
                "passes without gradients are computed in bfloat16, as asked for, so their scores are off by one to several per cent of the largest logit; gradients are not affected",
            ),
            Note::OnePicture => f.write_str(
                "it was exported for one picture at a time, so pictures are run one by one; with a dynamic batch it would be faster",
            ),
            Note::PerhapsProbabilities => f.write_str(
                "the program returned only numbers from 0 to 1 for pictures of noise; if these are probabilities, they are misleading as scores: save a program that returns the input of the last sigmoid or softmax",
            ),
        }
    }
}
