//! Classifies operators as far as the rules of a backward pass distinguish them.

use super::{Activation, Arithmetic, Layout, Op, Pool, Reduction};

/// The role an operator plays in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A sum of inputs weighted by parameters, with or without a bias: convolutions and linear layers.
    Weighted,
    /// An affine function of each channel with fixed statistics: batch norm.
    Normalisation,
    /// A function of single numbers that is zero below zero and the identity just above it: ReLU and ReLU6.
    Rectifier,
    /// Any other function of single numbers.
    Activation,
    /// The largest of several numbers.
    Maximum,
    /// The mean of several numbers.
    Average,
    /// The sum of two values.
    Sum,
    /// An operator that moves numbers without changing them.
    Arrangement,
    /// None of these.
    Other,
}

impl Op {
    /// The role the operator plays when a network is evaluated.
    pub fn role(&self) -> Role {
        match self {
            Op::Conv2d { .. } | Op::Linear => Role::Weighted,
            Op::BatchNorm { .. } => Role::Normalisation,
            Op::Activation(Activation::Relu | Activation::Hardtanh { min: 0.0, .. }) => Role::Rectifier,
            Op::Activation(_) => Role::Activation,
            Op::Pool(Pool::Max { .. } | Pool::AdaptiveMax { .. }) => Role::Maximum,
            Op::Pool(Pool::Average { .. } | Pool::AdaptiveAverage { .. })
            | Op::Reduction(Reduction::Mean { .. }) => Role::Average,
            Op::Arithmetic(Arithmetic::Add { other: None }) => Role::Sum,
            Op::Layout(Layout::UpsampleBilinear { .. }) => Role::Other,
            Op::Dropout { .. } | Op::Layout(_) | Op::Selection(_) => Role::Arrangement,
            Op::LayerNorm { .. }
            | Op::GroupNorm { .. }
            | Op::Arithmetic(_)
            | Op::Product(_)
            | Op::Reduction(_)
            | Op::Creation(_)
            | Op::Aten(_)
            | Op::TorchScript(_) => Role::Other,
        }
    }
}
