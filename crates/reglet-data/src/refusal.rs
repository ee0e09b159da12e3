//! What reading a file or listing a folder can result in.

use std::io;
use std::path::Path;

use crate::DataError;
use crate::remote::AddressFault;

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

/// Something in a folder.
pub(crate) struct Found {
    pub(crate) name: String,
    /// Whether that is its very name, and not as much of it as is UTF-8.
    pub(crate) is_text: bool,
    pub(crate) is_folder: bool,
    pub(crate) is_file: bool,
}
