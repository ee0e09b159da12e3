//! The places where libtorch is searched for, and their order.

use super::{Build, Error, Libtorch, cache, python};
use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

/// A libtorch and how it was found.
#[derive(Debug)]
pub struct Found {
    /// It.
    pub libtorch: Libtorch,
    /// How.
    pub source: Source,
}

/// How a libtorch was found, in the order of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The environment variable `LIBTORCH`.
    Variable,
    /// A Python PyTorch.
    Python,
    /// The program's own cache.
    Cache,
    /// A folder that was placed, or linked, in the checkout manually.
    Checkout,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Libtorch { home, version, build } = &self.libtorch;
        let source = match self.source {
            Source::Variable => "named by LIBTORCH",
            Source::Python => "from Python's PyTorch",
            Source::Cache => "from reglet's cache",
            Source::Checkout => "put there by hand",
        };
        write!(f, "libtorch {version} ({}), {source}: {}", build.word(), home.display())
    }
}

/// Searches for a libtorch: the one named by `LIBTORCH` or `LIBTORCH_USE_PYTORCH`, that of the active Python environment, or
/// the one in the cache. `own` is a value of `LIBTORCH` that is ignored ([`find_or_prepare`](super::find_or_prepare)).
///
/// # Errors
/// Finding none is not an error, but it is an error if one that the user has selected cannot be used.
pub fn find(build: Build, own: Option<&Path>) -> Result<Option<Found>, Error> {
    if let Some(home) = variable(own) {
        let libtorch = Libtorch::at(&home).map_err(|unfit| Error::Variable { unfit })?;
        if build == Build::Cuda && libtorch.build != Build::Cuda {
            return Err(Error::VariableWithoutCuda { home });
        }
        return Ok(Some(Found { libtorch, source: Source::Variable }));
    }
    if env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        return python::required().map(|libtorch| Some(Found { libtorch, source: Source::Python }));
    }
    // A CUDA build is also suitable if only the CPU is needed.
    let serves = |libtorch: &Libtorch| build == Build::Cpu || libtorch.build == Build::Cuda;
    if let Some(libtorch) = python::active().filter(serves) {
        return Ok(Some(Found { libtorch, source: Source::Python }));
    }
    let libtorch = Libtorch::at(&cache::home(build)?).ok().filter(serves);
    Ok(libtorch.map(|libtorch| Found { libtorch, source: Source::Cache }))
}

/// The libtorch that a checkout's link points to; `None` if it cannot be used.
pub fn linked(link: &Path) -> Option<Found> {
    let mut libtorch = Libtorch::at(link).ok()?;
    if let Ok(home) = link.canonicalize() {
        libtorch.home = home;
    }
    let is_in_cache = [Build::Cpu, Build::Cuda].iter().any(|&build| {
        cache::home(build).is_ok_and(|home| home.canonicalize().is_ok_and(|home| home == libtorch.home))
    });
    let source = if is_in_cache {
        Source::Cache
    } else if libtorch.home.join("version.py").is_file() {
        Source::Python
    } else {
        Source::Checkout
    };
    Some(Found { libtorch, source })
}

/// Whether the user's environment specifies which libtorch to use; `own` as in [`find`].
pub fn is_chosen_by_variable(own: Option<&Path>) -> bool {
    variable(own).is_some() || env::var_os("LIBTORCH_USE_PYTORCH").is_some()
}

/// `LIBTORCH` as the user set it. Cargo sets it as well, from a checkout's `.cargo/config.toml`, to the checkout's own link;
/// this is not the user's choice.
fn variable(own: Option<&Path>) -> Option<PathBuf> {
    let home = env::var_os("LIBTORCH").filter(|value| !value.is_empty()).map(PathBuf::from)?;
    let is_own = own.is_some_and(|own| is_same_place(&home, own));
    (!is_own).then_some(home)
}

/// Whether two paths are the same place. Their parent folders are compared, not the targets of links.
fn is_same_place(a: &Path, b: &Path) -> bool {
    let folder = |path: &Path| path.parent().and_then(|parent| parent.canonicalize().ok());
    a == b || (a.file_name() == b.file_name() && folder(a) == folder(b))
}
