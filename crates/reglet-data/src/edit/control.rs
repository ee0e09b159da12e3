//! Controls: neutral edits of the same size and strength as an artefact's.
//!
//! The control of an inserted or redrawn artefact is a soft patch. The control of a filled region is a soft patch over
//! another region of skin that has been filled in as well, so that a classifier that reacts to traces of filling reacts to
//! both equally.

use image::RgbImage;

use super::grid::Grid;
use super::matched::Pattern;
use super::patch::{Patch, Pixel};
use super::{EditError, Edited};
use crate::Mask;
use crate::parts::parts;

/// The patch rises over this share of its half breadth from nothing at its rim to its full strength.
const FEATHER: f32 = 0.6;

/// The control of `edited`, at the same place: the same pixels become darker or lighter, as those of the artefact did on
/// average, with the same mean absolute change per pixel, but as one soft patch without marks, edges or colour of its own.
/// The patch multiplies the existing pixels, like more or less light, so the skin's texture is preserved.
///
/// # Errors
/// [`EditError::Size`] if the two have different sizes.
pub fn control(before: &RgbImage, edited: &Edited, seed: u64) -> Result<Edited, EditError> {
    edited.belongs_to(before)?;
    let patch = Patch::of(edited);
    let soft = soft(before, &patch, &edited.region, None, seed);
    Ok(Patch { donor: patch.donor, lesion: patch.lesion, ..soft }.on(before)?)
}

/// A soft patch on `region`, with the strength and the sign of `patch`; over the result of `filling` for exactly that
/// region, if it is given.
pub(super) fn soft(
    before: &RgbImage,
    patch: &Patch,
    region: &Mask,
    filling: Option<&Patch>,
    seed: u64,
) -> Patch {
    let sum: f64 = patch.ratios(before).flatten().map(f64::from).sum();
    let sign = if sum < 0.0 { -1.0 } else { 1.0 };
    let mut pattern = Pattern::default();
    for part in parts(region) {
        let depths = depths(&part, region.dimensions());
        let deepest = depths.iter().copied().fold(0.0, f32::max);
        for (at, depth) in part.into_iter().zip(depths) {
            let t = (depth / (FEATHER * deepest)).min(1.0);
            pattern.at.push(at);
            pattern.ratios.push([sign * t * t * (3.0 - 2.0 * t); 3]);
        }
    }
    let strength = patch.strength(before);
    let was = |at: (u32, u32)| before.get_pixel(at.0, at.1).0;
    pattern.from = match filling {
        // It has the same pixels in the same order, part by part. Where it alone changes more than `patch` does, it is
        // mixed with what was there.
        Some(filling) => {
            let share = (strength / filling.strength(before).max(f64::MIN_POSITIVE)).min(1.0) as f32;
            let mixed = |was: u8, is: u8| {
                (f32::from(was) + share * (f32::from(is) - f32::from(was))).round().clamp(0.0, 255.0) as u8
            };
            let level = |pixel: &Pixel| {
                let was = was(pixel.at);
                std::array::from_fn(|c| mixed(was[c], pixel.level[c]))
            };
            filling.pixels.iter().map(level).collect()
        }
        None => pattern.at.iter().map(|at| was(*at)).collect(),
    };
    pattern.with_strength(before, strength, seed)
}

/// The distance in pixels of each pixel of a connected part from the nearest pixel outside of it, by a chamfer distance with
/// straight steps of 1 and diagonal steps of 4/3 (Borgefors, *Distance transformations in digital images*, 1986). Pixels
/// beyond the picture do not count as outside: a strip that enters from a side is cut off there, not faded out.
fn depths(part: &[(u32, u32)], dimensions: (u32, u32)) -> Vec<f32> {
    const DIAGONAL: f32 = 4.0 / 3.0;
    let grid = Grid::about(part, dimensions);
    // No distance is larger than this; a part that covers the whole picture has no rim.
    let far = (grid.width + grid.height) as f32;
    let mut depth = vec![0.0_f32; grid.width * grid.height];
    grid.beyond().for_each(|place| depth[place] = far);
    let mut inside = vec![false; depth.len()];
    for &place in &grid.places {
        (depth[place], inside[place]) = (far, true);
    }
    let wide = grid.width;
    let order: Vec<usize> = (0..inside.len()).filter(|&place| inside[place]).collect();
    let step = |depth: &mut [f32], place: usize, near: [usize; 4]| {
        let steps = [1.0, DIAGONAL, 1.0, DIAGONAL];
        let least = near.iter().zip(steps).map(|(&near, step)| depth[near] + step).fold(f32::MAX, f32::min);
        depth[place] = depth[place].min(least);
    };
    for &place in &order {
        step(&mut depth, place, [place - 1, place - wide - 1, place - wide, place - wide + 1]);
    }
    for &place in order.iter().rev() {
        step(&mut depth, place, [place + 1, place + wide + 1, place + wide, place + wide - 1]);
    }
    grid.places.iter().map(|&place| depth[place].min(far)).collect()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn depth_counts_from_the_rim_and_not_from_the_picture_s_edge() {
        let part: Vec<(u32, u32)> = (0..5).flat_map(|y| (0..9).map(move |x| (x, y))).collect();
        // The part is in the upper left corner of a larger picture, so only its right and lower sides are a rim.
        let depths = depths(&part, (20, 20));
        let at = |x: usize, y: usize| depths[y * 9 + x];
        assert_eq!((at(8, 0), at(7, 0), at(0, 4), at(0, 0)), (1.0, 2.0, 1.0, 5.0));
        assert!(super::depths(&part, (9, 5)).iter().all(|&depth| depth > 5.0), "no rim at all");
    }

    #[test]
    fn the_control_is_soft_and_as_strong() {
        let before = RgbImage::from_pixel(80, 60, Rgb([170, 120, 100]));
        for ink in [20, 240] {
            let mut picture = before.clone();
            let region = Mask::from_fn(80, 60, |x, y| (20..60).contains(&x) && (20..40).contains(&y));
            let region = region.expect("small");
            region
                .iter()
                .filter(|at| at.0 % 4 == 0)
                .for_each(|(x, y)| picture.put_pixel(x, y, Rgb([ink; 3])));
            let edited = Edited { picture, region, donor: None, lesion: None };
            let control = control(&before, &edited, 1).expect("one size");
            let (wanted, found) = (edited.strength(&before), control.strength(&before));
            assert!((found / wanted - 1.0).abs() < 0.03, "{found} for {wanted}");
            // From one pixel to the next there is no step as large as a tenth of a mark's, inside nor at the rim.
            let step = (19..60).map(|x| {
                let red = |x| control.picture.get_pixel(x, 30)[0];
                red(x).abs_diff(red(x + 1))
            });
            assert!(step.max() < Some(22), "{ink}");
            let lighter = control.picture.get_pixel(40, 30)[0] > 170;
            assert_eq!(lighter, ink > 170);
        }
    }
}
