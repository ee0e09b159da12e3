//! Finding room for something in a picture.

use super::light::LightMap;
use super::placement::{Spot, TURNS};
use crate::Mask;
use crate::phantom::Dice;

/// Places tried before the best of them is taken.
const TRIES: usize = 80;

/// The first of them is at most this far from where the thing was, as a share of the room there is.
const NEAR: f32 = 0.15;

/// If a shape has more pixels than this, only about this number of them is first compared with the occupied pixels.
const SAMPLE: usize = 4096;

/// A picture, and the areas in which nothing may be placed: the dark area, and these masks, each of the picture's size.
pub(super) struct Room<'a> {
    pub(super) light: &'a LightMap,
    pub(super) taken: Vec<&'a Mask>,
    pub(super) dimensions: (u32, u32),
}

/// Some pixels of a box.
pub(super) struct Shape {
    pub(super) size: (u32, u32),
    pub(super) pixels: Vec<(u32, u32)>,
}

impl Shape {
    /// The pixels within their bounding box; `None` if there are none.
    pub(super) fn of(pixels: &[(u32, u32)]) -> Option<Shape> {
        let (left, right) = (pixels.iter().map(|at| at.0).min()?, pixels.iter().map(|at| at.0).max()?);
        let (top, bottom) = (pixels.iter().map(|at| at.1).min()?, pixels.iter().map(|at| at.1).max()?);
        let pixels = pixels.iter().map(|&(x, y)| (x - left, y - top)).collect();
        Some(Shape { size: (right - left + 1, bottom - top + 1), pixels })
    }

    /// The positions of its pixels in a picture of this size; `None` if some are beyond it.
    pub(super) fn at(&self, spot: Spot, (width, height): (u32, u32)) -> Option<Vec<(u32, u32)>> {
        let inside = |at: i64, side: u32| (0..i64::from(side)).contains(&at).then_some(at as u32);
        let moved = |&at: &(u32, u32)| {
            let (x, y) = spot.of(at, self.size);
            Some((inside(x, width)?, inside(y, height)?))
        };
        self.pixels.iter().map(moved).collect()
    }
}

impl Room<'_> {
    /// Whether nothing is to be put here.
    pub(super) fn is_taken(&self, x: u32, y: u32) -> bool {
        self.taken.iter().any(|mask| mask.get(x, y)) || self.light.is_dark(x, y)
    }

    /// Of the spots tried, the one where the shape covers the fewest occupied pixels, and their number. The first spot to be
    /// tried is `first`, the original position of the shape's box as a fraction of the room that it had.
    pub(super) fn spot(&self, shape: &Shape, turn: u8, first: (f32, f32), seed: u64) -> (Spot, usize) {
        let mut dice = Dice::new(seed, 0, "place");
        let turned = Spot { left: 0, top: 0, turn }.size(shape.size);
        let room = |whole: u32, part: u32| (i64::from(whole) - i64::from(part)) as f32;
        let room = (room(self.dimensions.0, turned.0), room(self.dimensions.1, turned.1));
        let corner = |share: (f32, f32)| Spot {
            left: (share.0 * room.0).round() as i32,
            top: (share.1 * room.1).round() as i32,
            turn,
        };
        let mut near = |share: f32| (share + dice.between(-NEAR, NEAR)).clamp(0.0, 1.0);
        let first = (near(first.0), near(first.1));
        let mut best = (corner(first), usize::MAX);
        for attempt in 0..TRIES {
            let candidate = corner(if attempt == 0 { first } else { (dice.unit(), dice.unit()) });
            let cost = self.overlap(shape, candidate, best.1);
            if cost < best.1 {
                best = (candidate, cost);
            }
            if cost == 0 {
                break;
            }
        }
        best
    }

    /// A spot where the whole shape is inside the picture and covers no occupied pixel, with the shape turned if necessary;
    /// `None` if none is found.
    pub(super) fn free(&self, shape: &Shape, first: (f32, f32), seed: u64) -> Option<Spot> {
        (0..TURNS).find_map(|turn| {
            let (wide, high) = Spot { left: 0, top: 0, turn }.size(shape.size);
            if wide > self.dimensions.0 || high > self.dimensions.1 {
                return None;
            }
            let (spot, cost) = self.spot(shape, turn, first, seed);
            (cost == 0).then_some(spot)
        })
    }

    /// How many of the shape's pixels would cover something taken; counted no further than `enough`. Exact where few
    /// do; of many, what a sample of the pixels says is as good.
    fn overlap(&self, shape: &Shape, spot: Spot, enough: usize) -> usize {
        let covers = |&&at: &&(u32, u32)| {
            let (x, y) = spot.of(at, shape.size);
            x >= 0 && y >= 0 && self.is_taken(x as u32, y as u32)
        };
        let step = shape.pixels.len() / SAMPLE + 1;
        let sampled = shape.pixels.iter().step_by(step).filter(covers).take(enough.div_ceil(step)).count();
        if sampled > 0 {
            return (step * sampled).min(enough);
        }
        shape.pixels.iter().filter(covers).take(enough).count()
    }
}
