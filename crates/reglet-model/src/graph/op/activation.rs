//! Functions of each number alone.

use tch::Tensor;

use super::{Inputs, Op, scalar};
use crate::ModelError;

/// A function applied to each number of its one input.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// x where positive, `slope`·x elsewhere.
    LeakyRelu {
        /// The slope of the negative side.
        slope: f64,
    },
    /// x times the standard normal distribution's Φ(x) (Hendrycks and Gimpel, 2016,
    /// <https://arxiv.org/abs/1606.08415>).
    Gelu {
        /// Φ by its approximation with tanh.
        tanh: bool,
    },
    /// x · sigmoid(x), also called Swish.
    Silu,
    /// x · tanh(softplus(x)) (Misra, 2019, <https://arxiv.org/abs/1908.08681>).
    Mish,
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// x clamped to a range (ReLU6 is 0 to 6).
    Hardtanh {
        /// The smallest value let through.
        min: f64,
        /// The largest value let through.
        max: f64,
    },
    /// x · relu6(x + 3) / 6.
    Hardswish,
    /// relu6(x + 3) / 6.
    Hardsigmoid,
    /// x where positive, eˣ − 1 elsewhere.
    Elu,
    /// Self-normalising ELU (Klambauer et al., 2017, <https://arxiv.org/abs/1706.02515>).
    Selu,
    /// ln(1 + eˣ).
    Softplus,
    /// ln(sigmoid(x)).
    LogSigmoid,
    /// eˣ.
    Exp,
    /// The natural logarithm.
    Log,
    /// √x.
    Sqrt,
    /// 1/√x.
    Rsqrt,
    /// 1/x.
    Reciprocal,
    /// x².
    Square,
    /// |x|.
    Abs,
    /// −x.
    Neg,
    /// The Gauss error function.
    Erf,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// The largest integer not above x.
    Floor,
    /// The logical complement.
    LogicalNot,
}

impl Activation {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Activation::Relu => "relu",
            Activation::LeakyRelu { .. } => "leaky_relu",
            Activation::Gelu { .. } => "gelu",
            Activation::Silu => "silu",
            Activation::Mish => "mish",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Hardtanh { .. } => "hardtanh",
            Activation::Hardswish => "hardswish",
            Activation::Hardsigmoid => "hardsigmoid",
            Activation::Elu => "elu",
            Activation::Selu => "selu",
            Activation::Softplus => "softplus",
            Activation::LogSigmoid => "log_sigmoid",
            Activation::Exp => "exp",
            Activation::Log => "log",
            Activation::Sqrt => "sqrt",
            Activation::Rsqrt => "rsqrt",
            Activation::Reciprocal => "reciprocal",
            Activation::Square => "square",
            Activation::Abs => "abs",
            Activation::Neg => "neg",
            Activation::Erf => "erf",
            Activation::Sin => "sin",
            Activation::Cos => "cos",
            Activation::Floor => "floor",
            Activation::LogicalNot => "logical_not",
        }
    }

    pub(super) fn apply(&self, inputs: &Inputs) -> Result<Tensor, ModelError> {
        let [x] = inputs.first()?;
        Ok(match self {
            Activation::Relu => x.f_relu(),
            // tch's leaky_relu takes no slope; a PReLU with one fixed weight is the same function.
            Activation::LeakyRelu { slope } => {
                let slope = Tensor::f_full([1], *slope, (x.kind(), x.device()))?;
                x.f_prelu(&slope)
            }
            Activation::Gelu { tanh } => x.f_gelu(if *tanh { "tanh" } else { "none" }),
            Activation::Silu => x.f_silu(),
            Activation::Mish => x.f_mish(),
            Activation::Sigmoid => x.f_sigmoid(),
            Activation::Tanh => x.f_tanh(),
            Activation::Hardtanh { min, max } => hardtanh(x, *min, *max),
            Activation::Hardswish => x.f_hardswish(),
            Activation::Hardsigmoid => x.f_hardsigmoid(),
            Activation::Elu => x.f_elu(),
            Activation::Selu => x.f_selu(),
            Activation::Softplus => x.f_softplus(),
            Activation::LogSigmoid => x.f_log_sigmoid(),
            Activation::Exp => x.f_exp(),
            Activation::Log => x.f_log(),
            Activation::Sqrt => x.f_sqrt(),
            Activation::Rsqrt => x.f_rsqrt(),
            Activation::Reciprocal => x.f_reciprocal(),
            Activation::Square => x.f_square(),
            Activation::Abs => x.f_abs(),
            Activation::Neg => x.f_neg(),
            Activation::Erf => x.f_erf(),
            Activation::Sin => x.f_sin(),
            Activation::Cos => x.f_cos(),
            Activation::Floor => x.f_floor(),
            Activation::LogicalNot => x.f_logical_not(),
        }?)
    }
}

/// x clamped to a range. Exactly at its ends ReLU6 has slope zero and a clamp does not; PyTorch, too, treats them as two
/// functions.
pub(in crate::graph) fn hardtanh(x: &Tensor, min: f64, max: f64) -> Result<Tensor, tch::TchError> {
    // tch's hardtanh takes no range.
    if (min, max) == (0.0, 6.0) { x.f_relu6() } else { scalar::clamp(x, min, max) }
}

impl From<Activation> for Op {
    fn from(op: Activation) -> Op {
        Op::Activation(op)
    }
}
