//! Projective class artefact compensation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fold::{HeadWeights, Projection};
use super::pattern::{balance, pattern, weighted_mean};
use super::{About, Case, Corrected, CorrectionMethod, Needs};
use crate::{Features, Progress, TrainError};

/// P-ClArC: the input of the last layer is projected so that its component along the artefact's direction is the mean of
/// pictures without the artefact: r(x) = x − v vᵀ (x − m), with the artefact's [pattern](fn@super::pattern) v of length one,
/// and the mean m of the features without it. The projection is folded into the last layer exactly: W′ = W (I − v vᵀ), b′ =
/// b + (v · m) W v.
///
/// * **Needs** to know for each picture whether it shows the artefact, at least two of either kind in each class, and a
///   linear last layer with a bias. It trains nothing.
/// * **Defaults**: every group of class and artefact has the same weight (`balanced`), so that features associated with the
///   class are not removed with the artefact; the authors give every picture the same weight.
/// * **Papers**: Anders et al., *Finding and removing Clever Hans*, 2022, <https://arxiv.org/abs/1912.11425>; by the pattern:
///   Pahde et al., *Navigating neural space*, 2022, <https://arxiv.org/abs/2202.03482>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PClarc {
    /// Whether every group of class and artefact has the same weight.
    pub balanced: bool,
}

impl Default for PClarc {
    fn default() -> Self {
        PClarc { balanced: true }
    }
}

/// The features of the training pictures, whether each shows the artefact, and its weight.
pub(super) struct Observed {
    pub features: Features,
    pub shown: Vec<bool>,
    pub weights: Vec<f64>,
}

impl Observed {
    /// Those of the training pictures of a case.
    pub fn of(case: &Case<'_>, method: &'static str, balanced: bool) -> Result<Observed, TrainError> {
        let why = "this model's is applied at each position of a picture".to_owned();
        let features = case.pool.features(case.model, case.train)?;
        let features = features.ok_or(TrainError::NoLinearHead { method, why })?;
        let kinds: Vec<usize> = case.train.iter().filter_map(|&place| case.pool.kind(place)).collect();
        let weights = if balanced { balance(&kinds) } else { vec![1.0 / kinds.len() as f64; kinds.len()] };
        Ok(Observed { features, shown: kinds.iter().map(|kind| kind % 2 == 1).collect(), weights })
    }

    /// The case's model with a projection folded into its last layer.
    pub fn folded(
        &self,
        case: &Case<'_>,
        method: &'static str,
        projection: &Projection,
        facts: Vec<(&'static str, f64)>,
    ) -> Result<Corrected, TrainError> {
        let (head, place) = HeadWeights::of(case.model, method)?;
        let (parameters, changed) = head.folded(projection).put(case.model, place)?;
        case.corrected(parameters, changed, facts)
    }
}

const NAME: &str = "P-ClArC";

impl CorrectionMethod for PClarc {
    fn about(&self) -> &'static About {
        const {
            &About {
                title: "P-ClArC",
                needs: Needs { flags: true, masks: false, edits: false, head: true, training: false },
                paper: "https://arxiv.org/abs/2202.03482",
            }
        }
    }

    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError> {
        HeadWeights::of(case.model, NAME)?;
        if self.balanced { case.check_groups(NAME, 2) } else { case.check_flags(NAME) }
    }

    fn correct(&self, case: &Case<'_>, _: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError> {
        self.fits(case)?;
        let observed = Observed::of(case, NAME, self.balanced)?;
        let Features { values, width } = &observed.features;
        let nothing = || TrainError::NothingFound { method: NAME, artefact: case.pool.artefact().to_owned() };
        let found = pattern(values, *width, &observed.shown, &observed.weights).ok_or_else(nothing)?;
        let length = found.iter().map(|value| value * value).sum::<f64>().sqrt();
        if length.is_nan() || length < 1e-12 {
            return Err(nothing());
        }
        let direction: Vec<f64> = found.iter().map(|value| value / length).collect();
        let without: f64 =
            observed.shown.iter().zip(&observed.weights).filter(|(shown, _)| !**shown).map(|(_, w)| w).sum();
        let weights: Vec<f64> = observed
            .shown
            .iter()
            .zip(&observed.weights)
            .map(|(&shown, weight)| if shown { 0.0 } else { weight / without })
            .collect();
        let centre = weighted_mean(values, *width, &weights);
        let projection = Projection { taken: direction.clone(), measured: direction, centre };
        observed.folded(case, NAME, &projection, vec![("pattern_length", length)])
    }
}
