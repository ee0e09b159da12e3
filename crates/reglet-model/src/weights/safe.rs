//! `.safetensors`.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorView};
use tch::{Kind, Tensor};

use super::float_tensor;
use crate::files;

/// The size in bytes of the longest header that is read, as in the format's own reader.
const LONGEST_HEADER: u64 = 100_000_000;

/// Reads every floating-point tensor of the file, one after the other. The file is not memory-mapped, so if another process
/// truncates it in the meantime, the result is an error and not a crash.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Tensor>, String> {
    let no_file = |error: &dyn std::fmt::Display| {
        format!("it is neither a PyTorch checkpoint nor a complete .safetensors file ({error})")
    };
    let (file, size) = files::open(path)?;
    let short = || no_file(&"it is too short for its header");
    if size < 8 {
        return Err(short());
    }
    let length = files::read_at(&file, 0, 8)?.try_into().map(u64::from_le_bytes).map_err(|_| short())?;
    let start = length.checked_add(8).filter(|start| *start <= size && length <= LONGEST_HEADER);
    let start = start.ok_or_else(short)?;
    let header = files::read_at(&file, 8, length as usize)?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|error| no_file(&error))?;
    let infos = metadata.tensors();
    let end = infos.values().map(|info| info.data_offsets.1 as u64).max().unwrap_or(0);
    if end != size - start {
        return Err(no_file(&format!(
            "its header announces {end} bytes of tensors, but it has {}",
            size - start
        )));
    }
    let mut tensors = BTreeMap::new();
    for (name, info) in infos {
        let kind = match info.dtype {
            Dtype::F32 => Some(Kind::Float),
            Dtype::F16 => Some(Kind::Half),
            Dtype::BF16 => Some(Kind::BFloat16),
            Dtype::F64 => Some(Kind::Double),
            _ => continue,
        };
        let (from, to) = info.data_offsets;
        let bytes = files::read_at(&file, start + from as u64, to - from)?;
        if let Some(tensor) = float_tensor(&bytes, &info.shape, kind)? {
            tensors.insert(name, tensor);
        }
    }
    Ok(tensors)
}

/// Writes tensors as a `.safetensors` file: half-precision tensors as 16-bit floats, others as 32-bit floats. The file is
/// written completely or not at all.
///
/// # Errors
/// The operating system's error.
pub fn save(path: &Path, tensors: &[(&str, &Tensor)]) -> std::io::Result<()> {
    let mut buffers = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let (kind, dtype) = match tensor.kind() {
            Kind::Half => (Kind::Half, Dtype::F16),
            _ => (Kind::Float, Dtype::F32),
        };
        let size = kind.elt_size_in_bytes();
        let shape: Vec<usize> = tensor.size().iter().map(|&size| size as usize).collect();
        let mut bytes = vec![0_u8; tensor.numel() * size];
        tensor
            .f_to_kind(kind)
            .and_then(|t| {
                t.f_to_device(tch::Device::Cpu)?.f_contiguous()?.f_copy_data_u8(&mut bytes, tensor.numel())
            })
            .map_err(std::io::Error::other)?;
        buffers.push((*name, dtype, shape, bytes));
    }
    let views: Vec<(&str, TensorView)> = buffers
        .iter()
        .map(|(name, dtype, shape, bytes)| Ok((*name, TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect::<Result<_, safetensors::SafeTensorError>>()
        .map_err(std::io::Error::other)?;
    let archive = safetensors::serialize(views, None).map_err(std::io::Error::other)?;
    let temporary = path.with_extension("tmp");
    std::fs::write(&temporary, archive)?;
    std::fs::rename(&temporary, path)
}
