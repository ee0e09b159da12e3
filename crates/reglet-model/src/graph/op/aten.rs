//! Calls by name any ATen operator that has no variant of its own here.
//!
//! libtorch finds its operators by their schemas, and TorchScript is its way to call one by name: a program of one line,
//! which its interpreter runs and its autograd differentiates. The importer decides which operators may be called, and with
//! which arguments (`import/operators/aten.rs`).

use std::io::{Cursor, Write};
use std::sync::Arc;

use tch::{CModule, Device, IValue, TchError, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Context, Inputs, Op};
use crate::ModelError;
use crate::graph::Size;

/// One call of an operator by its name, including its arguments that are not tensors. The node's inputs are its tensors, in
/// the schema's order.
#[derive(Debug, Clone)]
pub struct Aten {
    name: &'static str,
    line: String,
    sizes: Vec<Size>,
    view: bool,
    module: Arc<CModule>,
}

impl Aten {
    /// The operator `name`, as `line` calls it: an expression over the tensors `a0`, `a1`… (`tensors` of them) and the sizes
    /// `n0`, `n1`…, which are known when the graph runs. `view` says that its result may share its input's memory.
    ///
    /// # Errors
    /// libtorch's error message, if it cannot parse the line.
    pub(crate) fn new(
        name: &'static str,
        line: String,
        tensors: usize,
        sizes: Vec<Size>,
        view: bool,
    ) -> Result<Aten, String> {
        let given = (0..tensors).map(|index| format!("a{index}: Tensor"));
        let given = given.chain((0..sizes.len()).map(|index| format!("n{index}: int")));
        let given: Vec<String> = given.collect();
        let code = format!(
            "class Call(Module):\n  __parameters__ = []\n  __buffers__ = []\n  def forward(self: __torch__.Call,\n    {}) -> Tensor:\n{line}\n",
            given.join(",\n    ")
        );
        let archive = archive(&code).map_err(|error| error.to_string())?;
        let module = CModule::load_data_on_device(&mut Cursor::new(archive), Device::Cpu);
        let module =
            module.map_err(|error| format!("libtorch does not accept the call ({})", complaint(&error)))?;
        Ok(Aten { name, line, sizes, view, module: Arc::new(module) })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the result may share its input's memory.
    pub(crate) fn is_view(&self) -> bool {
        self.view
    }

    pub(super) fn apply(&self, inputs: &Inputs, context: &Context) -> Result<Tensor, ModelError> {
        // Some operators accept only row-major tensors. A program ensures that before it calls them, but a tensor that is
        // row-major in PyTorch may have another layout here.
        let in_order = |tensor: &&Tensor| match self.view {
            true => Ok(IValue::Tensor(tensor.shallow_clone())),
            false => tensor.f_contiguous().map(IValue::Tensor),
        };
        let mut given = inputs.tensors.iter().map(in_order).collect::<Result<Vec<IValue>, _>>()?;
        given.extend(context.sizes.numbers(&self.sizes)?.into_iter().map(IValue::Int));
        // With a single operator there is nothing to optimise, and an optimised program would use its own derivatives.
        tch::jit::f_set_graph_executor_optimize(false)?;
        let found = self.module.forward_is(&given);
        tch::jit::f_set_graph_executor_optimize(true)?;
        match found {
            Ok(IValue::Tensor(tensor)) => Ok(tensor),
            Ok(_) => Err(TchError::Kind(format!("{} returned no tensor", self.name)).into()),
            Err(error) => Err(TchError::Kind(complaint(&error)).into()),
        }
    }
}

impl PartialEq for Aten {
    fn eq(&self, other: &Aten) -> bool {
        self.line == other.line && self.sizes == other.sizes
    }
}

impl From<Aten> for Op {
    fn from(op: Aten) -> Op {
        Op::Aten(op)
    }
}

/// The interpreter's error message, without the position in the program.
fn complaint(error: &TchError) -> String {
    let text = match error {
        TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = |line: &str| {
        ["RuntimeError: ", "Error: "].iter().find_map(|start| line.strip_prefix(start).map(str::to_owned))
    };
    let told = lines.clone().find_map(told);
    let first = || lines.clone().find(|line| !line.ends_with(':')).unwrap_or_default().to_owned();
    told.unwrap_or_else(first).chars().take(200).collect()
}

/// A TorchScript program in the form in which PyTorch saves it, with a single class that has no attributes.
fn archive(code: &str) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    // Pickles: an object of the class with no state, and no constants. The version is the first of today's meanings.
    let entries: [(&str, &[u8]); 5] = [
        ("call/data.pkl", b"\x80\x02c__torch__\nCall\nq\x00)\x81}b."),
        ("call/code/__torch__.py", code.as_bytes()),
        ("call/constants.pkl", b"\x80\x02)."),
        ("call/version", b"10\n"),
        ("call/byteorder", b"little"),
    ];
    for (name, bytes) in entries {
        writer.start_file(name, options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}
