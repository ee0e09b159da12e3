//! What can go wrong with a training.

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
    /// A mask or a picture that cannot be brought to the model's size.
    #[error(transparent)]
    Resize(#[from] reglet_data::ResizeError),
    /// A tensor.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(#[from] tch::TchError),
    /// A parameter of a training or of a method that makes no sense.
    #[error("{what}")]
    Parameter {
        /// The parameter.
        key: &'static str,
        /// What is wrong, as a sentence.
        what: String,
    },
    /// Something is to be frozen that the model does not have.
    #[error("the model has no part '{name}' that could be frozen{}", did_you_mean(nearest))]
    NothingToFreeze {
        /// What was asked for.
        name: String,
        /// The most similar names that exist.
        nearest: Vec<String>,
    },
    /// Nothing is left that training could change.
    #[error(
        "there are no weights to train: the model has none (those of a TorchScript program are inside it), or all are frozen"
    )]
    NothingToTrain,
    /// Too few pictures for one step.
    #[error(
        "there are {pictures} training pictures, fewer than the batch of {batch}; give more pictures or a smaller batch"
    )]
    TooFew {
        /// How many there are.
        pictures: usize,
        /// How many a step takes.
        batch: usize,
    },
    /// Pictures of several sizes cannot be trained on together.
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
    /// A class of the data that the model does not know.
    #[error("the training data have the class '{class}', which the model does not; its classes are {known}")]
    UnknownClass {
        /// The class.
        class: String,
        /// The model's, with commas.
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
        /// How many pictures do not say.
        unknown: usize,
        /// How many there are.
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
        /// How many pictures it has.
        found: usize,
        /// How many are needed.
        least: usize,
    },
    /// A method needs masks of the artefact within what the model sees.
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
    /// Nothing can be put in or taken away.
    #[error(
        "{method} needs to add the {artefact} to pictures or remove it, but neither is possible with these training pictures: add masks, or pictures to cut it from"
    )]
    NoEdits {
        /// The method.
        method: &'static str,
        /// The artefact.
        artefact: String,
    },
    /// A method of the last layer, and a model that has none that suits it.
    #[error(
        "{method} needs a linear last layer with a bias, but {why}; choose a method that trains the network"
    )]
    NoLinearHead {
        /// The method.
        method: &'static str,
        /// What the model has instead, as a clause.
        why: String,
    },
    /// The features do not vary with the artefact.
    #[error(
        "{method} found nothing in the model's features that is associated with the {artefact}, so there is nothing to remove"
    )]
    NothingFound {
        /// The method.
        method: &'static str,
        /// The artefact.
        artefact: String,
    },
    /// A training diverged before anything good was there.
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
