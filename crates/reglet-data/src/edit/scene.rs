//! One picture, with the data that all its changes need.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

use super::control::soft;
use super::editor::Means;
use super::insert::{drawn, somewhere};
use super::light::LightMap;
use super::patch::Patch;
use super::remove::{Grain, filled, with_margin};
use super::room::{Room, Shape};
use super::scramble::scrambled;
use super::{Change, Cutout, EditError, Edited, Editor, Placement, follow};
use crate::parts::parts;
use crate::phantom::Dice;
use crate::{DataError, Dataset, Mask, Sample};

/// A lesion's colour extends beyond its mask: the skin is darker for about this fraction of its radius beyond the border.
const HALO: f64 = 0.3;

/// One picture of a data set, prepared for any number of changes by an [`Editor`]: its light, its grain and the removal of
/// the artefact are computed once, when they are first needed.
pub struct Scene<'a> {
    editor: &'a Editor,
    dataset: &'a dyn Dataset,
    index: usize,
    sample: &'a Sample,
    light: OnceCell<LightMap>,
    grain: OnceCell<Grain>,
    removal: OnceCell<Option<Removal>>,
    /// The last insertion at each placement, for the changes that are derived from it.
    inserted: RefCell<Vec<(Placement, Patch)>>,
}

/// The removal of the artefact.
struct Removal {
    patch: Patch,
    /// Whether it was filled in from its surroundings; otherwise, the picture was drawn again without it.
    filled: bool,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        editor: &'a Editor,
        dataset: &'a dyn Dataset,
        index: usize,
        sample: &'a Sample,
    ) -> Scene<'a> {
        Scene {
            editor,
            dataset,
            index,
            sample,
            light: OnceCell::new(),
            grain: OnceCell::new(),
            removal: OnceCell::new(),
            inserted: RefCell::default(),
        }
    }

    /// The placement that the seed gives for the change and the place number `place`. The same seed gives the same
    /// placement, which [`Change::Insert`], [`Change::Control`] and [`Change::Scrambled`] share for a picture without the
    /// artefact.
    ///
    /// `None` if the change does not apply (removing an absent artefact, adding one that is present, or either in a picture
    /// without annotation) or if there is no room for it.
    ///
    /// # Errors
    /// The errors of the edit.
    pub fn place(&self, change: Change, place: u32) -> Result<Option<Placement>, DataError> {
        if change == Change::RemoveLesion {
            return Ok(self.lesion().filter(|mask| !mask.is_empty()).map(|_| Placement::InPlace));
        }
        let Some(shown) = self.shown() else { return Ok(None) };
        match change {
            Change::Insert | Change::Control | Change::Scrambled if !shown => self.place_for_insertion(place),
            Change::Remove if shown => Ok(self.removal()?.map(|_| Placement::InPlace)),
            Change::Move if shown => self.place_for_move(place),
            Change::Control if shown => self.place_elsewhere(place),
            _ => Ok(None),
        }
    }

    /// Makes the change at this placement. It is not checked whether the change is meaningful there: a placement chosen by a
    /// person may lie anywhere, in a picture without annotation, or on the lesion.
    ///
    /// `None` if the change is not possible, because the picture does not show the region, or has no annotation of it, or
    /// because the placement lies beyond the picture.
    ///
    /// # Errors
    /// [`EditError::Misplaced`] if the placement is not valid for the change, [`EditError::Donor`] if the editor does not
    /// have the cut-out's donor, [`EditError::Turn`], [`EditError::Parts`], and those of the edit.
    pub fn apply(&self, change: Change, placement: &Placement) -> Result<Option<Edited>, DataError> {
        let patch = self.patch(change, placement)?;
        Ok(patch.map(|patch| patch.on(&self.sample.picture)).transpose()?)
    }

    /// As [`Scene::apply`], but returns only the pixels that the change touches, and not a whole picture.
    ///
    /// # Errors
    /// Those of [`Scene::apply`].
    pub fn patch(&self, change: Change, placement: &Placement) -> Result<Option<Patch>, DataError> {
        let picture = &self.sample.picture;
        let misplaced = || EditError::Misplaced { change, placement: placement.kind() };
        let patch = match (change, placement) {
            (Change::RemoveLesion, Placement::InPlace) => self.without_lesion()?,
            (Change::Remove, Placement::InPlace) => self.removal()?.map(|removal| removal.patch.clone()),
            (Change::Move, Placement::Redrawn { seed }) => self.redrawn(change, *seed),
            (Change::Move, Placement::Cutout { .. }) => self.moved(placement)?,
            (Change::Control, Placement::Elsewhere { .. }) => self.control_elsewhere(placement)?,
            (Change::Insert | Change::Control | Change::Scrambled, _) => {
                let Some(patch) = self.insertion(placement)?.ok_or_else(misplaced)? else { return Ok(None) };
                Some(match change {
                    Change::Control => {
                        soft(picture, &patch, &patch.region(picture.dimensions())?, None, self.seed())
                    }
                    Change::Scrambled => scrambled(picture, &patch, self.seed())?,
                    _ => patch,
                })
            }
            _ => return Err(misplaced().into()),
        };
        let patch = patch.filter(|patch| !patch.pixels.is_empty());
        Ok(patch.map(|patch| patch.noted(self.lesion(), placement.donor())))
    }

    /// Makes the change at the placement that the seed gives: [`Scene::place`] and [`Scene::apply`] in one call.
    ///
    /// # Errors
    /// The errors of the edit.
    pub fn edit(&self, change: Change, place: u32) -> Result<Option<Edited>, DataError> {
        let placement = self.place(change, place)?;
        placement.map_or(Ok(None), |placement| self.apply(change, &placement))
    }

    /// Whether the picture shows the artefact, according to the sample or else the data set.
    fn shown(&self) -> Option<bool> {
        let artefact = &self.editor.artefact;
        self.sample.shows(artefact).or_else(|| self.dataset.flag(self.index, artefact))
    }

    fn lesion(&self) -> Option<&'a Mask> {
        self.sample.regions.get(&self.editor.lesion)
    }

    fn light(&self) -> &LightMap {
        self.light.get_or_init(|| LightMap::of(&self.sample.picture))
    }

    fn grain(&self) -> &Grain {
        self.grain.get_or_init(|| Grain::of(&self.sample.picture))
    }

    fn room<'b>(&'b self, taken: impl IntoIterator<Item = &'b Mask>) -> Room<'b> {
        let dimensions = self.sample.picture.dimensions();
        Room { light: self.light(), taken: taken.into_iter().collect(), dimensions }
    }

    /// Fixes everything about a picture that is left to chance but the places.
    fn seed(&self) -> u64 {
        self.editor.seed.wrapping_add((self.index as u64) << 32)
    }

    fn seed_of(&self, place: u32) -> u64 {
        self.seed().wrapping_add(u64::from(place) << 20)
    }

    /// The seed for a picture that the data set redraws; the data set adds the picture's number itself.
    fn redraw_seed(&self, place: u32) -> u64 {
        self.editor.seed.wrapping_add(u64::from(place) << 20)
    }

    fn redrawn(&self, change: Change, seed: u64) -> Option<Patch> {
        if !matches!(self.editor.means, Means::Redrawn) {
            return None;
        }
        let edited = self.dataset.redraw(self.index, change, seed)?;
        edited.belongs_to(&self.sample.picture).ok()?;
        Some(Patch::of(&edited))
    }

    /// The cut-out of this donor, at the picture's scale.
    fn cutout(&self, donor: &str) -> Result<Cow<'_, Cutout>, EditError> {
        let (width, height) = self.sample.picture.dimensions();
        let cutouts = match &self.editor.means {
            Means::Cutouts(cutouts) => cutouts.as_slice(),
            _ => &[],
        };
        let found = cutouts.iter().find(|cutout| cutout.donor() == donor);
        let unknown = || EditError::Donor { artefact: self.editor.artefact.clone(), donor: donor.to_owned() };
        Ok(found.ok_or_else(unknown)?.at_scale(width.min(height))?)
    }

    fn place_for_insertion(&self, place: u32) -> Result<Option<Placement>, DataError> {
        let seed = self.seed_of(place);
        Ok(match &self.editor.means {
            Means::Redrawn => Some(Placement::Redrawn { seed: self.redraw_seed(place) }),
            Means::Drawn => Some(Placement::Drawn { ruler: somewhere(&self.room(self.lesion()), seed) }),
            Means::Cutouts(cutouts) => {
                let mut dice = Dice::new(seed, 0, "cutout");
                let donor = cutouts[dice.count(0, cutouts.len() as u32 - 1) as usize].donor();
                let spot = self.cutout(donor)?.spot(&self.room(self.lesion()), seed);
                Some(Placement::Cutout { donor: donor.to_owned(), spot })
            }
            Means::None => None,
        })
    }

    /// The insertion of the artefact; `None` if the placement is not one for insertions, and an inner `None` if the
    /// insertion is impossible.
    fn insertion(&self, placement: &Placement) -> Result<Option<Option<Patch>>, DataError> {
        if let Some((_, patch)) = self.inserted.borrow().iter().find(|(known, _)| known == placement) {
            return Ok(Some(Some(patch.clone())));
        }
        let picture = &self.sample.picture;
        let patch = match placement {
            Placement::Redrawn { seed } => self.redrawn(Change::Insert, *seed),
            Placement::Drawn { ruler } => Some(drawn(picture, self.light(), ruler)),
            Placement::Cutout { donor, spot } => Some(self.cutout(donor)?.pasted(picture, *spot)?),
            Placement::InPlace | Placement::Elsewhere { .. } => return Ok(None),
        };
        if let Some(patch) = &patch {
            let mut inserted = self.inserted.borrow_mut();
            // A person may try any number of positions by hand, so only the most recent ones are kept.
            inserted.truncate(self.editor.options.places.saturating_sub(1) as usize);
            inserted.insert(0, (placement.clone(), patch.clone()));
        }
        Ok(Some(patch))
    }

    /// The artefact's mask, extended if the options say so.
    fn artefact(&self) -> Result<Option<Cow<'a, Mask>>, EditError> {
        let Some(mask) = self.sample.regions.get(&self.editor.artefact) else { return Ok(None) };
        let longer = self.editor.options.follow;
        Ok(Some(if longer { Cow::Owned(follow(&self.sample.picture, mask)?) } else { Cow::Borrowed(mask) }))
    }

    /// The removal of the artefact; `None` if the picture does not show it or it is not annotated.
    fn removal(&self) -> Result<Option<&Removal>, DataError> {
        if self.removal.get().is_none() {
            let found = match self.redrawn(Change::Remove, self.redraw_seed(0)) {
                Some(patch) => Some(Removal { patch, filled: false }),
                None => self.fill_artefact()?.map(|patch| Removal { patch, filled: true }),
            };
            let _ = self.removal.set(found);
        }
        Ok(self.removal.get().and_then(Option::as_ref).filter(|removal| !removal.patch.pixels.is_empty()))
    }

    fn fill_artefact(&self) -> Result<Option<Patch>, DataError> {
        let (Some(mask), Some(longer)) = (self.sample.regions.get(&self.editor.artefact), self.artefact()?)
        else {
            return Ok(None);
        };
        let region = with_margin(mask, &longer, self.lesion())?;
        Ok(Some(filled(&self.sample.picture, self.grain(), &region, self.seed())?))
    }

    /// The artefact as it is cut out to be moved.
    fn own_cutout(&self) -> Result<Option<Cutout>, EditError> {
        let Some(mask) = self.artefact()? else { return Ok(None) };
        Cutout::off(&self.sample.id, &self.sample.picture, &mask, self.lesion())
    }

    fn place_for_move(&self, place: u32) -> Result<Option<Placement>, DataError> {
        let seed = self.redraw_seed(place);
        if self.redrawn(Change::Move, seed).is_some() {
            return Ok(Some(Placement::Redrawn { seed }));
        }
        let (Some(mask), Some(cutout)) = (self.artefact()?, self.own_cutout()?) else { return Ok(None) };
        // Away from the lesion and from the old position.
        let room = self.room(self.lesion().into_iter().chain([mask.as_ref()]));
        let spot = cutout.spot(&room, self.seed_of(place));
        Ok(Some(Placement::Cutout { donor: self.sample.id.clone(), spot }))
    }

    fn moved(&self, placement: &Placement) -> Result<Option<Patch>, DataError> {
        let Placement::Cutout { donor, spot } = placement else { return Ok(None) };
        if *donor != self.sample.id {
            let (artefact, donor) = (self.editor.artefact.clone(), donor.clone());
            return Err(EditError::Donor { artefact, donor }.into());
        }
        let (Some(Removal { patch: removal, .. }), Some(cutout)) = (self.removal()?, self.own_cutout()?)
        else {
            return Ok(None);
        };
        let mut without = self.sample.picture.clone().into_rgb();
        removal.put(&mut without);
        let mut moved = cutout.pasted(&without, *spot)?;
        let anew = moved.region(without.dimensions())?;
        let left = removal.pixels.iter().filter(|pixel| !anew.get(pixel.at.0, pixel.at.1));
        moved.pixels.extend(left);
        Ok(Some(moved))
    }

    /// The connected parts of what the removal changes, the largest first.
    fn parts_of(&self, removal: &Patch) -> Result<Vec<Vec<(u32, u32)>>, EditError> {
        let mut parts = parts(&removal.region(self.sample.picture.dimensions())?);
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        Ok(parts)
    }

    /// Finds room for each connected part separately, because marks around a lesion would not fit anywhere else as a whole.
    /// The largest part is placed first, while there is most room; a part that does not fit as it is, is turned or mirrored.
    /// `None` if for some part every position tried touches the pixels that the removal changes, the lesion, the dark area
    /// or another part.
    fn place_elsewhere(&self, place: u32) -> Result<Option<Placement>, DataError> {
        let Some(Removal { patch: removal, .. }) = self.removal()? else { return Ok(None) };
        let dimensions = self.sample.picture.dimensions();
        let mut taken = removal.region(dimensions)?;
        let seed = self.seed_of(place);
        let mut dice = Dice::new(seed, 0, "elsewhere");
        let mut spots = Vec::new();
        for part in self.parts_of(removal)? {
            let first = (dice.unit(), dice.unit());
            let Some(shape) = Shape::of(&part) else { continue };
            let room = self.room(self.lesion().into_iter().chain([&taken]));
            let Some(spot) = room.free(&shape, first, seed) else { return Ok(None) };
            for (x, y) in shape.at(spot, dimensions).into_iter().flatten() {
                taken.set(x, y, true);
            }
            spots.push(spot);
        }
        Ok(Some(Placement::Elsewhere { parts: spots }))
    }

    fn control_elsewhere(&self, placement: &Placement) -> Result<Option<Patch>, DataError> {
        let (Placement::Elsewhere { parts: spots }, Some(Removal { patch: removal, filled: fills })) =
            (placement, self.removal()?)
        else {
            return Ok(None);
        };
        let parts = self.parts_of(removal)?;
        if parts.len() != spots.len() {
            return Err(EditError::Parts { spots: spots.len(), parts: parts.len() }.into());
        }
        let picture = &self.sample.picture;
        let mut region = Mask::empty(picture.width(), picture.height())?;
        for (part, spot) in parts.iter().zip(spots) {
            let spot = spot.checked()?;
            let Some(moved) = Shape::of(part).and_then(|shape| shape.at(spot, picture.dimensions())) else {
                return Ok(None);
            };
            moved.into_iter().for_each(|(x, y)| region.set(x, y, true));
        }
        let filling = fills.then(|| filled(picture, self.grain(), &region, self.seed())).transpose()?;
        Ok(Some(soft(picture, removal, &region, filling.as_ref(), self.seed())))
    }

    /// The lesion filled in. What covers part of it stays.
    fn without_lesion(&self) -> Result<Option<Patch>, DataError> {
        let Some(lesion) = self.lesion().filter(|mask| !mask.is_empty()) else { return Ok(None) };
        let radius = (lesion.area() as f64 / std::f64::consts::PI).sqrt();
        let wide = lesion.dilate((HALO * radius).ceil() as u32);
        let whole = if wide.is_full() { lesion } else { &wide };
        let region = with_margin(whole, whole, None)?;
        let mut patch = filled(&self.sample.picture, self.grain(), &region, self.seed())?;
        if let Some(artefact) = self.artefact()? {
            patch.pixels.retain(|pixel| !artefact.get(pixel.at.0, pixel.at.1));
        }
        Ok(Some(patch))
    }
}
