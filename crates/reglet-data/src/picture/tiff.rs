//! The kinds of TIFF that Pillow reads and `image` does not, or reads otherwise.

use std::borrow::Cow;
use std::io::Cursor;

use image::error::{
    DecodingError, ImageFormatHint, LimitError, LimitErrorKind, UnsupportedError, UnsupportedErrorKind,
};
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageError, ImageFormat};
use tiff::decoder::ifd::Value;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::{ByteOrder, Tag};
use tiff::{ColorType, TiffError};

/// Whether this is a BigTIFF, which `image` reads but does not recognise.
pub(super) fn is_big(bytes: &[u8]) -> bool {
    bytes.starts_with(b"II\x2b\0\x08\0\0\0") || bytes.starts_with(b"MM\0\x2b\0\x08\0\0")
}

/// A TIFF of such a kind, whose header has been read.
pub(super) struct Unusual<'a> {
    decoder: Source<'a>,
    kind: Kind,
}

type Source<'a> = Decoder<Cursor<Cow<'a, [u8]>>>;

enum Kind {
    /// Grey with an alpha channel, 8 or 16 bits each.
    GreyAlpha,
    /// Brightness and two colour differences, 8 bits each.
    YCbCr,
    /// Colour that has been multiplied by its alpha, 8 or 16 bits each.
    Premultiplied,
    /// Places in a palette, 8 bits each, and the palette.
    Palette(Vec<[u8; 3]>),
}

impl<'a> Unusual<'a> {
    /// Reads the header; `None` if it is not of such a kind.
    pub(super) fn find(format: ImageFormat, bytes: &'a [u8]) -> Option<Self> {
        if format != ImageFormat::Tiff {
            return None;
        }
        let mut decoder = Decoder::new(Cursor::new(Cow::Borrowed(bytes))).ok()?;
        let mut numbers = |tag| decoder.find_tag_unsigned_vec::<u16>(tag).ok().map(Option::unwrap_or_default);
        let extra = numbers(Tag::ExtraSamples)?;
        let planes = numbers(Tag::PlanarConfiguration)?;
        let formats = numbers(Tag::SampleFormat)?;
        let photometric = numbers(Tag::PhotometricInterpretation)?;
        let bits = numbers(Tag::BitsPerSample)?;
        let colours: Vec<u16> = numbers(Tag::ColorMap)?;
        if planes.contains(&SEPARATE) || formats.iter().any(|&format| format != UNSIGNED) {
            return None;
        }
        if photometric == [PALETTE] && bits == [8] && colours.len() == 3 << 8 {
            // The decoder does not support palettes and treats the indices as grey levels.
            let as_grey = Cow::Owned(with_photometric(&mut decoder, bytes, BLACK_IS_ZERO)?);
            let decoder = Decoder::new(Cursor::new(as_grey)).ok()?;
            // All reds, then all greens, then all blues; Pillow keeps their upper bytes.
            let colour = |place: usize| {
                [0, 1, 2].map(|channel: usize| colours[(channel << 8) + place].to_be_bytes()[0])
            };
            return Some(Self { decoder, kind: Kind::Palette((0..1 << 8).map(colour).collect()) });
        }
        let premultiplied = extra.first() == Some(&ASSOCIATED_ALPHA);
        let kind = match decoder.colortype().ok()? {
            ColorType::Multiband { bit_depth: 8 | 16, num_samples: 2 }
                if photometric == [BLACK_IS_ZERO] && !premultiplied =>
            {
                Kind::GreyAlpha
            }
            ColorType::YCbCr(8) if extra.is_empty() => Kind::YCbCr,
            ColorType::RGBA(8 | 16) if premultiplied && extra.len() == 1 => Kind::Premultiplied,
            _ => return None,
        };
        Some(Self { decoder, kind })
    }

    /// Width and height, as the header claims them.
    pub(super) fn dimensions(&mut self) -> Result<(u32, u32), ImageError> {
        self.decoder.dimensions().map_err(fault)
    }

    /// The pixels as they are stored, and how they are to be turned. `memory` is the largest number of bytes that
    /// may be used.
    pub(super) fn decode(self, memory: u64) -> Result<(DynamicImage, Orientation), ImageError> {
        let mut limits = Limits::default();
        limits.decoding_buffer_size = usize::try_from(memory).unwrap_or(usize::MAX);
        limits.intermediate_buffer_size = limits.decoding_buffer_size;
        limits.ifd_value_size = limits.decoding_buffer_size;
        let mut decoder = self.decoder.with_limits(limits);
        let orientation = decoder.find_tag_unsigned::<u8>(Tag::Orientation).ok().flatten();
        let orientation = orientation.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
        if matches!(self.kind, Kind::YCbCr) {
            for (tag, usual) in [(REFERENCE_BLACK_WHITE, &FULL_RANGE[..]), (YCBCR_COEFFICIENTS, &ITU_R_601)] {
                match fractions(&mut decoder, tag) {
                    Some(numbers) if !near(&numbers, usual) => {
                        return Err(unsupported("YCbCr with other ranges or weights than those of JPEG"));
                    }
                    _ => {}
                }
            }
        }
        let (width, height) = decoder.dimensions().map_err(fault)?;
        let picture = match (self.kind, decoder.read_image().map_err(fault)?) {
            (Kind::Palette(palette), DecodingResult::U8(samples)) => {
                let rgb = samples.iter().flat_map(|&place| palette[usize::from(place)]).collect();
                ImageBuffer::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8)
            }
            (Kind::GreyAlpha, DecodingResult::U8(samples)) => {
                ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLumaA8)
            }
            (Kind::GreyAlpha, DecodingResult::U16(samples)) => {
                ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLumaA16)
            }
            (Kind::YCbCr, DecodingResult::U8(samples)) => {
                let rgb = samples.as_chunks::<3>().0.iter().flat_map(|&pixel| to_rgb(pixel)).collect();
                ImageBuffer::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8)
            }
            (Kind::Premultiplied, DecodingResult::U8(samples)) => {
                let rgb = samples.as_chunks::<4>().0.iter().flat_map(|&pixel| divided(pixel)).collect();
                ImageBuffer::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8)
            }
            (Kind::Premultiplied, DecodingResult::U16(samples)) => {
                // Pillow keeps the upper bytes, and divides those.
                let upper = |pixel: &[u16; 4]| divided(pixel.map(|sample| sample.to_be_bytes()[0]));
                let rgb = samples.as_chunks().0.iter().flat_map(upper).collect();
                ImageBuffer::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8)
            }
            _ => return Err(unsupported("samples of this type")),
        };
        // There are fewer samples than the header claims.
        picture.map(|picture| (picture, orientation)).ok_or_else(|| fault(TiffError::IntSizeError))
    }
}

// Values of tags, from the TIFF 6.0 specification.
const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u16 = 3;
const ASSOCIATED_ALPHA: u16 = 1;
const SEPARATE: u16 = 2;
const UNSIGNED: u16 = 1;
const YCBCR_COEFFICIENTS: Tag = Tag::Unknown(529);
const REFERENCE_BLACK_WHITE: Tag = Tag::Unknown(532);

/// What JPEG takes for black and white: every value from 0 to 255 counts.
const FULL_RANGE: [f64; 6] = [0.0, 255.0, 128.0, 255.0, 128.0, 255.0];

/// The shares of red, green and blue in brightness, after ITU-R BT.601.
const ITU_R_601: [f64; 3] = [0.299, 0.587, 0.114];

fn near(numbers: &[f64], usual: &[f64]) -> bool {
    numbers.len() == usual.len() && numbers.iter().zip(usual).all(|(a, b)| (a - b).abs() < 1e-3)
}

/// A tag's fractions; `None` if the tag is missing or contains something else.
fn fractions(decoder: &mut Source, tag: Tag) -> Option<Vec<f64>> {
    let Value::List(values) = decoder.find_tag(tag).ok()?? else { return None };
    let fraction = |value: Value| match value {
        Value::Rational(above, below) => Some(f64::from(above) / f64::from(below)),
        _ => None,
    };
    values.into_iter().map(fraction).collect()
}

/// The same file where the first directory's photometric interpretation is another.
///
/// A directory is the number of its entries, of two bytes, and the entries, of twelve: a tag of two bytes, a type of two, a
/// count of four, and the value. In a BigTIFF the number has eight bytes and each entry twenty, eight of which are the
/// count.
fn with_photometric(decoder: &mut Source, bytes: &[u8], value: u16) -> Option<Vec<u8>> {
    let start = usize::try_from(decoder.ifd_pointer()?.0).ok()?;
    let big = is_big(bytes);
    let (of_number, of_entry, to_value) = if big { (8, 20, 12) } else { (2, 12, 8) };
    let (read, written): (fn([u8; 2]) -> u16, _) = match decoder.byte_order() {
        ByteOrder::LittleEndian => (u16::from_le_bytes, value.to_le_bytes()),
        ByteOrder::BigEndian => (u16::from_be_bytes, value.to_be_bytes()),
    };
    let mut changed = bytes.to_vec();
    let entries = changed.get_mut(start.checked_add(of_number)?..)?.chunks_exact_mut(of_entry);
    // The decoder has found the tag: it is reached before the entries end.
    let tag = Tag::PhotometricInterpretation.to_u16();
    let entry = entries.into_iter().find(|entry| read([entry[0], entry[1]]) == tag)?;
    entry[to_value..to_value + 2].copy_from_slice(&written);
    Some(changed)
}

/// JPEG's conversion (ITU-T T.871, section 7).
fn to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    let [_, green, _] = ITU_R_601;
    let rgb = [y + 1.402 * cr, y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / green as f32, y + 1.772 * cb];
    rgb.map(|value| value.round().clamp(0.0, 255.0) as u8)
}

/// The colour before it was multiplied by its alpha, divided as Pillow does; black if the alpha is 0, because the colour is
/// then unknown.
fn divided([red, green, blue, alpha]: [u8; 4]) -> [u8; 3] {
    let divide =
        |value: u8| (u32::from(value) * 255).checked_div(u32::from(alpha)).unwrap_or(0).min(255) as u8;
    [red, green, blue].map(divide)
}

fn unsupported(what: &str) -> ImageError {
    let kind = UnsupportedErrorKind::GenericFeature(what.to_owned());
    ImageError::Unsupported(UnsupportedError::from_format_and_kind(HINT, kind))
}

fn fault(fault: TiffError) -> ImageError {
    match fault {
        TiffError::IoError(source) => ImageError::IoError(source),
        TiffError::UnsupportedError(what) => unsupported(&what.to_string()),
        TiffError::LimitsExceeded => {
            ImageError::Limits(LimitError::from_kind(LimitErrorKind::InsufficientMemory))
        }
        other => ImageError::Decoding(DecodingError::new(HINT, other)),
    }
}

const HINT: ImageFormatHint = ImageFormatHint::Exact(ImageFormat::Tiff);
