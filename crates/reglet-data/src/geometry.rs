//! The conversion of a picture to the size of a model's input.

use image::{Rgb, RgbImage, imageops};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::picture::{Picture, Pixels};
use crate::resize::resize_levels;
use crate::{Filter, Mask, ResizeError, resize_gray, resize_rgb};

/// A resize and, optionally, a centre crop: the geometric part of a model's preprocessing.
///
/// It is applied to pictures and masks alike, so that a mask still covers its region afterwards. In TOML:
///
/// ```toml
/// resize = { shorter_side = 256 }     # or { exact = { width = 224, height = 224 } }
/// crop = { width = 224, height = 224 }
/// filter = "bicubic"                  # the default is bilinear
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Geometry {
    /// The resize.
    pub resize: Resize,
    /// The centre crop after the resize, as in torchvision's `CenterCrop`: an offset of half a pixel is rounded to the
    /// nearest even number, and if the picture is smaller than the crop, the rest is black.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Size>,
    /// What a picture is resized by. Masks are resized by the bilinear filter, whose weights are shares.
    #[serde(default, skip_serializing_if = "is_bilinear")]
    pub filter: Filter,
}

fn is_bilinear(filter: &Filter) -> bool {
    *filter == Filter::Bilinear
}

/// The target of a resize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Resize {
    /// This width and height, in pixels, independently of the picture's aspect ratio.
    Exact(Size),
    /// A shorter side of this number of pixels; the longer side keeps the aspect ratio, rounded down, as in torchvision's
    /// `Resize(n)`.
    ShorterSide(u32),
}

/// A width and a height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// The number of columns.
    #[schemars(range(min = 1))]
    pub width: u32,
    /// The number of rows.
    #[schemars(range(min = 1))]
    pub height: u32,
}

impl Geometry {
    /// A resize to a square of `side` pixels, independently of the aspect ratio.
    pub const fn exact(side: u32) -> Self {
        Self::to(Size { width: side, height: side })
    }

    /// A resize to this width and height, without regard to proportions.
    pub const fn to(size: Size) -> Self {
        Self { resize: Resize::Exact(size), crop: None, filter: Filter::Bilinear }
    }

    /// A resize of the shorter side to `side` pixels.
    pub const fn shorter_side(side: u32) -> Self {
        Self { resize: Resize::ShorterSide(side), crop: None, filter: Filter::Bilinear }
    }

    /// The geometry with which torchvision evaluates its classifiers: the shorter side to 256, then the central 224×224.
    pub const fn torchvision() -> Self {
        Self { crop: Some(Size { width: 224, height: 224 }), ..Self::shorter_side(256) }
    }

    /// The width and height, in pixels, of the result for a picture of `width` by `height`.
    ///
    /// # Errors
    /// A side of the picture or of the result is zero, or an intermediate result would be larger than
    /// [`MAX_PIXELS`](crate::MAX_PIXELS).
    pub fn output_size(&self, width: u32, height: u32) -> Result<(u32, u32), ResizeError> {
        let resized = self.resized_size(width, height)?;
        let size = self.crop.map_or(resized, |crop| (crop.width, crop.height));
        if size.0 == 0 || size.1 == 0 {
            return Err(ResizeError::NoPixels { from: (width, height), to: size });
        }
        if u64::from(size.0) * u64::from(size.1) > crate::MAX_PIXELS {
            return Err(ResizeError::TooLarge { width: size.0, height: size.1 });
        }
        Ok(size)
    }

    /// The maximum length of a picture's shorter side after the resize, in pixels.
    pub fn longest_shorter_side(&self) -> u32 {
        match self.resize {
            Resize::Exact(size) => size.width.max(size.height),
            Resize::ShorterSide(side) => side,
        }
    }

    /// Converts a picture to the model's size.
    ///
    /// # Errors
    /// As [`output_size`](Self::output_size).
    pub fn apply(&self, picture: &RgbImage) -> Result<RgbImage, ResizeError> {
        self.output_size(picture.width(), picture.height())?;
        let (width, height) = self.resized_size(picture.width(), picture.height())?;
        let resized = resize_rgb(picture, width, height, self.filter)?;
        Ok(if self.crop.is_none() { resized } else { self.cut(&resized) })
    }

    /// Converts a picture to the model's size with its full precision: what 8 bits do not represent is resized in floating
    /// point, with the same filter.
    ///
    /// # Errors
    /// As [`output_size`](Self::output_size).
    pub fn bring(&self, picture: &impl Pixels) -> Result<Picture, ResizeError> {
        let seen = self.apply(picture.rgb())?;
        let rest = self.rest_of(picture, &seen)?;
        Ok(Picture::with_rest(seen, rest))
    }

    /// What is to be added to the levels of a picture that was brought to the model's size.
    pub(crate) fn rest_of(
        &self,
        picture: &impl Pixels,
        seen: &RgbImage,
    ) -> Result<Option<Vec<f32>>, ResizeError> {
        let Some(rest) = picture.rest() else { return Ok(None) };
        let (width, height) = picture.rgb().dimensions();
        let to = self.resized_size(width, height)?;
        let level = |rgb: &Rgb<u8>| f32::from(rgb.0[0]) / 255.0;
        let levels: Vec<f32> =
            picture.rgb().pixels().zip(rest).map(|(rgb, rest)| level(rgb) + rest).collect();
        let levels = resize_levels(&levels, (width, height), to, self.filter)?;
        let (left, top) = (centre(to.0, seen.width()), centre(to.1, seen.height()));
        let at = |x: u32, y: u32| {
            let (x, y) = (i64::from(x) + left, i64::from(y) + top);
            let inside = x >= 0 && y >= 0 && x < i64::from(to.0) && y < i64::from(to.1);
            if inside { levels[y as usize * to.0 as usize + x as usize] } else { 0.0 }
        };
        Ok(Some(seen.enumerate_pixels().map(|(x, y, rgb)| at(x, y) - level(rgb)).collect()))
    }

    /// What is cut out of a picture that has been resized.
    pub(crate) fn cut(&self, resized: &RgbImage) -> RgbImage {
        let Some(Size { width, height }) = self.crop else { return resized.clone() };
        let mut cut = RgbImage::new(width, height);
        let (left, top) = (centre(resized.width(), width), centre(resized.height(), height));
        imageops::replace(&mut cut, resized, -left, -top);
        cut
    }

    /// Applies the same geometry to a mask. A pixel of the result belongs to the region if at least half of the weight of
    /// its source pixels does.
    ///
    /// # Errors
    /// As [`output_size`](Self::output_size).
    pub fn apply_mask(&self, mask: &Mask) -> Result<Mask, ResizeError> {
        let (out_width, out_height) = self.output_size(mask.width(), mask.height())?;
        let (width, height) = self.resized_size(mask.width(), mask.height())?;
        let resized = resize_gray(&mask.to_gray(), width, height, Filter::Bilinear)?;
        let (left, top) = (centre(width, out_width), centre(height, out_height));
        let inside = |x: u32, y: u32| {
            let x = u32::try_from(i64::from(x) + left).ok()?;
            let y = u32::try_from(i64::from(y) + top).ok()?;
            resized.get_pixel_checked(x, y).map(|value| value.0[0] >= 128)
        };
        Mask::from_fn(out_width, out_height, |x, y| inside(x, y).unwrap_or(false))
            .map_err(|_| ResizeError::TooLarge { width: out_width, height: out_height })
    }

    /// The share of a region's pixels that lies within the result, 0 to 1; 1 for an empty region.
    ///
    /// # Errors
    /// As [`output_size`](Self::output_size).
    pub fn visible(&self, region: &Mask) -> Result<f64, ResizeError> {
        self.visible_share(region.dimensions(), region.iter())
    }

    /// The same of pixels of a picture of this size.
    pub(crate) fn visible_share(
        &self,
        (width, height): (u32, u32),
        pixels: impl Iterator<Item = (u32, u32)>,
    ) -> Result<f64, ResizeError> {
        let (out_width, out_height) = self.output_size(width, height)?;
        if self.crop.is_none() {
            return Ok(1.0);
        }
        let (wide, high) = self.resized_size(width, height)?;
        let (left, top) = (centre(wide, out_width), centre(high, out_height));
        let within = |at: u32, from: u32, to: u32, start: i64, cut: u32| {
            let place = (f64::from(at) + 0.5) * f64::from(to) / f64::from(from) - start as f64;
            place >= 0.0 && place < f64::from(cut)
        };
        let (mut whole, mut seen) = (0_u64, 0_u64);
        for (x, y) in pixels {
            whole += 1;
            seen += u64::from(
                within(x, width, wide, left, out_width) && within(y, height, high, top, out_height),
            );
        }
        Ok(if whole == 0 { 1.0 } else { seen as f64 / whole as f64 })
    }

    pub(crate) fn resized_size(&self, width: u32, height: u32) -> Result<(u32, u32), ResizeError> {
        let shorter = match self.resize {
            Resize::Exact(size) => return Ok((size.width, size.height)),
            Resize::ShorterSide(shorter) => shorter,
        };
        let (short, long) = (width.min(height), width.max(height));
        if short == 0 {
            return Err(ResizeError::NoPixels { from: (width, height), to: (shorter, shorter) });
        }
        let longer = u64::from(shorter) * u64::from(long) / u64::from(short);
        let longer = u32::try_from(longer).unwrap_or(u32::MAX);
        Ok(if width <= height { (shorter, longer) } else { (longer, shorter) })
    }
}

/// The first pixel of a centred crop of `cut` pixels from `side` pixels. It is negative if the crop is larger; then that
/// many pixels of padding are added before the first one.
fn centre(side: u32, cut: u32) -> i64 {
    let margin = i64::from(side) - i64::from(cut);
    if margin < 0 {
        // Half of what is missing, rounded down, comes before.
        return -(-margin / 2);
    }
    // Half, rounded as Python rounds: from a half to the even neighbour.
    let half = margin / 2;
    if margin % 2 == 1 && half % 2 == 1 { half + 1 } else { half }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crop_leaves_out_is_not_visible() {
        let geometry = Geometry::torchvision();
        // 224 of 256 pixels are kept: a sixteenth goes at each side.
        let all = Mask::from_fn(64, 64, |_, _| true).expect("small");
        assert!((geometry.visible(&all).expect("a size") - 0.875 * 0.875).abs() < 1e-9);
        let edge = Mask::from_fn(64, 64, |x, _| x < 4).expect("small");
        assert_eq!(geometry.visible(&edge).expect("a size"), 0.0);
        let middle = Mask::from_fn(64, 64, |x, y| x.abs_diff(32) < 9 && y.abs_diff(32) < 9).expect("small");
        assert_eq!(geometry.visible(&middle).expect("a size"), 1.0);
        assert_eq!(Geometry::exact(8).visible(&edge).expect("a size"), 1.0);
    }
}
