//! Pictures with one thing changed.

mod error;

use image::RgbImage;

use crate::Mask;
pub use error::EditError;

/// What is changed about a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// The region is put in.
    Insert,
    /// The region is taken away.
    Remove,
    /// The region is put somewhere else.
    Move,
    /// Something equally large but meaningless is changed.
    Control,
}

/// A picture with one thing changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The changed picture, of the original's size.
    pub picture: RgbImage,
    /// Where it was changed.
    pub region: Mask,
}
