//! Kernel SHAP.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::coalitions::{Coalitions, Shares, segment_method};
use crate::passes::check_count;
use crate::{AttributionError, Baseline, Segmentation};

/// Shapley values of segments by regression: the additive game that best approximates the score, F(S) ≈ F(∅) + Σ_{i∈S} φ_i,
/// where coalitions of k of M segments have the weight (M − 1) / (C(M, k) k (M − k)). The value of a segment is spread
/// evenly over its pixels.
///
/// If there are at least as many samples as coalitions, 2^M − 2, all coalitions are used and the result is exact. Otherwise,
/// sizes are drawn in proportion to their total weight, and coalitions of a size with equal probability, each together with
/// its complement.
///
/// * **Needs** scores only. **Cost**: `samples` + 2 forward passes, in batches, and the solution of a system of M equations.
/// * **Axioms**: completeness exactly, by a constraint (Captum instead gives the empty and the full coalition the weight
///   10⁶); dummy, linearity and symmetry up to the sampling error, or exactly if all coalitions are used.
/// * **Defaults** are Reglet's own: a grid of 8 × 8 and 2000 samples. Captum has 25.
/// * **Paper**: Lundberg and Lee, 2017, <https://arxiv.org/abs/1705.07874>; pairs: Covert and Lee, 2021,
///   <https://arxiv.org/abs/2012.01536>.
///
/// ```
/// # use reglet_attribution::{AttributionError, KernelShap};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = KernelShap { samples: 200, ..KernelShap::default() }.attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KernelShap {
    /// The segments: two or more.
    pub segmentation: Segmentation,
    /// What replaces a segment that is absent.
    pub baseline: Baseline,
    /// The number of coalitions whose score is computed: 1 to 100000. A coalition and its complement say the same of an
    /// additive game, so fewer than twice the number of segments leave the shares undetermined, and what the draws say nothing
    /// of is divided equally.
    pub samples: usize,
    /// Fixes the draws.
    pub seed: u64,
}

impl Default for KernelShap {
    fn default() -> Self {
        let (segmentation, baseline) = (Segmentation::default(), Baseline::default());
        KernelShap { segmentation, baseline, samples: 2000, seed: 0 }
    }
}

impl KernelShap {
    fn shares(&self, coalitions: &Coalitions) -> Result<Shares, AttributionError> {
        let (from, to) = coalitions.ends()?;
        let of_segments = if coalitions.count() == 1 {
            vec![to - from]
        } else {
            let (kept, weights) = self.draws(coalitions.count());
            regression(&kept, &weights, &coalitions.scores(&kept)?, from, to)?
        };
        Ok(Shares { of_segments, rise: Some(to - from) })
    }

    fn check_counts(&self) -> Result<(), AttributionError> {
        check_count("Kernel SHAP", "samples", self.samples)
    }

    fn counts(&self) -> Option<String> {
        Some(format!("{} samples", self.samples))
    }

    /// Coalitions of `count` segments, with 1 for the segments that are kept, and their weights.
    fn draws(&self, count: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
        let of_size = |size: usize| (count - 1) as f64 / (size * (count - size)) as f64;
        if count < 17 && (1_usize << count) - 2 <= self.samples {
            let all = 1..(1_usize << count) - 1;
            let kept = all.map(|set| (0..count).map(|bit| (set >> bit & 1) as f64).collect::<Vec<f64>>());
            let weight = |kept: &Vec<f64>| {
                let size = kept.iter().sum::<f64>() as usize;
                of_size(size) / binomial(count, size)
            };
            let kept: Vec<Vec<f64>> = kept.collect();
            let weights = kept.iter().map(weight).collect();
            return (kept, weights);
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let total: f64 = (1..count).map(of_size).sum();
        let mut order: Vec<usize> = (0..count).collect();
        let mut kept = Vec::with_capacity(self.samples);
        while kept.len() < self.samples {
            let mut place = random.random::<f64>() * total;
            let drawn = (1..count).find(|&size| {
                place -= of_size(size);
                place < 0.0
            });
            order.shuffle(&mut random);
            let mut set = vec![0.0; count];
            for &segment in &order[..drawn.unwrap_or(count - 1)] {
                set[segment] = 1.0;
            }
            let complement = set.iter().map(|kept| 1.0 - kept).collect();
            kept.extend([set, complement]);
        }
        kept.truncate(self.samples);
        let weights = vec![1.0; kept.len()];
        (kept, weights)
    }
}

segment_method!(KernelShap, "Kernel SHAP", "2 + samples forward", "https://arxiv.org/abs/1705.07874");

fn binomial(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product()
}

/// The weighted least squares fit of F(S) − F(∅) by Σ_{i∈S} φ_i with Σ φ = F(all) − F(∅) = T. What is fitted is v = φ − T / M,
/// the deviation from equal shares, whose sum is 0 if each coalition's mean is subtracted from it. If too few coalitions were
/// drawn for a unique solution, it is the one with the smallest deviation from equal shares, which prefers no segment.
fn regression(
    kept: &[Vec<f64>],
    weights: &[f64],
    scores: &[f64],
    from: f64,
    to: f64,
) -> Result<Vec<f64>, AttributionError> {
    let count = kept[0].len();
    let mut rows = Vec::with_capacity(kept.len() * count);
    let mut outcomes = Vec::with_capacity(kept.len());
    for ((kept, weight), score) in kept.iter().zip(weights).zip(scores) {
        let (root, mean) = (weight.sqrt(), kept.iter().sum::<f64>() / count as f64);
        rows.extend(kept.iter().map(|kept| root * (kept - mean)));
        outcomes.push(root * (score - from - mean * (to - from)));
    }
    let design = Tensor::f_from_slice(&rows)?.f_view([-1, count as i64])?;
    let outcome = Tensor::f_from_slice(&outcomes)?.f_view([-1, 1])?;
    let transposed = design.f_transpose(0, 1)?;
    let normal = transposed.f_matmul(&design)?.f_linalg_pinv(1e-10, true)?;
    let shares = normal.f_matmul(&transposed.f_matmul(&outcome)?)?.f_view([-1])?;
    let shares: Vec<f64> = Vec::try_from(shares.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?)?;
    // The sum is T exactly, whatever was rounded.
    let equal = (to - from - shares.iter().sum::<f64>()) / count as f64;
    Ok(shares.into_iter().map(|share| share + equal).collect())
}
