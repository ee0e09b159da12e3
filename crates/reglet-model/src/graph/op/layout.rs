//! The same numbers in another shape, order or kind.

use tch::{Kind, Tensor};

use super::{Context, Inputs, Op};
use crate::ModelError;
use crate::graph::Size;

/// A rearrangement of one input. Dimensions may be negative, counting from the end.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Layout {
    /// `aten::view`: another shape, in PyTorch over the same memory.
    View {
        /// The shape; −1 stands for the size that the others leave.
        shape: Vec<Size>,
    },
    /// `aten::reshape`: another shape, of a copy if need be.
    Reshape {
        /// The shape; −1 stands for the size that the others leave.
        shape: Vec<Size>,
    },
    /// `aten::flatten` of the dimensions from `start` to `end`, both included.
    Flatten {
        /// First dimension flattened.
        start: i64,
        /// Last dimension flattened.
        end: i64,
    },
    /// `aten::unflatten`: one dimension becomes several.
    Unflatten {
        /// The dimension.
        dim: i64,
        /// What it becomes.
        sizes: Vec<Size>,
    },
    /// Dimensions in another order.
    Permute {
        /// For each dimension of the result, the dimension of the input it comes from.
        dims: Vec<i64>,
    },
    /// Two dimensions exchanged.
    Transpose {
        /// Both.
        dims: [i64; 2],
    },
    /// A new dimension of size one.
    Unsqueeze {
        /// Its place in the result.
        dim: i64,
    },
    /// Removes dimensions of size one; dimensions of another size stay.
    Squeeze {
        /// The dimensions to remove; all, if none is given.
        dims: Option<Vec<i64>>,
    },
    /// Dimensions of size one repeated without a copy.
    Expand {
        /// The shape; −1 leaves a dimension as it is.
        shape: Vec<Size>,
    },
    /// The whole tensor repeated, as a copy.
    Repeat {
        /// The number of repetitions along each dimension.
        counts: Vec<Size>,
    },
    /// Shifted along dimensions; what leaves at one end enters at the other.
    Roll {
        /// How far.
        shifts: Vec<i64>,
        /// Along which dimensions.
        dims: Vec<i64>,
    },
    /// The order reversed.
    Flip {
        /// Along which dimensions.
        dims: Vec<i64>,
    },
    /// Padding on both sides of the last dimensions.
    Pad {
        /// How much, before and after, starting with the last dimension; negative numbers crop.
        amounts: Vec<i64>,
        /// `constant`, `reflect`, `replicate` or `circular`.
        mode: String,
        /// The value of a constant padding; zero unless given.
        value: Option<f64>,
    },
    /// A row-major copy, if the memory layout is another.
    Contiguous,
    /// The same tensor, detached from the autograd record.
    Detach,
    /// The same.
    Identity,
    /// Another kind of numbers.
    To {
        /// Which.
        kind: Kind,
    },
    /// Channels become pixels: `[N, C·r², H, W]` to `[N, C, H·r, W·r]`.
    PixelShuffle {
        /// r.
        factor: i64,
    },
    /// Pixels become channels: `[N, C, H·r, W·r]` to `[N, C·r², H, W]`.
    PixelUnshuffle {
        /// r.
        factor: i64,
    },
    /// Another height and width, by bilinear interpolation.
    UpsampleBilinear {
        /// Height and width of the result.
        output: [Size; 2],
        /// The corners' centres stay where they are.
        align_corners: bool,
    },
    /// Another height and width, by nearest neighbours.
    UpsampleNearest {
        /// Height and width of the result.
        output: [Size; 2],
    },
}

impl Layout {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Layout::View { .. } => "view",
            Layout::Reshape { .. } => "reshape",
            Layout::Flatten { .. } => "flatten",
            Layout::Unflatten { .. } => "unflatten",
            Layout::Permute { .. } => "permute",
            Layout::Transpose { .. } => "transpose",
            Layout::Unsqueeze { .. } => "unsqueeze",
            Layout::Squeeze { .. } => "squeeze",
            Layout::Expand { .. } => "expand",
            Layout::Repeat { .. } => "repeat",
            Layout::Roll { .. } => "roll",
            Layout::Flip { .. } => "flip",
            Layout::Pad { .. } => "pad",
            Layout::Contiguous => "contiguous",
            Layout::Detach => "detach",
            Layout::Identity => "alias",
            Layout::To { .. } => "to",
            Layout::PixelShuffle { .. } => "pixel_shuffle",
            Layout::PixelUnshuffle { .. } => "pixel_unshuffle",
            Layout::UpsampleBilinear { .. } => "upsample_bilinear2d",
            Layout::UpsampleNearest { .. } => "upsample_nearest2d",
        }
    }

    pub(super) fn apply(&self, inputs: &Inputs, context: &Context) -> Result<Tensor, ModelError> {
        let [x] = inputs.first()?;
        let numbers = |sizes: &[Size]| context.sizes.numbers(sizes);
        Ok(match self {
            // Activations may be stored channels-last, in which case a view would have to be a copy.
            Layout::View { shape } | Layout::Reshape { shape } => x.f_reshape(numbers(shape)?),
            Layout::Flatten { start, end } => x.f_flatten(*start, *end),
            Layout::Unflatten { dim, sizes } => x.f_unflatten(*dim, numbers(sizes)?),
            Layout::Permute { dims } => x.f_permute(dims),
            Layout::Transpose { dims: [a, b] } => x.f_transpose(*a, *b),
            Layout::Unsqueeze { dim } => x.f_unsqueeze(*dim),
            Layout::Squeeze { dims: None } => x.f_squeeze(),
            Layout::Squeeze { dims: Some(dims) } => x.f_squeeze_dims(dims),
            Layout::Expand { shape } => x.f_expand(numbers(shape)?, false),
            Layout::Repeat { counts } => x.f_repeat(numbers(counts)?),
            Layout::Roll { shifts, dims } => x.f_roll(shifts, dims),
            Layout::Flip { dims } => x.f_flip(dims),
            Layout::Pad { amounts, mode, value } => x.f_pad(amounts, mode, *value),
            Layout::Contiguous => x.f_contiguous(),
            Layout::Detach => x.f_detach(),
            Layout::Identity => Ok(x.shallow_clone()),
            Layout::To { kind } => x.f_to_kind(*kind),
            Layout::PixelShuffle { factor } => x.f_pixel_shuffle(*factor),
            Layout::PixelUnshuffle { factor } => x.f_pixel_unshuffle(*factor),
            Layout::UpsampleBilinear { output, align_corners } => {
                x.f_upsample_bilinear2d(numbers(output)?, *align_corners, None, None)
            }
            Layout::UpsampleNearest { output } => x.f_upsample_nearest2d(numbers(output)?, None, None),
        }?)
    }
}

impl From<Layout> for Op {
    fn from(op: Layout) -> Op {
        Op::Layout(op)
    }
}
