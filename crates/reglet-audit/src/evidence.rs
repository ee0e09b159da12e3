//! Gathering evidence: every picture and its changed versions through every model and method.

use std::collections::BTreeMap;

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use ndarray::{Array2, ArrayView2};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reglet_attribution::{Method, Remark};
use reglet_data::edit::{Change, Editor};
use reglet_data::{Dataset, Mask, Sample};
use reglet_metrics::Localisation;
use reglet_model::{Model, Preprocessing, Targets};
use reglet_viz::outline_layer;
use tch::{Device, Kind, Tensor};

use crate::Error;
use crate::character::{character, edges};
use crate::clusters::sketch;
use crate::config::{Config, Plan};
use crate::drawing::layer;
use crate::journal::Journal;
use crate::progress::Progress;
use crate::results::{Answer, Exhibit, Placement, SampleMap, SampleResult};

/// How many pictures are in memory at once.
const CHUNK: usize = 16;

/// A picture, and its changed versions as each model sees them: at their own size they would fill the memory.
struct Prepared {
    sample: Sample,
    artefact: Option<bool>,
    /// By model: a view for each change and place.
    changed: Vec<Vec<(Change, RgbImage)>>,
}

/// What is found of each picture, for each model in the plan's order; what `journal` has is not found again. Memory does not grow with the number of
/// pictures but for the numbers themselves and the gallery.
///
/// # Errors
/// A picture that cannot be read, or whatever the models report.
pub(crate) fn gather(plan: &Plan, journal: &mut Journal) -> Result<Vec<Vec<SampleResult>>, Error> {
    let data = plan.data.as_ref();
    let mut results: Vec<Vec<SampleResult>> = plan.models.iter().map(|_| Vec::new()).collect();
    let mut progress = Progress::new("auditing", "pictures");
    let gallery = gallery(data.len(), plan.config.gallery, plan.config.seed);
    let preprocessing: Vec<&Preprocessing> =
        plan.models.iter().map(|(_, model)| model.preprocessing()).collect();
    let (config, editor) = (&plan.config, &plan.editor);
    let all: Vec<usize> = (0..data.len()).collect();
    if journal.left() > 0 {
        let done = (journal.left() * CHUNK).min(data.len());
        progress.say(&format!(
            "going on after {done} of {} pictures, found by a run that was interrupted",
            data.len()
        ));
    }
    for chunk in all.chunks(CHUNK) {
        let found = match journal.next() {
            Some(found) => found,
            None => {
                let prepare = |&index: &usize| prepare(data, config, editor, &preprocessing, index);
                let prepared: Vec<Prepared> = chunk.par_iter().map(prepare).collect::<Result<_, _>>()?;
                let shown: Vec<bool> = chunk.iter().map(|index| gallery.contains(index)).collect();
                let examine = |model| examine(plan, model, &prepared, &shown);
                let found = (0..plan.models.len()).map(examine).collect::<Result<_, _>>()?;
                journal.note(&found);
                found
            }
        };
        results.iter_mut().zip(found).for_each(|(results, found)| results.extend(found));
        progress.update(chunk.last().map_or(0, |last| *last as u64 + 1), data.len() as u64);
    }
    Ok(results)
}

/// Which of so many pictures the gallery shows: one from each of `wanted` equal stretches, drawn, since an even step
/// through a data set that goes through its classes in turn would show one class alone.
fn gallery(pictures: usize, wanted: usize, seed: u64) -> Vec<usize> {
    let count = wanted.min(pictures);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut of_stretch =
        |index: usize| random.random_range(index * pictures / count..(index + 1) * pictures / count);
    (0..count).map(&mut of_stretch).collect()
}

fn prepare(
    data: &dyn Dataset,
    config: &Config,
    editor: &Editor,
    preprocessing: &[&Preprocessing],
    index: usize,
) -> Result<Prepared, Error> {
    let sample = data.sample(index)?;
    let artefact = sample.shows(&config.artefact).or_else(|| data.flag(index, &config.artefact));
    let mut changes = config.changes.clone();
    // Maps are compared with those of the picture without the artefact, unless nothing is to be changed at all.
    if !changes.is_empty() && !changes.contains(&Change::Remove) {
        changes.push(Change::Remove);
    }
    let mut changed = vec![Vec::new(); preprocessing.len()];
    for change in changes {
        for place in 0..editor.places(change) {
            let Some(edited) = editor.apply(data, index, &sample, change, place)? else { continue };
            for (views, preprocessing) in changed.iter_mut().zip(preprocessing) {
                views.push((change, preprocessing.view(&edited.picture)?));
            }
        }
    }
    Ok(Prepared { sample, artefact, changed })
}

/// One model on a chunk of pictures.
fn examine(
    plan: &Plan,
    model: usize,
    prepared: &[Prepared],
    shown: &[bool],
) -> Result<Vec<SampleResult>, Error> {
    let changed: Vec<(usize, Change, &RgbImage)> = prepared
        .iter()
        .enumerate()
        .flat_map(|(index, p)| p.changed[model].iter().map(move |(change, view)| (index, *change, view)))
        .collect();
    let (_, model) = &plan.models[model];
    let target = model.classes().find(&plan.config.target)?;
    let preprocessing = model.preprocessing();
    let views: Vec<RgbImage> =
        prepared.par_iter().map(|p| preprocessing.view(&p.sample.picture)).collect::<Result<_, _>>()?;

    // Pictures whose preprocessing keeps their proportions may differ in size, so each goes alone then.
    let same_size = views.iter().all(|view| view.dimensions() == views[0].dimensions());
    let groups: Vec<Vec<usize>> = if same_size {
        vec![(0..views.len()).collect()]
    } else {
        (0..views.len()).map(|index| vec![index]).collect()
    };
    let mut results = Vec::with_capacity(prepared.len());
    for group in groups {
        let part: Vec<RgbImage> = group.iter().map(|&index| views[index].clone()).collect();
        let maps = explain(&plan.methods, model, target, &part)?;
        let with: Vec<&(usize, Change, &RgbImage)> =
            changed.iter().filter(|(index, ..)| group.contains(index)).collect();
        let after: Vec<RgbImage> = with.iter().map(|(.., view)| (*view).clone()).collect();
        let after = answers(model, target, &after)?;
        let without: Vec<(usize, RgbImage)> = with
            .iter()
            .filter(|(index, change, _)| *change == Change::Remove && prepared[*index].artefact == Some(true))
            .map(|(index, _, view)| (*index, (*view).clone()))
            .collect();
        let controls: Vec<RgbImage> = without.iter().map(|(_, view)| view.clone()).collect();
        let controls =
            if controls.is_empty() { None } else { Some(explain(&plan.methods, model, target, &controls)?) };

        for (row, &index) in group.iter().enumerate() {
            let p = &prepared[index];
            let masks: BTreeMap<String, Mask> = p
                .sample
                .regions
                .iter()
                .map(|(name, mask)| Ok((name.clone(), preprocessing.geometry.apply_mask(mask)?)))
                .collect::<Result<_, Error>>()?;
            let control = without.iter().position(|(other, _)| *other == index);
            let control = control.and_then(|row| controls.as_ref().map(|found| (row, found)));
            let mut changes: BTreeMap<Change, Vec<Answer>> = BTreeMap::new();
            for ((_, change, _), answer) in with.iter().zip(&after).filter(|((other, ..), _)| *other == index)
            {
                changes.entry(*change).or_default().push(*answer);
            }
            let picture = Looked { plan, row, maps: &maps, masks: &masks, view: &views[index], control };
            results.push(SampleResult {
                id: p.sample.id.clone(),
                label: plan.data.classes()[p.sample.label].clone(),
                artefact: p.artefact,
                estimated: p.sample.estimated.clone(),
                answer: maps.answers[row],
                changed: changes
                    .into_iter()
                    .filter(|(change, _)| plan.config.changes.contains(change))
                    .map(|(change, answers)| (change, Answer::mean(&answers)))
                    .collect(),
                maps: picture.measure(shown[index])?,
                exhibit: match shown[index] {
                    true => Some(picture.exhibit(edited(plan, &with, index)?)?),
                    false => None,
                },
            });
        }
    }
    Ok(results)
}

/// A picture's changed versions as the report shows them, at the first place of each change.
fn edited(
    plan: &Plan,
    with: &[&(usize, Change, &RgbImage)],
    index: usize,
) -> Result<Vec<(Change, Vec<u8>)>, Error> {
    let mut edited = Vec::new();
    for &change in &plan.config.changes {
        let first = with.iter().find(|(other, done, _)| *other == index && *done == change);
        if let Some((.., view)) = first {
            edited.push((change, jpeg(view)?));
        }
    }
    Ok(edited)
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
    answers: Vec<Answer>,
    pub by_method: Vec<Vec<Array2<f32>>>,
    remarks: Vec<Vec<Option<Remark>>>,
    gaps: Vec<Option<Vec<f64>>>,
}

pub(crate) fn explain(
    methods: &[Method],
    model: &Model,
    target: usize,
    views: &[RgbImage],
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
    let answers = read(model, target, &found.evaluation.logits)?;
    Ok(Maps { answers, by_method, remarks, gaps })
}

/// What the model says of each picture, a bounded number of them at a time.
pub(crate) fn answers(model: &Model, target: usize, views: &[RgbImage]) -> Result<Vec<Answer>, Error> {
    let mut all = Vec::with_capacity(views.len());
    let same_size = views.iter().all(|view| view.dimensions() == views[0].dimensions());
    for part in views.chunks(if same_size { CHUNK } else { 1 }) {
        let input = model.preprocessing().tensor(part, model.device())?;
        all.extend(read(model, target, &model.logits(&input)?)?);
    }
    Ok(all)
}

/// Probability and score of the target from a batch of logits.
fn read(model: &Model, target: usize, logits: &Tensor) -> Result<Vec<Answer>, Error> {
    let list = |values: &Tensor| -> Result<Vec<f64>, Error> {
        Ok(Vec::try_from(values.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?)?)
    };
    let probabilities = list(&model.classes().probabilities(logits)?.f_select(1, target as i64)?)?;
    let scores = list(&model.classes().scores(logits, &vec![target; probabilities.len()])?)?;
    let answer = |(probability, score)| Answer { probability, score };
    Ok(probabilities.into_iter().zip(scores).map(answer).collect())
}

/// One picture with its maps and masks, at the size the model saw it.
struct Looked<'a> {
    plan: &'a Plan,
    row: usize,
    maps: &'a Maps,
    masks: &'a BTreeMap<String, Mask>,
    view: &'a RgbImage,
    control: Option<(usize, &'a Maps)>,
}

/// The colours that outline the lesion, the artefact, and anything else.
const LESION: Rgb<u8> = Rgb([0, 158, 115]);
const ARTEFACT: Rgb<u8> = Rgb([240, 228, 66]);

impl Looked<'_> {
    fn measure(&self, shown: bool) -> Result<Vec<SampleMap>, Error> {
        let artefact = &self.plan.config.artefact;
        let edges = edges(self.view).map_err(|error| Error::Usage(error.to_string()))?;
        let mut measured = Vec::new();
        for (index, method) in self.plan.methods.iter().enumerate() {
            let map = &self.maps.by_method[index][self.row];
            let regions: BTreeMap<String, Placement> = self
                .masks
                .iter()
                .filter_map(|(name, mask)| Some((name.clone(), placement(map, mask)?)))
                .collect();
            let against_control = self.control.and_then(|(row, control)| {
                let here = regions.get(artefact)?.density;
                let there = placement(&control.by_method[index][row], self.masks.get(artefact)?)?.density;
                Some(here - there)
            });
            measured.push(SampleMap {
                method: method.name().to_owned(),
                regions,
                against_control,
                gap: self.maps.gaps[index].as_ref().map(|gaps| gaps[self.row]),
                remark: self.maps.remarks[index][self.row].map(|remark| remark.text().into()),
                character: character(map.view(), edges.view()),
                sketch: self.plan.config.clusters.and_then(|_| sketch(map.view())),
                layer: shown.then(|| layer(map.view(), method.get().reduction())).transpose()?,
            });
        }
        Ok(measured)
    }

    /// What the gallery shows of the picture, beside its changed versions.
    fn exhibit(&self, edited: Vec<(Change, Vec<u8>)>) -> Result<Exhibit, Error> {
        let config = &self.plan.config;
        let regions = [(&config.lesion, LESION), (&config.artefact, ARTEFACT)];
        let regions: Vec<(&[bool], Rgb<u8>)> = regions
            .into_iter()
            .filter_map(|(name, colour)| Some((self.masks.get(name)?.bits(), colour)))
            .collect();
        let size = self.view.dimensions();
        Ok(Exhibit { size, picture: jpeg(self.view)?, outlines: outline_layer(size, &regions)?, edited })
    }
}

/// How a map lies on a mask; `None` for an empty mask, or a map without a positive value, where that is not defined.
fn placement(map: &Array2<f32>, mask: &Mask) -> Option<Placement> {
    let region = ArrayView2::from_shape((mask.height() as usize, mask.width() as usize), mask.bits()).ok()?;
    let found = Localisation::new(map.view(), region).ok()?;
    Some(Placement {
        share: found.mass().ok()?,
        density: found.density().ok()?,
        rank_accuracy: found.rank_accuracy(),
        pointing: found.pointing(0),
        // A region that fills the picture is told from nothing: no better than chance.
        auc: found.auc().unwrap_or(0.5),
    })
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
