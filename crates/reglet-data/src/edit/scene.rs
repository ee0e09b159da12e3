//! One picture, with the data that all its changes need.

mod elsewhere;
mod insertion;
mod removal;

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

use super::control::soft;
use super::editor::Means;
use super::light::LightMap;
use super::patch::Patch;
use super::remove::Grain;
use super::room::Room;
use super::scramble::scrambled;
use super::{Change, EditError, Edited, Editor, Placement, follow};
use crate::{DataError, Dataset, Mask, Sample};
use removal::Removal;

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

impl Editor {
    /// The picture of `dataset` with the index `index`, prepared for any number of changes.
    pub fn scene<'a>(&'a self, dataset: &'a dyn Dataset, index: usize, sample: &'a Sample) -> Scene<'a> {
        Scene::new(self, dataset, index, sample)
    }

    /// The placement of a change of `sample`, which has the index `index` in `dataset`, for the place number `place`; see
    /// [`Scene::place`].
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

    /// Changes `sample`, which has the index `index` in `dataset`, at this placement; see [`Scene::apply`].
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

    /// Changes `sample`, which has the index `index` in `dataset`, at the place number `place`: [`Editor::place`] and
    /// [`Editor::apply`] in one call. For several changes of one picture, use a [`Scene`].
    ///
    /// # Errors
    /// The errors of both.
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
        let silent = self.dataset.is_silent(self.index, &self.editor.lesion);
        let lesion = self.lesion().filter(|mask| !(silent && mask.is_empty()));
        let none = !silent && self.dataset.flag(self.index, &self.editor.lesion) == Some(false);
        Ok(patch.map(|patch| {
            let mut patch = patch.noted(lesion, placement.donor());
            patch.lesion = patch.lesion.or(none.then_some(0.0));
            patch
        }))
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

    /// The artefact's mask, extended if the options say so.
    fn artefact(&self) -> Result<Option<Cow<'a, Mask>>, EditError> {
        let Some(mask) = self.sample.regions.get(&self.editor.artefact) else { return Ok(None) };
        let longer = self.editor.options.follow;
        Ok(Some(if longer { Cow::Owned(follow(&self.sample.picture, mask)?) } else { Cow::Borrowed(mask) }))
    }
}
