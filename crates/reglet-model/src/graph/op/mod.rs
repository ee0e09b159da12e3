//! The operators a graph is made of, and how libtorch runs each of them. Each file holds one family of operators.

mod activation;
mod arithmetic;
mod aten;
mod batch_norm;
mod creation;
mod derivative;
mod layout;
mod pool;
mod product;
mod reduction;
mod scalar;
mod secant;
mod selection;
mod torchscript;

use tch::{Device, Tensor};

pub use activation::Activation;
pub(super) use activation::hardtanh;
pub use arithmetic::{Arithmetic, Number};
pub use aten::Aten;
pub use creation::Creation;
pub(super) use derivative::Derivative;
pub use layout::Layout;
pub use pool::Pool;
pub use product::Product;
pub use reduction::Reduction;
pub(super) use secant::{behind_rectifier, leaves};
pub use selection::Selection;
pub use torchscript::TorchScript;

use super::size::Sizes;
use crate::ModelError;

/// One ATen operator with its constant arguments. What varies from call to call (the picture, the
/// parameters, earlier results) are the node's inputs, in the order given with each operator.
///
/// No operator changes its inputs: an in-place operator of PyTorch is represented by the operator that returns the same
/// result.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// `aten::conv2d`. Inputs: input `[N, C, H, W]`, weight, and a bias if there are three.
    Conv2d {
        /// Steps in height and width.
        stride: [i64; 2],
        /// Zeros added on each side in height and width.
        padding: [i64; 2],
        /// Distance between taps in height and width.
        dilation: [i64; 2],
        /// Number of groups the channels are divided into.
        groups: i64,
    },
    /// `aten::linear`. Inputs: input `[…, in]`, weight `[out, in]`, and a bias if there are three.
    Linear,
    /// `aten::batch_norm` over channels. Inputs: input; weight and bias, or neither; running mean, running
    /// variance.
    BatchNorm {
        /// Added to the variance before the square root.
        eps: f64,
        /// Weight of a new batch in the running statistics, while training.
        momentum: f64,
    },
    /// `aten::layer_norm`. Inputs: input; a weight if there are two, and a bias if there are three.
    LayerNorm {
        /// The last dimensions, over which each example is normalised.
        shape: Vec<i64>,
        /// Added to the variance before the square root.
        eps: f64,
    },
    /// `aten::group_norm`. Inputs: input `[N, C, …]`; a weight if there are two, and a bias if there are
    /// three.
    GroupNorm {
        /// The number of groups the channels are divided into.
        groups: i64,
        /// Added to the variance before the square root.
        eps: f64,
    },
    /// `aten::dropout`, which has no effect unless the graph is trained.
    Dropout {
        /// The share of values set to zero while training.
        p: f64,
    },
    /// A function of each number alone.
    Activation(Activation),
    /// Arithmetic and comparison, number by number.
    Arithmetic(Arithmetic),
    /// A summary of each window of a picture.
    Pool(Pool),
    /// A product of matrices, and attention.
    Product(Product),
    /// A summary along some dimensions, or a normalisation along one.
    Reduction(Reduction),
    /// The same numbers in another shape or order.
    Layout(Layout),
    /// Some of the numbers, or several tensors made one.
    Selection(Selection),
    /// A new tensor.
    Creation(Creation),
    /// An operator that has no variant of its own here.
    Aten(Aten),
    /// A whole model as one opaque TorchScript program.
    TorchScript(TorchScript),
}

/// What an operator needs to know about the run it is part of.
#[derive(Debug)]
pub(super) struct Context {
    /// Batch norm uses, and updates, the batch's own statistics, and dropout drops.
    pub training: bool,
    /// The open sizes.
    pub sizes: Sizes,
    /// The device on which new tensors are created.
    pub device: Device,
}

impl Op {
    /// The operator's name in ATen.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Conv2d { .. } => "conv2d",
            Op::Linear => "linear",
            Op::BatchNorm { .. } => "batch_norm",
            Op::LayerNorm { .. } => "layer_norm",
            Op::GroupNorm { .. } => "group_norm",
            Op::Dropout { .. } => "dropout",
            Op::Activation(op) => op.name(),
            Op::Arithmetic(op) => op.name(),
            Op::Pool(op) => op.name(),
            Op::Product(op) => op.name(),
            Op::Reduction(op) => op.name(),
            Op::Layout(op) => op.name(),
            Op::Selection(op) => op.name(),
            Op::Creation(op) => op.name(),
            Op::Aten(op) => op.name(),
            Op::TorchScript(_) => "program",
        }
    }

    /// The operator's result for constant inputs, computed outside of a run.
    pub(crate) fn fold(&self, inputs: &[&Tensor]) -> Result<Tensor, ModelError> {
        let _guard = tch::no_grad_guard();
        self.apply(inputs, &Context { training: false, sizes: Sizes::unknown(0), device: Device::Cpu })
    }

    /// Runs the operator.
    pub(super) fn apply(&self, inputs: &[&Tensor], context: &Context) -> Result<Tensor, ModelError> {
        let inputs = Inputs { name: self.name(), tensors: inputs };
        Ok(match self {
            Op::Conv2d { stride, padding, dilation, groups } => {
                let [input, weight] = inputs.first()?;
                // libtorch computes a wrong gradient of a grouped convolution's weight in 64-bit floats for a single picture
                // with the memory layout of tokens (seen in 2.13); for a row-major one the gradient is correct.
                let apart = weight.requires_grad() && *groups > 1;
                let row_major = if apart { Some(input.f_contiguous()?) } else { None };
                let input = row_major.as_ref().unwrap_or(input);
                input.f_conv2d(weight, inputs.maybe(2), stride, padding, dilation, *groups)?
            }
            Op::Linear => {
                let [input, weight] = inputs.first()?;
                input.f_linear(weight, inputs.maybe(2))?
            }
            Op::BatchNorm { eps, momentum } => batch_norm::apply(&inputs, context.training, *momentum, *eps)?,
            Op::LayerNorm { shape, eps } => {
                let [input] = inputs.first()?;
                input.f_layer_norm(shape, inputs.maybe(1), inputs.maybe(2), *eps, true)?
            }
            Op::GroupNorm { groups, eps } => {
                let [input] = inputs.first()?;
                input.f_group_norm(*groups, inputs.maybe(1), inputs.maybe(2), *eps, true)?
            }
            Op::Dropout { p } => {
                let [input] = inputs.first()?;
                input.f_dropout(*p, context.training)?
            }
            Op::Activation(op) => op.apply(&inputs)?,
            Op::Arithmetic(op) => op.apply(&inputs, context)?,
            Op::Pool(op) => op.apply(&inputs)?,
            Op::Product(op) => op.apply(&inputs)?,
            Op::Reduction(op) => op.apply(&inputs)?,
            Op::Layout(op) => op.apply(&inputs, context)?,
            Op::Selection(op) => op.apply(&inputs, context)?,
            Op::Creation(op) => op.apply(context)?,
            Op::Aten(op) => op.apply(&inputs, context)?,
            Op::TorchScript(op) => op.apply(&inputs)?,
        })
    }
}

/// The tensors an operator is given.
struct Inputs<'a> {
    name: &'static str,
    tensors: &'a [&'a Tensor],
}

impl<'a> Inputs<'a> {
    /// The first `COUNT` of them.
    fn first<const COUNT: usize>(&self) -> Result<[&'a Tensor; COUNT], tch::TchError> {
        self.tensors.first_chunk().copied().ok_or_else(|| {
            let given = self.tensors.len();
            tch::TchError::Kind(format!("{} takes {COUNT} tensors, but was given {given}", self.name))
        })
    }

    /// The one at `index`, if there is one.
    fn maybe(&self, index: usize) -> Option<&'a Tensor> {
        self.tensors.get(index).copied()
    }
}

#[cfg(test)]
mod tests;
