//! Changes to the pictures of a data set, each by the best available method.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Change, Cutout, EditError, follow};
use crate::phantom::Dice;
use crate::reduce::factor;
use crate::{DataError, Dataset, in_turn};

/// The artefact that can be drawn. Any other artefact must be cut from a picture.
const DRAWN: &str = "ruler";

/// The maximum number of cut-outs that are kept, and of pictures that are searched for them.
const CUTOUTS: usize = 24;
const LOOKED_AT: usize = 240;

/// How pictures are edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EditOptions {
    /// How artefacts are inserted. By default, the data set draws them itself if it can; otherwise they are taken from
    /// cut-outs if there are any, and else a ruler is drawn.
    pub insert: Option<Source>,
    /// The number of places, with artefacts from different pictures, at which something is inserted into each picture; the
    /// model's answers are averaged over them. 1 to 64.
    #[schemars(range(min = 1, max = 64))]
    pub places: u32,
    /// Extends a long mask as far as the dark line in it continues, for rulers whose polygons end too early.
    pub follow: bool,
    /// The minimum size at which pictures are edited: larger pictures are reduced by an integer factor before they are
    /// edited, so that their shorter side still has at least this number of pixels. The inputs of models for unedited
    /// pictures do not depend on it. By default, an audit uses three times the side of its models' inputs; elsewhere,
    /// pictures are edited at their own size.
    #[schemars(range(min = 1))]
    pub resolution: Option<u32>,
}

/// The source of an inserted artefact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Source {
    /// Rulers drawn like those of the phantoms, in the local light.
    Drawn,
    /// Cut from the annotated pictures of the data set, and blended with the local light.
    Cutout,
}

impl Default for EditOptions {
    fn default() -> Self {
        EditOptions { insert: None, places: 3, follow: false, resolution: None }
    }
}

/// Edits the pictures of one data set with respect to one artefact.
#[derive(Debug)]
pub struct Editor {
    pub(super) options: EditOptions,
    pub(super) artefact: String,
    pub(super) lesion: String,
    pub(super) seed: u64,
    pub(super) means: Means,
}

/// The source of inserted artefacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Insertion {
    /// The data set's generator draws its pictures again.
    Redrawn,
    /// A ruler is drawn over the picture.
    Drawn,
    /// It is cut from this number of other pictures.
    Cutouts(usize),
    /// Nothing can be inserted.
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

/// How an artefact is inserted into a picture.
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
    /// Determines how `artefact` can be inserted into the pictures of `dataset`, outside the region `lesion`. For cut-outs,
    /// this reads annotated pictures, chosen by the seed, until there are enough.
    ///
    /// # Errors
    /// [`EditError::Places`], [`EditError::NoCutout`] if the options require cut-outs but there are none,
    /// [`EditError::NotDrawn`] if they require a drawing of an artefact that cannot be drawn, and the errors of pictures
    /// that are temporarily unreadable; missing or damaged pictures are skipped.
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

    /// The shorter side at which large pictures are edited, in pixels; `None` if all are edited at their own size.
    pub fn resolution(&self) -> Option<u32> {
        self.options.resolution.filter(|_| !matches!(self.means, Means::Redrawn))
    }

    /// The factor by which a picture of this size is reduced before it is edited; 1 if it is edited at its own size.
    pub fn reduction(&self, dimensions: (u32, u32)) -> u32 {
        // A data set that draws a picture again draws it at its own size.
        self.resolution().map_or(1, |side| factor(dimensions, side))
    }

    /// The number of places for a change of a picture: one, unless something is inserted.
    pub fn places(&self, change: Change) -> u32 {
        match change {
            Change::Remove | Change::RemoveLesion => 1,
            Change::Insert | Change::Move | Change::Control | Change::Scrambled => self.options.places,
        }
    }

    /// The source of inserted artefacts.
    pub fn insertion(&self) -> Insertion {
        match &self.means {
            Means::Redrawn => Insertion::Redrawn,
            Means::Drawn => Insertion::Drawn,
            Means::Cutouts(cutouts) => Insertion::Cutouts(cutouts.len()),
            Means::None => Insertion::None,
        }
    }
}

/// The artefact as cut from several pictures: complete if possible, and clear of the lesion, so that only the artefact is
/// transferred.
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
    // If only a few of many pictures have a mask, these are looked at first, and of them those that are said to show it.
    order.sort_by_key(|&index| {
        (!dataset.is_drawn(index, artefact), dataset.flag(index, artefact) != Some(true))
    });
    order.truncate(LOOKED_AT);
    let (mut whole, mut cropped) = (Vec::new(), Vec::new());
    for (_, sample) in in_turn(dataset, &order) {
        let sample = match sample {
            // Broken pictures are reported where every picture is read; no cut-outs are taken from them.
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
