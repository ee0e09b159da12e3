use image::RgbImage;

use crate::canvas::{Anchor, Canvas, Face, bounded};
use crate::text::number;
use crate::theme::Role;
use crate::{Colormap, Scaled, VizError};

/// The key to a colour map: a bar with labels, drawn under a panel's picture.
#[derive(Clone, Debug)]
pub struct ColorBar {
    colormap: Colormap,
    ticks: Vec<(f32, String)>,
}

const LABEL: Face = Face::regular(10.5, Role::Muted);
const THICKNESS: f32 = 7.0;
const GAP: f32 = 3.0;
/// Between the labels and the captions.
const BELOW: f32 = 4.0;

impl ColorBar {
    /// A bar labelled with the raw values at its ends, and with zero in the middle of a symmetric scale. A flat
    /// map's bar says so instead.
    pub fn of(scaled: &Scaled, colormap: Colormap) -> Self {
        // An end that is a thousand times smaller than the range is shown as zero.
        let tiny = (scaled.high - scaled.low) * 1e-3;
        let label = |value: f32| {
            let shown = if value.abs() < tiny { 0.0 } else { f64::from(value) };
            number(shown, 2)
        };
        let ticks = if scaled.flat {
            vec![(0.5, format!("{} everywhere", label(scaled.low)))]
        } else if scaled.neutral > 0.0 {
            vec![(0.0, label(scaled.low)), (0.5, "0".to_owned()), (1.0, label(scaled.high))]
        } else {
            vec![(0.0, label(scaled.low)), (1.0, label(scaled.high))]
        };
        ColorBar { colormap, ticks }
    }

    /// A bar with labels of one's own, each at a place between 0 and 1.
    pub fn new(colormap: Colormap, ticks: impl IntoIterator<Item = (f32, String)>) -> Self {
        let ticks = ticks.into_iter().map(|(place, label)| (bounded(place, 0.0, 1.0), label)).collect();
        ColorBar { colormap, ticks }
    }

    pub(super) fn height() -> f32 {
        THICKNESS + GAP + LABEL.leading() + BELOW
    }

    pub(super) fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        (x, y): (f32, f32),
        width: f32,
    ) -> Result<(), VizError> {
        let bar = RgbImage::from_fn(256, 1, |x, _| self.colormap.entry(x as u8));
        canvas.image((x, y), (width, THICKNESS), &bar, &format!("colour map {}", self.colormap))?;
        for (place, label) in &self.ticks {
            // Labels near an end are kept within the bar's width.
            let label = LABEL.shorten(label, width / self.ticks.len() as f32);
            let half = LABEL.width(&label) / 2.0;
            let middle = (x + place * width).clamp(x + half, x + width - half);
            canvas.text((middle, y + THICKNESS + GAP + LABEL.baseline()), &label, LABEL, Anchor::Middle);
        }
        Ok(())
    }
}
