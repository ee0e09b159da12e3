//! The weights and constants of an archive.

use std::collections::HashMap;

use tch::{Kind, Tensor};

use super::archive::Archive;
use super::schema::{Extent, Payload, PayloadConfig, TensorMeta};

/// PyTorch's number for the strided layout, as opposed to, for example, a sparse one.
const STRIDED: i64 = 7;

/// Reads tensors. Each storage is read only once, so tensors that share memory in Python share it here, too.
pub(super) struct Tensors<'a> {
    archive: &'a Archive,
    weights: PayloadConfig,
    constants: PayloadConfig,
    storages: HashMap<(String, i64), Tensor>,
}

impl<'a> Tensors<'a> {
    pub fn open(archive: &'a Archive) -> Result<Tensors<'a>, String> {
        let config = |path: &str| match archive.has(path) {
            true => archive.json(path),
            false => Ok(PayloadConfig::default()),
        };
        let weights = config("data/weights/model_weights_config.json")?;
        let constants = config("data/constants/model_constants_config.json")?;
        Ok(Tensors { archive, weights, constants, storages: HashMap::new() })
    }

    /// The parameter or buffer called `name`: floating-point numbers as 32-bit floats, others unchanged. A parameter's
    /// numbers must be finite.
    pub fn weight(&mut self, name: &str) -> Result<Tensor, String> {
        let payload = self.weights.config.get(name).or_else(|| self.constants.config.get(name));
        let payload = payload.ok_or_else(|| format!("it has no weights for '{name}'"))?;
        let (path, is_param) = (format!("data/weights/{}", payload.path_name), payload.is_param);
        let path = if self.archive.has(&path) { path } else { constant_path(payload) };
        let meta = meta(name, payload)?.clone();
        let tensor = self.read(name, path, &meta)?;
        if is_param && !is_finite(&tensor).map_err(|error| error.to_string())? {
            return Err(format!("its weight '{name}' contains NaN or infinity"));
        }
        Ok(tensor)
    }

    /// The constant called `name`.
    pub fn constant(&mut self, name: &str) -> Result<Tensor, String> {
        let payload = self.constants.config.get(name);
        let payload = payload.ok_or_else(|| format!("it has no constant '{name}'"))?;
        let (path, meta) = (constant_path(payload), meta(name, payload)?.clone());
        self.read(name, path, &meta)
    }

    fn read(&mut self, name: &str, path: String, meta: &TensorMeta) -> Result<Tensor, String> {
        let sizes = numbers(name, &meta.sizes)?;
        let strides = numbers(name, &meta.strides)?;
        let offset = meta.storage_offset.as_ref().map_or(Ok(0), |offset| number(name, offset))?;
        let key = (path, meta.dtype);
        if !self.storages.contains_key(&key) {
            let bytes = self.archive.entry(&key.0)?.ok_or_else(|| format!("it has no {}", key.0))?;
            self.storages.insert(key.clone(), storage(name, &bytes, meta.dtype)?);
        }
        let storage = &self.storages[&key];
        let available = storage.numel() as i64;
        if !fits(&sizes, &strides, offset, available) {
            return Err(format!(
                "its tensor '{name}' of shape {sizes:?}, strides {strides:?} and offset {offset} extends beyond its {available} stored numbers"
            ));
        }
        storage.f_as_strided(sizes, strides, offset).map_err(|error| error.to_string())
    }
}

fn constant_path(payload: &Payload) -> String {
    format!("data/constants/{}", payload.path_name)
}

fn meta<'a>(name: &str, payload: &'a Payload) -> Result<&'a TensorMeta, String> {
    match &payload.tensor_meta {
        _ if payload.use_pickle => Err(format!(
            "its tensor '{name}' is a pickle, which is not opened; export the model on the CPU, with plain tensors"
        )),
        None => Err(format!("its '{name}' is not a tensor")),
        Some(meta) if meta.layout != STRIDED => Err(format!("its tensor '{name}' is not dense")),
        Some(meta) => Ok(meta),
    }
}

/// All the numbers of one storage.
fn storage(name: &str, bytes: &[u8], dtype: i64) -> Result<Tensor, String> {
    let kind =
        kind(dtype).ok_or_else(|| format!("its tensor '{name}' has an unknown data type ({dtype})"))?;
    let width = kind.elt_size_in_bytes();
    let count = bytes.len() / width;
    // A byte that is neither 0 nor 1 must not become a C++ bool.
    let raw = if kind == Kind::Bool { Kind::Uint8 } else { kind };
    let tensor = Tensor::f_from_data_size(&bytes[..count * width], &[count as i64], raw);
    let kind = in_graph(kind);
    tensor.and_then(|tensor| tensor.f_to_kind(kind)).map_err(|error| error.to_string())
}

/// The kind of numbers that an archive's code stands for.
pub(super) fn kind(dtype: i64) -> Option<Kind> {
    Some(match dtype {
        1 => Kind::Uint8,
        2 => Kind::Int8,
        3 => Kind::Int16,
        4 => Kind::Int,
        5 => Kind::Int64,
        6 => Kind::Half,
        7 => Kind::Float,
        8 => Kind::Double,
        12 => Kind::Bool,
        13 => Kind::BFloat16,
        _ => return None,
    })
}

/// The kind in which a graph computes values that were exported as `kind`: floats of any precision become 32-bit floats.
pub(super) fn in_graph(kind: Kind) -> Kind {
    match kind {
        Kind::Half | Kind::BFloat16 | Kind::Double => Kind::Float,
        other => other,
    }
}

/// Whether every element of a strided tensor is within the `available` stored numbers, and the tensor has no more elements
/// than that.
fn fits(sizes: &[i64], strides: &[i64], offset: i64, available: i64) -> bool {
    if sizes.len() != strides.len() || sizes.iter().chain(strides).any(|&n| n < 0) || offset < 0 {
        return false;
    }
    let count = sizes.iter().try_fold(1_i64, |count, size| count.checked_mul(*size));
    let last = sizes
        .iter()
        .zip(strides)
        .try_fold(offset, |last, (size, stride)| last.checked_add((size - 1).max(0).checked_mul(*stride)?));
    match (count, last) {
        (Some(0), Some(_)) => offset <= available,
        (Some(count), Some(last)) => count <= available && last < available,
        _ => false,
    }
}

fn numbers(name: &str, sizes: &[Extent]) -> Result<Vec<i64>, String> {
    sizes.iter().map(|size| number(name, size)).collect()
}

fn number(name: &str, size: &Extent) -> Result<i64, String> {
    match size {
        Extent::AsInt(size) => Ok(*size),
        Extent::AsExpr { .. } => Err(format!("its stored tensor '{name}' has a size that is left open")),
    }
}

pub(super) fn is_finite(tensor: &Tensor) -> Result<bool, tch::TchError> {
    // A sum is finite only if every term is; it can overflow, so the full test decides.
    let sum = tensor.f_sum(Kind::Double)?.f_double_value(&[])?;
    Ok(sum.is_finite() || tensor.f_isfinite()?.f_all()?.f_int64_value(&[])? != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_outside_a_storage() {
        assert!(fits(&[2, 3], &[3, 1], 0, 6));
        assert!(fits(&[2, 3], &[3, 1], 4, 10));
        assert!(fits(&[], &[], 0, 1), "a scalar");
        assert!(fits(&[0, 3], &[3, 1], 0, 0), "an empty tensor");
        assert!(!fits(&[2, 3], &[3, 1], 1, 6), "one too far");
        assert!(!fits(&[2, 3], &[3], 0, 6), "a stride is missing");
        assert!(!fits(&[2], &[-1], 1, 6), "backwards");
        assert!(!fits(&[-2], &[1], 0, 6));
        assert!(!fits(&[i64::MIN], &[1], 0, 6));
        assert!(!fits(&[2], &[1], -1, 6));
        assert!(!fits(&[1 << 40], &[0], 0, 1), "a number repeated without end");
        assert!(!fits(&[i64::MAX, i64::MAX], &[i64::MAX, 1], 0, 6));
        assert!(!fits(&[], &[], 0, 0));
    }
}
