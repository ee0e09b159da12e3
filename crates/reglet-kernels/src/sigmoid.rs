//! Activations with an exponential function.

#![expect(unsafe_code, reason = "they use a processor's vector instructions")]

use crate::lanes::{Lanes, Vectors, Work};

/// Computes x / (1 + e⁻ˣ) of all `numbers`, as [`After::Silu`](crate::After::Silu) does.
///
/// # Panics
/// If there are not as many results as numbers.
pub fn silu(vectors: Vectors, numbers: &[f32], results: &mut [f32]) {
    assert_eq!(numbers.len(), results.len());
    // SAFETY: there is a place for each result.
    unsafe { vectors.run(Silu { numbers, results }) }
}

struct Silu<'a> {
    numbers: &'a [f32],
    results: &'a mut [f32],
}

impl Work for Silu<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        for place in (0..self.numbers.len()).step_by(L::COUNT) {
            let count = L::COUNT.min(self.numbers.len() - place);
            // SAFETY: only numbers of both slices are read and written.
            unsafe {
                let x = L::load_first(self.numbers.as_ptr().add(place), count);
                silu_of(x).store_first(self.results.as_mut_ptr().add(place), count);
            }
        }
    }
}

/// Applies x / (1 + e⁻ˣ) to some rows of `columns` numbers, at a distance.
///
/// # Safety
/// As [`Lanes`]; there are so many rows.
#[inline(always)]
pub(crate) unsafe fn silu_rows<L: Lanes>(numbers: *mut f32, stride: usize, rows: usize, columns: usize) {
    for row in 0..rows {
        for column in (0..columns).step_by(L::COUNT) {
            // SAFETY: only numbers of the row are read and written.
            unsafe {
                let at = numbers.add(row * stride + column);
                let count = (columns - column).min(L::COUNT);
                silu_of(L::load_first(at, count)).store_first(at, count);
            }
        }
    }
}

/// x / (1 + e⁻ˣ).
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn silu_of<L: Lanes>(x: L) -> L {
    // SAFETY: the caller's promise is that of each call.
    unsafe { x.div(L::splat(1.0).add(exponential(L::splat(0.0).sub(x)))) }
}

/// The derivative of the same: s (1 + x (1 − s)) with s = 1 / (1 + e⁻ˣ).
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn silu_slope<L: Lanes>(x: L) -> L {
    // SAFETY: the caller's promise is that of each call.
    unsafe {
        let one = L::splat(1.0);
        let sigmoid = one.div(one.add(exponential(L::splat(0.0).sub(x))));
        sigmoid.mul(x.mul_add(one.sub(sigmoid), one))
    }
}

/// eˣ for x up to 88, infinity from 89 on, and a number below 2·10⁻³⁸ for x below −87; NaN stays NaN. With x = n ln 2 + r, it
/// is 2ⁿ eʳ, and |r| ≤ ln 2 / 2 leaves a relative error of 2·10⁻⁷ to the first seven terms of the series of eʳ.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn exponential<L: Lanes>(x: L) -> L {
    // ln 2 in two parts; products of the first with an integer of up to 8 bits are exact.
    const HIGH: f32 = 355.0 / 512.0;
    const LOW: f32 = -2.121_944_4e-4;
    const SERIES: [f32; 6] = [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    // SAFETY: the caller's promise is that of each call.
    unsafe {
        // For 89 the result is infinity, by which any number can be divided to give zero. It would not be for e⁸⁸.
        let x = x.at_least(L::splat(-87.0)).at_most(L::splat(89.0));
        let n = x.mul(L::splat(std::f32::consts::LOG2_E)).rounded();
        let r = n.mul_add(L::splat(-LOW), n.mul_add(L::splat(-HIGH), x));
        let mut sum = L::splat(1.0 / 720.0);
        for term in SERIES {
            sum = sum.mul_add(r, L::splat(term));
        }
        sum.mul(n.power_of_two())
    }
}
