//! Reading of pictures: either the same pixels as Pillow, or an error message that says why not.

mod address;
#[cfg(feature = "dicom")]
pub(crate) mod dicom;
mod error;
mod jpeg;
mod tiff;
mod whole;

use std::io::{Cursor, ErrorKind};
use std::path::Path;

use data_encoding::HEXLOWER;
pub use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};
use sha2::{Digest, Sha256};

use crate::files;
use crate::refusal::{Refusal, StoreFault};

pub use address::frames;
pub(crate) use address::{Address, heads};
pub use error::{DicomFault, Fault, PictureError};
pub use whole::{Picture, Pixels};

/// Reads the picture in a file as RGB with 8 bits per channel; for 16-bit grey pictures, also the lower bits.
///
/// The pixels are those of Pillow's `Image.open(path).convert("RGB")`:
///
/// * the format is detected from the content, not from the name: PNG, JPEG, BMP, TIFF, WebP or, with the crate's feature
///   `dicom`, DICOM;
/// * grey becomes three equal channels, a palette is looked up, CMYK and YCCK are converted;
/// * an alpha channel is dropped, so the colours of transparent pixels become visible;
/// * 16-bit colour keeps its upper 8 bits;
/// * neither an EXIF orientation nor a colour profile is applied, as in torchvision's loaders; but the orientation of a TIFF
///   is applied, as in Pillow;
/// * the first frame of an animation is used.
///
/// There are two intentional differences. For 16-bit *grey*, the upper 8 bits are used, whereas Pillow clips values at 255
/// and makes nearly everything white; the lower bits are kept separately ([`Picture::rest`]) for models. And 16-bit pictures
/// whose values need 12 bits or fewer, so that their upper 8 bits are nearly black, are refused. JPEG decoders differ among
/// themselves by a few levels.
///
/// DICOM, which Pillow does not read, is converted as by pydicom's `apply_modality_lut` and `apply_voi_lut`: stored values
/// are converted to measured values by slope and intercept, and mapped by the file's first table or window or, if there is
/// none, by the full range of its bits; `MONOCHROME1` is inverted; overlays are not drawn. Each frame of a file is a
/// picture: `cine.dcm#3` is the third ([`frames`]).
///
/// With the crate's feature `stores` the path may be an address in an object store, `s3://bucket/17.jpg`, or on the web.
///
/// # Errors
/// The file is missing, empty, truncated, damaged, not a picture in one of these formats, larger than `limits`, or
/// unreadable; [`PictureError::fault`] distinguishes these cases.
pub fn load(path: &Path, limits: &Limits) -> Result<Picture, PictureError> {
    read(path, limits).map(|decoded| decoded.pixels)
}

/// Reads the picture in a file, as [`load`] does, with further information on it.
///
/// # Errors
/// As [`load`].
pub fn read(path: &Path, limits: &Limits) -> Result<Decoded, PictureError> {
    read_by(files::read, path, limits)
}

/// The same of what `read` gives of a file.
pub(crate) fn read_by(read: impl Read, path: &Path, limits: &Limits) -> Result<Decoded, PictureError> {
    let (bytes, frame) = bytes_of(read, path, limits)?;
    decoded(&bytes, frame, path, limits)?.with(|picture| to_picture(picture, path))
}

/// Reads the picture in `bytes`, as [`load`] does; `origin` is the name it has in errors.
///
/// # Errors
/// As [`load`], except those of the file itself.
pub fn decode(bytes: &[u8], origin: &Path, limits: &Limits) -> Result<Picture, PictureError> {
    let decoded = decoded(bytes, None, origin, limits)?;
    decoded.with(|picture| to_picture(picture, origin)).map(|decoded| decoded.pixels)
}

/// Reads a picture as grey, of what `read` gives of its file: the luma of ITU-R BT.601 of what [`read`] gives; grey of 8 bits
/// stays as it is, and takes a third of the memory.
///
/// # Errors
/// As [`load`].
pub(crate) fn read_grey(
    read: impl Read,
    path: &Path,
    limits: &Limits,
) -> Result<Decoded<GrayImage>, PictureError> {
    let (bytes, frame) = bytes_of(read, path, limits)?;
    decoded(&bytes, frame, path, limits)?.with(|picture| match picture {
        DynamicImage::ImageLuma8(grey) => Ok(grey),
        other => Ok(to_grey(&to_rgb(other, path)?)),
    })
}

/// The luma of ITU-R BT.601, in whole numbers as in Pillow's `convert("L")`.
fn to_grey(picture: &RgbImage) -> GrayImage {
    const SHARES: [u32; 3] = [19_595, 38_470, 7_471];
    let grey = |rgb: &[u8; 3]| {
        let sum: u32 = SHARES.iter().zip(rgb).map(|(share, &level)| share * u32::from(level)).sum();
        ((sum + (1 << 15)) >> 16) as u8
    };
    let levels = picture.as_raw().as_chunks().0.iter().map(grey).collect();
    // There is one level for each pixel.
    GrayImage::from_raw(picture.width(), picture.height(), levels).unwrap_or_default()
}

/// A function that reads the bytes of a file, up to a given number.
pub(crate) trait Read: FnOnce(&Path, u64) -> Result<Vec<u8>, Refusal> {}

impl<F: FnOnce(&Path, u64) -> Result<Vec<u8>, Refusal>> Read for F {}

/// A picture with the information in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded<Pixels = Picture> {
    /// The pixels, in RGB unless stated otherwise.
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

/// Whether this is a DICOM file: 128 bytes that mean nothing, and four that say it.
pub(crate) fn is_dicom(bytes: &[u8]) -> bool {
    bytes.get(128..).is_some_and(|rest| rest.starts_with(b"DICM"))
}

/// The number of bytes of a file that say whether it is a DICOM file.
pub(crate) const OF_DICOM: u64 = 132;

/// The picture in `bytes` as it is stored; the given frame, counted from 1, if one is named.
fn decoded(
    bytes: &[u8],
    frame: Option<u32>,
    origin: &Path,
    limits: &Limits,
) -> Result<Decoded<DynamicImage>, PictureError> {
    let path = || origin.to_path_buf();
    let mut decoded = match (is_dicom(bytes), frame) {
        (true, _) => still(of_dicom(bytes, frame, origin, limits)?),
        (false, None) => of_image(bytes, origin, limits)?,
        (false, Some(_)) => {
            return Err(PictureError::Dicom { path: path(), fault: DicomFault::NoFrames });
        }
    };
    decoded.sha256 = HEXLOWER.encode(&Sha256::digest(bytes));
    Ok(decoded)
}

/// A picture in the orientation in which it is stored.
fn still(pixels: DynamicImage) -> Decoded<DynamicImage> {
    let (sha256, orientation) = (String::new(), Orientation::NoTransforms);
    Decoded { pixels, sha256, orientation, upright: false }
}

#[cfg(feature = "dicom")]
fn of_dicom(
    bytes: &[u8],
    frame: Option<u32>,
    origin: &Path,
    limits: &Limits,
) -> Result<DynamicImage, PictureError> {
    dicom::decode(bytes, frame, limits).map_err(|refusal| match refusal {
        dicom::Refusal::TooManyPixels(width, height) => {
            PictureError::TooManyPixels { path: origin.into(), width, height, limit: limits.pixels }
        }
        dicom::Refusal::Fault(DicomFault::CutShort) => PictureError::CutShort { path: origin.into() },
        dicom::Refusal::Fault(fault) => PictureError::Dicom { path: origin.into(), fault },
    })
}

#[cfg(not(feature = "dicom"))]
fn of_dicom(_: &[u8], _: Option<u32>, origin: &Path, _: &Limits) -> Result<DynamicImage, PictureError> {
    Err(PictureError::Dicom { path: origin.into(), fault: DicomFault::NotBuilt })
}

fn of_image(bytes: &[u8], origin: &Path, limits: &Limits) -> Result<Decoded<DynamicImage>, PictureError> {
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
    // The JPEG decoder fills missing data with grey and reports success.
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
    // Sixteen bytes are enough for a pixel of any kind; the rest is for the decoder's own tables.
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
            // A tag that cannot be read is ignored, as in Pillow.
            let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
            (DynamicImage::from_decoder(decoder).map_err(classify)?, orientation)
        }
    };
    let upright = format == ImageFormat::Tiff;
    if upright {
        picture.apply_orientation(orientation);
    }
    check_depth(&picture, origin)?;
    Ok(Decoded { orientation, upright, ..still(picture) })
}

/// The maximum size of a picture. The size in a file's header is checked against it before memory is allocated.
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

/// The whole file, if it is a regular file and not larger than allowed, and the number of the frame, if one is named.
fn bytes_of(read: impl Read, path: &Path, limits: &Limits) -> Result<(Vec<u8>, Option<u32>), PictureError> {
    let path_of = || path.to_path_buf();
    let address = Address::of(path);
    match read(address.file, limits.bytes) {
        Ok(bytes) => Ok((bytes, address.frame)),
        Err(Refusal::TooLong(limit)) => Err(PictureError::TooManyBytes { path: path_of(), limit }),
        Err(Refusal::NotAFile("folder")) => Err(PictureError::Folder { path: path_of() }),
        Err(Refusal::NotAFile(what)) => Err(PictureError::NotAFile { path: path_of(), what }),
        Err(Refusal::System(source)) if source.kind() == ErrorKind::NotFound => {
            Err(PictureError::Missing { path: path_of() })
        }
        Err(Refusal::Store(StoreFault { reason, lasting })) => {
            Err(PictureError::Store { path: path_of(), reason, lasting })
        }
        Err(Refusal::Address(fault)) => Err(fault.into()),
        Err(Refusal::System(source)) => Err(PictureError::System { path: path_of(), source }),
    }
}

fn to_picture(picture: DynamicImage, origin: &Path) -> Result<Picture, PictureError> {
    match picture {
        DynamicImage::ImageLuma16(grey) => Picture::of_grey(grey.width(), grey.height(), grey.as_raw())
            .ok_or_else(|| PictureError::CutShort { path: origin.into() }),
        other => Ok(to_rgb(other, origin)?.into()),
    }
}

fn to_rgb(picture: DynamicImage, origin: &Path) -> Result<RgbImage, PictureError> {
    let (width, height) = (picture.width(), picture.height());
    let bytes: Vec<u8> = match picture {
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_) => {
            return Err(PictureError::FloatingPoint { path: origin.into() });
        }
        DynamicImage::ImageLuma16(grey) => narrowed(grey.as_raw(), 1, [0; 3]),
        DynamicImage::ImageLumaA16(grey) => narrowed(grey.as_raw(), 2, [0; 3]),
        DynamicImage::ImageRgb16(rgb) => narrowed(rgb.as_raw(), 3, [0, 1, 2]),
        DynamicImage::ImageRgba16(rgba) => narrowed(rgba.as_raw(), 4, [0, 1, 2]),
        eight_bit => eight_bit.into_rgb8().into_raw(),
    };
    RgbImage::from_raw(width, height, bytes).ok_or_else(|| PictureError::CutShort { path: origin.into() })
}

/// The upper bytes of 16-bit samples, which is what Pillow keeps of them; `rgb` are the places of red, green and blue
/// among the samples of a pixel.
fn narrowed(samples: &[u16], of_a_pixel: usize, rgb: [usize; 3]) -> Vec<u8> {
    let kept = samples.chunks_exact(of_a_pixel).flat_map(|pixel| rgb.map(|place| pixel[place]));
    kept.map(|value| value.to_be_bytes()[0]).collect()
}

/// Returns an error for 16-bit samples that use only 12 bits, not counting an alpha channel, because it is not known which
/// value is white.
fn check_depth(picture: &DynamicImage, origin: &Path) -> Result<(), PictureError> {
    let largest = match picture {
        DynamicImage::ImageLuma16(grey) => grey.as_raw().iter().copied().max(),
        DynamicImage::ImageLumaA16(grey) => grey.pixels().map(|pixel| pixel.0[0]).max(),
        DynamicImage::ImageRgb16(rgb) => rgb.as_raw().iter().copied().max(),
        DynamicImage::ImageRgba16(rgba) => {
            rgba.pixels().map(|pixel| pixel.0[0].max(pixel.0[1]).max(pixel.0[2])).max()
        }
        _ => None,
    };
    match largest {
        Some(largest @ 1..=TWELVE_BITS) => Err(PictureError::NearlyBlack { path: origin.into(), largest }),
        _ => Ok(()),
    }
}

/// The largest value that a sensor of 12 bits gives.
const TWELVE_BITS: u16 = (1 << 12) - 1;
