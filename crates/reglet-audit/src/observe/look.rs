//! Runs one model on a chunk of pictures: its answers, and where it looks.

use std::collections::{BTreeMap, BTreeSet};

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use ndarray::{Array2, ArrayView2};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use reglet_attribution::{Method, Remark};
use reglet_data::Mask;
use reglet_data::edit::Change;
use reglet_data::picture::Picture;
use reglet_evidence::{MapRow, Observation, Placement};
use reglet_metrics::Localisation;
use reglet_model::{Model, Targets};
use reglet_viz::outline_layer;

use super::prepare::{Prepared, Seen, Version};
use super::probe::{Asked, Probes, ask};
use super::{CHUNK, Wanted};
use crate::Error;
use crate::character::{character, edges};
use crate::drawing::layer;
use crate::observed::{Observed, Shown};
use crate::plan::Plan;
use crate::sketch::{Sketch, sketch};

/// The colours that outline the lesion, an artefact, and anything else.
const LESION: Rgb<u8> = Rgb([0, 158, 115]);
const ARTEFACT: Rgb<u8> = Rgb([240, 228, 66]);

/// Asks one model, of this number and geometry, about a chunk of pictures and notes what it says in `found`.
pub(super) fn examine(
    plan: &Plan,
    (model, geometry): (usize, usize),
    probes: &Probes,
    prepared: &[Prepared],
    wanted: &[Wanted],
    found: &mut Observed,
) -> Result<(), Error> {
    let size = |picture: &Prepared| picture.seen[geometry].view.dimensions();
    // If preprocessing keeps the pictures' proportions, they may differ in size, so each is run separately.
    let same_size = prepared.iter().all(|picture| size(picture) == size(&prepared[0]));
    let all: Vec<usize> = (0..prepared.len()).collect();
    for group in all.chunks(if same_size { all.len() } else { 1 }) {
        let part = Part { plan, model, geometry, probes, prepared, wanted, group };
        part.say(found)?;
        let mapped: Vec<usize> = group.iter().copied().filter(|&at| wanted[at].maps).collect();
        if !mapped.is_empty() {
            Part { group: &mapped, ..part }.look(found)?;
        }
    }
    Ok(())
}

/// Pictures that go through a model together.
struct Part<'a> {
    plan: &'a Plan,
    model: usize,
    geometry: usize,
    probes: &'a Probes,
    prepared: &'a [Prepared],
    wanted: &'a [Wanted],
    group: &'a [usize],
}

impl Part<'_> {
    fn model(&self) -> &Model {
        &self.plan.models[self.model].1
    }

    /// A picture as the model sees it.
    fn seen(&self, at: usize) -> &Seen {
        &self.prepared[at].seen[self.geometry]
    }

    fn versions(&self) -> impl Iterator<Item = (usize, &Version)> {
        self.group.iter().flat_map(|&at| self.seen(at).changed.iter().map(move |v| (at, v)))
    }

    /// What the model says of each picture as it is, and after each change.
    fn say(&self, found: &mut Observed) -> Result<(), Error> {
        let natural = self.group.iter().map(|&at| (at, None, &self.seen(at).view));
        let changed = self.versions().filter(|(_, version)| !version.aside);
        let changed = changed.map(|(at, version)| (at, Some(&version.edit), &version.view));
        let mut all: Vec<(usize, Option<_>, &Picture)> = natural.chain(changed).collect();
        // The rows of one picture are consecutive, and the unchanged picture is first.
        all.sort_by_key(|(at, ..)| *at);
        for part in all.chunks(CHUNK) {
            let views: Vec<Picture> = part.iter().map(|(.., view)| (*view).clone()).collect();
            let Asked { scores, top, features } = ask(self.plan, self.model(), &views)?;
            for (row, (at, edit, _)) in part.iter().enumerate() {
                let picture = self.prepared[*at].index;
                found.observations.push(Observation {
                    picture,
                    model: self.model,
                    edit: edit.cloned(),
                    scores: scores[row].clone(),
                    top: top[row].clone(),
                    probes: self.probes.of(self.model, &features[row], picture),
                });
            }
        }
        Ok(())
    }

    /// How the maps of every method are distributed over the regions, for each picture as it is and without each artefact
    /// that it shows.
    fn look(&self, found: &mut Observed) -> Result<(), Error> {
        let mut exhibits: BTreeMap<usize, Shown> = BTreeMap::new();
        for (target, name) in self.plan.targets.iter().enumerate() {
            let class = self.model().classes().find(name)?;
            let views: Vec<Picture> = self.group.iter().map(|&at| self.seen(at).view.clone()).collect();
            let maps = explain(&self.plan.methods, self.model(), class, &views)?;
            let seen = self.group.iter().enumerate().map(|(row, &at)| {
                let Seen { view, masks, .. } = self.seen(at);
                Mapped { subject: self.subject(at, target, None), maps: &maps, row, masks, view }
            });
            let seen: Vec<Mapped> = seen.collect();
            found.maps.extend(measured(&seen)?);
            for (&at, seen) in self.group.iter().zip(&seen) {
                self.keep(at, target, seen, &mut exhibits, found)?;
            }
            let removed: Vec<(usize, usize, &Picture)> = self
                .versions()
                .filter(|(at, version)| {
                    let shows = self.prepared[*at].known.shows[version.edit.artefact];
                    version.edit.change == Change::Remove && shows == Some(true)
                })
                .map(|(at, version)| (at, version.edit.artefact, &version.view))
                .collect();
            for part in removed.chunks(CHUNK) {
                let views: Vec<Picture> = part.iter().map(|(.., view)| (*view).clone()).collect();
                let maps = explain(&self.plan.methods, self.model(), class, &views)?;
                let own = part.iter().map(|&(at, artefact, _)| {
                    let region = &self.plan.artefacts[artefact].name;
                    let own = self.seen(at).masks.get(region).map(|mask| (region.clone(), mask.clone()));
                    own.into_iter().collect()
                });
                let own: Vec<BTreeMap<String, Mask>> = own.collect();
                let seen =
                    part.iter().zip(&own).enumerate().map(|(row, (&(at, artefact, view), masks))| Mapped {
                        subject: self.subject(at, target, Some(artefact)),
                        maps: &maps,
                        row,
                        masks,
                        view,
                    });
                found.maps.extend(measured(&seen.collect::<Vec<_>>())?);
            }
        }
        found.exhibits.extend(exhibits.into_values());
        Ok(())
    }

    /// What maps of a picture are of.
    fn subject(&self, at: usize, target: usize, without: Option<usize>) -> Subject {
        Subject { picture: self.prepared[at].index, model: self.model, target, without }
    }

    /// Stores what the gallery of the report shows of a picture, and its reduced maps if groups of maps are requested.
    fn keep(
        &self,
        at: usize,
        target: usize,
        seen: &Mapped<'_>,
        exhibits: &mut BTreeMap<usize, Shown>,
        found: &mut Observed,
    ) -> Result<(), Error> {
        let picture = self.prepared[at].index;
        for (method, chosen) in self.plan.methods.iter().enumerate() {
            let map = seen.maps.by_method[method][seen.row].view();
            if self.plan.config.clusters.is_some()
                && let Some(fields) = sketch(map)
            {
                found.sketches.push(Sketch { picture, model: self.model, target, method, fields });
            }
            if self.wanted[at].exhibit {
                let shown = match exhibits.remove(&at) {
                    Some(shown) => shown,
                    None => self.exhibit(at, seen)?,
                };
                let shown = exhibits.entry(at).or_insert(shown);
                // A map without any finite value has a remark, and cannot be drawn.
                if map.iter().any(|value| value.is_finite()) {
                    shown.layers.push((target, method, layer(map, chosen.get().reduction())?));
                }
            }
        }
        Ok(())
    }

    /// A picture and its changed versions, for the gallery.
    fn exhibit(&self, at: usize, seen: &Mapped<'_>) -> Result<Shown, Error> {
        let lesion = [(&self.plan.config.lesion, LESION)];
        let artefacts = self.plan.artefacts.iter().map(|suspect| (&suspect.name, ARTEFACT));
        let regions: Vec<(&[bool], Rgb<u8>)> = lesion
            .into_iter()
            .chain(artefacts)
            .filter_map(|(name, colour)| Some((seen.masks.get(name)?.bits(), colour)))
            .collect();
        let size = seen.view.dimensions();
        let mut edited = Vec::new();
        let mut done = BTreeSet::new();
        for version in self.seen(at).changed.iter().filter(|version| !version.aside) {
            if done.insert((version.edit.artefact, version.edit.change)) {
                edited.push((version.edit.artefact, version.edit.change, jpeg(&version.view)?));
            }
        }
        Ok(Shown {
            picture: self.prepared[at].index,
            model: self.model,
            size,
            view: jpeg(seen.view)?,
            outlines: outline_layer(size, &regions)?,
            edited,
            layers: Vec::new(),
        })
    }
}

/// A picture, a model and a class, and an artefact that was removed.
#[derive(Clone, Copy)]
struct Subject {
    picture: usize,
    model: usize,
    target: usize,
    without: Option<usize>,
}

/// One picture with its maps and masks, at the size the model saw it.
struct Mapped<'a> {
    subject: Subject,
    maps: &'a Maps,
    row: usize,
    masks: &'a BTreeMap<String, Mask>,
    view: &'a Picture,
}

/// How much each method's map concentrates on each region, for all pictures at once, since the model waits for that.
fn measured(all: &[Mapped<'_>]) -> Result<Vec<MapRow>, Error> {
    let rows = all.par_iter().map(|seen| {
        let Subject { picture, model, target, without } = seen.subject;
        let edges = edges(seen.view).map_err(|error| Error::Usage(error.to_string()))?;
        let row = |(method, maps): (usize, &Vec<Array2<f32>>)| {
            let map = &maps[seen.row];
            let placed = |(name, mask): (&String, &Mask)| Some((name.clone(), placement(map, mask)?));
            MapRow {
                picture,
                model,
                target,
                method,
                without,
                regions: seen.masks.iter().filter_map(placed).collect(),
                character: character(map.view(), edges.view()),
                gap: seen.maps.gaps[method].as_ref().map(|gaps| gaps[seen.row]),
                remark: seen.maps.remarks[method][seen.row].map(|remark| remark.text().to_owned()),
            }
        };
        Ok(seen.maps.by_method.iter().enumerate().map(row).collect::<Vec<_>>())
    });
    Ok(rows.collect::<Result<Vec<_>, Error>>()?.concat())
}

/// A picture for the report: as JPEG it takes a tenth of what a PNG does, and no eye sees the difference.
pub(crate) fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let encoded = JpegEncoder::new_with_quality(&mut bytes, 85).encode_image(picture);
    encoded.map_err(|error| Error::Usage(format!("cannot encode a picture for the report: {error}")))?;
    Ok(bytes)
}

/// The maps of a batch: by method, a map for each row.
pub(crate) struct Maps {
    pub by_method: Vec<Vec<Array2<f32>>>,
    remarks: Vec<Vec<Option<Remark>>>,
    gaps: Vec<Option<Vec<f64>>>,
}

/// The maps of pictures of one size for the class `target`.
///
/// # Errors
/// Any error of the model or a method.
pub(crate) fn explain(
    methods: &[Method],
    model: &Model,
    target: usize,
    views: &[Picture],
) -> Result<Maps, Error> {
    let input = model.preprocessing().tensor(views, model.device())?;
    let targets = vec![target; views.len()];
    let found = Method::attribute_all(methods, model, &input, Targets::Classes(&targets))?;
    let rows = 0..views.len() as i64;
    let (mut by_method, mut remarks, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
    for (method, computed) in methods.iter().zip(&found.computed) {
        let attribution = &computed.attribution;
        let maps = rows.clone().map(|row| attribution.map(row, method.get().reduction()));
        by_method.push(maps.collect::<Result<_, _>>()?);
        remarks.push(rows.clone().map(|row| attribution.remark(row)).collect::<Result<_, _>>()?);
        gaps.push(attribution.gaps.as_ref().map(|gaps| gaps.iter().map(|gap| gap.relative).collect()));
    }
    Ok(Maps { by_method, remarks, gaps })
}

/// How much a map concentrates on a mask; `None` if that is not defined, for an empty mask or a map without positive values.
fn placement(map: &Array2<f32>, mask: &Mask) -> Option<Placement> {
    let region = ArrayView2::from_shape((mask.height() as usize, mask.width() as usize), mask.bits()).ok()?;
    let found = Localisation::new(map.view(), region).ok()?;
    Some(Placement {
        share: found.mass().ok()?,
        density: found.density().ok()?,
        rank_accuracy: found.rank_accuracy(),
        pointing: found.pointing(0),
        // A region that fills the whole picture cannot be distinguished from anything, so it counts as no better than
        // chance.
        auc: found.auc().unwrap_or(0.5),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_lies_nowhere_where_that_is_not_defined() {
        let map = Array2::from_shape_vec((2, 3), vec![1.0, 0.0, 3.0, 0.0, 4.0, 0.0]).expect("six");
        let mask = Mask::new(3, 2, vec![true, false, false, false, true, false]).expect("six");
        let found = placement(&map, &mask).expect("defined");
        assert_eq!((found.share, found.density), (5.0 / 8.0, 15.0 / 8.0));
        assert_eq!((found.rank_accuracy, found.pointing), (0.5, 1.0));
        assert_eq!(placement(&Array2::zeros((2, 3)), &mask), None);
        assert_eq!(placement(&map, &Mask::empty(3, 2).expect("six")), None);
        assert_eq!(placement(&map, &Mask::empty(2, 3).expect("six").complement()), None);
    }
}
