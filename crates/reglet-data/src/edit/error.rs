//! Why a picture cannot be edited.

/// Why a picture cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The mask does not have the picture's size.
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
    /// No pixels remain to fill the gap from.
    #[error(
        "the whole picture of {width}×{height} pixels cannot be removed: \
         some pixels must remain from which the rest can be filled in"
    )]
    NothingLeft {
        /// The picture's width.
        width: u32,
        /// The picture's height.
        height: u32,
    },
    /// Too few or too many places.
    #[error("the number of places in each picture is {places}, but must be from 1 to 64")]
    Places {
        /// The requested number.
        places: u32,
    },
    /// No pixels would be left.
    #[error("the resolution at which pictures are edited is 0 pixels, but must be at least 1")]
    Resolution,
    /// No picture has a mask of the artefact that is clear of the lesion.
    #[error(
        "there is no cut-out of '{artefact}', because no picture has a mask of it that is clear of the lesion; \
         annotate some, or remove `insert`"
    )]
    NoCutout {
        /// The artefact.
        artefact: String,
    },
    /// Only rulers can be drawn.
    #[error("a '{artefact}' cannot be drawn, only a ruler: use insert = \"cutout\"")]
    NotDrawn {
        /// The artefact.
        artefact: String,
    },
    /// There is no such cut-out.
    #[error(
        "there is no cut-out of '{artefact}' from the picture '{donor}': use one of the donors of this editor"
    )]
    Donor {
        /// The artefact.
        artefact: String,
        /// The requested picture.
        donor: String,
    },
    /// There is no such orientation.
    #[error("the orientation {turn} of a cut-out does not exist: there are eight, 0 to 7")]
    Turn {
        /// The requested orientation.
        turn: u8,
    },
    /// A change that is not possible at such a placement.
    #[error(
        "the change `{change}` cannot be made at a placement of the kind `{placement}`: use a placement that was found for this change"
    )]
    Misplaced {
        /// The change.
        change: super::Change,
        /// The kind of the placement.
        placement: &'static str,
    },
    /// The region to be placed elsewhere has another number of parts.
    #[error(
        "the placement has {spots} positions, but the region to be placed elsewhere has {parts} connected parts: give one position for each part"
    )]
    Parts {
        /// The number of positions.
        spots: usize,
        /// The number of parts.
        parts: usize,
    },
    /// A cut-out cannot be resized to a picture's scale.
    #[error(transparent)]
    Resize(#[from] crate::ResizeError),
    /// The picture is too small for a ruler, or too large for a mask.
    #[error(transparent)]
    Mask(#[from] crate::MaskError),
}
