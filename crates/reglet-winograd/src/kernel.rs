//! The convolution itself, for one block of tiles at a time.

#![expect(unsafe_code, reason = "its inner loops use a processor's vector instructions")]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m512};
use std::cell::RefCell;

use crate::filters::{Filters, Stored};
use crate::lanes::{Lanes, Width};
use crate::{POINTS, tile};

/// The maximum number of tiles that go through the products together. With few channels, their data fit into a core's own
/// cache. With many channels they do not, and a larger block compensates for the transformation of the filters.
fn most_tiles(filters: &Filters) -> usize {
    match filters.stored {
        Stored::Transformed(_) => 36,
        Stored::Taps(_) => 64,
    }
}

/// A batch of pictures in channels-last layout, `[count, height, width, channels]`.
#[derive(Debug, Clone, Copy)]
pub struct Pictures {
    /// How many.
    pub count: usize,
    /// Their rows.
    pub height: usize,
    /// Their columns.
    pub width: usize,
}

impl Pictures {
    /// The number of tiles of 4 × 4 that cover them.
    pub fn tiles(&self) -> usize {
        self.count.saturating_mul(self.height.div_ceil(4)).saturating_mul(self.width.div_ceil(4))
    }

    /// The number of pixels; saturates at the largest number.
    pub fn pixels(&self) -> usize {
        self.count.saturating_mul(self.height).saturating_mul(self.width)
    }
}

thread_local! {
    /// The buffers of a block, which are reused for the next one, because allocating memory costs more than the transforms.
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// The operations on the input and the output that are fused with a convolution.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fused<'a> {
    /// Values of the input's shape; the input counts as zero where they are not positive. This is the backward pass of a
    /// ReLU that returned these values.
    pub mask: Option<&'a [f32]>,
    /// A number for each channel of the output, added to it.
    pub bias: Option<&'a [f32]>,
    /// Values of the output's shape, added to it.
    pub summand: Option<&'a [f32]>,
    /// Whether negative results are set to zero at the end.
    pub rectify: bool,
}

/// Convolves `input`, with [`Filters::from`] channels, into `output`, with [`Filters::to`] channels; both are channels-last.
///
/// # Panics
/// If one of them has another size than the pictures and the filters specify.
pub fn convolve(pictures: Pictures, input: &[f32], filters: &Filters, fused: &Fused, output: &mut [f32]) {
    assert_eq!(input.len(), pictures.pixels().saturating_mul(filters.from));
    assert_eq!(output.len(), pictures.pixels().saturating_mul(filters.to));
    assert!(fused.mask.is_none_or(|mask| mask.len() == input.len()));
    assert!(fused.bias.is_none_or(|bias| bias.len() == filters.to));
    assert!(fused.summand.is_none_or(|summand| summand.len() == output.len()));
    SCRATCH.with_borrow_mut(|scratch| {
        let most = most_tiles(filters);
        let (before, after) = (POINTS * most * (filters.from + PAD), POINTS * most * (filters.to + PAD));
        let panel = match filters.stored {
            Stored::Transformed(_) => 0,
            Stored::Taps(_) => POINTS * (filters.from * 2 * filters.width.count() + PAD),
        };
        scratch.resize((before + after + panel).max(scratch.len()), 0.0);
        let (before, rest) = scratch.split_at_mut(before);
        let (after, rest) = rest.split_at_mut(after);
        let job =
            Job { pictures, input, filters, most, fused, before, after, panel: &mut rest[..panel], output };
        match filters.width {
            #[cfg(target_arch = "x86_64")]
            Width::Eight => {
                // SAFETY: filters are prepared for a vector width that was detected.
                unsafe { job.run_on_eight() }
            }
            #[cfg(target_arch = "x86_64")]
            Width::Sixteen => {
                // SAFETY: filters are prepared for a vector width that was detected.
                unsafe { job.run_on_sixteen() }
            }
        }
    });
}

/// The padding between rows and between matrices, which prevents cache conflicts for sizes that are powers of two.
const PAD: usize = 16;

struct Job<'a> {
    pictures: Pictures,
    input: &'a [f32],
    filters: &'a Filters,
    /// The maximum number of tiles of a block.
    most: usize,
    fused: &'a Fused<'a>,
    /// The block's transformed input: for each point a row of channels for each tile.
    before: &'a mut [f32],
    /// The products, in the same order.
    after: &'a mut [f32],
    /// One panel of transformed filters, if the filters are stored as taps.
    panel: &'a mut [f32],
    output: &'a mut [f32],
}

impl Job<'_> {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn run_on_eight(self) {
        // SAFETY: the processor has the vectors for which this function is compiled.
        unsafe { self.run::<__m256>() }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn run_on_sixteen(self) {
        // SAFETY: the processor has the vectors for which this function is compiled.
        unsafe { self.run::<__m512>() }
    }

    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) {
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
                self.multiply::<L>(count);
                for tile in 0..count {
                    self.transform_output::<L>(first + tile, tile);
                }
            }
        }
    }

    /// The start of the picture that contains a tile, given the number of channels, and the tile's first row and column in
    /// it.
    #[inline(always)]
    fn place(&self, tile: usize, channels: usize) -> (usize, usize, usize) {
        let Pictures { height, width, .. } = self.pictures;
        let (rows, columns) = (height.div_ceil(4), width.div_ceil(4));
        let first = tile / (rows * columns) * height * width * channels;
        (first, tile / columns % rows * 4, tile % columns * 4)
    }

    /// Bᵀ d B of one tile, channel by channel.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn transform_input<L: Lanes>(&mut self, tile: usize, slot: usize) {
        let Pictures { height, width, .. } = self.pictures;
        let channels = self.filters.from;
        let (first, top, left) = self.place(tile, channels);
        assert!(self.input.len() >= first + height * width * channels);
        let stride = channels + PAD;
        assert!(
            self.before.len() >= POINTS * self.most * stride
                && slot < self.most
                && channels.is_multiple_of(L::COUNT)
        );
        for channel in (0..channels).step_by(L::COUNT) {
            // SAFETY: rows and columns are checked to be within the picture, and the slot to be within the block.
            unsafe {
                let zero = L::splat(0.0);
                let mut half = [[zero; 6]; 6];
                for (y, half) in half.iter_mut().enumerate() {
                    // A picture is padded with zeros, one of them above and to the left of the first tile.
                    let Some(row) = (top + y).checked_sub(1).filter(|&row| row < height) else { continue };
                    let mut numbers = [zero; 6];
                    for (x, number) in numbers.iter_mut().enumerate() {
                        if let Some(column) = (left + x).checked_sub(1).filter(|&column| column < width) {
                            let at = first + (row * width + column) * channels + channel;
                            *number = L::load(self.input.as_ptr().add(at));
                            if let Some(mask) = self.fused.mask {
                                *number = number.masked(L::load(mask.as_ptr().add(at)));
                            }
                        }
                    }
                    *half = tile::input(numbers);
                }
                for x in 0..6 {
                    for (y, number) in tile::input(column(&half, x)).into_iter().enumerate() {
                        let at = ((y * 6 + x) * self.most + slot) * stride + channel;
                        number.store(self.before.as_mut_ptr().add(at));
                    }
                }
            }
        }
    }

    /// For each point, the product of the tiles' rows and the filters.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn multiply<L: Lanes>(&mut self, count: usize) {
        let (from, columns) = (self.filters.from, 2 * L::COUNT);
        let panels = self.filters.to / columns;
        // SAFETY: the caller's promise.
        unsafe {
            match &self.filters.stored {
                Stored::Transformed(filters) => {
                    for point in 0..POINTS {
                        for panel in 0..panels {
                            let filters =
                                &filters[(panel * POINTS + point) * from * columns..][..from * columns];
                            products::<L>(
                                self.before,
                                self.after,
                                self.filters,
                                filters,
                                (point, panel),
                                count,
                            );
                        }
                    }
                }
                Stored::Taps(taps) => {
                    for (panel, taps) in taps.chunks_exact(9 * from * columns).enumerate() {
                        transform_filters::<L>(taps, self.panel, from * columns + PAD);
                        for (point, filters) in self.panel.chunks_exact(from * columns + PAD).enumerate() {
                            let filters = &filters[..from * columns];
                            products::<L>(
                                self.before,
                                self.after,
                                self.filters,
                                filters,
                                (point, panel),
                                count,
                            );
                        }
                    }
                }
            }
        }
    }

    /// Aᵀ m A of one tile, with the bias, written to those of its pixels that are in the picture.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn transform_output<L: Lanes>(&mut self, tile: usize, slot: usize) {
        let Pictures { height, width, .. } = self.pictures;
        let channels = self.filters.to;
        let (first, top, left) = self.place(tile, channels);
        assert!(self.output.len() >= first + height * width * channels);
        let stride = channels + PAD;
        assert!(
            self.after.len() >= POINTS * self.most * stride
                && slot < self.most
                && channels.is_multiple_of(L::COUNT)
        );
        for channel in (0..channels).step_by(L::COUNT) {
            // SAFETY: rows and columns are checked to be within the picture, and the slot to be within the block.
            unsafe {
                let zero = L::splat(0.0);
                let bias = self.fused.bias.map_or(zero, |bias| L::load(bias[channel..].as_ptr()));
                let mut half = [[zero; 4]; 6];
                for (y, half) in half.iter_mut().enumerate() {
                    let mut numbers = [zero; 6];
                    for (x, number) in numbers.iter_mut().enumerate() {
                        let at = ((y * 6 + x) * self.most + slot) * stride + channel;
                        *number = L::load(self.after.as_ptr().add(at));
                    }
                    *half = tile::output(numbers);
                }
                for x in 0..4 {
                    for (y, number) in tile::output(column(&half, x)).into_iter().enumerate() {
                        if top + y < height && left + x < width {
                            let at = first + ((top + y) * width + left + x) * channels + channel;
                            let mut number = number.add(bias);
                            if let Some(summand) = self.fused.summand {
                                number = number.add(L::load(summand.as_ptr().add(at)));
                            }
                            if self.fused.rectify {
                                number = number.rectified();
                            }
                            number.store(self.output.as_mut_ptr().add(at));
                        }
                    }
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

/// Transforms the taps of one panel of filters: for each input 9 rows become, for each of the 36 points, one.
pub(crate) fn transform_panel(width: Width, taps: &[f32], values: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn on_eight(taps: &[f32], values: &mut [f32]) {
        // SAFETY: the processor has the vectors for which this function is compiled.
        unsafe { transform_filters::<__m256>(taps, values, values.len() / POINTS) }
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn on_sixteen(taps: &[f32], values: &mut [f32]) {
        // SAFETY: the processor has the vectors for which this function is compiled.
        unsafe { transform_filters::<__m512>(taps, values, values.len() / POINTS) }
    }
    match width {
        #[cfg(target_arch = "x86_64")]
        Width::Eight => {
            // SAFETY: the vector width is one that was detected.
            unsafe { on_eight(taps, values) }
        }
        #[cfg(target_arch = "x86_64")]
        Width::Sixteen => {
            // SAFETY: the vector width is one that was detected.
            unsafe { on_sixteen(taps, values) }
        }
    }
}

/// The same, with a distance between the matrices of the points.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn transform_filters<L: Lanes>(taps: &[f32], values: &mut [f32], distance: usize) {
    let columns = 2 * L::COUNT;
    let from = taps.len() / (9 * columns);
    assert!(values.len() == POINTS * distance && distance >= from * columns);
    for (row, taps) in taps.chunks_exact(9 * columns).enumerate() {
        for half in [0, L::COUNT] {
            // SAFETY: there are 9 taps of two vectors, and 36 points with as many rows as inputs.
            unsafe {
                let tap = |y: usize, x: usize| L::load(taps.as_ptr().add((y * 3 + x) * columns + half));
                let [left, middle, right] = [
                    tile::filter([tap(0, 0), tap(1, 0), tap(2, 0)]),
                    tile::filter([tap(0, 1), tap(1, 1), tap(2, 1)]),
                    tile::filter([tap(0, 2), tap(1, 2), tap(2, 2)]),
                ];
                for (y, ((&left, &middle), &right)) in left.iter().zip(&middle).zip(&right).enumerate() {
                    for (x, point) in tile::filter([left, middle, right]).into_iter().enumerate() {
                        point.store(values.as_mut_ptr().add((y * 6 + x) * distance + row * columns + half));
                    }
                }
            }
        }
    }
}

/// The products of the tiles' rows and a panel of filters, at one point.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn products<L: Lanes>(
    before: &[f32],
    after: &mut [f32],
    whole: &Filters,
    filters: &[f32],
    (point, panel): (usize, usize),
    count: usize,
) {
    let (from, to, most) = (whole.from, whole.to, most_tiles(whole));
    let (stride, result_stride, columns) = (from + PAD, to + PAD, 2 * L::COUNT);
    assert!(filters.len() == from * columns && (panel + 1) * columns <= to && point < POINTS);
    assert!(before.len() >= POINTS * most * stride && after.len() >= POINTS * most * result_stride);
    assert!(count <= most);
    let mut tile = 0;
    while tile < count {
        let rows = before[(point * most + tile) * stride..].as_ptr();
        let result = after[(point * most + tile) * result_stride + panel * columns..].as_mut_ptr();
        // SAFETY: there are as many rows left as are taken, each of them within its matrix.
        tile += unsafe {
            match count - tile {
                12.. if L::ROWS >= 12 => L::product::<12>(filters, rows, stride, result, result_stride),
                8.. if L::ROWS >= 8 => L::product::<8>(filters, rows, stride, result, result_stride),
                6.. => L::product::<6>(filters, rows, stride, result, result_stride),
                4.. => L::product::<4>(filters, rows, stride, result, result_stride),
                2.. => L::product::<2>(filters, rows, stride, result, result_stride),
                _ => L::product::<1>(filters, rows, stride, result, result_stride),
            }
        };
    }
}

/// `ROWS` rows times a panel of filters two vectors wide; returns `ROWS`. It is compiled as a separate function for each
/// vector type ([`Lanes::product`]), because inlined into the rest its sums would not stay in registers.
///
/// # Safety
/// As [`Lanes`]; there must be `ROWS` rows as long as the panel from `rows` on, and `ROWS` places two vectors wide from
/// `result` on, at the given distances.
#[inline(always)]
pub(crate) unsafe fn product<L: Lanes, const ROWS: usize>(
    panel: &[f32],
    rows: *const f32,
    stride: usize,
    result: *mut f32,
    result_stride: usize,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[L::splat(0.0); 2]; ROWS];
        for place in 0..panel.len() / (2 * L::COUNT) {
            let filters = panel.as_ptr().add(place * 2 * L::COUNT);
            let filters = [L::load(filters), L::load(filters.add(L::COUNT))];
            // By index, because an iterator's pointer would move values to memory that should stay in registers.
            #[expect(clippy::needless_range_loop, reason = "an iterator is five per cent slower")]
            for row in 0..ROWS {
                let number = L::splat(*rows.add(row * stride + place));
                sums[row][0] = number.mul_add(filters[0], sums[row][0]);
                sums[row][1] = number.mul_add(filters[1], sums[row][1]);
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            sums[0].store(result.add(row * result_stride));
            sums[1].store(result.add(row * result_stride + L::COUNT));
        }
    }
    ROWS
}
