//! The inner loop of all products: a few rows times a panel of a matrix.

#![expect(unsafe_code, reason = "its sums stay in a processor's vector registers")]

use crate::fused::BehindFrom;
use crate::lanes::{Lanes, Work};

/// Rows of numbers times a panel, a part of a matrix that is two vectors wide.
#[derive(Clone, Copy)]
pub(crate) struct Product<'a> {
    /// For each number of a row, two vectors of factors.
    pub(crate) panel: &'a [f32],
    pub(crate) rows: Rows,
    /// What the sums begin with.
    pub(crate) start: Rows,
    /// What is added at the end, at the distances of the result.
    pub(crate) summand: Option<*const f32>,
    /// What the sums are multiplied by at the very end, at the distances of the result.
    pub(crate) behind: Option<BehindFrom>,
    /// The smallest and the largest result, before that.
    pub(crate) ends: (f32, f32),
    pub(crate) result: *mut f32,
    pub(crate) result_stride: usize,
    /// How many columns of the panel count.
    pub(crate) columns: usize,
}

/// Rows of numbers, with the distance from each to the next.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) first: *const f32,
    pub(crate) stride: usize,
}

/// No limits to a result.
pub(crate) const OPEN: (f32, f32) = (f32::NEG_INFINITY, f32::INFINITY);

/// A loop over the rows or the vectors of [`Few`], unrolled. Sums stay in registers only if each place in their array is known, and
/// whether a compiler unrolls a loop by itself depends on the processor.
macro_rules! unrolled {
    ($row:ident < ROWS, $vector:ident < VECTORS, $body:expr) => {
        unrolled!($row < ROWS, unrolled!($vector < VECTORS, $body))
    };
    ($row:ident < ROWS, $body:expr) => {
        unrolled!($row, ROWS, $body, 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    ($vector:ident < VECTORS, $body:expr) => {
        unrolled!($vector, VECTORS, $body, 0 1)
    };
    ($index:ident, $count:ident, $body:expr, $($number:literal)+) => {{
        $(if $number < $count {
            let $index = $number;
            $body
        })+
    }};
}

/// The product of the first `ROWS` rows and the first vectors of a panel, one or two. It runs as a function of its own
/// ([`Lanes::apart`]), because inlined into anything else its sums would not stay in registers.
///
/// # Safety of [`Work::run`]
/// There are `ROWS` rows as long as the panel, and `ROWS` places of as many numbers as columns from `start`, from `summand`
/// and from `result` on, each at the given distances. Each of the vectors has a column that counts.
struct Few<'a, const ROWS: usize, const VECTORS: usize>(Product<'a>);

impl<const ROWS: usize, const VECTORS: usize> Work for Few<'_, ROWS, VECTORS> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        const { assert!(ROWS <= 12 && VECTORS <= 2, "so many are unrolled") };
        let Few(all) = self;
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums = [[L::splat(0.0); VECTORS]; ROWS];
            let part = |vector: usize| (all.columns - vector * L::COUNT).min(L::COUNT);
            let whole = all.columns == VECTORS * L::COUNT;
            let load = |from: *const f32, vector: usize| match whole {
                true => L::load(from.add(vector * L::COUNT)),
                false => L::load_first(from.add(vector * L::COUNT), part(vector)),
            };
            unrolled!(row < ROWS, vector < VECTORS, {
                sums[row][vector] = load(all.start.first.add(row * all.start.stride), vector);
            });
            let Rows { first, stride } = all.rows;
            let depth = all.panel.len() / (2 * L::COUNT);
            let (mut factors, mut place) = (all.panel.as_ptr(), 0);
            if L::PAIRS {
                while place + 2 <= depth {
                    let mut factor = [[L::splat(0.0); VECTORS]; 2];
                    unrolled!(vector < VECTORS, {
                        factor[0][vector] = L::load(factors.add(vector * L::COUNT));
                        factor[1][vector] = L::load(factors.add((2 + vector) * L::COUNT));
                    });
                    factors = factors.add(4 * L::COUNT);
                    unrolled!(row < ROWS, {
                        let [one, two] = L::splat_two(first.add(row * stride + place));
                        unrolled!(vector < VECTORS, {
                            let sum = one.mul_add(factor[0][vector], sums[row][vector]);
                            sums[row][vector] = two.mul_add(factor[1][vector], sum);
                        });
                    });
                    place += 2;
                }
            }
            while place < depth {
                let mut factor = [L::splat(0.0); VECTORS];
                unrolled!(vector < VECTORS, factor[vector] = L::load(factors.add(vector * L::COUNT)));
                factors = factors.add(2 * L::COUNT);
                unrolled!(row < ROWS, {
                    let number = L::splat(*first.add(row * stride + place));
                    unrolled!(vector < VECTORS, {
                        sums[row][vector] = number.mul_add(factor[vector], sums[row][vector]);
                    });
                });
                place += 1;
            }
            let (least, most) = (L::splat(all.ends.0), L::splat(all.ends.1));
            unrolled!(row < ROWS, vector < VECTORS, {
                let at = row * all.result_stride;
                let mut sum = sums[row][vector];
                if let Some(summand) = all.summand {
                    sum = sum.add(load(summand.add(at), vector));
                }
                sum = sum.at_least(least).at_most(most);
                if let Some(behind) = all.behind {
                    let column = vector * L::COUNT;
                    sum = behind.apply(sum, at, column, |from| match whole {
                        true => L::load(from),
                        false => L::load_first(from, part(vector)),
                    });
                }
                let result = all.result.add(at + vector * L::COUNT);
                match whole {
                    true => sum.store(result),
                    false => sum.store_first(result, part(vector)),
                }
            });
        }
    }
}

/// The product of the first `count` rows and a panel, as many rows at a time as the registers hold.
///
/// # Safety
/// As [`Lanes`]. There are so many rows as long as the panel, and places of as many numbers as columns from `start`, from
/// `summand` and from `result` on, each at the given distances.
#[inline(always)]
pub(crate) unsafe fn multiply<L: Lanes>(all: &Product<'_>, count: usize) {
    let mut row = 0;
    while row < count {
        // SAFETY: there are as many rows left as are taken.
        row += unsafe {
            match (count - row, all.columns > L::COUNT) {
                (12.., true) if L::ROWS >= 12 => few::<L, 12, 2>(all, row),
                (8.., true) if L::ROWS >= 12 => few::<L, 8, 2>(all, row),
                (6.., true) => few::<L, 6, 2>(all, row),
                (4.., true) => few::<L, 4, 2>(all, row),
                (2.., true) => few::<L, 2, 2>(all, row),
                (_, true) => few::<L, 1, 2>(all, row),
                (12.., false) => few::<L, 12, 1>(all, row),
                (8.., false) => few::<L, 8, 1>(all, row),
                (4.., false) => few::<L, 4, 1>(all, row),
                (2.., false) => few::<L, 2, 1>(all, row),
                (_, false) => few::<L, 1, 1>(all, row),
            }
        };
    }
}

/// The product of `ROWS` rows from one of them on; returns their number.
///
/// # Safety
/// As [`multiply`].
#[inline(always)]
unsafe fn few<L: Lanes, const ROWS: usize, const VECTORS: usize>(all: &Product<'_>, row: usize) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let at = |rows: Rows| Rows { first: rows.first.add(row * rows.stride), ..rows };
        L::apart(Few::<ROWS, VECTORS>(Product {
            rows: at(all.rows),
            start: at(all.start),
            summand: all.summand.map(|summand| summand.add(row * all.result_stride)),
            behind: all
                .behind
                .map(|behind| BehindFrom { numbers: behind.numbers.add(row * all.result_stride), ..behind }),
            result: all.result.add(row * all.result_stride),
            ..*all
        }));
    }
    ROWS
}
