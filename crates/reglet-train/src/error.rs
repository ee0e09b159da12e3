//! What can go wrong with a training.

/// A training or a correction failed. Each message is one sentence: what is wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The model.
    #[error(transparent)]
    Model(#[from] reglet_model::ModelError),
    /// A data set.
    #[error(transparent)]
    Data(#[from] reglet_data::DataError),
    /// A tensor.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(#[from] tch::TchError),
}
