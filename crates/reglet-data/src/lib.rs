//! Pictures, masks and data sets.

mod dataset;
pub mod edit;
mod error;
mod mask;

pub use dataset::{Dataset, Sample};
pub use error::DataError;
pub use mask::{BoundingBox, MAX_PIXELS, Mask, MaskError};
