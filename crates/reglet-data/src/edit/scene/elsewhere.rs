//! Moving the artefact, and the neutral edit of the same size elsewhere.

use std::cmp::Reverse;

use super::Scene;
use super::removal::Removal;
use crate::edit::control::soft;
use crate::edit::patch::Patch;
use crate::edit::remove::filled;
use crate::edit::room::Shape;
use crate::edit::{Change, Cutout, EditError, Placement};
use crate::parts::parts;
use crate::phantom::Dice;
use crate::{DataError, Mask};

impl Scene<'_> {
    /// The artefact as it is cut out to be moved.
    pub(super) fn own_cutout(&self) -> Result<Option<Cutout>, EditError> {
        let Some(mask) = self.artefact()? else { return Ok(None) };
        Cutout::off(&self.sample.id, &self.sample.picture, &mask, self.lesion())
    }

    pub(super) fn place_for_move(&self, place: u32) -> Result<Option<Placement>, DataError> {
        let seed = self.redraw_seed(place);
        if self.redrawn(Change::Move, seed).is_some() {
            return Ok(Some(Placement::Redrawn { seed }));
        }
        let (Some(_), Some(mask), Some(cutout)) = (self.removal()?, self.artefact()?, self.own_cutout()?)
        else {
            return Ok(None);
        };
        // Away from the lesion and from the old position.
        let room = self.room(self.lesion().into_iter().chain([mask.as_ref()]));
        let spot = cutout.spot(&room, self.seed_of(place));
        Ok(Some(Placement::Cutout { donor: self.sample.id.clone(), spot }))
    }

    pub(super) fn moved(&self, placement: &Placement) -> Result<Option<Patch>, DataError> {
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
    pub(super) fn parts_of(&self, removal: &Patch) -> Result<Vec<Vec<(u32, u32)>>, EditError> {
        let mut parts = parts(&removal.region(self.sample.picture.dimensions())?);
        parts.sort_by_key(|part| Reverse(part.len()));
        Ok(parts)
    }

    /// Finds room for each connected part separately, because marks around a lesion would not fit anywhere else as a whole.
    /// The largest part is placed first, while there is most room; a part that does not fit as it is, is turned or mirrored.
    /// `None` if for some part every position tried touches the pixels that the removal changes, the lesion, the dark area
    /// or another part.
    pub(super) fn place_elsewhere(&self, place: u32) -> Result<Option<Placement>, DataError> {
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

    pub(super) fn control_elsewhere(&self, placement: &Placement) -> Result<Option<Patch>, DataError> {
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
}
