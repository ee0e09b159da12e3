//! One picture with its changed versions, as each model sees them.

use std::collections::BTreeMap;

use image::RgbImage;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_data::edit::Change;
use reglet_data::{Dataset, Sample};
use reglet_evidence::{Edit, Picture};
use reglet_model::Preprocessing;

use super::edit;
use crate::Error;
use crate::plan::Suspect;
use crate::properties::properties;

/// A picture, and its changed versions as each model sees them: at their own size they would fill the memory.
pub(super) struct Prepared {
    /// Its place in the data set.
    pub index: usize,
    pub sample: Sample,
    pub known: Picture,
    /// By model: each change, whether the config asks for it, and the picture after it.
    pub changed: Vec<Vec<Version>>,
}

/// A picture after one change, as one model sees it.
pub(super) struct Version {
    pub edit: Edit,
    /// Whether it is only there for its maps.
    pub aside: bool,
    pub view: RgbImage,
}

/// Which of so many pictures the gallery shows: one from each of `wanted` equal stretches, drawn, since an even step
/// through a data set that goes through its classes in turn would show one class alone.
pub(crate) fn gallery(pictures: usize, wanted: usize, seed: u64) -> Vec<usize> {
    let count = wanted.min(pictures);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut of_stretch =
        |index: usize| random.random_range(index * pictures / count..(index + 1) * pictures / count);
    (0..count).map(&mut of_stretch).collect()
}

/// Of a plan what pictures are prepared by, which unlike the models any thread may use.
#[derive(Clone, Copy)]
pub(super) struct Workshop<'a> {
    pub data: &'a dyn Dataset,
    pub artefacts: &'a [Suspect],
    /// By model.
    pub preprocessing: &'a [&'a Preprocessing],
}

/// Reads picture number `index` and changes it in every way that the plan asks for.
///
/// # Errors
/// A picture that cannot be read, or edited.
pub(super) fn prepare(workshop: Workshop<'_>, index: usize) -> Result<Prepared, Error> {
    let Workshop { data, artefacts, preprocessing } = workshop;
    let sample = data.sample(index)?;
    let mut changed: Vec<Vec<Version>> = preprocessing.iter().map(|_| Vec::new()).collect();
    for (artefact, suspect) in artefacts.iter().enumerate() {
        let mut changes: Vec<(Change, bool)> =
            suspect.changes.iter().map(|change| (*change, false)).collect();
        // Maps are compared with those of the picture without the artefact, unless nothing is to be changed at all.
        if !changes.is_empty() && !suspect.changes.contains(&Change::Remove) {
            changes.push((Change::Remove, true));
        }
        // What several changes of one picture share is found once.
        let scene = suspect.editor.scene(data, index, &sample);
        for (change, aside) in changes {
            for place in 0..suspect.editor.places(change) {
                let Some(edited) = scene.edit(change, place)? else { continue };
                let strength = edited.strength(&sample.picture);
                for (versions, preprocessing) in changed.iter_mut().zip(preprocessing) {
                    let edit = Edit {
                        donor: edited.donor.clone(),
                        visible: preprocessing.geometry.visible(&edited.region)?,
                        lesion: edited.lesion,
                        strength,
                        ..edit(artefact, change, place)
                    };
                    versions.push(Version { edit, aside, view: preprocessing.view(&edited.picture)? });
                }
            }
        }
    }
    Ok(Prepared { index, known: known(workshop, index, &sample), sample, changed })
}

/// What is known of a picture without asking a model.
fn known(workshop: Workshop<'_>, index: usize, sample: &Sample) -> Picture {
    let data = workshop.data;
    let cells = data.columns().iter();
    let columns: BTreeMap<String, String> =
        cells.filter_map(|name| Some((name.clone(), data.cell(index, name)?.to_owned()))).collect();
    Picture {
        id: sample.id.clone(),
        group: data.group(index).map(str::to_owned),
        pair: data.pair(index).map(str::to_owned),
        label: sample.label,
        shows: workshop.artefacts.iter().map(|suspect| shows(data, index, sample, &suspect.name)).collect(),
        estimated: sample.estimated.clone(),
        columns,
        properties: properties(&sample.picture),
        sha256: sample.sha256.clone(),
    }
}

/// Whether a picture shows a region, by its mask or else by its flag.
fn shows(data: &dyn Dataset, index: usize, sample: &Sample, region: &str) -> Option<bool> {
    sample.shows(region).or_else(|| data.flag(index, region))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gallery_shows_every_kind_of_a_data_set_that_goes_through_them_in_turn() {
        let shown = gallery(80, 20, 7);
        assert!(shown.is_sorted() && shown.len() == 20 && shown.iter().all(|index| *index < 80), "{shown:?}");
        for kind in 0..4 {
            assert!(shown.iter().any(|index| index % 4 == kind), "none of kind {kind}: {shown:?}");
        }
        assert_eq!(gallery(3, 16, 7), [0, 1, 2]);
        assert!(gallery(0, 16, 7).is_empty());
    }
}
