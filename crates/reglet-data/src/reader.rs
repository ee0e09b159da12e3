//! Reads the files of a data set: remote files ahead of time, and no file a second time just to check that it is unchanged.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::files;
use crate::refusal::{Refusal, StoreFault};
use crate::remote::Remote;
use crate::stores::{self, Ahead, Fetched, Known};
use crate::{DataError, SeenFile};

/// The files of one data set.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    ahead: Ahead,
    /// What has been read from object stores: by path, the tag that the store gave it, and its hash.
    known: Mutex<HashMap<PathBuf, Known>>,
}

impl Reader {
    /// The whole content of a file of at most `limit` bytes, which may have been read already.
    pub(crate) fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
        let Some(remote) = Remote::parse(path).map_err(Refusal::Address)? else {
            return files::read(path, limit);
        };
        let fetched = self.ahead.take(path).unwrap_or_else(|| stores::read(&remote, limit));
        let Fetched { bytes, known } = fetched?;
        if let Some(known) = known {
            self.known().insert(path.to_owned(), known);
        }
        Ok(bytes)
    }

    /// Begins to read those of the files that are remote, and drops what has been read ahead of others.
    pub(crate) fn read_ahead<'a>(&self, paths: impl Iterator<Item = &'a Path>, limit: u64) {
        let elsewhere = |path: &'a Path| Some((path.to_owned(), Remote::parse(path).ok().flatten()?));
        self.ahead.expect(paths.filter_map(elsewhere).collect(), limit);
    }

    /// The SHA-256 of each file's content. An object that has been read from a store and still has the same tag there is not
    /// read again, because a store gives each version of an object a different tag. A file that a store does not return has
    /// the hash 0.
    ///
    /// # Errors
    /// An error if a file on this machine cannot be read, or if none of several files in stores can be.
    pub(crate) fn hashes(&self, paths: &[&Path]) -> Result<Vec<[u8; 32]>, DataError> {
        let remotes = paths.iter().filter_map(|path| {
            let remote = Remote::parse(path).ok().flatten()?;
            Some((remote, self.known().get(*path).cloned()))
        });
        let remotes: Vec<(Remote, Option<Known>)> = remotes.collect();
        let asked = remotes.len();
        let mut elsewhere = if asked == 0 { Vec::new() } else { stores::hashes(remotes) }.into_iter();
        let (mut hashes, mut given, mut first) = (Vec::with_capacity(paths.len()), false, None);
        for path in paths {
            let failed = |refusal: Refusal| refusal.of(path);
            if Remote::parse(path)?.is_none() {
                hashes.push(files::sha256(path).map_err(failed)?);
                continue;
            }
            match elsewhere.next() {
                Some(Ok(known)) => {
                    given = true;
                    hashes.push(known.sha256);
                    if known.tag.is_some() {
                        self.known().insert((*path).to_owned(), known);
                    }
                }
                Some(Err(refusal)) => {
                    let is_answer = match &refusal {
                        Refusal::Store(StoreFault { lasting, .. }) => *lasting,
                        Refusal::System(source) => source.kind() == std::io::ErrorKind::NotFound,
                        _ => true,
                    };
                    given |= is_answer;
                    first.get_or_insert_with(|| failed(refusal));
                    hashes.push([0; 32]);
                }
                None => hashes.push([0; 32]),
            }
        }
        // If there is no answer at all, the cause is not the pictures.
        match first {
            Some(fault) if !given && asked >= SEVERAL => Err(fault),
            _ => Ok(hashes),
        }
    }

    /// What has been read of files in stores, sorted by address.
    pub(crate) fn seen(&self) -> Vec<SeenFile> {
        let known = self.known();
        let seen = known.iter().filter_map(|(path, known)| {
            let (address, tag) = (path.to_str()?.to_owned(), known.tag.clone()?);
            Some(SeenFile { address, tag, sha256: known.sha256 })
        });
        let mut seen: Vec<SeenFile> = seen.collect();
        seen.sort_by(|one, other| one.address.cmp(&other.address));
        seen
    }

    /// Takes note of what another run has seen.
    pub(crate) fn recall(&self, seen: &[SeenFile]) {
        let known = seen.iter().map(|SeenFile { address, tag, sha256 }| {
            (PathBuf::from(address), Known { tag: Some(tag.clone()), sha256: *sha256 })
        });
        self.known().extend(known);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<PathBuf, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// So many files that a store does not give, and none that it does, are a sign that the store is not there.
const SEVERAL: usize = 16;
