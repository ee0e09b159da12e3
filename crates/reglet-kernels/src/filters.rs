//! Filters in the layout that the matrix products use.

#![expect(unsafe_code, reason = "the transforms use a processor's vector instructions")]

use std::fmt;

use crate::lanes::{Lanes, Vectors, Work, available};
use crate::memory::Aligned;
use crate::way::Way;
use crate::winograd::{self, POINTS};

/// 3×3 filters, in the layout that the matrix products use: in panels with as many outputs as two vectors hold, side by
/// side.
pub struct Filters {
    pub(crate) vectors: Vectors,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) stored: Stored,
}

/// The stored form of the filters. The transformed filters have four times as many numbers as the taps. With many channels,
/// they do not fit into a cache, and reading them takes as long as transforming them again.
pub(crate) enum Stored {
    /// For each panel and each of the 36 points, a row for each input.
    Transformed(Aligned),
    /// For each panel and input, the 9 taps.
    Taps(Aligned),
}

/// Channels come in multiples of this: two of the widest vectors.
pub(crate) const CHANNELS: usize = 32;

/// Up to this number of filters, the transformed filters are stored: about 10 MB.
const TRANSFORMED: usize = 1 << 15;

/// Whether [`Filters`] can be created for such a convolution on this processor.
pub fn supports(outputs: usize, inputs: usize) -> bool {
    let fits = |channels: usize| channels > 0 && channels.is_multiple_of(CHANNELS);
    fits(outputs) && fits(inputs) && available()
}

impl Filters {
    /// The filters of a convolution with the weight `[outputs, inputs, 3, 3]`, row by row; `None` if it is not
    /// [supported](supports).
    ///
    /// # Panics
    /// If the weight has another size.
    pub fn new(weight: &[f32], outputs: usize, inputs: usize, way: Way) -> Option<Filters> {
        let count = outputs.saturating_mul(inputs).saturating_mul(9);
        assert_eq!(weight.len(), count, "a weight of [{outputs}, {inputs}, 3, 3]");
        Filters::with(Vectors::widest()?, weight, outputs, inputs, way)
    }

    /// The same with vectors of one's choice, for instance to measure what wider ones bring.
    ///
    /// # Panics
    /// If the weight has another size.
    pub fn with(
        vectors: Vectors,
        weight: &[f32],
        outputs: usize,
        inputs: usize,
        way: Way,
    ) -> Option<Filters> {
        let count = outputs.saturating_mul(inputs).saturating_mul(9);
        assert_eq!(weight.len(), count, "a weight of [{outputs}, {inputs}, 3, 3]");
        supports(outputs, inputs)
            .then(|| Filters::stored(vectors, weight, [outputs, inputs], way, TRANSFORMED))
    }

    /// The same for numbers of channels that are supported; stores the transformed filters if there are at most this many.
    pub(crate) fn stored(
        vectors: Vectors,
        weight: &[f32],
        [outputs, inputs]: [usize; 2],
        way: Way,
        transformed: usize,
    ) -> Filters {
        let (from, to) = way.ends(outputs, inputs);
        let filter = |from: usize, to: usize| match way {
            Way::Forward => &weight[(to * inputs + from) * 9..][..9],
            Way::Backward => &weight[(from * inputs + to) * 9..][..9],
        };
        let columns = 2 * vectors.count();
        let mut taps = Aligned::zeros(9 * from * to);
        for (index, row) in taps.numbers_mut().chunks_exact_mut(9 * columns).enumerate() {
            let (panel, from) = (index / from, index % from);
            for column in 0..columns {
                for (tap, number) in filter(from, panel * columns + column).iter().enumerate() {
                    let turned = if way == Way::Forward { tap } else { 8 - tap };
                    row[turned * columns + column] = *number;
                }
            }
        }
        let stored = if from * to <= transformed {
            let mut values = Aligned::zeros(POINTS * from * to);
            let panels = taps.numbers().chunks_exact(9 * columns * from);
            for (taps, values) in panels.zip(values.numbers_mut().chunks_exact_mut(POINTS * columns * from)) {
                // SAFETY: there are 36 values for each of the panel's 9 taps.
                unsafe { vectors.run(Panel { taps, values }) }
            }
            Stored::Transformed(values)
        } else {
            Stored::Taps(taps)
        };
        Filters { vectors, from, to, stored }
    }

    /// The number of input channels.
    pub fn from(&self) -> usize {
        self.from
    }

    /// The number of output channels.
    pub fn to(&self) -> usize {
        self.to
    }
}

impl fmt::Debug for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {} filters for {}", self.from, self.to, self.vectors)
    }
}

/// Transforms the taps of one panel of filters: for each input 9 rows become, for each of the 36 points, one.
pub(crate) struct Panel<'a> {
    pub(crate) taps: &'a [f32],
    pub(crate) values: &'a mut [f32],
}

impl Work for Panel<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Panel { taps, values } = self;
        let columns = 2 * L::COUNT;
        let (from, distance) = (taps.len() / (9 * columns), values.len() / POINTS);
        assert!(distance >= from * columns);
        for (row, taps) in taps.chunks_exact(9 * columns).enumerate() {
            for half in [0, L::COUNT] {
                // SAFETY: there are 9 taps of two vectors, and 36 points with as many rows as inputs.
                unsafe {
                    let tap = |y: usize, x: usize| L::load(taps.as_ptr().add((y * 3 + x) * columns + half));
                    let [left, middle, right] = [
                        winograd::filter([tap(0, 0), tap(1, 0), tap(2, 0)]),
                        winograd::filter([tap(0, 1), tap(1, 1), tap(2, 1)]),
                        winograd::filter([tap(0, 2), tap(1, 2), tap(2, 2)]),
                    ];
                    for (y, ((&left, &middle), &right)) in left.iter().zip(&middle).zip(&right).enumerate() {
                        for (x, point) in winograd::filter([left, middle, right]).into_iter().enumerate() {
                            let at = (y * 6 + x) * distance + row * columns + half;
                            point.store(values.as_mut_ptr().add(at));
                        }
                    }
                }
            }
        }
    }
}
