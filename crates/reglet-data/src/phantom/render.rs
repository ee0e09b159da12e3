//! Draws a phantom's picture and masks from its description.

use std::collections::BTreeMap;

use image::{Rgb, RgbImage};

use super::canvas::{Canvas, middle};
use super::description::Phantom;
use super::error::PhantomError;
use super::noise::grain;
use super::plane::Point;
use super::ruler::Ruler;
use super::ruler_paint::paint;
use super::{MAX_SIZE, MIN_SIZE};
use crate::{Mask, MaskError};

/// A phantom as a picture, with the position of everything in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The picture, a square.
    pub picture: RgbImage,
    /// The regions `bubbles`, `hair`, `ink`, `lesion` and `ruler`, each of the picture's size and empty if the picture has
    /// no such thing. Each says where the thing *is*, whether or not another one covers it.
    pub masks: BTreeMap<String, Mask>,
}

/// A pixel belongs to hairs, bubbles or ink if they cover at least this fraction of it; most hairs are finer than a pixel.
const FINE: f32 = 0.25;

/// The ruler's region.
const RULER: &str = "ruler";

/// A phantom drawn at one size, without its ruler. Adding a ruler costs only the drawing of the pixels that it covers.
#[derive(Debug)]
pub struct Backdrop {
    /// Without a ruler.
    phantom: Phantom,
    size: u32,
    /// The picture before light and sensor are applied.
    colours: Vec<[f32; 3]>,
    bare: Rendered,
}

impl Backdrop {
    /// Draws a phantom without its ruler, `size` pixels wide and high.
    ///
    /// # Errors
    /// If `size` is not between [`MIN_SIZE`] and [`MAX_SIZE`].
    pub fn new(phantom: &Phantom, size: u32) -> Result<Backdrop, PhantomError> {
        if !(MIN_SIZE..=MAX_SIZE).contains(&size) {
            return Err(PhantomError::Size { size });
        }
        let pixels = size as f32;
        let tone = phantom.skin.tone();
        let contour = phantom.lesion.contour(pixels);
        let mut in_lesion = Vec::with_capacity((size * size) as usize);
        let mut canvas = Canvas::new(size, |at| {
            let skin = phantom.skin.colour(tone, at, pixels);
            let depth = contour.depth(at);
            in_lesion.push(depth >= 0.0);
            if depth <= -phantom.lesion.softness { skin } else { contour.pigment(at, depth).over(skin) }
        });

        let blank = || vec![0.0_f32; canvas.colours.len()];
        let (mut hair, mut bubbles, mut ink) = (blank(), blank(), blank());
        for stroke in &phantom.ink {
            stroke.paint(&mut canvas, &mut ink);
        }
        for strand in &phantom.hairs {
            strand.paint(&mut canvas, &mut hair);
        }
        for bubble in &phantom.bubbles {
            bubble.paint(&mut canvas, &mut bubbles);
        }

        let mask =
            |coverage: &[f32]| Mask::new(size, size, coverage.iter().map(|&share| share >= FINE).collect());
        let named = |name: &str, mask: Result<Mask, MaskError>| Ok((name.to_owned(), mask?));
        let masks = [
            named("bubbles", mask(&bubbles)),
            named("hair", mask(&hair)),
            named("ink", mask(&ink)),
            named("lesion", Mask::new(size, size, in_lesion)),
            named(RULER, Mask::empty(size, size)),
        ]
        .into_iter()
        .collect::<Result<_, MaskError>>()?;

        let mut picture = RgbImage::new(size, size);
        let places = canvas.places().zip(&canvas.colours);
        for ((x, y, pixel), (at, &colour)) in picture.enumerate_pixels_mut().zip(places) {
            *pixel = exposed(phantom, (x, y), at, colour);
        }
        let phantom = Phantom { ruler: None, ..phantom.clone() };
        Ok(Backdrop { phantom, size, colours: canvas.colours, bare: Rendered { picture, masks } })
    }

    /// The phantom without a ruler.
    pub fn bare(&self) -> &Rendered {
        &self.bare
    }

    /// The phantom with this ruler or without one, identical to the last bit to what [`render`] draws.
    pub fn with(&self, ruler: Option<&Ruler>) -> Rendered {
        let (mut rendered, size) = (self.bare.clone(), self.size);
        let Some(ruler) = ruler else { return rendered };
        let mut covered = rendered.masks[RULER].clone();
        for pixel in paint(ruler, size, size) {
            let (x, y) = (pixel.x, pixel.y);
            let colour = pixel.over(self.colours[(y * size + x) as usize], [1.0; 3]);
            rendered.picture.put_pixel(x, y, exposed(&self.phantom, (x, y), middle(x, y, size), colour));
            covered.set(x, y, pixel.inside >= 0.5);
        }
        rendered.masks.insert(RULER.to_owned(), covered);
        rendered
    }
}

/// Draws a phantom `size` pixels wide and high.
///
/// Two phantoms that differ only in their ruler give pictures that are identical, to the last bit, except where the ruler or
/// its shadow is.
///
/// # Errors
/// If `size` is not between [`MIN_SIZE`] and [`MAX_SIZE`].
pub fn render(phantom: &Phantom, size: u32) -> Result<Rendered, PhantomError> {
    let backdrop = Backdrop::new(phantom, size)?;
    match &phantom.ruler {
        Some(ruler) => Ok(backdrop.with(Some(ruler))),
        None => Ok(backdrop.bare),
    }
}

/// A pixel after light, sensor and rounding.
fn exposed(phantom: &Phantom, (x, y): (u32, u32), at: Point, colour: [f32; 3]) -> Rgb<u8> {
    let light = &phantom.light;
    let lit = light.at(at);
    Rgb(std::array::from_fn(|c| {
        let noise = light.grain * 2.4 * grain(x, y, phantom.grain.wrapping_add(c as u32));
        // Black stays black: beyond the field of view there is no light and so no noise.
        let value = colour[c] * lit[c] * (1.0 + noise);
        // Adding a half and truncating rounds to nearest; values out of range saturate.
        (255.0 * value + 0.5) as u8
    }))
}
