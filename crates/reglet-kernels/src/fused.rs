//! What is done on the way into a computation and on the way out of it.

use crate::lanes::Lanes;

/// The operations on the input and the output that are fused with a convolution or a product.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fused<'a> {
    /// Where the input counts as zero.
    pub mask: Option<Mask<'a>>,
    /// Numbers of the input's shape. The input is multiplied by the derivative of [`After::Silu`] at these: this is the backward
    /// pass of a SiLU of these numbers. Not for [`convolve`](crate::convolve).
    pub silu: Option<&'a [f32]>,
    /// What each number of the input becomes before that. For products only: around a picture, a convolution's input is zero
    /// whatever is done with it.
    pub before: Option<Before<'a>>,
    /// A number for each channel of the output, added to it.
    pub bias: Option<&'a [f32]>,
    /// Values of the output's shape, added to it.
    pub summand: Option<&'a [f32]>,
    /// What the results are multiplied by, for products only, and not after a SiLU: this is the backward pass of what was done
    /// [before](Fused::before).
    pub behind: Option<Behind<'a>>,
    /// What the sums become at the end.
    pub after: After,
}

/// max(x · scale + shift, 0), with a scale and a shift for each channel: a batch norm that is not trained, and a ReLU. NaN stays
/// NaN.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// A factor for each channel of the input.
    pub scale: &'a [f32],
    /// A summand for each channel of the input.
    pub shift: &'a [f32],
}

/// The derivative of [`Before`] at some numbers: a channel's scale where x · scale + shift is greater than zero, or no number, and
/// zero elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Behind<'a> {
    /// The numbers that were given to it, in the shape of the output.
    pub numbers: &'a [f32],
    /// What they became, with a scale and a shift for each channel of the output.
    pub before: Before<'a>,
}

/// The same from some place of the output on.
#[derive(Clone, Copy)]
pub(crate) struct BehindFrom {
    pub(crate) numbers: *const f32,
    pub(crate) scale: *const f32,
    pub(crate) shift: *const f32,
}

impl Behind<'_> {
    /// From a row and a column of the output on, whose rows are so long.
    ///
    /// # Safety
    /// There are such a row and such a column.
    #[expect(unsafe_code, reason = "pointers are what the inner loops read from")]
    pub(crate) unsafe fn from(&self, row: usize, column: usize, length: usize) -> BehindFrom {
        let Behind { numbers, before: Before { scale, shift } } = self;
        // SAFETY: the caller's promise.
        unsafe {
            BehindFrom {
                numbers: numbers.as_ptr().add(row * length + column),
                scale: scale.as_ptr().add(column),
                shift: shift.as_ptr().add(column),
            }
        }
    }
}

impl BehindFrom {
    /// A vector of sums times the derivative, at a distance of `row` numbers and `column` channels; `load` reads as many as
    /// count.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    #[expect(unsafe_code, reason = "it uses a processor's vector instructions")]
    pub(crate) unsafe fn apply<L: Lanes>(
        &self,
        sum: L,
        row: usize,
        column: usize,
        load: impl Fn(*const f32) -> L,
    ) -> L {
        // SAFETY: the caller's promise.
        unsafe {
            let scale = load(self.scale.add(column));
            let value = load(self.numbers.add(row + column)).mul_add(scale, load(self.shift.add(column)));
            sum.mul(scale).where_above(value, L::splat(0.0))
        }
    }
}

/// Values of the input's shape that say where it counts as zero: this is the backward pass of a rectifier that returned
/// these values.
#[derive(Debug, Clone, Copy)]
pub struct Mask<'a> {
    /// The input counts where these are greater than zero, or no number,
    pub values: &'a [f32],
    /// and less than this, if there is a limit.
    pub most: Option<f32>,
}

impl Mask<'_> {
    /// The vector `number` of the input, or zeros where it does not count, given the values at its place.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    #[expect(unsafe_code, reason = "it uses a processor's vector instructions")]
    pub(crate) unsafe fn apply<L: Lanes>(&self, number: L, value: L) -> L {
        // SAFETY: the caller's promise.
        unsafe {
            let number = number.where_above(value, L::splat(0.0));
            match self.most {
                Some(most) => number.where_below(value, L::splat(most)),
                None => number,
            }
        }
    }
}

/// A function of each number, applied at the end. NaN stays NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum After {
    /// The number, but no less than the first and no more than the second of these.
    Clamp(f32, f32),
    /// x / (1 + e⁻ˣ) (Elfwing et al., 2018, <https://arxiv.org/abs/1702.03118>), with a relative error below 10⁻⁶, or an absolute
    /// one below 10⁻³⁶ where the result is as small as that; not a number for −∞.
    Silu,
}

impl After {
    /// The number itself.
    pub const NOTHING: After = After::Clamp(f32::NEG_INFINITY, f32::INFINITY);
    /// max(x, 0).
    pub const RELU: After = After::Clamp(0.0, f32::INFINITY);

    /// The limits of the results, as far as they are known before the function is applied.
    pub(crate) fn ends(self) -> (f32, f32) {
        match self {
            After::Clamp(least, most) => (least, most),
            After::Silu => (f32::NEG_INFINITY, f32::INFINITY),
        }
    }
}

impl Default for After {
    fn default() -> After {
        After::NOTHING
    }
}
