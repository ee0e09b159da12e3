//! Files and folders by their names, and reading them whole.

use std::collections::HashMap;
use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::{DataError, picture};

/// Why a file is not read.
pub(crate) enum Refusal {
    /// The path leads to something else, of this kind.
    NotAFile(&'static str),
    /// It is longer than these bytes, which are allowed.
    TooLong(u64),
    /// The operating system refuses.
    System(io::Error),
}

impl Refusal {
    /// The error of a data set whose file this is.
    pub(crate) fn of(self, path: &Path) -> DataError {
        let path = path.to_path_buf();
        match self {
            Self::NotAFile(what) => DataError::NotAFile { path, what },
            Self::TooLong(limit) => DataError::TooLong { path, limit },
            Self::System(source) => DataError::Unreadable { path, source },
        }
    }
}

/// Opens a regular file. What is none is not even opened: opening a pipe waits for someone to write to it, and a device
/// may never end.
pub(crate) fn open(path: &Path) -> Result<File, Refusal> {
    let kind = fs::metadata(path).map_err(Refusal::System)?.file_type();
    if !kind.is_file() {
        return Err(Refusal::NotAFile(what_it_is(kind)));
    }
    File::open(path).map_err(Refusal::System)
}

/// The whole content of a regular file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
    let file = open(path)?;
    if file.metadata().map_err(Refusal::System)?.len() > limit {
        return Err(Refusal::TooLong(limit));
    }
    let mut bytes = Vec::new();
    // The length that the system tells may be wrong, or change: count what comes.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Refusal::System)?;
    if bytes.len() as u64 > limit { Err(Refusal::TooLong(limit)) } else { Ok(bytes) }
}

/// The content of a table or of annotations, without the byte order mark that some programs put before text.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<Vec<u8>, DataError> {
    let mut bytes = read(path, limit).map_err(|refusal| refusal.of(path))?;
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(bytes)
}

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn what_it_is(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "pipe";
        } else if kind.is_socket() {
            return "socket";
        } else if kind.is_block_device() || kind.is_char_device() {
            return "device";
        }
    }
    if kind.is_dir() { "folder" } else { "special file" }
}

/// The pictures in a folder, told by what their names end in or, of DICOM files, by their content, sorted by name; of a
/// DICOM file with several frames, each ([`picture::frames`]). Hidden files, which begin with a dot, are passed over, and so
/// is everything else.
///
/// # Errors
/// Where the folder cannot be read.
pub fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    Ok(names(folder, is_picture)?.iter().flat_map(|name| picture::frames(&folder.join(name))).collect())
}

/// The names in a folder for which `wanted` is true, without hidden ones and what archives of macOS add, sorted.
pub(crate) fn names(folder: &Path, wanted: fn(&Path) -> bool) -> Result<Vec<String>, DataError> {
    let list = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().as_encoded_bytes().starts_with(b".") || !wanted(&entry.path()) {
                continue;
            }
            let name = entry.file_name().into_string().map_err(|name| {
                io::Error::other(format!("the name of {} is not UTF-8 text", Path::new(&name).display()))
            })?;
            if name != "__MACOSX" {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    };
    list().map_err(|source| DataError::Unreadable { path: folder.into(), source })
}

/// What the names of pictures end in. JPEGs are also called `jpe`, `jfif` and `jif`.
pub(crate) const EXTENSIONS: [&str; 12] =
    ["png", "jpg", "jpeg", "jpe", "jfif", "jif", "bmp", "tif", "tiff", "webp", "dcm", "dicom"];

/// Whether the path leads to a picture, by what its name ends in; a DICOM file often ends in nothing, or in part of a number.
pub(crate) fn is_picture(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    let is_named = EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known));
    let may_be_dicom = extension.as_encoded_bytes().iter().all(u8::is_ascii_digit);
    (is_named || (may_be_dicom && is_dicom(path) && !is_directory(path))) && path.is_file()
}

/// Whether the file says that it is DICOM.
pub(crate) fn is_dicom(path: &Path) -> bool {
    let mut start = [0; 132];
    open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok()) && picture::is_dicom(&start)
}

/// Whether this is the list of a DICOM medium's files, and no picture.
fn is_directory(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("DICOMDIR"))
}

/// A file's name without its extension.
pub(crate) fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The last part of a path.
pub(crate) fn last_part(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The pictures in some folders by their ids: their names without extension and without `suffix`, which is
/// compared without regard to case. Pictures whose names lack the suffix are left aside.
pub(crate) fn by_id(folders: &[PathBuf], suffix: &str) -> Result<HashMap<String, Vec<PathBuf>>, DataError> {
    let mut found: HashMap<String, Vec<PathBuf>> = HashMap::new();
    for folder in folders {
        for name in names(folder, is_picture)? {
            let stem = stem(&name);
            let end = stem.len().checked_sub(suffix.len()).filter(|&end| stem.is_char_boundary(end));
            if let Some((id, _)) =
                end.map(|end| stem.split_at(end)).filter(|(_, end)| end.eq_ignore_ascii_case(suffix))
            {
                found.entry(id.to_owned()).or_default().push(folder.join(&name));
            }
        }
    }
    Ok(found)
}
