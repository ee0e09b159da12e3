//! The pigments of a lesion: melanin at several depths, blood, and scar.

use serde::{Deserialize, Serialize};

use super::dice::Dice;
use super::noise::fractal;
use super::plane::{Point, mix, smoothstep};

/// The amounts of the pigments at one position of the skin.
///
/// Melanin near the surface and blood absorb light (Beer and Lambert's law, each channel with its own
/// coefficient); melanin deep in the dermis looks blue-grey because short waves are scattered back before
/// they reach it; where a melanoma regresses, a whitish scar is left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pigment {
    /// Optical density of melanin: 0.25 is light brown, 0.6 brown, 1.1 dark brown, 2 black.
    pub melanin: f32,
    /// Optical density of blood.
    pub blood: f32,
    /// Share of the blue-grey veil; 0 to 1.
    pub blue: f32,
    /// Share of white scar; 0 to 1.
    pub scar: f32,
}

/// Absorption of red, green and blue, set by eye against ISIC's pictures.
const MELANIN: [f32; 3] = [0.98, 1.46, 1.98];
const BLOOD: [f32; 3] = [0.22, 1.15, 0.95];
/// The veil and the scar, as multiples of the surrounding skin's colour.
const VEIL: [f32; 3] = [0.42, 0.52, 0.66];
const SCAR: [f32; 3] = [1.06, 1.04, 1.05];

impl Pigment {
    /// The one or two browns of a common mole.
    pub(crate) fn brown(dice: &mut Dice) -> Self {
        Self { melanin: dice.between(0.30, 0.95), blood: 0.30 * dice.unit().powi(2), blue: 0.0, scar: 0.0 }
    }

    /// Less of everything.
    pub(crate) fn faded(self, share: f32) -> Self {
        Self {
            melanin: self.melanin * share,
            blood: self.blood * share,
            blue: self.blue * share,
            scar: self.scar * share,
        }
    }

    /// The colour of skin with these pigments.
    pub(crate) fn over(self, skin: [f32; 3]) -> [f32; 3] {
        let brown =
            std::array::from_fn(|c| skin[c] * (-self.melanin * MELANIN[c] - self.blood * BLOOD[c]).exp());
        let veiled = mix(brown, std::array::from_fn(|c| skin[c] * VEIL[c]), self.blue.clamp(0.0, 1.0));
        mix(veiled, std::array::from_fn(|c| (skin[c] * SCAR[c]).min(1.0)), self.scar.clamp(0.0, 1.0))
    }
}

/// A patch of another colour in a lesion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Its colour.
    pub kind: PatchKind,
    /// Its middle, from the lesion's centre and in the lesion's radii.
    pub centre: Point,
    /// Its radius, in the lesion's radii.
    pub radius: f32,
    /// How strong it is; 0 to 1.
    pub strength: f32,
    /// Fixes its outline.
    pub texture: u32,
}

/// The colours that the ABCD rule counts besides light brown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PatchKind {
    /// A second, darker brown.
    DarkBrown,
    /// Melanin up to the surface.
    Black,
    /// Vessels and inflammation.
    Red,
    /// Melanin deep in the dermis.
    BlueGrey,
    /// Regression.
    White,
}

impl Patch {
    /// The patches of a lesion: hardly any if `colour` is small, three to five kinds if it is near 1.
    pub(crate) fn draw_many(dice: &mut Dice, colour: f32, asymmetry: f32) -> Vec<Self> {
        use PatchKind::{Black, BlueGrey, DarkBrown, Red, White};
        let mut kinds = [DarkBrown, Black, Red, BlueGrey, White];
        // Fisher and Yates's shuffle.
        for last in (1..kinds.len()).rev() {
            kinds.swap(last, dice.count(0, last as u32) as usize);
        }
        let number = (5.2 * colour - 0.5).round().clamp(0.0, 5.0) as usize;
        // A lesion with one extra colour has a second brown, as many moles do.
        if number == 1 {
            kinds[0] = DarkBrown;
        }
        let mut patches = Vec::new();
        for &kind in &kinds[..number] {
            for _ in 0..dice.count(1, 3) {
                patches.push(Self {
                    kind,
                    centre: Point::polar(0.15 + 0.6 * asymmetry * dice.unit().sqrt(), dice.angle()),
                    radius: dice.between(0.22, 0.55),
                    strength: dice.between(0.55, 1.0),
                    texture: dice.word(),
                });
            }
        }
        patches
    }

    /// The pigment plus that of the patch, at a position in units of the lesion's radius.
    pub(crate) fn stain(&self, mut pigment: Pigment, from: Point, pixels: f32) -> Pigment {
        let distance = (from - self.centre).length() / self.radius;
        if distance > 2.0 {
            return pigment;
        }
        let outline = 0.62 * fractal(from, 2.4, 5, pixels, self.texture);
        let share = self.strength * smoothstep(1.45, 0.35, distance + outline);
        match self.kind {
            PatchKind::DarkBrown => pigment.melanin += 0.55 * share,
            PatchKind::Black => pigment.melanin += (1.9 - 0.5 * pigment.melanin).max(0.3) * share,
            PatchKind::Red => {
                pigment.melanin *= 1.0 - 0.5 * share;
                pigment.blood += 0.5 * share;
            }
            PatchKind::BlueGrey => pigment.blue += (1.0 - pigment.blue) * 0.9 * share,
            PatchKind::White => {
                pigment.melanin *= 1.0 - 0.8 * share;
                pigment.scar += (1.0 - pigment.scar) * 0.5 * share;
            }
        }
        pigment
    }
}
