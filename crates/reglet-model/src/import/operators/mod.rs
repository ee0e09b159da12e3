//! From a call of an ATen operator to an [`Op`]: one family to a file, as in `graph/op`.

mod activation;
mod arithmetic;
mod layer;
mod layout;
mod reduction;
mod selection;

use super::call::Call;
use crate::graph::Op;

/// What a call computes, and from which values.
pub(super) struct Operator {
    pub op: Op,
    pub inputs: Vec<usize>,
}

/// What a call computes: an operator for each of its results that can be used.
pub(super) type Results = Vec<Operator>;

/// An operator of the inputs.
fn of(op: impl Into<Op>, inputs: impl IntoIterator<Item = usize>) -> Result<Option<Results>, String> {
    Ok(Some(vec![Operator { op: op.into(), inputs: inputs.into_iter().collect() }]))
}

/// The operators behind a call; `None` if its own is not known.
pub(super) fn operators(call: &mut Call) -> Result<Option<Results>, String> {
    for family in
        [layer::read, activation::read, arithmetic::read, reduction::read, layout::read, selection::read]
    {
        if let Some(results) = family(call)? {
            return Ok(Some(results));
        }
    }
    Ok(None)
}
