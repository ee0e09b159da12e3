//! Models in the format ONNX: from a file (`.onnx`) to a [`Graph`] with its weights.
//!
//! [`proto`] has the messages, and [`file`](mod@file) reads them and the files that tensors lie in. [`scope`] says what names mean, and
//! [`node`] is one call. [`shape`] knows the shape of what an operator of ATen returns; [`builder`] adds calls of these to the draft, and
//! computes at once what holds constants alone. [`fuse`] puts together again what exporters took apart, and [`operators`] makes calls
//! of ATen of one call of ONNX. [`functions`] has the operators that the file defines itself, [`importer`] reads all calls in their order,
//! and [`outputs`] finds the logits among what the network returns. Each of these uses only those named before it.
//!
//! Channels that a file has last, as TensorFlow does, are second in the graph: an `[N, h, w, C]` that is an `[N, C, h, w]`
//! in another order is remembered as that, and put in order only for an operator that must have it so.

mod builder;
mod extent;
mod file;
mod functions;
mod fuse;
mod importer;
mod names;
mod node;
mod operators;
mod outputs;
mod proto;
mod scope;
mod shape;
mod tensors;
mod value;

use std::path::Path;

use tch::{Device, Kind};

use self::file::Source;
pub(super) use self::file::is_onnx;
use self::functions::check_operators;
use self::importer::Importer;
use self::outputs::{Chosen, choose};
use self::scope::domain;
use self::value::Value;
use super::{Exported, Import, assemble, draft};
use crate::graph::Size;
use crate::{ModelError, Note};

/// The side of a picture where a file leaves it open.
const OPEN_SIDE: i64 = 224;

/// Reads a file. Of several results that could be logits, `output` names the one that holds them.
pub(super) fn read(path: &Path, device: Device, output: Option<&str>) -> Result<Exported, ModelError> {
    let unreadable = |reason: String| ModelError::UnreadableArchive { path: path.to_owned(), reason };
    let (source, model) = Source::open(path).map_err(unreadable)?;
    let Some(graph) = &model.graph else { return Err(unreadable("it holds no network".to_owned())) };
    // What consists of functions alone has theirs.
    let told = model.opset_import.iter().any(|set| domain(&set.domain).is_empty());
    if !told && model.functions.is_empty() {
        return Err(unreadable("it does not say which operator set it uses".to_owned()));
    }
    check_operators(&model.opset_import).map_err(unreadable)?;
    let mut importer = Importer::new(source, &model, graph).map_err(unreadable)?;
    input(&mut importer, graph).map_err(unreadable)?;
    importer.run(&graph.node, 0).map_err(unreadable)?;
    let Chosen { value, note } = match choose(&mut importer, graph, output).map_err(unreadable)? {
        Ok(chosen) => chosen,
        Err(fault) if fault.operator.is_empty() => return Err(unreadable(fault.reason.clone())),
        Err(fault) => {
            return Err(ModelError::UnsupportedOperator {
                path: path.to_owned(),
                operator: fault.operator.clone(),
                module: fault.module.clone(),
                reason: fault.reason.clone(),
            });
        }
    };

    let weights = std::mem::take(&mut importer.builder.weights);
    let (graph_, parameters) =
        assemble(path, &importer.builder.draft, importer.builder.symbols.clone(), value, |value| {
            let tensor = weights.get(&value).ok_or("a constant is missing")?;
            let finite = super::tensors::is_finite(tensor).map_err(|error| error.to_string())?;
            let trainable = matches!(
                importer.builder.draft.values[value].source,
                draft::Source::Weight { trainable: true, .. }
            );
            if trainable && !finite && tensor.isnan().any().int64_value(&[]) != 0 {
                return Err(
                    "one of its weights holds NaN; the file is damaged or training diverged".to_owned()
                );
            }
            tensor.f_to_device(device).map_err(|error| error.to_string())
        })?;
    let class = names::class(graph).map(str::to_owned).unwrap_or_else(|| called(path, &graph.name));
    let import = Import { graph: graph_, parameters, class, notes: note.into_iter().collect(), entry: None };
    let exported = import.finish(path, importer.builder.sha256().map_err(unreadable)?)?;
    let alone = exported.notes.iter().any(|note| matches!(note, Note::RowsDepend { .. }));
    match importer.builder.fixed_batch {
        Some(count @ 2..) if alone => {
            return Err(unreadable(format!(
                "it was exported for {count} pictures at once, which are not independent of each other; export it with a \
                 dynamic batch, or for one picture"
            )));
        }
        _ => {}
    }
    // What was worked out without running anything, an operator may know better.
    let shape: Vec<i64> = exported
        .graph
        .shape(exported.graph.input())
        .unwrap_or_default()
        .iter()
        .zip(0..)
        .map(|(size, place)| {
            size.fixed().unwrap_or(if place == 0 { if alone { 1 } else { 2 } } else { OPEN_SIDE })
        })
        .collect();
    exported.graph.check_shapes(&exported.parameters, &shape)?;
    Ok(exported)
}

/// A name for the network: what the file calls it, unless it is what exporters call all of them.
fn called(path: &Path, name: &str) -> String {
    let usual = ["", "main_graph", "torch_jit", "torch-jit-export", "tf2onnx", "graph", "main"];
    match usual.contains(&name) {
        true => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        false => name.to_owned(),
    }
}

/// Defines the picture.
fn input<'a>(importer: &mut Importer<'a>, graph: &'a proto::Graph) -> Result<(), String> {
    let given: Vec<_> = graph.input.iter().filter(|input| importer.value(&input.name).is_none()).collect();
    let [picture] = given[..] else {
        let names: Vec<&str> = given.iter().map(|input| input.name.as_str()).collect();
        return Err(format!(
            "it takes {} inputs ({}); export a model that takes one batch of pictures",
            names.len(),
            names.join(", ")
        ));
    };
    let none = |what: String| {
        format!(
            "its input '{}' is no batch of pictures in floats, [N, 3 or 1, height, width] or [N, height, width, 3 or 1]: {what}",
            picture.name
        )
    };
    let kind = picture.r#type.as_ref().and_then(|kind| kind.tensor.as_ref());
    let kind = kind.ok_or_else(|| none("its kind is not said".to_owned()))?;
    match tensors::kind(kind.elem_type) {
        Ok(Kind::Float | Kind::Half | Kind::BFloat16 | Kind::Double) => {}
        Ok(other) => return Err(none(format!("its numbers are {other:?}"))),
        Err(reason) => return Err(none(reason)),
    }
    let dims = kind.shape.as_ref().map(|shape| shape.dim.as_slice()).unwrap_or_default();
    let [batch, rest @ ..] = dims else { return Err(none("its shape is not said".to_owned())) };
    if rest.len() != 3 {
        return Err(none(format!("it has {} dimensions", dims.len())));
    }
    // A size below one is left open, as zero and minus one are written by some.
    let fixed = |dim: &proto::Dimension| dim.value.filter(|size| *size > 0);
    let sizes: Vec<Option<i64>> = rest.iter().map(fixed).collect();
    let may_be_channels = |size: Option<i64>| matches!(size, Some(1 | 3));
    let last = !may_be_channels(sizes[0]) && may_be_channels(sizes[2]);
    let channels = if last { sizes[2] } else { sizes[0] }.unwrap_or(3);
    if !matches!(channels, 1 | 3) {
        let sizes: Vec<String> =
            sizes.iter().map(|size| size.map_or("?".to_owned(), |size| size.to_string())).collect();
        return Err(none(format!("its shape is [N, {}]", sizes.join(", "))));
    }
    importer.builder.fixed_batch = fixed(batch);
    importer.builder.symbols.push("batch".to_owned());
    let places = if last { [0, 1] } else { [1, 2] };
    let mut shape = vec![Size::Symbol(0), Size::Fixed(channels)];
    for place in places {
        shape.push(match sizes[place] {
            Some(size) => Size::Fixed(size),
            None => {
                let name = rest[place].name.clone().unwrap_or_default();
                // Sizes of one name are the same.
                let named = name.starts_with(|first: char| first.is_ascii_alphabetic());
                let known = importer.builder.symbols.iter().skip(1).position(|known| named && *known == name);
                Size::Symbol(known.map_or_else(
                    || {
                        importer.builder.symbols.push(name);
                        importer.builder.symbols.len() - 1
                    },
                    |known| known + 1,
                ))
            }
        });
    }
    let value = importer.builder.draft.value(draft::Source::Input, Some(shape), Some(Kind::Float));
    importer.define(&picture.name, if last { Value::ChannelsLast(value) } else { Value::Computed(value) })
}
