//! The container: a ZIP file whose entries are stored as they are, and so can be read where they lie.

use std::collections::HashMap;
use std::fs::File;
use std::io::Cursor;
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;
use serde::de::DeserializeOwned;
use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use super::script::is_constants;

/// Entries in the largest archive that is looked at; a network of a thousand layers has a few thousand.
const MOST_ENTRIES: usize = 1 << 20;

/// Bytes of the longest JSON document that is read. That of a Swin transformer has 1.6 MB.
const LONGEST_JSON: usize = 64 << 20;

/// An archive of torch.export, mapped into memory.
pub(super) struct Archive {
    bytes: Mmap,
    entries: HashMap<String, Range<usize>>,
}

impl Archive {
    /// Opens the archive and checks where its entries lie.
    pub fn open(path: &Path) -> Result<Archive, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        // SAFETY: the map lives as long as the archive is read, and nothing borrowed from it is kept. A file
        // that another process cuts short in this moment ends the program with SIGBUS, as it does for every
        // reader of mapped weights.
        #[expect(unsafe_code, reason = "memory-mapping a file is unsafe by its nature")]
        let bytes = unsafe { Mmap::map(&file) }.map_err(|error| error.to_string())?;
        let entries = entries(&bytes)?;
        let archive = Archive { bytes, entries };
        archive.check_format()?;
        Ok(archive)
    }

    /// The bytes of an entry, by its path under the root folder.
    pub fn entry(&self, name: &str) -> Option<&[u8]> {
        self.entries.get(name).map(|range| &self.bytes[range.clone()])
    }

    /// An entry that is a JSON document.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        let bytes = self.entry(name).ok_or_else(|| format!("it has no {name}"))?;
        if bytes.len() > LONGEST_JSON {
            return Err(format!("its {name} is longer than {LONGEST_JSON} bytes"));
        }
        serde_json::from_slice(bytes).map_err(|error| format!("its {name} is not as expected: {error}"))
    }

    fn check_format(&self) -> Result<(), String> {
        let text = |name| self.entry(name).map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
        if self.entry("data/weights/model.pt").is_some() {
            return Err(
                "its weights are a pickle, as PyTorch before 2.9 wrote them; export the model again \
                        with PyTorch 2.9 or newer"
                    .to_owned(),
            );
        }
        match text("archive_format").as_deref() {
            Some("pt2") => {}
            _ => {
                return Err(
                    "it is not an archive of torch.export; `reglet export-help` shows how to make one"
                        .to_owned(),
                );
            }
        }
        match text("archive_version").as_deref() {
            Some("0") => {}
            version => {
                let version = version.unwrap_or("none");
                return Err(format!("its archive version is {version}, and only 0 is known"));
            }
        }
        match text("byteorder").as_deref() {
            Some("little") | None => Ok(()),
            Some(_) => Err("its numbers are big-endian; export it on a little-endian machine".to_owned()),
        }
    }
}

/// Where each entry's bytes are, by its path under the root folder.
fn entries(bytes: &[u8]) -> Result<HashMap<String, Range<usize>>, String> {
    let plain = |error: zip::result::ZipError| format!("it is not a whole ZIP archive ({error})");
    // Where nothing precedes the archive there is nothing to detect; detection takes the second header of
    // PyTorch's central directory for its first where that has a certain length.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(config, Cursor::new(bytes)).map_err(plain)?;
    if archive.has_duplicate_names() {
        return Err("it has two entries of one name".to_owned());
    }
    if archive.len() > MOST_ENTRIES {
        return Err(format!("it has more than {MOST_ENTRIES} entries"));
    }
    // Some of a program's entries are compressed.
    if archive.file_names().filter_map(Result::ok).any(|name| is_constants(&name)) {
        return Err(
            "it is a TorchScript program, whose layers cannot be read and which is run only where it is \
                    trusted; export the model with torch.export instead, as `reglet export-help` shows"
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
            return Err(format!("its entry '{name}' claims two sizes"));
        }
        let start = entry.data_start().and_then(|start| usize::try_from(start).ok());
        let size = usize::try_from(entry.size()).ok();
        let range = start.zip(size).and_then(|(start, size)| Some(start..start.checked_add(size)?));
        let range = range.filter(|range| range.end <= bytes.len());
        let range = range.ok_or_else(|| format!("its entry '{name}' goes beyond the end of the file"))?;
        let (folder, inner) = name.split_once('/').unwrap_or(("", &name));
        if root.get_or_insert_with(|| folder.to_owned()) != folder {
            return Err("it has two root folders".to_owned());
        }
        entries.insert(inner.to_owned(), range);
    }
    Ok(entries)
}
