//! The container of an exported model: a ZIP file whose entries are stored uncompressed, so that they can be read in place.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use super::script::is_constants;
use crate::files::{self, Format};

/// The largest number of entries in an archive that is read; a network of a thousand layers has a few thousand.
const MOST_ENTRIES: usize = 1 << 20;

/// The size in bytes of the largest JSON document that is read; that of a Swin transformer has 1.6 MB.
const LONGEST_JSON: u64 = 64 << 20;

/// The advice for a reader whose file contains weights.
const WITHOUT_NETWORK: &str = "without the network; give the architecture as the model and this file as the weights, or export the whole model as `reglet export-help` shows";

/// An archive of torch.export. Its entries are read when they are requested and not memory-mapped, so if another process
/// truncates the file in the meantime, the result is an error and not a crash.
pub(super) struct Archive {
    file: File,
    entries: HashMap<String, Range<u64>>,
}

impl Archive {
    /// Opens the archive and checks the positions of its entries.
    pub fn open(path: &Path) -> Result<Archive, String> {
        match Format::of(&files::head(path)?) {
            Format::Other(what) => return Err(what.to_owned()),
            Format::Safetensors => {
                return Err(format!("it contains weights (.safetensors) {WITHOUT_NETWORK}"));
            }
            Format::Pickle => {
                return Err(format!("it is a PyTorch checkpoint, which contains weights {WITHOUT_NETWORK}"));
            }
            // These are read elsewhere.
            Format::Onnx | Format::Zip | Format::Unknown => {}
        }
        let (file, size) = files::open(path)?;
        let entries = entries(&file, size)?;
        let archive = Archive { file, entries };
        archive.check_format()?;
        Ok(archive)
    }

    /// Whether there is an entry of this path under the root folder.
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// The bytes of an entry, by its path under the root folder; `None` if there is none.
    pub fn entry(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let Some(range) = self.entries.get(name) else { return Ok(None) };
        let size = usize::try_from(range.end - range.start)
            .map_err(|_| format!("its entry '{name}' is too large"))?;
        files::read_at(&self.file, range.start, size).map(Some)
    }

    /// An entry that is a JSON document.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        let range = self.entries.get(name).ok_or_else(|| format!("it has no {name}"))?;
        if range.end - range.start > LONGEST_JSON {
            return Err(format!("its {name} is longer than {LONGEST_JSON} bytes"));
        }
        let bytes = self.entry(name)?.unwrap_or_default();
        serde_json::from_slice(&bytes).map_err(|error| format!("its {name} is not as expected: {error}"))
    }

    fn check_format(&self) -> Result<(), String> {
        let text = |name: &str| {
            let short = self.entries.get(name).is_some_and(|range| range.end - range.start < 64);
            let bytes = if short { self.entry(name)? } else { None };
            Ok::<_, String>(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
        };
        if self.has("data/weights/model.pt") {
            return Err(
                "its weights are a pickle, as PyTorch before 2.9 wrote them; export the model again \
                        with PyTorch 2.9 or newer"
                    .to_owned(),
            );
        }
        if self.entries.keys().any(|name| name.starts_with("data/aotinductor/"))
            && !self.has("models/model.json")
        {
            return Err(
                "it is a package of AOTInductor, compiled for one kind of machine, whose layers cannot be read; save the \
                 exported program itself with torch.export.save, as `reglet export-help` shows"
                    .to_owned(),
            );
        }
        if self.has("data.pkl") {
            return Err(format!("it is a PyTorch checkpoint, which contains weights {WITHOUT_NETWORK}"));
        }
        match text("archive_format")?.as_deref() {
            Some("pt2") => {}
            _ => {
                return Err(
                    "it is not an archive of torch.export; `reglet export-help` shows how to make one"
                        .to_owned(),
                );
            }
        }
        match text("archive_version")?.as_deref() {
            Some("0") => {}
            version => {
                let version = version.unwrap_or("none");
                return Err(format!("its archive version is {version}, but only version 0 is supported"));
            }
        }
        match text("byteorder")?.as_deref() {
            Some("little") | None => Ok(()),
            Some(_) => Err("its numbers are big-endian; export it on a little-endian machine".to_owned()),
        }
    }
}

/// The position of each entry's bytes, by its path under the root folder.
fn entries(file: &File, length: u64) -> Result<HashMap<String, Range<u64>>, String> {
    let plain = |error: zip::result::ZipError| format!("it is not a complete ZIP archive ({error})");
    // If nothing precedes the archive, its start does not have to be detected. Detection would mistake the second header of
    // PyTorch's central directory for the first if that has a certain length.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(config, BufReader::new(file)).map_err(plain)?;
    if archive.has_duplicate_names() {
        return Err("it has two entries with the same name".to_owned());
    }
    if archive.len() > MOST_ENTRIES {
        return Err(format!("it has more than {MOST_ENTRIES} entries"));
    }
    // Some of a program's entries, and of a package's, are compressed.
    if archive.file_names().filter_map(Result::ok).any(|name| is_constants(&name)) {
        return Err(
            "it is a TorchScript program, whose layers are not accessible and which runs only if you declare it trusted; export the model with torch.export instead, as `reglet export-help` shows"
                .to_owned(),
        );
    }
    let mut root = None;
    let mut entries = HashMap::with_capacity(archive.len());
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(plain)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if entry.encrypted() || entry.compression() != CompressionMethod::Stored {
            return Err(format!(
                "its entry '{name}' is compressed or encrypted, which torch.export never does"
            ));
        }
        if entry.size() != entry.compressed_size() {
            return Err(format!("its entry '{name}' states two different sizes"));
        }
        let range = entry.data_start().and_then(|start| Some(start..start.checked_add(entry.size())?));
        let range = range.filter(|range| range.end <= length);
        let range = range.ok_or_else(|| format!("its entry '{name}' extends beyond the end of the file"))?;
        let (folder, inner) = name.split_once('/').unwrap_or(("", &name));
        if root.get_or_insert_with(|| folder.to_owned()) != folder {
            return Err("it has two root folders".to_owned());
        }
        entries.insert(inner.to_owned(), range);
    }
    Ok(entries)
}
