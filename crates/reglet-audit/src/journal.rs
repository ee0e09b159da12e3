//! The journal: the measurements of an audit so far, from which an interrupted audit is resumed.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::observed::Observed;

/// A hidden file beside the folder of the results. It contains a key that identifies the audit, then a record for each chunk
/// of pictures: its number, its length, a checksum, and its content. It is deleted when the results are complete. While an
/// audit writes to it, it is locked, so that a second audit into the same folder is refused.
///
/// A journal never makes a run fail: if it cannot be written, or if it belongs to another audit, or is truncated or damaged,
/// the affected part and everything after it is computed again.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    path: PathBuf,
    /// The records that an earlier run left, the next one last.
    left: Vec<Observed>,
    /// How many records the file holds.
    written: u64,
    file: Option<File>,
}

/// The lengths of the fields before each record.
const NUMBER: usize = 8;
const CHECKSUM: usize = 32;

/// Whether an interruption can be told that the next run goes on.
static KEPT: AtomicBool = AtomicBool::new(false);

/// Whether a journal is being kept.
pub(crate) fn is_kept() -> bool {
    KEPT.load(Ordering::Relaxed)
}

impl Journal {
    /// The journal of the audit with this key, whose results go to the folder `out`. The key is everything that the
    /// results depend on.
    ///
    /// # Errors
    /// [`Error::Usage`] while another audit writes to the same folder.
    pub fn open(out: &Path, key: &str) -> Result<Journal, Error> {
        let mut name = OsString::from(".");
        name.push(out.file_name().unwrap_or_default());
        name.push(".unfinished");
        let mut journal = Journal { path: out.with_file_name(name), ..Journal::default() };
        let opened = File::options().create(true).truncate(false).read(true).write(true).open(&journal.path);
        let Ok(mut file) = opened else { return Ok(journal) };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Usage(format!(
                    "another audit is writing its results to {}; wait until it has finished, or choose another folder with --out",
                    out.display()
                )));
            }
            // The file system has no locks; the records are still protected by their checksums.
            Err(TryLockError::Error(_)) => {}
        }
        let head: [u8; 32] = Sha256::digest(key).into();
        let (left, end) = read(&mut file, &head);
        journal.written = left.len() as u64;
        journal.left = left;
        journal.left.reverse();
        journal.file = begin(file, &head, end).ok();
        KEPT.store(journal.file.is_some(), Ordering::Relaxed);
        Ok(journal)
    }

    /// How many chunks an earlier run left.
    pub fn left(&self) -> usize {
        self.left.len()
    }

    /// What an earlier run found of the next chunk.
    pub fn next(&mut self) -> Option<Observed> {
        self.left.pop()
    }

    /// What to say of a record that is whole and yet does not fit the data.
    pub fn damaged(&self) -> String {
        format!(
            "the file {} of an interrupted run does not match these data; delete it and start again",
            self.path.display()
        )
    }

    /// Notes what was found of a chunk.
    pub fn note(&mut self, chunk: &Observed) {
        let Some(file) = &mut self.file else { return };
        let number = self.written;
        let written = postcard::to_stdvec(chunk).map_err(std::io::Error::other).and_then(|record| {
            let mut whole = Vec::with_capacity(record.len() + 2 * NUMBER + CHECKSUM);
            whole.extend(number.to_le_bytes());
            whole.extend((record.len() as u64).to_le_bytes());
            whole.extend(checksum(number, &record));
            whole.extend(record);
            file.write_all(&whole)?;
            file.flush()
        });
        self.written += 1;
        if written.is_err() {
            self.file = None;
            KEPT.store(false, Ordering::Relaxed);
        }
    }

    /// The results are there: nothing is left to go on with.
    pub fn finish(mut self) {
        KEPT.store(false, Ordering::Relaxed);
        if self.file.is_some() {
            // A journal that cannot be removed does no harm. It is removed while it is still locked.
            let _ = fs::remove_file(&self.path);
        }
        self.file = None;
    }
}

fn checksum(number: u64, record: &[u8]) -> [u8; CHECKSUM] {
    let mut hash = Sha256::new();
    hash.update(number.to_le_bytes());
    hash.update((record.len() as u64).to_le_bytes());
    hash.update(record);
    hash.finalize().into()
}

/// The file cut off behind what is whole of it, to be written on from there.
fn begin(mut file: File, head: &[u8; 32], end: u64) -> std::io::Result<File> {
    file.set_len(end)?;
    file.seek(SeekFrom::End(0))?;
    if end == 0 {
        file.write_all(head)?;
    }
    Ok(file)
}

/// The records of a journal with this header, as far as they are complete and consecutive, and the position where they end;
/// nothing for any other file.
fn read(file: &mut File, head: &[u8; 32]) -> (Vec<Observed>, u64) {
    let mut bytes = Vec::new();
    if file.read_to_end(&mut bytes).is_err() {
        return (Vec::new(), 0);
    }
    let Some(mut rest) = bytes.strip_prefix(head.as_slice()) else { return (Vec::new(), 0) };
    let mut records = Vec::new();
    while let Some((record, after)) = first(rest, records.len() as u64) {
        let Ok(record) = postcard::from_bytes(record) else { break };
        records.push(record);
        rest = after;
    }
    (records, (bytes.len() - rest.len()) as u64)
}

/// The first record, if it is whole and has this number, and what follows it.
fn first(bytes: &[u8], number: u64) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first_chunk::<NUMBER>()?;
    let (length, rest) = rest.split_first_chunk::<NUMBER>()?;
    let (sum, rest) = rest.split_first_chunk::<CHECKSUM>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (record, after) = rest.split_at_checked(length)?;
    (u64::from_le_bytes(*found) == number && checksum(number, record) == *sum).then_some((record, after))
}

#[cfg(test)]
mod tests {
    use reglet_evidence::{Observation, Picture, Score};

    use super::*;

    fn chunk(names: &[&str]) -> Observed {
        let picture = |id: &&str| Picture { id: (*id).to_owned(), ..Picture::default() };
        let said = Score { logit: f64::NEG_INFINITY, margin: 0.1 + 0.2, probability: 0.3 };
        let row = |picture| Observation {
            picture,
            model: 0,
            edit: None,
            scores: vec![said],
            top: vec![false],
            probes: vec![None],
        };
        Observed {
            pictures: names.iter().map(picture).collect(),
            observations: (0..names.len()).map(row).collect(),
            ..Observed::default()
        }
    }

    fn open(out: &Path, key: &str) -> Journal {
        Journal::open(out, key).expect("nobody else writes")
    }

    fn ids(journal: &mut Journal) -> Vec<String> {
        let chunks = std::iter::from_fn(|| journal.next());
        chunks.flat_map(|chunk| chunk.pictures).map(|picture| picture.id).collect()
    }

    /// A folder with a journal of three chunks.
    fn example() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("results");
        let mut journal = open(&out, "an audit");
        assert_eq!(journal.left(), 0);
        for names in [["a", "b"], ["c", "d"], ["e", "f"]] {
            journal.note(&chunk(&names));
        }
        let path = folder.path().join(".results.unfinished");
        (folder, out, path)
    }

    #[test]
    fn what_was_found_is_found_again_and_the_rest_goes_on_after_it() {
        let (folder, out, path) = example();
        // Cut short in the midst of the third record: the first two are whole.
        let bytes = fs::read(&path).expect("the journal");
        fs::write(&path, &bytes[..bytes.len() - 3]).expect("room");
        let mut journal = open(&out, "an audit");
        let first = journal.next().expect("the first chunk");
        assert_eq!(first.observations, chunk(&["a", "b"]).observations);
        assert_eq!(ids(&mut journal), ["c", "d"]);
        journal.note(&chunk(&["g"]));
        drop(journal);
        assert_eq!(ids(&mut open(&out, "an audit")), ["a", "b", "c", "d", "g"]);

        assert_eq!(open(&out, "another audit").left(), 0, "it is of another audit");
        let mut journal = open(&out, "an audit");
        assert_eq!(journal.left(), 0, "and was begun anew");
        journal.note(&chunk(&["e"]));
        journal.finish();
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
    }

    #[test]
    fn nothing_of_a_damaged_record_or_behind_a_lost_one_is_believed() {
        let (_folder, out, path) = example();
        let bytes = fs::read(&path).expect("the journal");
        let record = (bytes.len() - 32) / 3;
        for at in (32..bytes.len()).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            fs::write(&path, &damaged).expect("room");
            assert_eq!(open(&out, "an audit").left(), (at - 32) / record, "byte {at}");
        }
        // The second record lost: the third does not take its place.
        let lost = [&bytes[..32 + record], &bytes[32 + 2 * record..]].concat();
        fs::write(&path, lost).expect("room");
        assert_eq!(ids(&mut open(&out, "an audit")), ["a", "b"]);
        // The second twice.
        let twice = [&bytes[..32 + 2 * record], &bytes[32 + record..]].concat();
        fs::write(&path, twice).expect("room");
        assert_eq!(ids(&mut open(&out, "an audit")), ["a", "b", "c", "d"]);
        // A page of zeros in the midst.
        let mut zeros = bytes.clone();
        zeros[32 + record..32 + record + 40].fill(0);
        fs::write(&path, zeros).expect("room");
        assert_eq!(ids(&mut open(&out, "an audit")), ["a", "b"]);
        let mut lying = bytes[..32].to_vec();
        lying.extend(0_u64.to_le_bytes());
        lying.extend(u64::MAX.to_le_bytes());
        lying.extend([0; 40]);
        fs::write(&path, lying).expect("room");
        assert_eq!(open(&out, "an audit").left(), 0);
    }

    #[test]
    fn two_audits_do_not_share_a_folder() {
        let (_folder, out, _) = example();
        let first = open(&out, "an audit");
        let refused = Journal::open(&out, "an audit").expect_err("it is locked").to_string();
        assert!(refused.contains("another audit") && refused.contains("--out"), "{refused}");
        drop(first);
        assert_eq!(open(&out, "an audit").left(), 3);
    }

    #[test]
    fn where_nothing_can_be_written_the_work_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = open(&folder.path().join("not there").join("results"), "an audit");
        journal.note(&chunk(&["a"]));
        assert!(journal.next().is_none());
        journal.finish();
    }
}
