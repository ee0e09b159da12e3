//! Why a data set gives no sample.

/// Why a data set cannot be opened, or gives no sample.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is no such sample.
    #[error("there is no sample {index} in `{name}`: it has {len}, counted from 0")]
    Index {
        /// The data set.
        name: String,
        /// The index asked for.
        index: usize,
        /// The number of samples.
        len: usize,
    },
    /// A mask that cannot exist.
    #[error(transparent)]
    Mask(#[from] crate::MaskError),
}
