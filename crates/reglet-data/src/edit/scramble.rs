//! An artefact with its tiles shuffled.

use image::RgbImage;

use super::axis::Axis;
use super::matched::Pattern;
use super::patch::Patch;
use super::{EditError, Edited};
use crate::Mask;
use crate::phantom::Dice;

/// The same pixels without their meaning: the difference between `edited` and `before` is cut into square tiles, a third of
/// the region's breadth wide, which are shuffled and rotated; pixels at the region's border, where no whole tile fits, are
/// shuffled individually. Area, contrast, colours and the mean absolute change are preserved; ticks, digits and lines are
/// destroyed.
///
/// # Errors
/// [`EditError::Size`] if the two have different sizes.
pub fn scramble(before: &RgbImage, edited: &Edited, seed: u64) -> Result<Edited, EditError> {
    edited.belongs_to(before)?;
    let patch = Patch::of(edited);
    let scrambled = scrambled(before, &patch, seed)?;
    Ok(Patch { donor: patch.donor, lesion: patch.lesion, ..scrambled }.on(before)?)
}

/// As [`scramble`], for pixels in rows from the top.
pub(super) fn scrambled(before: &RgbImage, patch: &Patch, seed: u64) -> Result<Patch, EditError> {
    let region = patch.region(before.dimensions())?;
    let Some(bounds) = region.bounding_box() else { return Ok(Patch::default()) };
    // The index of the patch's pixel at each position of the region's box.
    let place = |x: u32, y: u32| ((y - bounds.y) * bounds.width + x - bounds.x) as usize;
    let mut numbers = vec![0_u32; bounds.width as usize * bounds.height as usize];
    for (number, pixel) in patch.pixels.iter().enumerate() {
        numbers[place(pixel.at.0, pixel.at.1)] = number as u32;
    }
    let number = |x: u32, y: u32| numbers[place(x, y)] as usize;
    let ratios: Vec<[f32; 3]> = patch.ratios(before).collect();

    let mut dice = Dice::new(seed, 0, "scramble");
    let mut shuffled = |count: usize| {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, dice.count(0, last as u32) as usize);
        }
        (order, dice.word())
    };
    let side = (breadth(&region) / 3.0).round().max(2.0) as u32;
    let whole = |&(x, y): &(u32, u32)| {
        x % side == 0
            && y % side == 0
            && (0..side * side).all(|place| region.get(x + place % side, y + place / side))
    };
    let tiles: Vec<(u32, u32)> = region.iter().filter(whole).collect();
    let mut from = vec![None; ratios.len()];
    let (order, turns) = shuffled(tiles.len());
    for (index, (&(to_x, to_y), tile)) in tiles.iter().zip(order).enumerate() {
        let (from_x, from_y) = tiles[tile];
        // Each tile gets one of the four rotations, from two bits of a word that is rotated with every tile.
        let turn = turns.rotate_left(2 * (index as u32 % 16)) % 4;
        for place in 0..side * side {
            let (u, v) = (place % side, place / side);
            let last = side - 1;
            let (x, y) = [(u, v), (last - v, u), (last - u, last - v), (v, last - u)][turn as usize];
            from[number(to_x + u, to_y + v)] = Some(number(from_x + x, from_y + y));
        }
    }
    let rest: Vec<usize> = (0..from.len()).filter(|&number| from[number].is_none()).collect();
    for (&number, other) in rest.iter().zip(shuffled(rest.len()).0) {
        from[number] = Some(rest[other]);
    }
    let at: Vec<(u32, u32)> = patch.pixels.iter().map(|pixel| pixel.at).collect();
    let pattern = Pattern {
        from: at.iter().map(|at| before.get_pixel(at.0, at.1).0).collect(),
        at,
        ratios: from.into_iter().flatten().map(|number| ratios[number]).collect(),
    };
    Ok(pattern.with_strength(before, patch.strength(before), seed))
}

/// How wide a long region is: its area over its length, which for a rectangle is √12 deviations along its axis.
fn breadth(region: &Mask) -> f32 {
    Axis::of(region).map_or(0.0, |axis| region.area() as f32 / (12_f32.sqrt() * axis.deviation).max(1.0))
}
