//! Weights: named tensors from a file, and their strict assignment to a graph's parameters.

#[cfg(feature = "pickles")]
mod checkpoint;
#[cfg(feature = "download")]
mod download;
mod hub;
mod parameters;
#[cfg(feature = "pickles")]
mod pickle;
mod safe;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};

pub use hub::{fetch, published};
pub use parameters::Parameters;
pub use safe::save;

use crate::ModelError;
use crate::files::{self, Format};

/// A callback that is given the number of bytes received, and the total if the server has announced it.
pub type Progress<'a> = &'a mut dyn FnMut(u64, Option<u64>);

/// The tensors of a weights file, by name, in 32-bit floats on the CPU.
#[derive(Debug)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
    path: PathBuf,
    sha256: String,
}

impl Weights {
    /// Reads a `.safetensors` file, or a PyTorch checkpoint (`.pth`, `.pt`, `.bin`; in either of
    /// PyTorch's formats) holding a state dict, alone or under `state_dict`, `model_state_dict` or
    /// `model`. The format is recognised from the content. Nothing in a pickle is ever executed.
    ///
    /// Checkpoints need the feature `pickles`.
    ///
    /// Half-precision and double tensors are converted; integer tensors (`num_batches_tracked`) are ignored.
    ///
    /// # Errors
    /// [`ModelError::UnreadableWeights`] and [`ModelError::NotFinite`].
    pub fn read(path: &Path) -> Result<Weights, ModelError> {
        let unreadable = |reason: String| ModelError::UnreadableWeights { path: path.to_owned(), reason };
        let tensors = match Format::of(&files::head(path).map_err(unreadable)?) {
            #[cfg(feature = "pickles")]
            Format::Zip | Format::Pickle => checkpoint::read(path),
            #[cfg(not(feature = "pickles"))]
            Format::Zip | Format::Pickle => Err(
                "it is a checkpoint of PyTorch, and this program was built without the feature `pickles` of reglet-model, which reads them; save the weights with safetensors.torch.save_file"
                    .to_owned(),
            ),
            Format::Onnx => Err(
                "it is an ONNX file, which contains a whole model; give it as the model, not as the weights"
                    .to_owned(),
            ),
            Format::Other(what) => Err(what.to_owned()),
            Format::Safetensors | Format::Unknown => safe::read(path),
        };
        let tensors = tensors.map_err(unreadable)?;
        let sha256 = files::sha256(path).map_err(unreadable)?;
        let weights = Weights { tensors, path: path.to_owned(), sha256 };
        weights.check_finite()?;
        Ok(weights)
    }

    /// The tensor called `name`.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Renames every tensor with a function of its name.
    pub(crate) fn rename_all(&mut self, renamed: impl Fn(String) -> String) {
        let tensors = std::mem::take(&mut self.tensors).into_iter();
        self.tensors = tensors.map(|(name, tensor)| (renamed(name), tensor)).collect();
    }

    /// Adds a tensor called `name`, or replaces the one of that name.
    pub(crate) fn insert(&mut self, name: String, tensor: Tensor) {
        self.tensors.insert(name, tensor);
    }

    /// Removes the tensor of that name, if there is one.
    pub(crate) fn remove(&mut self, name: &str) {
        self.tensors.remove(name);
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The file they were read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The SHA-256 of the file, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The prefixes under which a tensor called `anchor` is found, if there are several, as in a file that also contains
    /// averaged weights.
    pub(crate) fn sets(&self, anchor: &str) -> Vec<String> {
        let under = |name: &str| {
            let prefix = name.strip_suffix(anchor)?;
            (prefix.is_empty() || prefix.ends_with('.')).then(|| prefix.to_owned())
        };
        self.names().filter_map(under).collect()
    }

    /// Removes the prefix that training wrappers put before every name (`module.`, `model.`, `layers.`, or several of them)
    /// and returns it. The prefix is found by searching for the known name `anchor`.
    ///
    /// Tensors that do not have the prefix keep their names, so loading reports them as unexpected.
    pub(crate) fn strip_prefix(&mut self, anchor: &str) -> Option<String> {
        if self.tensors.contains_key(anchor) {
            return None;
        }
        let under = |prefix: &str| self.names().filter(|name| name.starts_with(prefix)).count();
        let prefix = self
            .names()
            .filter_map(|name| name.strip_suffix(anchor).filter(|prefix| prefix.ends_with('.')))
            .max_by_key(|prefix| under(prefix))?
            .to_owned();
        let renamed = |(name, tensor): (String, Tensor)| match name.strip_prefix(&prefix) {
            Some(rest) => (rest.to_owned(), tensor),
            None => (name, tensor),
        };
        self.tensors = std::mem::take(&mut self.tensors).into_iter().map(renamed).collect();
        Some(prefix)
    }

    /// Renames modules in every name; each pair gives a module's old and new name.
    pub(crate) fn rename(&mut self, pairs: &[(&str, &str)]) {
        self.rename_all(|name| {
            pairs.iter().fold(name, |name, (old, new)| name.replace(&format!(".{old}."), &format!(".{new}.")))
        });
    }

    fn check_finite(&self) -> Result<(), ModelError> {
        let mut bad = Vec::new();
        for (name, tensor) in &self.tensors {
            // A sum is finite only if every term is; it can overflow, so the full test decides.
            let sum = tensor.f_sum(Kind::Double)?.f_double_value(&[])?;
            if !sum.is_finite() && tensor.f_isfinite()?.f_all()?.f_int64_value(&[])? == 0 {
                bad.push(name);
            }
        }
        match bad.first() {
            None => Ok(()),
            Some(first) => Err(ModelError::NotFinite {
                path: self.path.clone(),
                count: bad.len(),
                first: (*first).clone(),
            }),
        }
    }
}

/// A tensor of 32-bit floats from raw little-endian bytes, or `None` for integers.
fn float_tensor(bytes: &[u8], shape: &[usize], kind: Option<Kind>) -> Result<Option<Tensor>, String> {
    let Some(kind) = kind else { return Ok(None) };
    let shape: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
    let tensor = Tensor::f_from_data_size(bytes, &shape, kind).and_then(|t| t.f_to_kind(Kind::Float));
    tensor.and_then(|t| t.f_to_device(Device::Cpu)).map(Some).map_err(|error| error.to_string())
}
