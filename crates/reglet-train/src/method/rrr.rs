//! Right for the right reasons, by masks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::supervised::{Lessons, Penalty, Seen, turned};
use super::{About, Case, Corrected, CorrectionMethod, Needs};
use crate::{Pool, Progress, Step, TrainError};

/// RRR: further training with a penalty on the gradient of the input within the artefact: loss + λ · mean over the pictures
/// of Σ over the mask of (∂ Σ_k log p_k / ∂x)², where p are the probabilities. Pictures without a mask have no penalty.
///
/// * **Needs** masks of the artefact, and a network that libtorch can differentiate twice. It costs about three times as
///   much as further training alone.
/// * **Defaults**: λ = 10 is Reglet's own; the authors choose λ so that both terms have similar sizes.
/// * **Paper**: Ross, Hughes and Doshi-Velez, *Right for the right reasons*, 2017, <https://arxiv.org/abs/1703.03717>.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rrr {
    /// λ, from 0.
    pub lambda: f64,
}

impl Default for Rrr {
    fn default() -> Self {
        Rrr { lambda: 10.0 }
    }
}

const NAME: &str = "right for the right reasons";

struct OnMasks<'a> {
    pool: &'a Pool<'a>,
    lambda: f64,
}

impl Penalty for OnMasks<'_> {
    fn logits_and_penalty(&self, step: &Step<'_>, seen: &Seen<'_>) -> Result<(Tensor, Tensor), TrainError> {
        let input = step.graph.input();
        let found = step.run(&[step.graph.output(), input], &[input])?;
        let [logits, inputs] = found.as_slice() else { return Err(TrainError::NothingToTrain) };
        let [_, _, height, width] = inputs.size()[..] else { return Err(TrainError::NothingToTrain) };
        let mut masks = Vec::with_capacity(seen.places.len());
        for &place in seen.places {
            masks.push(match self.pool.mask(place)? {
                Some(mask) => {
                    let bits: Vec<f32> = mask.bits().iter().map(|bit| f32::from(u8::from(*bit))).collect();
                    Tensor::f_from_slice(&bits)?.f_view([1, height, width])?
                }
                None => Tensor::f_zeros([1, height, width], (Kind::Float, tch::Device::Cpu))?,
            });
        }
        let masks = turned(&Tensor::f_stack(&masks, 0)?, seen.turns)?.f_to_device(inputs.device())?;
        // One logit stands for two classes: ln p + ln (1 − p).
        let logs = match logits.size()[1] {
            1 => logits.f_log_sigmoid()?.f_add(&logits.f_neg()?.f_log_sigmoid()?)?,
            _ => logits.f_log_softmax(1, logits.kind())?,
        };
        let summed = logs.f_sum(logs.kind())?;
        let gradient = Tensor::f_run_backward(&[summed], &[inputs], true, true)?.remove(0);
        let on_mask = gradient.f_mul(&masks)?.f_square()?.f_sum(gradient.kind())?;
        let penalty = on_mask.f_mul_scalar(self.lambda / seen.places.len().max(1) as f64)?;
        Ok((logits.shallow_clone(), penalty))
    }
}

impl CorrectionMethod for Rrr {
    fn about(&self) -> &'static About {
        const {
            &About {
                title: "Right for the right reasons",
                needs: Needs { flags: false, masks: true, edits: false, head: false, training: true },
                paper: "https://arxiv.org/abs/1703.03717",
            }
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        if self.lambda.is_finite() && self.lambda >= 0.0 {
            return Ok(());
        }
        let what = format!("lambda is {}, but must be 0 or more", self.lambda);
        Err(TrainError::Parameter { key: "lambda", what })
    }

    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError> {
        case.check_training()?;
        for &place in case.train {
            if case.pool.mask(place)?.is_some() {
                return Ok(());
            }
        }
        let artefact = case.pool.artefact().to_owned();
        Err(TrainError::NoMasks { method: NAME, artefact, pictures: case.train.len() })
    }

    fn correct(&self, case: &Case<'_>, progress: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError> {
        self.fits(case)?;
        let pool = case.pool;
        let mut masks = 0;
        for &place in case.train {
            masks += usize::from(pool.mask(place)?.is_some());
        }
        let penalty = OnMasks { pool, lambda: self.lambda };
        let lessons = Lessons { penalty: Some(&penalty), ..Lessons::plain(case) };
        lessons.teach("rrr", vec![("masks", masks as f64)], progress)
    }
}
