//! An artefact cut from one picture and cloned into another.

use image::{Rgb, RgbImage, imageops};

use super::light::Light;
use super::membrane::span;
use super::{EditError, Edited};
use crate::parts::{parts, touching_border};
use crate::phantom::Dice;
use crate::{Mask, ResizeError, resize_gray, resize_rgb};

/// So many pixels about the mask come along, so that the seam lies on skin and not on the artefact's edge.
const MARGIN: u32 = 3;

/// Places tried before the best of them is taken.
const TRIES: usize = 80;

/// The first of them is at most this far from where the cut-out was, as a share of the room there is.
const NEAR: f32 = 0.15;

/// Added to a level before its logarithm is taken: black has one too, and noise in the dark counts for little.
const FLOOR: f32 = 8.0;

/// An artefact with the skin close about it, as one picture shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cutout {
    /// The part of the picture about the artefact.
    picture: RgbImage,
    /// The artefact and its margin within that part.
    mask: Mask,
    /// Where the part's corner was, as a share of the room it had.
    place: (f32, f32),
    /// The shorter side of the whole picture.
    scale: u32,
    /// Whether part of the artefact may be missing.
    cropped: bool,
}

impl Cutout {
    /// Cuts out what `mask` marks, and three pixels about it, as far as it lies within the field of view. `None`
    /// where nothing does.
    ///
    /// # Errors
    /// [`EditError::Size`] if the mask is not of the picture's size.
    pub fn of(picture: &RgbImage, mask: &Mask) -> Result<Option<Cutout>, EditError> {
        let (width, height) = picture.dimensions();
        if mask.dimensions() != (width, height) {
            return Err(EditError::Size { mask: mask.dimensions(), picture: (width, height) });
        }
        let wide = mask.dilate(MARGIN);
        let light = Light::of(picture);
        // What lies in the dark about a round field of view would come along as a black patch. A black artefact
        // within it is one to be cut out.
        let dark = touching_border(&Mask::from_fn(width, height, |x, y| light.is_dark(x, y))?);
        let seen = Mask::from_fn(width, height, |x, y| wide.get(x, y) && !dark.get(x, y))?;
        let cropped = seen.area() < wide.area() || seen.iter().any(|at| seen.on_border(at));
        let wide = seen;
        // One pixel more on each side, where there is one: the seam is judged by it.
        let Some(bounds) = wide.dilate(1).bounding_box() else { return Ok(None) };
        let part = imageops::crop_imm(picture, bounds.x, bounds.y, bounds.width, bounds.height).to_image();
        let mask = Mask::from_fn(bounds.width, bounds.height, |x, y| wide.get(bounds.x + x, bounds.y + y))?;
        let share = |at: u32, room: u32| if room == 0 { 0.5 } else { at as f32 / room as f32 };
        let place = (share(bounds.x, width - bounds.width), share(bounds.y, height - bounds.height));
        Ok(Some(Cutout { picture: part, mask, place, scale: width.min(height), cropped }))
    }

    /// Whether the artefact reaches the edge of the picture it was cut from, or of its field of view, so that part
    /// of it may be missing.
    pub fn reaches_edge(&self) -> bool {
        self.cropped
    }

    /// The same for a picture whose shorter side is `scale`.
    fn at_scale(&self, scale: u32) -> Result<Cutout, ResizeError> {
        if scale == self.scale {
            return Ok(self.clone());
        }
        let to =
            |side: u32| (f64::from(side) * f64::from(scale) / f64::from(self.scale)).round().max(1.0) as u32;
        let (width, height) = (to(self.picture.width()), to(self.picture.height()));
        let mask = Mask::from_gray(&resize_gray(&self.mask.to_gray(), width, height)?)
            .map_err(|_| ResizeError::TooLarge { width, height })?;
        Ok(Cutout { picture: resize_rgb(&self.picture, width, height)?, mask, scale, ..*self })
    }
}

/// Clones the cut-out into `picture`, off the mask `avoid` and off the dark as far as there is room, at a place
/// that the seed fixes. Where it can, it lies near the place that it came from. It keeps its direction and, relative to
/// the picture's shorter side, its size; pictures of one size are not resampled, so fine marks stay sharp.
///
/// The blending is gradient-domain (Pérez, Gangnet and Blake, *Poisson image editing*, 2003), on logarithms:
/// inside the seam the *relative* contrasts are those of the cut-out, and the light and colour of the place come
/// in from the seam as the smoothest surface there is. So a dark mark keeps its contrast in any light, an
/// engraved scale takes on the skin below, a white strip stays a strip, and no edge shows.
///
/// # Errors
/// [`EditError::Size`] if the mask is not of the picture's size, [`EditError::Resize`] if the cut-out cannot be
/// brought to the picture's scale.
pub fn paste(
    picture: &RgbImage,
    avoid: Option<&Mask>,
    cutout: &Cutout,
    seed: u64,
) -> Result<Edited, EditError> {
    let (width, height) = picture.dimensions();
    let taken = taken(picture, avoid)?;
    let cutout = cutout.at_scale(width.min(height))?;
    let (left, top) = place(&cutout.mask, cutout.place, &taken, seed);
    let within = |x: u32, y: u32| {
        let (x, y) = (i64::from(x) - left, i64::from(y) - top);
        let (wide, high) = cutout.picture.dimensions();
        let inside = x >= 0 && y >= 0 && x < i64::from(wide) && y < i64::from(high);
        inside.then_some((x as u32, y as u32))
    };
    let region =
        Mask::from_fn(width, height, |x, y| within(x, y).is_some_and(|(x, y)| cutout.mask.get(x, y)))?;
    let log = |level: u8| (f32::from(level) + FLOOR).ln();
    let mut edited = picture.clone();
    for channel in 0..3 {
        let mut values = vec![0.0; (width * height) as usize];
        for (x, y, pixel) in picture.enumerate_pixels() {
            if let Some((u, v)) = within(x, y) {
                let ratio = log(pixel[channel]) - log(cutout.picture.get_pixel(u, v)[channel]);
                values[(y * width + x) as usize] = ratio;
            }
        }
        span(&mut values, &region, |x, y| within(x, y).is_some());
        for (x, y) in region.iter() {
            if let Some((u, v)) = within(x, y) {
                let own = log(cutout.picture.get_pixel(u, v)[channel]);
                let level = (own + values[(y * width + x) as usize]).exp() - FLOOR;
                edited.get_pixel_mut(x, y)[channel] = level.round().clamp(0.0, 255.0) as u8;
            }
        }
    }
    Ok(Edited { picture: edited, region })
}

/// Does to places of the same shapes, elsewhere in the picture, what [`remove`](super::remove()) does to the
/// mask: the control of a removal, since it changes as much but takes nothing away. The connected parts of the mask
/// find room each by itself, turned or mirrored where there is none as they are: marks about a lesion could not be
/// anywhere else together. `None` where every place tried for one touches the mask itself, what is to be avoided, or
/// the dark.
///
/// # Errors
/// Those of [`remove`](super::remove()).
pub fn remove_elsewhere(
    picture: &RgbImage,
    mask: &Mask,
    avoid: Option<&Mask>,
    seed: u64,
) -> Result<Option<Edited>, EditError> {
    // The margin that a removal takes has to find room as well.
    let near = mask.dilate(MARGIN);
    let avoid = avoid.map_or_else(|| Ok(near.clone()), |avoid| avoid.union(&near))?;
    let mut taken = taken(picture, Some(&avoid))?;
    let mut dice = Dice::new(seed, 0, "elsewhere");
    let mut elsewhere = Mask::empty(picture.width(), picture.height())?;
    let mut parts = parts(&near);
    // The largest first, while there is most room.
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    if parts.is_empty() {
        return Ok(None);
    }
    for part in parts {
        let first = (dice.unit(), dice.unit());
        let Some(moves) = (0..TURNS).find_map(|turn| room_for(&part, turn, first, &taken, seed)) else {
            return Ok(None);
        };
        for ((from_x, from_y), (to_x, to_y)) in part.into_iter().zip(moves) {
            taken.set(to_x, to_y, true);
            elsewhere.set(to_x, to_y, mask.get(from_x, from_y));
        }
    }
    super::remove(picture, &elsewhere, seed).map(Some)
}

/// A shape can be turned and mirrored in so many ways.
const TURNS: u32 = 8;

/// Where each of some pixels comes to lie so that all are in the picture and on nothing taken, turned in one of the
/// [`TURNS`] ways; `None` where no such place is found.
fn room_for(
    part: &[(u32, u32)],
    turn: u32,
    first: (f32, f32),
    taken: &Mask,
    seed: u64,
) -> Option<Vec<(u32, u32)>> {
    let (left, right) = (part.iter().map(|at| at.0).min()?, part.iter().map(|at| at.0).max()?);
    let (top, bottom) = (part.iter().map(|at| at.1).min()?, part.iter().map(|at| at.1).max()?);
    let turned = |&(x, y): &(u32, u32)| {
        let x = if turn & 1 == 0 { x - left } else { right - x };
        let y = if turn & 2 == 0 { y - top } else { bottom - y };
        if turn & 4 == 0 { (x, y) } else { (y, x) }
    };
    let (right, bottom) = (right - left, bottom - top);
    let (width, height) = if turn & 4 == 0 { (right + 1, bottom + 1) } else { (bottom + 1, right + 1) };
    if width > taken.width() || height > taken.height() {
        return None;
    }
    let mut shape = Mask::empty(width, height).ok()?;
    part.iter().map(turned).for_each(|(x, y)| shape.set(x, y, true));
    let (left, top) = place(&shape, first, taken, seed);
    let moved = |(x, y): (u32, u32)| ((i64::from(x) + left) as u32, (i64::from(y) + top) as u32);
    (overlap(&shape, (left, top), taken) == 0).then(|| part.iter().map(turned).map(moved).collect())
}

/// Where nothing is to be put: what is to be avoided, and what is dark.
fn taken(picture: &RgbImage, avoid: Option<&Mask>) -> Result<Mask, EditError> {
    let (width, height) = picture.dimensions();
    if let Some(mask) = avoid.filter(|mask| mask.dimensions() != (width, height)) {
        return Err(EditError::Size { mask: mask.dimensions(), picture: (width, height) });
    }
    let light = Light::of(picture);
    let taken =
        Mask::from_fn(width, height, |x, y| avoid.is_some_and(|mask| mask.get(x, y)) || light.is_dark(x, y))?;
    Ok(taken)
}

/// The corner that puts the shape's box where it covers the least of what is taken.
fn place(shape: &Mask, first: (f32, f32), taken: &Mask, seed: u64) -> (i64, i64) {
    let mut dice = Dice::new(seed, 0, "place");
    let room = |whole: u32, part: u32| (i64::from(whole) - i64::from(part)) as f32;
    let room = (room(taken.width(), shape.width()), room(taken.height(), shape.height()));
    let corner = |share: (f32, f32)| ((share.0 * room.0).round() as i64, (share.1 * room.1).round() as i64);
    let mut best = (usize::MAX, (0, 0));
    let mut near = |share: f32| (share + dice.between(-NEAR, NEAR)).clamp(0.0, 1.0);
    let first = (near(first.0), near(first.1));
    for attempt in 0..TRIES {
        let candidate = corner(if attempt == 0 { first } else { (dice.unit(), dice.unit()) });
        let cost = overlap(shape, candidate, taken);
        if cost < best.0 {
            best = (cost, candidate);
        }
        if cost == 0 {
            break;
        }
    }
    best.1
}

/// How many of the shape's pixels would cover something taken.
fn overlap(shape: &Mask, (left, top): (i64, i64), taken: &Mask) -> usize {
    let covers = |&(x, y): &(u32, u32)| {
        let (x, y) = (i64::from(x) + left, i64::from(y) + top);
        x >= 0 && y >= 0 && taken.get(x as u32, y as u32)
    };
    shape.iter().filter(covers).count()
}

/// The same pixels without their meaning: what `edited` did to `before` is cut into square tiles, a third of the
/// region's breadth wide, which are shuffled and turned; pixels at the region's border, where no whole tile
/// fits, are shuffled one by one. Area, contrast and colours stay; ticks, figures and the line they stand on go.
pub fn scramble(before: &RgbImage, edited: &Edited, seed: u64) -> Edited {
    let region = &edited.region;
    let ratio = |x: u32, y: u32| -> [f32; 3] {
        let (from, to) = (before.get_pixel(x, y), edited.picture.get_pixel(x, y));
        std::array::from_fn(|c| (f32::from(to[c]) + FLOOR) / (f32::from(from[c]) + FLOOR))
    };
    let mut dice = Dice::new(seed, 0, "scramble");
    let mut shuffled = |count: usize| {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, dice.count(0, last as u32) as usize);
        }
        (order, dice.word())
    };
    let side = (breadth(region) / 3.0).round().clamp(2.0, 64.0) as u32;
    let whole = |&(x, y): &(u32, u32)| {
        x % side == 0
            && y % side == 0
            && (0..side * side).all(|place| region.get(x + place % side, y + place / side))
    };
    let tiles: Vec<(u32, u32)> = region.iter().filter(whole).collect();
    let mut tiled = vec![false; region.bits().len()];
    let mut picture = before.clone();
    let mut put = |x: u32, y: u32, ratio: [f32; 3]| {
        let below = before.get_pixel(x, y);
        let level = |c: usize| (f32::from(below[c]) + FLOOR) * ratio[c] - FLOOR;
        picture.put_pixel(x, y, Rgb([0, 1, 2].map(|c| level(c).round().clamp(0.0, 255.0) as u8)));
    };
    let (order, turns) = shuffled(tiles.len());
    for (index, (&(to_x, to_y), from)) in tiles.iter().zip(order).enumerate() {
        let (from_x, from_y) = tiles[from];
        // Each tile gets its own of the four turns, from two bits of a word that is turned with it.
        let turn = turns.rotate_left(2 * (index as u32 % 16)) % 4;
        for place in 0..side * side {
            let (u, v) = (place % side, place / side);
            let last = side - 1;
            let (x, y) = [(u, v), (last - v, u), (last - u, last - v), (v, last - u)][turn as usize];
            put(to_x + u, to_y + v, ratio(from_x + x, from_y + y));
            tiled[((to_y + v) * region.width() + to_x + u) as usize] = true;
        }
    }
    let rest: Vec<(u32, u32)> =
        region.iter().filter(|&(x, y)| !tiled[(y * region.width() + x) as usize]).collect();
    for (&(x, y), from) in rest.iter().zip(shuffled(rest.len()).0) {
        put(x, y, ratio(rest[from].0, rest[from].1));
    }
    Edited { picture, region: region.clone() }
}

/// How wide a long region is: its area over its length, which for a rectangle is √12 deviations along its axis.
fn breadth(region: &Mask) -> f32 {
    super::axis::Axis::of(region)
        .map_or(0.0, |axis| region.area() as f32 / (12_f32.sqrt() * axis.deviation).max(1.0))
}
