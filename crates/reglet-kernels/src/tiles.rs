//! Products on Intel's tile registers (AMX): as exact as in 32-bit floats, from factors in three parts of bfloat16.
//!
//! A tile holds 16 rows of 64 bytes. One instruction multiplies two tiles of bfloat16 and adds the products to a third one, which
//! holds 32-bit floats: 8,192 multiplications, sixteen times as many a cycle as with AVX-512. A 32-bit float is the sum of three
//! numbers of bfloat16, to the last bit: x = x₀ + x₁ + x₂, each of 8 bits and at most 2⁻⁷ of the one before. Of the nine products
//! of the parts of two factors, the six largest are computed. Those left out are together below 2⁻²⁰ of the whole and about
//! 2⁻²⁴ of it on average, as much as a sum of 32-bit floats rounds away (Henry, Tang and Heinecke, 2019,
//! <https://arxiv.org/abs/1904.06376>).

#![expect(unsafe_code, reason = "its inner loop uses a processor's tile registers")]

use std::arch::asm;
use std::arch::x86_64::*;
use std::sync::OnceLock;

use crate::memory::Aligned;

/// How many parts a number has.
pub(crate) const PARTS: usize = 3;

/// How many numbers of a row, or of a column of the matrix, are in a tile.
pub(crate) const DEEP: usize = 32;

/// How many rows, and how many columns, are multiplied at a time: two tiles each.
pub(crate) const SIDE: usize = 32;

/// The 32-bit words that the parts of `SIDE` rows or columns of `DEEP` numbers take.
pub(crate) const CHUNK: usize = PARTS * SIDE * DEEP / 2;

/// Whether the processor has tile registers for bfloat16, and the operating system lets this process use them.
pub(crate) fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        const BFLOAT16_AND_TILES: u32 = 1 << 22 | 1 << 24;
        is_x86_feature_detected!("avx512f")
            && __cpuid(0).eax >= 7
            && __cpuid_count(7, 0).edx & BFLOAT16_AND_TILES == BFLOAT16_AND_TILES
            && permitted()
    })
}

/// Asks Linux for the memory that a thread's tile registers are kept in while another one runs. The permission holds for all
/// threads of the process.
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    const ARCH_PRCTL: isize = 158;
    const ARCH_REQ_XCOMP_PERM: usize = 0x1023;
    const XFEATURE_XTILEDATA: usize = 18;
    let mut answer = ARCH_PRCTL;
    // SAFETY: the call changes nothing in this process's memory. The instruction overwrites rcx and r11.
    unsafe {
        asm!(
            "syscall",
            inout("rax") answer,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    answer == 0
}

#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}

/// How many chunks of a row are multiplied at a time.
pub(crate) const DEEPEST: usize = 32;

/// How many rows of a length are multiplied at a time: the parts of them that are, stay in a core's second cache.
pub(crate) fn rows(length: usize) -> usize {
    const BYTES: usize = 1 << 20;
    let strip = length.div_ceil(DEEP).min(DEEPEST) * CHUNK * size_of::<f32>();
    (BYTES / strip * SIDE).clamp(SIDE, 8 * SIDE)
}

/// The upper half of a word.
const UPPER: u32 = 0xffff_0000;

/// The parts of two numbers, the first in the lower halves of the words.
fn parts(mut numbers: [f32; 2]) -> [f32; PARTS] {
    [(); PARTS].map(|()| {
        let [one, two] = numbers.map(|number| number.to_bits() & UPPER);
        numbers = [numbers[0] - f32::from_bits(one), numbers[1] - f32::from_bits(two)];
        f32::from_bits(one >> 16 | two)
    })
}

/// The two numbers that these are the parts of.
fn whole(parts: [f32; PARTS]) -> [f32; 2] {
    let sum =
        |half: fn(u32) -> u32| parts.iter().rev().map(|part| f32::from_bits(half(part.to_bits()))).sum();
    [sum(|word| word << 16), sum(|word| word & UPPER)]
}

/// Where the words of a column are in a chunk, the first for its numbers 0 and 16, the second for 1 and 17, and so on.
fn words(column: usize) -> impl Iterator<Item = [usize; PARTS]> {
    let first = column / 16 * 256 + column % 16;
    (0..DEEP / 2).map(move |pair| [0, 1, 2].map(|part| part * (SIDE * DEEP / 2) + first + pair * 16))
}

/// The columns of a matrix in parts: for each [`SIDE`] of them as many chunks as a column has.
pub(crate) fn columns(from: usize, to: usize, factor: impl Fn(usize, usize) -> f32) -> Aligned {
    let chunks = from.div_ceil(DEEP);
    let mut all = Aligned::zeros(to.div_ceil(SIDE) * chunks * CHUNK);
    for (index, chunk) in all.numbers_mut().chunks_exact_mut(CHUNK).enumerate() {
        let (first, above) = (index / chunks * SIDE, index % chunks * DEEP);
        for column in 0..SIDE.min(to - first) {
            for (pair, places) in words(column).enumerate() {
                let number = |row: usize| if row < from { factor(first + column, row) } else { 0.0 };
                let parts = parts([number(above + pair), number(above + pair + DEEP / 2)]);
                for (place, part) in places.into_iter().zip(parts) {
                    chunk[place] = part;
                }
            }
        }
    }
    all
}

/// The numbers of [`SIDE`] columns, row by row, of which their chunks are the parts.
pub(crate) fn whole_columns(chunks: &[f32], from: usize) -> Aligned {
    let mut all = Aligned::zeros(from * SIDE);
    for (index, chunk) in chunks.chunks_exact(CHUNK).enumerate() {
        for column in 0..SIDE {
            for (pair, places) in words(column).enumerate() {
                let numbers = whole(places.map(|place| chunk[place]));
                for (row, number) in [pair, pair + DEEP / 2].into_iter().zip(numbers) {
                    let row = index * DEEP + row;
                    if row < from {
                        all.numbers_mut()[row * SIDE + column] = number;
                    }
                }
            }
        }
    }
    all
}

/// The tile registers of this thread, in use until this is dropped.
pub(crate) struct InUse(());

impl InUse {
    /// All eight, with 16 rows of 64 bytes each.
    ///
    /// # Safety
    /// They are [`available`].
    pub(crate) unsafe fn new() -> InUse {
        #[repr(C, align(64))]
        struct Palette([u8; 64]);
        let mut palette = Palette([0; 64]);
        palette.0[0] = 1;
        for tile in 0..8 {
            palette.0[16 + 2 * tile] = 64;
            palette.0[48 + tile] = 16;
        }
        // SAFETY: the caller's promise.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &palette, options(nostack, readonly)) };
        InUse(())
    }

    /// The product of `ROWS` times 16 rows and `COLUMNS` times 16 columns, each of `chunks` times [`DEEP`] numbers in parts, to
    /// rows of [`SIDE`] numbers.
    ///
    /// # Safety
    /// There are [`CHUNK`] words for each chunk from `rows` and from `columns` on, and `SIDE` times `SIDE` numbers from
    /// `result` on.
    #[inline(always)]
    pub(crate) unsafe fn multiply<const ROWS: usize, const COLUMNS: usize>(
        &self,
        rows: *const f32,
        columns: *const f32,
        chunks: usize,
        result: *mut f32,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            asm!("tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3", options(nostack, nomem));
            for chunk in 0..chunks {
                let (a, b) = (rows.add(chunk * CHUNK), columns.add(chunk * CHUNK));
                match (ROWS, COLUMNS) {
                    (2, 2) => two_by_two(a, b),
                    (2, 1) => two_by_one(a, b),
                    (1, 2) => one_by_two(a, b),
                    _ => one_by_one(a, b),
                }
            }
            asm!(
                "tilestored [{to} + {stride}], tmm0",
                "tilestored [{to} + {stride} + 64], tmm1",
                "tilestored [{to} + {stride} + 2048], tmm2",
                "tilestored [{to} + {stride} + 2112], tmm3",
                to = in(reg) result,
                stride = in(reg) SIDE * size_of::<f32>(),
                options(nostack),
            );
        }
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        // SAFETY: there is a value of this type only where tile registers are available.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }
}

/// Adds the six products of a chunk. The instructions between two loads are those that need nothing else: the parts of the rows go
/// from the smallest to the largest, those of the columns back and forth.
macro_rules! step {
    ($name:ident: $rows:tt by $columns:tt) => {
        #[inline(always)]
        unsafe fn $name(rows: *const f32, columns: *const f32) {
            // SAFETY: the caller's promise: there is a chunk from each on.
            unsafe {
                asm!(
                    step!(rows $rows, "4096", "5120"),
                    step!(columns $columns, "0", "1024"),
                    step!(products $rows $columns),
                    step!(rows $rows, "2048", "3072"),
                    step!(products $rows $columns),
                    step!(columns $columns, "2048", "3072"),
                    step!(products $rows $columns),
                    step!(rows $rows, "0", "1024"),
                    step!(products $rows $columns),
                    step!(columns $columns, "4096", "5120"),
                    step!(products $rows $columns),
                    step!(columns $columns, "0", "1024"),
                    step!(products $rows $columns),
                    rows = in(reg) rows,
                    columns = in(reg) columns,
                    stride = in(reg) 64_usize,
                    options(nostack, readonly),
                );
            }
        }
    };
    (rows 1, $one:literal, $two:literal) => { concat!("tileloadd tmm4, [{rows} + {stride} + ", $one, "]") };
    (rows 2, $one:literal, $two:literal) => {
        concat!(step!(rows 1, $one, $two), "\ntileloadd tmm5, [{rows} + {stride} + ", $two, "]")
    };
    (columns 1, $one:literal, $two:literal) => { concat!("tileloadd tmm6, [{columns} + {stride} + ", $one, "]") };
    (columns 2, $one:literal, $two:literal) => {
        concat!(step!(columns 1, $one, $two), "\ntileloadd tmm7, [{columns} + {stride} + ", $two, "]")
    };
    (products 1 1) => { "tdpbf16ps tmm0, tmm4, tmm6" };
    (products 1 2) => { "tdpbf16ps tmm0, tmm4, tmm6\ntdpbf16ps tmm1, tmm4, tmm7" };
    (products 2 1) => { "tdpbf16ps tmm0, tmm4, tmm6\ntdpbf16ps tmm2, tmm5, tmm6" };
    (products 2 2) => {
        "tdpbf16ps tmm0, tmm4, tmm6\ntdpbf16ps tmm1, tmm4, tmm7\ntdpbf16ps tmm2, tmm5, tmm6\ntdpbf16ps tmm3, tmm5, tmm7"
    };
}

step!(two_by_two: 2 by 2);
step!(two_by_one: 2 by 1);
step!(one_by_two: 1 by 2);
step!(one_by_one: 1 by 1);

/// Some rows of numbers, of a length, with a distance from each to the next.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    pub(crate) first: *const f32,
    pub(crate) stride: usize,
    pub(crate) length: usize,
    pub(crate) count: usize,
}

impl Block {
    /// Writes the parts of the rows: for each [`SIDE`] rows as many chunks as a row has.
    ///
    /// # Safety
    /// The tile registers are [`available`], the rows are there, and so are the chunks.
    #[target_feature(enable = "avx512f")]
    pub(crate) unsafe fn split(self, to: *mut f32) {
        let upper = _mm512_set1_epi32(UPPER.cast_signed());
        let chunks = self.length.div_ceil(DEEP);
        for row in 0..self.count {
            let strip = row / SIDE * chunks * CHUNK + row % SIDE * (DEEP / 2);
            for chunk in 0..chunks {
                let load = |half: usize| {
                    let column = chunk * DEEP + half * 16;
                    let some = self.length.saturating_sub(column).min(16);
                    let from = self.first.wrapping_add(row * self.stride + column);
                    // SAFETY: so many numbers are left of the row.
                    unsafe { _mm512_maskz_loadu_ps(((1_u32 << some) - 1) as u16, from) }
                };
                let mut rest = [load(0), load(1)];
                for part in 0..PARTS {
                    let cut = rest.map(|rest| _mm512_castps_si512(rest));
                    // The upper half of each word of the second vector, and in its lower half that of the first one's.
                    let halves =
                        _mm512_ternarylogic_epi32::<0xf8>(_mm512_srli_epi32::<16>(cut[0]), cut[1], upper);
                    let place = strip + chunk * CHUNK + part * (SIDE * DEEP / 2);
                    // SAFETY: the chunk has a place for each part of the row.
                    unsafe { _mm512_storeu_si512(to.add(place).cast(), halves) };
                    rest = [0, 1].map(|half| {
                        let part = _mm512_castsi512_ps(_mm512_and_si512(cut[half], upper));
                        _mm512_sub_ps(rest[half], part)
                    });
                }
            }
        }
    }
}

/// Lets the processor fetch memory that is about to be written.
#[inline(always)]
pub(crate) fn fetch_to_write(place: *const f32) {
    // SAFETY: a prefetch reads nothing that the program sees, and no address is wrong for it.
    unsafe { _mm_prefetch::<_MM_HINT_ET0>(place.cast()) };
}
