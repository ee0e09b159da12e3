use std::path::{Path, PathBuf};

use image::ImageError;

/// Why a file gives no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// There is no such file.
    #[error("there is no picture `{}`: check the path", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path leads to a folder.
    #[error("`{}` is a folder, not a picture: name a file in it", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// The path leads to something that may never end, or never begin: a pipe, a device, a socket.
    #[error("`{}` is a {what}, not a file: give a picture's file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The file has no content.
    #[error("the picture `{}` is empty, 0 bytes long: copy or download it again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The content begins like no format that is read.
    #[error(
        "`{}` is not a picture that can be read: convert it to PNG, JPEG, BMP, TIFF or WebP",
        path.display()
    )]
    NotAPicture {
        /// The file.
        path: PathBuf,
    },
    /// The content ends before the picture does.
    #[error("the picture `{}` is cut short: copy or download it again", path.display())]
    CutShort {
        /// The file.
        path: PathBuf,
    },
    /// The content contradicts itself.
    #[error("the picture `{}` is damaged ({source}): copy or download it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder found.
        source: ImageError,
    },
    /// The format is known, this variety of it is not.
    #[error("the picture `{}` is of a kind that cannot be read ({source}): save it as an 8-bit PNG", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What the decoder does not know.
        source: ImageError,
    },
    /// The samples are floating-point numbers, whose range nobody has said.
    #[error(
        "the picture `{}` holds floating-point numbers, which have no fixed black and white: save it as an 8-bit or 16-bit PNG",
        path.display()
    )]
    FloatingPoint {
        /// The file.
        path: PathBuf,
    },
    /// The samples have 16 bits, of which only the lower ones are used.
    #[error(
        "the picture `{}` has 16 bits a channel but no value above {largest} of 65535, so that it would be nearly black, as if it held {}-bit values: multiply them by {}, or save it with 8 bits",
        path.display(), bits(*largest), 1_u32 << (u16::BITS - bits(*largest))
    )]
    NearlyBlack {
        /// The file.
        path: PathBuf,
        /// Its largest value, from 1 to 4095.
        largest: u16,
    },
    /// The header claims more pixels than allowed.
    #[error(
        "the picture `{}` is too large, {width}×{height} pixels where at most {limit} are allowed: make it smaller",
        path.display()
    )]
    TooManyPixels {
        /// The file.
        path: PathBuf,
        /// The width its header claims, in pixels.
        width: u32,
        /// The height its header claims, in pixels.
        height: u32,
        /// The largest number of pixels allowed.
        limit: u64,
    },
    /// The file is longer than allowed.
    #[error(
        "the picture `{}` is too large, more than the {limit} bytes that are allowed: make it smaller",
        path.display()
    )]
    TooManyBytes {
        /// The file.
        path: PathBuf,
        /// The largest number of bytes allowed.
        limit: u64,
    },
    /// Decoding would take more memory than allowed.
    #[error("decoding the picture `{}` takes too much memory ({source}): save it as a plain PNG", path.display())]
    TooMuchMemory {
        /// The file.
        path: PathBuf,
        /// What the decoder asked for.
        source: ImageError,
    },
    /// The operating system refuses.
    #[error("the picture `{}` cannot be read ({source}): check its permissions and the disk", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

/// How many bits a number takes.
fn bits(number: u16) -> u32 {
    u16::BITS - number.leading_zeros()
}

/// Who or what is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The path: there is no such file, or it is no file.
    Missing,
    /// The file's content.
    Data,
    /// The limits: the picture may be sound, but is larger than allowed.
    Limits,
    /// The operating system.
    System,
}

impl PictureError {
    /// Who or what is at fault.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Missing { .. } | Self::Folder { .. } | Self::NotAFile { .. } => Fault::Missing,
            Self::Empty { .. }
            | Self::NotAPicture { .. }
            | Self::CutShort { .. }
            | Self::Damaged { .. }
            | Self::Unsupported { .. }
            | Self::FloatingPoint { .. }
            | Self::NearlyBlack { .. } => Fault::Data,
            Self::TooManyPixels { .. } | Self::TooManyBytes { .. } | Self::TooMuchMemory { .. } => {
                Fault::Limits
            }
            Self::System { .. } => Fault::System,
        }
    }

    pub(super) fn from_decoder(path: &Path, source: ImageError) -> Self {
        let path = path.to_path_buf();
        match source {
            // All input is in memory, so that its end is the only thing that can go wrong reading it.
            ImageError::IoError(_) => Self::CutShort { path },
            ImageError::Limits(_) => Self::TooMuchMemory { path, source },
            ImageError::Unsupported(_) => Self::Unsupported { path, source },
            ImageError::Decoding(_) | ImageError::Encoding(_) | ImageError::Parameter(_) => {
                Self::Damaged { path, source }
            }
        }
    }
}
