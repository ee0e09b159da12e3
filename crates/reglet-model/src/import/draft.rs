//! A graph under construction: calls on numbered values, some of which may turn out not to be needed.

use tch::Kind;

use super::operators::Operator;
use crate::graph::{Arithmetic, Layout, Op, Size};

/// A call, with what is known about its origin.
#[derive(Debug)]
pub(super) struct DraftCall {
    /// What is computed, or why it is not known.
    pub op: Result<Op, String>,
    pub inputs: Vec<usize>,
    pub output: usize,
    pub place: Place,
}

/// Why a call cannot be run, and the values on which it would depend.
#[derive(Debug)]
pub(super) struct Unsupported {
    pub reason: String,
    pub inputs: Vec<usize>,
}

/// Where in the Python program a call is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The operator, as the archive names it.
    pub target: String,
    /// The module's path.
    pub module: String,
    /// What distinguishes a module's second invocation from its first.
    pub invocation: String,
    /// The line of Python that makes the call, with its file and number, if the archive contains it.
    pub line: Option<String>,
}

/// Where a value comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// The picture.
    Input,
    /// A parameter or buffer.
    Weight { name: String, trainable: bool },
    /// A constant.
    Constant(String),
    /// The call of this index.
    Call(usize),
}

/// A value, with what the archive says about it.
#[derive(Debug)]
pub(super) struct DraftValue {
    pub source: Source,
    pub shape: Option<Vec<Size>>,
    pub kind: Option<Kind>,
    /// Whether its derivative with respect to the pictures may differ from zero.
    pub leading: bool,
}

/// All calls and values so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub calls: Vec<DraftCall>,
    pub values: Vec<DraftValue>,
}

impl Draft {
    /// A new value.
    pub fn value(&mut self, source: Source, shape: Option<Vec<Size>>, kind: Option<Kind>) -> usize {
        let leading = match source {
            Source::Input => true,
            Source::Weight { .. } | Source::Constant(_) | Source::Call(_) => false,
        };
        self.values.push(DraftValue { source, shape, kind, leading });
        self.values.len() - 1
    }

    /// A new call, whose result has this shape and kind.
    pub fn call(
        &mut self,
        operator: Result<Operator, Unsupported>,
        (shape, kind): (Option<Vec<Size>>, Option<Kind>),
        place: &Place,
    ) -> usize {
        let output = self.value(Source::Call(self.calls.len()), shape, kind);
        let (op, inputs) = match operator {
            Ok(Operator { op, inputs }) => (Ok(op), inputs),
            Err(Unsupported { reason, inputs }) => (Err(reason), inputs),
        };
        // Values that do not depend on the pictures, and values without a derivative.
        let constant = matches!(
            op,
            Ok(Op::Arithmetic(Arithmetic::Fill { value: Some(_) }) | Op::Layout(Layout::Detach))
        ) || self.values[output].kind.is_some_and(|kind| kind != Kind::Float);
        self.values[output].leading = !constant && inputs.iter().any(|&input| self.values[input].leading);
        self.calls.push(DraftCall { op, inputs, output, place: place.clone() });
        output
    }

    /// The calls that a value needs, in their order, and for each value, whether it is needed.
    pub fn needed(&self, value: usize) -> (Vec<usize>, Vec<bool>) {
        let mut values = vec![false; self.values.len()];
        let mut calls = vec![false; self.calls.len()];
        let mut pending = vec![value];
        while let Some(value) = pending.pop() {
            if std::mem::replace(&mut values[value], true) {
                continue;
            }
            if let Source::Call(call) = self.values[value].source
                && !std::mem::replace(&mut calls[call], true)
            {
                pending.extend(&self.calls[call].inputs);
            }
        }
        ((0..calls.len()).filter(|&call| calls[call]).collect(), values)
    }
}
