//! The errors of training.

use std::path::PathBuf;

use reglet_model::did_you_mean;

/// A training or a correction failed. Each message is one sentence that says what is wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The model.
    #[error(transparent)]
    Model(#[from] reglet_model::ModelError),
    /// A data set.
    #[error(transparent)]
    Data(#[from] reglet_data::DataError),
    /// A mask or a picture that cannot be resized to the model's input.
    #[error(transparent)]
    Resize(#[from] reglet_data::ResizeError),
    /// A tensor.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(#[from] tch::TchError),
    /// An invalid parameter of a training or of a method.
    #[error("{what}")]
    Parameter {
        /// The parameter.
        key: &'static str,
        /// The error, as a sentence.
        what: String,
    },
    /// A module to be frozen does not exist in the model.
    #[error("the model has no part '{name}' that could be frozen{}", did_you_mean(nearest))]
    NothingToFreeze {
        /// The given name.
        name: String,
        /// The most similar names that exist.
        nearest: Vec<String>,
    },
    /// There are no weights that training could change.
    #[error(
        "there are no weights to train: the model has none (those of a TorchScript program are inside it), or all are frozen"
    )]
    NothingToTrain,
    /// Too few pictures for one step.
    #[error(
        "there are {pictures} training pictures, fewer than the batch of {batch}; give more pictures or a smaller batch"
    )]
    TooFew {
        /// The number of pictures.
        pictures: usize,
        /// The number of pictures of a step.
        batch: usize,
    },
    /// Pictures of different sizes cannot be used together in training.
    #[error(
        "the input of the picture '{id}' is {found:?}, that of others {expected:?}; training needs inputs of one size: give the model a preprocessing with a fixed size"
    )]
    Sizes {
        /// The picture.
        id: String,
        /// Width and height that the others have.
        expected: (u32, u32),
        /// Its own.
        found: (u32, u32),
    },
    /// A class of the data that the model does not have.
    #[error("the training data have the class '{class}', which the model does not; its classes are {known}")]
    UnknownClass {
        /// The class.
        class: String,
        /// The model's classes, separated by commas.
        known: String,
    },
    /// A method needs to know which pictures show the artefact.
    #[error(
        "{method} needs to know for each picture whether it shows the {artefact}, but {unknown} of {pictures} training pictures do not specify it; add flags or masks to the data, or choose a method that needs none"
    )]
    NoFlags {
        /// The method.
        method: &'static str,
        /// The artefact.
        artefact: String,
        /// The number of pictures for which this is unknown.
        unknown: usize,
        /// The number of pictures.
        pictures: usize,
    },
    /// A group of class and artefact without pictures.
    #[error("{method} needs pictures of every class with and without the {artefact}, but there are {found} {group}{}; it needs at least {least}", advice(*found))]
    EmptyGroup {
        /// The method.
        method: &'static str,
        /// The artefact.
        artefact: String,
        /// The group, in words.
        group: String,
        /// The number of its pictures.
        found: usize,
        /// The required number.
        least: usize,
    },
    /// A method needs masks of the artefact within the model's input.
    #[error(
        "{method} needs masks of the {artefact} within the model's input, but none of the {pictures} training pictures has one; add masks to the data, or choose a method that needs none"
    )]
    NoMasks {
        /// The method.
        method: &'static str,
        /// The artefact.
        artefact: String,
        /// How many pictures there are.
        pictures: usize,
    },
    /// The artefact can be neither added nor removed.
    #[error(
        "{method} needs to add the {artefact} to pictures or remove it, but neither is possible with these training pictures: add masks, or pictures to cut it from"
    )]
    NoEdits {
        /// The method.
        method: &'static str,
        /// The artefact.
        artefact: String,
    },
    /// A method changes the last layer, but the model's last layer is not suitable.
    #[error(
        "{method} needs a linear last layer with a bias, but {why}; choose a method that trains the network"
    )]
    NoLinearHead {
        /// The method.
        method: &'static str,
        /// What the model has instead, as a clause.
        why: String,
    },
    /// The features are not associated with the artefact.
    #[error(
        "{method} found nothing in the model's features that is associated with the {artefact}, so there is nothing to remove"
    )]
    NothingFound {
        /// The method.
        method: &'static str,
        /// The artefact.
        artefact: String,
    },
    /// A training diverged before there were good weights.
    #[error("the training diverged at step {step} (loss {loss}); lower the learning rate")]
    Diverged {
        /// The step, from 1.
        step: usize,
        /// The loss there.
        loss: f64,
    },
    /// A checkpoint could not be written.
    #[error("cannot write the checkpoint {}: {reason}; free some space, or disable checkpoints", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

fn advice(found: usize) -> &'static str {
    if found == 0 { ": one group is empty" } else { "" }
}
