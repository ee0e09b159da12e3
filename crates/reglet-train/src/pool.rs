//! Pictures to correct a model with.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use image::RgbImage;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reglet_data::edit::{Change, Editor};
use reglet_data::picture::Picture;
use reglet_data::{Canvas, Dataset, Geometry, Mask};
use reglet_model::{Model, Parameters, Request};
use sha2::{Digest, Sha256};
use tch::{Device, Kind, Tensor};

use crate::{Thumbnail, TrainError, Worst, judged, losses};

/// Labelled pictures, as a model's inputs, and what is known about one artefact in them.
pub struct Pool<'a> {
    data: &'a dyn Dataset,
    editor: &'a Editor,
    geometry: Geometry,
    artefact: String,
    members: Vec<Member>,
    /// The pictures as the model's inputs; nothing if they would take too much memory, in which case they are read each
    /// time.
    views: Vec<Picture>,
}

/// One picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its index in the data set.
    pub index: usize,
    /// Its class, as an index into the model's classes.
    pub class: usize,
    /// Whether it shows the artefact; `None` if this is unknown.
    pub shown: Option<bool>,
    /// Whether the position of the artefact is known.
    pub marked: bool,
    /// SHA-256 of its pixels and size, in hexadecimal: equal for the same picture in files of another name or format.
    pub content: String,
    /// The picture at a glance: nearly equal for copies of another size, or compressed again.
    pub thumbnail: Thumbnail,
}

/// The maximum memory of the views.
const BUDGET: u64 = 1 << 30;

impl<'a> Pool<'a> {
    /// Reads every picture once.
    ///
    /// # Errors
    /// A picture that cannot be read; [`TrainError::Sizes`], [`TrainError::UnknownClass`].
    pub fn open(
        data: &'a dyn Dataset,
        editor: &'a Editor,
        artefact: &str,
        model: &Model,
    ) -> Result<Pool<'a>, TrainError> {
        let classes = data.classes().iter().map(|class| {
            let known = model.classes().labels();
            model.classes().find(class).map_err(|_| TrainError::UnknownClass {
                class: class.clone(),
                known: known.iter().take(20).cloned().collect::<Vec<_>>().join(", "),
            })
        });
        let classes: Vec<usize> = classes.collect::<Result<_, _>>()?;
        let geometry = model.preprocessing().geometry;
        let first = geometry.bring(&data.picture(0)?)?;
        let deep = if first.rest().is_some() { size_of::<f32>() as u64 } else { 0 };
        let first = first.dimensions();
        let bytes = (3 + deep) * u64::from(first.0) * u64::from(first.1) * data.len() as u64;
        let keep = bytes <= BUDGET;
        let read = |index: usize| -> Result<(Member, Option<Picture>), TrainError> {
            let sample = data.sample(index)?;
            let view = geometry.bring(&sample.picture)?;
            if view.dimensions() != first {
                return Err(TrainError::Sizes { id: sample.id, expected: first, found: view.dimensions() });
            }
            let member = Member {
                index,
                class: classes[sample.label],
                shown: sample.shows(artefact).or_else(|| data.flag(index, artefact)),
                marked: sample.regions.get(artefact).is_some_and(|mask| !mask.is_empty()),
                content: content(&sample.picture),
                thumbnail: Thumbnail::of(&sample.picture),
            };
            Ok((member, keep.then_some(view)))
        };
        let all: Vec<_> = (0..data.len()).into_par_iter().map(read).collect::<Result<_, _>>()?;
        let (members, views): (Vec<Member>, Vec<Option<Picture>>) = all.into_iter().unzip();
        let views = views.into_iter().flatten().collect();
        Ok(Pool { data, editor, geometry, artefact: artefact.to_owned(), members, views })
    }

    /// The pictures.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The suspected region.
    pub fn artefact(&self) -> &str {
        &self.artefact
    }

    /// The group of the picture at this index, which it shares with pictures that are not independent of it.
    pub fn group(&self, place: usize) -> Option<&str> {
        self.data.group(self.members[place].index)
    }

    /// The name of the picture at this index.
    pub fn id(&self, place: usize) -> &str {
        self.data.id(self.members[place].index)
    }

    /// Two parts, the second with about this share of the pictures: groups stay together, and each part has about the same
    /// share of each class with and without the artefact.
    pub fn split(&self, share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
        // Samples that belong together, sorted by the rarest kind among them.
        let mut together: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for place in 0..self.members.len() {
            let name = self.group(place).map_or_else(|| format!("\0{place}"), |group| format!("g{group}"));
            together.entry(name).or_default().push(place);
        }
        let kind = |place: usize| (self.members[place].class, self.members[place].shown);
        let mut count: BTreeMap<(usize, Option<bool>), usize> = BTreeMap::new();
        (0..self.members.len()).for_each(|place| *count.entry(kind(place)).or_default() += 1);
        let mut by_kind: BTreeMap<(usize, Option<bool>), Vec<Vec<usize>>> = BTreeMap::new();
        for places in together.into_values() {
            let rarest = places.iter().map(|&place| kind(place)).min_by_key(|kind| count[kind]);
            by_kind.entry(rarest.unwrap_or_default()).or_default().push(places);
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut rest, mut held) = (Vec::new(), Vec::new());
        for mut groups in by_kind.into_values() {
            groups.shuffle(&mut random);
            let out = (share * groups.len() as f64).round() as usize;
            for (place, group) in groups.into_iter().enumerate() {
                if place < out { held.extend(group) } else { rest.extend(group) }
            }
        }
        rest.sort_unstable();
        held.sort_unstable();
        (rest, held)
    }

    /// The picture at this index, as the model's input.
    ///
    /// # Errors
    /// A picture that cannot be read.
    pub fn view(&self, place: usize) -> Result<Picture, TrainError> {
        match self.views.get(place) {
            Some(view) => Ok(view.clone()),
            None => Ok(self.geometry.bring(&self.data.picture(self.members[place].index)?)?),
        }
    }

    /// The same after a change at the place with this number; `None` if the change is not possible.
    ///
    /// # Errors
    /// The errors of the edit.
    pub fn changed(&self, place: usize, change: Change, number: u32) -> Result<Option<Picture>, TrainError> {
        let index = self.members[place].index;
        let sample = self.data.sample(index)?;
        let canvas = Canvas::new(&sample, self.editor.reduction(sample.picture.dimensions()));
        let scene = self.editor.scene(self.data, index, canvas.sample());
        let Some(placement) = scene.place(change, number)? else { return Ok(None) };
        let Some(patch) = scene.patch(change, &placement)? else { return Ok(None) };
        Ok(Some(canvas.view(self.geometry)?.changed(&patch)))
    }

    /// The mask of the artefact in the model's input, `[H, W]`, one inside. `None` if it is not annotated, or not within the
    /// model's input.
    ///
    /// # Errors
    /// A picture that cannot be read.
    pub fn mask(&self, place: usize) -> Result<Option<Mask>, TrainError> {
        let member = &self.members[place];
        if !member.marked {
            return Ok(None);
        }
        let sample = self.data.sample(member.index)?;
        let Some(mask) = sample.regions.get(&self.artefact) else { return Ok(None) };
        let seen = self.geometry.apply_mask(mask)?;
        Ok((!seen.is_empty()).then_some(seen))
    }

    /// The inputs `[n, C, H, W]` of the pictures at these indices.
    ///
    /// # Errors
    /// A picture that cannot be read.
    pub fn inputs(&self, model: &Model, places: &[usize]) -> Result<Tensor, TrainError> {
        let views: Vec<Picture> =
            places.par_iter().map(|&place| self.view(place)).collect::<Result<_, _>>()?;
        Ok(model.preprocessing().tensor(&views, model.device())?)
    }

    /// The group of a picture: twice its class, plus one if it shows the artefact. `None` if this is unknown.
    pub fn kind(&self, place: usize) -> Option<usize> {
        let Member { class, shown, .. } = self.members[place];
        Some(2 * class + usize::from(shown?))
    }

    /// The accuracy of a network with these parameters on the pictures at these indices; by class only, if it is unknown
    /// which show the artefact.
    ///
    /// # Errors
    /// A picture that cannot be read, or an error of the model.
    pub fn worst(
        &self,
        model: &Model,
        parameters: &Parameters,
        places: &[usize],
    ) -> Result<Worst, TrainError> {
        let answers = self.answers(model, parameters, places)?;
        let group = |place: usize| self.kind(place).unwrap_or(2 * self.members[place].class);
        let rows = answers.into_iter().zip(places).map(|((loss, right), &place)| (loss, right, group(place)));
        Ok(Worst::of(&rows.collect::<Vec<_>>()))
    }

    /// Whether the model classifies each of the pictures at these indices correctly.
    ///
    /// # Errors
    /// As [`worst`](Pool::worst).
    pub fn right(&self, model: &Model, places: &[usize]) -> Result<Vec<bool>, TrainError> {
        let answers = self.answers(model, model.parameters(), places)?;
        Ok(answers.into_iter().map(|(_, right)| right).collect())
    }

    /// The loss of each picture, and whether it is classified correctly.
    fn answers(
        &self,
        model: &Model,
        parameters: &Parameters,
        places: &[usize],
    ) -> Result<Vec<(f64, bool)>, TrainError> {
        let reading = model.classes().head();
        let graph = model.graph();
        let mut rows = Vec::with_capacity(places.len());
        for part in places.chunks(CHUNK) {
            let inputs = self.inputs(model, part)?;
            let request = Request {
                feeds: &[(graph.input(), &inputs)],
                fetches: &[graph.output()],
                ..Request::default()
            };
            let logits = graph.run(parameters, &request)?.remove(0).f_detach()?;
            let labels: Vec<i64> = part.iter().map(|&place| self.members[place].class as i64).collect();
            let found = losses(&logits, &labels, reading, 0.0)?;
            let found: Vec<f64> = Vec::try_from(found.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?)?;
            let judged = judged(&logits, reading)?;
            rows.extend(
                found
                    .into_iter()
                    .zip(judged)
                    .zip(labels)
                    .map(|((loss, judged), label)| (loss, judged == label)),
            );
        }
        Ok(rows)
    }

    /// The input of the last linear layer for the pictures at these indices, row by row. `None` if it is not accessible in
    /// the model, or if the layer is applied at each position of a picture.
    ///
    /// # Errors
    /// A picture that cannot be read, or an error of the model.
    pub fn features(&self, model: &Model, places: &[usize]) -> Result<Option<Features>, TrainError> {
        let graph = model.graph();
        let Some(head) = graph.linear_head() else { return Ok(None) };
        let (mut values, mut width) = (Vec::new(), 0);
        for part in places.chunks(CHUNK) {
            let inputs = self.inputs(model, part)?;
            let request = Request {
                feeds: &[(graph.input(), &inputs)],
                fetches: &[head.features],
                ..Request::default()
            };
            let found = graph.run(model.parameters(), &request)?.remove(0);
            let &[rows, size] = found.size().as_slice() else { return Ok(None) };
            if rows != part.len() as i64 {
                return Ok(None);
            }
            width = size as usize;
            let flat =
                found.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?.f_view([-1])?;
            values.extend(Vec::<f32>::try_from(flat)?);
        }
        Ok(Some(Features { values, width }))
    }

    /// The numbers of pictures at these indices in each group: by class, without and with the artefact.
    pub fn counts(&self, places: &[usize]) -> BTreeMap<(usize, bool), usize> {
        let classes: BTreeSet<usize> = self.members.iter().map(|member| member.class).collect();
        let mut counts: BTreeMap<(usize, bool), usize> =
            classes.iter().flat_map(|&class| [((class, false), 0), ((class, true), 0)]).collect();
        for &place in places {
            if let Member { class, shown: Some(shown), .. } = self.members[place] {
                *counts.entry((class, shown)).or_default() += 1;
            }
        }
        counts
    }
}

/// The batch size for evaluation.
const CHUNK: usize = 32;

/// The input of the last linear layer, with one row for each picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Row by row.
    pub values: Vec<f32>,
    /// The number of features in a row.
    pub width: usize,
}

impl Features {
    /// One row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width.max(1)
    }
}

/// SHA-256 of a picture's size and pixels, in hexadecimal.
pub fn content(picture: &RgbImage) -> String {
    let mut hash = Sha256::new();
    hash.update(picture.width().to_le_bytes());
    hash.update(picture.height().to_le_bytes());
    hash.update(picture.as_raw());
    HEXLOWER.encode(&hash.finalize())
}
