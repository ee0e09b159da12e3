//! Depthwise convolutions, which have one filter for each channel.

#![expect(unsafe_code, reason = "its inner loops use a processor's vector instructions")]

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use crate::fused::{After, Fused};
use crate::lanes::{Lanes, Vectors, Work, available};
use crate::memory::Aligned;
use crate::sigmoid::{silu_rows, silu_slope};
use crate::way::Way;

/// The filters of a depthwise convolution, one for each channel, in the layout of the inner loop.
pub struct DepthwiseFilters {
    vectors: Vectors,
    channels: usize,
    /// The rows and columns of a filter.
    side: usize,
    /// From one result to the next.
    stride: usize,
    way: Way,
    /// For each vector of channels a row for each tap; channels beyond the last are zero.
    taps: Aligned,
}

/// Whether [`DepthwiseFilters`] can be created on this processor with so many rows and columns, and so many steps from one result
/// to the next: 3, 5 or 7, and 1 or 2.
pub fn supports_depthwise(side: usize, stride: usize) -> bool {
    matches!((side, stride), (3 | 5 | 7, 1 | 2)) && available()
}

impl DepthwiseFilters {
    /// The filters of a convolution with the weight `[channels, side, side]`, row by row, and so many steps from one result to the
    /// next; `None` if it is not [supported](supports_depthwise), or has no channels.
    ///
    /// # Panics
    /// If the weight has another size.
    pub fn new(
        weight: &[f32],
        channels: usize,
        side: usize,
        stride: usize,
        way: Way,
    ) -> Option<DepthwiseFilters> {
        DepthwiseFilters::with(Vectors::widest()?, weight, channels, side, stride, way)
    }

    /// The same with vectors of one's choice, for instance to measure what wider ones bring.
    ///
    /// # Panics
    /// If the weight has another size.
    pub fn with(
        vectors: Vectors,
        weight: &[f32],
        channels: usize,
        side: usize,
        stride: usize,
        way: Way,
    ) -> Option<DepthwiseFilters> {
        let count = channels.saturating_mul(side).saturating_mul(side);
        assert_eq!(weight.len(), count, "a weight of [{channels}, {side}, {side}]");
        if channels == 0 || !supports_depthwise(side, stride) {
            return None;
        }
        let (length, area) = (vectors.count(), side * side);
        let mut taps = Aligned::zeros(channels.div_ceil(length) * area * length);
        for (channel, filter) in weight.chunks_exact(area).enumerate() {
            let first = channel / length * area * length + channel % length;
            for (tap, number) in filter.iter().enumerate() {
                let turned = if way == Way::Forward { tap } else { area - 1 - tap };
                taps.numbers_mut()[first + turned * length] = *number;
            }
        }
        Some(DepthwiseFilters { vectors, channels, side, stride, way, taps })
    }
}

impl fmt::Debug for DepthwiseFilters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DepthwiseFilters { vectors, channels, side, .. } = self;
        write!(f, "{channels} filters of {side} × {side} for {vectors}")
    }
}

/// A batch of pictures that a depthwise convolution reads on its way forward, in channels-last layout, `[count, height, width,
/// channels]`, and the zeros around them. On the way back it writes them.
#[derive(Debug, Clone, Copy)]
pub struct Framed {
    /// How many.
    pub count: usize,
    /// Their rows.
    pub height: usize,
    /// Their columns.
    pub width: usize,
    /// The zeros on each side, fewer than a filter has rows.
    pub padding: usize,
}

impl Framed {
    /// The rows and the columns of the results of filters with so many rows and columns, and so many steps from one result to the
    /// next.
    pub fn results(&self, side: usize, stride: usize) -> [usize; 2] {
        [self.height, self.width].map(|size| {
            let room = size.saturating_add(2 * self.padding).checked_sub(side);
            room.map_or(0, |room| room / stride + 1)
        })
    }
}

/// Convolves each channel of `input` with its own filter, into `output`; both are channels-last. On the way forward, the input
/// are the pictures and the output is as large as their [results](Framed::results); on the way back it is the other way round. The
/// output may be a part of it, whole rows from `first` on, counted over all pictures; a summand is one of the same part. In 32-bit
/// floats the error is that of a direct sum.
///
/// # Panics
/// If one of them has another size than the pictures and the filters specify, or there are too many zeros around the pictures, or
/// something is to be done [before](Fused::before).
pub fn convolve_depthwise(
    pictures: Framed,
    first: usize,
    input: &[f32],
    filters: &DepthwiseFilters,
    fused: &Fused,
    output: &mut [f32],
) {
    let DepthwiseFilters { channels, side, stride, way, .. } = *filters;
    let (outer, inner) = ([pictures.height, pictures.width], pictures.results(side, stride));
    let (from, to) = if way == Way::Forward { (outer, inner) } else { (inner, outer) };
    let length = from[1].saturating_mul(channels);
    assert!(pictures.padding < side, "{} zeros around pictures for filters of {side}", pictures.padding);
    assert_eq!(input.len(), pictures.count.saturating_mul(from[0]).saturating_mul(length));
    let count = output.len().checked_div(to[1].saturating_mul(channels)).unwrap_or(0);
    assert_eq!(output.len(), count * to[1] * channels, "whole rows");
    assert!(first.saturating_add(count) <= pictures.count.saturating_mul(to[0]), "more rows than there are");
    assert!(fused.mask.is_none_or(|mask| mask.values.len() == input.len()));
    assert!(fused.silu.is_none_or(|numbers| numbers.len() == input.len()));
    assert!(fused.before.is_none() && fused.behind.is_none(), "only products take what is done before");
    assert!(fused.bias.is_none_or(|bias| bias.len() == channels));
    assert!(fused.summand.is_none_or(|summand| summand.len() == output.len()));
    let (step, spread, lead) = match way {
        Way::Forward => (stride, 1, pictures.padding),
        Way::Backward => (1, stride, side - 1 - pictures.padding),
    };
    let changed = fused.mask.is_some() || fused.silu.is_some();
    let copied = if changed { side * length } else { 0 };
    SCRATCH.with_borrow_mut(|scratch| {
        let (zeros, copy) = scratch.at_least(channels + copied)[..channels + copied].split_at_mut(channels);
        zeros.fill(0.0);
        let copy = changed.then_some(copy);
        let rows = first..first + count;
        let job = Job { rows, from, to, step, spread, lead, input, filters, fused, zeros, copy, output };
        // SAFETY: the filters are in the layout for their vectors, and all sizes have been checked.
        unsafe { filters.vectors.run(job) }
    });
}

/// How many results of a row are computed at a time, each in a register, in which they all fit with one tap. Rows of pictures of
/// 224 pixels are multiples of this on all levels of a network.
const BLOCK: usize = 7;

/// The largest side of a filter.
const SIDE: usize = 7;

/// The most pixels of a row that a block depends on.
const REACH: usize = (BLOCK - 1) * 2 + SIDE;

thread_local! {
    /// Zeros and rows of the input, whose memory is used again for the next call.
    static SCRATCH: RefCell<Aligned> = RefCell::default();
}

struct Job<'a> {
    /// The rows of the output that are computed, counted over all pictures.
    rows: Range<usize>,
    /// The rows and columns of the input and of the output.
    from: [usize; 2],
    to: [usize; 2],
    /// The distance between one result and the next, and between one number of the input and the next: between these lie zeros.
    step: usize,
    spread: usize,
    /// The zeros before the first number of the input, in both directions.
    lead: usize,
    input: &'a [f32],
    filters: &'a DepthwiseFilters,
    fused: &'a Fused<'a>,
    /// A pixel outside of a picture.
    zeros: &'a [f32],
    /// If something is done with the input, the rows that a row of results depends on, after that. Their places are used in turn.
    copy: Option<&'a mut [f32]>,
    output: &'a mut [f32],
}

/// A row of the input that a row of results depends on, counted over all pictures, and the row of a filter that it is multiplied by.
type Met = (usize, usize);

impl Work for Job<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) {
        let mut copied = 0;
        for row in self.rows.clone() {
            let (picture, y) = (row / self.to[0], row % self.to[0]);
            let mut met = [(0, 0); SIDE];
            let mut count = 0;
            for tap in 0..self.filters.side {
                if let Some(place) = self.read(0, y * self.step + tap) {
                    met[count] = (picture * self.from[0] + place, tap);
                    count += 1;
                }
            }
            let met = &met[..count];
            // SAFETY: the caller's promise; the input has such rows.
            unsafe {
                if let (Some((first, _)), Some((last, _))) = (met.first(), met.last()) {
                    // What was copied for the row before is still there.
                    for place in copied.max(*first)..=*last {
                        self.copy::<L>(place);
                    }
                    copied = copied.max(last + 1);
                }
                self.results::<L>(row, met);
            }
        }
    }
}

impl Job<'_> {
    /// The row or column of the input, along one axis, at a place where a filter reads; there is none if it reads a zero.
    #[inline(always)]
    fn read(&self, axis: usize, place: usize) -> Option<usize> {
        let place = place.checked_sub(self.lead)?;
        // A division by a constant, which is a shift, since there are one or two steps.
        let (place, between) = if self.spread == 1 { (place, 0) } else { (place / 2, place % 2) };
        (between == 0 && place < self.from[axis]).then_some(place)
    }

    /// The first number of a row of the input, counted over all pictures, after what is done with it.
    ///
    /// # Safety
    /// There is such a row.
    #[inline(always)]
    unsafe fn row(&self, row: usize) -> *const f32 {
        let length = self.from[1] * self.filters.channels;
        // SAFETY: the caller's promise.
        unsafe {
            match &self.copy {
                Some(copy) => copy.as_ptr().add(row % self.filters.side * length),
                None => self.input.as_ptr().add(row * length),
            }
        }
    }

    /// Copies a row of the input to its place, if something is done with it.
    ///
    /// # Safety
    /// As [`Lanes`]; there is such a row.
    #[inline(always)]
    unsafe fn copy<L: Lanes>(&mut self, row: usize) {
        let length = self.from[1] * self.filters.channels;
        let Some(copy) = self.copy.as_deref_mut() else { return };
        let to = copy[row % self.filters.side * length..][..length].as_mut_ptr();
        for column in (0..length).step_by(L::COUNT) {
            let (at, count) = (row * length + column, length - column);
            // SAFETY: only numbers of the row are read and written.
            unsafe {
                let mut number = load::<L>(self.input.as_ptr().add(at), count);
                if let Some(mask) = self.fused.mask {
                    number = mask.apply(number, load(mask.values.as_ptr().add(at), count));
                }
                if let Some(numbers) = self.fused.silu {
                    number = number.mul(silu_slope(load(numbers.as_ptr().add(at), count)));
                }
                store(number, to.add(column), count);
            }
        }
    }

    /// Computes a row of results.
    ///
    /// # Safety
    /// As [`Lanes`]; there are such rows.
    #[inline(always)]
    unsafe fn results<L: Lanes>(&mut self, row: usize, met: &[Met]) {
        let width = self.to[1];
        let (channels, side) = (self.filters.channels, self.filters.side);
        let reach = (BLOCK - 1) * self.step + side;
        let mut rows = [self.zeros.as_ptr(); SIDE];
        for (start, (row, _)) in rows.iter_mut().zip(met) {
            // SAFETY: there is such a row.
            *start = unsafe { self.row(*row) };
        }
        for x in (0..width).step_by(BLOCK) {
            let mut pixels = [[self.zeros.as_ptr(); REACH]; SIDE];
            for place in 0..reach {
                if let Some(column) = self.read(1, x * self.step + place) {
                    for (pixels, row) in pixels.iter_mut().zip(&rows[..met.len()]) {
                        // SAFETY: the row has such a column.
                        pixels[place] = unsafe { row.add(column * channels) };
                    }
                }
            }
            let first = ((row - self.rows.start) * width + x) * channels;
            let block = Block { met, pixels: &pixels, first, count: BLOCK.min(width - x) };
            // SAFETY: the caller's promise.
            unsafe {
                match (side, self.step) {
                    (3, 1) => self.block::<L, 3, 1>(&block),
                    (3, _) => self.block::<L, 3, 2>(&block),
                    (5, 1) => self.block::<L, 5, 1>(&block),
                    (5, _) => self.block::<L, 5, 2>(&block),
                    (_, 1) => self.block::<L, 7, 1>(&block),
                    _ => self.block::<L, 7, 2>(&block),
                }
            }
        }
    }

    /// Computes all channels of a block.
    ///
    /// # Safety
    /// As [`Lanes`], and what the block promises.
    #[inline(always)]
    unsafe fn block<L: Lanes, const SIDE: usize, const STEP: usize>(&mut self, block: &Block) {
        let channels = self.filters.channels;
        let whole = channels - channels % L::COUNT;
        // SAFETY: the caller's promise.
        unsafe {
            for channel in (0..whole).step_by(L::COUNT) {
                self.vector::<L, SIDE, STEP, true>(block, channel);
            }
            if whole < channels {
                self.vector::<L, SIDE, STEP, false>(block, whole);
            }
        }
    }

    /// Computes a vector of channels of a block, which is `WHOLE` or the last one.
    ///
    /// # Safety
    /// As [`Lanes`], and what the block promises; there is such a channel.
    #[inline(always)]
    unsafe fn vector<L: Lanes, const SIDE: usize, const STEP: usize, const WHOLE: bool>(
        &mut self,
        block: &Block,
        channel: usize,
    ) {
        let channels = self.filters.channels;
        let count = if WHOLE { L::COUNT } else { channels - channel };
        let Fused { bias, summand, after, .. } = *self.fused;
        let (least, most) = after.ends();
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums = [L::splat(0.0); BLOCK];
            if let Some(bias) = bias {
                sums = [load(bias.as_ptr().add(channel), count); BLOCK];
            }
            // The vector's taps follow those of all channels before it.
            let taps = self.filters.taps.numbers()[channel * SIDE * SIDE..].as_ptr();
            for (pixels, (_, row)) in block.pixels.iter().zip(block.met) {
                let taps = taps.add(row * SIDE * L::COUNT);
                for column in 0..SIDE {
                    let tap = L::load(taps.add(column * L::COUNT));
                    for (place, sum) in sums.iter_mut().enumerate() {
                        let number = load::<L>(pixels[place * STEP + column].add(channel), count);
                        *sum = number.mul_add(tap, *sum);
                    }
                }
            }
            let (least, most) = (L::splat(least), L::splat(most));
            let at = block.first + channel;
            for (place, mut sum) in sums.into_iter().enumerate().take(block.count) {
                if let Some(summand) = summand {
                    sum = sum.add(load(summand.as_ptr().add(at + place * channels), count));
                }
                let to = self.output.as_mut_ptr().add(at + place * channels);
                store(sum.at_least(least).at_most(most), to, count);
            }
            if after == After::Silu {
                silu_rows::<L>(self.output.as_mut_ptr().add(at), channels, block.count, count);
            }
        }
    }
}

/// Some results of a row.
struct Block<'a> {
    /// The rows of the input that they depend on.
    met: &'a [Met],
    /// For each of these, the pixels that they depend on, from the first on.
    pixels: &'a [[*const f32; REACH]; SIDE],
    /// The place of their first number in the output.
    first: usize,
    /// How many there are; beyond these, only sums are computed.
    count: usize,
}

/// A vector, or its first `count` numbers and zeros if it has more.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn load<L: Lanes>(from: *const f32, count: usize) -> L {
    // SAFETY: the caller's promise.
    unsafe { if count < L::COUNT { L::load_first(from, count) } else { L::load(from) } }
}

/// Stores a vector, or its first `count` numbers if it has more.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn store<L: Lanes>(vector: L, to: *mut f32, count: usize) {
    // SAFETY: the caller's promise.
    unsafe { if count < L::COUNT { vector.store_first(to, count) } else { vector.store(to) } }
}
