//! The checkout's link to libtorch, through which cargo, editors and the programs themselves find it.

mod link;

use crate::checkout;
use reglet_link::libtorch::{Build, Found, Libtorch, find, find_or_prepare, is_chosen_by_variable, linked};
use std::io;
use std::path::{Path, PathBuf};

/// Makes sure that libtorch is where cargo expects it: uses the existing link, else searches for a libtorch, else prepares
/// one.
pub fn ensure() -> Result<(), Error> {
    let link = checkout::libtorch_link();
    if !is_chosen_by_variable(Some(&link)) && Libtorch::at(&link).is_ok() {
        return Ok(());
    }
    let found = find_or_prepare(Build::Cpu, Some(&link))?;
    if link::point_to(&link, &found.libtorch)? {
        eprintln!("{found}");
    }
    Ok(())
}

/// Searches for libtorch again, independently of earlier choices, and links to it.
pub fn set_up(build: Build) -> Result<Found, Error> {
    let link = checkout::libtorch_link();
    let found = find_or_prepare(build, Some(&link))?;
    link::point_to(&link, &found.libtorch)?;
    Ok(found)
}

/// The libtorch that cargo would use now. It follows the checkout's link, and neither searches nor prepares anything.
pub fn look() -> Result<Option<Found>, Error> {
    let link = checkout::libtorch_link();
    if is_chosen_by_variable(Some(&link)) {
        return Ok(find(Build::Cpu, Some(&link))?);
    }
    Ok(linked(&link))
}

/// Why there is no link to a libtorch.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Libtorch(#[from] reglet_link::libtorch::Error),
    #[error(
        "{home} is a folder, but should be a link to libtorch {version}. Move it elsewhere and try again.",
        version = reglet_link::libtorch::VERSION
    )]
    InTheWay { home: PathBuf },
    #[error("{path} could not be {what}: {source}.")]
    File { path: PathBuf, what: &'static str, source: io::Error },
}

impl Error {
    /// A closure for `map_err`, with the operation that failed and its path.
    fn file(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, what, source }
    }
}
