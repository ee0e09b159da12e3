//! Runs a whole model as one TorchScript program.

use std::sync::Arc;

use tch::{CModule, Tensor};

use super::{Inputs, Op};
use crate::ModelError;

/// A TorchScript program with one input and one result, which libtorch's interpreter runs and differentiates.
#[derive(Debug, Clone)]
pub struct TorchScript(Arc<CModule>);

impl TorchScript {
    pub(crate) fn new(module: CModule) -> TorchScript {
        TorchScript(Arc::new(module))
    }

    pub(super) fn apply(&self, inputs: &Inputs) -> Result<Tensor, ModelError> {
        let [x] = inputs.first()?;
        Ok(self.0.forward_ts(&[x])?)
    }
}

/// Two programs are equal only if they are the same object.
impl PartialEq for TorchScript {
    fn eq(&self, other: &TorchScript) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<TorchScript> for Op {
    fn from(op: TorchScript) -> Op {
        Op::TorchScript(op)
    }
}
