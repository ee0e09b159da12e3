//! Reads untrusted files: opens only regular files, limits how much is read, and recognises formats by the first bytes.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// The size in bytes of the largest file of weights that is read, about ten times the size of the largest image classifier.
const LARGEST: u64 = 64 << 30;

/// Opens a regular file and returns it with its size. Anything else is refused, because a pipe, a device or a socket could
/// block the reader for ever.
pub(crate) fn open(path: &Path) -> Result<(File, u64), String> {
    let about = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    })?;
    if about.is_dir() {
        return Err("it is a folder; give the file inside it".to_owned());
    }
    if !about.is_file() {
        return Err("it is a pipe, a device or a socket; copy its contents to a file".to_owned());
    }
    match about.len() {
        0 => return Err("the file is empty".to_owned()),
        size if size > LARGEST => {
            return Err(format!("it has {size} bytes, but files of more than {LARGEST} bytes are not read"));
        }
        _ => {}
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    Ok((file, about.len()))
}

/// The bytes from `start` on.
pub(crate) fn read_at(mut file: &File, start: u64, count: usize) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; count];
    file.seek(SeekFrom::Start(start)).map_err(|error| error.to_string())?;
    file.read_exact(&mut bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it became shorter while it was being read".to_owned(),
        _ => error.to_string(),
    })?;
    Ok(bytes)
}

/// The first bytes of a file, as many as there are up to a few hundred.
pub(crate) fn head(path: &Path) -> Result<Vec<u8>, String> {
    let (file, size) = open(path)?;
    read_at(&file, 0, size.min(512) as usize)
}

/// The SHA-256 of a file, in hexadecimal.
pub(crate) fn sha256(path: &Path) -> Result<String, String> {
    let (mut file, _) = open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(|error| error.to_string())? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    Ok(HEXLOWER.encode(&hash.finalize()))
}

/// The format of a file, as recognised by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A ZIP archive: a checkpoint, a TorchScript program, an exported program.
    Zip,
    /// Tensors by name.
    Safetensors,
    /// A checkpoint in the format of PyTorch before 1.6.
    Pickle,
    /// A model in the format ONNX.
    Onnx,
    /// A known format that Reglet does not read; the clause says what it is and what to do about it.
    Other(&'static str),
    /// An unknown format.
    Unknown,
}

impl Format {
    pub(crate) fn of(head: &[u8]) -> Format {
        let text = String::from_utf8_lossy(&head[..head.len().min(64)]).trim_start().to_ascii_lowercase();
        match head {
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Format::Zip,
            // The length of a header, which is JSON.
            [.., _] if head.len() > 8 && head[8] == b'{' && head[5..8] == [0; 3] => Format::Safetensors,
            [0x80, 2..=5, ..] => Format::Pickle,
            [0x89, b'H', b'D', b'F', ..] => Format::Other(
                "it is an HDF5 file, as Keras saves its models; load the model in Keras and write an ONNX file, with \
                 `model.export(\"model.onnx\", format=\"onnx\")`",
            ),
            // The version of the format, and the producer of the file, the network, or its operators.
            [0x08, 1..=20, 0x12 | 0x1a | 0x3a | 0x42, ..] => Format::Onnx,
            [_, _, _, _, b'T', b'F', b'L', b'3', ..] => Format::Other(
                "it is a TensorFlow Lite file, but Reglet runs models of PyTorch; export one as `reglet export-help` shows",
            ),
            [0x1f, 0x8b, ..] => Format::Other("it is compressed with gzip; unpack it first"),
            _ if text.starts_with("version https://git-lfs") => Format::Other(
                "it is a Git LFS pointer and not the file itself; fetch the file with `git lfs pull`",
            ),
            _ if text.starts_with("<!doctype") || text.starts_with("<html") => {
                Format::Other("it is a web page, so the download has failed; download the file again")
            }
            _ => Format::Unknown,
        }
    }
}
