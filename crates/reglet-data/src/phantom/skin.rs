//! Skin: its tone, its mottling, its furrows and its pores.

use serde::{Deserialize, Serialize};

use super::dice::Dice;
use super::noise::{cells, fractal};
use super::plane::{Point, mix, smoothstep};

/// The appearance of one picture's skin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skin {
    /// Fitzpatrick's phototype as a continuous number: 1 (very fair) to 6 (deeply pigmented).
    pub phototype: f32,
    /// How pink (positive) or sallow (negative) the skin is; about -1 to 1.
    pub flush: f32,
    /// Strength of the blotches of blood and melanin; about 0.3 to 1.3.
    pub mottling: f32,
    /// Strength of the skin lines; 0 to 1.
    pub furrows: f32,
    /// The direction of the skin lines, in radians.
    pub furrow_angle: f32,
    /// Width of one field between furrows, in units of the picture's side.
    pub furrow_spacing: f32,
    /// Strength of pores and freckles; 0 to 1.
    pub pores: f32,
    /// Fixes the noise.
    pub texture: u32,
}

/// sRGB of the six phototypes under a dermatoscope's light, set by eye against ISIC's pictures.
const TONES: [[f32; 3]; 6] = [
    [0.925, 0.800, 0.770],
    [0.895, 0.755, 0.700],
    [0.855, 0.690, 0.605],
    [0.745, 0.565, 0.460],
    [0.585, 0.410, 0.315],
    [0.430, 0.290, 0.225],
];

impl Skin {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        Self {
            // Fair skin is more common in dermoscopic archives, but every tone occurs.
            phototype: 1.0 + 5.0 * dice.unit().powf(1.35),
            flush: dice.normal(0.0, 0.45),
            mottling: dice.between(0.3, 1.3),
            furrows: dice.unit(),
            furrow_angle: dice.angle(),
            furrow_spacing: dice.between(0.022, 0.045),
            pores: dice.unit(),
            texture: dice.word(),
        }
    }

    /// The mean colour, sRGB in 0 to 1.
    pub fn tone(&self) -> [f32; 3] {
        let step = (self.phototype - 1.0).clamp(0.0, 4.999);
        let tone = mix(TONES[step as usize], TONES[step as usize + 1], step.fract());
        [
            tone[0] * (1.0 + 0.02 * self.flush),
            tone[1] * (1.0 - 0.05 * self.flush),
            tone[2] * (1.0 - 0.02 * self.flush),
        ]
    }

    /// The colour at a position of a picture `pixels` wide.
    pub(crate) fn colour(&self, tone: [f32; 3], at: Point, pixels: f32) -> [f32; 3] {
        let blood = self.mottling * fractal(at, 5.0, 3, pixels, self.texture ^ 0x51);
        let melanin = self.mottling * fractal(at, 3.0, 4, pixels, self.texture ^ 0xA7);
        let mut relief = 0.016 * fractal(at, 36.0, 2, pixels, self.texture ^ 0x3C);

        // Furrows: the borders of irregular fields, stretched along the skin's own direction.
        if self.furrows > 0.05 {
            let along = at.turned(-self.furrow_angle) * (1.0 / self.furrow_spacing);
            let (near, next, field) = cells(Point::new(along.x * 0.6, along.y), self.texture ^ 0xF0);
            let furrow = smoothstep(0.16, 0.0, next - near);
            relief += self.furrows * (0.018 * (field - 0.5) - 0.038 * furrow);
            // A pore sits in some of the fields.
            if field < 0.3 * self.pores {
                relief -= 0.07 * self.pores * smoothstep(0.22, 0.08, near);
            }
        }

        let shade = 1.0 + relief;
        [
            tone[0] * shade * (1.0 - 0.010 * blood - 0.022 * melanin),
            tone[1] * shade * (1.0 - 0.050 * blood - 0.036 * melanin),
            tone[2] * shade * (1.0 - 0.042 * blood - 0.050 * melanin),
        ]
    }
}
