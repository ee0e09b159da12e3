//! Why a data set cannot be opened, or a sample cannot be read.

use std::path::PathBuf;

use crate::picture::{Fault, PictureError};
use crate::{AddressFault, Problems};

impl DataError {
    /// Whether one picture or mask cannot be read, whatever the reason; other pictures may still be readable.
    pub fn is_of_one_picture(&self) -> bool {
        matches!(self, Self::Picture(_))
    }

    /// Whether one picture or mask is missing, damaged or too large, so that reading it again will not help; it may help if
    /// the system, the network or a store has failed.
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Picture(error) if error.fault() != Fault::System)
    }
}

/// Why a data set cannot be opened, or a sample cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is no such sample.
    #[error("there is no sample {index} in `{name}`: it has {len}, counted from 0")]
    Index {
        /// The data set.
        name: String,
        /// The requested index.
        index: usize,
        /// The number of samples.
        len: usize,
    },
    /// The files contradict themselves or one another; all contradictions are listed.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// A file or a folder cannot be read.
    #[error("`{}` cannot be read ({source}): check the path and its permissions", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A file or a folder in a store, or behind a web address, cannot be read.
    #[error(
        "`{}` cannot be read ({reason}): check the address, the credentials in the environment, and the network",
        path.display()
    )]
    Store {
        /// The address.
        path: PathBuf,
        /// The error of the store.
        reason: String,
    },
    /// An address is invalid, or must not be used.
    #[error(transparent)]
    Address(#[from] AddressFault),
    /// A path leads to something that is not a regular file: a folder, a pipe, a device, a socket.
    #[error("`{}` is a {what}, not a file: give a file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A table or an annotation file is larger than allowed.
    #[error("`{}` is larger than the limit of {limit} bytes: split it", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The largest number of bytes allowed.
        limit: u64,
    },
    /// A picture or a mask cannot be read.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// An invalid mask.
    #[error(transparent)]
    Mask(#[from] crate::MaskError),
    /// A picture that cannot be resized.
    #[error(transparent)]
    Resize(#[from] crate::ResizeError),
    /// An invalid phantom.
    #[error(transparent)]
    Phantom(#[from] crate::phantom::PhantomError),
    /// A picture that cannot be edited.
    #[error(transparent)]
    Edit(#[from] crate::edit::EditError),
    /// A mask has another size than its picture.
    #[error(
        "the mask of `{region}` in `{}` is {}×{} pixels, but the picture `{id}` is {}×{}: redraw the mask at the picture's size",
        file.display(), mask.0, mask.1, picture.0, picture.1
    )]
    MaskSize {
        /// The sample's id.
        id: String,
        /// The region.
        region: String,
        /// The file that holds the mask, or the annotations.
        file: PathBuf,
        /// The picture's width and height.
        picture: (u32, u32),
        /// The mask's width and height.
        mask: (u32, u32),
    },
    /// A picture is stored rotated or mirrored, and it is unknown whether its region was drawn in that orientation.
    #[error(
        "the picture `{id}` is stored with a rotation for viewers (orientation {orientation}), and its size does not show whether `{region}` in `{}` was drawn before or after the rotation: specify it with `drawn_on = \"stored\"` or `drawn_on = \"upright\"`",
        file.display()
    )]
    Orientation {
        /// The sample's id.
        id: String,
        /// The region, or all of the annotations'.
        region: String,
        /// The file that holds the mask, or the annotations.
        file: PathBuf,
        /// The orientation in the picture's file, from 2 to 8, as in EXIF.
        orientation: u8,
    },
    /// A mask's file has an orientation, but that of its picture differs.
    #[error(
        "the mask `{}` is stored with a rotation for viewers (orientation {mask}), but its picture `{id}` has another (orientation {picture}): save the mask again without its EXIF data",
        file.display()
    )]
    MaskOrientation {
        /// The sample's id.
        id: String,
        /// The file that holds the mask.
        file: PathBuf,
        /// The orientation in the picture's file, from 1 to 8, as in EXIF.
        picture: u8,
        /// The orientation in the mask's file, from 2 to 8.
        mask: u8,
    },
    /// A mask's pixels are all so dark that none counts as inside, but not all are black.
    #[error(
        "the mask `{}` has no value above {brightest}, so every pixel counts as outside: write 255 inside and 0 outside",
        file.display()
    )]
    FaintMask {
        /// The file that holds the mask.
        file: PathBuf,
        /// The largest value in it, from 1 to 127.
        brightest: u8,
    },
    /// An annotation draws nothing in its picture, or cannot belong to it.
    #[error("annotation {annotation} of `{picture}` in `{}`: {fault}", file.display())]
    Annotation {
        /// The annotation file.
        file: PathBuf,
        /// The annotation's id or, if it has none, its index in the list.
        annotation: String,
        /// The picture, as the annotation file names it.
        picture: String,
        /// The error, and the likely cause.
        fault: String,
    },
    /// A mask and a flag disagree about whether the picture shows a region.
    #[error(
        "`{id}` is flagged as {} `{region}`, but its mask of it is {}: correct the flag or the mask",
        if *flag { "showing" } else { "not showing" },
        if *flag { "empty" } else { "not empty" }
    )]
    Contradiction {
        /// The sample's id.
        id: String,
        /// The region.
        region: String,
        /// The value of the flag.
        flag: bool,
    },
}
