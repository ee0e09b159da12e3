//! The convolution itself, for one block of tiles at a time.

#![expect(unsafe_code, reason = "its inner loops use a processor's vector instructions")]

use std::cell::RefCell;

use crate::filters::{CHANNELS, Filters, Panel, Stored};
use crate::fused::{After, Fused};
use crate::lanes::{Lanes, Work};
use crate::memory::Aligned;
use crate::product::{OPEN, Product, Rows, multiply};
use crate::sigmoid::silu_rows;
use crate::winograd::{self, POINTS};

/// A batch of results of a convolution in channels-last layout, `[count, height, width, channels]`.
#[derive(Debug, Clone, Copy)]
pub struct Pictures {
    /// How many.
    pub count: usize,
    /// Their rows.
    pub height: usize,
    /// Their columns.
    pub width: usize,
    /// What lies around each picture of the input.
    pub surroundings: Surroundings,
}

/// What lies around each picture of a convolution's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surroundings {
    /// One zero on each side, which the input does not contain: it is as large as the result.
    Zeros,
    /// One pixel on each side, which the input contains: it has two rows and two columns more than the result.
    Given,
}

impl Pictures {
    /// The number of tiles of 4 × 4 that cover them.
    pub fn tiles(&self) -> usize {
        self.count.saturating_mul(self.height.div_ceil(4)).saturating_mul(self.width.div_ceil(4))
    }

    /// The number of pixels of the result; saturates at the largest number.
    pub fn pixels(&self) -> usize {
        self.count.saturating_mul(self.height).saturating_mul(self.width)
    }

    /// The number of pixels of the input; saturates at the largest number.
    pub fn pixels_of_input(&self) -> usize {
        let [height, width] = self.input();
        self.count.saturating_mul(height).saturating_mul(width)
    }

    /// The rows and the columns of the input.
    fn input(&self) -> [usize; 2] {
        [self.height, self.width].map(|size| size.saturating_add(2 * self.margin()))
    }

    /// How many pixels the input has on each side beyond the result.
    fn margin(&self) -> usize {
        usize::from(self.surroundings == Surroundings::Given)
    }
}

thread_local! {
    /// The buffers of a block, which are reused for the next one, because allocating memory costs more than the transforms.
    static SCRATCH: RefCell<Aligned> = RefCell::default();
}

/// Convolves `input`, with [`Filters::from`] channels, into `output`, with [`Filters::to`] channels; both are channels-last.
///
/// # Panics
/// If one of them has another size than the pictures and the filters specify, or something is to be done that is for others only.
pub fn convolve(pictures: Pictures, input: &[f32], filters: &Filters, fused: &Fused, output: &mut [f32]) {
    assert_eq!(input.len(), pictures.pixels_of_input().saturating_mul(filters.from));
    assert_eq!(output.len(), pictures.pixels().saturating_mul(filters.to));
    assert!(fused.mask.is_none_or(|mask| mask.values.len() == input.len()));
    assert!(fused.before.is_none() && fused.behind.is_none(), "only products take what is done before");
    assert!(fused.silu.is_none(), "a convolution reads its input too often to compute exponentials of it");
    assert!(fused.bias.is_none_or(|bias| bias.len() == filters.to));
    assert!(fused.summand.is_none_or(|summand| summand.len() == output.len()));
    SCRATCH.with_borrow_mut(|scratch| {
        let columns = 2 * filters.vectors.count();
        let most = most_tiles(filters);
        let (before, after) = (most * (POINTS * filters.from + PAD), most * (POINTS * columns + PAD));
        let panel = match filters.stored {
            Stored::Transformed(_) => 0,
            Stored::Taps(_) => POINTS * (filters.from * columns + PAD),
        };
        let scratch = scratch.at_least(before + after + panel + filters.from);
        let (before, rest) = scratch.split_at_mut(before);
        let (after, rest) = rest.split_at_mut(after);
        let (panel, rest) = rest.split_at_mut(panel);
        let zeros = &mut rest[..filters.from];
        zeros.fill(0.0);
        let job = Job { pictures, input, filters, most, fused, before, after, panel, zeros, output };
        // SAFETY: the filters are in the layout for their vectors, and all sizes have been checked.
        unsafe { filters.vectors.run(job) }
    });
}

/// The maximum number of tiles that go through the products together. With few channels, their data fit into a core's own
/// cache. With many channels they do not, and a larger block compensates for the transformation of the filters.
fn most_tiles(filters: &Filters) -> usize {
    match filters.stored {
        Stored::Transformed(_) => 36,
        Stored::Taps(_) => 64,
    }
}

/// The padding between tiles and between matrices, which prevents cache conflicts for sizes that are powers of two.
const PAD: usize = 16;

struct Job<'a> {
    pictures: Pictures,
    input: &'a [f32],
    filters: &'a Filters,
    /// The maximum number of tiles of a block.
    most: usize,
    fused: &'a Fused<'a>,
    /// The block's transformed input: for each tile and each point a row of channels.
    before: &'a mut [f32],
    /// The products with one panel of filters: for each tile and each point as many numbers as the panel has columns.
    after: &'a mut [f32],
    /// One panel of transformed filters, if the filters are stored as taps.
    panel: &'a mut [f32],
    /// A pixel outside of the picture.
    zeros: &'a [f32],
    output: &'a mut [f32],
}

impl Work for Job<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) {
        const { assert!(CHANNELS.is_multiple_of(2 * L::COUNT)) };
        let tiles = self.pictures.tiles();
        // Blocks of nearly equal size, because a block of only a few tiles would read all filters for little work.
        let blocks = tiles.div_ceil(self.most);
        for block in 0..blocks {
            let first = block * tiles / blocks;
            let count = (block + 1) * tiles / blocks - first;
            // SAFETY: the caller's promise.
            unsafe {
                for tile in 0..count {
                    self.transform_input::<L>(first + tile, tile);
                }
                for panel in 0..self.filters.to / (2 * L::COUNT) {
                    self.multiply::<L>(panel, count);
                    for tile in 0..count {
                        self.transform_output::<L>(first + tile, tile, panel);
                    }
                }
            }
        }
    }
}

impl Job<'_> {
    /// The number of the picture that contains a tile, and the tile's first row and column in it.
    #[inline(always)]
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let Pictures { height, width, .. } = self.pictures;
        let (rows, columns) = (height.div_ceil(4), width.div_ceil(4));
        (tile / (rows * columns), tile / columns % rows * 4, tile % columns * 4)
    }

    /// Bᵀ d B of one tile, channel by channel.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn transform_input<L: Lanes>(&mut self, tile: usize, slot: usize) {
        let ([height, width], margin) = (self.pictures.input(), self.pictures.margin());
        let channels = self.filters.from;
        let (picture, top, left) = self.place(tile);
        let first = picture * height * width * channels;
        let stride = POINTS * channels + PAD;
        assert!(self.input.len() >= first + height * width * channels);
        assert!(self.before.len() >= (slot + 1) * stride && channels.is_multiple_of(L::COUNT));
        // A tile begins one pixel above and to the left of its first result. Where the input has no such pixel, it is zero.
        let within = |start: usize, place: usize, size: usize| {
            (start + place + margin).checked_sub(1).filter(|&at| at < size)
        };
        let mut pixels = [self.zeros.as_ptr(); POINTS];
        let mut masks = [self.zeros.as_ptr(); POINTS];
        for (place, (pixel, mask)) in pixels.iter_mut().zip(&mut masks).enumerate() {
            if let (Some(row), Some(column)) =
                (within(top, place / 6, height), within(left, place % 6, width))
            {
                let at = first + (row * width + column) * channels;
                *pixel = self.input[at..].as_ptr();
                if let Some(values) = self.fused.mask {
                    *mask = values.values[at..].as_ptr();
                }
            }
        }
        let to = self.before[slot * stride..].as_mut_ptr();
        // SAFETY: each pixel has as many numbers as there are channels, and so has each point of the slot.
        unsafe {
            match self.fused.mask {
                None => transform::<L>(channels, |place, channel| L::load(pixels[place].add(channel)), to),
                Some(mask) => {
                    let masked = |place: usize, channel| {
                        let number = L::load(pixels[place].add(channel));
                        mask.apply(number, L::load(masks[place].add(channel)))
                    };
                    transform::<L>(channels, masked, to);
                }
            }
        }
    }

    /// For each point, the product of the tiles' rows and a panel of filters.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn multiply<L: Lanes>(&mut self, panel: usize, count: usize) {
        let (from, columns) = (self.filters.from, 2 * L::COUNT);
        let (stride, result_stride) = (POINTS * from + PAD, POINTS * columns + PAD);
        assert!(self.before.len() >= count * stride && self.after.len() >= count * result_stride);
        let (filters, distance) = match &self.filters.stored {
            Stored::Transformed(filters) => {
                (&filters.numbers()[panel * POINTS * from * columns..], from * columns)
            }
            Stored::Taps(taps) => {
                let taps = &taps.numbers()[panel * 9 * from * columns..][..9 * from * columns];
                // SAFETY: the caller's promise.
                unsafe { L::apart(Panel { taps, values: self.panel }) };
                (&*self.panel, from * columns + PAD)
            }
        };
        for point in 0..POINTS {
            let product = Product {
                panel: &filters[point * distance..][..from * columns],
                rows: Rows { first: self.before[point * from..].as_ptr(), stride },
                start: Rows { first: self.zeros.as_ptr(), stride: 0 },
                summand: None,
                behind: None,
                ends: OPEN,
                result: self.after[point * columns..].as_mut_ptr(),
                result_stride,
                columns,
            };
            // SAFETY: each tile has a row of as many numbers as the filters have inputs, and a place for the result; there
            // are at least as many zeros as columns.
            unsafe { multiply::<L>(&product, count) };
        }
    }

    /// Aᵀ m A of one tile and the channels of a panel, with what is fused, written to those of its pixels that are in the
    /// picture.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn transform_output<L: Lanes>(&mut self, tile: usize, slot: usize, panel: usize) {
        let Pictures { height, width, .. } = self.pictures;
        let (channels, columns) = (self.filters.to, 2 * L::COUNT);
        let (picture, top, left) = self.place(tile);
        let first = picture * height * width * channels;
        let stride = POINTS * columns + PAD;
        assert!(self.output.len() >= first + height * width * channels && (panel + 1) * columns <= channels);
        assert!(self.after.len() >= (slot + 1) * stride);
        let from = self.after[slot * stride..].as_ptr();
        let Fused { bias, summand, after, .. } = *self.fused;
        let (least, most) = after.ends();
        for half in [0, L::COUNT] {
            let channel = panel * columns + half;
            // SAFETY: rows and columns are checked to be within the picture, and the slot to be within the block.
            unsafe {
                let zero = L::splat(0.0);
                let bias = bias.map_or(zero, |bias| L::load(bias[channel..].as_ptr()));
                let (least, most) = (L::splat(least), L::splat(most));
                let mut rows = [[zero; 4]; 6];
                for (y, row) in rows.iter_mut().enumerate() {
                    let number = |x: usize| L::load(from.add((y * 6 + x) * columns + half));
                    *row =
                        winograd::output([number(0), number(1), number(2), number(3), number(4), number(5)]);
                }
                for x in 0..4.min(width - left) {
                    for (y, number) in winograd::output(column(&rows, x)).into_iter().enumerate() {
                        if top + y < height {
                            let at = first + ((top + y) * width + left + x) * channels + channel;
                            let mut number = number.add(bias);
                            if let Some(summand) = summand {
                                number = number.add(L::load(summand.as_ptr().add(at)));
                            }
                            let result = self.output.as_mut_ptr().add(at);
                            number.at_least(least).at_most(most).store(result);
                            if after == After::Silu {
                                silu_rows::<L>(result, 0, 1, L::COUNT);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Bᵀ d B for all channels of a tile, whose pixels are read by `pixel`, given a place in it and a channel.
///
/// # Safety
/// As [`Lanes`]; there are places for all points of all channels from `to` on.
#[inline(always)]
unsafe fn transform<L: Lanes>(channels: usize, pixel: impl Fn(usize, usize) -> L, to: *mut f32) {
    for channel in (0..channels).step_by(L::COUNT) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut rows = [[L::splat(0.0); 6]; 6];
            for (y, row) in rows.iter_mut().enumerate() {
                let number = |x: usize| pixel(y * 6 + x, channel);
                *row = winograd::input([number(0), number(1), number(2), number(3), number(4), number(5)]);
            }
            for x in 0..6 {
                for (y, number) in winograd::input(column(&rows, x)).into_iter().enumerate() {
                    number.store(to.add((y * 6 + x) * channels + channel));
                }
            }
        }
    }
}

/// One column of six rows.
#[inline(always)]
fn column<L: Lanes, const COLUMNS: usize>(rows: &[[L; COLUMNS]; 6], x: usize) -> [L; 6] {
    [rows[0][x], rows[1][x], rows[2][x], rows[3][x], rows[4][x], rows[5][x]]
}
