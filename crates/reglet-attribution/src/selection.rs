//! A selected method with its parameters, as configs and the command line name it.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::registry::{entries, entry, unknown, unnamed};
use crate::{AttributionError, AttributionMethod, NamedMethod};

/// The keys by which a table of parameters names the method itself.
const NAME: &str = "name";
const LABEL: &str = "label";

/// A method with its parameters, and possibly a label that distinguishes it from the same method with other parameters.
///
/// As a value in a config, it is a table with the key `name`, optionally `label`, and the parameters:
/// `{ name = "integrated_gradients", steps = 100 }`.
#[derive(Clone)]
pub struct Method {
    label: Option<Arc<str>>,
    method: Arc<dyn Selected>,
}

/// A [`NamedMethod`] of any type.
trait Selected: AttributionMethod + Any {
    fn name(&self) -> &'static str;
    fn parameters(&self) -> Value;
    fn with(&self, parameters: Value) -> Result<Arc<dyn Selected>, serde_json::Error>;
    fn equals(&self, other: &dyn Selected) -> bool;
}

impl<M: NamedMethod> Selected for M {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn parameters(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn with(&self, parameters: Value) -> Result<Arc<dyn Selected>, serde_json::Error> {
        Ok(Arc::new(serde_json::from_value::<M>(parameters)?))
    }

    fn equals(&self, other: &dyn Selected) -> bool {
        (other as &dyn Any).downcast_ref::<M>().is_some_and(|other| self == other)
    }
}

impl<M: NamedMethod> From<M> for Method {
    fn from(method: M) -> Method {
        Method::new(method)
    }
}

impl PartialEq for Method {
    fn eq(&self, other: &Method) -> bool {
        self.label == other.label && self.method.equals(other.method.as_ref())
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(label) = &self.label {
            write!(f, "{label} = ")?;
        }
        self.method.fmt(f)
    }
}

/// `NAME`, or `LABEL=NAME`, with default parameters.
impl FromStr for Method {
    type Err = AttributionError;

    fn from_str(text: &str) -> Result<Method, AttributionError> {
        match text.split_once('=') {
            None => Method::named(text.trim()),
            Some((label, name)) => Method::named(name.trim())?.labelled(label.trim()),
        }
    }
}

impl Method {
    /// A method with its parameters. It need not be registered; only methods that are read from a config must be.
    pub fn new<M: NamedMethod>(method: M) -> Method {
        Method { label: None, method: Arc::new(method) }
    }

    /// The same method with a label, by which results and files name it, so that the same method with other parameters can
    /// stand beside it. The method's own name as a label removes the label.
    ///
    /// # Errors
    /// [`AttributionError::Name`] if the label is not made of 1 to 64 letters, digits, `_` and `-`, or is another method's name.
    pub fn labelled(self, label: &str) -> Result<Method, AttributionError> {
        if label == self.method.name() {
            return Ok(Method { label: None, ..self });
        }
        let refused =
            |reason: &str| Err(AttributionError::Name { name: label.to_owned(), reason: reason.to_owned() });
        let permitted = |letter: char| letter.is_ascii_alphanumeric() || ['_', '-'].contains(&letter);
        if !(1..=64).contains(&label.len()) || !label.chars().all(permitted) {
            return refused("a label consists of 1 to 64 letters, digits, underscores and hyphens");
        }
        if entry(label).is_some() {
            return refused("another method has this name");
        }
        Ok(Method { label: Some(label.into()), ..self })
    }

    /// The name in configs, results and file names: the label, or the method's own name if it has none.
    pub fn name(&self) -> &str {
        self.label.as_deref().unwrap_or(self.method.name())
    }

    /// The display name, with the label if there is one.
    pub fn title(&self) -> String {
        let title = self.get().about().title;
        match &self.label {
            None => title.to_owned(),
            Some(label) => format!("{title} ({label})"),
        }
    }

    /// The method itself.
    pub fn get(&self) -> &dyn AttributionMethod {
        self.method.as_ref()
    }

    /// The method itself, if it is of this type.
    pub fn downcast<M: NamedMethod>(&self) -> Option<&M> {
        (self.method.as_ref() as &dyn Any).downcast_ref()
    }

    /// Whether the method is of this type.
    pub fn is<M: NamedMethod>(&self) -> bool {
        self.downcast::<M>().is_some()
    }

    /// The parameters by name.
    pub fn parameters(&self) -> Map<String, Value> {
        match self.method.parameters() {
            Value::Object(parameters) => parameters,
            _ => Map::new(),
        }
    }

    /// Whether it has the parameter, which may be dotted, for a parameter within a parameter.
    pub fn has(&self, parameter: &str) -> bool {
        self.method.parameters().pointer(&pointer(parameter)).is_some()
    }

    /// The same method with one parameter changed. The parameter may be dotted, for a parameter within a parameter:
    /// `baseline.noise.seed`. Whether the value is in its range is checked by [`check`](AttributionMethod::check).
    ///
    /// # Errors
    /// [`AttributionError::UnknownParameter`]; [`AttributionError::Value`] if the value is not of the parameter's type.
    pub fn with(&self, parameter: &str, value: Value) -> Result<Method, AttributionError> {
        let mut parameters = self.method.parameters();
        let Some(place) = parameters.pointer_mut(&pointer(parameter)) else {
            return Err(self.has_no(parameter));
        };
        *place = value;
        let method = self.method.with(parameters).map_err(|error| AttributionError::Value {
            method: self.name().to_owned(),
            parameter: parameter.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Method { label: self.label.clone(), method })
    }

    fn has_no(&self, parameter: &str) -> AttributionError {
        AttributionError::UnknownParameter {
            method: self.name().to_owned(),
            parameter: parameter.to_owned(),
            known: self.parameters().keys().cloned().collect(),
        }
    }
}

/// A dotted parameter as a JSON pointer.
fn pointer(parameter: &str) -> String {
    format!("/{}", parameter.replace('.', "/"))
}

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(NAME, self.method.name())?;
        if let Some(label) = &self.label {
            map.serialize_entry(LABEL, label.as_ref())?;
        }
        for (parameter, value) in self.parameters() {
            map.serialize_entry(&parameter, &value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Method, D::Error> {
        Parameters { key: None }.deserialize(deserializer)
    }
}

/// Reads the table of one method: its parameters, `name`, and either `label` or the `key` of the table.
struct Parameters {
    key: Option<String>,
}

impl<'de> DeserializeSeed<'de> for Parameters {
    type Value = Method;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Method, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Parameters {
    type Value = Method;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table with a method's parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Method, A::Error> {
        let named = |name: &str| {
            let found = entry(name).map(|entry| (entry.default)()).ok_or_else(|| unknown(name));
            found.map_err(A::Error::custom)
        };
        let labelled = |method: Method, label: &str| method.labelled(label).map_err(A::Error::custom);
        let mut method = self.key.as_deref().and_then(|key| named(key).ok());
        let (mut label, mut waiting) = (self.key.clone(), Vec::new());
        while let Some(parameter) = map.next_key::<String>()? {
            if parameter == NAME {
                let given = named(&map.next_value::<String>()?)?;
                match &method {
                    // The key has said so already.
                    Some(known) if known.method.name() == given.method.name() => {}
                    Some(_) if self.key.is_none() => return Err(A::Error::duplicate_field(NAME)),
                    _ => method = Some(given),
                }
            } else if parameter == LABEL && self.key.is_none() {
                label = Some(map.next_value()?);
            } else if let Some(known) = &mut method {
                if let Some(label) = &label {
                    *known = labelled(known.clone(), label)?;
                }
                // Read in its place, so that the format can say where a wrong value is.
                *known = map.next_value_seed(Parameter { method: known, parameter: &parameter })?;
            } else {
                waiting.push((parameter, map.next_value::<Value>()?));
            }
        }
        let mut method = method.ok_or_else(|| match &self.key {
            Some(key) => A::Error::custom(unnamed(key)),
            None => A::Error::missing_field(NAME),
        })?;
        if let Some(label) = &label {
            method = labelled(method, label)?;
        }
        for (parameter, value) in waiting {
            method =
                Parameter { method: &method, parameter: &parameter }.set(value).map_err(A::Error::custom)?;
        }
        Ok(method)
    }
}

/// Reads one parameter of a method.
struct Parameter<'a> {
    method: &'a Method,
    parameter: &'a str,
}

impl Parameter<'_> {
    fn set(&self, value: Value) -> Result<Method, AttributionError> {
        // In a table, a dot is not a separator.
        if self.parameter.contains('.') {
            return Err(self.method.has_no(self.parameter));
        }
        self.method.with(self.parameter, value)
    }
}

impl<'de> DeserializeSeed<'de> for Parameter<'_> {
    type Value = Method;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Method, D::Error> {
        let value = Value::deserialize(deserializer)?;
        self.set(value).map_err(D::Error::custom)
    }
}

impl JsonSchema for Method {
    fn schema_name() -> Cow<'static, str> {
        "Method".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = |entry: crate::registry::Entry| {
            let mut schema = (entry.schema)(generator);
            let named = json_schema!({ "type": "string", "const": entry.name });
            property(&mut schema, NAME, named);
            property(&mut schema, LABEL, json_schema!({ "type": "string" }));
            schema.insert("required".to_owned(), [NAME].into());
            schema
        };
        let every: Vec<Schema> = entries().into_iter().map(one).collect();
        json_schema!({
            "description": "A method with its parameters, and a label if the same method is used several times.",
            "oneOf": every,
        })
    }
}

/// Adds a property to the schema of an object.
fn property(schema: &mut Schema, key: &str, value: Schema) {
    let object = schema.ensure_object();
    let properties = object.entry("properties").or_insert_with(|| Map::new().into());
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(key.to_owned(), value.into());
    }
}

/// A choice of methods, each with its parameters: the table `[methods]` of a config. Methods that are not listed are not used.
///
/// The key of each is the method's name. To use a method more than once, choose other keys, as labels, and give its name:
///
/// ```
/// use reglet_attribution::{IntegratedGradients, Methods};
///
/// let methods: Methods = serde_json::from_str(
///     r#"{ "saliency": {}, "coarse": { "name": "integrated_gradients", "steps": 5 }, "integrated_gradients": {} }"#,
/// )?;
/// let chosen = methods.chosen();
/// assert_eq!(chosen.iter().map(|method| method.name()).collect::<Vec<_>>(), ["saliency", "coarse", "integrated_gradients"]);
/// assert_eq!(chosen[1].downcast::<IntegratedGradients>().map(|method| method.steps), Some(5));
/// assert_eq!(chosen[1].title(), "Integrated Gradients (coarse)");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Methods(Vec<Method>);

impl Methods {
    /// The methods that were chosen, in the order of [`Method::names`]; those of one name, by label.
    pub fn chosen(self) -> Vec<Method> {
        self.0
    }
}

impl FromIterator<Method> for Methods {
    fn from_iter<T: IntoIterator<Item = Method>>(methods: T) -> Methods {
        let mut chosen: Vec<Method> = methods.into_iter().collect();
        let names = Method::names();
        let place = |method: &Method| names.iter().position(|name| *name == method.method.name());
        chosen.sort_by(|a, b| (place(a), a.name()).cmp(&(place(b), b.name())));
        Methods(chosen)
    }
}

impl Serialize for Methods {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for method in &self.0 {
            let mut parameters = method.parameters();
            if method.label.is_some() {
                parameters.insert(NAME.to_owned(), method.method.name().into());
            }
            map.serialize_entry(method.name(), &without_nulls(parameters))?;
        }
        map.end()
    }
}

/// Parameters without those that have no value, for which TOML has no word.
fn without_nulls(mut parameters: Map<String, Value>) -> Map<String, Value> {
    parameters.retain(|_, value| !value.is_null());
    parameters
}

impl<'de> Deserialize<'de> for Methods {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Methods, D::Error> {
        deserializer.deserialize_map(Tables)
    }
}

struct Tables;

impl<'de> Visitor<'de> for Tables {
    type Value = Methods;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of methods")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Methods, A::Error> {
        let mut methods: Vec<Method> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let method = map.next_value_seed(Parameters { key: Some(key.clone()) })?;
            if methods.iter().any(|other| other.name() == method.name()) {
                return Err(A::Error::custom(format!("the method '{key}' is given twice")));
            }
            methods.push(method);
        }
        Ok(methods.into_iter().collect())
    }
}

impl JsonSchema for Methods {
    fn schema_name() -> Cow<'static, str> {
        "Methods".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({
            "description": "A choice of methods, each with its parameters. Methods that are not listed are not used. The key is the method's name; for the same method with other parameters, another key, with the method's `name`.",
            "type": "object",
            "additionalProperties": generator.subschema_for::<Method>(),
        });
        for entry in entries() {
            let mut of = (entry.schema)(generator);
            property(&mut of, NAME, json_schema!({ "type": "string", "const": entry.name }));
            property(&mut schema, entry.name, of);
        }
        schema
    }
}
