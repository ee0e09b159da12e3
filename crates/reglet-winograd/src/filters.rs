//! Filters in the layout that the matrix products use.

use std::fmt;

use crate::POINTS;
use crate::kernel::transform_panel;
use crate::lanes::Width;

/// 3×3 filters, in the layout that the matrix products use: in panels with as many outputs as two vectors hold, side by
/// side.
pub struct Filters {
    pub(crate) width: Width,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) stored: Stored,
}

/// The stored form of the filters. The transformed filters have four times as many numbers as the taps. With many channels,
/// they do not fit into a cache, and reading them takes as long as transforming them again.
pub(crate) enum Stored {
    /// For each panel and each of the 36 points, a row for each input.
    Transformed(Vec<f32>),
    /// For each panel and input, the 9 taps.
    Taps(Vec<f32>),
}

/// Channels come in multiples of this: two of the widest vectors.
const CHANNELS: usize = 32;

/// Up to this number of filters, the transformed filters are stored: about 10 MB.
const TRANSFORMED: usize = 1 << 15;

/// Whether [`Filters`] can be created for such a convolution on this processor.
pub fn supports(outputs: usize, inputs: usize) -> bool {
    let fits = |channels: usize| channels > 0 && channels.is_multiple_of(CHANNELS);
    fits(outputs) && fits(inputs) && Width::all().next().is_some()
}

/// The direction of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the convolution's input to its output.
    Forward,
    /// From its output back to its input: input and output are exchanged, and each filter is flipped.
    Backward,
}

impl Filters {
    /// The filters of a convolution with the weight `[outputs, inputs, 3, 3]`, row by row; `None` if it is not
    /// [supported](supports).
    ///
    /// # Panics
    /// If the weight has another size.
    pub fn new(weight: &[f32], outputs: usize, inputs: usize, way: Way) -> Option<Filters> {
        assert_eq!(weight.len(), outputs * inputs * 9, "a weight of [{outputs}, {inputs}, 3, 3]");
        let width = Width::all().next().filter(|_| supports(outputs, inputs))?;
        Some(Filters::of_width(width, weight, [outputs, inputs], way, TRANSFORMED))
    }

    /// The same for one of the processor's vector widths; stores the transformed filters if there are at most this many.
    pub(crate) fn of_width(
        width: Width,
        weight: &[f32],
        [outputs, inputs]: [usize; 2],
        way: Way,
        transformed: usize,
    ) -> Filters {
        let (from, to) = match way {
            Way::Forward => (inputs, outputs),
            Way::Backward => (outputs, inputs),
        };
        let filter = |from: usize, to: usize| match way {
            Way::Forward => &weight[(to * inputs + from) * 9..][..9],
            Way::Backward => &weight[(from * inputs + to) * 9..][..9],
        };
        let columns = 2 * width.count();
        let mut taps = vec![0.0; 9 * from * to];
        for (index, row) in taps.chunks_exact_mut(9 * columns).enumerate() {
            let (panel, from) = (index / from, index % from);
            for column in 0..columns {
                for (tap, number) in filter(from, panel * columns + column).iter().enumerate() {
                    let turned = if way == Way::Forward { tap } else { 8 - tap };
                    row[turned * columns + column] = *number;
                }
            }
        }
        let stored = if from * to <= transformed {
            let mut values = vec![0.0; POINTS * from * to];
            let panels =
                taps.chunks_exact(9 * columns * from).zip(values.chunks_exact_mut(POINTS * columns * from));
            for (taps, values) in panels {
                transform_panel(width, taps, values);
            }
            Stored::Transformed(values)
        } else {
            Stored::Taps(taps)
        };
        Filters { width, from, to, stored }
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
        write!(f, "{} × {} filters for {:?}", self.from, self.to, self.width)
    }
}
