//! Turns a call of an ATen operator into an [`Op`]. As in `graph/op`, each file holds one family of operators.

mod activation;
mod arithmetic;
mod aten;
mod layer;
mod layout;
mod reduction;
mod selection;

use super::call::Call;
use crate::graph::Op;

/// What a call computes, and the values it computes it from.
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

/// The operators that compute a call's results; `None` if the call's operator is not known.
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

/// The operator of each result of a call whose operator has no variant of its own; `None` if it may not be called at all.
///
/// # Errors
/// A text that says which of its arguments are not supported, or to which mode the model has to be switched.
pub(super) fn by_name(call: &mut Call) -> Result<Option<Results>, String> {
    layer::check_evaluation(call)?;
    aten::read(call)
}
