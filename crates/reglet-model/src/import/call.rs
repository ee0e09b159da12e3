//! One call of an ATen operator, whose arguments are read by name and type.

use std::collections::HashMap;

use tch::Kind;

use super::schema::{Argument, NamedArgument, Symbolic};
use super::tensors::{in_graph, kind};
use crate::graph::{Layout, Number, Op, Size};

/// The largest kernel, stride, padding or dilation of a layer.
const LARGEST_STEP: i64 = 1 << 24;

/// The context of a call: the values and sizes to which its arguments may refer.
pub(super) trait Scope {
    /// The current value of a name.
    fn tensor(&mut self, name: &str) -> Result<usize, String>;
    /// The size that a name stands for.
    fn size(&self, name: &str) -> Result<Size, String>;
    /// The strides that a tensor had when the program was exported.
    fn strides(&self, name: &str) -> Option<&[Size]>;
    /// The declared shape of a value.
    fn shape(&self, value: usize) -> Option<&[Size]>;
    /// The kind of a value's numbers.
    fn kind(&self, value: usize) -> Option<Kind>;
    /// Adds an intermediate value that an operator computes for the call's result.
    fn between(&mut self, op: Op, inputs: Vec<usize>, shape: Option<Vec<Size>>, kind: Option<Kind>) -> usize;
}

/// A call whose arguments are read one by one. Every argument that is given must be read in the end; otherwise it is an
/// error, because silently ignoring an argument would give a wrong result.
pub(super) struct Call<'a> {
    /// The operator with its overload, without the namespace, and as the variant that is not in place: `add.Tensor`.
    pub operator: &'a str,
    first: &'a str,
    arguments: HashMap<&'a str, &'a Argument>,
    result: Option<Kind>,
    results: usize,
    scope: &'a mut dyn Scope,
}

impl<'a> Call<'a> {
    /// A call with this number of `results`, the first of which is declared to have the kind `result`.
    pub fn new(
        operator: &'a str,
        arguments: &'a [NamedArgument],
        result: Option<Kind>,
        results: usize,
        scope: &'a mut dyn Scope,
    ) -> Call<'a> {
        let first = arguments.first().map_or("", |argument| argument.name.as_str());
        let given = arguments.iter().filter(|argument| !matches!(argument.arg, Argument::None));
        let arguments = given.map(|argument| (argument.name.as_str(), &argument.arg)).collect();
        Call { operator, first, arguments, result, results, scope }
    }

    /// The first argument, which for most operators is the tensor they work on.
    pub fn input(&mut self) -> Result<usize, String> {
        self.tensor(self.first)
    }

    /// A tensor.
    pub fn tensor(&mut self, name: &str) -> Result<usize, String> {
        self.maybe_tensor(name)?.ok_or_else(|| format!("its argument '{name}' is missing"))
    }

    /// An optional tensor.
    pub fn maybe_tensor(&mut self, name: &str) -> Result<Option<usize>, String> {
        match self.arguments.remove(name) {
            None => Ok(None),
            Some(Argument::Tensor(tensor)) => self.scope.tensor(tensor).map(Some),
            Some(_) => Err(format!("its argument '{name}' is not a tensor")),
        }
    }

    /// Those of several optional tensors that are given; each may be omitted only together with all those after it.
    pub fn tensors_while_given(&mut self, names: &[&str]) -> Result<Vec<usize>, String> {
        let mut tensors = Vec::new();
        for (place, name) in names.iter().enumerate() {
            match self.maybe_tensor(name)? {
                Some(_) if tensors.len() < place => {
                    return Err(format!("its argument '{name}' is given without the argument before it"));
                }
                tensor => tensors.extend(tensor),
            }
        }
        Ok(tensors)
    }

    /// The strides that a tensor had when the program was exported.
    pub fn strides(&self, name: &str) -> Option<Vec<Size>> {
        match self.arguments.get(name) {
            Some(Argument::Tensor(tensor)) => self.scope.strides(tensor).map(<[Size]>::to_vec),
            _ => None,
        }
    }

    /// A list of tensors, some of which may be absent.
    pub fn tensor_list(&mut self, name: &str) -> Result<Vec<Option<usize>>, String> {
        let mut find = |tensor: &String| self.scope.tensor(tensor);
        match self.arguments.remove(name) {
            Some(Argument::Tensors(tensors)) => tensors.iter().map(|tensor| find(tensor).map(Some)).collect(),
            Some(Argument::OptionalTensors(tensors)) => {
                tensors.iter().map(|tensor| tensor.as_ref().map(&mut find).transpose()).collect()
            }
            _ => Err(format!("its argument '{name}' is not a list of tensors")),
        }
    }

    /// The declared shape of a tensor.
    pub fn shape(&self, value: usize) -> Result<&[Size], String> {
        self.scope.shape(value).ok_or_else(|| "the shape of an argument is unknown".to_owned())
    }

    /// The number of dimensions of a tensor.
    pub fn dims(&self, value: usize) -> Result<usize, String> {
        self.shape(value).map(<[Size]>::len)
    }

    /// The kind of a tensor's numbers.
    pub fn kind(&self, value: usize) -> Result<Kind, String> {
        self.scope.kind(value).ok_or_else(|| "the data type of an argument is unknown".to_owned())
    }

    /// The kind that the archive declares for the first result.
    pub fn result(&self) -> Result<Kind, String> {
        self.result.ok_or_else(|| "the data type of its result is unknown".to_owned())
    }

    /// The number of results of the call.
    pub fn results(&self) -> usize {
        self.results
    }

    /// Adds an intermediate value that an elementwise operator computes from `value`.
    pub fn between(&mut self, op: impl Into<Op>, value: usize, kind: Option<Kind>) -> usize {
        let shape = self.scope.shape(value).map(<[Size]>::to_vec);
        self.scope.between(op.into(), vec![value], shape, kind)
    }

    /// The value converted to a kind of numbers.
    pub fn converted(&mut self, value: usize, kind: Kind) -> Result<usize, String> {
        match self.kind(value)? == kind {
            true => Ok(value),
            false => Ok(self.between(Layout::To { kind }, value, Some(kind))),
        }
    }

    /// The first argument, converted to the kind that the argument `dtype` requests, if it is given.
    pub fn input_as_asked(&mut self) -> Result<usize, String> {
        let input = self.input()?;
        match self.maybe_kind("dtype")? {
            Some(kind) => self.converted(input, kind),
            None => Ok(input),
        }
    }

    /// Whether an argument is a tensor.
    pub fn is_tensor(&self, name: &str) -> bool {
        matches!(self.arguments.get(name), Some(Argument::Tensor(_)))
    }

    /// Whether an argument is given and true.
    pub fn is_true(&self, name: &str) -> bool {
        matches!(self.arguments.get(name), Some(Argument::Bool(true)))
    }

    /// Whether an argument is given as the number 0.
    pub fn is_zero(&self, name: &str) -> bool {
        match self.arguments.get(name) {
            Some(Argument::Float(number)) => *number == 0.0,
            Some(Argument::Int(Symbolic::AsInt(number))) => *number == 0,
            _ => false,
        }
    }

    /// Whether an argument is given.
    pub fn has(&self, name: &str) -> bool {
        self.arguments.contains_key(name)
    }

    /// An optional integer or size.
    pub fn maybe_size(&mut self, name: &str) -> Result<Option<Size>, String> {
        match self.arguments.remove(name) {
            None => Ok(None),
            Some(Argument::Int(size)) => self.size_of(size).map(Some),
            Some(_) => Err(format!("its argument '{name}' is not an integer")),
        }
    }

    /// A list of sizes.
    pub fn sizes(&mut self, name: &str) -> Result<Vec<Size>, String> {
        match self.arguments.remove(name) {
            Some(Argument::Ints(sizes)) => sizes.iter().map(|size| self.size_of(size)).collect(),
            Some(Argument::Tensors(none)) if none.is_empty() => Ok(Vec::new()),
            _ => Err(format!("its argument '{name}' is not a list of integers")),
        }
    }

    /// An optional integer.
    pub fn maybe_int(&mut self, name: &str) -> Result<Option<i64>, String> {
        self.maybe_size(name)?.map(|size| fixed(name, &size)).transpose()
    }

    /// An integer.
    pub fn int(&mut self, name: &str) -> Result<i64, String> {
        self.maybe_int(name)?.ok_or_else(|| format!("its argument '{name}' is missing"))
    }

    /// An optional list of integers.
    pub fn maybe_ints(&mut self, name: &str) -> Result<Option<Vec<i64>>, String> {
        if !self.has(name) {
            return Ok(None);
        }
        self.sizes(name)?.iter().map(|size| fixed(name, size)).collect::<Result<_, _>>().map(Some)
    }

    /// A list of integers.
    pub fn ints(&mut self, name: &str) -> Result<Vec<i64>, String> {
        self.maybe_ints(name)?.ok_or_else(|| format!("its argument '{name}' is missing"))
    }

    /// Two integers for height and width, or one for both; `default` if none is given.
    pub fn pair(&mut self, name: &str, default: [i64; 2]) -> Result<[i64; 2], String> {
        let pair = match self.maybe_ints(name)?.as_deref() {
            None | Some([]) => default,
            Some([both]) => [*both; 2],
            Some([height, width]) => [*height, *width],
            Some(_) => return Err(format!("its argument '{name}' is for more than height and width")),
        };
        // No layer has such steps, and the positions they reach could not be computed without overflow.
        match pair.iter().all(|size| (0..=LARGEST_STEP).contains(size)) {
            true => Ok(pair),
            false => Err(format!("its argument '{name}' is {pair:?}, but may be at most {LARGEST_STEP}")),
        }
    }

    /// An optional floating-point number.
    pub fn maybe_float(&mut self, name: &str) -> Result<Option<f64>, String> {
        match self.arguments.remove(name) {
            None => Ok(None),
            Some(Argument::Float(value)) => Ok(Some(*value)),
            Some(Argument::Int(Symbolic::AsInt(value))) => Ok(Some(*value as f64)),
            Some(_) => Err(format!("its argument '{name}' is not a number")),
        }
    }

    /// A floating-point number.
    pub fn float(&mut self, name: &str, default: f64) -> Result<f64, String> {
        Ok(self.maybe_float(name)?.unwrap_or(default))
    }

    /// A list of floating-point numbers.
    pub fn floats(&mut self, name: &str) -> Result<Vec<f64>, String> {
        match self.arguments.remove(name) {
            Some(Argument::Floats(numbers)) => Ok(numbers.clone()),
            Some(Argument::Ints(sizes)) => {
                let fixed = |size| self.size_of(size).and_then(|size| fixed(name, &size));
                sizes.iter().map(|size| fixed(size).map(|number| number as f64)).collect()
            }
            Some(Argument::Tensors(none)) if none.is_empty() => Ok(Vec::new()),
            _ => Err(format!("its argument '{name}' is not a list of numbers")),
        }
    }

    /// A number that keeps its kind.
    pub fn maybe_number(&mut self, name: &str) -> Result<Option<Number>, String> {
        match self.arguments.get(name) {
            Some(Argument::Float(value)) => {
                self.arguments.remove(name);
                Ok(Some(Number::Float(*value)))
            }
            Some(Argument::Bool(value)) => {
                self.arguments.remove(name);
                Ok(Some(Number::Integer(Size::Fixed(i64::from(*value)))))
            }
            _ => Ok(self.maybe_size(name)?.map(Number::Integer)),
        }
    }

    /// A number that keeps its kind.
    pub fn number(&mut self, name: &str) -> Result<Number, String> {
        self.maybe_number(name)?.ok_or_else(|| format!("its argument '{name}' is missing"))
    }

    /// A truth value.
    pub fn flag(&mut self, name: &str, default: bool) -> Result<bool, String> {
        match self.arguments.remove(name) {
            None => Ok(default),
            Some(Argument::Bool(value)) => Ok(*value),
            Some(_) => Err(format!("its argument '{name}' is neither true nor false")),
        }
    }

    /// A text.
    pub fn text(&mut self, name: &str, default: &str) -> Result<String, String> {
        match self.arguments.remove(name) {
            None => Ok(default.to_owned()),
            Some(Argument::Text(text)) => Ok(text.clone()),
            Some(_) => Err(format!("its argument '{name}' is not a text")),
        }
    }

    /// A kind of numbers, as the graph computes with it.
    pub fn maybe_kind(&mut self, name: &str) -> Result<Option<Kind>, String> {
        match self.arguments.remove(name) {
            None => Ok(None),
            Some(Argument::Kind(number)) => {
                let known = kind(*number).map(in_graph);
                known
                    .map(Some)
                    .ok_or_else(|| format!("its argument '{name}' is an unknown data type ({number})"))
            }
            Some(_) => Err(format!("its argument '{name}' is not a data type")),
        }
    }

    /// Marks arguments as read that do not affect the result.
    pub fn pass_over(&mut self, names: &[&str]) {
        self.arguments.retain(|name, _| !names.contains(name));
    }

    /// Ends the reading.
    pub fn finish(self) -> Result<(), String> {
        match self.arguments.keys().min() {
            None => Ok(()),
            Some(name) => Err(format!("its argument '{name}' is not supported")),
        }
    }

    fn size_of(&self, size: &Symbolic) -> Result<Size, String> {
        match size {
            Symbolic::AsInt(size) => Ok(Size::Fixed(*size)),
            Symbolic::AsName(name) => self.scope.size(name),
        }
    }
}

fn fixed(name: &str, size: &Size) -> Result<i64, String> {
    size.fixed().ok_or_else(|| format!("its argument '{name}' depends on the input's size"))
}
