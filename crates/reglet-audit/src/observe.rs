//! Runs every model and method on every picture, unchanged and after each change.

mod look;
mod prepare;
mod probe;

use std::ops::Range;
use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

use rayon::prelude::*;
use reglet_data::edit::Change;
use reglet_data::{AHEAD, DataError};
use reglet_evidence::{Edit, MapRow, Observation, Picture};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::Error;
use crate::journal::Journal;
use crate::plan::Plan;
use crate::progress::{Progress, Stage};
use crate::results::Unread;
use look::examine;
pub(crate) use look::{explain, jpeg};
pub(crate) use prepare::gallery;
use prepare::{Geometries, Prepared, Workshop, prepare};
pub(crate) use probe::{Probes, answers};

/// The number of pictures that are in memory at once. A part of a larger audit consists of whole chunks, so that the
/// batches, and with them the last digits, are the same.
pub(crate) const CHUNK: usize = 16;

/// How many pictures that cannot be read are named before they are only counted.
const NAMED: usize = 10;

/// The place in the data set of a picture that has this place among those that could be read.
pub(crate) fn place_in_data(picture: usize, unread: &[Unread]) -> usize {
    // Each unreadable picture before it moves it on by one.
    unread.iter().fold(picture, |place, unread| place + usize::from(unread.place <= place))
}

/// The measurements on some pictures.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Observed {
    /// The pictures, in the order of the data set.
    pub pictures: Vec<Picture>,
    /// The answers of the models.
    pub observations: Vec<Observation>,
    /// Where their maps concentrate.
    pub maps: Vec<MapRow>,
    /// What the report shows of those in the gallery.
    pub exhibits: Vec<Shown>,
    /// Reduced maps, if the config asks for groups of maps.
    pub sketches: Vec<Sketch>,
    /// The pictures that could not be read, for which there are no measurements.
    pub unread: Vec<Unread>,
}

/// What the report shows of one picture as one model saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub picture: usize,
    pub model: usize,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// The picture, as JPEG.
    pub view: Vec<u8>,
    /// The outlines of its regions, as a PNG overlay.
    pub outlines: Vec<u8>,
    /// Its changed versions by artefact and change, at the first place of each, as JPEG.
    pub edited: Vec<(usize, Change, Vec<u8>)>,
    /// Its maps by target and method, as PNGs to lay over it.
    pub layers: Vec<(usize, usize, Vec<u8>)>,
}

/// What is wanted of one picture beside the answers.
#[derive(Clone, Copy)]
struct Wanted {
    /// Its maps.
    maps: bool,
    /// What the report's gallery shows of it.
    exhibit: bool,
}

/// One map in small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sketch {
    pub picture: usize,
    pub model: usize,
    pub target: usize,
    pub method: usize,
    pub fields: Vec<f32>,
}

impl Observed {
    pub(crate) fn extend(&mut self, other: Observed) {
        self.pictures.extend(other.pictures);
        self.observations.extend(other.observations);
        self.maps.extend(other.maps);
        self.exhibits.extend(other.exhibits);
        self.sketches.extend(other.sketches);
        self.unread.extend(other.unread);
    }

    /// How many pictures have been gone through, read or not.
    pub(crate) fn gone_through(&self) -> usize {
        self.pictures.len() + self.unread.len()
    }

    /// The same with pictures numbered by their place among those that could be read, instead of by that in the data set.
    pub(crate) fn closed_up(mut self) -> Observed {
        if self.unread.is_empty() {
            return self;
        }
        let Observed { observations, maps, exhibits, sketches, unread, .. } = &mut self;
        let numbers = observations.iter_mut().map(|row| &mut row.picture);
        let numbers = numbers.chain(maps.iter_mut().map(|row| &mut row.picture));
        let numbers = numbers.chain(exhibits.iter_mut().map(|shown| &mut shown.picture));
        for number in numbers.chain(sketches.iter_mut().map(|sketch| &mut sketch.picture)) {
            *number -= unread.partition_point(|unread| unread.place < *number);
        }
        self
    }

    /// Returns an error if there are more unreadable pictures than the config allows for the whole data set.
    ///
    /// # Errors
    /// [`Error::Usage`] that names them.
    pub(crate) fn check_unread(&self, plan: &Plan) -> Result<(), Error> {
        let (found, count) = (self.unread.len(), plan.data.len());
        if found as f64 <= plan.config.unreadable * count as f64 {
            return Ok(());
        }
        let named: Vec<String> = self
            .unread
            .iter()
            .take(NAMED)
            .map(|unread| format!("\n  {}: {}", unread.id, unread.reason))
            .collect();
        let more = found.saturating_sub(NAMED);
        let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
        Err(Error::Usage(format!(
            "{found} of {count} pictures cannot be read, which exceeds the share of {} that `unreadable` allows:{}{more}",
            plan.config.unreadable,
            named.concat()
        )))
    }
}

/// The pictures of one chunk, given the number of pictures in all.
pub(crate) fn of_chunk(chunk: usize, pictures: usize) -> Range<usize> {
    (chunk * CHUNK).min(pictures)..((chunk + 1) * CHUNK).min(pictures)
}

/// The chunks of this number of pictures.
pub(crate) fn chunks(pictures: usize) -> Range<usize> {
    0..pictures.div_ceil(CHUNK)
}

/// The probes of an audit, which all its parts have in common.
///
/// # Errors
/// A picture that cannot be read, or whatever the models report.
pub(crate) fn probes(plan: &Plan) -> Result<Probes, Error> {
    Probes::fit(plan, &geometries(plan))
}

/// What a thread has found.
fn joined(found: ScopedJoinHandle<'_, Result<String, DataError>>) -> Result<String, Error> {
    match found.join() {
        Ok(found) => Ok(found?),
        Err(panic) => resume_unwind(panic),
    }
}

/// Refuses a chunk whose pictures had another fingerprint than the one that they have `now`.
fn check_version(plan: &Plan, versions: &[String], chunk: usize, now: &String) -> Result<(), Error> {
    let pictures = of_chunk(chunk, plan.data.len());
    if versions.get(chunk) == Some(now) {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "one of the pictures from {} to {}, or its annotation, has changed since the plan was made; restore it, or make the plan and all parts again",
        plan.data.id(pictures.start),
        plan.data.id(pictures.end - 1)
    )))
}

fn geometries(plan: &Plan) -> Geometries {
    Geometries::new(plan.models.iter().map(|(_, model)| model.preprocessing().geometry))
}

/// The common values of all parts of an audit that are needed for running the models.
pub(crate) struct Given {
    /// How the probes are fitted.
    pub probes: Probes,
    /// By chunk of the whole data set: the fingerprint of its pictures.
    pub versions: Vec<String>,
}

/// The observations of each picture of these chunks; those that `journal` already contains are not made again. If no probes
/// are `given`, they are fitted, and the caller has to make sure that no picture is replaced in the meantime. Memory does
/// not grow with the number of pictures, except for the rows themselves and the gallery.
///
/// # Errors
/// A picture that cannot be read, or whose fingerprint is not the given one; and the models' errors.
pub(crate) fn observe(
    plan: &Plan,
    chunks: Range<usize>,
    given: Option<Given>,
    journal: &mut Journal,
) -> Result<Observed, Error> {
    let count = plan.data.len();
    let (mut probes, versions) =
        given.map_or((None, None), |given| (Some(given.probes), Some(given.versions)));
    let all: Vec<usize> = chunks.clone().flat_map(|chunk| of_chunk(chunk, count)).collect();
    let mut observed = Observed::default();
    let mut progress = Progress::of(plan, Stage::Pictures);
    if journal.left() > 0 {
        let (done, all) = ((journal.left() * CHUNK).min(all.len()), all.len());
        progress.say(&format!("resuming an interrupted run after {done} of {all} pictures"));
    }
    let geometries = geometries(plan);
    let workshop = Workshop { data: plan.data.as_ref(), artefacts: &plan.artefacts, geometries: &geometries };
    let mapped = gallery(count, plan.config.maps.unwrap_or(count), plan.config.seed);
    let shown = gallery(mapped.len(), plan.config.gallery, plan.config.seed);
    let shown: Vec<usize> = shown.into_iter().map(|place| mapped[place]).collect();
    // If every chunk is already in the journal, the models are not run, so no probe is needed either.
    for (number, chunk) in (0..).zip(all.chunks(CHUNK)) {
        let (before, total) = (number * CHUNK, all.len() as u64);
        let found = match journal.next() {
            Some(found) if found.gone_through() == chunk.len() => found,
            Some(_) => return Err(Error::Usage(journal.damaged())),
            None => {
                let probes = match &probes {
                    Some(probes) => probes,
                    None => probes.insert(Probes::fit(plan, &geometries)?),
                };
                // While these are processed, the next ones are already being read.
                let start = number * CHUNK;
                plan.data.read_ahead(&all[start..all.len().min(start + AHEAD)], true);
                let read: Vec<Result<Prepared, Error>> =
                    chunk.par_iter().map(|&index| prepare(workshop, index)).collect();
                let mut found = Observed::default();
                let mut prepared: Vec<Prepared> = Vec::with_capacity(chunk.len());
                for (&place, read) in chunk.iter().zip(read) {
                    match read {
                        Err(Error::Data(fault))
                            if fault.is_of_one_picture() && plan.config.unreadable > 0.0 =>
                        {
                            let (id, reason) = (plan.data.id(place).to_owned(), fault.to_string());
                            found.unread.push(Unread { place, id, reason });
                        }
                        read => prepared.push(read?),
                    }
                }
                let wanted = |picture: &Prepared| Wanted {
                    maps: mapped.binary_search(&picture.index).is_ok(),
                    exhibit: shown.binary_search(&picture.index).is_ok(),
                };
                let wanted: Vec<Wanted> = prepared.iter().map(wanted).collect();
                // Whether the pictures are still those of the plan is checked concurrently, because a store takes a while to
                // answer.
                let (number, data) = (chunks.start + number, plan.data.as_ref());
                thread::scope(|scope| {
                    let now = versions
                        .as_ref()
                        .map(|_| scope.spawn(|| data.fingerprint_of(of_chunk(number, count))));
                    for model in 0..plan.models.len() {
                        if prepared.is_empty() {
                            break;
                        }
                        progress.step(before as u64, total)?;
                        let geometry = geometries.of(model);
                        examine(plan, (model, geometry), probes, &prepared, &wanted, &mut found)?;
                    }
                    match now.zip(versions.as_ref()) {
                        Some((now, versions)) => check_version(plan, versions, number, &joined(now)?),
                        None => Ok(()),
                    }
                })?;
                found.pictures = prepared.into_iter().map(|prepared| prepared.known).collect();
                journal.note(&found);
                found
            }
        };
        observed.extend(found);
        observed.check_unread(plan)?;
        progress.step((before + chunk.len()) as u64, total)?;
    }
    Ok(observed)
}

/// A tensor's numbers, row by row.
pub(crate) fn numbers(values: &Tensor) -> Result<Vec<f64>, Error> {
    let flat = values.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?.f_contiguous()?.f_view([-1])?;
    Ok(Vec::try_from(flat)?)
}

/// A change as rows know it, without what only the picture tells.
fn edit(artefact: usize, change: Change, place: u32) -> Edit {
    Edit { artefact, change, place, donor: None, visible: 1.0, lesion: 0.0, strength: 0.0 }
}
