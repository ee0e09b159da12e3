//! Errors, as one-sentence messages for the user at the terminal.

use std::path::{Path, PathBuf};

use miette::{Diagnostic, NamedSource, SourceSpan};

/// A run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error in a config, shown at its line.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// A model.
    #[error(transparent)]
    Model(#[from] reglet_model::ModelError),
    /// A method.
    #[error(transparent)]
    Attribution(#[from] reglet_attribution::AttributionError),
    /// A data set.
    #[error(transparent)]
    Data(#[from] reglet_data::DataError),
    /// A picture.
    #[error(transparent)]
    Picture(#[from] reglet_data::picture::PictureError),
    /// A mask or a picture that cannot be resized to the model's input.
    #[error(transparent)]
    Resize(#[from] reglet_data::ResizeError),
    /// A drawing.
    #[error(transparent)]
    Viz(#[from] reglet_viz::VizError),
    /// A training.
    #[error(transparent)]
    Train(#[from] reglet_train::TrainError),
    /// A tensor.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(#[from] tch::TchError),
    /// The results could not be written.
    #[error("cannot write to {}: {reason}; nothing was written; choose another folder with --out, or free some space", path.display())]
    Output {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The caller has stopped the audit.
    #[error("the audit was stopped; run it again to resume it")]
    Stopped,
    /// Any other error in the request.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// Makes an [`Error::Output`] for `path`.
    pub(crate) fn output(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
        move |error| Error::Output { path: path.to_owned(), reason: error.to_string() }
    }
}

/// An error in a config.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct ConfigError {
    /// What is wrong and what was expected.
    pub message: String,
    /// The config, as it was read.
    #[source_code]
    pub source_code: NamedSource<String>,
    /// The position of the error.
    #[label("here")]
    pub span: Option<SourceSpan>,
}
