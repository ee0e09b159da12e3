//! Imports exported models: turns an archive of `torch.export` (`.pt2`) or an ONNX file ([`onnx`]) into a [`Graph`] with its
//! weights.
//!
//! An archive is imported in these steps: [`archive`] opens the file and finds its entries, [`schema`] reads its JSON,
//! [`operators`] turns each call into an [`Op`], [`alias`] resolves operators that work in place, and
//! [`assemble`](mod@assemble) builds the graph from everything that the logits depend on. Nothing in the archive is
//! executed, and no pickle in it is opened.

mod alias;
mod archive;
mod assemble;
mod call;
mod draft;
mod help;
mod module;
mod onnx;
mod operators;
mod region;
mod schema;
mod script;
mod symbols;
mod tensors;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::Path;

use tch::{Device, Kind};

use self::alias::{Names, Sharing};
use self::archive::Archive;
use self::assemble::assemble;
use self::call::{Call, Scope};
use self::draft::{Draft, Place, Source, Unsupported};
pub use self::help::export_help;
use self::operators::Operator;
use self::region::Region;
use self::schema::{Argument, CallNode, Calls, ExportedProgram, Extent, InputSpec, OutputSpec, Symbolic};
pub(crate) use self::script::{is_script, read_script};
use self::symbols::Symbols;
use self::tensors::Tensors;
use crate::graph::{Graph, Layout, Op, Size, Squashing};
use crate::meaning::Meaning;
use crate::statistics::{self, Said};
use crate::{ModelError, Note, Parameters, files};

/// The major version of the schema that is supported; minor versions only add what can be ignored.
const SCHEMA: i64 = 8;

/// The error text for an operator that is not in any list.
const UNKNOWN: &str = "the operator is unknown";

/// A model from an archive.
#[derive(Debug)]
pub(crate) struct Exported {
    /// What it computes.
    pub graph: Graph,
    /// Its weights, in the graph's order.
    pub parameters: Parameters,
    /// The name of its class in Python.
    pub class: String,
    /// The number of logits.
    pub logits: i64,
    /// The function that the program itself applied to the logits.
    pub squashing: Option<Squashing>,
    /// What a reader of the model's answers should know.
    pub notes: Vec<Note>,
    /// What the archive or a file next to it specifies about how pictures become its input.
    pub said: Said,
    /// The SHA-256 of the archive, in hexadecimal.
    pub sha256: String,
}

/// A graph with its weights; nothing is known yet about its results.
struct Import {
    graph: Graph,
    parameters: Parameters,
    class: String,
    notes: Vec<Note>,
    /// What the archive itself specifies about the mean and the standard deviation.
    entry: Option<Vec<u8>>,
}

impl Import {
    /// Finds out what the results are, and whether pictures stay independent of each other.
    fn finish(self, path: &Path, sha256: String) -> Result<Exported, ModelError> {
        let Import { mut graph, parameters, class, mut notes, entry } = self;
        let unreadable = |reason: String| ModelError::UnreadableArchive { path: path.to_owned(), reason };
        let Meaning { logits, squashing, notes: more } =
            Meaning::of(&mut graph, &parameters).map_err(unreadable)?;
        notes.extend(more);
        let said = statistics::find(path, entry.as_deref())?;
        Ok(Exported { graph, parameters, class, logits, squashing, notes, said, sha256 })
    }
}

/// Reads an archive of torch.export, or an ONNX file. If several results of an ONNX file could be the logits, `output` names
/// the right one.
pub(crate) fn read(path: &Path, device: Device, output: Option<&str>) -> Result<Exported, ModelError> {
    if onnx::is_onnx(path) {
        return onnx::read(path, device, output);
    }
    let unreadable = |reason: String| ModelError::UnreadableArchive { path: path.to_owned(), reason };
    let archive = Archive::open(path).map_err(unreadable)?;
    let program: ExportedProgram = archive.json("models/model.json").map_err(unreadable)?;
    let version = &program.schema_version;
    if version.major != SCHEMA {
        return Err(unreadable(format!(
            "its schema version is {}.{}, but only version {SCHEMA} is supported; export it with PyTorch 2.9 to 2.13",
            version.major, version.minor
        )));
    }
    let mut tensors = Tensors::open(&archive).map_err(unreadable)?;
    let mut importer = Importer::new(&program).map_err(unreadable)?;
    let logits = importer.run(&program).map_err(unreadable)?;
    let draft = &importer.draft;
    let (graph, parameters) = assemble(path, draft, importer.symbols.names.clone(), logits, |value| {
        let tensor = match &draft.values[value].source {
            Source::Weight { name, .. } => tensors.weight(name)?,
            Source::Constant(name) => tensors.constant(name)?,
            Source::Input | Source::Call(_) => return Err("it is not a constant".to_owned()),
        };
        tensor.f_to_device(device).map_err(|error| error.to_string())
    })?;
    let entry = archive.entry(statistics::ENTRY).map_err(unreadable)?;
    let import = Import { graph, parameters, class: importer.class, notes: Vec::new(), entry };
    import.finish(path, files::sha256(path).map_err(unreadable)?)
}

/// The calls read so far, and the values that names stand for.
struct Importer {
    draft: Draft,
    names: Names,
    symbols: Symbols,
    /// Sizes, or the reason why they are not understood, which is not an error if only assertions use them.
    sizes: HashMap<String, Result<Size, String>>,
    shapes: HashMap<String, (Vec<Size>, Option<Kind>)>,
    /// The strides that tensors had when the program was exported.
    strides: HashMap<String, Vec<Size>>,
    /// The values that some call reads.
    used: HashSet<String>,
    place: Place,
    class: String,
    /// Whether gradients pass through the calls that are being read.
    gradients: bool,
    /// The regions read so far, and those that enclose the call that is being read.
    regions: usize,
    depth: usize,
}

impl Importer {
    fn new(program: &ExportedProgram) -> Result<Importer, String> {
        let calls = &program.graph_module.graph;
        let stacks = calls.nodes.iter().map(|node| node.metadata.nn_module_stack.as_str());
        let class = stacks.filter_map(module::class).next().unwrap_or("a model").to_owned();
        let mut importer = Importer {
            draft: Draft::default(),
            names: Names::default(),
            symbols: Symbols::default(),
            sizes: HashMap::new(),
            shapes: HashMap::new(),
            strides: HashMap::new(),
            used: HashSet::new(),
            place: Place::default(),
            class,
            gradients: true,
            regions: 0,
            depth: 0,
        };
        importer.learn(calls)?;
        Ok(importer)
    }

    /// What the archive says about the values of some calls, and which of these values are used.
    fn learn(&mut self, calls: &Calls) -> Result<(), String> {
        let symbols = &mut self.symbols;
        let mut size = |extent: &Extent| match extent {
            Extent::AsInt(size) => Ok(Size::Fixed(*size)),
            Extent::AsExpr { expr_str } => symbols.parse(expr_str),
        };
        for (name, extent) in &calls.sym_int_values {
            self.sizes.insert(name.clone(), size(extent));
        }
        for (name, meta) in &calls.tensor_values {
            let shape = meta.sizes.iter().map(&mut size).collect::<Result<_, _>>()?;
            let strides = meta.strides.iter().map(&mut size).collect::<Result<_, _>>()?;
            self.strides.insert(name.clone(), strides);
            self.shapes.insert(name.clone(), (shape, tensors::kind(meta.dtype).map(tensors::in_graph)));
        }
        let inputs = calls.nodes.iter().flat_map(|node| &node.inputs).map(|input| &input.arg);
        self.used.extend(inputs.chain(&calls.outputs).flat_map(Argument::names).cloned());
        Ok(())
    }

    /// Reads every call, and returns the value of the logits.
    fn run(&mut self, program: &ExportedProgram) -> Result<usize, String> {
        let signature = &program.graph_module.signature;
        for input in &signature.input_specs {
            self.input(input)?;
        }
        let inputs = self.draft.values.iter().filter(|value| matches!(value.source, Source::Input)).count();
        if inputs != 1 {
            return Err(format!("it takes {inputs} inputs; export a model that takes one batch of pictures"));
        }
        for node in &program.graph_module.graph.nodes {
            self.call(node)?;
        }
        let mut outputs = signature.output_specs.iter().filter_map(|output| match output {
            OutputSpec::UserOutput { arg: Argument::Tensor(name) } => Some(Ok(name)),
            OutputSpec::UserOutput { arg: Argument::None } => None,
            OutputSpec::UserOutput { .. } => Some(Err("one of its results is not a tensor".to_owned())),
            OutputSpec::BufferMutation(_) => None,
            _ => Some(Err("it is not a simple forward pass".to_owned())),
        });
        match (outputs.next(), outputs.next()) {
            (Some(logits), None) => self.tensor(logits?),
            (None, _) => Err("it has no result".to_owned()),
            (Some(_), Some(_)) => {
                Err("it has several results; export a module that returns only the logits".to_owned())
            }
        }
    }

    fn input(&mut self, input: &InputSpec) -> Result<(), String> {
        let (name, source) = match input {
            InputSpec::Parameter { arg, parameter_name: name } => {
                (&arg.name, Source::Weight { name: name.clone(), trainable: true })
            }
            InputSpec::Buffer { arg, buffer_name: name } => {
                (&arg.name, Source::Weight { name: name.clone(), trainable: false })
            }
            InputSpec::TensorConstant { arg, tensor_constant_name: name } => {
                (&arg.name, Source::Constant(name.clone()))
            }
            InputSpec::UserInput { arg: Argument::Tensor(name) } => (name, Source::Input),
            InputSpec::UserInput { .. } | InputSpec::ConstantInput(_) => {
                return Err(
                    "one of its inputs is not a tensor; export a model that takes only pictures".to_owned()
                );
            }
            InputSpec::CustomObj(_) | InputSpec::Token(_) => return Ok(()),
        };
        let (shape, kind) = self.known(name);
        let pictures = matches!(source, Source::Input);
        let value = self.draft.value(source, shape, kind);
        self.names.define(name, value)?;
        if pictures {
            self.names.with_gradients(name);
        }
        Ok(())
    }

    fn call(&mut self, node: &CallNode) -> Result<(), String> {
        let outputs: Vec<&String> = node
            .outputs
            .iter()
            .flat_map(|output| match output {
                Argument::Tensor(name) => std::slice::from_ref(name),
                Argument::Tensors(names) => names,
                _ => &[],
            })
            .collect();
        // Sizes are known from the metadata, and assertions return nothing.
        if outputs.is_empty() {
            return Ok(());
        }
        self.place = module::place(node);
        if self.region(node)? {
            return Ok(());
        }
        let (operator, in_place) = parse_target(&node.target);
        let place = self.place.clone();
        let result = outputs.first().and_then(|name| self.known(name).1);
        let mut call = Call::new(&operator, &node.inputs, result, outputs.len(), self);
        let found = operators::operators(&mut call).and_then(|found| {
            let found = found.ok_or_else(|| UNKNOWN.to_owned())?;
            call.finish().map(|()| found)
        });
        // An operator that has no variant of its own here, or not for these arguments, is called by its name.
        let found = found.or_else(|reason| {
            let mut call = Call::new(&operator, &node.inputs, result, outputs.len(), self);
            match operators::by_name(&mut call) {
                Ok(Some(found)) => call.finish().map(|()| found),
                Ok(None) => Err(reason),
                Err(other) => Err(if reason == UNKNOWN { other } else { reason }),
            }
        });
        // The other results of operators for which only one of several results is known.
        let found = found.and_then(|mut found| {
            if outputs.iter().skip(found.len()).any(|output| self.used.contains(*output)) {
                let mut call = Call::new(&operator, &node.inputs, result, outputs.len(), self);
                let all = operators::by_name(&mut call)?.unwrap_or_default();
                found.extend(all.into_iter().skip(found.len()));
            }
            Ok(found)
        });
        let base = match node.inputs.first().map(|input| &input.arg) {
            Some(Argument::Tensor(name)) => Some(name.as_str()),
            _ => None,
        };
        // An unsupported call is an error only if the logits depend on it.
        let results: Vec<Result<Operator, Unsupported>> = match found {
            Ok(found) => found.into_iter().map(Ok).collect(),
            Err(reason) => {
                let inputs: Vec<usize> = self.tensors(node);
                let fault = || Err(Unsupported { reason: reason.clone(), inputs: inputs.clone() });
                outputs.iter().map(|_| fault()).collect()
            }
        };
        // If an operator returns more results than are known here, the others are never defined.
        for (name, result) in outputs.into_iter().zip(results) {
            let mut sharing = result.as_ref().ok().and_then(|result| alias::sharing(&result.op));
            let known = self.known(name);
            let mut value = self.draft.call(result, known.clone(), &place);
            if !self.gradients && self.draft.values[value].leading {
                let op = Layout::Detach.into();
                value = self.draft.call(Ok(Operator { op, inputs: vec![value] }), known, &place);
                // Values written through it would have to be detached, too.
                sharing = sharing.map(|_| Sharing::Perhaps);
            }
            match (base, sharing) {
                (Some(target), _) if in_place => {
                    if !self.gradients && self.names.made_with_gradients(target) {
                        return Err(format!(
                            "{} changes without gradients what was made with them, at {}",
                            node.target, self.place.module
                        ));
                    }
                    self.names.overwrite(target, value, &mut self.draft, &place)?;
                    self.names.define_view(name, value, target, Sharing::Same)?;
                }
                (Some(base), Some(sharing)) if !copies(&operator) => {
                    self.names.define_view(name, value, base, sharing)?;
                }
                _ => self.names.define(name, value)?,
            }
            if self.gradients {
                self.names.with_gradients(name);
            }
        }
        Ok(())
    }

    /// Reads the calls of the region that a call runs; returns `false` if it runs none that can be read.
    fn region(&mut self, node: &CallNode) -> Result<bool, String> {
        let found = region::region(node, self.gradients, self.regions, self.depth)?;
        let Some(Region { calls, given, gradients }) = found else { return Ok(false) };
        self.regions += 1;
        self.learn(&calls)?;
        for (inside, outside) in calls.inputs.iter().zip(&given) {
            self.pass(inside, outside)?;
        }
        let around = (self.gradients, self.depth);
        (self.gradients, self.depth) = (gradients, self.depth + 1);
        for node in &calls.nodes {
            self.call(node)?;
        }
        (self.gradients, self.depth) = around;
        for (outside, inside) in node.outputs.iter().zip(&calls.outputs) {
            self.pass(outside, inside)?;
        }
        Ok(true)
    }

    /// Lets a name inside a region stand for the value of a name outside, or the other way round.
    fn pass(&mut self, name: &Argument, known: &Argument) -> Result<(), String> {
        match (name, known) {
            (Argument::Tensor(name), Argument::Tensor(known)) => {
                let value = self.tensor(known)?;
                self.names.define_view(name, value, known, Sharing::Same)?;
                if self.names.made_with_gradients(known) {
                    self.names.with_gradients(name);
                }
                Ok(())
            }
            (Argument::Tensors(names), Argument::Tensors(known)) if names.len() == known.len() => {
                let pairs = names.iter().zip(known);
                let of = |name: &String| Argument::Tensor(name.clone());
                pairs.map(|(name, known)| (of(name), of(known))).try_for_each(|(a, b)| self.pass(&a, &b))
            }
            (Argument::Int(Symbolic::AsName(name)), Argument::Int(size)) => {
                let size = match size {
                    Symbolic::AsInt(size) => Ok(Size::Fixed(*size)),
                    Symbolic::AsName(known) => self.size(known),
                };
                self.sizes.insert(name.clone(), size);
                Ok(())
            }
            (Argument::None, _) | (_, Argument::None) => Ok(()),
            _ => Err("a region takes or returns a value that is neither a tensor nor a size".to_owned()),
        }
    }

    /// The tensors among a call's arguments, without absent ones.
    fn tensors(&mut self, node: &CallNode) -> Vec<usize> {
        let names = node.inputs.iter().filter_map(|input| match &input.arg {
            Argument::Tensor(name) => Some(name),
            _ => None,
        });
        names.filter_map(|name| self.tensor(name).ok()).collect()
    }

    fn known(&self, name: &str) -> (Option<Vec<Size>>, Option<Kind>) {
        let known = self.shapes.get(name);
        (known.map(|(shape, _)| shape.clone()), known.and_then(|(_, kind)| *kind))
    }
}

impl Scope for Importer {
    fn tensor(&mut self, name: &str) -> Result<usize, String> {
        self.names.current(name, &mut self.draft, &self.place)
    }

    fn size(&self, name: &str) -> Result<Size, String> {
        let unknown = || Err(format!("the size '{name}' is unknown"));
        self.sizes.get(name).cloned().unwrap_or_else(unknown)
    }

    fn strides(&self, name: &str) -> Option<&[Size]> {
        self.strides.get(name).map(Vec::as_slice)
    }

    fn shape(&self, value: usize) -> Option<&[Size]> {
        self.draft.values[value].shape.as_deref()
    }

    fn kind(&self, value: usize) -> Option<Kind> {
        self.draft.values[value].kind
    }

    fn between(&mut self, op: Op, inputs: Vec<usize>, shape: Option<Vec<Size>>, kind: Option<Kind>) -> usize {
        self.draft.call(Ok(Operator { op, inputs }), (shape, kind), &self.place)
    }
}

/// The operator of a call, without the namespace `aten`, the overload `default` and the underscore of in-place operators,
/// and whether it works in place.
fn parse_target(target: &str) -> (Cow<'_, str>, bool) {
    let Some(operator) = target.strip_prefix("torch.ops.aten.") else { return (target.into(), false) };
    let operator = operator.strip_suffix(".default").unwrap_or(operator);
    let (name, overload) = operator.split_once('.').unwrap_or((operator, ""));
    match name.strip_suffix('_').filter(|name| !name.is_empty() && !name.ends_with('_')) {
        Some(plain) if overload.is_empty() => (plain.into(), true),
        Some(plain) => (format!("{plain}.{overload}").into(), true),
        None => (operator.into(), false),
    }
}

/// Whether an operator that does not change values returns new memory.
fn copies(operator: &str) -> bool {
    matches!(operator, "clone" | "lift_fresh_copy" | "_to_copy" | "copy")
}
