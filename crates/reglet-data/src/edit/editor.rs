//! Changes to the pictures of a data set, each by the best means there is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::remove::fill;
use super::{Change, Cutout, EditError, Edited, Inserted};
use super::{follow, insert, paste, remove, remove_elsewhere, scramble};
use crate::phantom::Dice;
use crate::{DataError, Dataset, Mask, Sample};

/// The artefact that can be drawn. Any other must be cut from a picture.
const DRAWN: &str = "ruler";

/// The most cut-outs that are kept, and the most pictures that are looked at to find them.
const CUTOUTS: usize = 24;
const LOOKED_AT: usize = 240;

/// A lesion's mask ends where its colour does not: skin is darker for about this share of its radius more.
const HALO: f64 = 0.3;

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
        EditOptions { insert: None, places: 3, follow: false }
    }
}

/// Changes what the pictures of one data set show of one artefact.
#[derive(Debug)]
pub struct Editor {
    options: EditOptions,
    artefact: String,
    lesion: String,
    seed: u64,
    means: Means,
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
            Insertion::None => f.write_str("not put in"),
        }
    }
}

/// By what means an artefact is put into a picture.
#[derive(Debug)]
enum Means {
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
    /// cannot be read.
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
        let redraws = artefact == DRAWN
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

    /// Changes `sample`, number `index` of `dataset`, at the place numbered `place`. The same seed gives the same
    /// change, and [`Change::Control`] and [`Change::Scrambled`] lie where [`Change::Insert`] does.
    ///
    /// `None` where the change makes no sense (taking away what is not there, adding what is, or either where
    /// nobody has annotated the picture) or there is no room for it.
    ///
    /// # Errors
    /// Those of the edit.
    pub fn apply(
        &self,
        dataset: &dyn Dataset,
        index: usize,
        sample: &Sample,
        change: Change,
        place: u32,
    ) -> Result<Option<Edited>, DataError> {
        let Sample { picture, regions, .. } = sample;
        let lesion = regions.get(&self.lesion);
        let shown = sample.shows(&self.artefact).or_else(|| dataset.flag(index, &self.artefact));
        let seed = self.seed.wrapping_add((index as u64) << 32).wrapping_add(u64::from(place) << 20);
        if change == Change::RemoveLesion {
            return self.without_lesion(sample, seed);
        }
        let redraw = |change| {
            let seed = self.seed.wrapping_add(u64::from(place) << 20);
            if matches!(self.means, Means::Redrawn) { dataset.redraw(index, change, seed) } else { None }
        };
        let Some(shown) = shown else { return Ok(None) };
        if !shown {
            let inserted = |what| -> Result<Option<Edited>, DataError> {
                Ok(match &self.means {
                    Means::Redrawn if what == Inserted::Ruler => redraw(Change::Insert),
                    Means::Redrawn => redraw(Change::Control),
                    Means::Drawn => Some(insert(picture, lesion, what, seed)?),
                    Means::Cutouts(cutouts) => {
                        let mut dice = Dice::new(seed, 0, "cutout");
                        let chosen = &cutouts[dice.count(0, cutouts.len() as u32 - 1) as usize];
                        let pasted = paste(picture, lesion, chosen, seed)?;
                        match what {
                            Inserted::Ruler => Some(pasted),
                            Inserted::BlankStrip => Some(fill(picture, &pasted.region, seed)?),
                        }
                    }
                    Means::None => None,
                })
            };
            return match change {
                Change::Insert => inserted(Inserted::Ruler),
                Change::Control => inserted(Inserted::BlankStrip),
                Change::Scrambled => {
                    Ok(inserted(Inserted::Ruler)?.map(|edited| scramble(picture, &edited, seed)))
                }
                Change::Remove | Change::Move | Change::RemoveLesion => Ok(None),
            };
        }
        if matches!(change, Change::Remove | Change::Move)
            && let Some(edited) = redraw(change)
        {
            return Ok(Some(edited));
        }
        let Some(mask) = regions.get(&self.artefact) else { return Ok(None) };
        let mask = self.followed(sample, mask)?;
        Ok(match change {
            Change::Remove => Some(remove(picture, &mask, seed)?),
            Change::Control => remove_elsewhere(picture, &mask, lesion, seed)?,
            Change::Move => {
                let without = remove(picture, &mask, seed)?;
                // Off the lesion, and off where it was.
                let taken = lesion.map_or_else(|| Ok(mask.clone()), |lesion| lesion.union(&mask))?;
                match Cutout::of(picture, &mask)? {
                    Some(cutout) => {
                        let moved = paste(&without.picture, Some(&taken), &cutout, seed)?;
                        Some(Edited { region: moved.region.union(&without.region)?, ..moved })
                    }
                    None => None,
                }
            }
            Change::Insert | Change::Scrambled | Change::RemoveLesion => None,
        })
    }

    fn followed(&self, sample: &Sample, mask: &Mask) -> Result<Mask, EditError> {
        if self.options.follow { follow(&sample.picture, mask) } else { Ok(mask.clone()) }
    }

    /// The picture with its lesion filled in. What covers part of the lesion stays.
    fn without_lesion(&self, sample: &Sample, seed: u64) -> Result<Option<Edited>, DataError> {
        let Some(lesion) = sample.regions.get(&self.lesion).filter(|mask| !mask.is_empty()) else {
            return Ok(None);
        };
        let artefact = sample.regions.get(&self.artefact).filter(|mask| !mask.is_empty());
        let artefact = artefact.map(|mask| self.followed(sample, mask)).transpose()?;
        let radius = (lesion.area() as f64 / std::f64::consts::PI).sqrt();
        let wide = lesion.dilate((HALO * radius).ceil() as u32);
        let whole = if wide.complement().is_empty() { lesion } else { &wide };
        let edited = remove(&sample.picture, whole, seed)?;
        let Some(artefact) = artefact else { return Ok(Some(edited)) };
        let (width, height) = lesion.dimensions();
        let kept = |x: u32, y: u32| edited.region.get(x, y) && !artefact.get(x, y);
        let region = Mask::from_fn(width, height, kept)?;
        let mut picture = edited.picture;
        for (x, y) in artefact.iter() {
            picture.put_pixel(x, y, *sample.picture.get_pixel(x, y));
        }
        Ok(Some(Edited { picture, region }))
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
    for index in order.into_iter().take(LOOKED_AT) {
        let sample = dataset.sample(index)?;
        let Some(mask) = sample.regions.get(artefact) else { continue };
        let mask = if options.follow { follow(&sample.picture, mask)? } else { mask.clone() };
        let touches = sample
            .regions
            .get(lesion)
            .is_some_and(|lesion| mask.dilate(4).iter().any(|(x, y)| lesion.get(x, y)));
        let Some(cutout) = Cutout::of(&sample.picture, &mask)?.filter(|_| !touches) else { continue };
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
