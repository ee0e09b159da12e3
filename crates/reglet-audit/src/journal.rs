//! What an audit has found so far, so that one that was interrupted goes on from there.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use crate::results::SampleResult;

/// What was found of a chunk of pictures: for each model, each picture's part.
pub(crate) type Chunk = Vec<Vec<SampleResult>>;

/// A hidden file beside the folder of the results: a key that says of which audit, then a record for each chunk, its
/// length before it. It goes when the results are there. A run is never the worse for it: where it cannot be written,
/// or what it holds is of another audit or cut short, that part is found anew.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    path: PathBuf,
    /// The records that an earlier run left, the next one last.
    left: Vec<Chunk>,
    file: Option<File>,
}

/// Whether an interruption can be told that the next run goes on.
static KEPT: AtomicBool = AtomicBool::new(false);

/// Whether a journal is being kept.
pub(crate) fn is_kept() -> bool {
    KEPT.load(Ordering::Relaxed)
}

impl Journal {
    /// The journal of the audit with this key, whose results go to the folder `out`. The key is everything that the
    /// results depend on.
    pub fn open(out: &Path, key: &str) -> Journal {
        let mut name = OsString::from(".");
        name.push(out.file_name().unwrap_or_default());
        name.push(".unfinished");
        let path = out.with_file_name(name);
        let head: [u8; 32] = Sha256::digest(key).into();
        let (left, end) = read(&path, &head);
        let mut journal = Journal { path, left, file: None };
        journal.file = journal.begin(&head, end).ok();
        journal.left.reverse();
        KEPT.store(journal.file.is_some(), Ordering::Relaxed);
        journal
    }

    /// A file that holds what is whole of it, open at its end.
    fn begin(&self, head: &[u8; 32], end: u64) -> std::io::Result<File> {
        let mut file = File::options().create(true).append(true).open(&self.path)?;
        file.set_len(end)?;
        if end == 0 {
            file.write_all(head)?;
        }
        Ok(file)
    }

    /// How many chunks an earlier run left.
    pub fn left(&self) -> usize {
        self.left.len()
    }

    /// What an earlier run found of the next chunk.
    pub fn next(&mut self) -> Option<Chunk> {
        self.left.pop()
    }

    /// Notes what was found of a chunk.
    pub fn note(&mut self, chunk: &Chunk) {
        let Some(file) = &mut self.file else { return };
        let written = postcard::to_stdvec(chunk).map_err(std::io::Error::other).and_then(|record| {
            file.write_all(&(record.len() as u64).to_le_bytes())?;
            file.write_all(&record)?;
            file.flush()
        });
        if written.is_err() {
            self.file = None;
            KEPT.store(false, Ordering::Relaxed);
        }
    }

    /// The results are there: nothing is left to go on with.
    pub fn finish(mut self) {
        self.file = None;
        KEPT.store(false, Ordering::Relaxed);
        // One that stays is of no use and does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// The records of a journal with this head, as far as they are whole, and where they end; nothing of any other file.
fn read(path: &Path, head: &[u8; 32]) -> (Vec<Chunk>, u64) {
    let bytes = fs::read(path).unwrap_or_default();
    let Some(mut rest) = bytes.strip_prefix(head.as_slice()) else { return (Vec::new(), 0) };
    let mut records = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u64::from_le_bytes(*length);
        let record = usize::try_from(length).ok().and_then(|length| after.get(..length));
        let Some((record, chunk)) =
            record.and_then(|record| Some((record, postcard::from_bytes(record).ok()?)))
        else {
            break;
        };
        records.push(chunk);
        rest = &after[record.len()..];
    }
    (records, (bytes.len() - rest.len()) as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::results::Answer;

    fn chunk(names: &[&str]) -> Chunk {
        let sample = |id: &&str| SampleResult {
            id: (*id).to_owned(),
            label: "benign".into(),
            artefact: None,
            estimated: BTreeSet::new(),
            answer: Answer { probability: 0.1 + 0.2, score: f64::NEG_INFINITY },
            changed: BTreeMap::new(),
            maps: Vec::new(),
            exhibit: None,
        };
        vec![names.iter().map(sample).collect()]
    }

    fn ids(journal: &mut Journal) -> Vec<String> {
        let chunks = std::iter::from_fn(|| journal.next());
        chunks.flatten().flatten().map(|sample| sample.id).collect()
    }

    #[test]
    fn what_was_found_is_found_again_and_the_rest_goes_on_after_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("results");
        let mut journal = Journal::open(&out, "an audit");
        assert_eq!(journal.left(), 0);
        journal.note(&chunk(&["a", "b"]));
        journal.note(&chunk(&["c"]));
        drop(journal);

        // Cut short in the midst of the second record: the first is whole.
        let path = folder.path().join(".results.unfinished");
        let bytes = fs::read(&path).expect("the journal");
        fs::write(&path, &bytes[..bytes.len() - 3]).expect("room");
        let mut journal = Journal::open(&out, "an audit");
        let first = journal.next().expect("the first chunk");
        assert_eq!(first[0][0].answer, Answer { probability: 0.1 + 0.2, score: f64::NEG_INFINITY });
        assert!(journal.next().is_none());
        journal.note(&chunk(&["d"]));
        drop(journal);
        assert_eq!(ids(&mut Journal::open(&out, "an audit")), ["a", "b", "d"]);

        assert_eq!(Journal::open(&out, "another audit").left(), 0, "it is of another audit");
        let mut journal = Journal::open(&out, "an audit");
        assert_eq!(journal.left(), 0, "and was begun anew");
        journal.note(&chunk(&["e"]));
        journal.finish();
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
    }

    #[test]
    fn a_lying_length_is_no_record() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("results");
        drop(Journal::open(&out, "an audit"));
        let path = folder.path().join(".results.unfinished");
        let mut bytes = fs::read(&path).expect("the journal");
        bytes.extend(u64::MAX.to_le_bytes());
        bytes.extend([1, 2, 3]);
        fs::write(&path, &bytes).expect("room");
        assert_eq!(Journal::open(&out, "an audit").left(), 0);
    }

    #[test]
    fn where_nothing_can_be_written_the_work_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::open(&folder.path().join("not there").join("results"), "an audit");
        journal.note(&chunk(&["a"]));
        assert!(journal.next().is_none());
        journal.finish();
    }
}
