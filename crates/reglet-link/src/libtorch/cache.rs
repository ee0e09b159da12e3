//! The program's folder in the user's cache, where a prepared libtorch is stored for all checkouts.

use super::{Build, Error, VERSION};
use std::env;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Reglet's cache: `REGLET_CACHE`, or the folder `reglet` in the system's cache folder.
pub fn folder() -> Result<PathBuf, Error> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let of_user = || {
        if cfg!(windows) {
            set("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            set("HOME").map(|home| home.join("Library/Caches"))
        } else {
            // The XDG specification requires relative paths to be ignored.
            let xdg = set("XDG_CACHE_HOME").filter(|path| path.is_absolute());
            xdg.or_else(|| set("HOME").map(|home| home.join(".cache")))
        }
    };
    set("REGLET_CACHE")
        .map(|folder| std::path::absolute(&folder).unwrap_or(folder))
        .or_else(|| of_user().map(|caches| caches.join("reglet")))
        .ok_or(Error::NoCache)
}

/// The folder that contains, or will contain, a prepared build.
pub fn slot(build: Build) -> Result<PathBuf, Error> {
    Ok(folder()?.join("libtorch").join(format!("{VERSION}-{}", build.word())))
}

/// The libtorch within that folder. With CUDA, the libraries find one another by the layout of the Python packages that they
/// come from, so this layout is kept: libtorch is in `torch`, beside `nvidia`.
pub fn home(build: Build) -> Result<PathBuf, Error> {
    let slot = slot(build)?;
    Ok(match build {
        Build::Cpu => slot,
        Build::Cuda => slot.join("torch"),
    })
}

/// A lock for filling one slot, held by one process at a time, with a working folder.
///
/// The slot appears completely, by a rename, or not at all. The working folder is deleted when this value is dropped; one
/// that an interrupted process has left behind is deleted when the next process gets the lock.
#[derive(Debug)]
pub struct Turn {
    slot: PathBuf,
    work: PathBuf,
    /// The operating system releases the lock, however this process ends.
    _lock: File,
}

impl Turn {
    /// Waits for the lock of a build's slot; `on_wait` is called if another process holds it.
    pub fn wait(build: Build, on_wait: impl FnOnce()) -> Result<Self, Error> {
        let slot = slot(build)?;
        let beside = |end: &str| slot.with_file_name(format!(".{VERSION}-{}.{end}", build.word()));
        let (work, path) = (beside("tmp"), beside("lock"));
        let folder = slot.parent().unwrap_or(&slot);
        fs::create_dir_all(folder).map_err(Error::file(folder, "made"))?;
        let lock = File::create(&path).map_err(Error::file(&path, "written"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                on_wait();
                lock.lock().map_err(Error::file(&path, "locked"))?;
            }
            // Some network drives do not support locks; then the user has to avoid running two processes at the same time.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(Error::file(&path, "locked")(error)),
        }
        remove(&work)?;
        Ok(Self { slot, work, _lock: lock })
    }

    /// An empty folder, on the same disk as the slot.
    pub fn fresh(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.work.join(name);
        remove(&folder)?;
        fs::create_dir_all(&folder).map_err(Error::file(&folder, "made"))?;
        Ok(folder)
    }

    /// Makes a finished folder the slot's content, replacing any previous content.
    pub fn publish(self, finished: &Path) -> Result<(), Error> {
        remove(&self.slot)?;
        fs::rename(finished, &self.slot).map_err(Error::file(&self.slot, "written"))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // A failure does no harm: the next process removes what is left.
        let _ = fs::remove_dir_all(&self.work);
    }
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file(folder, "removed")(error)),
        _ => Ok(()),
    }
}

/// The size of all files in a folder in bytes; links are not followed.
pub fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(facts) if facts.is_dir() => size(&entry.path()),
        Ok(facts) => facts.len(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}
