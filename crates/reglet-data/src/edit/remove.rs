//! Removal of a region from a picture.

use image::{Rgb, RgbImage};

use super::light::stride;
use super::membrane::span;
use super::patch::{Patch, Pixel};
use super::{EditError, Edited};
use crate::Mask;
use crate::parts::parts;
use crate::phantom::Dice;

/// The margin around a mask: masks drawn by hand miss the outermost pixels of an object, and its shadow.
const MARGIN: u32 = 2;

/// Fills the region `mask`, and two pixels around it, from its surroundings.
///
/// The fill is the harmonic one (T. F. Chan and J. Shen, *Mathematical models for local nontexture inpaintings*, SIAM
/// Journal on Applied Mathematics 62, 2002): the smoothest surface that meets the picture at the gap's border. Noise with
/// the strength of the picture's grain is added, so that the region is not conspicuously smooth.
///
/// It follows the skin's shading, has no parameters, and above all invents no structure. Telea's fast marching (*An image
/// inpainting technique based on the fast marching method*, Journal of Graphics Tools 9, 2004) carries the gradients at the
/// border into the gap, and PatchMatch (Barnes et al., *PatchMatch: a randomized correspondence algorithm for structural
/// image editing*, SIGGRAPH 2009) copies other parts of the picture. Either could create a streak, or a piece of the lesion
/// or of another ruler, in place of the removed ruler, and thus create the evidence that the audit looks for.
///
/// # Errors
/// [`EditError::Size`] if the mask is not of the picture's size, [`EditError::NothingLeft`] if no pixels remain to fill
/// from.
pub fn remove(picture: &RgbImage, mask: &Mask, seed: u64) -> Result<Edited, EditError> {
    let dimensions = picture.dimensions();
    if mask.dimensions() != dimensions {
        return Err(EditError::Size { mask: mask.dimensions(), picture: dimensions });
    }
    let region = with_margin(mask, mask, None)?;
    Ok(filled(picture, &Grain::of(picture), &region, seed)?.on(picture)?)
}

/// The region to remove for `mask`, which may have been extended to `longer`: this region and two pixels around it, but no
/// more of the lesion than the mask itself contains. All have the same size.
pub(super) fn with_margin(mask: &Mask, longer: &Mask, lesion: Option<&Mask>) -> Result<Mask, EditError> {
    let mut wide = longer.dilate(MARGIN);
    for (x, y) in lesion.into_iter().flat_map(Mask::iter) {
        if !mask.get(x, y) {
            wide.set(x, y, false);
        }
    }
    // A margin that would cover the rest of the picture is omitted.
    Ok(if wide.is_full() { mask.clone() } else { wide })
}

/// The patch that fills exactly these pixels of a picture of the same size.
pub(super) fn filled(
    picture: &RgbImage,
    grain: &Grain,
    region: &Mask,
    seed: u64,
) -> Result<Patch, EditError> {
    let (width, height) = picture.dimensions();
    if region.is_full() {
        return Err(EditError::NothingLeft { width, height });
    }
    let grain = grain.outside(picture, region);
    let mut dice = Dice::new(seed, 0, "grain");
    let mut patch = Patch::default();
    for part in parts(region) {
        let surface = span(&part, (width, height), |x, y| {
            let Rgb(levels) = *picture.get_pixel(x, y);
            Some(levels.map(f32::from))
        });
        for (at, smooth) in part.into_iter().zip(surface) {
            let noise = dice.normal(0.0, grain);
            let level = smooth.map(|value| (value + noise).round().clamp(0.0, 255.0) as u8);
            patch.pixels.push(Pixel { at, level });
        }
    }
    Ok(patch)
}

/// How strongly a picture's pixels deviate from their four neighbours' means: how often each deviation occurs.
#[derive(Debug)]
pub(super) struct Grain {
    /// By quarters of a level.
    counts: Vec<u32>,
    /// One of this number of rows and columns was used.
    stride: u32,
}

impl Grain {
    /// The deviations in the green channel.
    pub(super) fn of(picture: &RgbImage) -> Grain {
        let mut counts = vec![0; 4 * 255 + 1];
        let (width, height) = picture.dimensions();
        let stride = stride((width, height));
        for y in (1..height.saturating_sub(1)).filter(|y| y % stride == 0) {
            for x in (1..width.saturating_sub(1)).filter(|x| x % stride == 0) {
                counts[deviation(picture, x, y)] += 1;
            }
        }
        Grain { counts, stride }
    }

    /// The standard deviation of a pixel about its four neighbours' mean outside the region, robustly: from the
    /// median of the absolute deviations, so that edges and hairs do not count.
    fn outside(&self, picture: &RgbImage, region: &Mask) -> f32 {
        let mut counts = self.counts.clone();
        let counted =
            |&(x, y): &(u32, u32)| x % self.stride == 0 && y % self.stride == 0 && !region.on_border((x, y));
        for (x, y) in region.iter().filter(counted) {
            counts[deviation(picture, x, y)] -= 1;
        }
        let all: u32 = counts.iter().sum();
        let mut below = 0;
        let median = counts.iter().position(|count| {
            below += count;
            below > all / 2
        });
        // 1.4826 turns the median deviation of a normal variable into its standard deviation; the mean of four
        // neighbours adds a quarter of the variance.
        median.map_or(0.0, |quarters| 1.4826 * 0.25 * quarters as f32 / 1.25_f32.sqrt())
    }
}

/// The difference between a pixel and its neighbours' mean, in quarters of a level. The pixel must not be on the picture's
/// border.
fn deviation(picture: &RgbImage, x: u32, y: u32) -> usize {
    let green = |x: u32, y: u32| u32::from(picture.get_pixel(x, y)[1]);
    let around = green(x - 1, y) + green(x + 1, y) + green(x, y - 1) + green(x, y + 1);
    (4 * green(x, y)).abs_diff(around) as usize
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
