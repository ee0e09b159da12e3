//! Group-balanced sampling.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::supervised::{Lessons, Sampling};
use super::{About, Case, Corrected, CorrectionMethod, Needs};
use crate::{Progress, TrainError};

/// Training in which every group of class and artefact is sampled equally often: the mean over groups g of E\[loss(f(x), y)
/// | g\].
///
/// * **Needs** to know for each picture whether it shows the artefact, and at least two pictures in each group.
/// * **Defaults**: none of its own.
/// * **Paper**: Idrissi et al., *Simple data balancing achieves competitive worst-group-accuracy*, 2022,
///   <https://arxiv.org/abs/2110.14503> (RWG).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Balanced {}

impl CorrectionMethod for Balanced {
    fn about(&self) -> &'static About {
        const {
            &About {
                title: "Group-balanced sampling",
                needs: Needs { flags: true, masks: false, edits: false, head: false, training: true },
                paper: "https://arxiv.org/abs/2110.14503",
            }
        }
    }

    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError> {
        case.check_training()?;
        case.check_groups("group-balanced sampling", 2)
    }

    fn correct(&self, case: &Case<'_>, progress: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError> {
        self.fits(case)?;
        let lessons = Lessons { sampling: Sampling::Balanced, ..Lessons::plain(case) };
        lessons.teach("balanced", Vec::new(), progress)
    }
}
