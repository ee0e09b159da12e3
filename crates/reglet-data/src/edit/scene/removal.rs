//! Removing the artefact, or the lesion.

use std::f64::consts::PI;

use super::Scene;
use crate::edit::Change;
use crate::edit::patch::Patch;
use crate::edit::remove::{filled, with_margin};
use crate::{DataError, Mask};

/// A lesion's colour extends beyond its mask: the skin is darker for about this fraction of its radius beyond the border.
const HALO: f64 = 0.3;

/// The removal of the artefact.
pub(super) struct Removal {
    pub(super) patch: Patch,
    /// Whether it was filled in from its surroundings; otherwise, the picture was drawn again without it.
    pub(super) filled: bool,
}

impl Scene<'_> {
    /// The removal of the artefact; `None` if the picture does not show it, if it is not annotated, or if it covers the whole
    /// picture.
    pub(super) fn removal(&self) -> Result<Option<&Removal>, DataError> {
        if self.removal.get().is_none() {
            let found = match self.redrawn(Change::Remove, self.redraw_seed(0)) {
                Some(patch) => Some(Removal { patch, filled: false }),
                None => self.fill_artefact()?.map(|patch| Removal { patch, filled: true }),
            };
            let _ = self.removal.set(found);
        }
        Ok(self.removal.get().and_then(Option::as_ref).filter(|removal| !removal.patch.pixels.is_empty()))
    }

    pub(super) fn fill_artefact(&self) -> Result<Option<Patch>, DataError> {
        let (Some(mask), Some(longer)) = (self.sample.regions.get(&self.editor.artefact), self.artefact()?)
        else {
            return Ok(None);
        };
        let region = with_margin(mask, &longer, self.lesion())?;
        self.fill(&region)
    }

    /// This region filled in; `None` if nothing is left to fill it from.
    fn fill(&self, region: &Mask) -> Result<Option<Patch>, DataError> {
        if region.is_full() {
            return Ok(None);
        }
        Ok(Some(filled(&self.sample.picture, self.grain(), region, self.seed())?))
    }

    /// The lesion filled in. What covers part of it stays. `None` if there is no lesion, or if it covers the whole picture.
    pub(super) fn without_lesion(&self) -> Result<Option<Patch>, DataError> {
        let Some(lesion) = self.lesion().filter(|mask| !mask.is_empty()) else { return Ok(None) };
        let radius = (lesion.area() as f64 / PI).sqrt();
        let wide = lesion.dilate((HALO * radius).ceil() as u32);
        let whole = if wide.is_full() { lesion } else { &wide };
        let region = with_margin(whole, whole, None)?;
        let Some(mut patch) = self.fill(&region)? else { return Ok(None) };
        if let Some(artefact) = self.artefact()? {
            patch.pixels.retain(|pixel| !artefact.get(pixel.at.0, pixel.at.1));
        }
        Ok(Some(patch))
    }
}
