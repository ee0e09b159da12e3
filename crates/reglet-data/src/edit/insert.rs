//! Drawing a ruler over a picture.

use image::RgbImage;

use super::light::LightMap;
use super::patch::{Patch, Pixel};
use super::room::Room;
use super::{EditError, Edited};
use crate::Mask;
use crate::phantom::{Dice, Point, Ruler, paint};

/// Draws a ruler, as the phantoms have them, over `picture`, off the mask `avoid` and off the dark as far as there is
/// room, in the light of the place: the ruler's colours are multiplied by a smooth estimate of the illumination. The
/// seed decides on its look and its place.
///
/// # Errors
/// [`EditError::Size`] if the mask is not of the picture's size.
pub fn insert(picture: &RgbImage, avoid: Option<&Mask>, seed: u64) -> Result<Edited, EditError> {
    let dimensions = picture.dimensions();
    if let Some(mask) = avoid.filter(|mask| mask.dimensions() != dimensions) {
        return Err(EditError::Size { mask: mask.dimensions(), picture: dimensions });
    }
    let light = LightMap::of(picture);
    let room = Room { light: &light, taken: avoid.into_iter().collect(), dimensions };
    Ok(drawn(picture, &light, &somewhere(&room, seed)).noted(avoid, None).on(picture)?)
}

/// Draws a ruler where there is room for it.
pub(super) fn somewhere(room: &Room<'_>, seed: u64) -> Ruler {
    let (width, height) = room.dimensions;
    let side = width.min(height) as f32;
    let taken = |at: Point| {
        let (x, y) = (at.x * side, at.y * side);
        let within = x >= 0.0 && y >= 0.0 && x < width as f32 && y < height as f32;
        within && room.is_taken(x as u32, y as u32)
    };
    let mut dice = Dice::new(seed, 0, "insert");
    let frame = (width as f32 / side, height as f32 / side);
    Ruler::draw(&mut dice).placed(&mut dice, frame, taken)
}

/// The ruler drawn at its position.
pub(super) fn drawn(picture: &RgbImage, light: &LightMap, ruler: &Ruler) -> Patch {
    let (width, height) = picture.dimensions();
    let pixel = |pixel: crate::phantom::LayerPixel| {
        let below = picture.get_pixel(pixel.x, pixel.y).0.map(|level| f32::from(level) / 255.0);
        let lit = pixel.over(below, [light.at(pixel.x, pixel.y); 3]);
        let level = lit.map(|value| (255.0 * value).round().clamp(0.0, 255.0) as u8);
        Pixel { at: (pixel.x, pixel.y), level }
    };
    Patch::new(paint(ruler, width, height).into_iter().map(pixel).collect())
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn skin() -> RgbImage {
        RgbImage::from_fn(96, 80, |x, y| Rgb([200 - (x / 4) as u8, 150 - (y / 4) as u8, 130]))
    }

    #[test]
    fn only_the_region_changes() {
        let ruler = insert(&skin(), None, 5).expect("a ruler");
        assert!(ruler.region.fraction() > 0.01, "something is there");
        for (x, y, pixel) in skin().enumerate_pixels() {
            assert!(ruler.region.get(x, y) || ruler.picture.get_pixel(x, y) == pixel);
        }
    }

    #[test]
    fn the_seed_decides_and_the_lesion_is_spared() {
        let lesion =
            Mask::from_fn(96, 80, |x, y| (30..60).contains(&x) && (25..55).contains(&y)).expect("small");
        for seed in 0..10 {
            let once = insert(&skin(), Some(&lesion), seed).expect("a ruler");
            assert_eq!(once, insert(&skin(), Some(&lesion), seed).expect("a ruler"));
            let hit = once.region.iter().filter(|&(x, y)| lesion.get(x, y)).count();
            assert!(hit as f64 <= 0.35 * lesion.area() as f64, "seed {seed} covers {hit} of the lesion");
            assert_eq!(once.lesion, Some(hit as f64 / lesion.area() as f64));
        }
        let wrong = Mask::empty(3, 3).expect("small");
        assert!(insert(&skin(), Some(&wrong), 0).is_err());
    }
}
