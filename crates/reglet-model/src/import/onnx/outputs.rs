//! Which of a network's results holds the logits.

use std::rc::Rc;

use super::importer::Importer;
use super::proto;
use super::shape::shown;
use super::value::{Fault, Value};
use crate::Note;
use crate::graph::{Layout, Size};

/// Calls that make an answer for people of scores: labels, dictionaries, places of the largest.
const TAILS: [&str; 7] =
    ["ZipMap", "ArgMax", "ArrayFeatureExtractor", "LabelEncoder", "TopK", "Hardmax", "CategoryMapper"];

/// Calls that may stand between or behind those.
const BETWEEN: [&str; 6] = ["Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten"];

/// The value that was chosen.
pub(super) struct Chosen {
    /// Of the draft, `[N, classes]`.
    pub value: usize,
    /// What there is to say of the choice.
    pub note: Option<Note>,
}

/// A result that may hold logits.
struct Candidate<'a> {
    /// The result's name, and that of the value that is taken for it.
    output: &'a str,
    name: &'a str,
    value: Value,
    shape: Vec<Size>,
    /// The operators behind the value, the last first.
    cut: Vec<&'a str>,
}

/// Chooses the logits. Where the one result that there is cannot be computed, the fault says why.
///
/// # Errors
/// A clause, where there is no such result, or several.
pub(super) fn choose<'a>(
    importer: &mut Importer<'a>,
    graph: &'a proto::Graph,
    wanted: Option<&str>,
) -> Result<Result<Chosen, Rc<Fault>>, String> {
    let all: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    let outputs: Vec<&str> = match wanted {
        Some(wanted) if !all.contains(&wanted) => {
            return Err(format!("it has no result '{wanted}'; it has {}", all.join(", ")));
        }
        Some(wanted) => all.iter().copied().filter(|name| *name == wanted).collect(),
        None => all.clone(),
    };
    let (mut candidates, mut fault, mut others) = (Vec::<Candidate>::new(), None, Vec::new());
    for output in &outputs {
        match candidate(importer, graph, output)? {
            Ok(Some(found)) => match candidates.iter_mut().find(|known| same(&known.value, &found.value)) {
                Some(known) if known.cut.len() > found.cut.len() => *known = found,
                Some(_) => {}
                None => candidates.push(found),
            },
            Ok(None) => {
                let shape = importer.value(output).and_then(|value| importer.builder.shape(value).ok());
                others.push(format!("'{output}' {}", shape.map_or(String::new(), |shape| shown(&shape))));
            }
            Err(found) => {
                fault.get_or_insert(found);
            }
        }
    }
    if candidates.len() > 1 {
        // Of several, the one that is called for what it is.
        let named = |word: &str| -> Vec<usize> {
            let is = |candidate: &Candidate| candidate.output.to_lowercase().contains(word);
            (0..candidates.len()).filter(|index| is(&candidates[*index])).collect()
        };
        let chosen = ["logit", "prob", "score", "class"].into_iter().find_map(|word| match named(word)[..] {
            [only] => Some(only),
            _ => None,
        });
        match chosen {
            Some(chosen) => candidates = vec![candidates.swap_remove(chosen)],
            None => {
                let all: Vec<String> = candidates
                    .iter()
                    .map(|found| format!("'{}' {}", found.output, shown(&found.shape)))
                    .collect();
                return Err(format!(
                    "several of its results could be logits: {}; say which, as `output`",
                    all.join(", ")
                ));
            }
        }
    }
    let Some(found) = candidates.pop() else {
        return match fault {
            Some(fault) => Ok(Err(fault)),
            None if others.is_empty() => Err("it has no result".to_owned()),
            None => {
                Err(format!("none of its results is logits, [N, classes]: it returns {}", others.join(", ")))
            }
        };
    };
    let Candidate { output, name, value, shape, cut } = found;
    let value = match shape.len() {
        2 => value,
        _ => {
            let flat = vec![shape[0].clone(), classes(&shape).unwrap_or(Size::Fixed(0))];
            importer.builder.emit(Layout::Reshape { shape: flat }, &[value])?
        }
    };
    let value = importer.builder.plain(&value, "constant")?;
    let others: Vec<String> =
        all.iter().filter(|other| **other != output).map(|&other| other.to_owned()).collect();
    let note = (all.len() > 1 || !cut.is_empty()).then(|| Note::Output {
        name: name.to_owned(),
        others,
        cut: cut.into_iter().map(str::to_owned).collect(),
    });
    Ok(Ok(Chosen { value, note }))
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Computed(a), Value::Computed(b)) | (Value::ChannelsLast(a), Value::ChannelsLast(b)) => a == b,
        _ => false,
    }
}

/// The number of classes in a shape `[N, classes]`, with ones before or behind or without.
fn classes(shape: &[Size]) -> Option<Size> {
    let [_, rest @ ..] = shape else { return None };
    let mut large = rest.iter().filter(|size| size.fixed() != Some(1));
    match (large.next(), large.next()) {
        (None, _) if !rest.is_empty() => Some(Size::Fixed(1)),
        (Some(size), None) => size.fixed().map(Size::Fixed),
        _ => None,
    }
}

/// What a result comes of that may hold logits.
fn candidate<'a>(
    importer: &Importer<'a>,
    graph: &'a proto::Graph,
    output: &'a str,
) -> Result<Result<Option<Candidate<'a>>, Rc<Fault>>, String> {
    let mut name = output;
    let mut cut = Vec::new();
    let mut behind = Vec::new();
    loop {
        let value = importer.value(name).ok_or_else(|| format!("its result '{name}' is never computed"))?;
        let suits = matches!(value, Value::Computed(_) | Value::ChannelsLast(_))
            && importer.builder.kind(value) == tch::Kind::Float;
        if suits {
            let shape = importer.builder.shape(value)?;
            if classes(&shape).is_some() && shape.first() == Some(&importer.builder.batch) {
                let value = value.clone();
                return Ok(Ok(Some(Candidate { output, name, value, shape, cut })));
            }
        }
        let maker = graph.node.iter().find(|node| node.output.iter().any(|made| made == name));
        let next = maker.filter(|node| {
            let operator = node.op_type.as_str();
            TAILS.contains(&operator) || BETWEEN.contains(&operator)
        });
        let Some(node) = next.filter(|_| behind.len() < 32) else {
            return Ok(match importer.value(output) {
                Some(Value::Fault(fault)) if cut.is_empty() || !matches!(value, Value::Computed(_)) => {
                    Err(Rc::clone(fault))
                }
                _ => Ok(None),
            });
        };
        behind.push(node.op_type.as_str());
        if TAILS.contains(&node.op_type.as_str()) {
            cut.append(&mut behind);
        }
        // The one that is no constant.
        let varies = |name: &&String| {
            !matches!(importer.value(name), None | Some(Value::Constant(..) | Value::Sizes(_)))
        };
        let Some(input) = node.input.iter().find(varies) else { return Ok(Ok(None)) };
        name = input;
    }
}
