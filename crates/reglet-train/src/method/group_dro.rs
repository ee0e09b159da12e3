//! Distributionally robust optimisation over groups.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::supervised::{Lessons, Sampling, Weighting};
use super::{About, Case, Corrected, CorrectionMethod, Needs};
use crate::{AdamW, Optimiser, Progress, Sgd, TrainError};

/// GroupDRO: a soft version of the loss of the worst group: Σ q_g loss_g over the groups g of class and artefact, with q_g ←
/// q_g exp(η loss_g) before each step, normalised to a sum of one; groups are sampled equally often.
///
/// * **Needs** to know for each picture whether it shows the artefact, and at least two pictures in each group.
/// * **Defaults**: η = 0.01 is the authors' value, and so is the strong weight decay that they find necessary, here 0.1 in
///   AdamW.
/// * **Paper**: Sagawa et al., *Distributionally robust neural networks for group shifts*, 2020,
///   <https://arxiv.org/abs/1911.08731>.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GroupDro {
    /// η, above 0: how quickly the weights shift to the worst group.
    pub step: f64,
    /// The optimiser's weight decay, instead of that of the training.
    pub decay: f64,
}

impl Default for GroupDro {
    fn default() -> Self {
        GroupDro { step: 0.01, decay: 0.1 }
    }
}

impl CorrectionMethod for GroupDro {
    fn about(&self) -> &'static About {
        const {
            &About {
                title: "GroupDRO",
                needs: Needs { flags: true, masks: false, edits: false, head: false, training: true },
                paper: "https://arxiv.org/abs/1911.08731",
            }
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        let fault = |key, value: f64, must| {
            Err(TrainError::Parameter { key, what: format!("{key} is {value}, but must be {must}") })
        };
        if !(self.step.is_finite() && self.step > 0.0) {
            return fault("step", self.step, "above 0");
        }
        if !(self.decay.is_finite() && self.decay >= 0.0) {
            return fault("decay", self.decay, "0 or more");
        }
        Ok(())
    }

    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError> {
        case.check_training()?;
        case.check_groups("GroupDRO", 2)
    }

    fn correct(&self, case: &Case<'_>, progress: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError> {
        self.fits(case)?;
        let mut training = case.training.clone();
        training.optimiser = match training.optimiser {
            Optimiser::AdamW(own) => Optimiser::AdamW(AdamW { decay: self.decay, ..own }),
            Optimiser::Sgd(own) => Optimiser::Sgd(Sgd { decay: self.decay, ..own }),
        };
        let kinds = 2 * case.model.classes().count();
        let present = case.groups().len();
        let weights = (0..kinds).map(|kind| {
            let there = case.train.iter().any(|&place| case.pool.kind(place) == Some(kind));
            if there { 1.0 / present as f64 } else { 0.0 }
        });
        let lessons = Lessons {
            training: Some(training),
            sampling: Sampling::Balanced,
            weighting: Weighting::Worst { step: self.step, weights: weights.collect() },
            ..Lessons::plain(case)
        };
        lessons.teach("group_dro", Vec::new(), progress)
    }
}
