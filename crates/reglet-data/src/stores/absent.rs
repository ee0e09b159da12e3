//! Stand-ins for stores in a program that was built without them. [`Remote::parse`] then returns no address, so none of this
//! is ever called.

use std::path::{Path, PathBuf};

use crate::refusal::{Found, Refusal, StoreFault};
use crate::remote::Remote;

/// What has been read of an object.
pub(crate) struct Fetched {
    pub(crate) bytes: Vec<u8>,
    pub(crate) known: Option<Known>,
}

/// What is known of an object.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) tag: Option<String>,
    pub(crate) sha256: [u8; 32],
}

fn refused(remote: &Remote) -> Refusal {
    let reason = format!("{remote} is in a store, but this program was built without stores");
    Refusal::Store(StoreFault { reason, lasting: true })
}

pub(crate) fn read(remote: &Remote, _: u64) -> Result<Fetched, Refusal> {
    Err(refused(remote))
}

pub(crate) fn starts(remotes: Vec<Remote>, _: u64) -> Vec<Result<Vec<u8>, Refusal>> {
    remotes.iter().map(|remote| Err(refused(remote))).collect()
}

pub(crate) fn hashes(remotes: Vec<(Remote, Option<Known>)>) -> Vec<Result<Known, Refusal>> {
    remotes.iter().map(|(remote, _)| Err(refused(remote))).collect()
}

pub(crate) fn list(remote: &Remote) -> Result<Vec<Found>, Refusal> {
    Err(refused(remote))
}

/// What is read ahead: nothing.
#[derive(Debug, Default)]
pub(crate) struct Ahead;

impl Ahead {
    pub(crate) fn expect(&self, _: Vec<(PathBuf, Remote)>, _: u64) {}

    pub(crate) fn take(&self, _: &Path) -> Option<Result<Fetched, Refusal>> {
        None
    }
}
