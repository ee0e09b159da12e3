//! Further training without any correction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::supervised::Lessons;
use super::{About, Case, Corrected, CorrectionMethod, Needs};
use crate::{Progress, TrainError};

/// The control arm: the model is trained further on the same pictures, layers and epochs as by the other methods, with nothing
/// against the shortcut: E\[loss(f(x), y)\]. What another method does beyond this, it does by itself.
///
/// * **Needs** pictures and labels. Where pictures say whether they show the artefact, the epoch that served the worst group
///   best is kept, as by the other methods.
/// * **Defaults**: none of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Vanilla {}

impl CorrectionMethod for Vanilla {
    fn about(&self) -> &'static About {
        const { &About { title: "Further training", needs: Needs { training: true, ..NONE }, paper: "" } }
    }

    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError> {
        case.check_training()
    }

    fn correct(&self, case: &Case<'_>, progress: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError> {
        self.fits(case)?;
        Lessons::plain(case).teach("vanilla", Vec::new(), progress)
    }
}

const NONE: Needs = Needs { flags: false, masks: false, edits: false, head: false, training: false };
