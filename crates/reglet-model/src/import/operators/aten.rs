//! Operators that have no variant of their own here; they are called by libtorch's own schemas.

use std::collections::HashMap;
use std::sync::LazyLock;

use tch::Kind;

use super::{Operator, Results};
use crate::graph::{Aten, Number, Size};
use crate::import::call::Call;

/// The overloads that may be called, one per line (written by `tests/reference/make_operators.py`).
const OPERATORS: &str = include_str!("../../../data/operators.txt");

/// An overload's arguments and results.
struct Schema {
    name: &'static str,
    arguments: Vec<Parameter>,
    results: Returns,
    view: bool,
}

/// An argument of an overload.
struct Parameter {
    kind: &'static str,
    name: &'static str,
    /// Whether it can be omitted.
    default: bool,
    /// Whether it can be given by its name only.
    named: bool,
}

/// What an overload returns.
enum Returns {
    /// A tensor, or several.
    Tensors(usize),
    /// A list of tensors.
    List,
}

static SCHEMAS: LazyLock<HashMap<&'static str, Schema>> =
    LazyLock::new(|| OPERATORS.lines().filter_map(schema).collect());

fn schema(line: &'static str) -> Option<(&'static str, Schema)> {
    let (full, rest) = line.split_once('(')?;
    let (arguments, results) = rest.split_once(") -> ")?;
    let (results, view) = match results.strip_suffix(" (view)") {
        Some(results) => (results, true),
        None => (results, false),
    };
    let mut named = false;
    let mut all = Vec::new();
    for argument in arguments.split(", ").filter(|argument| !argument.is_empty()) {
        match argument.rsplit_once(' ') {
            Some((kind, name)) => {
                let (name, default) = name.strip_suffix('=').map_or((name, false), |name| (name, true));
                all.push(Parameter { kind, name, default, named });
            }
            None => named = true,
        }
    }
    let results = match results {
        "List[Tensor]" => Returns::List,
        tensors => Returns::Tensors(tensors.split(", ").count()),
    };
    let name = full.split('.').next()?;
    Some((full, Schema { name, arguments: all, results, view }))
}

/// The largest number of results in a list. The limit keeps an archive from filling the memory.
const MOST_RESULTS: usize = 1 << 12;

/// The operator of each result of a call, in the schema's order.
pub(super) fn read(call: &mut Call) -> Result<Option<Results>, String> {
    let Some(schema) = SCHEMAS.get(call.operator) else { return Ok(None) };
    let mut given = Given::default();
    let mut parts: Vec<String> = Vec::new();
    let mut by_name = false;
    for Parameter { kind, name, default, named } in &schema.arguments {
        by_name |= named;
        let text = given.text(call, kind, name)?;
        match text.or_else(|| (!default).then(|| "None".to_owned())) {
            // An omitted argument has its default, and the arguments after it are given by name.
            None => by_name = true,
            Some(text) if by_name => parts.push(format!("{name}={text}")),
            Some(text) => parts.push(text),
        }
    }
    let expression = format!("torch.{}({})", schema.name, parts.join(", "));
    let count = match schema.results {
        Returns::Tensors(count) => count,
        Returns::List => call.results(),
    };
    if count > MOST_RESULTS {
        return Err(format!("it has {count} results"));
    }
    let line = |index: usize| match schema.results {
        Returns::Tensors(1) => format!("    return {expression}"),
        Returns::Tensors(count) => {
            let all: Vec<String> = (0..count).map(|index| format!("r{index}")).collect();
            format!("    {} = {expression}\n    return r{index}", all.join(", "))
        }
        Returns::List => format!("    r = {expression}\n    return r[{index}]"),
    };
    let operator = |index: usize| {
        let op = Aten::new(schema.name, line(index), given.tensors.len(), given.sizes.clone(), schema.view)?;
        Ok(Operator { op: op.into(), inputs: given.tensors.clone() })
    };
    (0..count).map(operator).collect::<Result<Results, String>>().map(Some)
}

/// The inputs of a call that are not written in its line.
#[derive(Default)]
struct Given {
    tensors: Vec<usize>,
    sizes: Vec<Size>,
}

impl Given {
    /// The text of an argument; `None` if it is omitted or only specifies where a result is stored.
    fn text(&mut self, call: &mut Call, kind: &str, name: &str) -> Result<Option<String>, String> {
        if !call.has(name) {
            return Ok(None);
        }
        let kind = kind.strip_prefix("Optional[").and_then(|kind| kind.strip_suffix(']')).unwrap_or(kind);
        Ok(Some(match kind {
            _ if name == "pin_memory" => return Ok(passed_over(call, name)),
            "Device" | "Layout" | "MemoryFormat" => return Ok(passed_over(call, name)),
            // A number may be given in place of a tensor; libtorch finds the overload for it.
            "Tensor" if !call.is_tensor(name) => match call.number(name)? {
                Number::Integer(size) => self.size(size),
                Number::Float(value) => float(value),
            },
            "Tensor" => {
                let tensor = call.tensor(name)?;
                self.tensor(tensor)
            }
            "List[Tensor]" | "List[Tensor" => {
                let tensors = call.tensor_list(name)?.into_iter().flatten().collect::<Vec<_>>();
                list("Tensor", tensors.into_iter().map(|tensor| self.tensor(tensor)).collect())
            }
            "List[Optional[Tensor]]" => {
                let tensors = call.tensor_list(name)?;
                let each =
                    |tensor: Option<usize>| tensor.map_or("None".to_owned(), |tensor| self.tensor(tensor));
                let each: Vec<String> = tensors.into_iter().map(each).collect();
                format!("annotate(List[Optional[Tensor]], [{}])", each.join(", "))
            }
            "int" => match call.maybe_size(name)? {
                Some(size) => self.size(size),
                None => return Ok(None),
            },
            "List[int]" => {
                let sizes = call.sizes(name)?;
                list("int", sizes.into_iter().map(|size| self.size(size)).collect())
            }
            "float" => float(call.float(name, 0.0)?),
            "List[float]" => list("float", call.floats(name)?.into_iter().map(float).collect()),
            "bool" => if call.flag(name, false)? { "True" } else { "False" }.to_owned(),
            "number" => match call.number(name)? {
                Number::Integer(size) => self.size(size),
                Number::Float(value) => float(value),
            },
            "str" => {
                let text = call.text(name, "")?;
                let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-,>. ".contains(letter);
                match text.len() < 64 && text.chars().all(plain) {
                    true => format!("\"{text}\""),
                    false => return Err(format!("its argument '{name}' is not a word")),
                }
            }
            "dtype" | "ScalarType" => match call.maybe_kind(name)? {
                Some(kind) => number_of(kind)?.to_string(),
                None => return Ok(None),
            },
            _ => return Err(format!("its argument '{name}' has a type that is not supported")),
        }))
    }

    fn tensor(&mut self, tensor: usize) -> String {
        self.tensors.push(tensor);
        format!("a{}", self.tensors.len() - 1)
    }

    fn size(&mut self, size: Size) -> String {
        match size {
            Size::Fixed(size) => size.to_string(),
            open => {
                self.sizes.push(open);
                format!("n{}", self.sizes.len() - 1)
            }
        }
    }
}

/// The run decides where a result is stored.
fn passed_over(call: &mut Call, name: &str) -> Option<String> {
    call.pass_over(&[name]);
    None
}

fn list(of: &str, parts: Vec<String>) -> String {
    match parts.is_empty() {
        true => format!("annotate(List[{of}], [])"),
        false => format!("[{}]", parts.join(", ")),
    }
}

fn float(value: f64) -> String {
    // In the interpreter's notation.
    if value.is_nan() {
        "nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "inf" } else { "-inf" }.to_owned()
    } else {
        format!("{value:?}")
    }
}

/// The number of a kind in libtorch (`c10/core/ScalarType.h`).
fn number_of(kind: Kind) -> Result<i64, String> {
    Ok(match kind {
        Kind::Uint8 => 0,
        Kind::Int8 => 1,
        Kind::Int16 => 2,
        Kind::Int => 3,
        Kind::Int64 => 4,
        Kind::Float => 6,
        Kind::Bool => 11,
        other => return Err(format!("the data type {other:?} is not supported")),
    })
}
