//! Further training without any correction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::supervised::Lessons;
use super::{About, Case, Corrected, CorrectionMethod, Needs};
use crate::{Progress, TrainError};

/// The control: the model is trained further on the same pictures, layers and epochs as by the other methods, without any
/// measure against the shortcut: E\[loss(f(x), y)\]. Only improvements beyond those of this control are due to another
/// method.
///
/// * **Needs** pictures and labels. If it is known which pictures show the artefact, the epoch with the best result for the
///   worst group is kept, as by the other methods.
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
