//! What a reader of a model's answers should know of the model.

use std::fmt;

use crate::graph::Squashing;
use crate::{PreprocessingSource, Recipe};

/// Something about a model that changes how it is run or read. As text, one sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The network ends with a sigmoid or a softmax. The logits before it are explained, and probabilities are made of them
    /// once.
    LookedBehind {
        /// Through what the logits go.
        squashing: Squashing,
        /// The value that is its result.
        value: String,
        /// How many logits there are.
        logits: i64,
    },
    /// Of several results, or behind what makes an answer for people of them, the logits were chosen.
    Output {
        /// The value that is taken for the logits.
        name: String,
        /// The other results, which are left out.
        others: Vec<String>,
        /// The operators behind it that are left out.
        cut: Vec<String>,
    },
    /// What a picture gets depends on the others in its batch, so pictures are run one by one.
    RowsDepend {
        /// The value with which it begins.
        value: String,
        /// The operator that makes it.
        operator: &'static str,
        /// Whether it surely depends on them, or that could not be ruled out.
        surely: bool,
    },
    /// A file says how pictures were resized where the model was trained or evaluated.
    Trained {
        /// How.
        recipe: Recipe,
        /// Who says so.
        source: PreprocessingSource,
    },
    /// The model was exported for one picture at a time.
    OnePicture,
    /// A program that cannot be looked into returned nothing but numbers from 0 to 1, so these may be probabilities already.
    PerhapsProbabilities,
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
            Note::OnePicture => f.write_str(
                "it was exported for one picture at a time, so pictures are run one by one; with a dynamic batch it would be faster",
            ),
            Note::PerhapsProbabilities => f.write_str(
                "the program returned only numbers from 0 to 1 for pictures of noise; if these are probabilities, they are misleading as scores: save a program that returns the input of the last sigmoid or softmax",
            ),
        }
    }
}
