//! Counterfactual augmentation.

use reglet_data::edit::Change;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::Changes;
use super::supervised::Lessons;
use super::{About, Case, Corrected, CorrectionMethod, Needs};
use crate::{Progress, TrainError};

/// Training on pictures in which the artefact has been changed and the label kept: E\[loss(f(x̃), y)\]. With the probability
/// `share`, x̃ is the picture with the artefact added or removed or, in a share `controls` of these cases, the picture with
/// a neutral edit of the same strength, so that the traces of an edit are not informative; otherwise it is the unchanged
/// picture.
///
/// * **Needs** a way to add or remove the artefact: masks, pictures to cut it from, or a generator. It needs no groups, and
///   works even if every melanoma has a ruler. A picture in which no change is possible stays unchanged.
/// * **Defaults**: `share` 0.5 and `controls` 0.25 are Reglet's own.
/// * **Papers**: the idea is that of Plumb et al., *Finding and fixing spurious patterns with explanations*, 2022,
///   <https://arxiv.org/abs/2106.02112>.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// The share of pictures that are changed, above 0 and up to 1.
    pub share: f64,
    /// The share of these that get the neutral edit instead, at least 0 and below 1.
    pub controls: f64,
}

impl Default for Augmentation {
    fn default() -> Self {
        Augmentation { share: 0.5, controls: 0.25 }
    }
}

impl CorrectionMethod for Augmentation {
    fn about(&self) -> &'static About {
        const {
            &About {
                title: "Counterfactual augmentation",
                needs: Needs { flags: false, masks: false, edits: true, head: false, training: true },
                paper: "https://arxiv.org/abs/2106.02112",
            }
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        let fault = |key, value: f64, must| {
            Err(TrainError::Parameter { key, what: format!("{key} is {value}, but must be {must}") })
        };
        if !(self.share > 0.0 && self.share <= 1.0) {
            return fault("share", self.share, "above 0 and up to 1");
        }
        if !(0.0..1.0).contains(&self.controls) {
            return fault("controls", self.controls, "from 0 and below 1");
        }
        Ok(())
    }

    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError> {
        case.check_training()?;
        // Some pictures with the artefact and some without it are tried to find out whether anything can be changed at all.
        let pool = case.pool;
        let mut possible = 0;
        for shown in [false, true] {
            let own = case.train.iter().filter(|&&place| pool.members()[place].shown == Some(shown));
            let change = if shown { Change::Remove } else { Change::Insert };
            let marked = own.filter(|&&place| !shown || pool.members()[place].marked);
            for &place in marked.take(TRIED) {
                possible += usize::from(pool.changed(place, change, 0)?.is_some());
            }
        }
        if possible == 0 {
            let artefact = pool.artefact().to_owned();
            return Err(TrainError::NoEdits { method: "counterfactual augmentation", artefact });
        }
        Ok(())
    }

    fn correct(&self, case: &Case<'_>, progress: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError> {
        self.fits(case)?;
        let changes = Changes { share: self.share, controls: self.controls };
        let lessons = Lessons { changes: Some(changes), ..Lessons::plain(case) };
        lessons.teach("augmentation", Vec::new(), progress)
    }
}

/// The number of pictures of each kind on which changes are tested.
const TRIED: usize = 8;
