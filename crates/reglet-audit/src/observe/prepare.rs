//! One picture with its changed versions, as each model sees them.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_data::edit::Change;
use reglet_data::picture::Picture;
use reglet_data::{Canvas, Dataset, Geometry, Mask, Sample, View};
use reglet_evidence::Edit;

use super::edit;
use crate::Error;
use crate::plan::Suspect;
use crate::properties::properties;

/// A picture with its changed versions. Nothing of it is kept at its own size: a chunk of pictures would fill the memory.
pub(super) struct Prepared {
    /// Its index in the data set.
    pub index: usize,
    pub known: reglet_evidence::Picture,
    /// By geometry.
    pub seen: Vec<Seen>,
}

/// A picture as the models with one geometry see it.
pub(super) struct Seen {
    pub view: Picture,
    /// Its regions.
    pub masks: BTreeMap<String, Mask>,
    /// It after each change.
    pub changed: Vec<Version>,
}

/// How the models' preprocessing changes the size of pictures: often in one way for all of them.
pub(super) struct Geometries {
    /// Each once.
    all: Vec<Geometry>,
    /// By model.
    of: Vec<usize>,
}

impl Geometries {
    pub fn new(of_models: impl Iterator<Item = Geometry>) -> Geometries {
        let (mut all, mut of) = (Vec::new(), Vec::new());
        for geometry in of_models {
            let known = all.iter().position(|known| *known == geometry);
            of.push(known.unwrap_or(all.len()));
            if known.is_none() {
                all.push(geometry);
            }
        }
        Geometries { all, of }
    }

    /// Each once.
    pub fn all(&self) -> &[Geometry] {
        &self.all
    }

    /// Which of them is that of this model.
    pub fn of(&self, model: usize) -> usize {
        self.of[model]
    }
}

/// A picture after one change, as models with one geometry see it.
pub(super) struct Version {
    pub edit: Edit,
    /// Whether it is only there for its maps.
    pub aside: bool,
    pub view: Picture,
}

/// The pictures that the gallery shows: one drawn at random from each of `wanted` stretches of equal length, because a fixed
/// step through a data set with alternating classes could show only one class.
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
    pub geometries: &'a Geometries,
    /// Whether pictures without a mask of the lesion show none.
    pub no_lesion: bool,
}

/// Reads picture number `index` and changes it in every way that the plan requires.
///
/// # Errors
/// A picture that cannot be read, or edited.
pub(super) fn prepare(workshop: Workshop<'_>, index: usize) -> Result<Prepared, Error> {
    let Workshop { data, artefacts, geometries, no_lesion } = workshop;
    let sample = data.sample(index)?;
    let known = known(workshop, index, &sample);
    // There is usually one: artefacts are changed at different sizes only if the data set draws one of them again itself.
    let mut canvases: BTreeMap<u32, Canvas<'_>> = BTreeMap::new();
    let reduction = |suspect: &Suspect| suspect.editor.reduction(sample.picture.dimensions());
    for factor in artefacts.iter().map(reduction).chain(artefacts.is_empty().then_some(1)) {
        canvases.entry(factor).or_insert_with(|| Canvas::new(&sample, factor));
    }
    let views = canvases.iter().map(|(factor, canvas)| {
        let views = geometries.all().iter().map(|geometry| canvas.view(*geometry));
        Ok((*factor, views.collect::<Result<_, _>>()?))
    });
    let views: BTreeMap<u32, Vec<View<'_>>> = views.collect::<Result<_, Error>>()?;
    let mut changed: Vec<Vec<Version>> = geometries.all().iter().map(|_| Vec::new()).collect();
    for (artefact, suspect) in artefacts.iter().enumerate() {
        let mut changes: Vec<(Change, bool)> =
            suspect.changes.iter().map(|change| (*change, false)).collect();
        // Maps are compared with those of the picture without the artefact, unless nothing is to be changed at all.
        if !changes.is_empty() && !suspect.changes.contains(&Change::Remove) {
            changes.push((Change::Remove, true));
        }
        // Everything that several changes of one picture share is computed once.
        let factor = reduction(suspect);
        let (canvas, views) = (canvases[&factor].sample(), &views[&factor]);
        let scene = suspect.editor.scene(data, index, canvas);
        for (change, aside) in changes {
            for place in 0..suspect.editor.places(change) {
                let Some(placement) = scene.place(change, place)? else { continue };
                let Some(patch) = scene.patch(change, &placement)? else { continue };
                let strength = patch.strength(&canvas.picture);
                for (versions, view) in changed.iter_mut().zip(views) {
                    let edit = Edit {
                        donor: patch.donor().map(str::to_owned),
                        visible: view.visible(&patch)?,
                        lesion: patch.lesion().or(no_lesion.then_some(0.0)),
                        strength,
                        ..edit(artefact, change, place)
                    };
                    versions.push(Version { edit, aside, view: view.changed(&patch) });
                }
            }
        }
    }
    // All of them see the unchanged picture in the same way.
    let views = views.into_values().next().into_iter().flatten();
    let seen = views.zip(geometries.all()).zip(changed).map(|((view, geometry), changed)| {
        let regions = sample.regions.iter();
        let masks = regions.map(|(name, mask)| Ok((name.clone(), geometry.apply_mask(mask)?)));
        Ok(Seen { masks: masks.collect::<Result<_, Error>>()?, view: view.into_picture(), changed })
    });
    let seen = seen.collect::<Result<_, Error>>()?;
    Ok(Prepared { index, known, seen })
}

/// What is known of a picture without asking a model.
fn known(workshop: Workshop<'_>, index: usize, sample: &Sample) -> reglet_evidence::Picture {
    let data = workshop.data;
    let cells = data.columns().iter();
    let columns: BTreeMap<String, String> =
        cells.filter_map(|name| Some((name.clone(), data.cell(index, name)?.to_owned()))).collect();
    reglet_evidence::Picture {
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

/// Whether a picture shows a region, according to its mask or else its flag.
fn shows(data: &dyn Dataset, index: usize, sample: &Sample, region: &str) -> Option<bool> {
    sample.shows(region).or_else(|| data.flag(index, region))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_of_one_geometry_share_what_they_see() {
        let square = Geometry::exact(224);
        let geometries = Geometries::new([square, Geometry::torchvision(), square].into_iter());
        assert_eq!(geometries.all(), [square, Geometry::torchvision()]);
        assert_eq!([0, 1, 2].map(|model| geometries.of(model)), [0, 1, 0]);
    }

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
