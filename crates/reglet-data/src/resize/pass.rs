//! One pass of a resize: the values of each row, or of each column, become fewer or more.

use std::ops::Range;

use super::Filter;

/// The number of fractional bits of a weight.
const FRACTION: u32 = 22;

/// What is added before the fractional bits are cut off, so that the result is rounded.
const HALF: i32 = 1 << (FRACTION - 1);

/// A pass from one given number of values to another.
pub(super) struct Pass {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The input values of each output value. Neither the starts nor the ends ever decrease.
    windows: Vec<Window>,
}

/// The input values from which an output value is computed: those from `start` on, as many as there are weights.
pub(super) struct Window {
    pub(super) start: usize,
    pub(super) weights: Vec<i32>,
}

impl Window {
    /// One after the last.
    pub(super) fn end(&self) -> usize {
        self.start + self.weights.len()
    }
}

impl Pass {
    /// From `from` values to `to`. All input values together are `span` wide, which is less than `from` if the last value
    /// stands for less than the others do.
    pub(super) fn over(from: usize, span: f64, to: usize, filter: Filter) -> Pass {
        let is_identity = from == to && span == from as f64;
        Pass { from, to, windows: if is_identity { Vec::new() } else { windows(from, span, to, filter) } }
    }

    /// Whether the pass leaves every value unchanged; then there are no windows.
    pub(super) fn is_identity(&self) -> bool {
        self.windows.is_empty()
    }

    /// The windows, by output value.
    pub(super) fn windows(&self, outputs: Range<usize>) -> &[Window] {
        &self.windows[outputs]
    }

    /// The output values to which any of these input values contributes; there must be at least one input value.
    pub(super) fn reached(&self, inputs: Range<usize>) -> Range<usize> {
        let from = self.windows.partition_point(|window| window.end() <= inputs.start);
        let to = self.windows.partition_point(|window| window.start < inputs.end);
        from..to.max(from)
    }

    /// The horizontal pass over rows of `from` pixels of `C` values; `None` if nothing changes.
    pub(super) fn within_rows<const C: usize>(&self, values: &[u8]) -> Option<Vec<u8>> {
        if self.is_identity() {
            return None;
        }
        let rows = values.chunks_exact(self.from * C);
        let mut result = vec![0; rows.len() * self.to * C];
        for (row, out) in rows.zip(result.chunks_exact_mut(self.to * C)) {
            mix_within_row::<C>(row, 0, &self.windows, out);
        }
        Some(result)
    }

    /// The vertical pass over `from` rows of `stride` values; `None` if nothing changes.
    pub(super) fn within_columns(&self, values: &[u8], stride: usize) -> Option<Vec<u8>> {
        if self.is_identity() {
            return None;
        }
        let mut result = vec![0; self.to * stride];
        let mut sums = vec![0; stride];
        for (window, out) in self.windows.iter().zip(result.chunks_exact_mut(stride)) {
            sums.fill(HALF);
            for (row, &weight) in values[window.start * stride..].chunks_exact(stride).zip(&window.weights) {
                add(&mut sums, row, weight);
            }
            finish(&sums, out);
        }
        Some(result)
    }
}

/// The windows of all output values of a pass from `from` values, `span` wide, to `to`.
fn windows(from: usize, span: f64, to: usize, filter: Filter) -> Vec<Window> {
    let whole = |weight: &f64| (weight * f64::from(1 << FRACTION) + 0.5_f64.copysign(*weight)) as i32;
    let window =
        |(start, weights): (usize, Vec<f64>)| Window { start, weights: weights.iter().map(whole).collect() };
    mixtures(from, span, to, filter).into_iter().map(window).collect()
}

/// Where each output value's window begins, and its weights, which add up to 1.
pub(super) fn mixtures(from: usize, span: f64, to: usize, filter: Filter) -> Vec<(usize, Vec<f64>)> {
    let scale = span / to as f64;
    let support = filter.support() * scale.max(1.0);
    // Pillow multiplies by the reciprocal; dividing instead could change a weight's last bit.
    let steepness = 1.0 / scale.max(1.0);
    (0..to)
        .map(|index| {
            let center = (index as f64 + 0.5) * scale;
            // Cast to an integer, a negative number becomes 0, which is the bound wanted here.
            let start = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            let weight = |at: usize| filter.at((at as f64 - center + 0.5) * steepness);
            let sum: f64 = (start..end).map(weight).sum();
            (start, (start..end).map(|at| weight(at) / sum).collect())
        })
        .collect()
}

/// Mixes the pixels of a row; the first one given has the index `first`.
pub(super) fn mix_within_row<const C: usize>(row: &[u8], first: usize, windows: &[Window], out: &mut [u8]) {
    let (pixels, _) = row.as_chunks::<C>();
    let (out, _) = out.as_chunks_mut::<C>();
    for (window, out) in windows.iter().zip(out) {
        let mut sums = [HALF; C];
        for (pixel, &weight) in pixels[window.start - first..].iter().zip(&window.weights) {
            for (sum, &value) in sums.iter_mut().zip(pixel) {
                *sum += i32::from(value) * weight;
            }
        }
        *out = sums.map(to_u8);
    }
}

/// Sums for this number of values, all empty.
pub(super) fn sums(count: usize) -> Vec<i32> {
    vec![HALF; count]
}

/// Adds a row to sums, value by value.
pub(super) fn add(sums: &mut [i32], row: &[u8], weight: i32) {
    for (sum, &value) in sums.iter_mut().zip(row) {
        *sum += i32::from(value) * weight;
    }
}

/// What sums come to.
pub(super) fn finish(sums: &[i32], out: &mut [u8]) {
    for (out, &sum) in out.iter_mut().zip(sums) {
        *out = to_u8(sum);
    }
}

/// The weights of a window add up to 1 only nearly, and some may be negative, so that a value may come out brighter than white or
/// darker than black. Weights that are not negative add up to less than 2 at the very worst (all round up from one half), so that
/// no sum overflows; for others the size of a window is bounded.
fn to_u8(sum: i32) -> u8 {
    (sum >> FRACTION).clamp(0, 255) as u8
}
