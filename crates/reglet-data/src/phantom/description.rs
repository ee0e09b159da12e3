//! One phantom as plain data.

use serde::{Deserialize, Serialize};

use super::bubbles::Bubble;
use super::dice::Dice;
use super::hair::Hair;
use super::ink::InkStroke;
use super::lesion::Lesion;
use super::light::Lighting;
use super::plane::Point;
use super::ruler::Ruler;
use super::skin::Skin;

/// Everything that [`render`](super::render) needs to draw a phantom at any size.
///
/// Lengths are in units of the picture's side. Changing a field changes only that thing in the picture: the same phantom
/// without its ruler is `Phantom { ruler: None, ..phantom }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phantom {
    /// Whether the lesion was drawn as a melanoma.
    pub melanoma: bool,
    /// The skin.
    pub skin: Skin,
    /// The lesion.
    pub lesion: Lesion,
    /// The hairs, the lowest first.
    pub hairs: Vec<Hair>,
    /// The bubbles in the gel.
    pub bubbles: Vec<Bubble>,
    /// The strokes of ink on the skin.
    pub ink: Vec<InkStroke>,
    /// The ruler.
    pub ruler: Option<Ruler>,
    /// Lighting, lens and sensor.
    pub light: Lighting,
    /// Determines the sensor's grain.
    pub grain: u32,
}

/// How likely each kind of clutter is, from 0 to 1.
#[derive(Clone, Copy)]
pub(crate) struct Clutter {
    pub(crate) hair: f32,
    pub(crate) bubbles: f32,
    pub(crate) ink: f32,
    pub(crate) vignette: f32,
}

impl Phantom {
    /// The phantom of this number. Each part has its own random stream, so the class changes only the lesion, and the ruler
    /// changes only itself.
    pub(crate) fn draw(seed: u64, index: u64, melanoma: bool, ruler: bool, clutter: Clutter) -> Self {
        let dice = |part| Dice::new(seed, index, part);
        let lesion = Lesion::draw(&mut dice("lesion"), melanoma);
        let some = |part: &str, probability: f32| {
            let mut dice = Dice::new(seed, index, part);
            dice.chance(probability).then_some(dice)
        };
        let hairs = some("hair", clutter.hair).map_or_else(Vec::new, |mut dice| Hair::draw_many(&mut dice));
        let bubbles =
            some("bubbles", clutter.bubbles).map_or_else(Vec::new, |mut dice| Bubble::draw_many(&mut dice));
        let ink = some("ink", clutter.ink)
            .map_or_else(Vec::new, |mut dice| InkStroke::draw_many(&mut dice, lesion.centre, lesion.radius));
        let mut light = Lighting::draw(&mut dice("light"));
        if let Some(mut dice) = some("vignette", clutter.vignette) {
            light = light.with_vignette(&mut dice);
        }
        let mut phantom = Self {
            melanoma,
            skin: Skin::draw(&mut dice("skin")),
            lesion,
            hairs,
            bubbles,
            ink,
            ruler: None,
            light,
            grain: dice("grain").word(),
        };
        if ruler {
            phantom.ruler = Some(phantom.new_ruler(&mut dice("ruler")));
        }
        phantom
    }

    /// A ruler for this phantom, beside its lesion.
    pub(crate) fn new_ruler(&self, dice: &mut Dice) -> Ruler {
        Ruler::draw(dice).placed(dice, (1.0, 1.0), self.taken())
    }

    /// The same ruler at another position: beside the lesion, and away from its old position.
    pub(crate) fn moved_ruler(&self, ruler: &Ruler, dice: &mut Dice) -> Ruler {
        let taken = self.taken();
        ruler.placed(dice, (1.0, 1.0), |at| taken(at) || ruler.holds(at))
    }

    /// Says of a position whether it is unsuitable for a ruler, because it is on or close to the lesion or in the dark area.
    fn taken(&self) -> impl Fn(Point) -> bool {
        // Finding a position queries only a few points; the pixel size only has to be finer than the lesion's outline.
        let contour = self.lesion.contour(128.0);
        let light = &self.light;
        move |at| contour.depth(at) > -0.12 || light.at(at)[1] < 0.3
    }
}
