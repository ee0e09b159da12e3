//! Products of matrices, and attention.

use tch::Tensor;

use super::{Inputs, Op};
use crate::ModelError;

/// A product of tensors.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Product {
    /// `aten::matmul` of two inputs: batches of matrices, broadcast.
    Matmul,
    /// `aten::addmm`: the first input plus the product of the second and the third.
    AddMatmul,
    /// `aten::einsum` of all inputs.
    Einsum {
        /// The indices of each operand and of the result, such as `bij,bjk->bik`.
        equation: String,
    },
    /// softmax(q kᵀ · scale + mask) v (Vaswani et al., 2017, <https://arxiv.org/abs/1706.03762>). Inputs:
    /// query, key, value, and a mask if there are four.
    Attention {
        /// Whether attention is causal: no place attends to a later one.
        causal: bool,
        /// The factor by which the products are multiplied; 1/√d unless given.
        scale: Option<f64>,
        /// Whether several heads of the query share one head of the key and the value.
        grouped: bool,
    },
}

impl Product {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Product::Matmul => "matmul",
            Product::AddMatmul => "addmm",
            Product::Einsum { .. } => "einsum",
            Product::Attention { .. } => "scaled_dot_product_attention",
        }
    }

    pub(super) fn apply(&self, inputs: &Inputs) -> Result<Tensor, ModelError> {
        Ok(match self {
            Product::Matmul => {
                let [a, b] = inputs.first()?;
                a.f_matmul(b)
            }
            Product::AddMatmul => {
                let [sum, a, b] = inputs.first()?;
                sum.f_addmm(a, b)
            }
            Product::Einsum { equation } => Tensor::f_einsum(equation, inputs.tensors, None::<&[i64]>),
            Product::Attention { causal, scale, grouped } => {
                let [query, key, value] = inputs.first()?;
                let mask = inputs.maybe(3);
                Tensor::f_scaled_dot_product_attention(
                    query, key, value, mask, 0.0, *causal, *scale, *grouped,
                )
            }
        }?)
    }
}

impl From<Product> for Op {
    fn from(op: Product) -> Op {
        Op::Product(op)
    }
}
