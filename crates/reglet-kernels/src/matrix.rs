//! Products of rows and a matrix: linear layers, and convolutions of 1×1.

#![expect(unsafe_code, reason = "its inner loops use a processor's vector instructions")]

use std::cell::RefCell;
use std::fmt;

use crate::fused::{After, Before, Behind, Fused};
use crate::lanes::{Lanes, Vectors, Work};
use crate::memory::Aligned;
use crate::product::{OPEN, Product, Rows, multiply};
use crate::sigmoid::{silu_rows, silu_slope};
#[cfg(target_arch = "x86_64")]
use crate::tiles;
use crate::way::Way;

#[cfg(target_arch = "x86_64")]
mod tiled;

/// A matrix that rows are multiplied by, in the layout of the inner loop.
pub struct Matrix {
    vectors: Vectors,
    from: usize,
    to: usize,
    stored: Stored,
}

/// Both in panels with as many outputs as are multiplied at a time; columns beyond the last output are zero.
enum Stored {
    /// For each panel a row for each input, as long as two vectors.
    Panels(Aligned),
    /// For each panel the chunks that tile registers take.
    #[cfg(target_arch = "x86_64")]
    Parts(Aligned),
}

impl Matrix {
    /// The matrix `[outputs, inputs]`, row by row, whose product with a row x of the input is W x, or Wᵀ x on the way back;
    /// `None` without [suitable vectors](crate::available), or for a matrix without numbers.
    ///
    /// # Panics
    /// If the weight has another size.
    pub fn new(weight: &[f32], outputs: usize, inputs: usize, way: Way) -> Option<Matrix> {
        let small = outputs.min(inputs) < TILED;
        let vectors = Vectors::all().find(|vectors| !(small && vectors.have_tiles()))?;
        Matrix::with(vectors, weight, outputs, inputs, way)
    }

    /// The same with vectors of one's choice, for instance to measure what wider ones bring.
    ///
    /// # Panics
    /// If the weight has another size.
    pub fn with(vectors: Vectors, weight: &[f32], outputs: usize, inputs: usize, way: Way) -> Option<Matrix> {
        assert_eq!(weight.len(), outputs.saturating_mul(inputs), "a weight of [{outputs}, {inputs}]");
        if weight.is_empty() {
            return None;
        }
        let (from, to) = way.ends(outputs, inputs);
        let factor = |output: usize, input: usize| match way {
            Way::Forward => weight[output * inputs + input],
            Way::Backward => weight[input * inputs + output],
        };
        #[cfg(target_arch = "x86_64")]
        if vectors.have_tiles() {
            let stored = Stored::Parts(tiles::columns(from, to, factor));
            return Some(Matrix { vectors, from, to, stored });
        }
        let columns = 2 * vectors.count();
        let mut panels = Aligned::zeros(to.div_ceil(columns) * columns * from);
        for (index, row) in panels.numbers_mut().chunks_exact_mut(columns).enumerate() {
            let (first, input) = (index / from * columns, index % from);
            for (output, number) in (first..to).zip(row) {
                *number = factor(output, input);
            }
        }
        Some(Matrix { vectors, from, to, stored: Stored::Panels(panels) })
    }

    /// The length of an input row.
    pub fn from(&self) -> usize {
        self.from
    }

    /// The length of an output row.
    pub fn to(&self) -> usize {
        self.to
    }
}

impl fmt::Debug for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {} matrix for {}", self.from, self.to, self.vectors)
    }
}

thread_local! {
    /// A copy of some rows of the input and their parts, whose memory is used again for the next.
    static SCRATCH: RefCell<[Aligned; 2]> = RefCell::default();
}

/// Multiplies each row of `input`, of [`Matrix::from`] numbers, by the matrix, into a row of `output`, of [`Matrix::to`]
/// numbers. In 32-bit floats the error is that of a direct sum.
///
/// # Panics
/// If one of them has another size than the matrix and the number of rows specify.
pub fn product(input: &[f32], matrix: &Matrix, fused: &Fused, output: &mut [f32]) {
    let count = input.len() / matrix.from;
    assert_eq!(input.len(), count * matrix.from);
    assert_eq!(output.len(), count.saturating_mul(matrix.to));
    assert!(fused.mask.is_none_or(|mask| mask.values.len() == input.len()));
    assert!(fused.silu.is_none_or(|numbers| numbers.len() == input.len()));
    assert!(fused.before.is_none_or(|before| [before.scale.len(), before.shift.len()] == [matrix.from; 2]));
    assert!(fused.bias.is_none_or(|bias| bias.len() == matrix.to));
    assert!(fused.summand.is_none_or(|summand| summand.len() == output.len()));
    assert!(fused.behind.is_none() || fused.after != After::Silu, "a SiLU has no backward pass");
    assert!(fused.behind.is_none_or(|Behind { numbers, before }| {
        [numbers.len(), before.scale.len(), before.shift.len()] == [output.len(), matrix.to, matrix.to]
    }));
    SCRATCH.with_borrow_mut(|[copy, parts]| {
        let job = Job { count, input, matrix, fused, copy, parts, output };
        // SAFETY: the matrix is in the layout for its vectors, and all sizes have been checked.
        unsafe { matrix.vectors.run(job) }
    });
}

/// From how many inputs and outputs on tile registers are used: below, taking numbers apart costs more than they save.
const TILED: usize = 64;

/// How many numbers of a row are multiplied at a time: so many rows of a panel stay in a core's first cache.
const DEEPEST: usize = 384;

/// How many numbers the rows that are multiplied at a time have together: they stay in a core's second cache.
const BLOCK: usize = 1 << 16;

/// How many rows are multiplied at a time at most, and a multiple of how many.
const MOST_ROWS: usize = 240;
const ROWS: usize = 12;

/// The padding between copied rows, which prevents cache conflicts for sizes that are powers of two.
const PAD: usize = 16;

/// The beginning of all sums where there is no bias.
static ZEROS: [f32; 32] = [0.0; 32];

struct Job<'a> {
    /// The number of rows.
    count: usize,
    input: &'a [f32],
    matrix: &'a Matrix,
    fused: &'a Fused<'a>,
    copy: &'a mut Aligned,
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only tile registers use it"))]
    parts: &'a mut Aligned,
    output: &'a mut [f32],
}

impl Work for Job<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) {
        let most = match &self.matrix.stored {
            Stored::Panels(_) => (BLOCK / self.matrix.from / ROWS * ROWS).clamp(ROWS, MOST_ROWS),
            #[cfg(target_arch = "x86_64")]
            Stored::Parts(_) => tiles::rows(self.matrix.from),
        };
        for first in (0..self.count).step_by(most) {
            let count = most.min(self.count - first);
            // SAFETY: the caller's promise; the rows are among those of the input.
            unsafe {
                let rows = self.rows::<L>(first, count);
                match &self.matrix.stored {
                    Stored::Panels(panels) => self.block::<L>(rows, panels.numbers(), first, count),
                    #[cfg(target_arch = "x86_64")]
                    Stored::Parts(parts) => self.tiled_block::<L>(rows, parts.numbers(), first, count),
                }
            }
        }
    }
}

impl Job<'_> {
    /// Some rows of the input, copied if something is done with them or if they lie so that they would displace each other from
    /// the cache.
    ///
    /// # Safety
    /// As [`Lanes`]; there are so many rows from the first on.
    #[inline(always)]
    unsafe fn rows<L: Lanes>(&mut self, first: usize, count: usize) -> Rows {
        let from = self.matrix.from;
        let Fused { mask, silu, before, .. } = *self.fused;
        // SAFETY: the rows are within the input, and the copy has a place for each.
        unsafe {
            let displaced = from.is_multiple_of(256) && !self.matrix.vectors.have_tiles();
            if mask.is_none() && silu.is_none() && before.is_none() && !displaced {
                return Rows { first: self.input.as_ptr().add(first * from), stride: from };
            }
            let stride = from.next_multiple_of(PAD) + PAD;
            let copy = self.copy.at_least(count * stride).as_mut_ptr();
            for row in 0..count {
                let (place, to) = ((first + row) * from, copy.add(row * stride));
                for column in (0..from).step_by(L::COUNT) {
                    let (at, some) = (place + column, L::COUNT.min(from - column));
                    let load = |numbers: *const f32| match some == L::COUNT {
                        true => L::load(numbers),
                        false => L::load_first(numbers, some),
                    };
                    let mut number = load(self.input.as_ptr().add(at));
                    if let Some(Before { scale, shift }) = before {
                        let (scale, shift) =
                            (load(scale.as_ptr().add(column)), load(shift.as_ptr().add(column)));
                        number = number.mul_add(scale, shift).at_least(L::splat(0.0));
                    }
                    if let Some(mask) = mask {
                        number = mask.apply(number, load(mask.values.as_ptr().add(at)));
                    }
                    if let Some(numbers) = silu {
                        number = number.mul(silu_slope(load(numbers.as_ptr().add(at))));
                    }
                    match some == L::COUNT {
                        true => number.store(to.add(column)),
                        false => number.store_first(to.add(column), some),
                    }
                }
            }
            Rows { first: copy, stride }
        }
    }

    /// The product of some rows of the input, into the output's rows from the first on.
    ///
    /// # Safety
    /// As [`Lanes`]; the input's rows are so many, and so are the output's from the first on.
    #[inline(always)]
    unsafe fn block<L: Lanes>(&mut self, rows: Rows, panels: &[f32], first: usize, count: usize) {
        const { assert!(ZEROS.len() >= 2 * L::COUNT) };
        let Matrix { from, to, .. } = *self.matrix;
        let width = 2 * L::COUNT;
        let parts = from.div_ceil(DEEPEST);
        for part in 0..parts {
            let (begin, end) = (part * from / parts, (part + 1) * from / parts);
            for (panel, factors) in panels.chunks_exact(from * width).enumerate() {
                let column = panel * width;
                let place = first * to + column;
                // SAFETY: the panel's columns are within each of the output's rows, and so are those of a bias and a summand.
                unsafe {
                    let result = self.output.as_mut_ptr().add(place);
                    let last = end == from;
                    let start = match self.fused.bias {
                        _ if part > 0 => Rows { first: result, stride: to },
                        Some(bias) => Rows { first: bias.as_ptr().add(column), stride: 0 },
                        None => Rows { first: ZEROS.as_ptr(), stride: 0 },
                    };
                    let product = Product {
                        panel: &factors[begin * width..end * width],
                        rows: Rows { first: rows.first.add(begin), ..rows },
                        start,
                        summand: self.fused.summand.filter(|_| last).map(|all| all.as_ptr().add(place)),
                        behind: self.fused.behind.filter(|_| last).map(|all| all.from(first, column, to)),
                        ends: if last { self.fused.after.ends() } else { OPEN },
                        result,
                        result_stride: to,
                        columns: width.min(to - column),
                    };
                    multiply::<L>(&product, count);
                    if last && self.fused.after == After::Silu {
                        silu_rows::<L>(result, to, count, product.columns);
                    }
                }
            }
        }
    }
}
