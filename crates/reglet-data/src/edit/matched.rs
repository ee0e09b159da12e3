//! Changes a picture by a given pattern as strongly as another change does.

use image::RgbImage;

use super::patch::{FLOOR, Patch, Pixel};
use crate::phantom::Dice;

/// The factor is determined from at most this number of evenly chosen pixels.
const SAMPLE: usize = 1 << 14;

/// The pattern is multiplied by no more than this. Beyond it what can change is black or white.
const LARGEST: f32 = 64.0;

/// After this number of halvings the factor is known to a thousandth.
const HALVINGS: u32 = 12;

/// A pattern of changes: for each pixel the levels that it begins with, and the logarithm of the ratio to them, by channel.
#[derive(Default)]
pub(super) struct Pattern {
    pub(super) at: Vec<(u32, u32)>,
    pub(super) from: Vec<[u8; 3]>,
    pub(super) ratios: Vec<[f32; 3]>,
}

impl Pattern {
    /// The pattern, multiplied by the one factor with which the mean absolute difference to the picture `before`, per pixel
    /// and channel, is `strength` levels. Where black and white leave no room for so much, it is as much as they leave.
    ///
    /// Levels are rounded up or down by chance, in proportion, so that a change of a fraction of a level is not lost.
    pub(super) fn with_strength(&self, before: &RgbImage, strength: f64, seed: u64) -> Patch {
        let factor = self.factor(before, strength);
        let mut dice = Dice::new(seed, 0, "rounding");
        let pixels = self.at.iter().zip(&self.from).zip(&self.ratios).map(|((&at, from), ratio)| {
            let level: [u8; 3] = std::array::from_fn(|c| {
                (changed(from[c], factor * ratio[c]) + dice.unit()).floor().clamp(0.0, 255.0) as u8
            });
            Pixel { at, level }
        });
        Patch::new(pixels.collect())
    }

    fn factor(&self, before: &RgbImage, strength: f64) -> f32 {
        let step = self.at.len().div_ceil(SAMPLE).max(1);
        let levels = self.at.iter().map(|at| before.get_pixel(at.0, at.1).0).zip(&self.from);
        let sample: Vec<_> = levels.zip(&self.ratios).step_by(step).collect();
        let reached = |factor: f32| {
            let changes = sample.iter().map(|((was, from), ratio)| {
                (0..3).map(|c| (changed(from[c], factor * ratio[c]) - f32::from(was[c])).abs()).sum::<f32>()
            });
            changes.map(f64::from).sum::<f64>() / (3 * sample.len().max(1)) as f64
        };
        let mut high = 1.0;
        while reached(high) < strength {
            if high >= LARGEST {
                return high;
            }
            high *= 2.0;
        }
        let mut low = if high > 1.0 { high / 2.0 } else { 0.0 };
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if reached(middle) < strength {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }
}

/// A level, multiplied; not rounded.
fn changed(level: u8, ratio: f32) -> f32 {
    ((f32::from(level) + FLOOR) * ratio.exp() - FLOOR).clamp(0.0, 255.0)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn pattern(ratio: f32) -> Pattern {
        let at: Vec<(u32, u32)> = (0..40).flat_map(|y| (0..40).map(move |x| (x, y))).collect();
        let ratios = at.iter().map(|at| [ratio * at.0 as f32 / 40.0; 3]).collect();
        Pattern { from: vec![[180, 130, 100]; at.len()], at, ratios }
    }

    #[test]
    fn what_a_pattern_begins_with_counts_as_change() {
        let picture = RgbImage::from_pixel(40, 40, Rgb([180, 130, 100]));
        let mut pattern = pattern(-0.2);
        // A checkerboard of two levels up and down, as grain is.
        for (from, at) in pattern.from.iter_mut().zip(&pattern.at) {
            let up = (at.0 + at.1) % 2 == 0;
            *from = from.map(|level| if up { level + 2 } else { level - 2 });
        }
        for strength in [4.0, 40.0] {
            let found = pattern.with_strength(&picture, strength, 1).strength(&picture);
            assert!((found / strength - 1.0).abs() < 0.05, "{found} for {strength}");
        }
        let least = pattern.with_strength(&picture, 0.0, 1).strength(&picture);
        assert!((least - 2.0).abs() < 0.1, "no less than what it begins with: {least}");
    }

    #[test]
    fn any_strength_that_there_is_room_for_is_met() {
        let picture = RgbImage::from_pixel(40, 40, Rgb([180, 130, 100]));
        for strength in [0.3, 4.0, 40.0, 90.0] {
            for ratio in [-0.2, 0.1] {
                let found = pattern(ratio).with_strength(&picture, strength, 1).strength(&picture);
                assert!((found / strength - 1.0).abs() < 0.05, "{found} for {strength}");
            }
        }
        // The column whose ratio is one is as it was.
        let most = pattern(1.0).with_strength(&picture, 300.0, 1);
        assert!(most.pixels.iter().all(|pixel| pixel.at.0 > 0 || pixel.level == [180, 130, 100]));
        assert!((most.strength(&picture) - 0.975 * (255.0 - 410.0 / 3.0)).abs() < 1.0, "all white but that");
    }
}
