//! Asking the models: every picture, as it is and after each change, through every model and method.

mod look;
mod prepare;
mod probe;

use std::ops::Range;

use rayon::prelude::*;
use reglet_data::edit::Change;
use reglet_evidence::{Edit, MapRow, Observation, Picture};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::Error;
use crate::journal::Journal;
use crate::plan::Plan;
use crate::progress::{Progress, Stage};
use look::examine;
pub(crate) use look::{explain, jpeg};
pub(crate) use prepare::gallery;
use prepare::{Geometries, Prepared, Workshop, prepare};
pub(crate) use probe::{Probes, answers};

/// How many pictures are in memory at once. A part of a larger audit is made of such whole chunks, so that the batches, and
/// with them the last digits, are the same.
pub(crate) const CHUNK: usize = 16;

/// What was found of some pictures.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Observed {
    /// The pictures, in the order of the data set.
    pub pictures: Vec<Picture>,
    /// What the models said of them.
    pub observations: Vec<Observation>,
    /// Where their maps lie.
    pub maps: Vec<MapRow>,
    /// What the report shows of those in the gallery.
    pub exhibits: Vec<Shown>,
    /// Maps in small, where the config asks for kinds of maps.
    pub sketches: Vec<Sketch>,
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
    /// Its regions' outlines, as a PNG to lay over it.
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
    }
}

/// The chunks of so many pictures.
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

fn geometries(plan: &Plan) -> Geometries {
    Geometries::new(plan.models.iter().map(|(_, model)| model.preprocessing().geometry))
}

/// What is found of each picture of these chunks; what `journal` has of them is not found again, and the probes only where they
/// are not given. Memory does not grow with the number of pictures but for the rows themselves and the gallery.
///
/// # Errors
/// A picture that cannot be read, or whatever the models report.
pub(crate) fn observe(
    plan: &Plan,
    chunks: Range<usize>,
    mut probes: Option<Probes>,
    journal: &mut Journal,
) -> Result<Observed, Error> {
    let count = plan.data.len();
    let of = |chunk: usize| (chunk * CHUNK).min(count);
    let all: Vec<usize> = (of(chunks.start)..of(chunks.end)).collect();
    let mut observed = Observed::default();
    let mut progress = Progress::of(plan, Stage::Pictures);
    if journal.left() > 0 {
        let (done, all) = ((journal.left() * CHUNK).min(all.len()), all.len());
        progress
            .say(&format!("going on after {done} of {all} pictures, found by a run that was interrupted"));
    }
    let geometries = geometries(plan);
    let workshop = Workshop { data: plan.data.as_ref(), artefacts: &plan.artefacts, geometries: &geometries };
    let mapped = gallery(count, plan.config.maps.unwrap_or(count), plan.config.seed);
    let shown = gallery(mapped.len(), plan.config.gallery, plan.config.seed);
    let shown: Vec<usize> = shown.into_iter().map(|place| mapped[place]).collect();
    // Nothing is left to ask where every chunk is there, so no probe is needed either.
    for (number, chunk) in (0..).zip(all.chunks(CHUNK)) {
        let (before, total) = (number * CHUNK, all.len() as u64);
        let found = match journal.next() {
            Some(found) if found.pictures.len() == chunk.len() => found,
            Some(_) => return Err(Error::Usage(journal.damaged())),
            None => {
                let probes = match &probes {
                    Some(probes) => probes,
                    None => probes.insert(Probes::fit(plan, &geometries)?),
                };
                let prepared: Vec<Prepared> =
                    chunk.par_iter().map(|&index| prepare(workshop, index)).collect::<Result<_, _>>()?;
                let wanted = |index: &usize| Wanted {
                    maps: mapped.binary_search(index).is_ok(),
                    exhibit: shown.binary_search(index).is_ok(),
                };
                let wanted: Vec<Wanted> = chunk.iter().map(wanted).collect();
                let mut found = Observed::default();
                for model in 0..plan.models.len() {
                    progress.step(before as u64, total)?;
                    let geometry = geometries.of(model);
                    examine(plan, (model, geometry), probes, &prepared, &wanted, &mut found)?;
                }
                found.pictures = prepared.into_iter().map(|prepared| prepared.known).collect();
                journal.note(&found);
                found
            }
        };
        observed.extend(found);
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
