//! Surgical rulers.

use serde::{Deserialize, Serialize};

use super::dice::Dice;
use super::plane::Point;

/// A ruler and its position.
///
/// In its own frame a ruler is a rectangle from (0, 0) to (`length`, `width`); its ticks are on the side y = 0, and zero
/// millimetres is at x = `margin`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruler {
    /// Its material.
    pub material: Material,
    /// The position of its middle.
    pub centre: Point,
    /// Its direction, in radians.
    pub angle: f32,
    /// Its length, in units of the picture's shorter side.
    pub length: f32,
    /// Its width, likewise.
    pub width: f32,
    /// One millimetre, likewise.
    pub millimetre: f32,
    /// The distance from its left end to zero, likewise.
    pub margin: f32,
    /// The last millimetre that is marked.
    pub marks: u32,
    /// Width of a tick, in millimetres.
    pub stroke: f32,
    /// The figure at zero, in centimetres: a strip may have been cut from the middle of a ruler.
    pub first_figure: u32,
    /// Colour of ticks and figures, sRGB in 0 to 1.
    pub ink: [f32; 3],
    /// Colour of the strip, sRGB in 0 to 1.
    pub sheet: [f32; 3],
    /// Whether the figures are upside down.
    pub upside_down: bool,
    /// The offset of its shadow, in units of the picture's shorter side.
    pub shadow: Point,
}

/// The material of a ruler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Material {
    /// No strip at all: a scale engraved in the dermatoscope's glass.
    Engraved,
    /// A clear plastic strip with dark marks.
    Clear,
    /// A white strip of paper or plastic.
    White,
}

impl Ruler {
    /// A ruler without a position; [`Ruler::placed`] gives it one.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let material = match dice.unit() {
            u if u < 0.4 => Material::Engraved,
            u if u < 0.65 => Material::Clear,
            _ => Material::White,
        };
        let dark = dice.between(0.05, 0.2);
        let shadow = Point::polar(dice.between(0.006, 0.018), dice.angle());
        let mut ruler = Self {
            material,
            centre: Point::new(0.0, 0.0),
            angle: 0.0,
            length: 0.0,
            width: 0.0,
            millimetre: dice.between(0.026, 0.042),
            margin: 0.0,
            marks: 0,
            stroke: dice.between(0.15, 0.24),
            first_figure: 0,
            ink: [dark, dark * 0.95, dark * 1.05],
            sheet: [1.0; 3],
            upside_down: dice.chance(0.5),
            shadow,
        };
        match material {
            Material::Engraved => {
                ruler.millimetre = dice.between(0.034, 0.050);
                ruler.stroke = dice.between(0.11, 0.17);
                ruler.marks = 10;
                ruler.margin = 1.2 * ruler.millimetre;
                ruler.length = 12.4 * ruler.millimetre;
                ruler.width = 4.2 * ruler.millimetre;
                ruler.upside_down = false;
                ruler.shadow = Point::new(0.0, 0.0);
            }
            Material::Clear | Material::White => {
                ruler.margin = dice.between(1.0, 4.0) * ruler.millimetre;
                ruler.marks = 10 * dice.count(3, 6);
                ruler.length = ruler.marks as f32 * ruler.millimetre + 2.0 * ruler.margin;
                ruler.width = dice.between(5.6, 8.0) * ruler.millimetre;
                ruler.first_figure = if dice.chance(0.5) { 0 } else { dice.count(1, 9) };
                let yellowing = dice.between(0.0, 0.06);
                ruler.sheet = if material == Material::White {
                    [0.95, 0.95 - 0.3 * yellowing, 0.93 - yellowing]
                } else {
                    [0.93, 0.96, 0.97]
                };
                if dice.chance(0.15) {
                    ruler.ink = [0.12, 0.16, 0.42];
                }
            }
        }
        ruler
    }

    /// The same ruler at a position in a frame of this width and height where it is well visible and hides little of the
    /// area that `avoid` marks.
    pub(crate) fn placed(&self, dice: &mut Dice, frame: (f32, f32), avoid: impl Fn(Point) -> bool) -> Self {
        let mut best = (f32::INFINITY, self.clone());
        for _ in 0..TRIES {
            let candidate = self.tossed(dice, frame);
            let cost = candidate.cost(frame, &avoid);
            if cost < best.0 {
                best = (cost, candidate);
            }
            if cost <= 0.0 {
                break;
            }
        }
        best.1
    }

    /// Converts a position in the picture to the ruler's own frame.
    pub(crate) fn local(&self, at: Point) -> Point {
        (at - self.centre).turned(-self.angle) + Point::new(0.5 * self.length, 0.5 * self.width)
    }

    /// Converts a position in the ruler's own frame to the picture.
    pub(crate) fn global(&self, local: Point) -> Point {
        (local - Point::new(0.5 * self.length, 0.5 * self.width)).turned(self.angle) + self.centre
    }

    /// Whether this position of the picture is within the ruler's rectangle.
    pub(crate) fn holds(&self, at: Point) -> bool {
        let local = self.local(at);
        (0.0..=self.length).contains(&local.x) && (0.0..=self.width).contains(&local.y)
    }

    /// Places the ruler at random: an engraved scale is completely inside the picture, a strip enters from a side.
    fn tossed(&self, dice: &mut Dice, (width, height): (f32, f32)) -> Self {
        let mut ruler = self.clone();
        if self.material == Material::Engraved {
            let upright = dice.chance(0.2);
            let quarter = if upright { std::f32::consts::FRAC_PI_2 } else { 0.0 };
            ruler.angle = quarter + dice.normal(0.0, 0.22);
            let edge = 0.75 * self.width;
            ruler.centre = if upright {
                let x =
                    if dice.chance(0.5) { dice.between(edge, 0.3) } else { width - dice.between(edge, 0.3) };
                Point::new(x, height * dice.between(0.3, 0.7))
            } else {
                let y = if dice.chance(0.25) {
                    dice.between(edge, 0.3)
                } else {
                    height - dice.between(edge, 0.3)
                };
                Point::new(width * dice.between(0.3, 0.7), y)
            };
        } else {
            let side = dice.count(0, 3) as usize;
            let along = dice.between(-0.1, 1.1);
            let depth = self.width * dice.between(-0.05, 0.75);
            let (centre, direction) = [
                (Point::new(along * width, depth), 0.0),
                (Point::new(width - depth, along * height), 90.0),
                (Point::new(along * width, height - depth), 180.0),
                (Point::new(depth, along * height), 270.0),
            ][side];
            let turned = if dice.chance(0.5) { 180.0_f32 } else { 0.0 };
            ruler.angle = (direction + turned).to_radians() + dice.normal(0.0, 0.18);
            ruler.centre = centre;
        }
        ruler
    }

    /// The cost of a position: 0 if it is good, and higher the more of the ruler is out of sight or covers something.
    fn cost(&self, (width, height): (f32, f32), avoid: &impl Fn(Point) -> bool) -> f32 {
        let (mut visible, mut hiding) = (0_u32, 0_u32);
        for row in 0..7 {
            for column in 0..25 {
                let share = Point::new((column as f32 + 0.5) / 25.0, (row as f32 + 0.5) / 7.0);
                let at = self.global(Point::new(share.x * self.length, share.y * self.width));
                if (0.0..width).contains(&at.x) && (0.0..height).contains(&at.y) {
                    visible += 1;
                    hiding += u32::from(avoid(at));
                }
            }
        }
        let seen = visible as f32 / 175.0 * self.length * self.width;
        // Ten square millimetres, a third of an engraved scale, are enough to be recognised.
        let wanted = 0.33 * (12.0 * self.millimetre * self.width).min(self.length * self.width);
        (1.0 - seen / wanted).max(0.0) + 4.0 * hiding as f32 / 175.0
    }
}

/// The number of positions that are tried before the best of them is chosen.
const TRIES: usize = 60;
