//! Changes to the pictures of a data set, each by the best means there is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Change, Cutout, EditError, Edited, Placement, Scene, follow};
use crate::phantom::Dice;
use crate::reduce::factor;
use crate::{DataError, Dataset, Sample, in_turn};

/// The artefact that can be drawn. Any other must be cut from a picture.
const DRAWN: &str = "ruler";

/// The most cut-outs that are kept, and the most pictures that are looked at to find them.
const CUTOUTS: usize = 24;
const LOOKED_AT: usize = 240;

/// How pictures are changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EditOptions {
    /// What is put in. Where this is left out: what the data set can draw itself, else cut-outs where any can be
    /// had, else a drawn ruler.
    pub insert: Option<Source>,
    /// At how many places, and from how many pictures, something is put into each picture; what the model says
    /// is averaged over them. 1 to 64.
    #[schemars(range(min = 1, max = 64))]
    pub places: u32,
    /// Makes a long mask longer as far as the dark line in it goes on: for rulers whose polygons end too early.
    pub follow: bool,
    /// Pictures that are larger than anybody looks at are made smaller, by a whole factor, before they are changed: so far
    /// that their shorter side still has at least so many pixels. What models see of a picture as it is does not depend on it.
    /// Where this is left out an audit takes three times the side of what its models see; elsewhere pictures are changed at
    /// their own size.
    #[schemars(range(min = 1))]
    pub resolution: Option<u32>,
}

/// Where what is put into a picture comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Rulers as the phantoms have them, in the light of the place.
    Drawn,
    /// Cut from the annotated pictures of the data set, and blended with the light of the place.
    Cutout,
}

impl Default for EditOptions {
    fn default() -> Self {
        EditOptions { insert: None, places: 3, follow: false, resolution: None }
    }
}

/// Changes what the pictures of one data set show of one artefact.
#[derive(Debug)]
pub struct Editor {
    pub(super) options: EditOptions,
    pub(super) artefact: String,
    pub(super) lesion: String,
    pub(super) seed: u64,
    pub(super) means: Means,
}

/// Where what is put into pictures comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Insertion {
    /// The data set's generator draws its pictures again.
    Redrawn,
    /// A ruler is drawn over the picture.
    Drawn,
    /// It is cut from so many other pictures.
    Cutouts(usize),
    /// Nothing can be put in.
    None,
}

impl fmt::Display for Insertion {
    /// In words: "drawn again by the generator", "cut from 24 other pictures"…
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Insertion::Redrawn => f.write_str("drawn again by the generator"),
            Insertion::Drawn => f.write_str("drawn over the picture"),
            Insertion::Cutouts(count) => write!(f, "cut from {count} other pictures"),
            Insertion::None => f.write_str("not added"),
        }
    }
}

/// By what means an artefact is put into a picture.
#[derive(Debug)]
pub(super) enum Means {
    /// The data set draws its pictures again.
    Redrawn,
    /// A ruler is drawn over the picture.
    Drawn,
    /// It is cloned from another picture.
    Cutouts(Vec<Cutout>),
    /// It cannot be.
    None,
}

impl Editor {
    /// Finds out how `artefact` can be put into the pictures of `dataset`, off the region `lesion`. For cut-outs
    /// this reads annotated pictures, chosen by the seed, until there are enough.
    ///
    /// # Errors
    /// [`EditError::Places`], [`EditError::NoCutout`] if there is nothing to cut out though the options ask for
    /// it, [`EditError::NotDrawn`] if they ask for a drawing of what cannot be drawn, and those of a picture that
    /// cannot be read for now; one that is missing or damaged is passed over.
    pub fn new(
        dataset: &dyn Dataset,
        options: &EditOptions,
        artefact: &str,
        lesion: &str,
        seed: u64,
    ) -> Result<Editor, DataError> {
        if !(1..=64).contains(&options.places) {
            return Err(EditError::Places { places: options.places }.into());
        }
        if options.resolution == Some(0) {
            return Err(EditError::Resolution.into());
        }
        let redraws = dataset.redraws() == Some(artefact)
            && [Change::Insert, Change::Remove]
                .into_iter()
                .any(|change| !dataset.is_empty() && dataset.redraw(0, change, seed).is_some());
        let cut = || cutouts(dataset, options, artefact, lesion, seed);
        let means = match options.insert {
            Some(Source::Drawn) if artefact != DRAWN => {
                return Err(EditError::NotDrawn { artefact: artefact.to_owned() }.into());
            }
            Some(Source::Cutout) => Means::Cutouts(cut()?),
            _ if redraws => Means::Redrawn,
            Some(Source::Drawn) => Means::Drawn,
            None => Means::Cutouts(cut()?),
        };
        let means = match means {
            Means::Cutouts(cutouts) if cutouts.is_empty() => match options.insert {
                Some(_) => return Err(EditError::NoCutout { artefact: artefact.to_owned() }.into()),
                None if artefact == DRAWN => Means::Drawn,
                None => Means::None,
            },
            means => means,
        };
        let (artefact, lesion) = (artefact.to_owned(), lesion.to_owned());
        Ok(Editor { options: options.clone(), artefact, lesion, seed, means })
    }

    /// The shorter side at which large pictures are changed, in pixels; `None` where all are changed at their own size.
    pub fn resolution(&self) -> Option<u32> {
        self.options.resolution.filter(|_| !matches!(self.means, Means::Redrawn))
    }

    /// By what factor a picture of this size is made smaller before it is changed; 1 where it is changed at its own size.
    pub fn reduction(&self, dimensions: (u32, u32)) -> u32 {
        // Who draws a picture again draws it at its own size.
        self.resolution().map_or(1, |side| factor(dimensions, side))
    }

    /// How many places there are for a change of a picture: one, unless something is put somewhere.
    pub fn places(&self, change: Change) -> u32 {
        match change {
            Change::Remove | Change::RemoveLesion => 1,
            Change::Insert | Change::Move | Change::Control | Change::Scrambled => self.options.places,
        }
    }

    /// Where what is put in comes from.
    pub fn insertion(&self) -> Insertion {
        match &self.means {
            Means::Redrawn => Insertion::Redrawn,
            Means::Drawn => Insertion::Drawn,
            Means::Cutouts(cutouts) => Insertion::Cutouts(cutouts.len()),
            Means::None => Insertion::None,
        }
    }

    /// One picture of `dataset`, number `index`, ready for any number of changes.
    pub fn scene<'a>(&'a self, dataset: &'a dyn Dataset, index: usize, sample: &'a Sample) -> Scene<'a> {
        Scene::new(self, dataset, index, sample)
    }

    /// Where `sample`, number `index` of `dataset`, is changed at the place numbered `place`; see [`Scene::place`].
    ///
    /// # Errors
    /// Those of [`Scene::place`].
    pub fn place(
        &self,
        dataset: &dyn Dataset,
        index: usize,
        sample: &Sample,
        change: Change,
        place: u32,
    ) -> Result<Option<Placement>, DataError> {
        self.scene(dataset, index, sample).place(change, place)
    }

    /// Changes `sample`, number `index` of `dataset`, at this placement; see [`Scene::apply`].
    ///
    /// # Errors
    /// Those of [`Scene::apply`].
    pub fn apply(
        &self,
        dataset: &dyn Dataset,
        index: usize,
        sample: &Sample,
        change: Change,
        placement: &Placement,
    ) -> Result<Option<Edited>, DataError> {
        self.scene(dataset, index, sample).apply(change, placement)
    }

    /// Changes `sample`, number `index` of `dataset`, at the place numbered `place`: [`Editor::place`] and
    /// [`Editor::apply`] in one. Who makes several changes of one picture is better off with a [`Scene`].
    ///
    /// # Errors
    /// Those of the two.
    pub fn edit(
        &self,
        dataset: &dyn Dataset,
        index: usize,
        sample: &Sample,
        change: Change,
        place: u32,
    ) -> Result<Option<Edited>, DataError> {
        self.scene(dataset, index, sample).edit(change, place)
    }
}

/// The artefact as a number of pictures show it: whole where there are such, and clear of the lesion, so that
/// nothing but the artefact is carried over.
fn cutouts(
    dataset: &dyn Dataset,
    options: &EditOptions,
    artefact: &str,
    lesion: &str,
    seed: u64,
) -> Result<Vec<Cutout>, DataError> {
    let mut order: Vec<usize> =
        (0..dataset.len()).filter(|&index| dataset.flag(index, artefact) != Some(false)).collect();
    let mut dice = Dice::new(seed, 0, "donors");
    for last in (1..order.len()).rev() {
        order.swap(last, dice.count(0, last as u32) as usize);
    }
    let (mut whole, mut cropped) = (Vec::new(), Vec::new());
    order.truncate(LOOKED_AT);
    for (_, sample) in in_turn(dataset, &order) {
        let sample = match sample {
            // Whoever reads every picture says which are broken; none of them is cut from.
            Err(fault) if fault.is_lasting() => continue,
            sample => sample?,
        };
        let factor = options.resolution.map_or(1, |side| factor(sample.picture.dimensions(), side));
        let sample = if factor > 1 { sample.reduced(factor) } else { sample };
        let Some(mask) = sample.regions.get(artefact) else { continue };
        let mask = if options.follow { follow(&sample.picture, mask)? } else { mask.clone() };
        let touches = sample
            .regions
            .get(lesion)
            .is_some_and(|lesion| mask.dilate(4).iter().any(|(x, y)| lesion.get(x, y)));
        let Some(cutout) = Cutout::of(&sample.id, &sample.picture, &mask)?.filter(|_| !touches) else {
            continue;
        };
        let kind = if cutout.reaches_edge() { &mut cropped } else { &mut whole };
        kind.push(cutout);
        if whole.len() == CUTOUTS {
            break;
        }
    }
    if whole.is_empty() {
        cropped.truncate(CUTOUTS);
        return Ok(cropped);
    }
    Ok(whole)
}
