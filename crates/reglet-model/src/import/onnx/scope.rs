//! What the names in a graph mean: values, and within a function its arguments and its own sets of operators.

use std::collections::{HashMap, HashSet};

use super::proto;
use super::value::Value;

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

/// A set of operators by its shortest name.
pub(super) fn domain(name: &str) -> &str {
    if name == "ai.onnx" { "" } else { name }
}
