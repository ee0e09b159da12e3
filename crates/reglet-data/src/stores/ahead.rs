//! Reads objects before they are requested, so that the program does not wait for the network.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use super::{Fetched, shared};
use crate::refusal::Refusal;
use crate::remote::Remote;

/// The most memory for objects that are read ahead, in KiB: a quarter of a GiB. Objects for which there is no room are read
/// when they are requested.
const ROOM: usize = 256 << 10;

/// Objects that are on their way, or there, by their paths.
pub(crate) struct Ahead {
    coming: Mutex<HashMap<PathBuf, Coming>>,
    room: Arc<Semaphore>,
}

/// One of them. Its download ends when nothing waits for it any longer.
struct Coming {
    outcome: mpsc::Receiver<Result<Option<(Fetched, Room)>, Refusal>>,
    task: AbortHandle,
}

type Room = Option<OwnedSemaphorePermit>;

impl Drop for Coming {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Ahead {
    /// Begins to read these objects, of at most `limit` bytes each, and forgets all others.
    pub(crate) fn expect(&self, files: Vec<(PathBuf, Remote)>, limit: u64) {
        let mut coming = self.coming();
        let wanted: HashSet<&PathBuf> = files.iter().map(|(path, _)| path).collect();
        coming.retain(|path, _| wanted.contains(path));
        drop(wanted);
        let Ok(stores) = shared() else { return };
        for (path, remote) in files {
            if coming.contains_key(&path) {
                continue;
            }
            // An error in an address is reported when the file is read.
            let Ok(object) = stores.object(&remote) else { continue };
            let ((give, outcome), room) = (mpsc::channel(), Arc::clone(&self.room));
            let task = stores.runtime.spawn(async move {
                let fetched = object.whole_within(limit, &room).await;
                let fetched = fetched.map(|content| {
                    content.map(|mut content| {
                        let room = content.take_room();
                        (Fetched::of(content), room)
                    })
                });
                // It may not be wanted any more.
                let _ = give.send(fetched);
            });
            coming.insert(path, Coming { outcome, task: task.abort_handle() });
        }
    }

    /// An object that was read ahead, or is on its way; `None` if it is to be read now.
    pub(crate) fn take(&self, path: &Path) -> Option<Result<Fetched, Refusal>> {
        let coming = self.coming().remove(path)?;
        match coming.outcome.recv() {
            Ok(Ok(Some((fetched, _)))) => Some(Ok(fetched)),
            Ok(Err(refusal)) => Some(Err(refusal)),
            Ok(Ok(None)) | Err(_) => None,
        }
    }

    fn coming(&self) -> MutexGuard<'_, HashMap<PathBuf, Coming>> {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Ahead {
    fn default() -> Self {
        Self { coming: Mutex::default(), room: Arc::new(Semaphore::new(ROOM)) }
    }
}

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").field("coming", &self.coming().len()).finish_non_exhaustive()
    }
}
