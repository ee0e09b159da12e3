//! Results that appear completely or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::{Error, journal};

/// A results folder that is being written. Files are written to a hidden folder next to it and moved to their place by
/// [`finish`](Output::finish); if the program ends before that, nothing is left behind.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    staging: TempDir,
    files: Vec<PathBuf>,
}

/// The staging folders that an interruption has to remove. Whoever holds the lock is not interrupted.
static STAGING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

impl Output {
    /// Prepares to fill `folder`, which is created with its parents if need be; files that are there already
    /// and not written again stay.
    ///
    /// # Errors
    /// [`Error::Output`] if nothing can be written there.
    pub fn new(folder: &Path) -> Result<Output, Error> {
        fs::create_dir_all(folder).map_err(Error::output(folder))?;
        let staging =
            tempfile::Builder::new().prefix(".reglet-").tempdir_in(folder).map_err(Error::output(folder))?;
        if let Ok(mut list) = STAGING.lock() {
            list.push(staging.path().to_owned());
        }
        Ok(Output { folder: folder.to_owned(), staging, files: Vec::new() })
    }

    /// Writes a file, named relative to the folder.
    ///
    /// # Errors
    /// [`Error::Output`], for a full disk among others.
    pub fn write(&mut self, name: impl AsRef<Path>, bytes: &[u8]) -> Result<(), Error> {
        self.write_by(name, |file| file.write_all(bytes))
    }

    /// Writes a file, named relative to the folder, of what `fill` writes, which is never in memory as a whole.
    ///
    /// # Errors
    /// As [`write`](Output::write).
    pub fn write_by(
        &mut self,
        name: impl AsRef<Path>,
        fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), Error> {
        let path = self.staged(name.as_ref())?;
        let _uninterrupted = STAGING.lock();
        let write = || {
            let mut file = BufWriter::new(File::create(&path)?);
            fill(&mut file)?;
            // The file is flushed to disk before it is moved, so that a crash of the machine does not leave an empty file of
            // that name.
            file.into_inner()?.sync_all()
        };
        write().map_err(Error::output(&self.folder.join(name)))
    }

    /// Where another writer may put the file `name`.
    ///
    /// # Errors
    /// [`Error::Output`], for a name that leads out of the folder among others.
    pub fn staged(&mut self, name: &Path) -> Result<PathBuf, Error> {
        // Names are generated and never taken from untrusted input; this check enforces that.
        if !name.components().all(|part| matches!(part, Component::Normal(_))) {
            let reason = format!("'{}' lies outside that folder", name.display());
            return Err(Error::Output { path: self.folder.clone(), reason });
        }
        let path = self.staging.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::output(&self.folder))?;
        }
        self.files.push(name.to_owned());
        Ok(path)
    }

    /// Moves every file to its place.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn finish(self) -> Result<(), Error> {
        // An interruption takes effect either before the first file is moved or after the last.
        let _uninterrupted = STAGING.lock();
        for name in &self.files {
            let target = self.folder.join(name);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(Error::output(parent))?;
            }
            fs::rename(self.staging.path().join(name), &target).map_err(Error::output(&target))?;
        }
        Ok(())
    }
}

/// Ends the program on Ctrl-C or a request to terminate, with nothing half written.
pub fn clean_up_when_interrupted() {
    // A second handler is refused; the first one does the same.
    let _ = ctrlc::set_handler(|| {
        // The lock is kept to the end, so that nothing is written after its folder is gone.
        let folders = STAGING.lock().unwrap_or_else(PoisonError::into_inner);
        for folder in folders.iter() {
            let _ = fs::remove_dir_all(folder);
        }
        let next = if journal::is_kept() { "; run the same command again to resume" } else { "" };
        let _ = writeln!(io::stderr(), "error: interrupted; nothing was written{next}");
        // A normal exit destroys libtorch's globals while its threads still use them, and would crash.
        signal_hook::low_level::exit(2);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_there_until_all_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("deep").join("results");
        let visible = || {
            let entries = fs::read_dir(&target).expect("the folder").filter_map(Result::ok);
            entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')).count()
        };
        let mut output = Output::new(&target).expect("a new folder");
        output.write("a/b.txt", b"1").expect("room");
        output.write("c.txt", b"2").expect("room");
        assert_eq!(visible(), 0);
        output.finish().expect("moved");
        assert_eq!(fs::read(target.join("a/b.txt")).expect("there"), b"1");
        assert_eq!(fs::read_dir(&target).expect("the folder").count(), 2, "the staging folder is gone");

        drop(Output::new(&target).and_then(|mut output| output.write("d.txt", b"3").map(|()| output)));
        assert_eq!(
            fs::read_dir(&target).expect("the folder").count(),
            2,
            "dropped unfinished, it leaves nothing"
        );
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut output = Output::new(&folder.path().join("out")).expect("a new folder");
        for name in ["../escaped.txt", "a/../../escaped.txt", "/escaped.txt"] {
            let message = output.write(name, b"1").expect_err(name).to_string();
            assert!(message.contains("outside"), "{message}");
        }
        output.write("./inside.txt", b"1").expect_err("nobody makes such a name");
        output.finish().expect("nothing to move");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, b"").expect("room");
        let message = Output::new(&file).expect_err("not a folder").to_string();
        assert!(message.contains("cannot write to") && message.contains("--out"), "{message}");
    }
}
