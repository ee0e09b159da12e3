use std::path::{Path, PathBuf};

use image::ImageError;

use crate::AddressFault;

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
    #[error("the picture `{}` is truncated: copy or download it again", path.display())]
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
    /// The samples are floating-point numbers with an unknown range.
    #[error(
        "the picture `{}` contains floating-point numbers, which have no defined black and white: save it as an 8-bit or 16-bit PNG",
        path.display()
    )]
    FloatingPoint {
        /// The file.
        path: PathBuf,
    },
    /// The samples have 16 bits, of which only the lower ones are used.
    #[error(
        "the picture `{}` has 16 bits per channel but no value above {largest} of 65535, so it would be nearly black; it seems to contain {}-bit values: multiply them by {}, or save it with 8 bits",
        path.display(), bits(*largest), 1_u32 << (u16::BITS - bits(*largest))
    )]
    NearlyBlack {
        /// The file.
        path: PathBuf,
        /// Its largest value, from 1 to 4095.
        largest: u16,
    },
    /// A DICOM file holds no picture that is read, or another number of them.
    #[error("the picture `{}` {fault}", path.display())]
    Dicom {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: DicomFault,
    },
    /// The header claims more pixels than allowed.
    #[error(
        "the picture `{}` is too large, {width}×{height} pixels, but at most {limit} are allowed: make it smaller",
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
        /// The size that the decoder requested.
        source: ImageError,
    },
    /// A store or a web server does not give it, or the network does not.
    #[error(
        "the picture `{}` cannot be read ({reason}): check the address, the credentials in the environment, and the network",
        path.display()
    )]
    Store {
        /// The address.
        path: PathBuf,
        /// What the store said, or what happened to it.
        reason: String,
        /// Whether it will say the same another time.
        lasting: bool,
    },
    /// It has an address that is of no use, or must not be used.
    #[error(transparent)]
    Address(#[from] AddressFault),
    /// The operating system refuses.
    #[error("the picture `{}` cannot be read ({source}): check its permissions and the disk", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

/// The errors of DICOM files. No message contains what the file says about people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DicomFault {
    /// The program was built without the reader.
    #[error(
        "is a DICOM file, but this program was built without DICOM support: build it with the feature `dicom`, or convert the picture to PNG"
    )]
    NotBuilt,
    /// The key for the names of groups is too short.
    #[error(
        "is a DICOM file, and the environment variable {variable}, the key that hides patients, has fewer than {shortest} bytes: choose a longer key, or unset it"
    )]
    PatientKey {
        /// The environment variable.
        variable: &'static str,
        /// The smallest number of bytes of a key.
        shortest: usize,
    },
    /// A frame is named, but the file is not a DICOM file.
    #[error("is not a DICOM file, so no frame of it can be selected: remove # and the number after it")]
    NoFrames,
    /// The file ends too early.
    #[error("is a truncated DICOM file: copy or download it again")]
    CutShort,
    /// The file contradicts itself.
    #[error("is a damaged DICOM file ({what}): export it again")]
    Damaged {
        /// Where.
        what: &'static str,
    },
    /// There are no pixels in it: a report, a directory, a plan.
    #[error("is a DICOM file without pixels, such as a report or a directory (DICOMDIR): leave it out")]
    NoPixels,
    /// It holds several pictures, and none of them is named.
    #[error(
        "is a DICOM file of {frames} frames: select one by adding # and its number, counted from 1, to the file's name"
    )]
    SeveralFrames {
        /// How many.
        frames: u32,
    },
    /// It does not hold the picture that is named.
    #[error("is a DICOM file of {frames} frame{}, counted from 1, and has no frame {frame}: name one of those", if *frames == 1 { "" } else { "s" })]
    NoSuchFrame {
        /// The requested frame.
        frame: u32,
        /// How many there are.
        frames: u32,
    },
    /// It is written in a way that is not read.
    #[error(
        "is a DICOM file with an unsupported encoding, {name}: convert it to an uncompressed file, as `gdcmconv --raw` does"
    )]
    Syntax {
        /// The way.
        name: &'static str,
    },
    /// Its frames are stored in fragments, and the file does not say which belong together.
    #[error(
        "is a DICOM file whose {frames} frames are stored in {pieces} fragments: convert it to an uncompressed file, as `gdcmconv --raw` does"
    )]
    Pieces {
        /// How many pieces there are.
        pieces: usize,
        /// How many frames there are.
        frames: u32,
    },
    /// Samples have another number of bits.
    #[error(
        "is a DICOM file with {bits} bits per sample, but only 8 or 16 are supported: export it as a greyscale or RGB picture"
    )]
    Bits {
        /// How many.
        bits: u32,
    },
    /// Samples become colours in another way than those that are read.
    #[error(
        "is a DICOM file with unsupported colours, such as those of a palette: export it as greyscale or RGB"
    )]
    Colours,
    /// Stored values become what they measure by a table.
    #[error(
        "is a DICOM file with a modality lookup table, which is not supported: export it as a greyscale picture"
    )]
    ModalityTable,
}

/// How many bits a number takes.
fn bits(number: u16) -> u32 {
    u16::BITS - number.leading_zeros()
}

/// Who or what is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The path: there is no such file, it is no file, or a store does not give it to this user.
    Missing,
    /// The file's content.
    Data,
    /// The limits: the picture may be sound, but is larger than allowed.
    Limits,
    /// The operating system, a store or the network.
    System,
}

impl PictureError {
    /// Who or what is at fault.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Missing { .. }
            | Self::Folder { .. }
            | Self::NotAFile { .. }
            | Self::Address(_)
            | Self::Store { lasting: true, .. } => Fault::Missing,
            Self::Empty { .. }
            | Self::NotAPicture { .. }
            | Self::CutShort { .. }
            | Self::Damaged { .. }
            | Self::Unsupported { .. }
            | Self::FloatingPoint { .. }
            | Self::NearlyBlack { .. }
            | Self::Dicom { .. } => Fault::Data,
            Self::TooManyPixels { .. } | Self::TooManyBytes { .. } | Self::TooMuchMemory { .. } => {
                Fault::Limits
            }
            Self::System { .. } | Self::Store { .. } => Fault::System,
        }
    }

    pub(super) fn from_decoder(path: &Path, source: ImageError) -> Self {
        let path = path.to_path_buf();
        match source {
            // All input is in memory, so the only possible error is that it ends too early.
            ImageError::IoError(_) => Self::CutShort { path },
            ImageError::Limits(_) => Self::TooMuchMemory { path, source },
            ImageError::Unsupported(_) => Self::Unsupported { path, source },
            ImageError::Decoding(_) | ImageError::Encoding(_) | ImageError::Parameter(_) => {
                Self::Damaged { path, source }
            }
        }
    }
}
