//! Why a picture cannot be edited.

/// Why a picture cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The mask does not belong to the picture.
    #[error(
        "a mask of {}×{} pixels does not fit a picture of {}×{}: they must have the same size",
        mask.0, mask.1, picture.0, picture.1
    )]
    Size {
        /// The mask's width and height.
        mask: (u32, u32),
        /// The picture's width and height.
        picture: (u32, u32),
    },
    /// Nothing is left to fill the gap from.
    #[error(
        "nothing can be removed from a picture of {width}×{height} pixels all of which are to go: \
         there must be something left to fill the gap from"
    )]
    NothingLeft {
        /// The picture's width.
        width: u32,
        /// The picture's height.
        height: u32,
    },
    /// The picture is too small for a ruler, or too large for a mask.
    #[error(transparent)]
    Mask(#[from] crate::MaskError),
}
