//! The lesion, which contains everything that distinguishes benign from malignant.

use serde::{Deserialize, Serialize};

use super::dice::Dice;
use super::noise::{cells, fractal};
use super::pigment::{Patch, Pigment};
use super::plane::{Point, smoothstep};

/// One pigmented lesion.
///
/// Its malignancy shows in the first three criteria of the ABCD rule of dermatoscopy (W. Stolz et al., "ABCD rule of
/// dermatoscopy: a new practical method for early recognition of malignant melanoma", European Journal of Dermatology 4,
/// 1994): [asymmetry](Lesion::asymmetry), [border](Lesion::border) and [colour](Lesion::colour). Size and position have the
/// same distribution for both classes and say nothing about the class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesion {
    /// How asymmetric it is, from 0 to 1; melanomas are near 0.75 and benign lesions near 0.2.
    pub asymmetry: f32,
    /// How irregular and abrupt its border is, likewise.
    pub border: f32,
    /// How many colours it has, likewise.
    pub colour: f32,
    /// Its middle.
    pub centre: Point,
    /// Its mean radius, in units of the picture's side.
    pub radius: f32,
    /// The contour: the radius is multiplied by 1 + Σ amplitude · cos(order · angle + phase).
    pub waves: Vec<Wave>,
    /// Bites out of the contour.
    pub notches: Vec<Notch>,
    /// How far the border is frayed, as a share of the radius.
    pub fraying: f32,
    /// Width over which the pigment fades out, as a share of the radius.
    pub softness: f32,
    /// The pigment between the patches.
    pub ground: Pigment,
    /// The darkest point of the ground colour, relative to the centre and in radii.
    pub core: Point,
    /// How much darker the core is; 0 to 1.
    pub core_strength: f32,
    /// Strength of the pigment network; 0 to 1.
    pub network: f32,
    /// Width of the network's meshes, as a share of the radius.
    pub mesh: f32,
    /// Strength of dots and globules; 0 to 1.
    pub globules: f32,
    /// Patches of other colours.
    pub patches: Vec<Patch>,
    /// Fixes the noise.
    pub texture: u32,
}

/// One wave of a lesion's contour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Waves around the contour.
    pub order: u32,
    /// Height, as a share of the radius.
    pub amplitude: f32,
    /// Phase in radians.
    pub phase: f32,
}

/// One bite out of a lesion's contour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notch {
    /// Direction from the centre, in radians.
    pub angle: f32,
    /// Half width, in radians.
    pub width: f32,
    /// Depth, as a share of the radius.
    pub depth: f32,
}

impl Lesion {
    pub(crate) fn draw(dice: &mut Dice, melanoma: bool) -> Self {
        // One level for the lesion and a deviation for each criterion: the classes overlap in each single criterion, but
        // hardly in all three.
        let level = if melanoma { dice.normal(0.76, 0.10) } else { dice.normal(0.20, 0.10) };
        let mut letter = || (level + dice.normal(0.0, 0.09)).clamp(0.0, 1.0);
        let (asymmetry, border, colour) = (letter(), letter(), letter());

        let mut waves = vec![Wave { order: 2, amplitude: dice.between(0.02, 0.20), phase: dice.angle() }];
        for order in [1, 3] {
            let amplitude = asymmetry.powf(1.5) * dice.between(0.07, 0.18);
            waves.push(Wave { order, amplitude, phase: dice.angle() });
        }
        for order in 4..=11 {
            let amplitude = (0.012 + 0.20 * border * border) * dice.normal(0.0, 1.0) / order as f32 * 1.6;
            waves.push(Wave { order, amplitude, phase: dice.angle() });
        }
        let notches = (0..(5.0 * border * border + 0.3) as u32)
            .map(|_| Notch {
                angle: dice.angle(),
                width: dice.between(0.14, 0.38),
                depth: border * dice.between(0.10, 0.30),
            })
            .collect();

        Self {
            asymmetry,
            border,
            colour,
            centre: Point::new(dice.normal(0.5, 0.045), dice.normal(0.5, 0.045)),
            radius: dice.normal(0.205, 0.045).clamp(0.10, 0.31),
            waves,
            notches,
            fraying: 0.05 + 0.16 * border * dice.between(0.6, 1.2),
            softness: dice.between(0.12, 0.30) * (1.0 - 0.7 * border),
            ground: Pigment::brown(dice),
            core: Point::polar(0.08 + 0.5 * asymmetry * dice.between(0.6, 1.0), dice.angle()),
            core_strength: dice.between(0.1, 0.8),
            network: dice.unit() * dice.unit().sqrt(),
            mesh: dice.between(0.06, 0.11),
            globules: if dice.chance(0.4) { dice.between(0.3, 1.0) } else { 0.0 },
            patches: Patch::draw_many(dice, colour, asymmetry),
            texture: dice.word(),
        }
    }

    /// The lesion prepared for queries at many positions of a picture `pixels` wide.
    pub(crate) fn contour(&self, pixels: f32) -> Contour<'_> {
        let radii = (0..SECTORS).map(|sector| {
            let angle = std::f32::consts::TAU * sector as f32 / SECTORS as f32;
            let waves: f32 =
                self.waves.iter().map(|w| w.amplitude * (w.order as f32 * angle + w.phase).cos()).sum();
            let bites: f32 = self
                .notches
                .iter()
                .map(|notch| {
                    let apart = (angle - notch.angle).rem_euclid(std::f32::consts::TAU);
                    let apart = apart.min(std::f32::consts::TAU - apart) / notch.width;
                    notch.depth * (-apart * apart).exp()
                })
                .sum();
            (1.0 + waves).max(0.35) * (1.0 - bites).max(0.4)
        });
        let mut radii: Vec<f32> = radii.collect();
        radii.push(radii[0]);
        let widest = radii.iter().copied().fold(0.0, f32::max);
        Contour { lesion: self, radii, widest, pixels }
    }
}

/// The number of directions in which a contour's radius is computed in advance.
const SECTORS: usize = 360;

/// A lesion with its contour computed in advance.
pub(crate) struct Contour<'a> {
    lesion: &'a Lesion,
    radii: Vec<f32>,
    widest: f32,
    pixels: f32,
}

impl Contour<'_> {
    /// How deep inside the lesion a position is, in radii: 0 on the border, negative outside.
    pub(crate) fn depth(&self, at: Point) -> f32 {
        let lesion = self.lesion;
        let from = (at - lesion.centre) * (1.0 / lesion.radius);
        let distance = from.length();
        if distance > self.widest + 2.0 * lesion.fraying + lesion.softness {
            return -1.0;
        }
        let turn = from.y.atan2(from.x) / std::f32::consts::TAU;
        let sector = turn.rem_euclid(1.0) * SECTORS as f32;
        let whole = (sector as usize).min(SECTORS - 1);
        let radius =
            self.radii[whole] + (self.radii[whole + 1] - self.radii[whole]) * (sector - whole as f32);
        let frayed = fractal(from, 2.6, 4, self.pixels * lesion.radius, lesion.texture);
        radius - distance + lesion.fraying * frayed
    }

    /// The pigment at a position this deep in the lesion.
    pub(crate) fn pigment(&self, at: Point, depth: f32) -> Pigment {
        let lesion = self.lesion;
        let from = (at - lesion.centre) * (1.0 / lesion.radius);
        let pixels = self.pixels * lesion.radius;
        let present = smoothstep(-lesion.softness, lesion.softness, depth);

        let mottle = fractal(from, 2.2, 4, pixels, lesion.texture ^ 0x21);
        let apart = from - lesion.core;
        let core = (-1.6 * apart.dot(apart)).exp();
        let mut pigment = lesion.ground;
        pigment.melanin *= 1.0 + 0.16 * mottle + lesion.core_strength * (1.1 * core - 0.35);

        if lesion.network > 0.05 {
            // A warped honeycomb that fades towards the middle, as a network does.
            let warp = Point::new(
                fractal(from, 3.0, 2, pixels, lesion.texture ^ 0x31),
                fractal(from, 3.0, 2, pixels, lesion.texture ^ 0x32),
            );
            let (near, next, _) = cells((from + warp * 0.12) * (1.0 / lesion.mesh), lesion.texture ^ 0x33);
            let line = smoothstep(0.50, 0.0, next - near);
            let rim = smoothstep(1.0, 0.15, depth);
            pigment.melanin *= 1.0 + lesion.network * (0.3 + 0.7 * rim) * (0.8 * line - 0.28);
        }
        if lesion.globules > 0.0 {
            let (near, _, kind) = cells(from * 7.0, lesion.texture ^ 0x41);
            if kind < 0.45 {
                pigment.melanin *= 1.0 + 0.9 * lesion.globules * smoothstep(0.36, 0.16, near);
            }
        }
        for patch in &lesion.patches {
            pigment = patch.stain(pigment, from, pixels);
        }
        pigment.faded(present)
    }
}
