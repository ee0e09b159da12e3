//! Bubbles in the immersion gel.

use serde::{Deserialize, Serialize};

use super::canvas::Canvas;
use super::dice::Dice;
use super::plane::{Point, smoothstep};

/// One bubble: a bright ring, brightest towards the lamp, with a dark rim and a glint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bubble {
    /// Its middle.
    pub centre: Point,
    /// Its outer radius, in units of the picture's side.
    pub radius: f32,
    /// Direction of the lamp's reflection, in radians.
    pub lamp: f32,
    /// Strength of its lights and shadows; 0 to 1.
    pub contrast: f32,
}

impl Bubble {
    /// The bubbles of one picture, in a cluster or two, lit from one side.
    pub(crate) fn draw_many(dice: &mut Dice) -> Vec<Self> {
        let lamp = dice.angle();
        let mut bubbles: Vec<Self> = Vec::new();
        for _ in 0..dice.count(1, 3) {
            let cluster = Point::new(dice.between(0.05, 0.95), dice.between(0.05, 0.95));
            for _ in 0..dice.count(1, 7) {
                let candidate = Self {
                    centre: cluster + Point::polar(dice.normal(0.0, 0.09), dice.angle()),
                    radius: 0.008 + 0.035 * dice.unit().powi(2),
                    lamp: lamp + dice.normal(0.0, 0.2),
                    contrast: dice.between(0.45, 1.0),
                };
                // Bubbles in one film of gel touch, but do not overlap.
                let free = |other: &Self| {
                    (other.centre - candidate.centre).length() > other.radius + candidate.radius
                };
                if bubbles.iter().all(free) {
                    bubbles.push(candidate);
                }
            }
        }
        bubbles
    }

    /// Draws the bubble and records in `coverage` the fraction of each pixel that it covers.
    pub(crate) fn paint(&self, canvas: &mut Canvas, coverage: &mut [f32]) {
        let pixel = 1.0 / canvas.pixels_per_unit();
        let lamp = Point::polar(1.0, self.lamp);
        // No light or edge is drawn finer than the pixels can show.
        let blur = (pixel / self.radius).clamp(0.06, 0.6);
        for (index, place) in canvas.near(&[self.centre], self.radius + pixel) {
            let from = (place - self.centre) * (1.0 / self.radius);
            let ring = from.length();
            let inside = smoothstep(1.0 + blur, 1.0 - blur, ring);
            if inside <= 0.0 {
                continue;
            }
            let towards = from.dot(lamp) / ring.max(0.05);
            let band = |radius: f32, width: f32| {
                let off = (ring - radius) / (width + blur);
                (-off * off).exp() * width / (width + 0.6 * blur)
            };
            let rim = band(0.98, 0.10);
            let crescent = band(0.80, 0.14) * (0.35 + 0.65 * smoothstep(-0.2, 1.0, towards));
            let opposite = band(0.72, 0.12) * 0.5 * smoothstep(-0.4, -1.0, towards);
            let glint = {
                let off = (from - lamp * 0.5).length() / (0.16 + blur);
                (-off * off).exp()
            };
            canvas.cover(index, [0.16, 0.12, 0.11], 0.45 * self.contrast * rim * inside);
            let shine = (0.05 + 0.75 * crescent + 0.8 * opposite + 0.8 * glint).min(1.0);
            canvas.cover(index, [1.0, 0.99, 0.97], self.contrast * shine * inside);
            coverage[index] = coverage[index].max(inside);
        }
    }
}
