//! Adding the artefact.

use std::borrow::Cow;

use super::Scene;
use crate::DataError;
use crate::edit::editor::Means;
use crate::edit::insert::{drawn, somewhere};
use crate::edit::patch::Patch;
use crate::edit::{Change, Cutout, EditError, Placement};
use crate::phantom::Dice;

impl Scene<'_> {
    pub(super) fn place_for_insertion(&self, place: u32) -> Result<Option<Placement>, DataError> {
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
    pub(super) fn insertion(&self, placement: &Placement) -> Result<Option<Option<Patch>>, DataError> {
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

    /// The cut-out of this donor, at the picture's scale.
    pub(super) fn cutout(&self, donor: &str) -> Result<Cow<'_, Cutout>, EditError> {
        let (width, height) = self.sample.picture.dimensions();
        let cutouts = match &self.editor.means {
            Means::Cutouts(cutouts) => cutouts.as_slice(),
            _ => &[],
        };
        let found = cutouts.iter().find(|cutout| cutout.donor() == donor);
        let unknown = || EditError::Donor { artefact: self.editor.artefact.clone(), donor: donor.to_owned() };
        Ok(found.ok_or_else(unknown)?.at_scale(width.min(height))?)
    }
}
