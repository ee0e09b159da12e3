//! Least-squares concept erasure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::fold::{HeadWeights, Projection};
use super::p_clarc::Observed;
use super::pattern::weighted_mean;
use super::{About, Case, Corrected, CorrectionMethod, Needs};
use crate::{Features, Progress, TrainError};

/// LEACE: the smallest change of the last layer's input after which no linear function of it predicts the presence of the
/// artefact: r(x) = x − Σ½ P Σ⁻½ (x − μ), where P is the projection onto Σ⁻½ c, and c is the covariance of the features and
/// the artefact's presence. For one artefact, this is r(x) = x − c dᵀ (x − μ) with d = Σ⁺c / (cᵀ Σ⁺ c), which is folded into
/// the last layer, exactly.
///
/// * **Needs** to know for each picture whether it shows the artefact, at least two of either kind in each class, and a
///   linear last layer with a bias. It trains nothing.
/// * **Facts**: on the pictures from which it is computed, no linear probe on the erased features is better than a constant,
///   for any convex loss.
/// * **Defaults**: every group of class and artefact has the same weight (`balanced`), so that features associated with the
///   class are kept; and Σ is shrunk by 0.01 towards the identity times its mean variance, which does not affect this fact.
///   The authors do neither.
/// * **Paper**: Belrose et al., *LEACE: Perfect linear concept erasure in closed form*, 2023,
///   <https://arxiv.org/abs/2306.03819>.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Leace {
    /// Whether every group of class and artefact has the same weight.
    pub balanced: bool,
    /// The shrinkage of Σ, 0 to 1.
    pub shrinkage: f64,
}

impl Default for Leace {
    fn default() -> Self {
        Leace { balanced: true, shrinkage: 0.01 }
    }
}

/// Eigenvalues of a covariance below this share of the largest count as zero.
const RANK: f64 = 1e-10;

/// The erasure of a concept from rows of features with weights that sum to one. `None` if the features are not associated
/// with the concept at all, or if the lists do not have matching lengths.
///
/// # Errors
/// [`TrainError::Torch`].
pub fn eraser(
    features: &[f32],
    width: usize,
    shown: &[bool],
    weights: &[f64],
    shrinkage: f64,
) -> Result<Option<Projection>, TrainError> {
    let rows = shown.len();
    if width == 0 || weights.len() != rows || Some(features.len()) != rows.checked_mul(width) {
        return Ok(None);
    }
    let mean = weighted_mean(features, width, weights);
    let share: f64 =
        shown.iter().zip(weights).map(|(&shown, weight)| f64::from(u8::from(shown)) * weight).sum();
    let all = Tensor::f_from_slice(features)?.f_view([rows as i64, width as i64])?.f_to_kind(Kind::Double)?;
    let centred = all.f_sub(&Tensor::f_from_slice(&mean)?)?;
    let weighted = centred.f_mul(&Tensor::f_from_slice(weights)?.f_unsqueeze(1)?)?;
    let covariance = weighted.f_transpose(0, 1)?.f_matmul(&centred)?;
    let present: Vec<f64> = shown.iter().map(|&shown| f64::from(u8::from(shown)) - share).collect();
    let with = weighted.f_transpose(0, 1)?.f_matmul(&Tensor::f_from_slice(&present)?)?;
    let level = covariance.f_trace()?.f_double_value(&[])? / width as f64;
    let identity = Tensor::f_eye(width as i64, (Kind::Double, tch::Device::Cpu))?;
    let shrunk =
        covariance.f_mul_scalar(1.0 - shrinkage)?.f_add(&identity.f_mul_scalar(shrinkage * level)?)?;
    let (values, vectors) = shrunk.f_linalg_eigh("L")?;
    let least = RANK * values.f_max()?.f_double_value(&[])?;
    let inverse = values.f_reciprocal()?.f_masked_fill(&values.f_le(least)?, 0.0)?;
    let along = vectors.f_transpose(0, 1)?.f_matmul(&with)?;
    let measured = vectors.f_matmul(&along.f_mul(&inverse)?)?;
    let strength = measured.f_dot(&with)?.f_double_value(&[])?;
    if !(strength.is_finite() && strength > 1e-12) {
        return Ok(None);
    }
    let measured = measured.f_div_scalar(strength)?;
    Ok(Some(Projection { taken: Vec::try_from(with)?, measured: Vec::try_from(measured)?, centre: mean }))
}

const NAME: &str = "LEACE";

impl CorrectionMethod for Leace {
    fn about(&self) -> &'static About {
        const {
            &About {
                title: "LEACE",
                needs: Needs { flags: true, masks: false, edits: false, head: true, training: false },
                paper: "https://arxiv.org/abs/2306.03819",
            }
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        if (0.0..=1.0).contains(&self.shrinkage) {
            return Ok(());
        }
        let what = format!("shrinkage is {}, but must be from 0 to 1", self.shrinkage);
        Err(TrainError::Parameter { key: "shrinkage", what })
    }

    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError> {
        HeadWeights::of(case.model, NAME)?;
        if self.balanced { case.check_groups(NAME, 2) } else { case.check_flags(NAME) }
    }

    fn correct(&self, case: &Case<'_>, _: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError> {
        self.fits(case)?;
        let observed = Observed::of(case, NAME, self.balanced)?;
        let Features { values, width } = &observed.features;
        let projection = eraser(values, *width, &observed.shown, &observed.weights, self.shrinkage)?;
        let nothing = TrainError::NothingFound { method: NAME, artefact: case.pool.artefact().to_owned() };
        let projection = projection.ok_or(nothing)?;
        observed.folded(case, NAME, &projection, Vec::new())
    }
}
