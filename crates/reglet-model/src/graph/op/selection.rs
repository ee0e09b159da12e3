//! Some of a tensor's numbers, parts of it replaced, and several tensors made one.

use tch::Tensor;

use super::{Context, Inputs, Op};
use crate::ModelError;
use crate::graph::Size;

/// A choice of numbers. Dimensions and places may be negative, counting from the end.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Selection {
    /// One place along a dimension, which is removed.
    Select {
        /// The dimension.
        dim: i64,
        /// The place.
        index: i64,
    },
    /// Every `step`th place from `start` up to but excluding `end`.
    Slice {
        /// The dimension.
        dim: i64,
        /// The first place.
        start: Option<Size>,
        /// The place after the last.
        end: Option<Size>,
        /// The distance.
        step: i64,
    },
    /// The first input with one place along a dimension replaced by the second.
    SelectScatter {
        /// The dimension.
        dim: i64,
        /// The place.
        index: i64,
    },
    /// The first input with the places of a slice replaced by the second.
    SliceScatter {
        /// The dimension.
        dim: i64,
        /// The first place.
        start: Option<Size>,
        /// The place after the last.
        end: Option<Size>,
        /// The distance.
        step: i64,
    },
    /// The first input at the places that the others list, as `x[i, :, j]` in Python.
    Index {
        /// For each dimension, whether a list of places is given for it.
        given: Vec<bool>,
    },
    /// All inputs one after the other along a dimension.
    Cat {
        /// The dimension.
        dim: i64,
    },
    /// All inputs side by side along a new dimension.
    Stack {
        /// The new dimension.
        dim: i64,
    },
}

impl Selection {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Selection::Select { .. } => "select",
            Selection::Slice { .. } => "slice",
            Selection::SelectScatter { .. } => "select_scatter",
            Selection::SliceScatter { .. } => "slice_scatter",
            Selection::Index { .. } => "index",
            Selection::Cat { .. } => "cat",
            Selection::Stack { .. } => "stack",
        }
    }

    pub(super) fn apply(&self, inputs: &Inputs, context: &Context) -> Result<Tensor, ModelError> {
        let [x] = inputs.first()?;
        let number = |size: &Option<Size>| size.as_ref().map(|size| context.sizes.number(size)).transpose();
        Ok(match self {
            Selection::Select { dim, index } => x.f_select(*dim, *index),
            Selection::Slice { dim, start, end, step } => {
                x.f_slice(*dim, number(start)?, number(end)?, *step)
            }
            Selection::SelectScatter { dim, index } => {
                let [_, part] = inputs.first()?;
                x.f_select_scatter(part, *dim, *index)
            }
            Selection::SliceScatter { dim, start, end, step } => {
                let [_, part] = inputs.first()?;
                x.f_slice_scatter(part, *dim, number(start)?, number(end)?, *step)
            }
            Selection::Index { given } => {
                let mut lists = inputs.tensors[1..].iter().copied();
                let lists: Vec<Option<&Tensor>> =
                    given.iter().map(|given| given.then(|| lists.next()).flatten()).collect();
                x.f_index(&lists)
            }
            Selection::Cat { dim } => Tensor::f_cat(inputs.tensors, *dim),
            Selection::Stack { dim } => Tensor::f_stack(inputs.tensors, *dim),
        }?)
    }
}

impl From<Selection> for Op {
    fn from(op: Selection) -> Op {
        Op::Selection(op)
    }
}
