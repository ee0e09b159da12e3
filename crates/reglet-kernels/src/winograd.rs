//! The transforms of F(4×4, 3×3) for one row of numbers.
//!
//! A correlation of 6 numbers with 3 taps is a product of polynomials read backwards, so it can be computed from the values
//! of both at 6 points: y = Aᵀ [(G g) ⊙ (Bᵀ d)]. Row p of G and of Aᵀ's transpose is (1, p, p², …), and row p of Bᵀ holds
//! the coefficients of Π (x − q) over the other points q; its factor 1/Π (p − q) is in G, where it is applied once to the
//! filters.
//!
//! The points are 0, ±5/8, ±3/2 and ∞. They come in pairs, so each pair shares its even and its odd part; all coefficients
//! are exact in binary; and the error of the result is half of that with the usual points 0, ±1, ±2 and ∞.

use crate::lanes::Lanes;

/// The numbers that a tile becomes.
pub(crate) const POINTS: usize = 36;

/// The first pair of points is ±A, the second ±B.
const A: f32 = 0.625;
const B: f32 = 1.5;

/// G g.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
#[expect(unsafe_code, reason = "it uses a processor's vector instructions")]
pub(crate) unsafe fn filter<L: Lanes>(g: [L; 3]) -> [L; 6] {
    // 1/Π (p − q) over the points q other than p, for p = 0, ±A and ±B.
    const AT_ZERO: f32 = 1.0 / (A * A * B * B);
    const AT_A: f32 = 0.5 / (A * A * (A * A - B * B));
    const AT_B: f32 = 0.5 / (B * B * (B * B - A * A));
    // SAFETY: the caller's promise is that of each call.
    unsafe {
        let number = |number: f32| L::splat(number);
        let (even_a, odd_a) =
            (g[2].mul(number(A * A)).add(g[0]).mul(number(AT_A)), g[1].mul(number(A * AT_A)));
        let (even_b, odd_b) =
            (g[2].mul(number(B * B)).add(g[0]).mul(number(AT_B)), g[1].mul(number(B * AT_B)));
        [
            g[0].mul(number(AT_ZERO)),
            even_a.add(odd_a),
            even_a.sub(odd_a),
            even_b.add(odd_b),
            even_b.sub(odd_b),
            g[2],
        ]
    }
}

/// Bᵀ d.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
#[expect(unsafe_code, reason = "it uses a processor's vector instructions")]
pub(crate) unsafe fn input<L: Lanes>(d: [L; 6]) -> [L; 6] {
    // SAFETY: the caller's promise is that of each call.
    unsafe {
        let number = |number: f32| L::splat(number);
        // d4 − p² d2 is even in a point, and q (d3 − p² d1) odd, p being of the other pair.
        let even_a = d[2].mul_add(number(-B * B), d[4]);
        let odd_a = d[1].mul_add(number(-B * B), d[3]).mul(number(A));
        let even_b = d[2].mul_add(number(-A * A), d[4]);
        let odd_b = d[1].mul_add(number(-A * A), d[3]).mul(number(B));
        let (sum, product) = (number(-A * A - B * B), number(A * A * B * B));
        [
            d[0].mul_add(product, d[2].mul_add(sum, d[4])),
            even_a.add(odd_a),
            even_a.sub(odd_a),
            even_b.add(odd_b),
            even_b.sub(odd_b),
            d[1].mul_add(product, d[3].mul_add(sum, d[5])),
        ]
    }
}

/// Aᵀ m.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
#[expect(unsafe_code, reason = "it uses a processor's vector instructions")]
pub(crate) unsafe fn output<L: Lanes>(m: [L; 6]) -> [L; 4] {
    // SAFETY: the caller's promise is that of each call.
    unsafe {
        let number = |number: f32| L::splat(number);
        let (even_a, odd_a) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (even_b, odd_b) = (m[3].add(m[4]), m[3].sub(m[4]));
        [
            m[0].add(even_a.add(even_b)),
            odd_a.mul_add(number(A), odd_b.mul(number(B))),
            even_a.mul_add(number(A * A), even_b.mul(number(B * B))),
            odd_a.mul_add(number(A * A * A), odd_b.mul_add(number(B * B * B), m[5])),
        ]
    }
}
