//! The operators a graph is made of, and how libtorch runs each of them.

use tch::{TchError, Tensor};

/// One ATen operator with its constant arguments. What varies from call to call (the picture, the
/// parameters, earlier results) are the node's inputs, in the order given with each operator.
#[derive(Debug, Clone, PartialEq)]
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
    /// `aten::batch_norm` over channels. Inputs: input, weight, bias, running mean, running variance.
    BatchNorm {
        /// Added to the variance before the square root.
        eps: f64,
        /// Weight of a new batch in the running statistics, while training.
        momentum: f64,
    },
    /// `aten::linear`. Inputs: input `[N, in]`, weight `[out, in]`, and a bias if there are three.
    Linear,
    /// `aten::relu`.
    Relu,
    /// `aten::hardtanh`: the input clamped to a range (ReLU6 is 0 to 6).
    Hardtanh {
        /// The smallest value let through.
        min: f64,
        /// The largest value let through.
        max: f64,
    },
    /// `aten::max_pool2d`.
    MaxPool2d {
        /// Height and width of the window.
        kernel: [i64; 2],
        /// Steps in height and width.
        stride: [i64; 2],
        /// Padding on each side in height and width.
        padding: [i64; 2],
    },
    /// `aten::adaptive_avg_pool2d`.
    AdaptiveAvgPool2d {
        /// Height and width of the result.
        output: [i64; 2],
    },
    /// `aten::flatten` of the dimensions from `start` to `end`, both included.
    Flatten {
        /// First dimension flattened.
        start: i64,
        /// Last dimension flattened; negative counts from the end.
        end: i64,
    },
    /// `aten::dropout`: nothing happens unless the graph is trained.
    Dropout {
        /// The share of values set to zero while training.
        p: f64,
    },
    /// `aten::add` of two values of one shape.
    Add,
}

impl Op {
    /// The operator's name in ATen.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Conv2d { .. } => "conv2d",
            Op::BatchNorm { .. } => "batch_norm",
            Op::Linear => "linear",
            Op::Relu => "relu",
            Op::Hardtanh { .. } => "hardtanh",
            Op::MaxPool2d { .. } => "max_pool2d",
            Op::AdaptiveAvgPool2d { .. } => "adaptive_avg_pool2d",
            Op::Flatten { .. } => "flatten",
            Op::Dropout { .. } => "dropout",
            Op::Add => "add",
        }
    }

    /// Runs the operator. `training` is whether batch norm uses, and updates, the batch's own statistics
    /// and whether dropout drops.
    pub(super) fn apply(&self, inputs: &[&Tensor], training: bool) -> Result<Tensor, TchError> {
        let [first, rest @ ..] = inputs else {
            return Err(TchError::Kind("an operator without inputs".into()));
        };
        let nth = |n: usize| -> Result<&Tensor, TchError> {
            let missing = || TchError::Kind(format!("{} lacks its input {}", self.name(), n + 1));
            rest.get(n - 1).copied().ok_or_else(missing)
        };
        match self {
            Op::Conv2d { stride, padding, dilation, groups } => {
                first.f_conv2d(nth(1)?, rest.get(1).copied(), stride, padding, dilation, *groups)
            }
            Op::BatchNorm { eps, momentum } => first.f_batch_norm(
                Some(nth(1)?),
                Some(nth(2)?),
                Some(nth(3)?),
                Some(nth(4)?),
                training,
                *momentum,
                *eps,
                true,
            ),
            Op::Linear => first.f_linear(nth(1)?, rest.get(1).copied()),
            Op::Relu => first.f_relu(),
            Op::Hardtanh { min, max } => first.f_clamp(*min, *max),
            Op::MaxPool2d { kernel, stride, padding } => {
                first.f_max_pool2d(kernel, stride, padding, [1, 1], false)
            }
            Op::AdaptiveAvgPool2d { output } => first.f_adaptive_avg_pool2d(output),
            Op::Flatten { start, end } => first.f_flatten(*start, *end),
            Op::Dropout { p } => first.f_dropout(*p, training),
            Op::Add => first.f_add(nth(1)?),
        }
    }
}
