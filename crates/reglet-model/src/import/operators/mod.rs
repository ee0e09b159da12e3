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

/// An operator of the inputs.
fn of(op: impl Into<Op>, inputs: impl IntoIterator<Item = usize>) -> Result<Option<Operator>, String> {
    Ok(Some(Operator { op: op.into(), inputs: inputs.into_iter().collect() }))
}

/// The operator behind a call; `None` if it is not known.
pub(super) fn operator(call: &mut Call) -> Result<Option<Operator>, String> {
    for family in [
        layer::read,
        activation::read,
        arithmetic::read,
        reduction::read,
        layout::read,
        selection::read,
    ] {
        if let Some(operator) = family(call)? {
            return Ok(Some(operator));
        }
    }
    Ok(None)
}
