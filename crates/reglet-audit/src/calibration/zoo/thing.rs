//! Something dark that is no ruler.

use image::RgbImage;
use rand::Rng;
use reglet_data::Mask;

/// An ellipse or a bar that lets through less light than there was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Thing {
    /// Its middle, in pixels.
    centre: [f32; 2],
    /// Half its length and breadth, in pixels.
    half: [f32; 2],
    /// Its direction, in radians.
    angle: f32,
    /// From 2, an ellipse, to 8, nearly a rectangle.
    squareness: f32,
    /// Over which share of its half breadth its rim fades out; above 0.
    softness: f32,
    /// What it lets through of red, green and blue, 0 to 1.
    through: [f32; 3],
}

impl Thing {
    /// One for a picture `side` pixels wide and high, of any size, form and strength that a ruler may have.
    pub fn random(random: &mut impl Rng, side: u32) -> Thing {
        let area = random.random_range(0.02..0.12) * (side * side) as f32;
        let centre = std::array::from_fn(|_| random.random_range(0.1..0.9) * side as f32);
        Thing::of_area(random, area, centre)
    }

    /// A thing that covers about this number of pixels around this position.
    pub fn of_area(random: &mut impl Rng, area: f32, centre: [f32; 2]) -> Thing {
        let aspect: f32 = random.random_range(1.0..5.0);
        let squareness = if random.random::<bool>() { 2.0 } else { 8.0 };
        // The area of an ellipse is π times the product of its half axes; that of a rounded rectangle is about 4 times the
        // product.
        let quarter = area / if squareness < 4.0 { std::f32::consts::PI } else { 4.0 };
        let breadth = (quarter / aspect).sqrt();
        let dark: f32 = random.random_range(0.25..0.75);
        Thing {
            centre,
            half: [breadth * aspect, breadth],
            angle: random.random_range(0.0..std::f32::consts::TAU),
            squareness,
            softness: random.random_range(0.05..0.9),
            through: std::array::from_fn(|_| dark * random.random_range(0.8..1.2)),
        }
    }

    /// How much of it there is at a pixel, 0 to 1.
    fn cover(&self, x: u32, y: u32) -> f32 {
        let (sine, cosine) = self.angle.sin_cos();
        let (dx, dy) = (x as f32 + 0.5 - self.centre[0], y as f32 + 0.5 - self.centre[1]);
        let along = (cosine * dx + sine * dy) / self.half[0];
        let across = (cosine * dy - sine * dx) / self.half[1];
        let power = self.squareness;
        let reach = (along.abs().powf(power) + across.abs().powf(power)).powf(power.recip());
        ((1.0 - reach) / self.softness).clamp(0.0, 1.0)
    }

    /// The picture with it.
    pub fn on(&self, picture: &RgbImage) -> RgbImage {
        let mut changed = picture.clone();
        for (x, y, pixel) in changed.enumerate_pixels_mut() {
            let cover = self.cover(x, y);
            for (level, through) in pixel.0.iter_mut().zip(self.through) {
                *level = (f32::from(*level) * (1.0 - cover * (1.0 - through))).round() as u8;
            }
        }
        changed
    }

    /// Where it is.
    pub fn mask(&self, side: u32) -> Option<Mask> {
        Mask::from_fn(side, side, |x, y| self.cover(x, y) > 0.0).ok().filter(|mask| !mask.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn it_darkens_where_it_is_and_nowhere_else_and_covers_about_what_it_should() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let picture = RgbImage::from_pixel(128, 128, Rgb([200, 150, 120]));
        for _ in 0..20 {
            let thing = Thing::of_area(&mut random, 900.0, [64.0, 64.0]);
            let mask = thing.mask(128).expect("it lies in the picture");
            assert!((800..1000).contains(&mask.area()), "{thing:?} covers {}", mask.area());
            let changed = thing.on(&picture);
            for (x, y, pixel) in changed.enumerate_pixels() {
                let darker = (0..3).all(|c| pixel[c] <= picture.get_pixel(x, y)[c]);
                assert!(darker && (mask.get(x, y) || pixel == picture.get_pixel(x, y)));
            }
            assert!(changed.get_pixel(64, 64)[1] < 140, "its middle is dark");
        }
    }
}
