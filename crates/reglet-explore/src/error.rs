//! Errors, as one-sentence messages for the terminal or the page.

use std::path::PathBuf;

/// The page could not be served, or a request could not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the audit library: a config, a model.
    #[error(transparent)]
    Audit(#[from] reglet_audit::Error),
    /// A data set or an edit.
    #[error(transparent)]
    Data(#[from] reglet_data::DataError),
    /// A change of a picture.
    #[error(transparent)]
    Edit(#[from] reglet_data::edit::EditError),
    /// A mask.
    #[error(transparent)]
    Mask(#[from] reglet_data::MaskError),
    /// A phantom.
    #[error(transparent)]
    Phantom(#[from] reglet_data::phantom::PhantomError),
    /// A picture that cannot be decoded.
    #[error(transparent)]
    Picture(#[from] reglet_data::picture::PictureError),
    /// A picture that cannot be resized.
    #[error(transparent)]
    Resize(#[from] reglet_data::ResizeError),
    /// A model.
    #[error(transparent)]
    Model(#[from] reglet_model::ModelError),
    /// A method.
    #[error(transparent)]
    Attribution(#[from] reglet_attribution::AttributionError),
    /// A drawing.
    #[error(transparent)]
    Viz(#[from] reglet_viz::VizError),
    /// A tensor.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(#[from] tch::TchError),
    /// The request is invalid.
    #[error("{0}")]
    Request(String),
    /// It was superseded by a newer request.
    #[error("this request was superseded by a newer one")]
    Superseded,
    /// Annotations could not be saved or read.
    #[error("the annotations {}: {reason}", path.display())]
    Annotations {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The address cannot be served.
    #[error("cannot listen at {address}: {reason}; choose another port with --port")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        reason: String,
    },
    /// The arguments of the command line.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// An invalid request.
    pub(crate) fn request(text: impl Into<String>) -> Error {
        Error::Request(text.into())
    }
}
