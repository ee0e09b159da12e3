//! Plain properties of a picture: what a classifier might go by that nobody has named.

use std::collections::BTreeMap;

use image::RgbImage;

/// Darker than this, in luma of 0 to 255, counts as a dark border.
const DARK: f32 = 40.0;

/// The border is so much of each side.
const BORDER: f32 = 0.08;

/// By name:
///
/// * `brightness`, `contrast`: mean and standard deviation of the luma (ITU-R BT.601), 0 to 255;
/// * `redness`, `saturation`: the means of red less green, and of the largest channel less the smallest, in levels;
/// * `sharpness`: the mean absolute difference of a pixel from its four neighbours' mean, in levels;
/// * `dark_border`: the share of the outer twelfth of the picture that is nearly black, 0 to 1;
/// * `blockiness`: how much more neighbours differ across the borders of 8 × 8 blocks than elsewhere, a trace of JPEG
///   compression; 1 is not at all;
/// * `width`, `height`, `aspect`: in pixels, and width over height.
pub(crate) fn properties(picture: &RgbImage) -> BTreeMap<String, f64> {
    let (width, height) = picture.dimensions();
    let count = f64::from(width) * f64::from(height);
    let luma: Vec<f32> = picture
        .pixels()
        .map(|pixel| {
            let [red, green, blue] = pixel.0.map(f32::from);
            0.299 * red + 0.587 * green + 0.114 * blue
        })
        .collect();
    let at = |x: u32, y: u32| luma[(y * width + x) as usize];
    let (mut sum, mut squares) = (0.0_f64, 0.0_f64);
    for &level in &luma {
        sum += f64::from(level);
        squares += f64::from(level).powi(2);
    }
    let brightness = sum / count;
    let (mut redness, mut saturation) = (0.0_f64, 0.0_f64);
    for pixel in picture.pixels() {
        let [red, green, blue] = pixel.0;
        redness += f64::from(red) - f64::from(green);
        saturation += f64::from(red.max(green).max(blue) - red.min(green).min(blue));
    }
    let mut sharpness = Mean::default();
    let (mut across, mut within) = (Mean::default(), Mean::default());
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            let around = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
            sharpness.add((at(x, y) - around / 4.0).abs());
            let step = (at(x, y) - at(x - 1, y)).abs();
            if x % 8 == 0 { across.add(step) } else { within.add(step) }
        }
    }
    let (wide, high) = (f64::from(width) * f64::from(BORDER), f64::from(height) * f64::from(BORDER));
    let mut dark = Mean::default();
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (f64::from(x.min(width - 1 - x)), f64::from(y.min(height - 1 - y)));
            if u < wide || v < high {
                dark.add(f32::from(u8::from(at(x, y) < DARK)));
            }
        }
    }
    let blockiness = (across.of() + 0.1) / (within.of() + 0.1);
    [
        ("brightness", brightness),
        ("contrast", (squares / count - brightness * brightness).max(0.0).sqrt()),
        ("redness", redness / count),
        ("saturation", saturation / count),
        ("sharpness", sharpness.of()),
        ("dark_border", dark.of()),
        ("blockiness", blockiness),
        ("width", f64::from(width)),
        ("height", f64::from(height)),
        ("aspect", f64::from(width) / f64::from(height)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, value: f32) {
        self.sum += f64::from(value);
        self.count += 1;
    }

    fn of(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn each_property_sees_what_it_is_named_after() {
        let plain = properties(&RgbImage::from_pixel(64, 48, Rgb([200, 150, 120])));
        let luma = 0.299 * 200.0 + 0.587 * 150.0 + 0.114 * 120.0;
        assert!((plain["brightness"] - luma).abs() < 1e-3, "{plain:?}");
        assert!(plain["contrast"] < 1e-2 && plain["sharpness"] == 0.0 && plain["dark_border"] == 0.0);
        assert_eq!((plain["redness"], plain["saturation"]), (50.0, 80.0));
        assert_eq!((plain["width"], plain["height"], plain["blockiness"]), (64.0, 48.0, 1.0));
        let round = properties(&RgbImage::from_fn(64, 64, |x, y| {
            let inside = (x as f32 - 31.5).hypot(y as f32 - 31.5) < 28.0;
            Rgb(if inside { [200, 150, 120] } else { [5; 3] })
        }));
        assert!(round["dark_border"] > 0.7, "{round:?}");
        let blocks =
            properties(&RgbImage::from_fn(64, 64, |x, y| Rgb([100 + 20 * ((x / 8 + y / 8) % 2) as u8; 3])));
        assert!(blocks["blockiness"] > 50.0, "{blocks:?}");
        // The smallest picture there is has no neighbours.
        assert!(properties(&RgbImage::new(1, 1)).values().all(|value| value.is_finite()));
    }
}
