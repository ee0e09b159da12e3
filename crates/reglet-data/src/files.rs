//! Files and folders by their names, and reading them whole, on this machine or elsewhere.

use std::collections::HashMap;
use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::remote::{AddressFault, Remote, join};
use crate::{DataError, picture, stores};

/// Why a file is not read.
pub(crate) enum Refusal {
    /// The path leads to something else, of this kind.
    NotAFile(&'static str),
    /// It is longer than these bytes, which are allowed.
    TooLong(u64),
    /// The operating system reports an error, or an object store reports that there is no such file.
    System(io::Error),
    /// A store or a web server does not give it, or the network does not.
    Store(StoreFault),
    /// It has an address that is not used.
    Address(AddressFault),
}

/// Why a remote file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreFault {
    /// The store's answer or what happened to it, in words.
    pub(crate) reason: String,
    /// Whether the answer will be the same another time.
    pub(crate) lasting: bool,
}

impl Refusal {
    /// The error of a data set whose file this is.
    pub(crate) fn of(self, path: &Path) -> DataError {
        let path = path.to_path_buf();
        match self {
            Self::NotAFile(what) => DataError::NotAFile { path, what },
            Self::TooLong(limit) => DataError::TooLong { path, limit },
            Self::System(source) => DataError::Unreadable { path, source },
            Self::Store(StoreFault { reason, .. }) => DataError::Store { path, reason },
            Self::Address(fault) => fault.into(),
        }
    }
}

/// Opens a regular file. Anything else is not even opened, because opening a pipe waits for a writer, and a device may never
/// end.
pub(crate) fn open(path: &Path) -> Result<File, Refusal> {
    let kind = fs::metadata(path).map_err(Refusal::System)?.file_type();
    if !kind.is_file() {
        return Err(Refusal::NotAFile(what_it_is(kind)));
    }
    File::open(path).map_err(Refusal::System)
}

/// The whole content of a file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
    if let Some(remote) = Remote::parse(path).map_err(Refusal::Address)? {
        return stores::read(&remote, limit).map(|fetched| fetched.bytes);
    }
    let file = open(path)?;
    if file.metadata().map_err(Refusal::System)?.len() > limit {
        return Err(Refusal::TooLong(limit));
    }
    let mut bytes = Vec::new();
    // The length that the system tells may be wrong, or change: count what comes.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Refusal::System)?;
    if bytes.len() as u64 > limit { Err(Refusal::TooLong(limit)) } else { Ok(bytes) }
}

/// The first bytes of each of these files: this number, or all if there are fewer.
pub(crate) fn starts(paths: &[&Path], count: u64) -> Vec<Result<Vec<u8>, Refusal>> {
    let remotes: Vec<Remote> = paths.iter().filter_map(|path| Remote::parse(path).ok().flatten()).collect();
    let mut elsewhere =
        if remotes.is_empty() { Vec::new() } else { stores::starts(remotes, count) }.into_iter();
    let here = |path: &Path| -> Result<Vec<u8>, Refusal> {
        let mut start = Vec::new();
        open(path)?.take(count).read_to_end(&mut start).map_err(Refusal::System)?;
        Ok(start)
    };
    let start = |path: &&Path| match Remote::parse(path) {
        Ok(None) => here(path),
        Ok(Some(_)) => elsewhere.next().unwrap_or_else(|| Ok(Vec::new())),
        Err(fault) => Err(Refusal::Address(fault)),
    };
    paths.iter().map(start).collect()
}

/// The SHA-256 of the content of a file on this machine, whatever its length.
pub(crate) fn sha256(path: &Path) -> Result<[u8; 32], Refusal> {
    let mut content = Sha256::new();
    io::copy(&mut open(path)?, &mut content).map_err(Refusal::System)?;
    Ok(content.finalize().into())
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

/// The pictures in a folder, sorted by name. They are recognised by their names' extensions, or DICOM files by their
/// content; each frame of a DICOM file with several frames is listed ([`picture::frames`]). Hidden files, whose names begin
/// with a dot, and all other files are ignored.
///
/// # Errors
/// Where the folder cannot be read.
pub fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    Ok(names(folder, Wanted::Pictures)?
        .iter()
        .flat_map(|name| picture::frames(&join(folder, name)))
        .collect())
}

/// What is looked for in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    All,
    Files,
    Folders,
    Pictures,
}

/// The names of what is wanted in a folder, without hidden ones and what archives of macOS add, sorted.
pub(crate) fn names(folder: &Path, wanted: Wanted) -> Result<Vec<String>, DataError> {
    let listed = match Remote::parse(folder)? {
        Some(remote) => stores::list(&remote),
        None => list(folder).map_err(Refusal::System),
    };
    let mut found = listed.map_err(|refusal| refusal.of(folder))?;
    found.retain(|found| {
        let is_wanted = match wanted {
            Wanted::All => true,
            Wanted::Folders => found.is_folder,
            Wanted::Files => found.is_file,
            Wanted::Pictures => found.is_file && may_be_picture(&found.name),
        };
        is_wanted && !found.name.starts_with('.') && found.name != "__MACOSX"
    });
    if let Some(found) = found.iter().find(|found| !found.is_text) {
        let source = io::Error::other(format!("the name of {} is not UTF-8 text", found.name));
        return Err(DataError::Unreadable { path: folder.into(), source });
    }
    let mut names: Vec<String> = found.into_iter().map(|found| found.name).collect();
    if wanted == Wanted::Pictures {
        // Of what is not named as a picture, the content tells.
        let unnamed: Vec<PathBuf> =
            names.iter().filter(|name| !is_named_picture(name)).map(|name| join(folder, name)).collect();
        let unnamed: Vec<&Path> = unnamed.iter().map(PathBuf::as_path).collect();
        let mut starts = starts(&unnamed, 132).into_iter();
        names.retain(|name| {
            is_named_picture(name)
                || starts.next().is_some_and(|start| start.is_ok_and(|start| picture::is_dicom(&start)))
        });
    }
    names.sort();
    Ok(names)
}

/// Something in a folder.
pub(crate) struct Found {
    pub(crate) name: String,
    /// Whether that is its very name, and not as much of it as is UTF-8.
    pub(crate) is_text: bool,
    pub(crate) is_folder: bool,
    pub(crate) is_file: bool,
}

fn list(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        let (is_folder, is_file, is_text) = (path.is_dir(), path.is_file(), name.to_str().is_some());
        found.push(Found { name: name.to_string_lossy().into_owned(), is_text, is_folder, is_file });
    }
    Ok(found)
}

/// Whether there is such a folder. In an object store a folder exists only if there is a file in it.
pub(crate) fn is_folder(path: &Path) -> bool {
    Remote::parse(path).is_ok_and(|remote| remote.is_some()) || path.is_dir()
}

/// What the names of pictures end in. JPEGs are also called `jpe`, `jfif` and `jif`.
pub(crate) const EXTENSIONS: [&str; 12] =
    ["png", "jpg", "jpeg", "jpe", "jfif", "jif", "bmp", "tif", "tiff", "webp", "dcm", "dicom"];

/// Whether a name ends as those of pictures do.
pub(crate) fn is_named_picture(name: &str) -> bool {
    let extension = Path::new(name).extension().unwrap_or_default();
    EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Whether a name may be that of a picture. DICOM files often have no extension, or a part of a number in its place. The
/// file that lists a DICOM medium's files is not a picture.
fn may_be_picture(name: &str) -> bool {
    is_named_picture(name) || (may_be_dicom(name) && !name.eq_ignore_ascii_case("DICOMDIR"))
}

/// Whether a name may be that of a DICOM file.
pub(crate) fn may_be_dicom(name: &str) -> bool {
    let extension = Path::new(name).extension().unwrap_or_default();
    extension.as_encoded_bytes().iter().all(u8::is_ascii_digit)
        || ["dcm", "dicom"].iter().any(|known| extension.eq_ignore_ascii_case(known))
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
        for name in names(folder, Wanted::Pictures)? {
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
