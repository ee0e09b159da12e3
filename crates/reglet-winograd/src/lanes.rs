//! Vectors of 32-bit floats, as wide as the processor supports.

#![expect(unsafe_code, reason = "a processor's instructions are unsafe where the processor may lack them")]
#![cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    expect(
        clippy::undocumented_unsafe_blocks,
        reason = "each is a few instructions, with the safety conditions of the trait"
    )
)]

/// The vectors that a computation can be built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// 4 numbers: NEON.
    #[cfg(target_arch = "aarch64")]
    Four,
    /// 8 numbers: AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Eight,
    /// 16 numbers: AVX-512.
    #[cfg(target_arch = "x86_64")]
    Sixteen,
}

/// Whether this processor has vectors that the computations of this crate can use: AVX2 with FMA, AVX-512, or
/// NEON.
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
        #[cfg(target_arch = "aarch64")]
        let all = [(Width::Four, std::arch::is_aarch64_feature_detected!("neon"))];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let all: [(Width, bool); 0] = [];
        all.into_iter().filter_map(|(width, has)| has.then_some(width))
    }

    /// The number of values in a vector.
    pub(crate) fn count(self) -> usize {
        match self {
            #[cfg(target_arch = "aarch64")]
            Width::Four => 4,
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
            #[cfg(target_arch = "aarch64")]
            Width::Four => unsafe { neon::Neon::apart(work) },
            #[cfg(target_arch = "x86_64")]
            Width::Eight => unsafe { x86::Avx2::apart(work) },
            #[cfg(target_arch = "x86_64")]
            Width::Sixteen => unsafe { x86::Avx512::apart(work) },
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
    /// Whether a product takes the numbers of a row by twos, because the processor can multiply a vector by a part of another.
    const PAIRS: bool;

    unsafe fn splat(number: f32) -> Self;
    /// Two vectors, filled with the first and with the second number.
    unsafe fn splat_two(from: *const f32) -> [Self; 2];
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

/// Implements [`Lanes`] for a vector type. Every function is as written, but unsafe and inlined, so that it is compiled for the
/// features of its caller.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! lanes {
    ($vector:ty, $feature:literal, COUNT = $count:literal, ROWS = $rows:literal, PAIRS = $pairs:literal;
     $(fn $name:ident($($argument:ident $(: $type:ty)?),*) $(-> $output:ty)? $body:block)+) => {
        impl Lanes for $vector {
            const COUNT: usize = $count;
            const ROWS: usize = $rows;
            const PAIRS: bool = $pairs;

            $(
                #[inline(always)]
                unsafe fn $name($($argument $(: $type)?),*) $(-> $output)? {
                    unsafe { $body }
                }
            )+

            #[inline(always)]
            unsafe fn apart<W: Work>(work: W) -> W::Output {
                #[target_feature(enable = $feature)]
                #[inline(never)]
                unsafe fn alone<W: Work>(work: W) -> W::Output {
                    unsafe { work.run::<$vector>() }
                }
                unsafe { alone(work) }
            }
        }
    };
}

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;
