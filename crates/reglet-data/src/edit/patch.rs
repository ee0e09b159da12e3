//! What a change does to a picture: the pixels that it touches, and nothing else.

use image::{Rgb, RgbImage};

use super::Edited;
use crate::{Mask, MaskError};

/// Added to a level before its logarithm is taken: black has one too, and noise in the dark counts for little.
pub(super) const FLOOR: f32 = 8.0;

/// The pixels that a change touches, each once, with their new levels.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Patch {
    pub(super) pixels: Vec<Pixel>,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pixel {
    pub(super) at: (u32, u32),
    pub(super) level: [u8; 3],
}

impl Patch {
    /// What makes the edited picture of the original.
    pub(super) fn of(edited: &Edited) -> Patch {
        let pixel = |(x, y)| Pixel { at: (x, y), level: edited.picture.get_pixel(x, y).0 };
        Patch { pixels: edited.region.iter().map(pixel).collect() }
    }

    /// The picture with the change made. What it takes of the lesion is noted.
    pub(super) fn on(
        &self,
        picture: &RgbImage,
        lesion: Option<&Mask>,
        donor: Option<&str>,
    ) -> Result<Edited, MaskError> {
        let mut edited = picture.clone();
        self.put(&mut edited);
        let region = self.region(picture.dimensions())?;
        let lesion = lesion.map_or(0.0, |lesion| self.share_of(lesion));
        Ok(Edited { picture: edited, region, donor: donor.map(str::to_owned), lesion })
    }

    /// Makes the change.
    pub(super) fn put(&self, picture: &mut RgbImage) {
        for pixel in &self.pixels {
            picture.put_pixel(pixel.at.0, pixel.at.1, Rgb(pixel.level));
        }
    }

    /// The pixels that it touches.
    pub(super) fn region(&self, (width, height): (u32, u32)) -> Result<Mask, MaskError> {
        let mut region = Mask::empty(width, height)?;
        for pixel in &self.pixels {
            region.set(pixel.at.0, pixel.at.1, true);
        }
        Ok(region)
    }

    /// The share of the mask's pixels that it touches; 0 where the mask has none.
    fn share_of(&self, mask: &Mask) -> f64 {
        let touched = self.pixels.iter().filter(|pixel| mask.get(pixel.at.0, pixel.at.1)).count();
        if touched == 0 { 0.0 } else { touched as f64 / mask.area() as f64 }
    }

    /// The mean absolute change per pixel and channel, in levels.
    pub(super) fn strength(&self, before: &RgbImage) -> f64 {
        let change = |pixel: &Pixel| -> u64 {
            let Rgb(was) = before.get_pixel(pixel.at.0, pixel.at.1);
            was.iter().zip(pixel.level).map(|(was, is)| u64::from(was.abs_diff(is))).sum()
        };
        let sum: u64 = self.pixels.iter().map(change).sum();
        if self.pixels.is_empty() { 0.0 } else { sum as f64 / (3 * self.pixels.len()) as f64 }
    }

    /// The logarithm of each pixel's ratio to what was there, by channel.
    pub(super) fn ratios(&self, before: &RgbImage) -> impl Iterator<Item = [f32; 3]> {
        self.pixels.iter().map(|pixel| {
            let Rgb(was) = before.get_pixel(pixel.at.0, pixel.at.1);
            std::array::from_fn(|c| ((f32::from(pixel.level[c]) + FLOOR) / (f32::from(was[c]) + FLOOR)).ln())
        })
    }
}
