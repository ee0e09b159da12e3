//! The calls of a file, one after the other, and what names stand for.

use std::rc::Rc;

use super::builder::Builder;
use super::file::Source;
use super::functions::{Functions, Key, check_operators};
use super::names::Names;
use super::node::Node;
use super::scope::{Scope, domain};
use super::value::{Fault, Value};
use super::{operators, proto};

/// Calls of the largest network, those of graphs within graphs among them.
const MOST_CALLS: usize = 1 << 18;

/// Graphs within each other, and functions that call others.
const DEEPEST: usize = 16;

/// Letters of the longest path that is put before the names in a function.
const LONGEST_PATH: usize = 512;

/// Reads calls into a draft.
pub(super) struct Importer<'a> {
    /// What they are added to.
    pub builder: Builder,
    /// The functions that the file defines.
    functions: Functions<'a>,
    /// What names mean in the graph that is read.
    scope: Scope<'a>,
    names: Names<'a>,
    calls: usize,
}

impl<'a> Importer<'a> {
    /// Reads the constants of a model.
    pub fn new(
        source: Source,
        model: &'a proto::Model,
        graph: &'a proto::Graph,
    ) -> Result<Importer<'a>, String> {
        let mut importer = Importer {
            builder: Builder::new(source, &model.producer_name),
            functions: Functions::new(model)?,
            scope: Scope::new(&model.opset_import),
            names: Names::new(&model.producer_name, graph),
            calls: 0,
        };
        importer.constants(graph)?;
        Ok(importer)
    }

    fn constants(&mut self, graph: &'a proto::Graph) -> Result<(), String> {
        if !graph.sparse_initializer.is_empty() {
            return Err("it has sparse tensors, which are not supported".to_owned());
        }
        for tensor in &graph.initializer {
            let name: Rc<str> = tensor.name.as_str().into();
            let value = match self.builder.tensor(tensor) {
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
            self.builder.place = self.names.place(node, &self.scope.path);
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
        let module = if self.builder.place.module.is_empty() {
            node.name.clone()
        } else {
            self.builder.place.module.clone()
        };
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
        let found = operators::read(&mut self.builder, &mut node, set)?;
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
        let place = self.builder.place.clone();
        self.constants(taken)?;
        self.run(&taken.node, depth + 1)?;
        self.builder.place = place;
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

    /// What a call of a function returns.
    fn inline(
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
        check_operators(&function.opset_import)?;
        let mut scope = Scope::new(&function.opset_import);
        let path =
            if self.builder.place.module.is_empty() { &function.name } else { &self.builder.place.module };
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
        self.functions.enter(key, function)?;
        let (outer, place) = (std::mem::replace(&mut self.scope, scope), self.builder.place.clone());
        let ran = self.run(&function.node, depth + 1);
        let inner = std::mem::replace(&mut self.scope, outer);
        self.builder.place = place;
        self.functions.leave();
        ran?;
        let results = function.output.iter().map(|name| inner.values.get(name.as_str()).cloned());
        results.collect::<Option<_>>().ok_or_else(|| "it returns what it never computes".to_owned())
    }
}

fn shown(node: &proto::Node) -> &str {
    if node.name.is_empty() { &node.op_type } else { &node.name }
}
