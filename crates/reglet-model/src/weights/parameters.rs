//! Assigns weights to a graph's parameters, strictly.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Tensor};

use super::Weights;
use crate::ModelError;
use crate::graph::{Graph, Parameter, Shortcut, ValueId};
use crate::workers::ReadOnly;

/// The number of names that a message lists; further ones are only counted.
const LISTED: usize = 3;

/// One tensor for each of a graph's parameters, in the graph's order, and what has been prepared from them.
///
/// libtorch's tensors can be changed in place by any code that holds one. So the prepared tensors (folded, rearranged and
/// transformed filters) record the [version](Parameters::version) they were computed from, and they are not used any more
/// once the version has risen: a run then uses the graph's own operators until [`prepare`](Parameters::prepare) is called
/// again.
#[derive(Debug)]
pub struct Parameters {
    tensors: Vec<Tensor>,
    shortcuts: HashMap<ValueId, Shortcut>,
    /// An empty set of shortcuts, which replaces shortcuts that no longer fit the tensors.
    stale: HashMap<ValueId, Shortcut>,
    /// The version that the shortcuts were computed from.
    prepared: u64,
    /// How often training has changed buffers; libtorch does not count these changes.
    trained: AtomicU64,
}

// SAFETY: it has no functions that write to a tensor.
#[expect(unsafe_code, reason = "tch does not declare that its tensors may be shared between threads")]
unsafe impl ReadOnly for Parameters {}

impl Parameters {
    /// Assigns `weights` to the parameters of `graph`, moving them to `device`. `network` is the graph's name in messages.
    ///
    /// # Errors
    /// [`ModelError::WeightsMismatch`] with the number of missing, unexpected and misshapen tensors and
    /// the first few names of each.
    pub fn from_weights(
        graph: &Graph,
        weights: &Weights,
        network: &str,
        device: Device,
    ) -> Result<Parameters, ModelError> {
        let expected = graph.parameters();
        let missing: Vec<&str> =
            expected.iter().map(|p| p.name.as_str()).filter(|name| weights.get(name).is_none()).collect();
        let unexpected: Vec<&str> =
            weights.names().filter(|name| expected.iter().all(|p| p.name != *name)).collect();
        let misshapen: Vec<String> = expected.iter().filter_map(|p| misshapen(p, weights)).collect();
        let misshapen: Vec<&str> = misshapen.iter().map(String::as_str).collect();

        let kinds = [("missing", &missing), ("unexpected", &unexpected), ("of another shape", &misshapen)];
        let complaints: Vec<String> = kinds
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{} {what} ({})", names.len(), first_few(names)))
            .collect();
        if !complaints.is_empty() {
            let whole = missing.is_empty() && misshapen.is_empty();
            let advice = if whole {
                "the network's own tensors are all there; if these belong to the training, as the weights of a loss do, remove them from the state dict, else give the architecture that has them"
            } else {
                "give the architecture that they were trained with"
            };
            return Err(ModelError::WeightsMismatch {
                path: weights.path().to_owned(),
                architecture: network.to_owned(),
                mismatch: format!("{}; {advice}", complaints.join(", ")),
            });
        }
        let tensors = expected
            .iter()
            .filter_map(|p| weights.get(&p.name))
            .map(|tensor| tensor.f_to_device(device))
            .collect::<Result<_, _>>()?;
        Ok(Parameters::from_tensors(tensors))
    }

    /// Parameters given directly: one tensor for each of the graph's parameters, in its order.
    pub fn from_tensors(tensors: Vec<Tensor>) -> Parameters {
        Parameters {
            tensors,
            shortcuts: HashMap::new(),
            stale: HashMap::new(),
            prepared: 0,
            trained: AtomicU64::new(0),
        }
    }

    /// Replaces what was prepared by shortcuts that were computed from this version of the tensors.
    pub(crate) fn set_shortcuts(&mut self, shortcuts: HashMap<ValueId, Shortcut>, version: u64) {
        self.shortcuts = shortcuts;
        self.prepared = version;
    }

    /// A number that rises whenever a tensor is changed, even in place through a clone of it.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn version(&self) -> Result<u64, ModelError> {
        let mut version = self.trained.load(Ordering::Acquire);
        for tensor in &self.tensors {
            // Tensors that were created in inference mode have no counter, and cannot be changed outside of it.
            version += if tensor.f_is_inference()? { 0 } else { tensor.f_internal_version()? as u64 };
        }
        Ok(version)
    }

    /// Records that a training run has changed buffers.
    pub(crate) fn note_training(&self) {
        self.trained.fetch_add(1, Ordering::Release);
    }

    /// The prepared shortcuts, if they still fit the tensors.
    pub(crate) fn shortcuts(&self) -> Result<&HashMap<ValueId, Shortcut>, ModelError> {
        let fits = self.shortcuts.is_empty() || self.version()? == self.prepared;
        Ok(if fits { &self.shortcuts } else { &self.stale })
    }

    /// Parameters with copies of the tensors that share no memory with these, and with nothing prepared.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn copied(&self) -> Result<Parameters, ModelError> {
        let copy = |tensor: &Tensor| {
            let mut copy = tensor.f_detach()?.f_zeros_like()?;
            copy.f_copy_(&tensor.f_detach()?)?;
            Ok(copy)
        };
        let tensors = self.tensors.iter().map(copy).collect::<Result<_, tch::TchError>>()?;
        Ok(Parameters::from_tensors(tensors))
    }

    /// The device that holds the tensors; the CPU if there are none.
    pub fn device(&self) -> Device {
        self.tensors.first().map_or(Device::Cpu, Tensor::device)
    }

    /// The tensors, in the graph's order.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    pub(crate) fn tensor(&self, index: usize) -> &Tensor {
        &self.tensors[index]
    }
}

/// `name [got], expected [shape]`, if the weights contain `parameter` in another shape.
fn misshapen(parameter: &Parameter, weights: &Weights) -> Option<String> {
    let found = weights.get(&parameter.name)?.size();
    let differs = found != parameter.shape;
    differs.then(|| format!("{} {found:?} instead of {:?}", parameter.name, parameter.shape))
}

fn first_few(names: &[&str]) -> String {
    let more = if names.len() > LISTED { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(LISTED)].join(", "))
}

impl Parameters {
    /// Initial parameters for training, as in torchvision's ResNets: convolutions from He's normal distribution by fan-out
    /// (<https://arxiv.org/abs/1502.01852>), fully connected layers uniform in ±1/√fan-in, norms as the identity. As in
    /// torchvision, attention is initialised by the method of Glorot and Bengio (2010), position embeddings from a normal
    /// distribution with standard deviation 0.02, and the scale of ConvNeXt's blocks with 10⁻⁶. The same seed gives the same
    /// parameters on every machine.
    ///
    /// # Errors
    /// [`ModelError::Torch`].
    pub fn initial(graph: &Graph, seed: u64) -> Result<Parameters, ModelError> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |parameter: &Parameter| {
            let count = parameter.shape.iter().product::<i64>() as usize;
            let leaf = parameter.name.rsplit('.').next().unwrap_or_default();
            let values: Vec<f32> = match (leaf, parameter.shape.as_slice()) {
                ("weight", &[out, _, height, width]) => {
                    let deviation = (2.0 / (out * height * width) as f64).sqrt();
                    (0..count).map(|_| (deviation * normal(&mut random)) as f32).collect()
                }
                ("weight", &[_, from]) => {
                    let bound = 1.0 / (from as f32).sqrt();
                    (0..count).map(|_| random.random_range(-bound..bound)).collect()
                }
                ("in_proj_weight", &[out, from]) => {
                    let bound = (6.0 / (out + from) as f32).sqrt();
                    (0..count).map(|_| random.random_range(-bound..bound)).collect()
                }
                ("pos_embedding", _) => (0..count).map(|_| (0.02 * normal(&mut random)) as f32).collect(),
                ("layer_scale", _) => vec![1e-6; count],
                ("weight" | "running_var", _) => vec![1.0; count],
                _ => vec![0.0; count],
            };
            Ok(Tensor::f_from_slice(&values)?.f_view(parameter.shape.as_slice())?)
        };
        let tensors = graph.parameters().iter().map(&mut draw).collect::<Result<_, ModelError>>()?;
        Ok(Parameters::from_tensors(tensors))
    }
}

/// A standard normal number, by Box and Muller.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}
