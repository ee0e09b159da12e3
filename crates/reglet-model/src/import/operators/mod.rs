//! From a call of an ATen operator to an [`Op`]: one family to a file, as in `graph/op`.

mod activation;
mod arithmetic;
mod aten;
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

/// The operator of each result of a call that has no form of its own; `None` if it may not be called at all.
///
/// # Errors
/// What about its arguments is not supported, or what the model would need to be switched to.
pub(super) fn by_name(call: &mut Call) -> Result<Option<Results>, String> {
    layer::check_evaluation(call)?;
    aten::read(call)
}
