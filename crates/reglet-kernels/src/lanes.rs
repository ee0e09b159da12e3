//! Vectors of 32-bit floats, of each kind that a processor may have.

#![expect(unsafe_code, reason = "a processor's instructions are unsafe where the processor may lack them")]
#![cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    expect(
        clippy::undocumented_unsafe_blocks,
        reason = "each is a few instructions, with the safety conditions of the trait"
    )
)]

use std::fmt;

/// A kind of vectors that this processor has. There is no other way to one than from those of [`all`](Vectors::all), so whoever
/// has one may use its instructions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Vectors(Kind);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// 4 numbers.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// 8 numbers, with FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 16 numbers.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 16 numbers, and tiles for products.
    #[cfg(target_arch = "x86_64")]
    Amx,
}

/// Whether this processor has vectors that the computations of this crate can use: AVX2 with FMA, AVX-512, or NEON.
pub fn available() -> bool {
    Vectors::widest().is_some()
}

impl Vectors {
    /// All kinds that this processor has, the widest first.
    pub fn all() -> impl Iterator<Item = Vectors> {
        #[cfg(target_arch = "aarch64")]
        let all = [(Kind::Neon, std::arch::is_aarch64_feature_detected!("neon"))];
        #[cfg(target_arch = "x86_64")]
        let all = [
            (Kind::Amx, crate::tiles::available()),
            (Kind::Avx512, is_x86_feature_detected!("avx512f")),
            (Kind::Avx2, is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")),
        ];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let all: [(Kind, bool); 0] = [];
        all.into_iter().filter_map(|(kind, has)| has.then_some(Vectors(kind)))
    }

    /// The widest, which are used unless others are asked for.
    pub fn widest() -> Option<Vectors> {
        Vectors::all().next()
    }

    /// The number of 32-bit floats in a vector.
    pub fn count(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => neon::Neon::COUNT,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => x86::Avx2::COUNT,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 | Kind::Amx => x86::Avx512::COUNT,
        }
    }

    /// Whether products use tile registers.
    pub(crate) fn have_tiles(self) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Amx => true,
            _ => false,
        }
    }

    /// Runs a computation that is compiled for these vectors.
    ///
    /// # Safety
    /// The conditions of the computation hold. The processor has the vectors, since there is a value of this type.
    pub(crate) unsafe fn run<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => unsafe { neon::Neon::apart(work) },
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { x86::Avx2::apart(work) },
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 | Kind::Amx => unsafe { x86::Avx512::apart(work) },
        }
    }
}

/// The name of their instructions.
impl fmt::Display for Vectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "NEON",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Kind::Amx => "AVX-512 and AMX",
        })
    }
}

impl fmt::Debug for Vectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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
    /// 2 to the power of self, for integers of −126 to 127, and infinity for 128.
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
