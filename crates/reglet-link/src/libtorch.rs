//! libtorch for the pinned `tch`: recognised, found, or prepared in the user's cache.

mod archive;
mod cache;
mod client;
mod download;
mod find;
mod python;
mod visible;
mod wheel;

pub use cache::{folder as cache_folder, size as folder_size};
pub use find::{Found, Source, find, is_chosen_by_variable, linked};

use crate::version::header_version;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The version that `tch` 0.26 requires.
pub const VERSION: &str = "2.13.0";

/// Finds a libtorch or, if there is none, prepares one in the cache. The path `own`, if it is given, is the value of
/// `LIBTORCH` that a checkout's own config sets; it is not the user's choice.
///
/// # Errors
/// A libtorch that the user has selected and that cannot be used, or any error of a download.
pub fn find_or_prepare(build: Build, own: Option<&Path>) -> Result<Found, Error> {
    if let Some(found) = find(build, own)? {
        return Ok(found);
    }
    let libtorch = download::prepare(build)?;
    Ok(Found { libtorch, source: Source::Cache })
}

/// Each Python interpreter that would be used and has a PyTorch, with a description of it.
pub fn pytorches() -> Vec<(PathBuf, String)> {
    let describe = |python: PathBuf| python::describe(&python).map(|torch| (python, torch));
    python::interpreters().into_iter().filter_map(describe).collect()
}

/// The names of the programs that could download libtorch.
pub fn package_clients() -> Vec<&'static str> {
    client::clients().iter().map(client::Client::name).collect()
}

/// The devices that a libtorch supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Build {
    /// The processor alone.
    Cpu,
    /// The CPU and NVIDIA GPUs.
    Cuda,
}

impl Build {
    /// The suffix of its folder's name in the cache.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }
}

/// A folder with libtorch's libraries in `lib` and its headers in `include`, of a version that `tch` supports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Libtorch {
    /// The folder, for use as `LIBTORCH`.
    pub home: PathBuf,
    /// The version that the folder states, for instance `2.13.0+cpu`.
    pub version: String,
    /// The devices that it supports.
    pub build: Build,
}

impl Libtorch {
    /// The libtorch in a folder.
    ///
    /// # Errors
    /// Why that folder cannot be used as one.
    pub fn at(home: &Path) -> Result<Self, Unfit> {
        for name in ["torch", "torch_cpu", "c10"] {
            let library = home.join("lib").join(library_file(name));
            if !library.is_file() {
                return Err(Unfit::NoLibrary { library });
            }
        }
        let header = home.join("include/torch/csrc/api/include/torch/torch.h");
        if !header.is_file() {
            return Err(Unfit::NoHeaders { header });
        }
        let any_version = env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some();
        let version = match stated_version(home) {
            Some(version) if any_version || is_wanted(&version) => version,
            Some(found) => return Err(Unfit::OtherVersion { home: home.to_path_buf(), found }),
            None if any_version => "unknown".to_owned(),
            None => return Err(Unfit::NoVersion { home: home.to_path_buf() }),
        };
        let cuda = home.join("lib").join(library_file("torch_cuda")).is_file();
        let build = if cuda { Build::Cuda } else { Build::Cpu };
        Ok(Self { home: home.to_path_buf(), version, build })
    }
}

/// The file of a shared library on this system.
fn library_file(name: &str) -> String {
    format!("{}{name}{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX)
}

/// Whether a stated version is the one that `tch` requires; the part after a `+` names the build, not the version.
fn is_wanted(version: &str) -> bool {
    version.split('+').next() == Some(VERSION)
}

/// The version that a folder states: in `build-version` for libtorch's archive, in `version.py` for a Python package, or in
/// a header.
fn stated_version(home: &Path) -> Option<String> {
    let read = |file: &str| fs::read_to_string(home.join(file)).ok();
    read("build-version")
        .map(|text| text.trim().to_owned())
        .or_else(|| python_version(&read("version.py")?))
        .or_else(|| header_version(&read("include/torch/headeronly/version.h")?))
        .or_else(|| header_version(&read("include/torch/csrc/api/include/torch/version.h")?))
        .filter(|version| !version.is_empty())
}

/// The version in PyTorch's `version.py`, from its line `__version__ = '2.13.0+cpu'`.
fn python_version(text: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix("__version__ = "))?;
    Some(value.trim().trim_matches(['\'', '"']).to_owned())
}

/// Why a folder cannot be used as a libtorch.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[expect(missing_docs, reason = "the messages document the variants")]
#[non_exhaustive]
pub enum Unfit {
    #[error("{library} does not exist")]
    NoLibrary { library: PathBuf },
    #[error("{header} does not exist")]
    NoHeaders { header: PathBuf },
    #[error("{home} does not state its version")]
    NoVersion { home: PathBuf },
    #[error("{home} is version {found}")]
    OtherVersion { home: PathBuf, found: String },
}

/// Why libtorch could be neither found nor prepared.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages document the variants")]
#[non_exhaustive]
pub enum Error {
    #[error(
        "LIBTORCH cannot be used: {unfit}, but libtorch {VERSION} is needed. Point LIBTORCH at a folder with its \
         lib and include, or unset it to have one found or downloaded; LIBTORCH_BYPASS_VERSION_CHECK=1 tries another version anyway."
    )]
    Variable { unfit: Unfit },
    #[error(
        "LIBTORCH_USE_PYTORCH is set, but {reason}; PyTorch {VERSION} is needed. Activate an environment \
         with torch=={VERSION}, or unset LIBTORCH_USE_PYTORCH, so that libtorch is found or downloaded."
    )]
    Python { reason: String },
    #[error(
        "LIBTORCH is {home}, which has no CUDA libraries. Unset it, or point it at a libtorch {VERSION} that has them."
    )]
    VariableWithoutCuda { home: PathBuf },
    #[error("There is no user cache folder: set REGLET_CACHE to a folder in which libtorch can be stored.")]
    NoCache,
    #[error("{path} could not be {what}: {source}.")]
    File { path: PathBuf, what: &'static str, source: io::Error },
    #[error(
        "There is not enough space for libtorch in {folder}: {needed_mb} MB are needed and {free_mb} MB are free. Free some space there, or set REGLET_CACHE to a folder on another disk."
    )]
    NoRoom { folder: PathBuf, needed_mb: u64, free_mb: u64 },
    #[error("CUDA libraries cannot be prepared on this system: {reason}")]
    NoCuda { reason: String },
    #[error("PyTorch's package is not as expected: {unfit}. Remove {folder} and try again.")]
    Package { unfit: Unfit, folder: PathBuf },
    #[error(transparent)]
    Download(#[from] download::Failed),
}

impl Error {
    /// A closure for `map_err`, with the operation that failed and its path.
    fn file(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, what, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a folder look like a libtorch that does not state its version.
    fn pretend(home: &Path) {
        for name in ["torch", "torch_cpu", "c10"] {
            let file = home.join("lib").join(library_file(name));
            fs::create_dir_all(file.parent().expect("a parent")).expect("make lib");
            fs::write(file, "").expect("write a library");
        }
        let header = home.join("include/torch/csrc/api/include/torch/torch.h");
        fs::create_dir_all(header.parent().expect("a parent")).expect("make include");
        fs::write(header, "").expect("write a header");
    }

    #[test]
    fn versions_are_read_from_each_place_that_states_them() {
        let python = "from typing import Optional\n__version__ = '2.13.0+cu130'\ndebug = False\n";
        assert_eq!(python_version(python).as_deref(), Some("2.13.0+cu130"));
    }

    #[test]
    fn only_the_pinned_version_is_wanted_in_any_build() {
        for version in ["2.13.0", "2.13.0+cpu", "2.13.0+cu130"] {
            assert!(is_wanted(version), "{version}");
        }
        for version in ["2.13.1", "2.13", "2.13.0.dev20260101", "12.13.0", ""] {
            assert!(!is_wanted(version), "{version}");
        }
    }

    #[test]
    fn a_folder_is_libtorch_when_libraries_headers_and_version_are_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = folder.path();
        assert!(matches!(Libtorch::at(home), Err(Unfit::NoLibrary { .. })));
        pretend(home);
        assert!(matches!(Libtorch::at(home), Err(Unfit::NoVersion { .. })));
        fs::write(home.join("version.py"), "__version__ = '2.12.0'\n").expect("write the version");
        let other = Unfit::OtherVersion { home: home.to_path_buf(), found: "2.12.0".to_owned() };
        assert_eq!(Libtorch::at(home), Err(other));

        fs::write(home.join("build-version"), "2.13.0+cpu\n").expect("write the version");
        let libtorch = Libtorch::at(home).expect("a libtorch of the pinned version");
        assert_eq!((libtorch.version.as_str(), libtorch.build), ("2.13.0+cpu", Build::Cpu));

        fs::write(home.join("lib").join(library_file("torch_cuda")), "").expect("write a library");
        assert_eq!(Libtorch::at(home).expect("with CUDA").build, Build::Cuda);
    }
}
