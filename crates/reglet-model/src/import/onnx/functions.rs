//! Operators that a file itself defines: a call of one is the calls that it is made of, with names of their own.
//!
//! A file of a few bytes may ask for more calls than any machine can make, by functions that call others twice. So what is
//! read of functions is counted as often as it is called, and none may call itself.

use std::collections::{HashMap, HashSet};

use prost::Message;

use super::importer::Importer;
use super::proto;
use super::value::Value;

/// Versions of the set of operators that are known.
const OPERATORS: std::ops::RangeInclusive<i64> = 7..=23;

/// Bytes of all functions together, each as often as it is called.
const MOST_INLINED: usize = 64 << 20;

/// Letters of the longest path that is put before the names in a function.
const LONGEST_PATH: usize = 512;

/// What tells one function from another: its set of operators, its name, and which of several of that name it is.
type Key<'a> = (&'a str, &'a str, &'a str);

/// The functions of a file, and what of them is being called.
#[derive(Default)]
pub(super) struct Functions<'a> {
    known: HashMap<Key<'a>, &'a proto::Function>,
    running: Vec<Key<'a>>,
    inlined: usize,
}

impl<'a> Functions<'a> {
    /// Those of a model.
    pub fn new(model: &'a proto::Model) -> Result<Functions<'a>, String> {
        let mut known = HashMap::new();
        for function in &model.functions {
            let key = (domain(&function.domain), function.name.as_str(), function.overload.as_str());
            if known.insert(key, function).is_some() {
                return Err(format!("it defines the operator '{}' twice", function.name));
            }
        }
        Ok(Functions { known, ..Functions::default() })
    }

    /// The function that a call is one of.
    pub fn of(&self, node: &'a proto::Node) -> Option<(Key<'a>, &'a proto::Function)> {
        let key = (domain(&node.domain), node.op_type.as_str(), node.overload.as_str());
        self.known.get(&key).map(|function| (key, *function))
    }

    fn enter(&mut self, key: Key<'a>, function: &proto::Function) -> Result<(), String> {
        if self.running.contains(&key) {
            return Err(format!("the file's operator '{}' calls itself", key.1));
        }
        self.inlined = self.inlined.saturating_add(function.encoded_len());
        if self.inlined > MOST_INLINED {
            return Err(format!(
                "the file's own operators, written out at each of their calls, have more than {MOST_INLINED} bytes"
            ));
        }
        self.running.push(key);
        Ok(())
    }
}

/// What names mean in one graph, and in those within it.
#[derive(Default)]
pub(super) struct Scope<'a> {
    /// Values.
    pub values: HashMap<&'a str, Value>,
    /// Inputs of the function that a call leaves out.
    pub absent: HashSet<&'a str>,
    /// The arguments that a call gives to the function.
    pub attributes: HashMap<&'a str, &'a proto::Attribute>,
    /// The versions of sets of operators.
    pub versions: HashMap<&'a str, i64>,
    /// The name of the function's call, after those around it.
    pub path: String,
}

impl<'a> Scope<'a> {
    /// An empty one with these sets of operators.
    pub fn new(sets: &'a [proto::OperatorSet]) -> Scope<'a> {
        let versions = sets.iter().map(|set| (domain(&set.domain), set.version)).collect();
        Scope { versions, ..Scope::default() }
    }

    /// An attribute of a call, where it stands for one of the function's that one; `None` if that was left out.
    pub fn attribute(&self, attribute: &'a proto::Attribute) -> Option<&'a proto::Attribute> {
        match attribute.ref_attr_name.as_str() {
            "" => Some(attribute),
            of => self.attributes.get(of).copied(),
        }
    }
}

impl<'a> Importer<'a> {
    /// What a call of a function returns.
    pub(super) fn inline(
        &mut self,
        (key, function): (Key<'a>, &'a proto::Function),
        node: &'a proto::Node,
        inputs: Vec<Option<Value>>,
        depth: usize,
    ) -> Result<Vec<Value>, String> {
        let given = inputs.len();
        if given > function.input.len() || node.output.len() > function.output.len() {
            return Err(format!(
                "it is called with {given} values for {}, which the file's own operator makes {} of {}",
                node.output.len(),
                function.output.len(),
                function.input.len()
            ));
        }
        self.functions.enter(key, function)?;
        check_operators(&function.opset_import)?;
        let mut scope = Scope::new(&function.opset_import);
        let path = if self.place.module.is_empty() { &function.name } else { &self.place.module };
        scope.path = path.chars().take(LONGEST_PATH).collect();
        let inputs = inputs.into_iter().chain(std::iter::repeat(None));
        for (name, value) in function.input.iter().zip(inputs) {
            if let Some(value) = value {
                scope.values.insert(name, value);
            } else {
                scope.absent.insert(name);
            }
        }
        for default in &function.attribute_proto {
            scope.attributes.insert(&default.name, default);
        }
        for attribute in &node.attribute {
            let declared = scope.attributes.contains_key(attribute.name.as_str())
                || function.attribute.contains(&attribute.name);
            if !declared {
                return Err(format!("its attribute '{}' is not supported", attribute.name));
            }
            if let Some(given) = self.scope.attribute(attribute) {
                scope.attributes.insert(&attribute.name, given);
            }
        }
        let (outer, place) = (std::mem::replace(&mut self.scope, scope), self.place.clone());
        let ran = self.run(&function.node, depth + 1);
        let inner = std::mem::replace(&mut self.scope, outer);
        self.place = place;
        self.functions.running.pop();
        ran?;
        let results = function.output.iter().map(|name| inner.values.get(name.as_str()).cloned());
        results.collect::<Option<_>>().ok_or_else(|| "it returns what it never computes".to_owned())
    }
}

/// Whether the operators are of a version that is known, where the format's own are used.
pub(super) fn check_operators(sets: &[proto::OperatorSet]) -> Result<(), String> {
    match sets.iter().find(|set| domain(&set.domain).is_empty()) {
        Some(set) if !OPERATORS.contains(&set.version) => Err(format!(
            "it uses operator set {}, and those known are {} to {}",
            set.version,
            OPERATORS.start(),
            OPERATORS.end()
        )),
        _ => Ok(()),
    }
}

/// A set of operators by its shortest name.
pub(super) fn domain(name: &str) -> &str {
    if name == "ai.onnx" { "" } else { name }
}
