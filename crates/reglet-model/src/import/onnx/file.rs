//! The file, and those beside it that hold tensors too large for it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Component, Path, PathBuf};

use bytes::{Buf, Bytes};
use data_encoding::HEXLOWER;
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint, skip_field};
use sha2::{Digest, Sha256};

use super::proto;
use crate::files;

/// Bytes of the largest file: the format's own limit.
const LARGEST: u64 = 2 << 30;

/// Bytes that a file may have beside its tensors. Read, they take up to some fifty times as many.
const MOST_STRUCTURE: usize = 64 << 20;

/// Versions of the format that are known.
const VERSIONS: std::ops::RangeInclusive<i64> = 3..=13;

/// A file, and what else is read for it.
pub(super) struct Source {
    folder: PathBuf,
    opened: BTreeMap<PathBuf, (File, u64)>,
    bytes: Bytes,
}

impl Source {
    /// Reads the file, but not those beside it.
    pub fn open(path: &Path) -> Result<(Source, proto::Model), String> {
        let (file, size) = files::open(path)?;
        if size > LARGEST {
            return Err(format!("it has {size} bytes, and an ONNX file has at most {LARGEST}"));
        }
        let bytes = Bytes::from(files::read_at(&file, 0, size as usize)?);
        let damaged = || "it is no ONNX file, or a damaged or truncated one".to_owned();
        let tensors = tensor_bytes(bytes.clone()).ok_or_else(damaged)?;
        if bytes.len() - tensors.min(bytes.len()) > MOST_STRUCTURE {
            return Err(format!("it has more than {MOST_STRUCTURE} bytes beside its tensors"));
        }
        let model = proto::Model::decode(bytes.clone()).map_err(|error| {
            // What comes before is the way to the place, which may be long.
            let error = error.to_string();
            format!("{} ({})", damaged(), error.rsplit(": ").next().unwrap_or_default())
        })?;
        if model.graph.is_none() {
            return Err("it is no ONNX file, or holds no network".to_owned());
        }
        if !VERSIONS.contains(&model.ir_version) {
            return Err(format!(
                "its format is version {}, and those known are {} to {}",
                model.ir_version,
                VERSIONS.start(),
                VERSIONS.end()
            ));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        Ok((Source { folder, opened: BTreeMap::new(), bytes }, model))
    }

    /// The bytes of a tensor that lies in another file: `expected` many, at the place that `entries` say.
    pub fn external(&mut self, entries: &[proto::Entry], expected: usize) -> Result<Bytes, String> {
        let entry =
            |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
        let number = |key: &str| -> Result<Option<u64>, String> {
            let parse = |text: &str| text.parse().map_err(|_| format!("its {key} is '{text}', no number"));
            entry(key).map(parse).transpose()
        };
        let location = entry("location").ok_or("no file is named that holds it")?;
        let offset = number("offset")?.unwrap_or(0);
        let (path, size) = self.beside(location)?;
        let length = number("length")?.unwrap_or_else(|| size.saturating_sub(offset));
        if length != expected as u64 {
            return Err(format!("it takes {expected} bytes, and {length} are named in '{location}'"));
        }
        if offset.checked_add(length).is_none_or(|end| end > size) {
            return Err(format!("it goes beyond the end of '{location}', which has {size} bytes"));
        }
        let (file, _) = &self.opened[&path];
        files::read_at(file, offset, expected).map(Bytes::from)
    }

    /// Opens a file of this folder, or of one within it, and tells its size.
    fn beside(&mut self, location: &str) -> Result<(PathBuf, u64), String> {
        let inside = Path::new(location)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let leaves =
            || format!("'{location}' is no path within the model's folder, and no other file is read");
        if !inside || location.contains('\\') || location.is_empty() {
            return Err(leaves());
        }
        let plain =
            |error: std::io::Error| format!("'{location}', which holds it, cannot be opened: {error}");
        let path = self.folder.join(location).canonicalize().map_err(plain)?;
        // A link may lead anywhere.
        if !path.starts_with(self.folder.canonicalize().map_err(plain)?) {
            return Err(leaves());
        }
        if let Some((_, size)) = self.opened.get(&path) {
            return Ok((path, *size));
        }
        let (file, size) = files::open(&path)
            .map_err(|reason| format!("'{location}', which holds it, cannot be read: {reason}"))?;
        self.opened.insert(path.clone(), (file, size));
        Ok((path, size))
    }

    /// The SHA-256, in hexadecimal, of the file and, one after the other in the order of their paths, of those that were read
    /// for it.
    pub fn sha256(&self) -> Result<String, String> {
        if self.opened.is_empty() {
            let hash = Sha256::digest(&self.bytes);
            return Ok(HEXLOWER.encode(&hash));
        }
        let mut hash = Sha256::new_with_prefix(&self.bytes);
        for path in self.opened.keys() {
            hash.update(files::sha256(path)?);
        }
        Ok(HEXLOWER.encode(&hash.finalize()))
    }
}

/// Bytes in tensors of the outermost graph; `None` where the bytes are no message.
fn tensor_bytes(bytes: Bytes) -> Option<usize> {
    let mut sum = 0_usize;
    each_field(bytes, |tag, graph| match (tag, graph) {
        (7, Some(graph)) => each_field(graph, |tag, tensor| {
            sum = sum.saturating_add(tensor.filter(|_| tag == 5).map_or(0, |tensor| tensor.len()));
            Some(())
        }),
        _ => Some(()),
    })?;
    Some(sum)
}

/// Calls `each` with the number of every field of a message, and its bytes where it has a length.
fn each_field(mut bytes: Bytes, mut each: impl FnMut(u32, Option<Bytes>) -> Option<()>) -> Option<()> {
    while bytes.has_remaining() {
        let (tag, wire) = decode_key(&mut bytes).ok()?;
        match wire {
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
                if length > bytes.remaining() {
                    return None;
                }
                each(tag, Some(bytes.split_to(length)))?;
            }
            _ => {
                skip_field(wire, tag, &mut bytes, Default::default()).ok()?;
                each(tag, None)?;
            }
        }
    }
    Some(())
}

/// Whether a file begins as one that an exporter wrote: with the version of the format, and then the exporter's name or
/// the sets of operators.
pub(in crate::import) fn is_onnx(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
        || files::head(path).is_ok_and(|head| files::Format::of(&head) == files::Format::Onnx)
}
