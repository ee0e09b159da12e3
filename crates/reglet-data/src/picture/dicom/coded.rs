//! Finds out to what a compressed frame will be decoded, before it is decoded.
//!
//! The decoders behind `dicom-pixeldata` take memory for what a frame says of itself, and count on its being what the file
//! announced.

use std::borrow::Cow;

use dicom_core::DicomValue;
use dicom_object::DefaultDicomObject;

use super::tag;
use crate::picture::{DicomFault, jpeg};

/// How frames are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Jpeg,
    Jpeg2000,
    RunLengths,
}

/// What the file announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) samples: u32,
    pub(super) allocated: u32,
    /// Whether colours are stored as red, green and blue.
    pub(super) is_rgb: bool,
}

const OTHER: DicomFault =
    DicomFault::Damaged { what: "its compressed pixels have another size or type than it says" };

/// The bytes of a compressed frame, counted from 0. It is an error if the frame would be decoded to something else than the
/// file announces.
pub(super) fn checked<'a>(
    object: &'a DefaultDicomObject,
    code: Code,
    frame: u32,
    frames: u32,
    claim: &Claim,
) -> Result<Cow<'a, [u8]>, DicomFault> {
    let Some(DicomValue::PixelSequence(pixels)) = object.get(tag::PIXELS).map(|element| element.value())
    else {
        return Err(DicomFault::Damaged { what: "its pixels are not compressed as it says" });
    };
    let fragments = pixels.fragments();
    let bytes: Cow<'_, [u8]> = match fragments.get(frame as usize) {
        Some(fragment) if fragments.len() == frames as usize => Cow::Borrowed(fragment),
        // A frame may be stored in several fragments; if there is one frame, all fragments belong to it.
        Some(_)
            if frames == 1 && code != Code::RunLengths && pixels.offset_table().iter().all(|&at| at == 0) =>
        {
            Cow::Owned(fragments.concat())
        }
        _ => return Err(DicomFault::Pieces { pieces: fragments.len(), frames }),
    };
    let found = match code {
        Code::Jpeg if !jpeg::is_whole(&bytes) => return Err(DicomFault::CutShort),
        Code::Jpeg => match jpeg::frame(&bytes) {
            // The decoder uses the colour space that the JPEG specifies, and guesses if it does not specify one.
            Some(frame) if claim.samples == 3 && frame.converts != Some(!claim.is_rgb) => {
                return Err(DicomFault::Colours);
            }
            Some(frame) if frame.precision > 8 && !frame.is_lossless => {
                return Err(DicomFault::Syntax { name: "JPEG of 12 bits" });
            }
            frame => frame,
        }
        .map(|frame| Claim {
            columns: u32::from(frame.width),
            rows: u32::from(frame.height),
            samples: u32::from(frame.components),
            allocated: if frame.precision > 8 { 16 } else { 8 },
            is_rgb: claim.is_rgb,
        }),
        Code::Jpeg2000 => code_stream(&bytes).map(|found| Claim { is_rgb: claim.is_rgb, ..found }),
        Code::RunLengths => {
            run_lengths(&bytes, claim)?;
            return Ok(bytes);
        }
    };
    if found == Some(*claim) { Ok(bytes) } else { Err(OTHER) }
}

/// Whether the samples of a JPEG 2000 code stream are signed, according to the first component in the marker segment SIZ.
pub(super) fn has_signs(bytes: &[u8]) -> bool {
    bytes.get(42).is_some_and(|sign_and_bits| sign_and_bits & 0x80 != 0)
}

/// What the marker segment SIZ of a JPEG 2000 code stream says (ITU-T T.800, A.5.1).
fn code_stream(bytes: &[u8]) -> Option<Claim> {
    let rest = bytes.strip_prefix(&[0xFF, 0x4F, 0xFF, 0x51])?;
    let four = |at: usize| Some(u32::from_be_bytes(*rest.get(at..)?.first_chunk()?));
    let [right, bottom, left, top] = [four(4)?, four(8)?, four(12)?, four(16)?];
    let samples = u16::from_be_bytes(*rest.get(36..)?.first_chunk()?);
    let components = rest.get(38..38 + 3 * usize::from(samples))?.as_chunks::<3>().0;
    // The upper bit says whether values are signed; the other bits are the number of bits minus one.
    let bits = components.iter().map(|component| u32::from(component[0] & 0x7F) + 1).max()?;
    let whole = components.iter().all(|&[_, across, down]| (across, down) == (1, 1));
    let tiles = u64::from(right).div_ceil(u64::from(four(20)?.max(1)))
        * u64::from(bottom).div_ceil(u64::from(four(24)?.max(1)));
    (whole && tiles <= 65_535 && bits <= 16).then_some(Claim {
        columns: right.checked_sub(left)?,
        rows: bottom.checked_sub(top)?,
        samples: u32::from(samples),
        allocated: if bits > 8 { 16 } else { 8 },
        is_rgb: true,
    })
}

/// Whether a frame in run lengths (PS3.5, annex G) has a segment for each byte of a sample, of one byte for each pixel.
fn run_lengths(bytes: &[u8], claim: &Claim) -> Result<(), DicomFault> {
    let wanted = (claim.samples * claim.allocated / 8) as usize;
    let (header, _) = bytes.get(..64).ok_or(DicomFault::CutShort)?.as_chunks::<4>();
    let numbers: Vec<usize> = header.iter().map(|&four| u32::from_le_bytes(four) as usize).collect();
    if numbers[0] != wanted {
        return Err(OTHER);
    }
    let pixels = u64::from(claim.columns) * u64::from(claim.rows);
    for segment in 1..=wanted {
        let end = if segment == wanted { bytes.len() } else { numbers[segment + 1] };
        let mut rest = bytes.get(numbers[segment]..end).ok_or(OTHER)?;
        let mut made = 0_u64;
        while let [first, behind @ ..] = rest {
            let (taken, more) = match first {
                0x80 => (0, 0),
                0x81.. => (1, 257 - u64::from(*first)),
                _ => (usize::from(*first) + 1, u64::from(*first) + 1),
            };
            // After the last run there may be a byte that makes the length even.
            let Some(behind) = behind.get(taken..) else { break };
            (rest, made) = (behind, made + more);
        }
        match made {
            _ if made < pixels => return Err(DicomFault::CutShort),
            // A decoder decodes all of it and drops the excess, so only a little padding is allowed.
            _ if made > pixels + 256 => return Err(OTHER),
            _ => {}
        }
    }
    Ok(())
}
