//! From stored values to shades of grey: what they measure, and the window through which they are looked at.

use dicom_pixeldata::{DecodedPixelData, Rescale, VoiLutFunction, WindowLevelTransform};

use crate::picture::DicomFault;

/// What each stored value of a picture looks like.
pub(super) struct Shades {
    /// Indexed by the stored value minus the smallest one that occurs.
    levels: Vec<u16>,
    from: i32,
}

/// The largest level.
const WHITE: f64 = 65535.0;

impl Shades {
    /// The grey levels as the file specifies them and as pydicom's `apply_modality_lut` and `apply_voi_lut` compute them:
    /// slope and intercept, then the first table of values of interest (VOI LUT), or else the first window. If the file has
    /// neither, black is the smallest value that the stored bits can represent and white the largest, and not the darkest
    /// and brightest values of this picture, so that two films stay comparable.
    pub(super) fn of(
        samples: &[i32],
        decoded: &DecodedPixelData<'_>,
        stored: u32,
        signed: bool,
    ) -> Result<Shades, DicomFault> {
        let damaged = |_| DicomFault::Damaged { what: "its window or its slope is invalid" };
        let rescale = decoded.rescale().map_err(damaged)?.first().copied().unwrap_or(Rescale::new(1.0, 0.0));
        let function = decoded.voi_lut_function().map_err(damaged)?;
        let function = function.and_then(|found| found.first().copied()).unwrap_or(VoiLutFunction::Linear);
        let window = decoded.window().map_err(damaged)?.and_then(|found| found.first().copied());
        let table = decoded.voi_lut_sequence().map_err(damaged)?.and_then(|found| found.first());
        let (least, most) =
            if signed { (-(1 << (stored - 1)), (1 << (stored - 1)) - 1) } else { (0, (1 << stored) - 1) };
        let ends = [least, most].map(|value| rescale.apply(f64::from(value)));
        let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        if !low.is_finite() || !high.is_finite() || low == high {
            return Err(DicomFault::Damaged { what: "its slope makes all values equal or undefined" });
        }
        let transform = window.map(|window| WindowLevelTransform::new(function, window));
        let share = |value: f64| match (table, &transform) {
            (Some(table), _) => {
                let place = (value.round() - f64::from(table.min_pixel_value))
                    .clamp(0.0, table.data.len() as f64 - 1.0);
                let most = (1_u32 << table.bits_stored) - 1;
                f64::from(table.data[place as usize]) / f64::from(most)
            }
            (None, Some(transform)) => transform.apply(value, 1.0),
            (None, None) => (value - low) / (high - low),
        };
        if table.is_some_and(|table| table.data.is_empty() || !(1..=16).contains(&table.bits_stored)) {
            return Err(DicomFault::Damaged { what: "its lookup table is empty" });
        }
        let level =
            |value: i32| (share(rescale.apply(f64::from(value))).clamp(0.0, 1.0) * WHITE).round() as u16;
        let from = samples.iter().copied().min().unwrap_or(least);
        let to = samples.iter().copied().max().unwrap_or(least);
        Ok(Shades { levels: (from..=to).map(level).collect(), from })
    }

    /// The shade of a stored value of the picture, 0 for black.
    pub(super) fn level(&self, value: i32) -> u16 {
        self.levels[(value - self.from) as usize]
    }
}
