//! Simple properties of a picture, which a classifier might use although the config does not name them.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Range};

use image::RgbImage;
use rayon::prelude::*;

/// What the channels weigh in the luma of ITU-R BT.601, in thousandths.
const WEIGHTS: [i32; 3] = [299, 587, 114];

/// Darker than this, in thousandths of a level of luma, counts as a dark border.
const DARK: i32 = 40_000;

/// The border is so much of each side: 2 of 25 parts, rounded up.
const BORDER: (usize, usize) = (2, 25);

/// So many rows are gone through by one thread.
const ROWS: usize = 64;

/// The number of columns of a JPEG block.
const BLOCK: usize = 8;

/// By name:
///
/// * `brightness`, `contrast`: mean and standard deviation of the luma (ITU-R BT.601), 0 to 255;
/// * `redness`, `saturation`: the means of red minus green, and of the largest channel minus the smallest, in levels;
/// * `sharpness`: the mean absolute difference of a pixel from its four neighbours' mean, in levels;
/// * `dark_border`: the share of the outer twelfth of the picture that is nearly black, 0 to 1;
/// * `blockiness`: how much more neighbours differ across the borders of 8 × 8 blocks than elsewhere, as a trace of JPEG
///   compression; 1 means no difference;
/// * `width`, `height`, `aspect`: in pixels, and width over height.
pub(crate) fn properties(picture: &RgbImage) -> BTreeMap<String, f64> {
    let (width, height) = picture.dimensions();
    let bands: Vec<Range<usize>> =
        (0..height as usize).step_by(ROWS).map(|start| start..(start + ROWS).min(height as usize)).collect();
    // Sums of integers are the same in any order.
    let sums = bands.into_par_iter().map(|rows| Sums::of(picture, rows));
    let sums = sums.reduce(Sums::default, |mut all, band| {
        all += band;
        all
    });
    let mean =
        |sum: u64, count: u64, unit: f64| if count == 0 { 0.0 } else { sum as f64 / count as f64 / unit };
    let count = u64::from(width) * u64::from(height);
    // The variance times the squared count: the difference of two large numbers, without rounding.
    let spread = u128::from(count) * u128::from(sums.squares) - u128::from(sums.luma).pow(2);
    let step = |(sum, count): (u64, u64)| mean(sum, count, 1000.0) + 0.1;
    [
        ("brightness", mean(sums.luma, count, 1000.0)),
        ("contrast", (spread as f64).sqrt() / count as f64 / 1000.0),
        ("redness", sums.redness as f64 / count as f64),
        ("saturation", mean(sums.saturation, count, 1.0)),
        ("sharpness", mean(sums.sharpness, sums.within.1 + sums.across.1, 4000.0)),
        ("dark_border", mean(sums.dark, sums.border, 1.0)),
        ("blockiness", step(sums.across) / step(sums.within)),
        ("width", f64::from(width)),
        ("height", f64::from(height)),
        ("aspect", f64::from(width) / f64::from(height)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// What some rows of a picture add up to. Luma is in thousandths of a level; at the largest size that a picture may
/// have its squares still fit.
#[derive(Default)]
struct Sums {
    luma: u64,
    squares: u64,
    redness: i64,
    saturation: u64,
    /// Four times the differences from the four neighbours' means.
    sharpness: u64,
    /// The differences from the pixels to the left, and how many, within blocks and across their borders.
    within: (u64, u64),
    across: (u64, u64),
    /// The pixels of the picture's border, and how many of them are dark.
    border: u64,
    dark: u64,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Sums) {
        self.luma += other.luma;
        self.squares += other.squares;
        self.redness += other.redness;
        self.saturation += other.saturation;
        self.sharpness += other.sharpness;
        self.within = (self.within.0 + other.within.0, self.within.1 + other.within.1);
        self.across = (self.across.0 + other.across.0, self.across.1 + other.across.1);
        self.border += other.border;
        self.dark += other.dark;
    }
}

impl Sums {
    fn of(picture: &RgbImage, rows: Range<usize>) -> Sums {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let pixels = |row: usize| picture.as_raw()[3 * row * width..3 * (row + 1) * width].as_chunks::<3>().0;
        let luma = |row: usize, into: &mut Vec<i32>| {
            into.clear();
            let of = |pixel: &[u8; 3]| {
                let [red, green, blue] = pixel.map(i32::from);
                WEIGHTS[0] * red + WEIGHTS[1] * green + WEIGHTS[2] * blue
            };
            into.extend(pixels(row).iter().map(of));
        };
        let [wide, high] = [width, height].map(|side| (BORDER.0 * side).div_ceil(BORDER.1));
        let mut sums = Sums::default();
        let (mut above, mut here, mut below) = (Vec::new(), Vec::new(), Vec::new());
        luma(rows.start.saturating_sub(1), &mut above);
        luma(rows.start, &mut here);
        for row in rows {
            luma((row + 1).min(height - 1), &mut below);
            sums.add_row(pixels(row), &here);
            let edge = if row.min(height - 1 - row) < high { width } else { wide.min(width.div_ceil(2)) };
            let (left, right) = (&here[..edge.min(width)], &here[(width - edge).max(edge.min(width))..]);
            for part in [left, right] {
                sums.border += part.len() as u64;
                sums.dark += part.iter().filter(|&&level| level < DARK).count() as u64;
            }
            if row > 0 && row + 1 < height {
                sums.add_steps(&above, &here, &below);
            }
            std::mem::swap(&mut above, &mut here);
            std::mem::swap(&mut here, &mut below);
        }
        sums
    }

    fn add_row(&mut self, pixels: &[[u8; 3]], luma: &[i32]) {
        let (mut redness, mut saturation) = (0_i64, 0_u64);
        // A stretch of them fits into 32 bits.
        for pixels in pixels.chunks(4096) {
            let (mut red, mut span) = (0_i32, 0_u32);
            for &[r, g, b] in pixels {
                red += i32::from(r) - i32::from(g);
                span += u32::from(r.max(g).max(b) - r.min(g).min(b));
            }
            redness += i64::from(red);
            saturation += u64::from(span);
        }
        self.redness += redness;
        self.saturation += saturation;
        for &level in luma {
            self.luma += level as u64;
            self.squares += level as u64 * level as u64;
        }
    }

    /// The differences between neighbours, if all four exist.
    fn add_steps(&mut self, above: &[i32], here: &[i32], below: &[i32]) {
        let inner = 1..here.len().saturating_sub(1).max(1);
        let neighbours = here.windows(3).zip(&above[inner.clone()]).zip(&below[inner.clone()]);
        let mut steps = (0_u64, 0_u64);
        for ((row, above), below) in neighbours {
            let around = row[0] + row[2] + above + below;
            self.sharpness += u64::from((4 * row[1] - around).unsigned_abs());
            steps = (steps.0 + u64::from(row[1].abs_diff(row[0])), steps.1 + 1);
        }
        let mut across = (0_u64, 0_u64);
        for x in inner.filter(|x| x % BLOCK == 0) {
            across = (across.0 + u64::from(here[x].abs_diff(here[x - 1])), across.1 + 1);
        }
        self.across = (self.across.0 + across.0, self.across.1 + across.1);
        self.within = (self.within.0 + steps.0 - across.0, self.within.1 + steps.1 - across.1);
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
        assert!(plain["contrast"] == 0.0 && plain["sharpness"] == 0.0 && plain["dark_border"] == 0.0);
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
    /// Bands of rows fit together, and what each property is defined as comes out.
    #[test]
    fn a_large_picture_has_the_properties_that_its_pixels_add_up_to() {
        let level = |x: u32, y: u32, c: u32| (x * 7919 + y * y * 31 + c * 97 + x * y % 83) as u8;
        for (width, height) in [(201, 150), (37, 131), (3, 200), (200, 2), (1, 1)] {
            let picture = RgbImage::from_fn(width, height, |x, y| Rgb([0, 1, 2].map(|c| level(x, y, c))));
            let luma = |x: u32, y: u32| {
                let [red, green, blue] = picture.get_pixel(x, y).0.map(f64::from);
                0.299 * red + 0.587 * green + 0.114 * blue
            };
            let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
            let places = || (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
            let inner = || places().filter(|&(x, y)| x > 0 && y > 0 && x + 1 < width && y + 1 < height);
            let brightness = mean(places().map(|(x, y)| luma(x, y)).collect());
            let contrast = mean(places().map(|(x, y)| (luma(x, y) - brightness).powi(2)).collect()).sqrt();
            let around = |x: u32, y: u32| luma(x - 1, y) + luma(x + 1, y) + luma(x, y - 1) + luma(x, y + 1);
            let sharpness = inner().map(|(x, y)| (luma(x, y) - around(x, y) / 4.0).abs()).collect();
            let step = |(x, y): (u32, u32)| (luma(x, y) - luma(x - 1, y)).abs();
            let across = mean(inner().filter(|at| at.0 % 8 == 0).map(step).collect());
            let within = mean(inner().filter(|at| at.0 % 8 != 0).map(step).collect());
            let border = places().filter(|&(x, y)| {
                f64::from(x.min(width - 1 - x)) < 0.08 * f64::from(width)
                    || f64::from(y.min(height - 1 - y)) < 0.08 * f64::from(height)
            });
            let dark = border.map(|(x, y)| f64::from(u8::from(luma(x, y) < 40.0))).collect();
            let found = properties(&picture);
            for (name, wanted) in [
                ("brightness", brightness),
                ("contrast", contrast),
                ("sharpness", mean(sharpness)),
                ("blockiness", (across + 0.1) / (within + 0.1)),
                ("dark_border", mean(dark)),
            ] {
                assert!(
                    (found[name] - wanted).abs() < 1e-9,
                    "{name} of {width}×{height}: {}, {wanted}",
                    found[name]
                );
            }
        }
    }
}
