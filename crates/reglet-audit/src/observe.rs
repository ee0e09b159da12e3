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
use reglet_evidence::Edit;
use tch::{Device, Kind, Tensor};

use crate::Error;
use crate::config::LesionMasks;
use crate::journal::Journal;
use crate::observed::Observed;
use crate::plan::Plan;
use crate::progress::Stage;
use crate::results::Unread;
use look::examine;
pub(crate) use look::{explain, jpeg};
pub(crate) use prepare::gallery;
use prepare::{Geometries, Prepared, Workshop, prepare};
pub(crate) use probe::{Probes, answers};

/// The number of pictures that are in memory at once. A part of a larger audit consists of whole chunks, so that the
/// batches, and with them the last digits, are the same.
pub(crate) const CHUNK: usize = 16;

/// What is wanted of one picture beside the answers.
#[derive(Clone, Copy)]
struct Wanted {
    /// Its maps.
    maps: bool,
    /// What the report's gallery shows of it.
    exhibit: bool,
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
    let mut progress = plan.progress(Stage::Pictures);
    if journal.left() > 0 {
        let (done, all) = ((journal.left() * CHUNK).min(all.len()), all.len());
        progress.say(&format!("resuming an interrupted run after {done} of {all} pictures"));
    }
    let geometries = geometries(plan);
    let workshop = Workshop {
        data: plan.data.as_ref(),
        artefacts: &plan.artefacts,
        geometries: &geometries,
        no_lesion: plan.config.lesion_masks == LesionMasks::NoLesion,
    };
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
        observed.check_unread(count, plan.config.unreadable)?;
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
    Edit { artefact, change, place, donor: None, visible: 1.0, lesion: None, strength: 0.0 }
}
