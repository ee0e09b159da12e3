//! Vectors of 32-bit floats, as wide as the processor supports.

#![expect(unsafe_code, reason = "a processor's instructions are unsafe where the processor may lack them")]
#![expect(
    clippy::undocumented_unsafe_blocks,
    reason = "each is a few instructions, with the safety conditions of the trait"
)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// The vectors that a computation can be built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// 8 numbers: AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Eight,
    /// 16 numbers: AVX-512.
    #[cfg(target_arch = "x86_64")]
    Sixteen,
}

/// Whether this processor has vectors that the computations of this crate can use: AVX2 with FMA, or AVX-512.
pub fn available() -> bool {
    Width::all().next().is_some()
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

    /// Runs a computation that is compiled for these vectors.
    ///
    /// # Safety
    /// The processor supports them, as it does those of [`all`](Width::all), and the conditions of the computation hold.
    pub(crate) unsafe fn run<W: Work>(self, work: W) -> W::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Width::Eight => unsafe { <__m256 as Lanes>::apart(work) },
            #[cfg(target_arch = "x86_64")]
            Width::Sixteen => unsafe { <__m512 as Lanes>::apart(work) },
        }
    }
}

/// A computation that is compiled for each vector type.
pub(crate) trait Work {
    type Output;

    /// The computation. It must be inlined, because only code within [`Lanes::apart`] is compiled for the vector type.
    ///
    /// # Safety
    /// As [`Lanes`], and what the computation asks for.
    unsafe fn run<L: Lanes>(self) -> Self::Output;
}

/// A vector type, with the operations that the computations need.
///
/// # Safety
/// Every function needs a processor that supports the vector, and a caller compiled for it (but [`apart`](Lanes::apart));
/// pointers must be valid for [`COUNT`](Lanes::COUNT) numbers, or as many as are asked for. Alignment is not required.
pub(crate) trait Lanes: Copy {
    /// The number of values in it.
    const COUNT: usize;
    /// The number of rows of a product, of two vectors each, that fit into the registers.
    const ROWS: usize;

    unsafe fn splat(number: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// The first `count` numbers, and zeros after them.
    unsafe fn load_first(from: *const f32, count: usize) -> Self;
    /// Stores the first `count` numbers.
    unsafe fn store_first(self, to: *mut f32, count: usize);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// self · factor + summand, rounded once.
    unsafe fn mul_add(self, factor: Self, summand: Self) -> Self;
    /// self, or `least` where that is greater; NaN stays NaN.
    unsafe fn at_least(self, least: Self) -> Self;
    /// self, or `most` where that is smaller; NaN stays NaN.
    unsafe fn at_most(self, most: Self) -> Self;
    /// self, and zero where `number` is less than or equal to `least`.
    unsafe fn where_above(self, number: Self, least: Self) -> Self;
    /// self, and zero where `number` is greater than or equal to `most`.
    unsafe fn where_below(self, number: Self, most: Self) -> Self;
    /// The nearest integers.
    unsafe fn rounded(self) -> Self;
    /// 2 to the power of self, for integers of −126 to 127.
    unsafe fn power_of_two(self) -> Self;
    /// Runs a computation as a function of its own, with registers of its own.
    unsafe fn apart<W: Work>(work: W) -> W::Output;
}

#[cfg(target_arch = "x86_64")]
macro_rules! lanes {
    ($vector:ty, $features:literal, $count:literal, $rows:literal,
     { $($plain:ident($($argument:ident),*) = $instruction:ident;)+ }
     load_first |$from:ident, $first:ident| $load_first:expr;
     store_first |$stored:ident, $to:ident, $stored_first:ident| $store_first:expr;
     where_above |$above:ident, $above_number:ident, $least:ident| $where_above:expr;
     where_below |$below:ident, $below_number:ident, $most:ident| $where_below:expr;
     rounded |$rounded:ident| $round:expr;
     power_of_two |$power:ident| $power_of_two:expr;
     at_least = $max:ident; at_most = $min:ident; splat = $splat:ident; load = $load:ident; store = $store:ident;) => {
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
            $(
                #[inline(always)]
                unsafe fn $plain(self, $($argument: Self),*) -> Self {
                    unsafe { $instruction(self, $($argument),*) }
                }
            )+
            #[inline(always)]
            unsafe fn load_first($from: *const f32, $first: usize) -> Self {
                unsafe { $load_first }
            }
            #[inline(always)]
            unsafe fn store_first(self, $to: *mut f32, $stored_first: usize) {
                let $stored = self;
                unsafe { $store_first }
            }
            #[inline(always)]
            unsafe fn at_least(self, least: Self) -> Self {
                // If one operand is NaN, the instruction returns the second operand.
                unsafe { $max(least, self) }
            }
            #[inline(always)]
            unsafe fn at_most(self, most: Self) -> Self {
                // As above.
                unsafe { $min(most, self) }
            }
            #[inline(always)]
            unsafe fn where_above(self, $above_number: Self, $least: Self) -> Self {
                let $above = self;
                unsafe { $where_above }
            }
            #[inline(always)]
            unsafe fn where_below(self, $below_number: Self, $most: Self) -> Self {
                let $below = self;
                unsafe { $where_below }
            }
            #[inline(always)]
            unsafe fn rounded(self) -> Self {
                let $rounded = self;
                unsafe { $round }
            }
            #[inline(always)]
            unsafe fn power_of_two(self) -> Self {
                let $power = self;
                unsafe { $power_of_two }
            }
            #[inline(always)]
            unsafe fn apart<W: Work>(work: W) -> W::Output {
                #[target_feature(enable = $features)]
                #[inline(never)]
                unsafe fn alone<W: Work>(work: W) -> W::Output {
                    unsafe { work.run::<$vector>() }
                }
                unsafe { alone(work) }
            }
        }
    };
}

/// Which of eight numbers are among the first ones, for AVX2.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn first_of_eight(count: usize) -> __m256i {
    unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
}

/// Which of sixteen numbers are among the first ones, for AVX-512.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn first_of_sixteen(count: usize) -> __mmask16 {
    ((1_u32 << count.min(16)) - 1) as __mmask16
}

#[cfg(target_arch = "x86_64")]
lanes!(
    __m256,
    "avx2,fma",
    8,
    6,
    {
        add(other) = _mm256_add_ps;
        sub(other) = _mm256_sub_ps;
        mul(other) = _mm256_mul_ps;
        div(other) = _mm256_div_ps;
        mul_add(factor, summand) = _mm256_fmadd_ps;
    }
    load_first |from, count| _mm256_maskload_ps(from, first_of_eight(count));
    store_first |numbers, to, count| _mm256_maskstore_ps(to, first_of_eight(count), numbers);
    where_above |kept, number, least| _mm256_and_ps(kept, _mm256_cmp_ps::<_CMP_NLE_UQ>(number, least));
    where_below |kept, number, most| _mm256_and_ps(kept, _mm256_cmp_ps::<_CMP_NGE_UQ>(number, most));
    rounded |number| _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(number);
    power_of_two |number| {
        let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(number), _mm256_set1_epi32(127));
        _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
    };
    at_least = _mm256_max_ps;
    at_most = _mm256_min_ps;
    splat = _mm256_set1_ps;
    load = _mm256_loadu_ps;
    store = _mm256_storeu_ps;
);
#[cfg(target_arch = "x86_64")]
lanes!(
    __m512,
    "avx512f",
    16,
    12,
    {
        add(other) = _mm512_add_ps;
        sub(other) = _mm512_sub_ps;
        mul(other) = _mm512_mul_ps;
        div(other) = _mm512_div_ps;
        mul_add(factor, summand) = _mm512_fmadd_ps;
    }
    load_first |from, count| _mm512_maskz_loadu_ps(first_of_sixteen(count), from);
    store_first |numbers, to, count| _mm512_mask_storeu_ps(to, first_of_sixteen(count), numbers);
    where_above |kept, number, least| {
        _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_NLE_UQ>(number, least), kept)
    };
    where_below |kept, number, most| {
        _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_NGE_UQ>(number, most), kept)
    };
    rounded |number| _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(number);
    power_of_two |number| {
        let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(number), _mm512_set1_epi32(127));
        _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
    };
    at_least = _mm512_max_ps;
    at_most = _mm512_min_ps;
    splat = _mm512_set1_ps;
    load = _mm512_loadu_ps;
    store = _mm512_storeu_ps;
);
