//! The dermatoscope's light and lens.

use serde::{Deserialize, Serialize};

use super::dice::Dice;
use super::plane::{Point, smoothstep};

/// The lighting of one picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lighting {
    /// The position where the light is strongest.
    pub centre: Point,
    /// Loss of light at a distance of one picture's side from the centre; 0 to 1.
    pub falloff: f32,
    /// Change of light across the picture, in the direction of this vector.
    pub tilt: Point,
    /// Overall brightness of red, green and blue: exposure and white balance.
    pub gain: [f32; 3],
    /// Radius of the round field of view about the picture's middle, beyond which all is black, if the
    /// lens shows its edge.
    pub field_of_view: Option<f32>,
    /// Standard deviation of the sensor's grain, in sRGB from 0 to 1.
    pub grain: f32,
}

/// The loss of light that counts as a vignette: in the corners, half to two thirds of it.
const VIGNETTE: (f32, f32) = (1.0, 1.35);

impl Lighting {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let exposure = dice.normal(1.0, 0.045).min(1.06);
        Self {
            centre: Point::new(dice.normal(0.5, 0.07), dice.normal(0.5, 0.07)),
            falloff: dice.between(0.05, 0.55),
            tilt: Point::polar(dice.between(0.0, 0.10), dice.angle()),
            gain: [exposure * dice.normal(1.0, 0.012), exposure, exposure * dice.normal(1.0, 0.025)],
            field_of_view: dice.chance(0.3).then(|| dice.between(0.54, 0.70)),
            grain: dice.between(0.004, 0.014),
        }
    }

    /// The same light, but falling off towards the rim much more than [`draw`](Lighting::draw) ever draws it.
    pub(crate) fn with_vignette(self, dice: &mut Dice) -> Self {
        let (low, high) = VIGNETTE;
        Self { falloff: dice.between(low, high), ..self }
    }

    /// Whether the light falls off towards the rim as with a [vignette](super::PhantomOptions::vignette_with_ruler).
    pub fn has_vignette(&self) -> bool {
        self.falloff >= VIGNETTE.0
    }

    /// The factor for each channel at a place.
    pub(crate) fn at(&self, at: Point) -> [f32; 3] {
        let from = at - self.centre;
        // The cos⁴ law of a lens is 1 − 2 d² + … near the axis, so only the square is visible.
        let mut light = 1.0 - self.falloff * from.dot(from) + self.tilt.dot(from);
        if let Some(radius) = self.field_of_view {
            let middle = at - Point::new(0.5, 0.5);
            light *= smoothstep(radius + 0.008, radius - 0.018, middle.length());
        }
        self.gain.map(|gain| gain * light.max(0.0))
    }
}
