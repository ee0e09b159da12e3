//! Operators that a file itself defines: a call of one is the calls that it is made of, with names of their own.
//!
//! A file of a few bytes may ask for more calls than any machine can make, by functions that call others twice. So what is
//! read of functions is counted as often as it is called, and none may call itself.

use std::collections::HashMap;

use prost::Message;

use super::proto;
use super::scope::domain;

/// Versions of the set of operators that are known.
const OPERATORS: std::ops::RangeInclusive<i64> = 7..=23;

/// Bytes of all functions together, each as often as it is called.
const MOST_INLINED: usize = 64 << 20;

/// What tells one function from another: its set of operators, its name, and which of several of that name it is.
pub(super) type Key<'a> = (&'a str, &'a str, &'a str);

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

    /// Counts a call of a function, which is read next.
    pub fn enter(&mut self, key: Key<'a>, function: &proto::Function) -> Result<(), String> {
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

    /// Says that the call that was entered last is read.
    pub fn leave(&mut self) {
        self.running.pop();
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
