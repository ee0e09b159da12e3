//! Sobol indices.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::coalitions::{Coalitions, Shares, segment_method};
use crate::passes::check_count;
use crate::{Attribution, AttributionError, AttributionMethod, Baseline, Scores, Segmentation};

/// Each segment's share of the variance of the score, alone and in interaction with others, while all segments fade in and
/// out at random: the total-order index E_{∼i}\[Var_i F\] / Var F, by Jansen's estimator from two sets of samples A and B, Σ
/// (F(A) − F(A with column i of B))² / 2n Var F. The value of a segment is spread evenly over its pixels.
///
/// * **Needs** scores only. **Cost**: `samples` × (segments + 2) forward passes, in batches.
/// * **Axioms**: dummy, implementation invariance; indices have no sign, and do not sum to one if segments interact: they
///   show that a segment matters, but not in which direction. If the score never changes, they are zero.
/// * **Defaults** are Reglet's own: a grid of 8 × 8 and 32 samples, as in the authors' library, but with independent samples
///   instead of a quasi-random sequence.
/// * **Paper**: Fel et al., 2021, <https://arxiv.org/abs/2111.04138>.
///
/// ```
/// # use reglet_attribution::{AttributionError, Sobol};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = Sobol { samples: 4, ..Sobol::default() }.attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sobol {
    /// The segments.
    pub segmentation: Segmentation,
    /// What a segment fades to.
    pub baseline: Baseline,
    /// The number of pairs of samples: 1 to 100000.
    pub samples: usize,
    /// Fixes the draws.
    pub seed: u64,
}

impl Default for Sobol {
    fn default() -> Self {
        let (segmentation, baseline) = (Segmentation::default(), Baseline::default());
        Sobol { segmentation, baseline, samples: 32, seed: 0 }
    }
}

impl Sobol {
    fn shares(&self, coalitions: &Coalitions) -> Result<Shares, AttributionError> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut draw = || -> Vec<Vec<f64>> {
            let mut row = || (0..coalitions.count()).map(|_| random.random()).collect();
            (0..self.samples).map(|_| row()).collect()
        };
        Ok(Shares::incomplete(total_order(coalitions, &draw(), &draw())?))
    }

    fn check_counts(&self) -> Result<(), AttributionError> {
        check_count("Sobol indices", "samples", self.samples)
    }

    fn counts(&self) -> Option<String> {
        Some(format!("{} samples", self.samples))
    }

    /// The attribution by [`attribute`](Sobol::attribute), with samples given by the caller: two sets with the same number of rows, each with a degree from 0 to 1 for
    /// every segment.
    ///
    /// # Errors
    /// The errors of the model, [`AttributionError::Baseline`] and [`AttributionError::Parameter`].
    pub fn attribute_with(
        &self,
        model: &dyn Scores,
        inputs: &Tensor,
        targets: &[usize],
        [first, second]: [&[Vec<f64>]; 2],
    ) -> Result<Attribution, AttributionError> {
        AttributionMethod::check(self)?;
        self.game().attribution(model, inputs, targets, |coalitions| {
            let fits = |rows: &[Vec<f64>]| rows.iter().all(|row| row.len() == coalitions.count());
            if first.is_empty() || first.len() != second.len() || !fits(first) || !fits(second) {
                return Err(AttributionError::Parameter {
                    method: "Sobol indices",
                    parameter: "samples",
                    value: format!("{} and {} rows", first.len(), second.len()),
                    expected: "as many rows in both, each with a degree for every segment",
                });
            }
            Ok(Shares::incomplete(total_order(coalitions, first, second)?))
        })
    }
}

segment_method!(
    Sobol,
    "Sobol indices",
    "samples × (segments + 2) forward",
    "https://arxiv.org/abs/2111.04138"
);

/// The total-order index of each segment.
fn total_order(
    coalitions: &Coalitions,
    first: &[Vec<f64>],
    second: &[Vec<f64>],
) -> Result<Vec<f64>, AttributionError> {
    let count = first.len() as f64;
    let scores = coalitions.scores(first)?;
    let others = coalitions.scores(second)?;
    let mean = scores.iter().chain(&others).sum::<f64>() / (2.0 * count);
    let variance =
        scores.iter().chain(&others).map(|score| (score - mean).powi(2)).sum::<f64>() / (2.0 * count);
    let index = |segment: usize| -> Result<f64, AttributionError> {
        let mut mixed = first.to_vec();
        for (mixed, second) in mixed.iter_mut().zip(second) {
            mixed[segment] = second[segment];
        }
        let mixed = coalitions.scores(&mixed)?;
        let changes: f64 = scores.iter().zip(mixed).map(|(score, mixed)| (score - mixed).powi(2)).sum();
        // Without any variance nothing contributes to it; scores that are not finite have none either, and give NaN.
        Ok(if variance == 0.0 { 0.0 } else { changes / (2.0 * count * variance) })
    };
    (0..coalitions.count()).map(index).collect()
}
