//! Hairs.

use serde::{Deserialize, Serialize};

use super::canvas::Canvas;
use super::dice::Dice;
use super::plane::{Point, line_coverage};

/// One hair: a quadratic Bézier curve that tapers to its tip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hair {
    /// Root, control point and tip.
    pub curve: [Point; 3],
    /// Width at the root, in units of the picture's side.
    pub width: f32,
    /// sRGB, 0 to 1.
    pub colour: [f32; 3],
    /// The opacity; 0 to 1.
    pub opacity: f32,
}

/// The number of straight segments of which a curve consists; at 512 pixels no corner is visible.
const PIECES: usize = 14;

impl Hair {
    /// The hairs of one picture: from a few to very many, with roughly the same direction.
    pub(crate) fn draw_many(dice: &mut Dice) -> Vec<Self> {
        let number = (2.0 + 20.0 * dice.unit().powi(3)) as u32;
        let lie = dice.angle();
        let blond = dice.chance(0.2);
        let stubble = dice.chance(0.15);
        (0..number)
            .map(|_| {
                let root = Point::new(dice.between(-0.1, 1.1), dice.between(-0.1, 1.1));
                let length = if stubble { dice.between(0.04, 0.10) } else { dice.between(0.25, 0.9) };
                let direction = lie + dice.normal(0.0, 0.45);
                let bend = dice.normal(0.0, 0.22) * length;
                let tip = root + Point::polar(length, direction);
                let side = Point::polar(bend, direction + std::f32::consts::FRAC_PI_2);
                let shade = dice.between(0.5, 1.5);
                let colour = if blond { [0.42, 0.28, 0.15] } else { [0.13, 0.085, 0.07] };
                Self {
                    curve: [root, (root + tip) * 0.5 + side, tip],
                    width: dice.between(0.0035, 0.0085),
                    colour: colour.map(|c: f32| c * shade),
                    opacity: dice.between(0.65, 0.95),
                }
            })
            .collect()
    }

    /// Draws the hair and records in `coverage` the fraction of each pixel that it covers.
    pub(crate) fn paint(&self, canvas: &mut Canvas, coverage: &mut [f32]) {
        let [root, control, tip] = self.curve;
        let at = |t: f32| root * ((1.0 - t) * (1.0 - t)) + control * (2.0 * t * (1.0 - t)) + tip * (t * t);
        let pixels = canvas.pixels_per_unit();
        // Each hair is first accumulated on its own, so that it does not darken the picture twice where its segments meet.
        let mut own: Vec<(usize, f32)> = Vec::new();
        for piece in 0..PIECES {
            let (start, end) = (piece as f32 / PIECES as f32, (piece + 1) as f32 / PIECES as f32);
            let (a, b) = (at(start), at(end));
            let reach = self.width + 1.5 / pixels;
            for (index, place) in canvas.near(&[a, b], reach) {
                let (distance, along) = place.distance_to_segment(a, b);
                let t = start + along * (end - start);
                let width = self.width * (1.0 - 0.75 * t * t);
                let share = line_coverage(distance * pixels, width * pixels);
                if share > 0.0 {
                    own.push((index, share));
                }
            }
        }
        own.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        own.dedup_by_key(|entry| entry.0);
        for (index, share) in own {
            canvas.cover(index, self.colour, share * self.opacity);
            coverage[index] = coverage[index].max(share);
        }
    }
}
