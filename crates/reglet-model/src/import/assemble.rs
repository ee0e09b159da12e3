//! Builds the graph from the calls of a draft that the logits depend on.

use std::path::Path;

use tch::{Kind, Tensor};

use super::draft::{Draft, Place, Source};
use super::module;
use crate::graph::{Graph, Size, ValueId, function_name};
use crate::{ModelError, Parameters};

/// The graph of everything that the logits depend on, with the tensors that `weight` returns for its constants.
pub(super) fn assemble(
    path: &Path,
    draft: &Draft,
    symbols: Vec<String>,
    logits: usize,
    mut weight: impl FnMut(usize) -> Result<Tensor, String>,
) -> Result<(Graph, Parameters), ModelError> {
    let unreadable = |reason: String| ModelError::UnreadableArchive { path: path.to_owned(), reason };
    let (calls, needed) = draft.needed(logits);
    let (mut graph, input) = Graph::new();
    graph.set_symbols(symbols);
    let mut values: Vec<Option<ValueId>> = vec![None; draft.values.len()];
    let mut parameters = Vec::new();
    for (index, value) in draft.values.iter().enumerate() {
        let (name, trainable) = match &value.source {
            Source::Input => {
                check_input(value.shape.as_deref(), value.kind).map_err(unreadable)?;
                values[index] = Some(input);
                continue;
            }
            Source::Call(_) => continue,
            _ if !needed[index] => continue,
            Source::Weight { name, trainable } => (name, *trainable),
            Source::Constant(name) => (name, false),
        };
        let tensor = weight(index).map_err(unreadable)?;
        values[index] = Some(graph.parameter(name.clone(), &tensor.size(), trainable));
        parameters.push(tensor);
    }

    let places: Vec<&Place> = calls.iter().map(|&call| &draft.calls[call].place).collect();
    let own = module::makes_result(&places);
    for (&index, own) in calls.iter().zip(own) {
        let call = &draft.calls[index];
        let Place { target, module, line, .. } = &call.place;
        let line = line.as_ref().map_or(String::new(), |line| format!(" ({line})"));
        let unsupported = |reason: &String| ModelError::UnsupportedOperator {
            path: path.to_owned(),
            operator: target.clone(),
            module: module.clone(),
            reason: format!("{reason}{line}"),
        };
        let op = call.op.as_ref().map_err(unsupported)?.clone();
        let name = if own { module.clone() } else { function_name(module, &op) };
        let inputs: Option<Vec<ValueId>> = call.inputs.iter().map(|&input| values[input]).collect();
        let inputs = inputs.ok_or_else(|| unreadable(format!("{target} is called before its inputs")))?;
        values[call.output] = Some(graph.append(name, module, op, &inputs));
    }
    for (value, id) in draft.values.iter().zip(&values) {
        let Some(id) = id else { continue };
        if let Some(shape) = &value.shape {
            graph.set_shape(*id, shape.clone());
        }
        if let Some(kind) = value.kind {
            graph.set_kind(*id, kind);
        }
    }
    let output = values[logits].ok_or_else(|| unreadable("its logits are never computed".to_owned()))?;
    graph.set_output(output);
    Ok((graph, Parameters::from_tensors(parameters)))
}

/// Checks that the input is pictures, as for a classifier: `[N, 3, H, W]`, or `[N, 1, H, W]` for grey pictures, for any
/// number of pictures or for one at a time.
fn check_input(shape: Option<&[Size]>, kind: Option<Kind>) -> Result<(), String> {
    match shape {
        Some([Size::Symbol(_) | Size::Fixed(1), Size::Fixed(1 | 3), _, _]) if kind == Some(Kind::Float) => {
            Ok(())
        }
        Some([Size::Fixed(count), Size::Fixed(1 | 3), _, _]) => Err(format!(
            "it was exported for a fixed number of pictures, {count}; export it again with a dynamic batch, as `reglet export-help` \
             shows, or with a single picture"
        )),
        _ => Err("its input is not a batch of pictures, which has the shape [N, 3 or 1, height, width] and floating-point values".to_owned()),
    }
}
