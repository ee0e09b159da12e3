//! Finds out what the results of a graph are.

use crate::graph::{Behind, Graph, Size, Squashing};
use crate::{Note, Parameters};

/// What the results of a graph are, however the graph was built.
#[derive(Debug)]
pub(crate) struct Meaning {
    /// The number of logits.
    pub logits: i64,
    /// The function that the network itself applies to them.
    pub squashing: Option<Squashing>,
    /// What a reader of the model's answers should know.
    pub notes: Vec<Note>,
}

impl Meaning {
    /// Makes the logits the graph's output, and finds out whether pictures stay independent of each other. The graph's
    /// values must have declared shapes.
    ///
    /// # Errors
    /// A clause, if the output is not logits.
    pub(crate) fn of(graph: &mut Graph, parameters: &Parameters) -> Result<Meaning, String> {
        let behind = graph.look_behind()?;
        let logits = logits_of(graph)?;
        let mut notes = Vec::new();
        let squashing = behind.as_ref().map(|behind| behind.squashing);
        if let Some(Behind { squashing, value }) = behind {
            notes.push(Note::LookedBehind { squashing, value, logits });
        }
        if matches!(graph.shape(graph.input()), Some([Size::Fixed(_), ..])) {
            notes.push(Note::OnePicture);
            graph.run_one_by_one();
        } else if let Some((node, surely)) = graph.mixes_pictures(parameters) {
            let value = graph.name(node.output).to_owned();
            notes.push(Note::RowsDepend { value, operator: node.op.name(), surely });
            graph.run_one_by_one();
        }
        Ok(Meaning { logits, squashing, notes })
    }
}

/// The number of logits, from the shape `[N, classes]` of the graph's output.
fn logits_of(graph: &Graph) -> Result<i64, String> {
    let shape = graph.shape(graph.output());
    match shape {
        Some([_, Size::Fixed(logits)]) if *logits > 0 => Ok(*logits),
        _ => {
            let shape = shape.map_or("unknown".to_owned(), |shape| graph.describe(shape));
            Err(format!("its result has the shape {shape}, but logits have the shape [N, classes]"))
        }
    }
}
