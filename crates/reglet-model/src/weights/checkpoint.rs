//! Reads PyTorch checkpoints without executing anything in them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use pytorch_reader::{DType, FileFormat, PytorchReader};
use tch::{Kind, Tensor};
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

use super::float_tensor;
use super::pickle::{self, Global};
use crate::files;

/// Keys under which training scripts store the state dict, and whether the key is accepted only if an optimizer's state is
/// stored next to it, because a network may itself have a part called `model`.
const NESTS: [(&str, bool); 4] =
    [("state_dict.", false), ("model_state_dict.", false), ("model.", true), ("net.", true)];

/// Reads every floating-point tensor of the checkpoint's state dict.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Tensor>, String> {
    refuse_code(path)?;
    let reader = PytorchReader::new(path).map_err(|error| sentence(&error.to_string()))?;
    // PyTorch before 0.1.10 wrote TAR archives, into whose pickles `refuse_code` does not look.
    if reader.metadata().format_type == FileFormat::Tar {
        return Err(sentence("it is a TAR archive"));
    }
    let all = reader.tensors();
    // A checkpoint that nests its state dict also contains other data, such as the optimizer's state, which are not weights.
    let holds = |start: &str| all.keys().any(|name| name.starts_with(start));
    let nest = NESTS.into_iter().find(|(nest, beside)| holds(nest) && (!beside || holds("optimizer")));
    let nest = nest.map_or("", |(nest, _)| nest);
    let mut tensors = BTreeMap::new();
    for (name, tensor) in all {
        let Some(name) = name.strip_prefix(nest) else { continue };
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
        let bytes = tensor.read().map_err(|error| sentence(&error.to_string()))?;
        if let Some(tensor) = float_tensor(&bytes, tensor.shape(), kind)? {
            tensors.insert(name.to_owned(), tensor);
        }
    }
    if tensors.is_empty() {
        return Err(
            "the checkpoint contains no tensors; save `model.state_dict()` and use that file".to_owned()
        );
    }
    Ok(tensors)
}

/// The size in bytes of the largest pickle, or sequence of pickles, that is read; ResNet-152's takes a tenth of a megabyte.
const LARGEST_PICKLE: u64 = 64 << 20;

/// The number of pickles in the legacy format: a magic number, a version, facts about the system, the state dict and the
/// storages' keys. The storages follow them.
const LEGACY_PICKLES: usize = 5;

/// Returns an error for a checkpoint that contains more than data. The reader would not run any of its code, but it would
/// return the tensors that come with the code, or mistake a whole module for its state dict.
fn refuse_code(path: &Path) -> Result<(), String> {
    let mut file = BufReader::new(files::open(path)?.0);
    let zipped = file.fill_buf().map_err(|error| error.to_string())?.starts_with(b"PK");
    let (bytes, pickles) = if zipped {
        (zipped_pickle(file).map_err(|message| sentence(&message))?, 1)
    } else {
        let mut bytes = Vec::new();
        file.take(LARGEST_PICKLE).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        (bytes, LEGACY_PICKLES)
    };
    let mut rest = bytes.as_slice();
    for _ in 0..pickles {
        let mut code = None;
        let length = pickle::walk(rest, &mut |global| {
            if is_data(global) {
                return Ok(());
            }
            code = Some(global.to_string());
            Err(String::new())
        });
        let length = length.map_err(|message| match code {
            Some(code) => {
                format!("it asks for code to be run ({code}), which is refused; save `model.state_dict()` and use that file")
            }
            None => sentence(&message),
        })?;
        rest = &rest[length..];
        // A bare pickle, which PyTorch does not write, is a single pickle.
        if rest.is_empty() {
            break;
        }
    }
    Ok(())
}

/// The one pickle of PyTorch's ZIP format.
fn zipped_pickle(file: BufReader<File>) -> Result<Vec<u8>, String> {
    let plain = |error: &dyn std::fmt::Display| error.to_string();
    // Nothing precedes the archive, so its start is not detected; detection would be wrong if the first entry's name has a
    // certain length.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(config, file).map_err(|error| plain(&error))?;
    let names: Result<Vec<_>, _> = archive.file_names().collect();
    let names = names.map_err(|error| plain(&error))?;
    if names.iter().any(|name| name.ends_with("/constants.pkl")) {
        return Err("a TorchScript program".to_owned());
    }
    let mut pickles = names.iter().filter(|name| **name == "data.pkl" || name.ends_with("/data.pkl"));
    let name = match (pickles.next(), pickles.next()) {
        (Some(name), None) => name.to_string(),
        (None, _) => return Err("a ZIP archive without data.pkl".to_owned()),
        (Some(_), Some(_)) => return Err("a ZIP archive of several checkpoints".to_owned()),
    };
    let entry = archive.by_name(&name).map_err(|error| plain(&error))?;
    let mut bytes = Vec::new();
    entry.take(LARGEST_PICKLE + 1).read_to_end(&mut bytes).map_err(|error| plain(&error))?;
    if bytes.len() as u64 > LARGEST_PICKLE {
        return Err(format!("its pickle is longer than {LARGEST_PICKLE} bytes"));
    }
    Ok(bytes)
}

/// Whether a global is one of those needed for tensors and for the plain values that are stored with them in a checkpoint.
/// PyTorch's own list for `torch.load(weights_only=True)` is in `torch/_weights_only_unpickler.py`; this list adds NumPy's
/// scalars and arrays, because scripts often save the best accuracy as one.
fn is_data(global: &Global) -> bool {
    let Global::Named { module, name } = *global else { return false };
    match module {
        "collections" => matches!(name, "OrderedDict" | "Counter" | "defaultdict"),
        "builtins" | "__builtin__" => matches!(
            name,
            "set"
                | "frozenset"
                | "dict"
                | "list"
                | "tuple"
                | "int"
                | "float"
                | "bool"
                | "complex"
                | "bytearray"
        ),
        "torch" => name.strip_suffix("Storage").map_or_else(|| is_torch_value(name), is_word),
        "torch.storage" => matches!(name, "TypedStorage" | "UntypedStorage"),
        "torch.nn.parameter" => matches!(name, "Parameter" | "Buffer"),
        "torch.serialization" => name == "_get_layout",
        "torch._tensor" => name == "_rebuild_from_type_v2",
        "torch._utils" => matches!(
            name,
            "_rebuild_tensor"
                | "_rebuild_tensor_v2"
                | "_rebuild_tensor_v3"
                | "_rebuild_parameter"
                | "_rebuild_parameter_with_state"
                | "_rebuild_sparse_tensor"
                | "_rebuild_qtensor"
        ),
        "numpy.core.multiarray" | "numpy._core.multiarray" => matches!(name, "scalar" | "_reconstruct"),
        "numpy" => matches!(name, "dtype" | "ndarray"),
        "_codecs" => name == "encode",
        _ => false,
    }
}

/// Whether `torch.name` is a class of plain values, or one of torch's types of numbers.
fn is_torch_value(name: &str) -> bool {
    let digits = name.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    let number = match name.strip_suffix(digits).unwrap_or(name) {
        "float" | "bfloat" | "complex" | "int" | "uint" | "qint" | "quint" => {
            digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    };
    number || matches!(name, "Size" | "Tensor" | "device" | "bool" | "double" | "half" | "long" | "short")
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The reader's error message as one clause.
fn sentence(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let first = first.split(". ").next().unwrap_or_default().trim_end_matches('.');
    let first = first.strip_prefix("pickle: ").unwrap_or(first);
    format!("it is not a complete PyTorch state dict ({first}); save `model.state_dict()` and use that file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_holds_plain_values_is_data() {
        let is_data = |path: &str| {
            let (module, name) = path.rsplit_once(':').expect("module:name");
            is_data(&Global::Named { module, name })
        };
        for data in [
            "collections:OrderedDict",
            "torch:FloatStorage",
            "torch:bfloat16",
            "torch:Size",
            "torch.storage:UntypedStorage",
            "torch._utils:_rebuild_tensor_v2",
            "numpy._core.multiarray:scalar",
        ] {
            assert!(is_data(data), "{data}");
        }
        for code in [
            "os:system",
            "builtins:getattr",
            "torch:load",
            "torch:os.Storage",
            "torch:float32.system",
            "torch.storage:_load_from_bytes",
            "torch.nn.modules.conv:Conv2d",
            "numpy:load",
        ] {
            assert!(!is_data(code), "{code}");
        }
    }
}
