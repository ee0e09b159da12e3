//! The calls read so far, and what names stand for.

use std::collections::HashMap;
use std::rc::Rc;

use tch::{Kind, Tensor};

use super::file::Source;
use super::functions::{Functions, Scope, domain};
use super::names::Names;
use super::node::Node;
use super::shape::{self, Shaped};
use super::value::{Fault, Value};
use super::{operators, proto, tensors};
use crate::graph::{Aten, Creation, Layout, Number, Op, Size};
use crate::import::draft::{self, Draft, Place};
use crate::import::operators::Operator;

/// Numbers of the largest constant that is computed.
const MOST_FOLDED: i64 = 1 << 27;

/// Numbers of all constants that are computed: a file of a few bytes cannot make us work for long or fill the memory.
const MOST_FOLDED_IN_ALL: i64 = 1 << 28;

/// Calls of the largest network, those of graphs within graphs among them.
const MOST_CALLS: usize = 1 << 18;

/// Graphs within each other, and functions that call others.
const DEEPEST: usize = 16;

/// The order of dimensions that makes `[N, h, w, C]` of `[N, C, h, w]`.
pub(super) const TO_LAST: [i64; 4] = [0, 2, 3, 1];

/// The order of dimensions that makes `[N, C, h, w]` of `[N, h, w, C]`.
pub(super) const TO_FIRST: [i64; 4] = [0, 3, 1, 2];

/// Reads calls into a draft.
pub(super) struct Importer<'a> {
    /// The calls and values of the graph to be.
    pub draft: Draft,
    /// The names of the open sizes.
    pub symbols: Vec<String>,
    /// How many pictures there are in a batch, once the input is known.
    pub batch: Size,
    /// How many the file was made for, if it fixes that.
    pub fixed_batch: Option<i64>,
    /// The numbers of the draft's weights.
    pub weights: HashMap<usize, Rc<Tensor>>,
    /// The functions that the file defines.
    pub functions: Functions<'a>,
    /// What names mean in the graph that is read.
    pub scope: Scope<'a>,
    /// Where the call is made that is read.
    pub place: Place,
    names: Names<'a>,
    pytorch: bool,
    realised: HashMap<*const Tensor, usize>,
    laid_out: HashMap<usize, usize>,
    folded: i64,
    calls: usize,
    source: Source,
}

impl<'a> Importer<'a> {
    /// Reads the constants of a model.
    pub fn new(
        source: Source,
        model: &'a proto::Model,
        graph: &'a proto::Graph,
    ) -> Result<Importer<'a>, String> {
        let mut importer = Importer {
            draft: Draft::default(),
            symbols: Vec::new(),
            batch: Size::Symbol(0),
            fixed_batch: None,
            weights: HashMap::new(),
            functions: Functions::new(model)?,
            scope: Scope::new(&model.opset_import),
            place: Place::default(),
            names: Names::new(&model.producer_name, graph),
            pytorch: model.producer_name == "pytorch",
            realised: HashMap::new(),
            laid_out: HashMap::new(),
            folded: 0,
            calls: 0,
            source,
        };
        importer.constants(graph)?;
        Ok(importer)
    }

    /// The SHA-256 of all that was read.
    pub fn sha256(&self) -> Result<String, String> {
        self.source.sha256()
    }

    fn constants(&mut self, graph: &'a proto::Graph) -> Result<(), String> {
        if !graph.sparse_initializer.is_empty() {
            return Err("it has sparse tensors, which are not supported".to_owned());
        }
        for tensor in &graph.initializer {
            let name: Rc<str> = tensor.name.as_str().into();
            let value = match tensors::tensor(tensor, &mut self.source) {
                Ok(found) => Value::Constant(Rc::new(found), Some(name)),
                // What nobody reads does no harm.
                Err(reason) => Value::Fault(Rc::new(Fault {
                    operator: String::new(),
                    module: String::new(),
                    reason: format!("its tensor '{name}': {reason}"),
                })),
            };
            self.define(&tensor.name, value)?;
        }
        Ok(())
    }

    /// Says what a name stands for.
    pub fn define(&mut self, name: &'a str, value: Value) -> Result<(), String> {
        match self.scope.values.insert(name, value) {
            None => Ok(()),
            Some(_) => Err(format!("it defines '{name}' twice")),
        }
    }

    /// What a name stands for.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.scope.values.get(name)
    }

    /// Reads calls in their order.
    pub fn run(&mut self, calls: &'a [proto::Node], depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("its graphs are more than {DEEPEST} deep within each other"));
        }
        for node in calls {
            self.calls += 1;
            if self.calls > MOST_CALLS {
                return Err(format!("it makes more than {MOST_CALLS} calls"));
            }
            self.place = self.names.place(node, &self.scope.path);
            let mut inputs = Vec::with_capacity(node.input.len());
            let mut fault = None;
            for name in &node.input {
                if name.is_empty() || self.scope.absent.contains(name.as_str()) {
                    inputs.push(None);
                    continue;
                }
                let value = self.scope.values.get(name.as_str());
                let value = value.ok_or_else(|| {
                    format!("'{}' reads '{name}', which is computed later or never", shown(node))
                })?;
                if let Value::Fault(earlier) = value {
                    fault.get_or_insert_with(|| Rc::clone(earlier));
                }
                inputs.push(Some(value.clone()));
            }
            let results = match fault {
                Some(fault) => Err(fault),
                None => self.call(node, inputs, depth).map_err(|reason| Rc::new(self.fault(node, reason))),
            };
            let mut results = results.map(Vec::into_iter);
            for name in &node.output {
                let value = match &mut results {
                    Ok(results) => results.next().unwrap_or_else(|| {
                        let reason = "only its first results are supported".to_owned();
                        Value::Fault(Rc::new(self.fault(node, reason)))
                    }),
                    Err(fault) => Value::Fault(Rc::clone(fault)),
                };
                if !name.is_empty() {
                    self.define(name, value)?;
                }
            }
        }
        Ok(())
    }

    fn fault(&self, node: &proto::Node, reason: String) -> Fault {
        let set = domain(&node.domain);
        let operator = if set.is_empty() { node.op_type.clone() } else { format!("{set}.{}", node.op_type) };
        let module = if self.place.module.is_empty() { node.name.clone() } else { self.place.module.clone() };
        Fault { operator, module, reason }
    }

    fn call(
        &mut self,
        proto: &'a proto::Node,
        inputs: Vec<Option<Value>>,
        depth: usize,
    ) -> Result<Vec<Value>, String> {
        if let Some(function) = self.functions.of(proto) {
            return self.inline(function, proto, inputs, depth);
        }
        let set = domain(&proto.domain);
        let version = self.scope.versions.get(set).copied();
        let version =
            version.ok_or_else(|| format!("the file does not say which version of '{set}' it uses"))?;
        let mut node = Node::new(proto, version, inputs, &self.scope)?;
        if proto.op_type == "If" && set.is_empty() {
            return self.branch(&mut node, depth);
        }
        let found = operators::read(self, &mut node, set)?;
        node.finish()?;
        Ok(found)
    }

    /// Of two ways the one that is always taken.
    fn branch(&mut self, node: &mut Node<'a>, depth: usize) -> Result<Vec<Value>, String> {
        let condition = node.maybe_integers(0, "condition")?;
        let (yes, no) = (node.graph("then_branch")?, node.graph("else_branch")?);
        let taken = match condition.as_deref() {
            Some([0]) => no,
            Some([_]) => yes,
            _ => return Err("its condition is no truth value".to_owned()),
        };
        let place = self.place.clone();
        self.constants(taken)?;
        self.run(&taken.node, depth + 1)?;
        self.place = place;
        let outputs = taken.output.iter().map(|output| self.value(&output.name).cloned());
        let outputs: Option<Vec<Value>> = outputs.collect();
        let outputs = outputs.ok_or("it returns what it never computes")?;
        match outputs
            .iter()
            .find_map(|value| if let Value::Fault(fault) = value { Some(fault) } else { None })
        {
            Some(fault) => Err(fault.reason.clone()),
            None => Ok(outputs),
        }
    }

    /// A tensor in the file.
    pub fn tensor(&mut self, proto: &proto::Tensor) -> Result<Tensor, String> {
        tensors::tensor(proto, &mut self.source)
    }

    /// The shape of a value, as the file has it.
    pub fn shape(&self, value: &Value) -> Result<Vec<Size>, String> {
        match value {
            Value::Constant(tensor, _) => Ok(tensor.size().into_iter().map(Size::Fixed).collect()),
            Value::Sizes(sizes) if sizes.single => Ok(Vec::new()),
            Value::Sizes(sizes) => Ok(vec![Size::Fixed(sizes.sizes.len() as i64)]),
            Value::Computed(value) => Ok(self.drafted(*value).0),
            Value::ChannelsLast(value) => {
                let (shape, _) = self.drafted(*value);
                Ok(TO_LAST.iter().map(|place| shape[*place as usize].clone()).collect())
            }
            Value::Fault(fault) => Err(fault.reason.clone()),
        }
    }

    /// The kind of a value's numbers.
    pub fn kind(&self, value: &Value) -> Kind {
        match value {
            Value::Constant(tensor, _) => tensor.kind(),
            Value::Computed(value) | Value::ChannelsLast(value) => self.drafted(*value).1,
            Value::Sizes(_) | Value::Fault(_) => Kind::Int64,
        }
    }

    /// The shape and the kind of a value of the draft, which here has both.
    pub fn drafted(&self, value: usize) -> Shaped {
        let value = &self.draft.values[value];
        (value.shape.clone().unwrap_or_default(), value.kind.unwrap_or(Kind::Float))
    }

    /// The operator that makes a value of the draft, and from what.
    pub fn maker(&self, value: usize) -> Option<(&Op, &[usize])> {
        match self.draft.values[value].source {
            draft::Source::Call(call) => {
                let call = &self.draft.calls[call];
                call.op.as_ref().ok().map(|op| (op, call.inputs.as_slice()))
            }
            _ => None,
        }
    }

    /// What an operator returns: a constant, where all that it is given is constant.
    pub fn emit(&mut self, op: impl Into<Op>, inputs: &[Value]) -> Result<Value, String> {
        let op = op.into();
        let mut shapes = Vec::with_capacity(inputs.len());
        for input in inputs {
            shapes.push((self.shape(input)?, self.kind(input)));
        }
        let shaped = shape::result(&op, &shapes)?;
        self.emit_as(op, inputs, shaped)
    }

    /// The same for an operator of ATen without a form of its own, whose result is of this shape: an expression over `a0`,
    /// `a1`…
    pub fn emit_aten(
        &mut self,
        name: &'static str,
        expression: &str,
        inputs: &[Value],
        sizes: Vec<Size>,
        shaped: Shaped,
    ) -> Result<Value, String> {
        let op = Aten::new(name, format!("    return {expression}"), inputs.len(), sizes, false)?;
        self.emit_as(op.into(), inputs, shaped)
    }

    fn emit_as(&mut self, op: Op, inputs: &[Value], (shape, kind): Shaped) -> Result<Value, String> {
        let constants = inputs.iter().map(Value::constant).collect::<Result<Option<Vec<_>>, _>>();
        // Numbers out of nothing may depend on open sizes.
        let open = matches!(&op, Op::Creation(Creation::Full { value: Number::Integer(size), .. }) if size.fixed().is_none());
        if let (Ok(Some(constants)), false) = (constants, open) {
            let fixed: Option<Vec<i64>> = shape.iter().map(Size::fixed).collect();
            if let Some(fixed) = fixed {
                return self.fold(&op, &constants, &fixed);
            }
        }
        let mut ids = Vec::with_capacity(inputs.len());
        for (role, input) in inputs.iter().enumerate() {
            ids.push(self.plain(input, role_of(&op, role))?);
        }
        let call = Ok(Operator { op, inputs: ids });
        Ok(Value::Computed(self.draft.call(call, (Some(shape), Some(kind)), &self.place)))
    }

    fn fold(&mut self, op: &Op, inputs: &[Rc<Tensor>], shape: &[i64]) -> Result<Value, String> {
        let count = shape.iter().try_fold(1_i64, |count, size| count.checked_mul(*size));
        let count = count.filter(|count| (0..=MOST_FOLDED).contains(count));
        self.folded = self.folded.saturating_add(count.unwrap_or(i64::MAX));
        if count.is_none() || self.folded > MOST_FOLDED_IN_ALL {
            return Err(format!(
                "it would make a constant of shape {shape:?}, too large for one that is computed"
            ));
        }
        let inputs: Vec<&Tensor> = inputs.iter().map(AsRef::as_ref).collect();
        op.fold(&inputs).map(Value::of).map_err(|error| error.to_string())
    }

    /// The value of the draft for a value as the file has it. A constant becomes a parameter, called for its role.
    pub fn plain(&mut self, value: &Value, role: &str) -> Result<usize, String> {
        match value {
            Value::Computed(value) => Ok(*value),
            Value::ChannelsLast(value) => {
                if let Some(known) = self.laid_out.get(value) {
                    return Ok(*known);
                }
                let id = *value;
                let laid_out =
                    self.emit(Layout::Permute { dims: TO_LAST.to_vec() }, &[Value::Computed(id)])?;
                let laid_out = self.plain(&laid_out, role)?;
                self.laid_out.insert(id, laid_out);
                Ok(laid_out)
            }
            Value::Constant(tensor, name) => Ok(self.realise(tensor, name.as_deref(), role)),
            Value::Sizes(sizes) => {
                let [size] = &sizes.sizes[..] else {
                    return Err("it makes numbers of several sizes that the file leaves open".to_owned());
                };
                let shape = if sizes.single { Vec::new() } else { vec![Size::Fixed(1)] };
                let value = Number::Integer(size.clone());
                let number = self.emit(Creation::Full { shape, value, kind: Kind::Int64 }, &[])?;
                self.plain(&number, role)
            }
            Value::Fault(fault) => Err(fault.reason.clone()),
        }
    }

    fn realise(&mut self, tensor: &Rc<Tensor>, name: Option<&str>, role: &str) -> usize {
        // The tensor is kept, so no other takes its place.
        if let Some(known) = self.realised.get(&Rc::as_ptr(tensor)) {
            return *known;
        }
        // Names that PyTorch's exporter made up itself say nothing.
        let invented = |name: &str| self.pytorch && (name.starts_with("onnx::") || name.starts_with('/'));
        let name = name.filter(|name| !name.is_empty() && !invented(name)).map(str::to_owned);
        let name = name.unwrap_or_else(|| match self.place.module.as_str() {
            "" => format!("{}.{role}", self.place.target.to_lowercase()),
            module => format!("{module}.{role}"),
        });
        let trained = tensor.kind() == Kind::Float && tensor.numel() > 1 && !role.starts_with("running");
        let shape = tensor.size().into_iter().map(Size::Fixed).collect();
        let source = draft::Source::Weight { name, trainable: trained };
        let value = self.draft.value(source, Some(shape), Some(tensor.kind()));
        self.weights.insert(value, Rc::clone(tensor));
        self.realised.insert(Rc::as_ptr(tensor), value);
        value
    }

    /// The constant behind a value of the draft.
    pub fn weight(&self, value: usize) -> Option<&Rc<Tensor>> {
        self.weights.get(&value)
    }

    /// What an operator returns that treats every number alike, wherever it stands: channels that are last stay where the draft
    /// has them.
    pub fn emit_each(&mut self, op: impl Into<Op>, inputs: &[Value]) -> Result<Value, String> {
        let (inputs, last) = self.aligned(inputs)?;
        let found = self.emit(op, &inputs)?;
        Ok(placed(found, last))
    }

    /// Values that go together number by number, all with their channels second where one of them has them last; and whether
    /// that is so.
    pub fn aligned(&mut self, inputs: &[Value]) -> Result<(Vec<Value>, bool), String> {
        let last = inputs.iter().any(|input| matches!(input, Value::ChannelsLast(_)));
        let movable = |input: &Value| match input {
            Value::Computed(value) => self.drafted(*value).0.len() == 4,
            Value::Constant(tensor, _) => tensor.dim() <= 4,
            Value::ChannelsLast(_) => true,
            Value::Sizes(_) | Value::Fault(_) => false,
        };
        if !last || !inputs.iter().all(movable) {
            return Ok((inputs.to_vec(), false));
        }
        let mut moved = Vec::with_capacity(inputs.len());
        for input in inputs {
            moved.push(match input {
                Value::ChannelsLast(value) => Value::Computed(*value),
                Value::Constant(tensor, name) if tensor.numel() > 1 => {
                    let mut shape = vec![1; 4 - tensor.dim()];
                    shape.extend(tensor.size());
                    let first =
                        tensor.f_reshape(shape).and_then(|all| all.f_permute(TO_FIRST)?.f_contiguous());
                    Value::Constant(Rc::new(first.map_err(|error| error.to_string())?), name.clone())
                }
                Value::Computed(_) => {
                    self.emit(Layout::Permute { dims: TO_FIRST.to_vec() }, std::slice::from_ref(input))?
                }
                other => other.clone(),
            });
        }
        Ok((moved, true))
    }
}

/// A value whose channels the file has last, if they are.
pub(super) fn placed(value: Value, last: bool) -> Value {
    match value {
        Value::Computed(value) if last => Value::ChannelsLast(value),
        other => other,
    }
}

/// What a constant is to the operator that reads it.
fn role_of(op: &Op, place: usize) -> &'static str {
    match (op, place) {
        (
            Op::Conv2d { .. }
            | Op::Linear
            | Op::BatchNorm { .. }
            | Op::LayerNorm { .. }
            | Op::GroupNorm { .. },
            1,
        ) => "weight",
        (
            Op::Conv2d { .. }
            | Op::Linear
            | Op::BatchNorm { .. }
            | Op::LayerNorm { .. }
            | Op::GroupNorm { .. },
            2,
        ) => "bias",
        (Op::BatchNorm { .. }, 3) => "running_mean",
        (Op::BatchNorm { .. }, 4) => "running_var",
        _ => "constant",
    }
}

fn shown(node: &proto::Node) -> &str {
    if node.name.is_empty() { &node.op_type } else { &node.name }
}
