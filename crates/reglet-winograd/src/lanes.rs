//! Vectors of 32-bit floats, as wide as the processor supports.

#![expect(unsafe_code, reason = "a processor's instructions are unsafe where the processor may lack them")]
#![expect(
    clippy::undocumented_unsafe_blocks,
    reason = "each is one or two instructions, with the safety conditions of the trait"
)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

#[cfg(target_arch = "x86_64")]
use crate::kernel::product;

/// The vectors that the kernel can be built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// 8 numbers: AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Eight,
    /// 16 numbers: AVX-512.
    #[cfg(target_arch = "x86_64")]
    Sixteen,
}

impl Width {
    /// The vectors that this processor supports, the widest first.
    pub(crate) fn all() -> impl Iterator<Item = Width> {
        #[cfg(target_arch = "x86_64")]
        let all = [
            (Width::Sixteen, is_x86_feature_detected!("avx512f")),
            (Width::Eight, is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let all: [(Width, bool); 0] = [];
        all.into_iter().filter_map(|(width, has)| has.then_some(width))
    }

    /// The number of values in a vector.
    pub(crate) fn count(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Width::Eight => 8,
            #[cfg(target_arch = "x86_64")]
            Width::Sixteen => 16,
        }
    }
}

/// A vector type, with the operations that the kernel needs.
///
/// # Safety
/// Every function needs a processor that supports the vector, and a caller compiled for it; pointers must be valid for
/// [`COUNT`](Lanes::COUNT) numbers. Alignment is not required.
pub(crate) trait Lanes: Copy {
    /// The number of values in it.
    const COUNT: usize;
    /// The number of rows of a product, of two vectors each, that fit into the registers.
    const ROWS: usize;

    unsafe fn splat(number: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// self · factor + summand, rounded once.
    unsafe fn mul_add(self, factor: Self, summand: Self) -> Self;
    /// max(self, 0); NaN stays NaN.
    unsafe fn rectified(self) -> Self;
    /// self where `mask` is not less than or equal to zero, and zero elsewhere.
    unsafe fn masked(self, mask: Self) -> Self;
    /// [`product`](crate::kernel::product), as a function of its own.
    unsafe fn product<const ROWS: usize>(
        panel: &[f32],
        rows: *const f32,
        stride: usize,
        result: *mut f32,
        result_stride: usize,
    ) -> usize;
}

#[cfg(target_arch = "x86_64")]
macro_rules! lanes {
    ($vector:ty, $features:literal, $count:literal, $rows:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $sub:ident, $mul:ident,
     $fma:ident, $max:ident, |$number:ident, $mask:ident| $masked:expr) => {
        impl Lanes for $vector {
            const COUNT: usize = $count;
            const ROWS: usize = $rows;

            #[inline(always)]
            unsafe fn splat(number: f32) -> Self {
                unsafe { $splat(number) }
            }
            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn sub(self, other: Self) -> Self {
                unsafe { $sub(self, other) }
            }
            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                unsafe { $mul(self, other) }
            }
            #[inline(always)]
            unsafe fn mul_add(self, factor: Self, summand: Self) -> Self {
                unsafe { $fma(self, factor, summand) }
            }
            #[inline(always)]
            unsafe fn rectified(self) -> Self {
                // If one operand is NaN, the instruction returns the second operand.
                unsafe { $max($splat(0.0), self) }
            }
            #[inline(always)]
            unsafe fn masked(self, mask: Self) -> Self {
                let ($number, $mask) = (self, mask);
                unsafe { $masked }
            }
            #[inline(always)]
            unsafe fn product<const ROWS: usize>(
                panel: &[f32],
                rows: *const f32,
                stride: usize,
                result: *mut f32,
                result_stride: usize,
            ) -> usize {
                #[target_feature(enable = $features)]
                #[inline(never)]
                unsafe fn alone<const ROWS: usize>(
                    panel: &[f32],
                    rows: *const f32,
                    stride: usize,
                    result: *mut f32,
                    result_stride: usize,
                ) -> usize {
                    unsafe { product::<$vector, ROWS>(panel, rows, stride, result, result_stride) }
                }
                unsafe { alone::<ROWS>(panel, rows, stride, result, result_stride) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
lanes!(
    __m256,
    "avx2,fma",
    8,
    6,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_fmadd_ps,
    _mm256_max_ps,
    |number, mask| _mm256_and_ps(number, _mm256_cmp_ps::<_CMP_NLE_UQ>(mask, _mm256_setzero_ps()))
);
#[cfg(target_arch = "x86_64")]
lanes!(
    __m512,
    "avx512f",
    16,
    12,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_fmadd_ps,
    _mm512_max_ps,
    |number, mask| _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_NLE_UQ>(mask, _mm512_setzero_ps()), number)
);
