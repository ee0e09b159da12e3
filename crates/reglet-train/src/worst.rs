//! The accuracy of a network on its worst group.

use reglet_model::Head;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::TrainError;

/// The numbers of correctly classified pictures of each group (a class, with or without the artefact), and the group with
/// the smallest share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worst {
    /// By group: the number of pictures, and the number of them that are classified correctly.
    pub groups: Vec<[usize; 2]>,
    /// The mean over the groups of their mean losses, which distinguishes weights with equal accuracy.
    pub loss: f64,
}

impl Worst {
    /// From the losses of rows, whether they are classified correctly, and their groups, numbered from 0.
    pub fn of(rows: &[(f64, bool, usize)]) -> Worst {
        let count = rows.iter().map(|(.., group)| group + 1).max().unwrap_or(0);
        let mut groups = vec![[0; 2]; count];
        let mut losses = vec![0.0; count];
        for &(loss, right, group) in rows {
            groups[group][0] += 1;
            groups[group][1] += usize::from(right);
            losses[group] += loss;
        }
        let means: Vec<f64> = groups
            .iter()
            .zip(losses)
            .filter(|([all, _], _)| *all > 0)
            .map(|([all, _], loss)| loss / *all as f64)
            .collect();
        let loss = means.iter().sum::<f64>() / means.len().max(1) as f64;
        Worst { groups, loss }
    }

    /// The share of the worst group that is classified correctly, 0 to 1; 1 if there is no group.
    pub fn accuracy(&self) -> f64 {
        let shares =
            self.groups.iter().filter(|[all, _]| *all > 0).map(|[all, right]| *right as f64 / *all as f64);
        shares.fold(1.0, f64::min)
    }

    /// Whether a larger share of the worst group is classified correctly or, with equal shares, the loss is smaller.
    pub fn is_better_than(&self, other: &Worst) -> bool {
        let (own, others) = (self.accuracy(), other.accuracy());
        own > others || own == others && self.loss < other.loss
    }
}

/// The loss of each row, `[n]`: cross-entropy according to the head, with labels smoothed by `smoothing`.
///
/// # Errors
/// [`TrainError::Torch`].
pub fn losses(logits: &Tensor, labels: &[i64], head: Head, smoothing: f64) -> Result<Tensor, TrainError> {
    let target = Tensor::f_from_slice(labels)?.f_to_device(logits.device())?;
    Ok(match head {
        Head::Softmax => {
            logits.f_cross_entropy_loss::<Tensor>(&target, None, tch::Reduction::None, -100, smoothing)?
        }
        Head::Sigmoid => {
            let target = target
                .f_to_kind(logits.kind())?
                .f_mul_scalar(1.0 - smoothing)?
                .f_add_scalar(smoothing / 2.0)?;
            let logit = logits.f_select(1, 0)?;
            logit.f_binary_cross_entropy_with_logits::<Tensor>(&target, None, None, tch::Reduction::None)?
        }
        Head::MultiLabel => {
            let hot = target.f_one_hot(logits.size()[1])?.f_to_kind(logits.kind())?;
            let hot = hot.f_mul_scalar(1.0 - smoothing)?.f_add_scalar(smoothing / 2.0)?;
            let each = logits.f_binary_cross_entropy_with_logits::<Tensor>(
                &hot,
                None,
                None,
                tch::Reduction::None,
            )?;
            each.f_mean_dim([1i64].as_slice(), false, logits.kind())?
        }
    })
}

/// The predicted class of each row.
///
/// # Errors
/// [`TrainError::Torch`].
pub fn judged(logits: &Tensor, head: Head) -> Result<Vec<i64>, TrainError> {
    let classes = match head {
        Head::Sigmoid => logits.f_select(1, 0)?.f_gt(0.0)?.f_to_kind(Kind::Int64)?,
        Head::Softmax | Head::MultiLabel => logits.f_argmax(1, false)?,
    };
    Ok(Vec::try_from(classes.f_to_device(tch::Device::Cpu)?)?)
}
