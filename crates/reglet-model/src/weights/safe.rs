//! `.safetensors`.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use memmap2::Mmap;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tch::{Kind, Tensor};

use super::float_tensor;

/// Reads every floating-point tensor of the file.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Tensor>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    // SAFETY: the map is read once, here, and not kept. A file that another process cuts short in this
    // moment ends the program with SIGBUS, as it does for every reader of mapped weights.
    #[expect(unsafe_code, reason = "memory-mapping a file is unsafe by its nature")]
    let bytes = unsafe { Mmap::map(&file) }.map_err(|error| error.to_string())?;
    let archive = SafeTensors::deserialize(&bytes).map_err(|error| {
        format!("it is neither a PyTorch checkpoint nor a whole .safetensors file ({error})")
    })?;
    let mut tensors = BTreeMap::new();
    for (name, view) in archive.iter() {
        let kind = match view.dtype() {
            Dtype::F32 => Some(Kind::Float),
            Dtype::F16 => Some(Kind::Half),
            Dtype::BF16 => Some(Kind::BFloat16),
            Dtype::F64 => Some(Kind::Double),
            _ => None,
        };
        if let Some(tensor) = float_tensor(view.data(), view.shape(), kind)? {
            tensors.insert(name.to_owned(), tensor);
        }
    }
    Ok(tensors)
}

/// Writes tensors as a `.safetensors` file: 16-bit floats where the tensor's kind is half, else 32-bit.
/// The file appears whole or not at all.
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
