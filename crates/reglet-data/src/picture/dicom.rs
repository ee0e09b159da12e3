//! Pictures in DICOM files, as a radiologist's screen would show them.
//!
//! The crates `dicom-object` and `dicom-pixeldata` read the file and undo the compression. They trust what a file says about
//! its own sizes, so the file's elements are checked first (`walk`), and so is the size to which each compressed frame will
//! be decoded (`coded`): nothing is passed on that would take more memory than the limits allow or would have another size
//! than was announced.
//!
//! Nothing of what a file says of people is kept but in a hash, its head's group. No error holds a value of an attribute
//! that could name anyone.

mod coded;
mod grey;
mod jpeg2000;
mod walk;

use dicom_object::{DefaultDicomObject, OpenFileOptions, Tag, file::ReadPreamble};
use dicom_pixeldata::{DecodedPixelData, PixelDecoder};
use image::{DynamicImage, ImageBuffer};

use super::{DicomFault, Limits};
use coded::Claim;

pub(crate) use walk::head;

/// Attributes of a picture (DICOM PS3.6).
mod tag {
    use super::Tag;

    pub(super) const SAMPLES: Tag = Tag(0x0028, 0x0002);
    pub(super) const PHOTOMETRIC: Tag = Tag(0x0028, 0x0004);
    pub(super) const PLANAR: Tag = Tag(0x0028, 0x0006);
    pub(super) const FRAMES: Tag = Tag(0x0028, 0x0008);
    pub(super) const ROWS: Tag = Tag(0x0028, 0x0010);
    pub(super) const COLUMNS: Tag = Tag(0x0028, 0x0011);
    pub(super) const ALLOCATED: Tag = Tag(0x0028, 0x0100);
    pub(super) const STORED: Tag = Tag(0x0028, 0x0101);
    pub(super) const HIGH: Tag = Tag(0x0028, 0x0102);
    pub(super) const SIGNED: Tag = Tag(0x0028, 0x0103);
    pub(super) const MODALITY_LUT: Tag = Tag(0x0028, 0x3000);
    pub(super) const OF_FRAMES: Tag = Tag(0x5200, 0x9230);
    pub(super) const PIXELS: Tag = Tag(0x7FE0, 0x0010);
}

/// Why there is no picture: of a size that is not allowed, or for another reason.
#[derive(Debug)]
pub(super) enum Refusal {
    TooManyPixels(u32, u32),
    Fault(DicomFault),
}

impl From<DicomFault> for Refusal {
    fn from(fault: DicomFault) -> Self {
        Self::Fault(fault)
    }
}

/// What the header says of the pixels, each within what is read at all.
struct Layout {
    columns: u32,
    rows: u32,
    /// One or three.
    samples: u32,
    /// Bits that a sample takes, 8 or 16.
    allocated: u32,
    /// Those of them that count.
    stored: u32,
    /// The place of the uppermost of those.
    high: u32,
    signed: bool,
    /// Whether all reds come before all greens.
    planar: bool,
    photometric: String,
}

/// The picture in a file, with 16 bits per sample if it is grey or the file has as many; `frame` counts from 1 and is
/// required if there are several frames.
pub(super) fn decode(bytes: &[u8], frame: Option<u32>, limits: &Limits) -> Result<DynamicImage, Refusal> {
    let head = walk::walk(bytes)?;
    let mut frame = match (frame, head.frames) {
        (None, 1) => 0,
        (None, frames) => return Err(DicomFault::SeveralFrames { frames }.into()),
        (Some(frame), frames) if (1..=frames).contains(&frame) => frame - 1,
        (Some(frame), frames) => return Err(DicomFault::NoSuchFrame { frame, frames }.into()),
    };
    let damaged = |what| DicomFault::Damaged { what };
    let object = OpenFileOptions::new().read_preamble(ReadPreamble::Always).read_to(tag::PIXELS);
    // The reader's error message might quote the file, so it is not passed on.
    let mut object =
        object.from_reader(&bytes[..head.end]).map_err(|_| damaged("its elements cannot be read"))?;
    keep_of_frame(&mut object, frame, head.frames)?;
    let layout = Layout::of(&object)?;
    if u64::from(layout.columns) * u64::from(layout.rows) > limits.pixels {
        return Err(Refusal::TooManyPixels(layout.columns, layout.rows));
    }
    let colours = layout.colours(head.syntax.code())?;
    if let Some(code) = head.syntax.code() {
        let claim = Claim {
            columns: layout.columns,
            rows: layout.rows,
            samples: layout.samples,
            allocated: layout.allocated,
            is_rgb: layout.photometric == "RGB",
        };
        let bytes = coded::checked(&object, code, frame, head.frames, &claim)?;
        if code == coded::Code::Jpeg2000 {
            let bytes = bytes.into_owned();
            jpeg2000::decompress(&mut object, &bytes, layout.allocated)?;
            frame = 0;
        }
    }
    let decoded =
        object.decode_pixel_data_frame(frame).map_err(|_| damaged("its pixel data cannot be decoded"))?;
    let samples = layout.samples_of(&decoded).ok_or_else(|| damaged("its pixel data is too short"))?;
    let picture = match colours {
        Colours::Grey { inverted } => {
            let shades = grey::Shades::of(&samples, &decoded, layout.stored, layout.signed)?;
            let grey = samples.iter().map(|&sample| shades.level(sample)).map(|level| match inverted {
                true => u16::MAX - level,
                false => level,
            });
            let grey = ImageBuffer::from_raw(layout.columns, layout.rows, grey.collect());
            grey.map(DynamicImage::ImageLuma16)
        }
        Colours::Rgb => layout.colour(&samples, true),
        Colours::Ybr => layout.colour(&samples, false),
    };
    Ok(picture.ok_or_else(|| damaged("its pixel data is too short"))?)
}

/// Drops what the file says of other frames than this one, counted from 0, such as their windows and slopes.
fn keep_of_frame(object: &mut DefaultDicomObject, frame: u32, frames: u32) -> Result<(), DicomFault> {
    let mut kept = Ok(());
    object.update_value(tag::OF_FRAMES, |value| match value.items_mut() {
        Some(items) if items.len() == frames as usize => {
            items.swap(0, frame as usize);
            items.truncate(1);
        }
        Some(items) if !items.is_empty() => {
            kept = Err(DicomFault::Damaged { what: "it describes more or fewer frames than it has" });
        }
        _ => {}
    });
    kept
}

/// What decoded samples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colours {
    /// Whether the smallest values are black or white.
    Grey { inverted: bool },
    /// Red, green and blue.
    Rgb,
    /// Brightness and two colour differences.
    Ybr,
}

impl Layout {
    fn of(object: &DefaultDicomObject) -> Result<Layout, DicomFault> {
        let number = |tag, what| {
            let found = object.get(tag).and_then(|element| element.to_int::<u32>().ok());
            found.ok_or(DicomFault::Damaged { what })
        };
        let or = |tag, other| {
            object.get(tag).map_or(Some(other), |element| element.to_int::<u32>().ok()).unwrap_or(u32::MAX)
        };
        let photometric = object.get(tag::PHOTOMETRIC).and_then(|element| element.to_str().ok());
        let photometric = photometric
            .ok_or(DicomFault::Damaged { what: "it does not say how its samples become colours" })?;
        let allocated = number(tag::ALLOCATED, "it does not say how many bits a sample has")?;
        let stored = or(tag::STORED, allocated);
        let layout = Layout {
            columns: number(tag::COLUMNS, "it does not say how wide it is")?,
            rows: number(tag::ROWS, "it does not say how high it is")?,
            samples: number(tag::SAMPLES, "it does not say how many samples a pixel has")?,
            allocated,
            stored,
            high: or(tag::HIGH, stored.saturating_sub(1)),
            signed: or(tag::SIGNED, 0) == 1,
            planar: or(tag::PLANAR, 0) == 1,
            photometric: photometric.trim_matches([' ', '\0']).to_owned(),
        };
        if layout.columns == 0 || layout.rows == 0 {
            return Err(DicomFault::Damaged { what: "it is 0 pixels wide or high" });
        }
        if layout.columns > u32::from(u16::MAX) || layout.rows > u32::from(u16::MAX) {
            return Err(DicomFault::Damaged { what: "its width and height are impossible" });
        }
        if ![8, 16].contains(&allocated) {
            return Err(DicomFault::Bits { bits: allocated });
        }
        if !(1..=allocated).contains(&stored) || layout.high >= allocated || layout.high + 1 < stored {
            return Err(DicomFault::Damaged { what: "its bits stored do not fit into the bits allocated" });
        }
        if object
            .get(tag::MODALITY_LUT)
            .is_some_and(|table| table.items().is_some_and(|items| !items.is_empty()))
        {
            return Err(DicomFault::ModalityTable);
        }
        Ok(layout)
    }

    /// What the samples are once they are decoded.
    fn colours(&self, code: Option<coded::Code>) -> Result<Colours, DicomFault> {
        use coded::Code::{Jpeg, Jpeg2000, RunLengths};
        match (self.samples, self.photometric.as_str(), code) {
            (1, "MONOCHROME1", _) => Ok(Colours::Grey { inverted: true }),
            (1, "MONOCHROME2", _) => Ok(Colours::Grey { inverted: false }),
            (3, "RGB", _) => Ok(Colours::Rgb),
            // The decoder converts what it decodes.
            (3, "YBR_FULL" | "YBR_FULL_422", Some(Jpeg)) => Ok(Colours::Rgb),
            (3, "YBR_RCT" | "YBR_ICT", Some(Jpeg2000)) => Ok(Colours::Rgb),
            (3, "YBR_FULL", None | Some(RunLengths)) => Ok(Colours::Ybr),
            _ => Err(DicomFault::Colours),
        }
    }

    /// The stored values, pixel by pixel; `None` if there are fewer than there should be.
    fn samples_of(&self, decoded: &DecodedPixelData<'_>) -> Option<Vec<i32>> {
        let count = self.columns as usize * self.rows as usize * self.samples as usize;
        let data = decoded.data().get(..count * (self.allocated as usize / 8))?;
        let (below, mask) = (self.high + 1 - self.stored, (1_u32 << self.stored) - 1);
        let sign = 1_u32 << (self.stored - 1);
        let value = |raw: u32| {
            let value = (raw >> below) & mask;
            if self.signed && value & sign != 0 { value as i32 - (1 << self.stored) } else { value as i32 }
        };
        let values: Vec<i32> = match self.allocated {
            8 => data.iter().map(|&byte| value(u32::from(byte))).collect(),
            _ => {
                let (pairs, _) = data.as_chunks::<2>();
                pairs.iter().map(|&pair| value(u32::from(u16::from_le_bytes(pair)))).collect()
            }
        };
        let planar = self.planar && decoded.planar_configuration() as u16 == 1 && self.samples == 3;
        if !planar {
            return Some(values);
        }
        let plane = count / 3;
        Some((0..plane).flat_map(|at| [0, 1, 2].map(|channel| values[channel * plane + at])).collect())
    }

    fn colour(&self, samples: &[i32], is_rgb: bool) -> Option<DynamicImage> {
        let most = f64::from((1_u32 << self.stored) - 1);
        let pixels = samples.as_chunks::<3>().0.iter().map(|&pixel| {
            let pixel = pixel.map(f64::from);
            if is_rgb { pixel } else { from_ybr(pixel, (most / 2.0).ceil()) }
        });
        let to = |range: f64| move |value: f64| (value * range / most).round().clamp(0.0, range);
        if self.allocated == 8 {
            let bytes = pixels.flat_map(|pixel| pixel.map(to(255.0)).map(|value| value as u8)).collect();
            return ImageBuffer::from_raw(self.columns, self.rows, bytes).map(DynamicImage::ImageRgb8);
        }
        let words = pixels.flat_map(|pixel| pixel.map(to(65535.0)).map(|value| value as u16)).collect();
        ImageBuffer::from_raw(self.columns, self.rows, words).map(DynamicImage::ImageRgb16)
    }
}

/// Red, green and blue of brightness and two colour differences over the full range (PS3.3, C.7.6.3.1.2).
fn from_ybr([y, blue, red]: [f64; 3], middle: f64) -> [f64; 3] {
    let (blue, red) = (blue - middle, red - middle);
    [y + 1.402 * red, y - (0.114 * 1.772 * blue + 0.299 * 1.402 * red) / 0.587, y + 1.772 * blue]
}
