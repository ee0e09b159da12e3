//! A model as an ordered list of operator calls over named values.

mod backward;
mod class_activation;
mod cut;
mod derivative;
mod differentiable;
mod features;
mod head;
mod near;
mod op;
mod parallel;
mod pictures;
mod places;
mod prefix;
mod rewrite;
mod role;
mod run;
mod shapes;
mod shortcut;
mod size;
mod slope;
mod trace;

use std::collections::HashMap;

pub use backward::{BackwardRule, Call, Recording};
pub use derivative::{Differentiated, Pass, Rows};
pub use differentiable::Differentiable;
pub use features::LinearHead;
pub(crate) use head::Behind;
pub use head::Squashing;
pub use near::Near;
pub use op::{
    Activation, Arithmetic, Aten, Creation, Layout, Number, Op, Pool, Product, Reduction, Selection,
    TorchScript,
};
pub use places::Places;
pub use rewrite::{Fold, Rewrite};
pub use role::Role;
pub use run::{Request, gradients, is_within};
pub(crate) use shortcut::Shortcut;
pub use size::Size;
pub use slope::Slope;
use tch::Kind;

use crate::ModelError;
use crate::nearest::nearest;
use crate::workers::ReadOnly;

/// One value of a [`Graph`]: the picture, a parameter, or an operator's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(usize);

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Given by the caller.
    Input,
    /// A parameter or buffer: the index into [`Graph::parameters`].
    Parameter(usize),
    /// Computed: the index into [`Graph::nodes`].
    Node(usize),
}

/// One operator call.
#[derive(Debug, Clone)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// The values it is computed from, in the operator's order.
    pub inputs: Vec<ValueId>,
    /// The value it defines.
    pub output: ValueId,
    /// The Python module the call belongs to (`layer4.1.conv2`); empty for the model itself.
    pub module: String,
}

/// A parameter or buffer that weights must supply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in the state dict.
    pub name: String,
    /// Its shape.
    pub shape: Vec<i64>,
    /// Whether training updates it by gradients; a buffer, such as a running mean, is not.
    pub trainable: bool,
}

/// An image classifier as a list of operator calls over named values, in an order in which each value is
/// computed before it is used.
///
/// Every value has a name. A parameter's is its key in the state dict. A result's is the path of the Python module whose
/// call produced it, so a module used a second time yields `layer4.1.relu#2`; a call outside any leaf module adds the
/// operator's name to the path (`layer4.1.add`). If a leaf module makes several calls, the last has the module's name, and
/// the others add the operator's.
///
/// A value may have a declared shape, in which sizes can be left open. A tensor given for such a value must have that shape;
/// it fixes the open sizes for the run.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    names: Vec<String>,
    origins: Vec<Origin>,
    nodes: Vec<Node>,
    parameters: Vec<Parameter>,
    parameter_values: Vec<ValueId>,
    by_name: HashMap<String, ValueId>,
    uses: HashMap<String, usize>,
    shapes: HashMap<ValueId, Vec<Size>>,
    kinds: HashMap<ValueId, Kind>,
    symbols: Vec<String>,
    one_by_one: bool,
    output: Option<ValueId>,
}

// SAFETY: it has no functions that write to a tensor.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
unsafe impl ReadOnly for Graph {}

impl Graph {
    /// A graph without operators, whose only value is the `input`.
    pub fn new() -> (Graph, ValueId) {
        let mut graph = Graph::default();
        let input = graph.define("input".to_owned(), Origin::Input);
        (graph, input)
    }

    /// The operator calls, in the order they run.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The parameters and buffers, in the order they were declared.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The picture: `[N, 3, H, W]`.
    pub fn input(&self) -> ValueId {
        ValueId(0)
    }

    /// The logits: `[N, classes]`.
    ///
    /// # Panics
    /// If the graph was never given an output, which is a bug in the code that builds it.
    pub fn output(&self) -> ValueId {
        self.output.expect("every architecture sets its output")
    }

    /// The name of a value.
    pub fn name(&self, value: ValueId) -> &str {
        &self.names[value.0]
    }

    /// Where a value comes from.
    pub fn origin(&self, value: ValueId) -> Origin {
        self.origins[value.0]
    }

    /// Returns an error for a graph whose layers and operators cannot be seen, because it is a single TorchScript program.
    ///
    /// # Errors
    /// [`ModelError::Opaque`].
    pub fn check_transparent(&self) -> Result<(), ModelError> {
        match self.nodes.iter().any(|node| matches!(node.op, Op::TorchScript(_))) {
            true => Err(ModelError::Opaque),
            false => Ok(()),
        }
    }

    /// The layer called `name`: a value of that name or, for a module that holds several calls, what the
    /// last of them returns.
    ///
    /// # Errors
    /// [`ModelError::UnknownLayer`], which lists the most similar names that exist, and [`ModelError::Opaque`].
    pub fn layer(&self, name: &str) -> Result<ValueId, ModelError> {
        self.check_transparent()?;
        let computed = |value: &&ValueId| matches!(self.origin(**value), Origin::Node(_));
        if let Some(value) = self.by_name.get(name).filter(computed) {
            return Ok(*value);
        }
        let within = |module: &str| {
            module.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let last = self.nodes.iter().rev().find(|node| !name.is_empty() && within(&node.module));
        last.map(|node| node.output).ok_or_else(|| ModelError::UnknownLayer {
            name: name.to_owned(),
            nearest: nearest(name, self.layers()),
        })
    }

    /// The names of all computed values, in the order they are computed.
    pub fn layers(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().map(|node| self.name(node.output))
    }

    /// The declared shape of a value, if it has one.
    pub fn shape(&self, value: ValueId) -> Option<&[Size]> {
        self.shapes.get(&value).map(Vec::as_slice)
    }

    /// The names of the sizes that declared shapes leave open.
    pub fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// Declares a parameter and returns the value that stands for it.
    pub fn parameter(&mut self, name: impl Into<String>, shape: &[i64], trainable: bool) -> ValueId {
        let name = name.into();
        let value = self.define(name.clone(), Origin::Parameter(self.parameters.len()));
        self.parameters.push(Parameter { name, shape: shape.to_vec(), trainable });
        self.parameter_values.push(value);
        value
    }

    /// Appends an operator call made by the module at `module`, and returns its result.
    pub fn call(&mut self, module: &str, op: impl Into<Op>, inputs: &[ValueId]) -> ValueId {
        self.append(module.to_owned(), module, op.into(), inputs)
    }

    /// Appends a call made by a module's own `forward` rather than by a leaf module of it.
    pub fn call_function(&mut self, module: &str, op: impl Into<Op>, inputs: &[ValueId]) -> ValueId {
        let op = op.into();
        self.append(function_name(module, &op), module, op, inputs)
    }

    /// Sets the value that holds the logits.
    pub fn set_output(&mut self, value: ValueId) {
        self.output = Some(value);
    }

    /// Declares the names of the sizes that shapes may leave open.
    pub(crate) fn set_symbols(&mut self, symbols: Vec<String>) {
        self.symbols = symbols;
    }

    /// Declares a value's shape.
    pub(crate) fn set_shape(&mut self, value: ValueId, shape: Vec<Size>) {
        self.shapes.insert(value, shape);
    }

    /// Declares that several pictures must not be run in one batch.
    pub(crate) fn run_one_by_one(&mut self) {
        self.one_by_one = true;
    }

    /// Returns an error for several pictures if they must not be run in one batch.
    fn check_alone(&self, rows: Option<i64>) -> Result<(), ModelError> {
        match rows {
            Some(rows) if self.one_by_one && rows > 1 => Err(ModelError::RowsDepend { rows }),
            _ => Ok(()),
        }
    }

    /// Declares the kind of a value's numbers. A value declared as a float may have any floating-point precision.
    pub(crate) fn set_kind(&mut self, value: ValueId, kind: Kind) {
        self.kinds.insert(value, kind);
    }

    /// Appends a call whose result is to be called `name`.
    pub(crate) fn append(&mut self, name: String, module: &str, op: Op, inputs: &[ValueId]) -> ValueId {
        let output = self.define(name, Origin::Node(self.nodes.len()));
        self.nodes.push(Node { op, inputs: inputs.to_vec(), output, module: module.to_owned() });
        output
    }

    fn define(&mut self, name: String, origin: Origin) -> ValueId {
        let mut unique = name.clone();
        while self.by_name.contains_key(&unique) {
            // The names are counted, because a graph may have thousands of calls of one name.
            let uses = self.uses.entry(name.clone()).or_insert(1);
            *uses += 1;
            unique = format!("{name}#{uses}");
        }
        let value = ValueId(self.names.len());
        self.by_name.insert(unique.clone(), value);
        self.names.push(unique);
        self.origins.push(origin);
        value
    }
}

/// The name for the result of `op` in a module's own `forward`.
pub(crate) fn function_name(module: &str, op: &Op) -> String {
    let dot = if module.is_empty() { "" } else { "." };
    format!("{module}{dot}{}", op.name())
}
