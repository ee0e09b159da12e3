//! Shapley value sampling.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coalitions::{Coalitions, Shares, segment_method};
use crate::passes::check_count;
use crate::{AttributionError, Baseline, Segmentation};

/// Shapley values of segments from sampled orders: in each order, the segments are added one after the other, and each is
/// credited with the rise of the score when it is added. The value of a segment is spread evenly over its pixels.
///
/// * **Needs** scores only. **Cost**: for each order, a forward pass for each segment except the last, in batches; and two
///   more forward passes.
/// * **Axioms**: completeness exactly, for every single order; dummy, linearity, implementation invariance exactly; symmetry
///   in expectation.
/// * **Defaults** are Reglet's own: a grid of 8 × 8 and 20 orders, in pairs of an order and its reverse, which cancels much
///   of the sampling error. Captum has 25 orders, unpaired.
/// * **Paper**: Castro, Gómez and Tejada, 2009, <https://doi.org/10.1016/j.cor.2008.04.004>.
///
/// ```
/// # use reglet_attribution::{AttributionError, ShapleySampling};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = ShapleySampling { orders: 2, ..ShapleySampling::default() }.attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShapleySampling {
    /// The segments.
    pub segmentation: Segmentation,
    /// What replaces a segment that is absent.
    pub baseline: Baseline,
    /// The number of orders: 1 to 100000.
    pub orders: usize,
    /// Fixes the orders.
    pub seed: u64,
}

impl Default for ShapleySampling {
    fn default() -> Self {
        let (segmentation, baseline) = (Segmentation::default(), Baseline::default());
        ShapleySampling { segmentation, baseline, orders: 20, seed: 0 }
    }
}

impl ShapleySampling {
    fn shares(&self, coalitions: &Coalitions) -> Result<Shares, AttributionError> {
        let count = coalitions.count();
        let (from, to) = coalitions.ends()?;
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut order: Vec<usize> = (0..count).collect();
        let mut total = vec![0.0; count];
        for draw in 0..self.orders {
            if draw % 2 == 0 {
                order.shuffle(&mut random);
            } else {
                order.reverse();
            }
            let mut kept = vec![0.0; count];
            let grown = order[..count - 1].iter().map(|&segment| {
                kept[segment] = 1.0;
                kept.clone()
            });
            let mut scores = coalitions.scores(&grown.collect::<Vec<_>>())?;
            scores.push(to);
            let mut before = from;
            for (&segment, score) in order.iter().zip(scores) {
                total[segment] += (score - before) / self.orders as f64;
                before = score;
            }
        }
        Ok(Shares { of_segments: total, rise: Some(to - from) })
    }

    fn check_counts(&self) -> Result<(), AttributionError> {
        check_count("Shapley sampling", "orders", self.orders)
    }

    fn counts(&self) -> Option<String> {
        Some(format!("{} orders", self.orders))
    }
}

segment_method!(
    ShapleySampling,
    "Shapley sampling",
    "2 + orders × (segments − 1) forward",
    "https://doi.org/10.1016/j.cor.2008.04.004"
);
