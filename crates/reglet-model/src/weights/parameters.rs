//! Strict assignment of weights to a graph's parameters.

use tch::{Device, Tensor};

use super::Weights;
use crate::graph::{Graph, Parameter};
use crate::{Architecture, ModelError};

/// How many names a message lists before it only counts.
const LISTED: usize = 3;

/// A tensor for each of a graph's parameters, in the graph's order.
#[derive(Debug)]
pub struct Parameters {
    tensors: Vec<Tensor>,
}

/// What loading found besides the parameters.
#[derive(Debug)]
pub struct Loaded {
    /// The parameters.
    pub parameters: Parameters,
    /// The prefix that all names had and that was removed.
    pub prefix: Option<String>,
}

impl Parameters {
    /// Assigns `weights` to the parameters of `graph`, moving them to `device`.
    ///
    /// # Errors
    /// [`ModelError::WeightsMismatch`] with the number of missing, unexpected and misshapen tensors and
    /// the first few names of each.
    pub fn from_weights(
        graph: &Graph,
        weights: &Weights,
        architecture: Architecture,
        device: Device,
    ) -> Result<Parameters, ModelError> {
        let expected = graph.parameters();
        let missing: Vec<&str> =
            expected.iter().map(|p| p.name.as_str()).filter(|name| weights.get(name).is_none()).collect();
        let unexpected: Vec<&str> =
            weights.names().filter(|name| expected.iter().all(|p| p.name != *name)).collect();
        let misshapen: Vec<String> = expected.iter().filter_map(|p| misshapen(p, weights)).collect();
        let misshapen: Vec<&str> = misshapen.iter().map(String::as_str).collect();

        let kinds = [("missing", missing), ("unexpected", unexpected), ("of another shape", misshapen)];
        let complaints: Vec<String> = kinds
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{} {what} ({})", names.len(), first_few(names)))
            .collect();
        if !complaints.is_empty() {
            return Err(ModelError::WeightsMismatch {
                path: weights.path().to_owned(),
                architecture: architecture.to_string(),
                mismatch: format!("{}; name the architecture they were trained with", complaints.join(", ")),
            });
        }
        let tensors = expected
            .iter()
            .filter_map(|p| weights.get(&p.name))
            .map(|tensor| tensor.f_to_device(device))
            .collect::<Result<_, _>>()?;
        Ok(Parameters { tensors })
    }

    /// Parameters given directly, one for each of the graph's, in its order.
    pub fn from_tensors(tensors: Vec<Tensor>) -> Parameters {
        Parameters { tensors }
    }

    /// The tensors, in the graph's order.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    pub(crate) fn tensor(&self, index: usize) -> &Tensor {
        &self.tensors[index]
    }
}

/// `name [got], expected [shape]` if the weights hold `parameter` in another shape.
fn misshapen(parameter: &Parameter, weights: &Weights) -> Option<String> {
    let found = weights.get(&parameter.name)?.size();
    let differs = found != parameter.shape;
    differs.then(|| format!("{} {found:?} instead of {:?}", parameter.name, parameter.shape))
}

fn first_few(names: &[&str]) -> String {
    let more = if names.len() > LISTED { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(LISTED)].join(", "))
}
