//! Reading pictures, as a program that must vouch for what it saw has to: the same pixels as Pillow, or a
//! sentence that says why not.

mod error;
mod jpeg;
mod tiff;

use std::io::{Cursor, ErrorKind};
use std::path::Path;

pub use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, RgbImage, imageops};
use sha2::{Digest, Sha256};

use crate::files::{self, Refusal};

pub use error::{Fault, PictureError};

/// Reads the picture in a file as RGB, 8 bits a channel.
///
/// The pixels are those of Pillow's `Image.open(path).convert("RGB")`:
///
/// * the format is told from the content, not from the name: PNG, JPEG, BMP, TIFF or WebP;
/// * grey becomes three equal channels, a palette is looked up, CMYK and YCCK are converted;
/// * an alpha channel is dropped, and what lies under transparent pixels shows;
/// * 16-bit colour keeps its upper 8 bits;
/// * an EXIF orientation is not applied and a colour profile is not read, as torchvision's loaders
///   apply and read none; but the orientation of a TIFF is, as Pillow does;
/// * of an animation, the first frame is taken.
///
/// In two points it differs on purpose. 16-bit *grey* keeps its upper 8 bits too, where Pillow clips it at
/// 255 and so turns nearly all of it white. And 16-bit pictures that hold values of 12 bits or fewer, whose upper
/// 8 bits are nearly black, are refused. JPEG decoders differ among themselves by a few levels.
///
/// # Errors
/// Where the file is missing, empty, cut short, damaged, no picture of these formats, larger than
/// `limits`, or cannot be read; [`PictureError::fault`] tells these kinds apart.
pub fn load(path: &Path, limits: &Limits) -> Result<RgbImage, PictureError> {
    read(path, limits).map(|decoded| decoded.pixels)
}

/// Reads the picture in a file, as [`load`] does, with what else there is to know of it.
///
/// # Errors
/// As [`load`].
pub fn read(path: &Path, limits: &Limits) -> Result<Decoded, PictureError> {
    decode_all(&bytes_of(path, limits)?, path, limits)
}

/// Reads the picture in `bytes`, as [`load`] does; `origin` is the name it has in errors.
///
/// # Errors
/// As [`load`], except those of the file itself.
pub fn decode(bytes: &[u8], origin: &Path, limits: &Limits) -> Result<RgbImage, PictureError> {
    decode_all(bytes, origin, limits).map(|decoded| decoded.pixels)
}

/// Reads the picture in a file as grey: the luma of ITU-R BT.601 of what [`read`] gives; grey of 8 bits stays as it is,
/// and takes a third of the memory.
///
/// # Errors
/// As [`load`].
pub(crate) fn read_grey(path: &Path, limits: &Limits) -> Result<Decoded<GrayImage>, PictureError> {
    decoded(&bytes_of(path, limits)?, path, limits)?.with(|picture| match picture {
        DynamicImage::ImageLuma8(grey) => Ok(grey),
        other => Ok(imageops::grayscale(&to_rgb(other, path)?)),
    })
}

/// A picture and what its file says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded<Pixels = RgbImage> {
    /// The pixels: in RGB, where nothing else is said.
    pub pixels: Pixels,
    /// The SHA-256 in hexadecimal of the very bytes that the pixels were decoded from.
    pub sha256: String,
    /// How the pixels as the file stores them are to be turned to stand upright, by its EXIF or TIFF tag.
    pub orientation: Orientation,
    /// Whether they have been turned so. Those of a TIFF are, others not.
    pub upright: bool,
}

impl<Pixels> Decoded<Pixels> {
    fn with<Other>(
        self,
        converted: impl FnOnce(Pixels) -> Result<Other, PictureError>,
    ) -> Result<Decoded<Other>, PictureError> {
        let Decoded { pixels, sha256, orientation, upright } = self;
        Ok(Decoded { pixels: converted(pixels)?, sha256, orientation, upright })
    }
}

fn decode_all(bytes: &[u8], origin: &Path, limits: &Limits) -> Result<Decoded, PictureError> {
    decoded(bytes, origin, limits)?.with(|picture| to_rgb(picture, origin))
}

fn decoded(bytes: &[u8], origin: &Path, limits: &Limits) -> Result<Decoded<DynamicImage>, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty { path: origin.into() });
    }
    let classify = |source| PictureError::from_decoder(origin, source);
    let mut reader = if tiff::is_big(bytes) {
        ImageReader::with_format(Cursor::new(bytes), ImageFormat::Tiff)
    } else {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        reader.map_err(|source| PictureError::System { path: origin.into(), source })?
    };
    let format = reader.format().ok_or_else(|| PictureError::NotAPicture { path: origin.into() })?;
    // The decoder for JPEG fills what is missing with grey and calls it a success.
    if format == ImageFormat::Jpeg && !jpeg::is_whole(bytes) {
        return Err(PictureError::CutShort { path: origin.into() });
    }

    let check = |width: u32, height: u32| {
        let path = || origin.into();
        match u64::from(width) * u64::from(height) > limits.pixels {
            true => Err(PictureError::TooManyPixels { path: path(), width, height, limit: limits.pixels }),
            false => Ok(()),
        }
    };
    // Sixteen bytes hold a pixel of any kind; the rest is for the decoder's own tables.
    let memory = limits.pixels.saturating_mul(16).saturating_add(1 << 20);
    let (mut picture, orientation) = match tiff::Unusual::find(format, bytes) {
        Some(mut unusual) => {
            let (width, height) = unusual.dimensions().map_err(classify)?;
            check(width, height)?;
            unusual.decode(memory).map_err(classify)?
        }
        None => {
            let mut allowed = image::Limits::no_limits();
            allowed.max_alloc = Some(memory);
            reader.limits(allowed.clone());
            let mut decoder = reader.into_decoder().map_err(classify)?;
            let (width, height) = decoder.dimensions();
            check(width, height)?;
            decoder.set_limits(allowed).map_err(classify)?;
            // A tag that cannot be read is none, as for Pillow.
            let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
            (DynamicImage::from_decoder(decoder).map_err(classify)?, orientation)
        }
    };
    let upright = format == ImageFormat::Tiff;
    if upright {
        picture.apply_orientation(orientation);
    }
    let sha256 = format!("{:x}", Sha256::digest(bytes));
    Ok(Decoded { pixels: picture, sha256, orientation, upright })
}

/// How large a picture may be. What a file's header claims is checked against this before anything of
/// that size is allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest number of pixels, width times height.
    pub pixels: u64,
    /// The largest number of bytes in the file.
    pub bytes: u64,
}

impl Default for Limits {
    /// Two hundred million pixels, 512 MiB.
    fn default() -> Self {
        Self { pixels: crate::MAX_PIXELS, bytes: 512 << 20 }
    }
}

/// The whole file, if it is one and not larger than allowed.
fn bytes_of(path: &Path, limits: &Limits) -> Result<Vec<u8>, PictureError> {
    let path_of = || path.to_path_buf();
    match files::read(path, limits.bytes) {
        Ok(bytes) => Ok(bytes),
        Err(Refusal::TooLong(limit)) => Err(PictureError::TooManyBytes { path: path_of(), limit }),
        Err(Refusal::NotAFile("folder")) => Err(PictureError::Folder { path: path_of() }),
        Err(Refusal::NotAFile(what)) => Err(PictureError::NotAFile { path: path_of(), what }),
        Err(Refusal::System(source)) if source.kind() == ErrorKind::NotFound => {
            Err(PictureError::Missing { path: path_of() })
        }
        Err(Refusal::System(source)) => Err(PictureError::System { path: path_of(), source }),
    }
}

fn to_rgb(picture: DynamicImage, origin: &Path) -> Result<RgbImage, PictureError> {
    let (width, height) = (picture.width(), picture.height());
    let bytes: Vec<u8> = match picture {
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_) => {
            return Err(PictureError::FloatingPoint { path: origin.into() });
        }
        DynamicImage::ImageLuma16(grey) => narrowed(grey.as_raw(), 1, [0; 3], origin)?,
        DynamicImage::ImageLumaA16(grey) => narrowed(grey.as_raw(), 2, [0; 3], origin)?,
        DynamicImage::ImageRgb16(rgb) => narrowed(rgb.as_raw(), 3, [0, 1, 2], origin)?,
        DynamicImage::ImageRgba16(rgba) => narrowed(rgba.as_raw(), 4, [0, 1, 2], origin)?,
        eight_bit => eight_bit.into_rgb8().into_raw(),
    };
    RgbImage::from_raw(width, height, bytes).ok_or_else(|| PictureError::CutShort { path: origin.into() })
}

/// The upper bytes of 16-bit samples, which is what Pillow keeps of them; `rgb` are the places of red, green and blue
/// among the samples of a pixel.
fn narrowed(
    samples: &[u16],
    of_a_pixel: usize,
    rgb: [usize; 3],
    origin: &Path,
) -> Result<Vec<u8>, PictureError> {
    let kept = || samples.chunks_exact(of_a_pixel).flat_map(|pixel| rgb.map(|place| pixel[place]));
    match kept().max() {
        Some(largest @ 1..=TWELVE_BITS) => Err(PictureError::NearlyBlack { path: origin.into(), largest }),
        _ => Ok(kept().map(|value| value.to_be_bytes()[0]).collect()),
    }
}

/// The largest value that a sensor of 12 bits gives.
const TWELVE_BITS: u16 = (1 << 12) - 1;
