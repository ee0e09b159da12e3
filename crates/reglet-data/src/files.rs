//! Reading files whole and listing folders, on this machine or elsewhere.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::refusal::{Found, Refusal};
use crate::remote::Remote;
use crate::{DataError, stores};

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

/// What is in a folder, in no particular order.
pub(crate) fn content(folder: &Path) -> Result<Vec<Found>, DataError> {
    let found = match Remote::parse(folder)? {
        Some(remote) => stores::list(&remote),
        None => list(folder).map_err(Refusal::System),
    };
    found.map_err(|refusal| refusal.of(folder))
}

fn list(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        let (is_text, kind) = (name.to_str().is_some(), fs::metadata(&path));
        // A link that leads nowhere counts as a file, so that it is missed when it is read, and not left out without a word.
        let (is_folder, is_file) = kind.map_or((false, true), |kind| (kind.is_dir(), kind.is_file()));
        found.push(Found { name: name.to_string_lossy().into_owned(), is_text, is_folder, is_file });
    }
    Ok(found)
}

/// Whether there is such a folder. In an object store a folder exists only if there is a file in it.
pub(crate) fn is_folder(path: &Path) -> bool {
    Remote::parse(path).is_ok_and(|remote| remote.is_some()) || path.is_dir()
}

/// The last part of a path.
pub(crate) fn last_part(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
