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
    /// Too few or too many places.
    #[error("something is to be put at {places} places of each picture, but it must be 1 to 64")]
    Places {
        /// The number asked for.
        places: u32,
    },
    /// No pixels would be left.
    #[error("pictures are to be changed at a resolution of 0 pixels, but it must be at least 1")]
    Resolution,
    /// No picture shows the artefact with a mask, clear of the lesion.
    #[error(
        "no cut-out of '{artefact}' can be had: no picture has a mask of one that lies clear of the lesion; \
         annotate some, or leave `insert` out"
    )]
    NoCutout {
        /// The artefact.
        artefact: String,
    },
    /// Only rulers are drawn.
    #[error("a '{artefact}' cannot be drawn, only a ruler: use insert = \"cutout\"")]
    NotDrawn {
        /// The artefact.
        artefact: String,
    },
    /// There is no such cut-out.
    #[error(
        "no cut-out of '{artefact}' comes from the picture '{donor}': use one of the donors of this editor"
    )]
    Donor {
        /// The artefact.
        artefact: String,
        /// The picture asked for.
        donor: String,
    },
    /// There is no such turn.
    #[error("a cut-out cannot be turned in way {turn}: there are eight ways, 0 to 7")]
    Turn {
        /// The turn asked for.
        turn: u8,
    },
    /// A change that cannot be made at such a placement.
    #[error(
        "the change `{change}` cannot be made at a placement of the kind `{placement}`: use one that was found for this change"
    )]
    Misplaced {
        /// The change.
        change: super::Change,
        /// The kind of the placement.
        placement: &'static str,
    },
    /// What is to be placed elsewhere has another number of parts.
    #[error(
        "the placement names {spots} spots, but what is to be placed elsewhere has {parts} connected parts: name one for each"
    )]
    Parts {
        /// The number of spots.
        spots: usize,
        /// The number of parts.
        parts: usize,
    },
    /// A cut-out cannot be brought to a picture's size.
    #[error(transparent)]
    Resize(#[from] crate::ResizeError),
    /// The picture is too small for a ruler, or too large for a mask.
    #[error(transparent)]
    Mask(#[from] crate::MaskError),
}
