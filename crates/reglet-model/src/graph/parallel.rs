//! Splits a batch into parts that run on several threads.
//!
//! Rows do not depend on each other, so each thread runs its share of them through the whole network, and libtorch uses a
//! single thread within it. That is faster than libtorch's own threads, which have to synchronise after every operator.

use std::ops::Range;

use tch::{Device, Tensor};

use super::{Arithmetic, Graph, Layout, Op, Origin, Reduction, Selection, ValueId};
use crate::ModelError;

impl Graph {
    /// The rows of a batch, split into as many parts of nearly equal size as there are threads to run them if they can be
    /// run `apart`, and in one part otherwise. Each row forms its own part if several pictures must not be run in one batch.
    pub(super) fn parts(&self, rows: i64, device: Device, apart: bool) -> Vec<Range<i64>> {
        if self.one_by_one {
            return (0..rows.max(1)).map(|row| row..(row + 1).min(rows)).collect();
        }
        let apart = apart && device == Device::Cpu && self.check_transparent().is_ok();
        let threads = if apart { i64::from(tch::get_num_threads()).clamp(1, rows.max(1)) } else { 1 };
        (0..threads).map(|index| index * rows / threads..(index + 1) * rows / threads).collect()
    }
}

impl Graph {
    /// Says of each value whether it is known to have one row per row of the batch in its first dimension, with no row
    /// depending on another, provided that the values of `fed` have: the results of operators that do not mix that
    /// dimension.
    pub(super) fn by_row(&self, fed: impl Iterator<Item = ValueId>) -> Vec<bool> {
        let mut by_row = vec![false; self.names.len()];
        for value in fed {
            by_row[value.0] = true;
        }
        for node in &self.nodes {
            let leaves = match node.op {
                Op::Conv2d { .. } | Op::Linear | Op::Dropout { .. } | Op::Activation(_) | Op::Pool(_) => true,
                Op::BatchNorm { .. } | Op::LayerNorm { .. } | Op::GroupNorm { .. } => true,
                Op::Arithmetic(Arithmetic::Add { .. } | Arithmetic::Mul { .. }) => true,
                Op::Layout(Layout::Flatten { start, .. }) => start > 0,
                Op::Layout(Layout::Permute { ref dims }) => dims.first() == Some(&0),
                Op::Selection(Selection::Cat { dim }) => dim > 0,
                Op::Reduction(Reduction::Mean { ref dims, .. }) => {
                    !dims.is_empty() && dims.iter().all(|dim| *dim > 0)
                }
                _ => false,
            };
            let parameter = |input: &ValueId| matches!(self.origins[input.0], Origin::Parameter(_));
            let mut given = node.inputs.iter().filter(|input| !parameter(input)).peekable();
            by_row[node.output.0] |= leaves && given.peek().is_some() && given.all(|input| by_row[input.0]);
        }
        by_row
    }
}

/// The parts of a value concatenated; a single part is returned as it is.
pub(super) fn whole(mut parts: Vec<Tensor>) -> Result<Tensor, ModelError> {
    match parts.len() {
        1 => Ok(parts.remove(0)),
        _ => Ok(Tensor::f_cat(&parts, 0)?),
    }
}
