//! From a phantom's description to a picture and its masks.

use std::collections::BTreeMap;

use image::{Rgb, RgbImage};

use super::canvas::Canvas;
use super::description::Phantom;
use super::error::PhantomError;
use super::noise::grain;
use super::ruler_paint::paint;
use crate::{Mask, MaskError};

/// A phantom as a picture, and where everything is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The picture, a square.
    pub picture: RgbImage,
    /// The regions `bubbles`, `hair`, `ink`, `lesion` and `ruler`, each of the picture's size and empty where there is
    /// no such thing. Each says where a thing *is*, whether or not another one lies on top of it.
    pub masks: BTreeMap<String, Mask>,
}

/// The smallest picture that still shows what a phantom is, in pixels.
pub const MIN_SIZE: u32 = 16;

/// The largest picture that is drawn, in pixels.
pub const MAX_SIZE: u32 = 4096;

/// Hairs, bubbles and ink count from this share of a pixel on: most hairs are finer than a pixel.
const FINE: f32 = 0.25;

/// Draws a phantom `size` pixels wide and high.
///
/// Two phantoms that differ only in their ruler give pictures that differ only where the ruler or its
/// shadow lies, to the last bit.
///
/// # Errors
/// Where `size` is not between [`MIN_SIZE`] and [`MAX_SIZE`].
pub fn render(phantom: &Phantom, size: u32) -> Result<Rendered, PhantomError> {
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
    let (mut hair, mut bubbles, mut ink, mut ruler) = (blank(), blank(), blank(), blank());
    for stroke in &phantom.ink {
        stroke.paint(&mut canvas, &mut ink);
    }
    for strand in &phantom.hairs {
        strand.paint(&mut canvas, &mut hair);
    }
    for bubble in &phantom.bubbles {
        bubble.paint(&mut canvas, &mut bubbles);
    }
    if let Some(strip) = &phantom.ruler {
        for pixel in paint(strip, size, size) {
            let index = (pixel.y * size + pixel.x) as usize;
            canvas.colours[index] = pixel.over(canvas.colours[index], [1.0; 3]);
            ruler[index] = pixel.inside;
        }
    }

    let mask = |coverage: &[f32], least: f32| {
        Mask::new(size, size, coverage.iter().map(|&share| share >= least).collect())
    };
    let lesion = Mask::new(size, size, in_lesion);
    let named = |name: &str, mask: Result<Mask, MaskError>| Ok((name.to_owned(), mask?));
    let masks = [
        named("bubbles", mask(&bubbles, FINE)),
        named("hair", mask(&hair, FINE)),
        named("ink", mask(&ink, FINE)),
        named("lesion", lesion),
        named("ruler", mask(&ruler, 0.5)),
    ]
    .into_iter()
    .collect::<Result<_, MaskError>>()?;
    Ok(Rendered { picture: expose(phantom, size, &canvas), masks })
}

/// Light, sensor and rounding.
fn expose(phantom: &Phantom, size: u32, canvas: &Canvas) -> RgbImage {
    let light = &phantom.light;
    let mut picture = RgbImage::new(size, size);
    let places = canvas.places().zip(&canvas.colours);
    for ((x, y, pixel), (at, colour)) in picture.enumerate_pixels_mut().zip(places) {
        let lit = light.at(at);
        *pixel = Rgb(std::array::from_fn(|c| {
            let noise = light.grain * 2.4 * grain(x, y, phantom.grain.wrapping_add(c as u32));
            // Black stays black: beyond the field of view there is no light to be noisy.
            let value = colour[c] * lit[c] * (1.0 + noise);
            // Adding a half and cutting off rounds; what is out of range goes to the nearest end.
            (255.0 * value + 0.5) as u8
        }));
    }
    picture
}
