//! Putting a ruler, or a blank strip, into a picture.

use image::{Rgb, RgbImage};

use super::light::{Light, REFLECTANCE};
use super::{EditError, Edited};
use crate::Mask;
use crate::phantom::{Dice, Point, Ruler, paint};

/// What is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// A ruler, as the phantoms have them.
    Ruler,
    /// The same strip at the same place, without marks and in the colour of the skin about it.
    BlankStrip,
}

/// Draws a ruler or a blank strip over `picture`, off the mask `avoid` and off the dark as far as there is
/// room, in the light of the place: the ruler's colours are multiplied by a smooth estimate of the illumination. The same seed
/// gives the same place for either.
///
/// # Errors
/// [`EditError::Size`] if the mask is not of the picture's size.
pub fn insert(
    picture: &RgbImage,
    avoid: Option<&Mask>,
    what: Inserted,
    seed: u64,
) -> Result<Edited, EditError> {
    let (width, height) = picture.dimensions();
    if let Some(mask) = avoid.filter(|mask| mask.dimensions() != (width, height)) {
        return Err(EditError::Size { mask: mask.dimensions(), picture: (width, height) });
    }
    let side = width.min(height) as f32;
    let light = Light::of(picture);
    let taken = |at: Point| {
        let (x, y) = (at.x * side, at.y * side);
        let within = x >= 0.0 && y >= 0.0 && x < width as f32 && y < height as f32;
        let (x, y) = (x as u32, y as u32);
        within && (avoid.is_some_and(|mask| mask.get(x, y)) || light.is_dark(x, y))
    };
    let mut dice = Dice::new(seed, 0, "insert");
    let frame = (width as f32 / side, height as f32 / side);
    let mut strip = Ruler::draw(&mut dice).placed(&mut dice, frame, taken);
    if what == Inserted::BlankStrip {
        strip = strip.blanked(skin_beside(picture, avoid, &light, &strip, side));
    }

    let mut edited = picture.clone();
    let mut region = Mask::empty(width, height)?;
    for pixel in paint(&strip, width, height) {
        let below = picture.get_pixel(pixel.x, pixel.y).0.map(|level| f32::from(level) / 255.0);
        let lit = pixel.over(below, light.at(pixel.x, pixel.y));
        let level = |value: f32| (255.0 * value).round().clamp(0.0, 255.0) as u8;
        edited.put_pixel(pixel.x, pixel.y, Rgb(lit.map(level)));
        region.set(pixel.x, pixel.y, true);
    }
    Ok(Edited { picture: edited, region })
}

/// The reflectance of the skin where the strip lies, off what is to be avoided: its mean level over the mean
/// light, so that dark places count for little.
fn skin_beside(
    picture: &RgbImage,
    avoid: Option<&Mask>,
    light: &Light,
    strip: &Ruler,
    side: f32,
) -> [f32; 3] {
    let (mut sum, mut lights) = ([0.0_f32; 3], 0.0_f32);
    for (x, y, pixel) in picture.enumerate_pixels() {
        let at = Point::new((x as f32 + 0.5) / side, (y as f32 + 0.5) / side);
        if strip.holds(at) && !avoid.is_some_and(|mask| mask.get(x, y)) {
            for (sum, level) in sum.iter_mut().zip(pixel.0) {
                *sum += f32::from(level) / 255.0;
            }
            lights += light.at(x, y)[0];
        }
    }
    // A strip wholly outside the picture shows nowhere, so its colour does not matter.
    sum.map(|channel| if lights > 0.0 { (channel / lights).min(1.0) } else { REFLECTANCE })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skin() -> RgbImage {
        RgbImage::from_fn(96, 80, |x, y| Rgb([200 - (x / 4) as u8, 150 - (y / 4) as u8, 130]))
    }

    #[test]
    fn only_the_region_changes_and_both_kinds_lie_at_the_same_place() {
        let ruler = insert(&skin(), None, Inserted::Ruler, 5).expect("a ruler");
        let strip = insert(&skin(), None, Inserted::BlankStrip, 5).expect("a strip");
        assert!(ruler.region.fraction() > 0.01, "something is there");
        let outside = |edited: &Edited| {
            skin()
                .enumerate_pixels()
                .all(|(x, y, pixel)| edited.region.get(x, y) || edited.picture.get_pixel(x, y) == pixel)
        };
        assert!(outside(&ruler) && outside(&strip));
        let shared = ruler.region.iter().filter(|&(x, y)| strip.region.get(x, y)).count();
        assert!(shared as f64 > 0.8 * ruler.region.area() as f64, "the strip lies where the ruler lies");
        // The marks are what differs: a strip in the skin's colour changes far less.
        let change = |edited: &Edited| -> u64 {
            let pairs = skin().into_raw().into_iter().zip(edited.picture.as_raw().clone());
            pairs.map(|(a, b)| u64::from(a.abs_diff(b))).sum()
        };
        assert!(change(&ruler) > 2 * change(&strip), "{} {}", change(&ruler), change(&strip));
    }

    #[test]
    fn the_seed_decides_and_the_lesion_is_spared() {
        let lesion =
            Mask::from_fn(96, 80, |x, y| (30..60).contains(&x) && (25..55).contains(&y)).expect("small");
        for seed in 0..10 {
            let once = insert(&skin(), Some(&lesion), Inserted::Ruler, seed).expect("a ruler");
            assert_eq!(once, insert(&skin(), Some(&lesion), Inserted::Ruler, seed).expect("a ruler"));
            let hit = once.region.iter().filter(|&(x, y)| lesion.get(x, y)).count();
            assert!(hit as f64 <= 0.35 * lesion.area() as f64, "seed {seed} covers {hit} of the lesion");
        }
        let wrong = Mask::empty(3, 3).expect("small");
        assert!(insert(&skin(), Some(&wrong), Inserted::Ruler, 0).is_err());
    }
}
