//! Estimates of lesion masks from the picture, if none has been drawn.

mod dataset;
mod otsu;

use image::{GrayImage, Luma, RgbImage, imageops};

use crate::parts::{central, filled, touching_border};
use crate::{Filter, Mask, ResizeError, resize_gray, resize_rgb};
pub use dataset::EstimatedLesions;

/// The picture is reduced so that its shorter side has at most this length, which bounds the cost and suppresses hairs.
const SIDE: u32 = 256;

/// The standard deviation of the smoothing, as a share of the shorter side.
const SMOOTHING: f32 = 0.005;

/// Pixels that are darker than this in every channel and connected to the picture's border are outside a round field of
/// view.
const DARK: u8 = 60;

/// Around the area outside the field of view, a margin of this fraction of the shorter side counts as shade.
const SHADE: f32 = 0.02;

/// The smallest and the largest share of the picture that a plausible lesion covers.
const AREA: (f64, f64) = (0.01, 0.8);

/// The largest share of the picture's border that a plausible lesion touches.
const BORDER: f64 = 0.4;

/// The lesion as found by a threshold, or `None` if the result is not plausible.
///
/// The grey of the picture (the luma of ITU-R BT.601), smoothed, is divided in two by Otsu's threshold (N. Otsu, *A
/// threshold selection method from gray-level histograms*, IEEE Transactions on Systems, Man, and Cybernetics 9, 1979),
/// without the dark rim of a round field of view. The component of the darker part with the most pixels in the middle of the
/// picture is selected, and its holes are filled. Celebi et al., *Lesion border detection in dermoscopy images using
/// ensembles of thresholding methods*, Skin Research and Technology 19, 2013, threshold the blue channel; on 52 pictures of
/// the ISIC challenge of 2017 grey came closer to masks vetted by eye.
///
/// A result is implausible if it covers less than 1 % or more than 80 % of the picture, or more than 40 % of the picture's
/// border; it is then a hair, or shading.
///
/// The mask has the picture's size. The estimate is deterministic.
///
/// # Errors
/// [`ResizeError`] where the picture has no pixels or is too large.
pub fn estimate_lesion(picture: &RgbImage) -> Result<Option<Mask>, ResizeError> {
    let (width, height) = picture.dimensions();
    let scale = (f64::from(SIDE) / f64::from(width.min(height).max(1))).min(1.0);
    let to = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
    let small = resize_rgb(picture, to(width), to(height), Filter::Bilinear)?;
    let Some(lesion) = find(&small) else { return Ok(None) };
    let full = resize_gray(&lesion.to_gray(), width, height, Filter::Bilinear)?;
    Mask::from_gray(&full).map(Some).map_err(|_| ResizeError::TooLarge { width, height })
}

/// The same on a picture that is small enough.
fn find(picture: &RgbImage) -> Option<Mask> {
    let (width, height) = picture.dimensions();
    let side = width.min(height) as f32;
    let grey = imageops::blur(&luma(picture), (SMOOTHING * side).max(0.5));
    let black =
        Mask::from_fn(width, height, |x, y| picture.get_pixel(x, y).0.iter().all(|&level| level < DARK))
            .ok()?;
    let outside = touching_border(&black).dilate((SHADE * side).ceil() as u32);
    let seen = grey.enumerate_pixels().filter(|&(x, y, _)| !outside.get(x, y));
    let threshold = otsu::threshold(seen.map(|(.., grey)| grey[0]))?;
    let darker =
        Mask::from_fn(width, height, |x, y| grey.get_pixel(x, y)[0] <= threshold && !outside.get(x, y))
            .ok()?;
    let lesion = filled(&central(&darker)?);
    credible(&lesion).then_some(lesion)
}

fn luma(picture: &RgbImage) -> GrayImage {
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue] = picture.get_pixel(x, y).0.map(f32::from);
        Luma([(0.299 * red + 0.587 * green + 0.114 * blue).round() as u8])
    })
}

fn credible(lesion: &Mask) -> bool {
    let (width, height) = lesion.dimensions();
    // A picture of one row or column consists only of border.
    let whole = u64::from(width) * u64::from(height)
        - u64::from(width.saturating_sub(2)) * u64::from(height.saturating_sub(2));
    let touched = lesion.iter().filter(|&at| lesion.on_border(at)).count();
    (AREA.0..=AREA.1).contains(&lesion.fraction()) && touched as f64 <= BORDER * whole as f64
}
