//! Parts of an audit that are computed on many machines, and their merging.
//!
//! | file in a folder | contains |
//! |---|---|
//! | `plan.reglet` | what all parts have in common: the data's fingerprint, the probes, whether maps can be trusted |
//! | `part-3-of-17.reglet` | the measurements of the third of 17 parts |
//!
//! A part consists of whole chunks, the same ones that an audit on one machine would run, so that its batches are the same,
//! and with them the last digits. Each file begins with a description of what it was computed from ([`Identity`]) and has a
//! checksum. It is written under a temporary name and then renamed, so it is either complete or absent, and computing the
//! same part twice gives identical files.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use reglet_data::SeenFile;
use reglet_evidence::Tried;
use reglet_model::Model;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::observe::{Probes, chunks};
use crate::observed::Observed;
use crate::plan::Plan;
use crate::{Error, Output};

/// What every file of this kind begins with; the number is that of the format.
const MAGIC: &[u8] = b"reglet part 4\n";

/// The name of the file of what all parts have in common.
pub(crate) const PLAN: &str = "plan.reglet";

/// The number of a part, from 1, and the number of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Its number, from 1 to the number of all parts.
    pub number: u32,
    /// How many parts there are.
    pub of: u32,
}

impl Shard {
    /// Reads `3/17`; `auto`, which takes both numbers from Slurm's environment; or `auto/17`, which takes the first from that of a
    /// Slurm array, a Kubernetes indexed Job, or a HyperQueue task array whose ids begin with 1.
    ///
    /// # Errors
    /// [`Error::Usage`] for anything else, or if the environment does not say which part.
    pub fn parse(text: &str) -> Result<Shard, Error> {
        Shard::of(text, |name| env::var(name).ok())
    }

    fn of(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Shard, Error> {
        let wrong = |why: &str| Error::Usage(format!("--shard {text}: {why}; give 3/17, auto or auto/17"));
        let number = |name: &str| variable(name).and_then(|value| value.trim().parse::<u32>().ok());
        let shard = if text == "auto" || text.starts_with("auto/") {
            let slurm = number("SLURM_ARRAY_TASK_ID").map(|id| {
                let step = number("SLURM_ARRAY_TASK_STEP").unwrap_or(1).max(1);
                id.saturating_sub(number("SLURM_ARRAY_TASK_MIN").unwrap_or(1)) / step + 1
            });
            let kubernetes = || number("JOB_COMPLETION_INDEX").map(|index| index.saturating_add(1));
            let found = slurm.or_else(kubernetes).or_else(|| number("HQ_TASK_ID"));
            let nothing =
                "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX nor HQ_TASK_ID is set to a number";
            let found = found.ok_or_else(|| wrong(nothing))?;
            let of = match text.strip_prefix("auto/") {
                Some(of) => of.parse().map_err(|_| wrong("the number of parts is not a positive number"))?,
                None => number("SLURM_ARRAY_TASK_COUNT").ok_or_else(|| {
                    wrong("SLURM_ARRAY_TASK_COUNT is not set, so the number of parts is unknown")
                })?,
            };
            Shard { number: found, of }
        } else {
            let (number, of) = text.split_once('/').ok_or_else(|| wrong("that is no part"))?;
            let parse = |part: &str| part.parse::<u32>().map_err(|_| wrong("that is no part"));
            Shard { number: parse(number)?, of: parse(of)? }
        };
        match (1..=shard.of).contains(&shard.number) {
            true => Ok(shard),
            false => Err(wrong(&format!("there is no part {} of {}", shard.number, shard.of))),
        }
    }

    /// The part's chunks, given the number of chunks in all, which are divided as evenly as possible.
    pub(crate) fn chunks(self, all: usize) -> Range<usize> {
        let bound = |parts: u32| (u64::from(parts) * all as u64 / u64::from(self.of)) as usize;
        bound(self.number - 1)..bound(self.number)
    }

    /// The name of the part's file.
    pub(crate) fn file(self) -> String {
        format!("part-{self}.reglet")
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-of-{}", self.number, self.of)
    }
}

/// Everything that what is found of a picture depends on, by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    reglet: String,
    /// SHA-256 of the program's own file.
    pub program: String,
    /// The config's text, overrides applied.
    config: String,
    /// What identifies each model, its weights, its operators and how it reads pictures: see [`Model::fingerprint`].
    pub models: Vec<String>,
    /// SHA-256 over all that is read of the data.
    data: String,
}

impl Identity {
    /// # Errors
    /// An error of a model.
    pub fn of(plan: &Plan, fingerprint: &str) -> Result<Identity, Error> {
        Identity::of_models(plan, fingerprint, plan.models.iter().map(|(_, model)| model))
    }

    /// The same for these models instead of the plan's.
    ///
    /// # Errors
    /// An error of a model.
    pub fn of_models<'a>(
        plan: &Plan,
        fingerprint: &str,
        models: impl IntoIterator<Item = &'a Model>,
    ) -> Result<Identity, Error> {
        let program =
            env::current_exe().and_then(fs::read).map(|bytes| HEXLOWER.encode(&Sha256::digest(bytes)));
        Ok(Identity {
            reglet: env!("CARGO_PKG_VERSION").to_owned(),
            program: program.unwrap_or_default(),
            config: plan.text.clone(),
            models: models.into_iter().map(Model::fingerprint).collect::<Result<_, _>>()?,
            data: fingerprint.to_owned(),
        })
    }

    /// The difference from another, as text.
    fn difference(&self, other: &Identity) -> Option<&'static str> {
        let differs = [
            (self.reglet != other.reglet || self.program != other.program, "another build of reglet"),
            (self.config != other.config, "another config"),
            (
                self.models != other.models,
                "another model: its weights, its operators, its preprocessing or its classes differ",
            ),
            (self.data != other.data, "other data, or data that have changed in the meantime"),
        ];
        differs.into_iter().find_map(|(differs, what)| differs.then_some(what))
    }
}

/// What all parts have in common.
#[derive(Serialize, Deserialize)]
pub(crate) struct Common {
    pub identity: Identity,
    pub fingerprint: String,
    pub probes: Probes,
    pub tried: Vec<Tried>,
    /// By chunk: the fingerprint of its pictures.
    pub versions: Vec<String>,
    /// What was read of files in object stores: of each the tag, by which it is seen without reading it that it is the same.
    pub seen: Vec<SeenFile>,
}

/// The measurements of a part.
#[derive(Serialize, Deserialize)]
struct Part {
    identity: Identity,
    shard: Shard,
    /// The folder that the config's relative paths start from.
    folder: PathBuf,
    /// The range of its pictures.
    pictures: Range<usize>,
    observed: Observed,
}

/// What `folder` has of what all parts have in common, if it is there.
///
/// # Errors
/// [`Error::Usage`] if it is damaged.
pub(crate) fn common(folder: &Path) -> Result<Option<Common>, Error> {
    let path = folder.join(PLAN);
    if !path.exists() { Ok(None) } else { read(&path).map(Some) }
}

/// Writes what all parts have in common.
///
/// # Errors
/// [`Error::Output`].
pub(crate) fn write_common(common: &Common, folder: &Path) -> Result<(), Error> {
    write(common, folder, PLAN)
}

/// Refuses what was made for another audit.
///
/// # Errors
/// [`Error::Usage`] that says in what it differs.
pub(crate) fn check(found: &Identity, own: &Identity, path: &Path) -> Result<(), Error> {
    match found.difference(own) {
        None => Ok(()),
        Some(what) => Err(Error::Usage(format!("{} was made by {what}; make it again", path.display()))),
    }
}

/// Writes what was observed of a part.
///
/// # Errors
/// [`Error::Output`].
pub(crate) fn write_part(
    plan: &Plan,
    identity: Identity,
    shard: Shard,
    observed: Observed,
    folder: &Path,
) -> Result<(), Error> {
    let pictures = pictures(plan, shard);
    let part = Part { identity, shard, folder: plan.folder.clone(), pictures, observed };
    write(&part, folder, &shard.file())
}

/// The pictures of a part.
fn pictures(plan: &Plan, shard: Shard) -> Range<usize> {
    let count = plan.data.len();
    let Range { start, end } = shard.chunks(chunks(count).len());
    let first = |chunk: usize| (chunk * crate::observe::CHUNK).min(count);
    first(start)..first(end)
}

/// Some parts of one audit, all of them.
pub(crate) struct Parts {
    /// The first one's file, by which others are judged.
    first: PathBuf,
    identity: Identity,
    folder: PathBuf,
    common: Option<(PathBuf, Common)>,
    observed: BTreeMap<u32, (PathBuf, Range<usize>, Observed)>,
    of: u32,
}

impl Parts {
    /// Reads all parts in these folders.
    ///
    /// # Errors
    /// [`Error::Usage`] for a part that is damaged, that exists twice with different content, or that belongs to another
    /// audit than the first, and if a part is missing. The message names each of them.
    pub fn read(folders: &[PathBuf]) -> Result<Parts, Error> {
        let mut parts: Option<Parts> = None;
        let mut common: Option<(PathBuf, Common)> = None;
        let mut sums: BTreeMap<u32, [u8; 32]> = BTreeMap::new();
        for path in files(folders)? {
            if path.file_name().is_some_and(|name| name == PLAN) {
                common.get_or_insert((path.clone(), read(&path)?));
                continue;
            }
            let bytes = open(&path)?;
            let sum: [u8; 32] = Sha256::digest(&bytes).into();
            let part: Part = parse(&bytes, &path)?;
            drop(bytes);
            let known = parts.get_or_insert_with(|| Parts {
                first: path.clone(),
                identity: part.identity.clone(),
                folder: part.folder.clone(),
                common: None,
                observed: BTreeMap::new(),
                of: part.shard.of,
            });
            if let Some(what) = part.identity.difference(&known.identity) {
                let (path, first) = (path.display(), known.first.display());
                return Err(Error::Usage(format!(
                    "{path} and {first} are not parts of the same audit: the former was made by {what}; merge parts of one audit, or make it again"
                )));
            }
            if part.shard.of != known.of {
                return Err(Error::Usage(format!(
                    "{} is one of {} parts, but {} is one of {}; merge parts with the same total",
                    path.display(),
                    part.shard.of,
                    known.first.display(),
                    known.of
                )));
            }
            if let Some((other, ..)) = known.observed.get(&part.shard.number) {
                // Two machines write the same part as identical files.
                if sums.get(&part.shard.number) == Some(&sum) {
                    continue;
                }
                return Err(Error::Usage(format!(
                    "part {} exists twice with different contents: {} and {}; remove one of them",
                    part.shard.number,
                    other.display(),
                    path.display()
                )));
            }
            sums.insert(part.shard.number, sum);
            known.observed.insert(part.shard.number, (path, part.pictures, part.observed));
        }
        let Some(mut parts) = parts else {
            let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
            return Err(Error::Usage(format!(
                "there are no parts of an audit in {}; make them with `reglet audit --shard 1/2 --out FOLDER` and so on",
                folders.join(", ")
            )));
        };
        let missing: Vec<String> = (1..=parts.of)
            .filter(|number| !parts.observed.contains_key(number))
            .map(|number| Shard { number, of: parts.of }.file())
            .collect();
        if !missing.is_empty() {
            return Err(Error::Usage(format!(
                "{} of {} parts are missing: {}; make them, or give their folder as well",
                missing.len(),
                parts.of,
                shortened(&missing)
            )));
        }
        parts.common = common;
        Ok(parts)
    }

    /// The config's text, and the folder that its relative paths start from.
    pub fn config(&self) -> (&str, &Path) {
        (&self.identity.config, &self.folder)
    }

    /// What the plan knows about files in object stores, if there is a plan.
    pub fn seen(&self) -> &[SeenFile] {
        self.common.as_ref().map_or(&[], |(_, common)| &common.seen)
    }

    /// All observations, in the order of the data set, and whether maps can be trusted, if that is known.
    ///
    /// # Errors
    /// [`Error::Usage`] where the parts are not of this plan, or do not cover its pictures.
    pub fn whole(self, plan: &Plan, fingerprint: &str) -> Result<(Observed, Option<Vec<Tried>>), Error> {
        let own = Identity::of(plan, fingerprint)?;
        check(&self.identity, &own, &self.first)?;
        if let Some((path, common)) = &self.common {
            check(&common.identity, &own, path)?;
        }
        let mut whole = Observed::default();
        for (number, (path, found, observed)) in self.observed {
            let wanted = pictures(plan, Shard { number, of: self.of });
            if found != wanted || observed.gone_through() != wanted.len() {
                return Err(Error::Usage(format!(
                    "{} does not contain the pictures of its part; make it again",
                    path.display()
                )));
            }
            whole.extend(observed);
        }
        Ok((whole, self.common.map(|(_, common)| common.tried)))
    }
}

/// The first few names.
fn shortened(names: &[String]) -> String {
    const FEW: usize = 5;
    let more = if names.len() > FEW { format!(" and {} more", names.len() - FEW) } else { String::new() };
    format!("{}{more}", names[..names.len().min(FEW)].join(", "))
}

/// The files of parts in these folders, each once.
fn files(folders: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for folder in folders {
        let failed = |error: std::io::Error| {
            Error::Usage(format!("cannot read the folder {}: {error}", folder.display()))
        };
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name == PLAN || (name.starts_with("part-") && name.ends_with(".reglet")) {
                // One folder may be named twice.
                found.push(path.canonicalize().unwrap_or(path));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn write(content: &impl Serialize, folder: &Path, name: &str) -> Result<(), Error> {
    let body = postcard::to_stdvec(content)
        .map_err(|error| Error::Usage(format!("cannot write {name}: {error}")))?;
    let mut output = Output::new(folder)?;
    output.write(name, &[MAGIC, Sha256::digest(&body).as_slice(), &body].concat())?;
    output.finish()
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    parse(&open(path)?, path)
}

fn open(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| Error::Usage(format!("cannot read {}: {error}", path.display())))
}

fn parse<T: DeserializeOwned>(bytes: &[u8], path: &Path) -> Result<T, Error> {
    let damaged = |what: &str| Error::Usage(format!("{} {what}; make it again", path.display()));
    let rest = bytes
        .strip_prefix(MAGIC)
        .ok_or_else(|| damaged("is not a part of an audit, or was made by another version"))?;
    let (sum, body) = rest.split_at_checked(32).ok_or_else(|| damaged("is cut short"))?;
    if Sha256::digest(body).as_slice() != sum {
        return Err(damaged("is cut short or damaged: its checksum differs"));
    }
    postcard::from_bytes(body).map_err(|error| damaged(&format!("cannot be read ({error})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_said_by_hand_or_by_the_scheduler() {
        let none = |_: &str| None;
        assert_eq!(Shard::of("3/17", none).ok(), Some(Shard { number: 3, of: 17 }));
        for wrong in
            ["0/3", "4/3", "3", "a/b", "-1/3", "1/0", "auto/", "auto/x", "auto", "auto/3", "automatic"]
        {
            let said = Shard::of(wrong, none).expect_err(wrong).to_string();
            assert!(said.contains(wrong) && said.contains("auto/17"), "{said}");
        }
        let set = |of: &'static [(&str, &str)]| {
            move |name: &str| {
                of.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            }
        };
        let slurm = set(&[
            ("SLURM_ARRAY_TASK_ID", "14"),
            ("SLURM_ARRAY_TASK_MIN", "10"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "7"),
        ]);
        assert_eq!(Shard::of("auto", slurm).ok(), Some(Shard { number: 3, of: 7 }));
        let kubernetes = set(&[("JOB_COMPLETION_INDEX", "0")]);
        assert_eq!(Shard::of("auto/7", kubernetes).ok(), Some(Shard { number: 1, of: 7 }));
        assert!(
            Shard::of("auto", kubernetes)
                .expect_err("no count")
                .to_string()
                .contains("the number of parts is unknown")
        );
        let queue = set(&[("HQ_TASK_ID", "7")]);
        assert_eq!(Shard::of("auto/7", queue).ok(), Some(Shard { number: 7, of: 7 }));
        assert!(Shard::of("auto/6", queue).is_err());
    }

    #[test]
    fn parts_cover_every_chunk_once() {
        for (all, of) in [(0, 3), (1, 1), (1, 5), (10, 3), (17, 17), (625, 7)] {
            let ranges: Vec<Range<usize>> = (1..=of).map(|number| Shard { number, of }.chunks(all)).collect();
            assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start), "{ranges:?}");
            assert_eq!((ranges[0].start, ranges[of as usize - 1].end), (0, all));
            let sizes = ranges.iter().map(ExactSizeIterator::len);
            assert!(sizes.clone().max().unwrap_or(0) - sizes.min().unwrap_or(0) <= 1, "{ranges:?}");
        }
    }

    #[test]
    fn a_file_that_is_cut_short_or_damaged_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("part-1-of-1.reglet");
        write(&vec![1_u32, 2, 3], folder.path(), "part-1-of-1.reglet").expect("room");
        assert_eq!(read::<Vec<u32>>(&path).expect("whole"), [1, 2, 3]);
        let bytes = fs::read(&path).expect("there");
        for at in 0..bytes.len() {
            assert!(parse::<Vec<u32>>(&bytes[..at], &path).is_err(), "{at} bytes");
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            let said = parse::<Vec<u32>>(&damaged, &path).expect_err("damaged").to_string();
            assert!(said.contains("part-1-of-1.reglet") && said.contains("make it again"), "{said}");
        }
    }
}
