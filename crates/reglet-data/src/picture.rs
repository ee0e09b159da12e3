//! Reading pictures, as a program that must vouch for what it saw has to: the same pixels as Pillow, or a
//! sentence that says why not.

mod error;
mod jpeg;

use std::fs::File;
use std::io::{Cursor, ErrorKind, Read};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};

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
///   apply and read none;
/// * of an animation, the first frame is taken.
///
/// In one point it differs on purpose: 16-bit *grey* keeps its upper 8 bits too, where Pillow clips it at
/// 255 and so turns nearly all of it white. JPEG decoders differ among themselves by a few levels.
///
/// # Errors
/// Where the file is missing, empty, cut short, damaged, no picture of these formats, larger than
/// `limits`, or cannot be read; [`PictureError::fault`] tells these kinds apart.
pub fn load(path: &Path, limits: &Limits) -> Result<RgbImage, PictureError> {
    let bytes = read(path, limits)?;
    decode(&bytes, path, limits)
}

/// Reads the picture in `bytes`, as [`load`] does; `origin` is the name it has in errors.
///
/// # Errors
/// As [`load`], except those of the file itself.
pub fn decode(bytes: &[u8], origin: &Path, limits: &Limits) -> Result<RgbImage, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty { path: origin.into() });
    }
    let classify = |source| PictureError::from_decoder(origin, source);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|source| PictureError::System { path: origin.into(), source })?;
    let format = reader.format().ok_or_else(|| PictureError::NotAPicture { path: origin.into() })?;
    // The decoder for JPEG fills what is missing with grey and calls it a success.
    if format == ImageFormat::Jpeg && !jpeg::is_whole(bytes) {
        return Err(PictureError::CutShort { path: origin.into() });
    }

    let mut memory = image::Limits::no_limits();
    // Sixteen bytes hold a pixel of any kind; the rest is for the decoder's own tables.
    memory.max_alloc = Some(limits.pixels.saturating_mul(16).saturating_add(1 << 20));
    reader.limits(memory.clone());
    let mut decoder = reader.into_decoder().map_err(classify)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.pixels {
        return Err(PictureError::TooManyPixels { path: origin.into(), width, height, limit: limits.pixels });
    }
    decoder.set_limits(memory).map_err(classify)?;
    to_rgb(DynamicImage::from_decoder(decoder).map_err(classify)?, origin)
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
    /// A hundred million pixels, 512 MiB.
    fn default() -> Self {
        Self { pixels: crate::MAX_PIXELS, bytes: 512 << 20 }
    }
}

/// The whole file, if it is one and not larger than allowed.
fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, PictureError> {
    let system = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => PictureError::Missing { path: path.into() },
        _ => PictureError::System { path: path.into(), source },
    };
    let file = File::open(path).map_err(system)?;
    if file.metadata().map_err(system)?.is_dir() {
        return Err(PictureError::Folder { path: path.into() });
    }
    let mut bytes = Vec::new();
    // A length that is read from the file system may be wrong (a pipe has none): count what comes.
    file.take(limits.bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(system)?;
    if bytes.len() as u64 > limits.bytes {
        return Err(PictureError::TooManyBytes { path: path.into(), limit: limits.bytes });
    }
    Ok(bytes)
}

fn to_rgb(picture: DynamicImage, origin: &Path) -> Result<RgbImage, PictureError> {
    let (width, height) = (picture.width(), picture.height());
    let bytes: Vec<u8> = match picture {
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_) => {
            return Err(PictureError::FloatingPoint { path: origin.into() });
        }
        DynamicImage::ImageLuma16(grey) => grey.as_raw().iter().flat_map(|&v| [upper_byte(v); 3]).collect(),
        DynamicImage::ImageLumaA16(grey) => {
            grey.as_raw().chunks_exact(2).flat_map(|pixel| [upper_byte(pixel[0]); 3]).collect()
        }
        DynamicImage::ImageRgb16(rgb) => rgb.as_raw().iter().copied().map(upper_byte).collect(),
        DynamicImage::ImageRgba16(rgba) => {
            rgba.pixels().flat_map(|pixel| [0, 1, 2].map(|c| upper_byte(pixel[c]))).collect()
        }
        eight_bit => eight_bit.into_rgb8().into_raw(),
    };
    RgbImage::from_raw(width, height, bytes).ok_or_else(|| PictureError::CutShort { path: origin.into() })
}

/// What Pillow keeps of a 16-bit channel.
fn upper_byte(value: u16) -> u8 {
    value.to_be_bytes()[0]
}
