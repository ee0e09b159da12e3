//! Where libtorch is looked for, and in which order.

use super::{Build, Error, Libtorch, cache, python};
use crate::checkout;
use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

/// A libtorch and how it was come by.
#[derive(Debug)]
pub struct Found {
    pub libtorch: Libtorch,
    pub source: Source,
}

/// How a libtorch was come by, in the order of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The environment variable `LIBTORCH`.
    Variable,
    /// A Python PyTorch.
    Python,
    /// The program's own cache.
    Cache,
    /// A folder that somebody put, or linked to, in the checkout by hand.
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

/// Looks for a libtorch. None is no error, but one that was asked for by name and cannot be used is.
pub fn find(build: Build) -> Result<Option<Found>, Error> {
    if let Some(home) = variable() {
        let libtorch = Libtorch::at(&home).map_err(|unfit| Error::Variable { unfit })?;
        if build == Build::Cuda && libtorch.build != Build::Cuda {
            return Err(Error::VariableWithoutCuda { home });
        }
        return Ok(Some(Found { libtorch, source: Source::Variable }));
    }
    if env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        return python::required().map(|libtorch| Some(Found { libtorch, source: Source::Python }));
    }
    // Whoever wants only the CPU is served by a CUDA build too.
    let serves = |libtorch: &Libtorch| build == Build::Cpu || libtorch.build == Build::Cuda;
    if let Some(libtorch) = python::active().filter(serves) {
        return Ok(Some(Found { libtorch, source: Source::Python }));
    }
    let libtorch = Libtorch::at(&cache::home(build)?).ok().filter(serves);
    Ok(libtorch.map(|libtorch| Found { libtorch, source: Source::Cache }))
}

/// What cargo would use now: like `find`, but it takes the checkout's link for what it is, and neither
/// searches nor prepares anything.
pub fn look() -> Result<Option<Found>, Error> {
    if is_chosen_by_variable() {
        return find(Build::Cpu);
    }
    let link = checkout::libtorch_link();
    let Ok(mut libtorch) = Libtorch::at(&link) else {
        return Ok(None);
    };
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
    Ok(Some(Found { libtorch, source }))
}

/// Whether the user's environment says which libtorch to use.
pub fn is_chosen_by_variable() -> bool {
    variable().is_some() || env::var_os("LIBTORCH_USE_PYTORCH").is_some()
}

/// `LIBTORCH` as the user set it. Cargo sets it for this program as well, from `.cargo/config.toml`, to the
/// checkout's own link: that says nothing of the user's wishes.
fn variable() -> Option<PathBuf> {
    let home = env::var_os("LIBTORCH").filter(|value| !value.is_empty()).map(PathBuf::from)?;
    (!is_own_link(&home)).then_some(home)
}

fn is_own_link(home: &Path) -> bool {
    let link = checkout::libtorch_link();
    // The folders are compared, not what the link points to: that may be what the user names as well.
    let folder = |path: &Path| path.parent().and_then(|parent| parent.canonicalize().ok());
    home == link || (home.file_name() == link.file_name() && folder(home) == folder(&link))
}
