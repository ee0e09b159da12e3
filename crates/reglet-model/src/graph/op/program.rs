//! A model that is run as one piece.

use std::sync::Arc;

use tch::{CModule, Tensor};

use super::{Inputs, Op};
use crate::ModelError;

/// A TorchScript program, which libtorch's interpreter runs and differentiates: one input, one result.
#[derive(Debug, Clone)]
pub struct Program(Arc<CModule>);

impl Program {
    pub(crate) fn new(module: CModule) -> Program {
        Program(Arc::new(module))
    }

    pub(super) fn apply(&self, inputs: &Inputs) -> Result<Tensor, ModelError> {
        let [x] = inputs.first()?;
        Ok(self.0.forward_ts(&[x])?)
    }
}

/// One program is another only if it is the same.
impl PartialEq for Program {
    fn eq(&self, other: &Program) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<Program> for Op {
    fn from(op: Program) -> Op {
        Op::Program(op)
    }
}
