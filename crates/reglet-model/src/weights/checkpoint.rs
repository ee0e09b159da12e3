//! PyTorch checkpoints, read without executing anything in them.

use std::collections::BTreeMap;
use std::path::Path;

use pytorch_reader::{DType, PytorchReader};
use tch::{Kind, Tensor};

use super::float_tensor;

/// Keys under which training scripts keep the state dict, with what they keep beside it.
const NESTS: [&str; 4] = ["state_dict.", "model_state_dict.", "model.", "net."];

/// Reads every floating-point tensor of the checkpoint's state dict.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Tensor>, String> {
    let reader = PytorchReader::new(path).map_err(|error| sentence(&error.to_string()))?;
    let all = reader.tensors();
    // A checkpoint that nests its state dict also holds optimizer state and the like, which is not weights.
    let nest = ["state_dict.", "model_state_dict."]
        .into_iter()
        .find(|nest| all.keys().any(|name| name.starts_with(nest)));
    let nest = nest.or_else(|| {
        let beside = all.keys().any(|name| name.starts_with("optimizer"));
        NESTS.into_iter().find(|nest| beside && all.keys().any(|name| name.starts_with(nest)))
    });
    let mut tensors = BTreeMap::new();
    for (name, tensor) in all {
        let Some(name) = name.strip_prefix(nest.unwrap_or_default()) else { continue };
        let kind = match tensor.dtype() {
            DType::F32 => Some(Kind::Float),
            DType::F16 => Some(Kind::Half),
            DType::BF16 => Some(Kind::BFloat16),
            DType::F64 => Some(Kind::Double),
            _ => None,
        };
        if kind.is_none() {
            continue;
        }
        let bytes = tensor.read().map_err(|error| format!("tensor '{name}': {error}"))?;
        if let Some(tensor) = float_tensor(&bytes, tensor.shape(), kind)? {
            tensors.insert(name.to_owned(), tensor);
        }
    }
    if tensors.is_empty() {
        return Err("the checkpoint holds no tensors; save `model.state_dict()` and pass that".to_owned());
    }
    Ok(tensors)
}

/// The reader's message as one clause.
fn sentence(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default().trim_end_matches('.');
    format!("it is not a whole PyTorch state dict ({first}); save `model.state_dict()` and pass that")
}
