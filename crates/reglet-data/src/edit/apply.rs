//! One change to one picture, by the best means there is.

use super::{Change, Edited, Inserted, insert, remove};
use crate::{DataError, Dataset, Sample};

/// The artefact that data sets can draw again. Any other is edited, lest the ruler be changed in its stead.
const REDRAWN: &str = "ruler";

/// Changes what `sample`, number `index` of `dataset`, shows of `artefact`: drawn again where that is the
/// ruler and the data set can do it, edited elsewhere. What is put in keeps off the region `avoid`. The same
/// seed gives the same change, and [`Change::Control`] lies where [`Change::Insert`] would.
///
/// `None` where the change makes no sense: taking away what is not there, adding what is, or either where
/// nobody has annotated the picture.
///
/// # Errors
/// Those of the edit.
pub fn apply(
    dataset: &dyn Dataset,
    index: usize,
    sample: &Sample,
    artefact: &str,
    avoid: Option<&str>,
    change: Change,
    seed: u64,
) -> Result<Option<Edited>, DataError> {
    if artefact == REDRAWN
        && let Some(edited) = dataset.redraw(index, change, seed)
    {
        return Ok(Some(edited));
    }
    let shown = sample.shows(artefact).or_else(|| dataset.flag(index, artefact));
    let (Some(shown), mask) = (shown, sample.regions.get(artefact)) else { return Ok(None) };
    let avoid = avoid.and_then(|region| sample.regions.get(region));
    let seed = seed.wrapping_add((index as u64) << 32);
    let edited = match (change, shown, mask) {
        (Change::Insert, false, _) => insert(&sample.picture, avoid, Inserted::Ruler, seed)?,
        (Change::Control, false, _) => insert(&sample.picture, avoid, Inserted::BlankStrip, seed)?,
        (Change::Remove, true, Some(mask)) => remove(&sample.picture, mask, seed)?,
        (Change::Move, true, Some(mask)) => {
            let without = remove(&sample.picture, mask, seed)?;
            // Off the lesion, and off where it was.
            let taken = avoid.map_or_else(|| Ok(mask.clone()), |avoid| avoid.union(mask))?;
            let moved = insert(&without.picture, Some(&taken), Inserted::Ruler, seed)?;
            Edited { region: moved.region.union(&without.region)?, ..moved }
        }
        _ => return Ok(None),
    };
    Ok(Some(edited))
}
