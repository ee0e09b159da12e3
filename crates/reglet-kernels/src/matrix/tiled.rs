//! The same products with tile registers.

#![expect(unsafe_code, reason = "its inner loops use a processor's vector instructions")]

use super::{Job, ZEROS};
use crate::fused::{After, Fused};
use crate::lanes::Lanes;
use crate::product::{Product, Rows, multiply};
use crate::sigmoid::silu_rows;
use crate::tiles::{self, Block, CHUNK, DEEP, DEEPEST, InUse, SIDE};

/// What tile registers store.
#[repr(align(64))]
struct Sums([f32; SIDE * SIDE]);

/// Where sums belong: the first row of the output and the first column, and how many; and which of their terms they contain.
#[derive(Clone, Copy)]
struct Place {
    rows: [usize; 2],
    columns: [usize; 2],
    begins: bool,
    ends: bool,
}

impl Job<'_> {
    /// As [`Job::block`], for a matrix in parts.
    ///
    /// # Safety
    /// As there, and the vectors are those of AVX-512.
    #[inline(always)]
    pub(super) unsafe fn tiled_block<L: Lanes>(
        &mut self,
        rows: Rows,
        matrix: &[f32],
        first: usize,
        count: usize,
    ) {
        assert_eq!(L::COUNT, SIDE / 2, "vectors of AVX-512");
        let (from, to) = (self.matrix.from, self.matrix.to);
        let (chunks, strips) = (from.div_ceil(DEEP), count.div_ceil(SIDE));
        let split = self.parts.at_least(strips * chunks * CHUNK).as_mut_ptr();
        // SAFETY: a matrix in parts is made only where there are tile registers.
        let tiles = unsafe {
            Block { first: rows.first, stride: rows.stride, length: from, count }.split(split);
            InUse::new()
        };
        let mut sums = [Sums([0.0; SIDE * SIDE]), Sums([0.0; SIDE * SIDE])];
        // The sums of a place are finished while those of the next are computed.
        let (mut pending, mut turn) = (None, 0);
        let parts = chunks.div_ceil(DEEPEST);
        for part in 0..parts {
            let (begin, end) = (part * chunks / parts, (part + 1) * chunks / parts);
            for panel in 0..to.div_ceil(SIDE) {
                let factors = &matrix[(panel * chunks + begin) * CHUNK..][..(end - begin) * CHUNK];
                for strip in 0..strips {
                    let place = Place {
                        rows: [first + strip * SIDE, SIDE.min(count - strip * SIDE)],
                        columns: [panel * SIDE, SIDE.min(to - panel * SIDE)],
                        begins: begin == 0,
                        ends: end == chunks,
                    };
                    for row in 0..place.rows[1] {
                        let at = (place.rows[0] + row) * to + place.columns[0];
                        let [result, next] =
                            [at, at + L::COUNT].map(|at| self.output.as_ptr().wrapping_add(at));
                        tiles::fetch_to_write(result);
                        tiles::fetch_to_write(next);
                    }
                    // SAFETY: both factors have so many chunks, and the pending sums' rows are among those of this block.
                    unsafe {
                        let (a, b) = (split.add((strip * chunks + begin) * CHUNK), factors.as_ptr());
                        let to = sums[turn].0.as_mut_ptr();
                        turn = 1 - turn;
                        match (place.rows[1] > SIDE / 2, place.columns[1] > SIDE / 2) {
                            (true, true) => tiles.multiply::<2, 2>(a, b, end - begin, to),
                            (true, false) => tiles.multiply::<2, 1>(a, b, end - begin, to),
                            (false, true) => tiles.multiply::<1, 2>(a, b, end - begin, to),
                            (false, false) => tiles.multiply::<1, 1>(a, b, end - begin, to),
                        }
                        if let Some(place) = pending.replace(place) {
                            self.finish::<L>(&sums[turn], place, first, rows, matrix);
                        }
                    }
                }
            }
        }
        if let Some(place) = pending {
            // SAFETY: as above.
            unsafe { self.finish::<L>(&sums[1 - turn], place, first, rows, matrix) };
        }
    }

    /// Writes sums to their place in the output, after what is fused; `rows` are those of the input from the first one on.
    ///
    /// # Safety
    /// As above.
    #[inline(always)]
    unsafe fn finish<L: Lanes>(
        &mut self,
        sums: &Sums,
        place: Place,
        first: usize,
        rows: Rows,
        matrix: &[f32],
    ) {
        let Place { rows: [top, count], columns: [left, columns], begins, ends } = place;
        let to = self.matrix.to;
        let bias = self.fused.bias.filter(|_| begins);
        let summand = self.fused.summand.filter(|_| ends);
        let after = if ends { self.fused.after } else { After::NOTHING };
        // SAFETY: the caller's promise.
        let behind = self.fused.behind.filter(|_| ends).map(|all| unsafe { all.from(top, left, to) });
        let (least, most) = after.ends();
        // SAFETY: the caller's promise.
        unsafe {
            let zero = L::splat(0.0);
            let (least, most) = (L::splat(least), L::splat(most));
            let mut odd = zero;
            for half in (0..columns).step_by(L::COUNT) {
                let some = L::COUNT.min(columns - half);
                let load = |from: *const f32| match some == L::COUNT {
                    true => L::load(from),
                    false => L::load_first(from, some),
                };
                let bias = bias.map_or(zero, |bias| load(bias.as_ptr().add(left + half)));
                for row in 0..count {
                    let at = (top + row) * to + left + half;
                    let result = self.output.as_mut_ptr().add(at);
                    let start = if begins { bias } else { load(result) };
                    let mut sum = L::load(sums.0.as_ptr().add(row * SIDE + half)).add(start);
                    // Zero times a number is zero, unless it is infinite or not a number.
                    odd = sum.mul_add(zero, odd);
                    if let Some(summand) = summand {
                        sum = sum.add(load(summand.as_ptr().add(at)));
                    }
                    sum = sum.at_least(least).at_most(most);
                    if let Some(behind) = behind {
                        sum = behind.apply(sum, row * to, half, load);
                    }
                    match some == L::COUNT {
                        true => sum.store(result),
                        false => sum.store_first(result, some),
                    }
                }
            }
            if ends && !is_zero(odd) {
                self.sum_again::<L>(place, first, rows, matrix);
            }
            if after == After::Silu {
                silu_rows::<L>(self.output.as_mut_ptr().add(top * to + left), to, count, columns);
            }
        }
    }

    /// Computes rows of the output that are not finite again from whole numbers: the parts of infinity are not all infinite, and
    /// infinity minus infinity is not a number.
    ///
    /// # Safety
    /// As above.
    #[cold]
    #[inline(never)]
    unsafe fn sum_again<L: Lanes>(&mut self, place: Place, first: usize, rows: Rows, matrix: &[f32]) {
        let Place { rows: [top, count], columns: [left, columns], .. } = place;
        let (from, to) = (self.matrix.from, self.matrix.to);
        let chunks = from.div_ceil(DEEP);
        let panel = tiles::whole_columns(&matrix[left / SIDE * chunks * CHUNK..][..chunks * CHUNK], from);
        let Fused { bias, summand, behind, after, .. } = *self.fused;
        for row in top..top + count {
            // SAFETY: the row is one of the input and of the output, and the columns are within it.
            unsafe {
                let at = row * to + left;
                let input = rows.first.add((row - first) * rows.stride);
                let sums = std::slice::from_raw_parts(self.output.as_ptr().add(at), columns);
                if sums.iter().all(|sum| sum.is_finite()) {
                    continue;
                }
                let product = Product {
                    panel: panel.numbers(),
                    rows: Rows { first: input, stride: 0 },
                    start: Rows {
                        first: bias.map_or(ZEROS.as_ptr(), |bias| bias.as_ptr().add(left)),
                        stride: 0,
                    },
                    summand: summand.map(|all| all.as_ptr().add(at)),
                    behind: behind.map(|all| all.from(row, left, to)),
                    ends: after.ends(),
                    result: self.output.as_mut_ptr().add(at),
                    result_stride: to,
                    columns,
                };
                multiply::<L>(&product, 1);
            }
        }
    }
}

/// Whether all numbers of a vector are zero.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn is_zero<L: Lanes>(vector: L) -> bool {
    let mut numbers = [0.0_f32; SIDE];
    // SAFETY: the caller's promise; a vector has fewer numbers.
    unsafe { vector.store(numbers.as_mut_ptr()) };
    numbers == [0.0; SIDE]
}
