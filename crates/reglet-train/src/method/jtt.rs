//! Just train twice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::supervised::{Lessons, Sampling};
use super::{About, Case, Corrected, CorrectionMethod, Needs};
use crate::{Progress, TrainError};

/// JTT: pictures that the original model misclassifies, possibly because of a shortcut, are sampled more often in further
/// training: each is sampled `weight` times as often as one that is classified correctly.
///
/// * **Needs** pictures and labels, and some pictures that the model misclassifies. The authors briefly train a first model
///   to find these; here, the model to be corrected is used.
/// * **Defaults**: 20, within the authors' range of 4 to 100.
/// * **Paper**: Liu et al., *Just train twice*, 2021, <https://arxiv.org/abs/2107.09044>.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Jtt {
    /// How many times as often a misclassified picture is sampled; at least 1.
    pub weight: f64,
}

impl Default for Jtt {
    fn default() -> Self {
        Jtt { weight: 20.0 }
    }
}

impl CorrectionMethod for Jtt {
    fn about(&self) -> &'static About {
        const {
            &About {
                title: "Just train twice",
                needs: Needs { flags: false, masks: false, edits: false, head: false, training: true },
                paper: "https://arxiv.org/abs/2107.09044",
            }
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        if self.weight.is_finite() && self.weight >= 1.0 {
            return Ok(());
        }
        let what = format!("weight is {}, but must be at least 1", self.weight);
        Err(TrainError::Parameter { key: "weight", what })
    }

    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError> {
        case.check_training()
    }

    fn correct(&self, case: &Case<'_>, progress: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError> {
        self.fits(case)?;
        let right = case.pool.right(case.model, case.train)?;
        let wrong = right.iter().filter(|right| !**right).count();
        let weights = right.iter().map(|right| if *right { 1.0 } else { self.weight }).collect();
        let lessons = Lessons { sampling: Sampling::Weighted(weights), ..Lessons::plain(case) };
        lessons.teach("jtt", vec![("wrong", wrong as f64)], progress)
    }
}
