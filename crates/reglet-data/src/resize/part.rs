//! A pass over the parts of a picture that differ from another's.

use std::ops::Range;

use super::pass::{Pass, add, finish, mix_within_row, sums};

/// A stretch of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) row: usize,
    /// Its first column.
    pub(crate) start: usize,
    /// `C` for each of its pixels.
    pub(crate) values: Vec<u8>,
}

/// A picture in which some stretches are replaced by others, with `C` values per pixel.
pub(crate) struct Parted<'a, const C: usize> {
    /// The values without the change.
    pub(crate) whole: &'a [u8],
    /// How many pixels a row has.
    pub(crate) width: usize,
    /// What replaces them: by row from the top, at most one in each, and not empty.
    pub(crate) parts: Vec<Part>,
}

impl Part {
    fn columns<const C: usize>(&self) -> Range<usize> {
        self.start..self.start + self.values.len() / C
    }
}

impl<const C: usize> Parted<'_, C> {
    /// The values without the change of these columns of a row.
    fn before(&self, row: usize, columns: Range<usize>) -> &[u8] {
        let start = row * self.width;
        &self.whole[(start + columns.start) * C..(start + columns.end) * C]
    }

    /// What becomes of the parts in a horizontal pass.
    pub(super) fn within_rows(&self, pass: &Pass) -> Vec<Part> {
        if pass.is_identity() {
            return self.parts.clone();
        }
        let mut made = Vec::with_capacity(self.parts.len());
        let mut row = Vec::new();
        for part in &self.parts {
            let reached = pass.reached(part.columns::<C>());
            let windows = pass.windows(reached.clone());
            let (Some(first), Some(last)) = (windows.first(), windows.last()) else { continue };
            // All values from which the outputs are computed, with the part inserted.
            row.clear();
            row.extend_from_slice(self.before(part.row, first.start..last.end()));
            let within = part.columns::<C>();
            let (from, to) = (within.start.max(first.start), within.end.min(last.end()));
            row[(from - first.start) * C..(to - first.start) * C]
                .copy_from_slice(&part.values[(from - within.start) * C..(to - within.start) * C]);
            let mut values = vec![0; windows.len() * C];
            mix_within_row::<C>(&row, first.start, windows, &mut values);
            made.push(Part { row: part.row, start: reached.start, values });
        }
        made
    }

    /// What becomes of the parts in a vertical pass.
    pub(super) fn within_columns(&self, pass: &Pass) -> Vec<Part> {
        if pass.is_identity() {
            return self.parts.clone();
        }
        let (Some(first), Some(last)) = (self.parts.first(), self.parts.last()) else { return Vec::new() };
        let reached = pass.reached(first.row..last.row + 1);
        let mut made = Vec::with_capacity(reached.len());
        for (row, window) in reached.clone().zip(pass.windows(reached)) {
            let from = self.parts.partition_point(|part| part.row < window.start);
            let to = self.parts.partition_point(|part| part.row < window.end());
            let mut parts = self.parts[from..to].iter().peekable();
            let columns = parts.clone().map(Part::columns::<C>);
            let Some(columns) = columns.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)) else {
                continue;
            };
            let mut sums = sums(columns.len() * C);
            for (row, &weight) in (window.start..).zip(&window.weights) {
                match parts.next_if(|part| part.row == row) {
                    None => add(&mut sums, self.before(row, columns.clone()), weight),
                    Some(part) => {
                        let within = part.columns::<C>();
                        let (left, rest) = sums.split_at_mut((within.start - columns.start) * C);
                        let (middle, right) = rest.split_at_mut(part.values.len());
                        add(left, self.before(row, columns.start..within.start), weight);
                        add(middle, &part.values, weight);
                        add(right, self.before(row, within.end..columns.end), weight);
                    }
                }
            }
            let mut values = vec![0; sums.len()];
            finish(&sums, &mut values);
            made.push(Part { row, start: columns.start, values });
        }
        made
    }
}
