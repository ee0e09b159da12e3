use image::{Rgb, RgbImage};
use ndarray::ArrayView2;

use crate::png::{Palette, encode_indexed};
use crate::{Colormap, Scaled, VizError, resize_map};

/// An odd number, so that the middle of a symmetric scale is one of them.
const LAYER_COLORS: usize = 33;

/// How much of a map, and of the picture underneath, an overlay shows.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Opacity {
    /// The same opacity everywhere, from 0 (only the picture) to 1 (only the map).
    Even(f32),
    /// The opacity grows from 0 at the neutral value to this at the ends of the scale, so that the picture stays visible
    /// where the map has no signal.
    ByValue(f32),
}

impl Scaled {
    /// Draws the map alone, a pixel for each value.
    pub fn colorize(&self, colormap: Colormap) -> RgbImage {
        picture_of(self.values.view(), |place, _, _| colormap.color(place))
    }

    /// Draws the map over `picture`, resized bilinearly to the picture's size.
    ///
    /// A pixel becomes `(1 − o) · picture + o · colour`, in sRGB as every viewer of heat maps blends.
    ///
    /// # Errors
    /// An opacity outside [0, 1]; a picture without pixels.
    pub fn overlay(
        &self,
        picture: &RgbImage,
        colormap: Colormap,
        opacity: Opacity,
    ) -> Result<RgbImage, VizError> {
        let (Opacity::Even(most) | Opacity::ByValue(most)) = opacity;
        if !(0.0..=1.0).contains(&most) {
            return Err(VizError::Opacity { opacity: most });
        }
        let (width, height) = picture.dimensions();
        if width == 0 || height == 0 {
            return Err(VizError::EmptyPicture { width, height });
        }
        let map = resize_map(self.values.view(), height as usize, width as usize);
        Ok(picture_of(map.view(), |place, x, y| {
            let share = match opacity {
                Opacity::Even(share) => share,
                Opacity::ByValue(share) => share * self.strength(place),
            };
            blend(*picture.get_pixel(x, y), colormap.color(place), share)
        }))
    }

    /// The map as a PNG to lay over a picture, a pixel for each value: transparent at the neutral value and opaque at the
    /// ends of the scale, so that the viewer can choose its opacity.
    ///
    /// Values are rounded to 33 colours, as many as can be distinguished in a map, which reduces the size to a half or a
    /// third.
    ///
    /// # Errors
    /// A map without values.
    pub fn layer(&self, colormap: Colormap) -> Result<Vec<u8>, VizError> {
        let (height, width) = self.values.dim();
        let steps = (LAYER_COLORS - 1) as f32;
        let places: Vec<f32> = (0..LAYER_COLORS).map(|step| step as f32 / steps).collect();
        let colors = places.iter().map(|place| colormap.color(*place).0);
        let alpha = places.iter().map(|place| (255.0 * self.strength(*place)).round() as u8);
        let palette = Palette { colors: colors.collect(), alpha: alpha.collect() };
        let indices: Vec<u8> = self.values.iter().map(|place| (place * steps).round() as u8).collect();
        encode_indexed(width, height, &palette, &indices)
    }

    /// How far a place is from the neutral one, as a share of the way to the farther end.
    fn strength(&self, place: f32) -> f32 {
        (place - self.neutral).abs() / (1.0 - self.neutral)
    }
}

fn picture_of(map: ArrayView2<'_, f32>, color: impl Fn(f32, u32, u32) -> Rgb<u8>) -> RgbImage {
    let (height, width) = map.dim();
    RgbImage::from_fn(width as u32, height as u32, |x, y| color(map[[y as usize, x as usize]], x, y))
}

fn blend(under: Rgb<u8>, over: Rgb<u8>, share: f32) -> Rgb<u8> {
    let channel = |i: usize| (f32::from(under[i]) * (1.0 - share) + f32::from(over[i]) * share).round() as u8;
    Rgb([channel(0), channel(1), channel(2)])
}
