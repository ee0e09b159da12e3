//! The parts of an archive's JSON that are needed. Fields that are not declared here are ignored.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// `models/model.json`.
#[derive(Debug, Deserialize)]
pub(super) struct ExportedProgram {
    pub graph_module: GraphModule,
    pub schema_version: SchemaVersion,
}

#[derive(Debug, Deserialize)]
pub(super) struct SchemaVersion {
    pub major: i64,
    pub minor: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct GraphModule {
    pub graph: Calls,
    pub signature: Signature,
}

/// The calls, and what is known about the values that they pass on.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Calls {
    pub inputs: Vec<Argument>,
    pub outputs: Vec<Argument>,
    pub nodes: Vec<CallNode>,
    pub tensor_values: BTreeMap<String, TensorMeta>,
    #[serde(default)]
    pub sym_int_values: BTreeMap<String, Extent>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CallNode {
    pub target: String,
    pub inputs: Vec<NamedArgument>,
    pub outputs: Vec<Argument>,
    #[serde(default)]
    pub metadata: Metadata,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    pub nn_module_stack: String,
    #[serde(default)]
    pub stack_trace: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct NamedArgument {
    pub name: String,
    pub arg: Argument,
}

#[derive(Debug, Deserialize)]
pub(super) struct Signature {
    pub input_specs: Vec<InputSpec>,
    pub output_specs: Vec<OutputSpec>,
}

/// The kind of an input of the graph; in the archive it is an object with one key.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum InputSpec {
    Parameter { arg: Name, parameter_name: String },
    Buffer { arg: Name, buffer_name: String },
    TensorConstant { arg: Name, tensor_constant_name: String },
    UserInput { arg: Argument },
    ConstantInput(IgnoredAny),
    CustomObj(IgnoredAny),
    Token(IgnoredAny),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OutputSpec {
    UserOutput { arg: Argument },
    LossOutput(IgnoredAny),
    BufferMutation(IgnoredAny),
    ParameterMutation(IgnoredAny),
    GradientToParameter(IgnoredAny),
    GradientToUserInput(IgnoredAny),
    UserInputMutation(IgnoredAny),
    Token(IgnoredAny),
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Name {
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct TensorMeta {
    pub dtype: i64,
    pub sizes: Vec<Extent>,
    #[serde(default)]
    pub strides: Vec<Extent>,
    pub storage_offset: Option<Extent>,
    pub layout: i64,
}

/// A size: a number, or an expression in the notation of sympy's `srepr`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Extent {
    AsInt(i64),
    AsExpr { expr_str: String },
}

/// `data/weights/model_weights_config.json`, and the same for constants.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PayloadConfig {
    pub config: BTreeMap<String, Payload>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    pub path_name: String,
    #[serde(default)]
    pub is_param: bool,
    #[serde(default)]
    pub use_pickle: bool,
    pub tensor_meta: Option<TensorMeta>,
}

/// An argument or a result of a call; in the archive it is an object with one key.
#[derive(Debug, Clone)]
pub(super) enum Argument {
    None,
    Tensor(String),
    Tensors(Vec<String>),
    OptionalTensors(Vec<Option<String>>),
    Int(Symbolic),
    Ints(Vec<Symbolic>),
    Float(f64),
    Floats(Vec<f64>),
    Bool(bool),
    Text(String),
    Kind(i64),
    /// The calls of a region, which runs in a mode of its own.
    Graph(Box<Calls>),
    /// An argument of a kind that is not read.
    Other,
}

impl Argument {
    /// The tensors that it names.
    pub fn names(&self) -> Vec<&String> {
        match self {
            Argument::Tensor(name) => vec![name],
            Argument::Tensors(names) => names.iter().collect(),
            Argument::OptionalTensors(names) => names.iter().flatten().collect(),
            _ => Vec::new(),
        }
    }
}

/// An integer, or the name of one that is known only when the graph runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Symbolic {
    AsInt(i64),
    AsName(String),
}

/// A subprogram that is given as an argument.
#[derive(Deserialize)]
struct Region {
    graph: Calls,
}

/// A tensor's name, or nothing.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum MaybeTensor {
    AsTensor(Name),
    AsNone(IgnoredAny),
}

/// A float. JSON has no infinity, so the archive stores it as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Float {
    Number(f64),
    Text(String),
}

impl Float {
    fn value<E: serde::de::Error>(self) -> Result<f64, E> {
        match self {
            Float::Number(number) => Ok(number),
            Float::Text(text) => text.parse().map_err(|_| E::custom(format!("'{text}' is not a number"))),
        }
    }
}

impl<'de> Deserialize<'de> for Argument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ArgumentVisitor)
    }
}

struct ArgumentVisitor;

impl<'de> Visitor<'de> for ArgumentVisitor {
    type Value = Argument;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an argument, an object with one key")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Argument, A::Error> {
        use serde::de::Error;
        let key: String = map.next_key()?.ok_or_else(|| Error::custom("an argument without a value"))?;
        let names = |names: Vec<Name>| names.into_iter().map(|name| name.name).collect();
        let maybe = |tensor| match tensor {
            MaybeTensor::AsTensor(name) => Some(name.name),
            MaybeTensor::AsNone(_) => None,
        };
        let argument = match key.as_str() {
            "as_none" => map.next_value::<IgnoredAny>().map(|_| Argument::None)?,
            "as_tensor" => Argument::Tensor(map.next_value::<Name>()?.name),
            "as_tensors" => Argument::Tensors(names(map.next_value()?)),
            "as_optional_tensors" => {
                Argument::OptionalTensors(map.next_value::<Vec<_>>()?.into_iter().map(maybe).collect())
            }
            "as_int" => Argument::Int(Symbolic::AsInt(map.next_value()?)),
            "as_sym_int" => Argument::Int(map.next_value()?),
            "as_ints" => {
                Argument::Ints(map.next_value::<Vec<_>>()?.into_iter().map(Symbolic::AsInt).collect())
            }
            "as_sym_ints" => Argument::Ints(map.next_value()?),
            "as_float" => Argument::Float(map.next_value::<Float>()?.value()?),
            "as_floats" => Argument::Floats(
                map.next_value::<Vec<Float>>()?.into_iter().map(Float::value).collect::<Result<_, _>>()?,
            ),
            "as_bool" => Argument::Bool(map.next_value()?),
            "as_string" => Argument::Text(map.next_value()?),
            "as_scalar_type" => Argument::Kind(map.next_value()?),
            "as_graph" => Argument::Graph(Box::new(map.next_value::<Region>()?.graph)),
            _ => {
                map.next_value::<IgnoredAny>()?;
                Argument::Other
            }
        };
        match map.next_key::<IgnoredAny>()? {
            None => Ok(argument),
            Some(_) => Err(Error::custom("an argument of two kinds")),
        }
    }
}
