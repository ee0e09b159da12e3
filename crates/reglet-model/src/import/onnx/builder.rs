//! What operators are read with: the draft that they add calls to, and the constants, which are computed at once.

use std::collections::HashMap;
use std::rc::Rc;

use tch::{Kind, Tensor};

use super::file::Source;
use super::shape::{self, Shaped};
use super::value::Value;
use super::{proto, tensors};
use crate::graph::{Aten, Creation, Layout, Number, Op, Size};
use crate::import::draft::{self, Draft, Place};
use crate::import::operators::Operator;

/// Numbers of the largest constant that is computed.
const MOST_FOLDED: i64 = 1 << 27;

/// Numbers of all constants that are computed: a file of a few bytes cannot make us work for long or fill the memory.
const MOST_FOLDED_IN_ALL: i64 = 1 << 28;

/// The order of dimensions that makes `[N, h, w, C]` of `[N, C, h, w]`.
pub(super) const TO_LAST: [i64; 4] = [0, 2, 3, 1];

/// The order of dimensions that makes `[N, C, h, w]` of `[N, h, w, C]`.
pub(super) const TO_FIRST: [i64; 4] = [0, 3, 1, 2];

/// Adds calls to a draft.
pub(super) struct Builder {
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
    /// Where the call is made that is read.
    pub place: Place,
    pytorch: bool,
    realised: HashMap<*const Tensor, usize>,
    laid_out: HashMap<usize, usize>,
    folded: i64,
    source: Source,
}

impl Builder {
    /// An empty one, for a file that the program of this name wrote.
    pub fn new(source: Source, producer: &str) -> Builder {
        Builder {
            draft: Draft::default(),
            symbols: Vec::new(),
            batch: Size::Symbol(0),
            fixed_batch: None,
            weights: HashMap::new(),
            place: Place::default(),
            pytorch: producer == "pytorch",
            realised: HashMap::new(),
            laid_out: HashMap::new(),
            folded: 0,
            source,
        }
    }

    /// The SHA-256 of all that was read.
    pub fn sha256(&self) -> Result<String, String> {
        self.source.sha256()
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
