//! Marks of a surgeon's skin marker.

use serde::{Deserialize, Serialize};

use super::canvas::Canvas;
use super::dice::Dice;
use super::noise::fractal;
use super::plane::{Point, smoothstep};

/// One stroke of a marker, patchy where the skin did not take the ink.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InkStroke {
    /// The corners of the stroke's middle line.
    pub path: Vec<Point>,
    /// Width, in units of the picture's side.
    pub width: f32,
    /// The fractions of red, green and blue that the ink lets through; 0 to 1.
    pub transmission: [f32; 3],
    /// Share of the stroke that took ink; 0 to 1.
    pub density: f32,
    /// Fixes the patches.
    pub texture: u32,
}

impl InkStroke {
    /// The marks of one picture: an arc around the lesion, dashes about it, or a cross beside it.
    pub(crate) fn draw_many(dice: &mut Dice, lesion: Point, radius: f32) -> Vec<Self> {
        let violet = dice.unit();
        let transmission = [0.62 - 0.25 * violet, 0.50 + 0.08 * violet, 0.86 + 0.06 * violet];
        let width = dice.between(0.010, 0.024);
        let density = dice.between(0.35, 0.9);
        let start = dice.angle();
        let distance = radius * dice.between(1.35, 1.75);
        let mut paths = Vec::new();
        match dice.count(0, 2) {
            0 => {
                let turn = dice.between(0.8, 4.5);
                let wobble = dice.angle();
                paths.push(
                    (0..=24)
                        .map(|step| {
                            let angle = start + turn * step as f32 / 24.0;
                            let reach = distance * (1.0 + 0.06 * (3.0 * angle + wobble).sin());
                            lesion + Point::polar(reach, angle)
                        })
                        .collect(),
                );
            }
            1 => {
                let number = dice.count(3, 6);
                for dash in 0..number {
                    let angle = start + std::f32::consts::TAU * dash as f32 / number as f32;
                    let length = dice.between(0.05, 0.10);
                    paths.push(vec![
                        lesion + Point::polar(distance, angle),
                        lesion + Point::polar(distance + length, angle + dice.normal(0.0, 0.04)),
                    ]);
                }
            }
            _ => {
                let middle = lesion + Point::polar(distance + 0.06, start);
                let (arm, turn) = (dice.between(0.035, 0.06), dice.angle());
                for quarter in [0.0, std::f32::consts::FRAC_PI_2] {
                    let reach = Point::polar(arm, turn + quarter);
                    paths.push(vec![middle - reach, middle + reach]);
                }
            }
        }
        let stroke = |path| Self { path, width, transmission, density, texture: dice.word() };
        paths.into_iter().map(stroke).collect()
    }

    /// Draws the stroke and records in `coverage` the fraction of each pixel that it tints.
    pub(crate) fn paint(&self, canvas: &mut Canvas, coverage: &mut [f32]) {
        let pixels = canvas.pixels_per_unit();
        let reach = self.width + 1.0 / pixels;
        let mut nearest: Vec<(usize, f32, Point)> = Vec::new();
        for ends in self.path.windows(2) {
            for (index, place) in canvas.near(ends, reach) {
                let (distance, _) = place.distance_to_segment(ends[0], ends[1]);
                if distance < reach {
                    nearest.push((index, distance, place));
                }
            }
        }
        nearest.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        nearest.dedup_by_key(|entry| entry.0);
        for (index, distance, place) in nearest {
            let ragged = 0.5 * self.width * (1.0 + 0.5 * fractal(place, 22.0, 2, pixels, self.texture));
            let edge = smoothstep(ragged + 0.7 / pixels, ragged - 1.2 / pixels, distance);
            let patch = fractal(place, 45.0, 3, pixels, self.texture ^ 0x77);
            let taken = smoothstep(-0.55, 0.25, patch + 2.0 * self.density - 1.0);
            let tint = edge * (0.25 + 0.75 * taken);
            for (colour, through) in canvas.colours[index].iter_mut().zip(self.transmission) {
                *colour *= 1.0 - tint * (1.0 - through);
            }
            coverage[index] = coverage[index].max(edge);
        }
    }
}
