//! What part an operator plays, as far as rules for a backward pass tell operators apart.

use super::Op;

/// The part an operator plays in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A sum of inputs weighed by parameters, with or without a bias: convolutions and linear layers.
    Weighted,
    /// An affine function of each channel by fixed statistics: batch norm.
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
    /// Numbers moved, none of them changed.
    Arrangement,
    /// None of these.
    Other,
}

impl Op {
    /// The part the operator plays when a network is evaluated.
    pub fn role(&self) -> Role {
        match self {
            Op::Conv2d { .. } | Op::Linear => Role::Weighted,
            Op::BatchNorm { .. } => Role::Normalisation,
            Op::Relu => Role::Rectifier,
            Op::Hardtanh { min: 0.0, .. } => Role::Rectifier,
            Op::Hardtanh { .. } => Role::Activation,
            Op::MaxPool2d { .. } => Role::Maximum,
            Op::AdaptiveAvgPool2d { .. } => Role::Average,
            Op::Flatten { .. } | Op::Dropout { .. } => Role::Arrangement,
            Op::Add => Role::Sum,
        }
    }
}
