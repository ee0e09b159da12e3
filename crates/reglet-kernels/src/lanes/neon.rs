//! NEON, the 128-bit vectors of AArch64.

use std::arch::aarch64::*;
use std::ptr;

use super::{Lanes, Work};

/// The vectors of NEON.
pub(super) type Neon = float32x4_t;

// Of the 32 registers, 24 hold the sums of 12 rows, 4 the factors, and 4 the numbers of some rows. A multiplication takes about 4
// cycles, and the widest processors begin 4 in each, so that at least 16 sums are needed. The numbers are taken by twos, since a
// multiplication reads one of two numbers in a register for free; to fill a vector with a single one takes a place among the
// multiplications on many processors.
lanes! {
    Neon, "neon", COUNT = 4, ROWS = 12, PAIRS = true;

    fn splat(number: f32) -> Self { vdupq_n_f32(number) }
    fn splat_two(from: *const f32) -> [Self; 2] {
        let two = vld1_f32(from);
        [vdupq_lane_f32::<0>(two), vdupq_lane_f32::<1>(two)]
    }
    fn load(from: *const f32) -> Self { vld1q_f32(from) }
    fn store(self, to: *mut f32) { vst1q_f32(to, self) }
    // There are no masks, so what is less than a vector is copied.
    fn load_first(from: *const f32, count: usize) -> Self {
        if count >= 4 {
            return vld1q_f32(from);
        }
        let mut numbers = [0.0; 4];
        ptr::copy_nonoverlapping(from, numbers.as_mut_ptr(), count);
        vld1q_f32(numbers.as_ptr())
    }
    fn store_first(self, to: *mut f32, count: usize) {
        if count >= 4 {
            return vst1q_f32(to, self);
        }
        let mut numbers = [0.0; 4];
        vst1q_f32(numbers.as_mut_ptr(), self);
        ptr::copy_nonoverlapping(numbers.as_ptr(), to, count);
    }
    fn add(self, other: Self) -> Self { vaddq_f32(self, other) }
    fn sub(self, other: Self) -> Self { vsubq_f32(self, other) }
    fn mul(self, other: Self) -> Self { vmulq_f32(self, other) }
    fn div(self, other: Self) -> Self { vdivq_f32(self, other) }
    fn mul_add(self, factor: Self, summand: Self) -> Self { vfmaq_f32(summand, self, factor) }
    // If one operand is NaN, these two return NaN.
    fn at_least(self, least: Self) -> Self { vmaxq_f32(self, least) }
    fn at_most(self, most: Self) -> Self { vminq_f32(self, most) }
    // A comparison with NaN is false and clears nothing.
    fn where_above(self, number: Self, least: Self) -> Self { cleared(self, vcleq_f32(number, least)) }
    fn where_below(self, number: Self, most: Self) -> Self { cleared(self, vcgeq_f32(number, most)) }
    fn rounded(self) -> Self { vrndnq_f32(self) }
    fn power_of_two(self) -> Self {
        let exponent = vaddq_s32(vcvtnq_s32_f32(self), vdupq_n_s32(127));
        vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent))
    }
}

/// The numbers, and zero where a mask has its bits set.
#[inline(always)]
unsafe fn cleared(numbers: float32x4_t, mask: uint32x4_t) -> float32x4_t {
    unsafe { vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(numbers), mask)) }
}
