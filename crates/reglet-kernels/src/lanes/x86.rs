//! AVX2 and AVX-512.

use std::arch::x86_64::*;

use super::{Lanes, Work};

/// Which of eight numbers are among the first ones.
#[inline(always)]
unsafe fn first_of_eight(count: usize) -> __m256i {
    unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
}

/// Which of sixteen numbers are among the first ones.
#[inline(always)]
fn first_of_sixteen(count: usize) -> __mmask16 {
    ((1_u32 << count.min(16)) - 1) as __mmask16
}

/// The vectors of AVX2.
pub(super) type Avx2 = __m256;
/// The vectors of AVX-512.
pub(super) type Avx512 = __m512;

lanes! {
    Avx2, "avx2,fma", COUNT = 8, ROWS = 6, PAIRS = false;

    fn splat(number: f32) -> Self { _mm256_set1_ps(number) }
    fn splat_two(from: *const f32) -> [Self; 2] { [_mm256_set1_ps(*from), _mm256_set1_ps(*from.add(1))] }
    fn load(from: *const f32) -> Self { _mm256_loadu_ps(from) }
    fn store(self, to: *mut f32) { _mm256_storeu_ps(to, self) }
    fn load_first(from: *const f32, count: usize) -> Self { _mm256_maskload_ps(from, first_of_eight(count)) }
    fn store_first(self, to: *mut f32, count: usize) { _mm256_maskstore_ps(to, first_of_eight(count), self) }
    fn add(self, other: Self) -> Self { _mm256_add_ps(self, other) }
    fn sub(self, other: Self) -> Self { _mm256_sub_ps(self, other) }
    fn mul(self, other: Self) -> Self { _mm256_mul_ps(self, other) }
    fn div(self, other: Self) -> Self { _mm256_div_ps(self, other) }
    fn mul_add(self, factor: Self, summand: Self) -> Self { _mm256_fmadd_ps(self, factor, summand) }
    // If one operand is NaN, these two return the second operand.
    fn at_least(self, least: Self) -> Self { _mm256_max_ps(least, self) }
    fn at_most(self, most: Self) -> Self { _mm256_min_ps(most, self) }
    fn where_above(self, number: Self, least: Self) -> Self {
        _mm256_and_ps(self, _mm256_cmp_ps::<_CMP_NLE_UQ>(number, least))
    }
    fn where_below(self, number: Self, most: Self) -> Self {
        _mm256_and_ps(self, _mm256_cmp_ps::<_CMP_NGE_UQ>(number, most))
    }
    fn rounded(self) -> Self { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self) }
    fn power_of_two(self) -> Self {
        let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(self), _mm256_set1_epi32(127));
        _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
    }
}

lanes! {
    Avx512, "avx512f", COUNT = 16, ROWS = 12, PAIRS = false;

    fn splat(number: f32) -> Self { _mm512_set1_ps(number) }
    fn splat_two(from: *const f32) -> [Self; 2] { [_mm512_set1_ps(*from), _mm512_set1_ps(*from.add(1))] }
    fn load(from: *const f32) -> Self { _mm512_loadu_ps(from) }
    fn store(self, to: *mut f32) { _mm512_storeu_ps(to, self) }
    fn load_first(from: *const f32, count: usize) -> Self { _mm512_maskz_loadu_ps(first_of_sixteen(count), from) }
    fn store_first(self, to: *mut f32, count: usize) { _mm512_mask_storeu_ps(to, first_of_sixteen(count), self) }
    fn add(self, other: Self) -> Self { _mm512_add_ps(self, other) }
    fn sub(self, other: Self) -> Self { _mm512_sub_ps(self, other) }
    fn mul(self, other: Self) -> Self { _mm512_mul_ps(self, other) }
    fn div(self, other: Self) -> Self { _mm512_div_ps(self, other) }
    fn mul_add(self, factor: Self, summand: Self) -> Self { _mm512_fmadd_ps(self, factor, summand) }
    // If one operand is NaN, these two return the second operand.
    fn at_least(self, least: Self) -> Self { _mm512_max_ps(least, self) }
    fn at_most(self, most: Self) -> Self { _mm512_min_ps(most, self) }
    fn where_above(self, number: Self, least: Self) -> Self {
        _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_NLE_UQ>(number, least), self)
    }
    fn where_below(self, number: Self, most: Self) -> Self {
        _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_NGE_UQ>(number, most), self)
    }
    fn rounded(self) -> Self { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self) }
    fn power_of_two(self) -> Self {
        let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(self), _mm512_set1_epi32(127));
        _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
    }
}
