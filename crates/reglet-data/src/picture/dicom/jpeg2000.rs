//! Decodes JPEG 2000 with a decoder without unsafe code, because these files are untrusted.

use dicom_core::{DataElement, PrimitiveValue, VR, value::Value};
use dicom_object::DefaultDicomObject;
use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use super::{coded, tag};
use crate::picture::DicomFault;

/// The transfer syntax of uncompressed samples: explicit types, little endian.
const PLAIN: &str = "1.2.840.10008.1.2.1";

/// Replaces the pixels of a file by one decoded frame of them, so that the file is as if it had never been compressed. The
/// frame must be a code stream that has been checked to have the size and the type that the file announces.
pub(super) fn decompress(
    object: &mut DefaultDicomObject,
    frame: &[u8],
    allocated: u32,
) -> Result<(), DicomFault> {
    let damaged = |_| DicomFault::Damaged { what: "its JPEG 2000 data cannot be decoded" };
    let settings = DecodeSettings { strict: true, ..DecodeSettings::default() };
    let image = Image::new(frame, &settings).map_err(damaged)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(damaged)?;
    let planes = decoded.components();
    let count = planes.first().map_or(0, |plane| plane.samples().len());
    let has_signs = coded::has_signs(frame);
    let mut words = Vec::with_capacity(count * planes.len());
    for at in 0..count {
        for plane in planes {
            // The decoder has shifted all samples to begin at 0, signed ones, too. Whether they are signed is taken from the
            // code stream, because some files say something else.
            let below = if has_signs { 1_i32 << (plane.bit_depth() - 1) } else { 0 };
            let most = (1_i32 << plane.bit_depth()) - 1;
            let level = plane.samples().get(at).map_or(0, |level| level.round() as i32).clamp(0, most);
            words.push((level - below) as u16);
        }
    }
    let (vr, samples) = match allocated {
        8 => (VR::OB, PrimitiveValue::U8(words.into_iter().map(|word| word as u8).collect())),
        _ => (VR::OW, PrimitiveValue::U16(words.into())),
    };
    object.put(DataElement::new(tag::PIXELS, vr, Value::Primitive(samples)));
    object.put(DataElement::new(tag::FRAMES, VR::IS, PrimitiveValue::from("1")));
    object.put(DataElement::new(tag::PLANAR, VR::US, PrimitiveValue::from(0_u16)));
    object.update_meta(|meta| PLAIN.clone_into(&mut meta.transfer_syntax));
    Ok(())
}
