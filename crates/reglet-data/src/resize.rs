//! Resizing exactly as Pillow does with its bilinear filter, to the last bit.
//!
//! A classifier was trained on pictures that Pillow made small, and its answers move when they are made
//! small by another rule. The rule is separable: each output value is a weighted mean of input values in
//! its row, then of the results in its column (for some tall pictures, the other way round). The weights
//! are a triangle's, as wide as the reduction (at least two input pixels, so that enlarging interpolates),
//! and rounded to 22 fractional bits; between the two passes values are rounded to 8 bits.

use image::{GrayImage, RgbImage};

/// Resizes a colour picture to `width` by `height` pixels: Pillow's
/// `picture.resize((width, height), Image.Resampling.BILINEAR)`.
///
/// # Errors
/// Where a side is zero, or the result or the intermediate picture (one side the result's, one the input's)
/// would have more than [`MAX_PIXELS`](crate::MAX_PIXELS).
pub fn resize_rgb(picture: &RgbImage, width: u32, height: u32) -> Result<RgbImage, ResizeError> {
    let values = resample::<3>(picture.as_raw(), picture.dimensions(), (width, height))?;
    RgbImage::from_raw(width, height, values).ok_or(ResizeError::TooLarge { width, height })
}

/// Resizes a grey picture, as [`resize_rgb`] does a colour one.
///
/// # Errors
/// As [`resize_rgb`].
pub fn resize_gray(picture: &GrayImage, width: u32, height: u32) -> Result<GrayImage, ResizeError> {
    let values = resample::<1>(picture.as_raw(), picture.dimensions(), (width, height))?;
    GrayImage::from_raw(width, height, values).ok_or(ResizeError::TooLarge { width, height })
}

/// Why a picture cannot be given another size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResizeError {
    /// The picture or what it is to become has no pixels.
    #[error(
        "a picture of {}×{} pixels cannot become one of {}×{}: every side must be at least 1",
        from.0, from.1, to.0, to.1
    )]
    NoPixels {
        /// The picture's width and height.
        from: (u32, u32),
        /// The width and height asked for.
        to: (u32, u32),
    },
    /// There would be more pixels than are allowed.
    #[error(
        "a picture of {width}×{height} pixels is too large: at most {} pixels are allowed",
        crate::MAX_PIXELS
    )]
    TooLarge {
        /// The width.
        width: u32,
        /// The height.
        height: u32,
    },
}

/// The number of fractional bits of a weight.
const FRACTION: u32 = 22;

/// What is added before the fractional bits are cut off, so that the result is rounded.
const HALF: i32 = 1 << (FRACTION - 1);

/// Both passes over values that are interleaved, `C` to a pixel.
fn resample<const C: usize>(values: &[u8], from: (u32, u32), to: (u32, u32)) -> Result<Vec<u8>, ResizeError> {
    if [from.0, from.1, to.0, to.1].contains(&0) {
        return Err(ResizeError::NoPixels { from, to });
    }
    let heights_first = heights_first(from, to);
    let between = if heights_first { (from.0, to.1) } else { (to.0, from.1) };
    for (width, height) in [to, between] {
        if u64::from(width) * u64::from(height) > crate::MAX_PIXELS {
            return Err(ResizeError::TooLarge { width, height });
        }
    }
    let [from_width, from_height, to_width, to_height] = [from.0, from.1, to.0, to.1].map(|n| n as usize);
    Ok(if heights_first {
        let short = resample_columns(values, from_width * C, from_height, to_height);
        resample_rows::<C>(&short, from_width, to_width)
    } else {
        let narrow = resample_rows::<C>(values, from_width, to_width);
        resample_columns(&narrow, to_width * C, from_height, to_height)
    })
}

/// Whether columns are resampled before rows: since Pillow 13 (its pull request 9549), where much more is
/// to be taken off the height than off the width. Before, rows always came first. The order shows in the
/// last bit, because of the rounding between the passes.
fn heights_first(from: (u32, u32), to: (u32, u32)) -> bool {
    let off = |from: u32, to: u32| i64::from(from) - i64::from(to);
    let (off_width, off_height) = (off(from.0, to.0), off(from.1, to.1));
    off_height > 0 && off_height > 2 * off_width
}

/// The horizontal pass: rows of `from` pixels become rows of `to`.
fn resample_rows<const C: usize>(values: &[u8], from: usize, to: usize) -> Vec<u8> {
    if from == to {
        return values.to_vec();
    }
    let windows = windows(from, to);
    let rows = values.chunks_exact(from * C);
    let mut result = vec![0; rows.len() * to * C];
    for (row, out) in rows.zip(result.chunks_exact_mut(to * C)) {
        mix_within_row::<C>(row, &windows, out);
    }
    result
}

/// The vertical pass: `from` rows of `stride` values become `to` rows.
fn resample_columns(values: &[u8], stride: usize, from: usize, to: usize) -> Vec<u8> {
    if from == to {
        return values.to_vec();
    }
    let mut result = vec![0; to * stride];
    let mut sums = vec![0; stride];
    for (window, out) in windows(from, to).iter().zip(result.chunks_exact_mut(stride)) {
        mix_rows(&values[window.start * stride..], window, &mut sums, out);
    }
    result
}

/// The input values that an output value is made of: those from `start` on, as many as there are weights.
struct Window {
    start: usize,
    weights: Vec<i32>,
}

/// The windows of all output values of a pass from `from` values to `to`.
fn windows(from: usize, to: usize) -> Vec<Window> {
    let scale = from as f64 / to as f64;
    let support = scale.max(1.0);
    // Pillow multiplies by the reciprocal; to divide instead may change a weight's last bit.
    let steepness = 1.0 / support;
    (0..to)
        .map(|index| {
            let center = (index as f64 + 0.5) * scale;
            // Cast to an integer, a negative number becomes 0, which is the bound wanted here.
            let start = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            let triangle = |at: usize| (1.0 - ((at as f64 - center + 0.5) * steepness).abs()).max(0.0);
            let sum: f64 = (start..end).map(triangle).sum();
            let weights =
                (start..end).map(|at| (0.5 + triangle(at) / sum * f64::from(1 << FRACTION)) as i32).collect();
            Window { start, weights }
        })
        .collect()
}

fn mix_within_row<const C: usize>(row: &[u8], windows: &[Window], out: &mut [u8]) {
    let (pixels, _) = row.as_chunks::<C>();
    let (out, _) = out.as_chunks_mut::<C>();
    for (window, out) in windows.iter().zip(out) {
        let mut sums = [HALF; C];
        for (pixel, &weight) in pixels[window.start..].iter().zip(&window.weights) {
            for (sum, &value) in sums.iter_mut().zip(pixel) {
                *sum += i32::from(value) * weight;
            }
        }
        *out = sums.map(to_u8);
    }
}

/// Mixes the rows that `rows` begins with, value by value; `sums` is room for one row.
fn mix_rows(rows: &[u8], window: &Window, sums: &mut [i32], out: &mut [u8]) {
    sums.fill(HALF);
    for (row, &weight) in rows.chunks_exact(out.len()).zip(&window.weights) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += i32::from(value) * weight;
        }
    }
    for (out, &sum) in out.iter_mut().zip(&*sums) {
        *out = to_u8(sum);
    }
}

/// The weights of a window add up to 1 only nearly, so that white may come out brighter than white. They
/// add up to less than 2 at the very worst (all round up from one half), so that no sum overflows.
fn to_u8(sum: i32) -> u8 {
    (sum >> FRACTION).min(255) as u8
}
