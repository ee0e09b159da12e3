//! Taking something out of a picture.

use image::{Rgb, RgbImage};

use super::membrane::span;
use super::{EditError, Edited};
use crate::Mask;
use crate::phantom::Dice;

/// A mask drawn by hand misses the outermost pixels of what it marks, and its shadow.
const MARGIN: u32 = 2;

/// Fills what `mask` marks, and two pixels about it, from its surroundings.
///
/// The fill is the harmonic one (T. F. Chan and J. Shen, *Mathematical models for local nontexture inpaintings*, SIAM
/// Journal on Applied Mathematics 62, 2002): the smoothest surface that meets the picture at the gap's border. Noise as
/// strong as the grain of the rest is laid over it, so that the gap is not conspicuous by its smoothness.
///
/// It follows the skin's shading and has no parameter to tune; above all it invents no structure. Telea's fast
/// marching (*An image inpainting technique based on the fast marching method*, Journal of Graphics Tools 9, 2004)
/// carries the gradients at the border into the gap, and PatchMatch (Barnes et al., *PatchMatch: a randomized
/// correspondence algorithm for structural image editing*, SIGGRAPH 2009) copies what is elsewhere in the picture:
/// either could put a streak or a piece of lesion, or of another ruler, where one has been taken away, and so plant
/// the evidence that is sought.
///
/// # Errors
/// [`EditError::Size`] if the mask is not of the picture's size, [`EditError::NothingLeft`] if it leaves
/// nothing to fill from.
pub fn remove(picture: &RgbImage, mask: &Mask, seed: u64) -> Result<Edited, EditError> {
    let (width, height) = picture.dimensions();
    if mask.dimensions() != (width, height) {
        return Err(EditError::Size { mask: mask.dimensions(), picture: (width, height) });
    }
    let wide = mask.dilate(MARGIN);
    // A margin that would take the last of the picture is left out.
    fill(picture, if wide.complement().is_empty() { mask } else { &wide }, seed)
}

/// As [`remove`], of exactly these pixels of a picture of the same size.
pub(super) fn fill(picture: &RgbImage, region: &Mask, seed: u64) -> Result<Edited, EditError> {
    if region.area() == region.bits().len() {
        return Err(EditError::NothingLeft { width: picture.width(), height: picture.height() });
    }
    let mut edited = picture.clone();
    for channel in 0..3 {
        span_channel(&mut edited, region, channel);
    }
    let grain = grain(picture, region);
    let mut dice = Dice::new(seed, 0, "grain");
    for (x, y) in region.iter() {
        let noise = dice.normal(0.0, grain);
        let level = |value: u8| (f32::from(value) + noise).round().clamp(0.0, 255.0) as u8;
        let Rgb(filled) = *edited.get_pixel(x, y);
        edited.put_pixel(x, y, Rgb(filled.map(level)));
    }
    Ok(Edited { picture: edited, region: region.clone() })
}

/// Spans the region of one channel.
fn span_channel(picture: &mut RgbImage, region: &Mask, channel: usize) {
    let mut values: Vec<f32> = picture.pixels().map(|pixel| f32::from(pixel[channel])).collect();
    span(&mut values, region, |_, _| true);
    for (x, y) in region.iter() {
        let value = values[(y * region.width() + x) as usize];
        picture.get_pixel_mut(x, y)[channel] = value.round().clamp(0.0, 255.0) as u8;
    }
}

/// The standard deviation of a pixel about its four neighbours' mean outside the region, robustly: from the
/// median of the absolute deviations, so that edges and hairs do not count.
fn grain(picture: &RgbImage, region: &Mask) -> f32 {
    let (width, height) = picture.dimensions();
    let green = |x: u32, y: u32| f32::from(picture.get_pixel(x, y)[1]);
    let mut deviations = Vec::new();
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            if !region.get(x, y) {
                let around = green(x - 1, y) + green(x + 1, y) + green(x, y - 1) + green(x, y + 1);
                deviations.push((green(x, y) - around / 4.0).abs());
            }
        }
    }
    if deviations.is_empty() {
        return 0.0;
    }
    let middle = deviations.len() / 2;
    let median = *deviations.select_nth_unstable_by(middle, f32::total_cmp).1;
    // 1.4826 turns the median deviation of a normal variable into its standard deviation; the mean of four
    // neighbours adds a quarter of the variance.
    1.4826 * median / 1.25_f32.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slope(x: u32, y: u32) -> Rgb<u8> {
        Rgb([(60 + x) as u8, (200 - y) as u8, (80 + (x + y) / 2) as u8])
    }

    #[test]
    fn a_gap_in_a_slope_is_filled_with_the_slope_and_the_rest_stays() {
        let mut picture = RgbImage::from_fn(64, 48, slope);
        let mask =
            Mask::from_fn(64, 48, |x, y| (20..44).contains(&x) && (15..30).contains(&y)).expect("small");
        for (x, y) in mask.iter() {
            picture.put_pixel(x, y, Rgb([255, 255, 255]));
        }
        let edited = remove(&picture, &mask, 0).expect("there is a surrounding");
        for (x, y, pixel) in edited.picture.enumerate_pixels() {
            if edited.region.get(x, y) {
                let wrong = (0..3).map(|c| pixel[c].abs_diff(slope(x, y)[c])).max().expect("three");
                assert!(wrong <= 4, "({x}, {y}) is off by {wrong}");
            } else {
                assert_eq!(pixel, picture.get_pixel(x, y));
            }
        }
        assert!(mask.iter().all(|(x, y)| edited.region.get(x, y)));
    }

    #[test]
    fn nothing_is_removed_by_an_empty_mask_and_everything_by_none() {
        let picture = RgbImage::from_fn(16, 16, slope);
        let edited = remove(&picture, &Mask::empty(16, 16).expect("small"), 1).expect("nothing to do");
        assert_eq!(edited.picture, picture);
        let all = Mask::from_fn(16, 16, |_, _| true).expect("small");
        assert!(matches!(remove(&picture, &all, 1), Err(EditError::NothingLeft { .. })));
        let other = Mask::empty(4, 4).expect("small");
        assert!(matches!(remove(&picture, &other, 1), Err(EditError::Size { .. })));
    }
}
