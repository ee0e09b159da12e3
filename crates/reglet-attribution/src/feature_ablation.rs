//! Feature ablation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coalitions::{Coalitions, Shares, segment_method};
use crate::{AttributionError, Baseline, Segmentation};

/// The decrease of the score when one segment is replaced by a baseline: F(x) − F(x without the segment), spread evenly over
/// the segment's pixels.
///
/// * **Needs** scores only. **Cost**: a forward pass for each segment, in batches, and one for the input.
/// * **Axioms**: dummy, linearity, symmetry, implementation invariance; completeness only where segments do not interact.
/// * **Defaults** are Reglet's own: a grid of 8 × 8, replaced by zero in the model's input space. In Captum, every pixel of
///   a segment has the whole decrease; here the pixels share it, so that sums over a region are meaningful.
/// * **Paper**: Captum's method of that name, <https://arxiv.org/abs/2009.07896>.
///
/// ```
/// # use reglet_attribution::{AttributionError, FeatureAblation};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = FeatureAblation::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureAblation {
    /// The segments.
    pub segmentation: Segmentation,
    /// What replaces a segment.
    pub baseline: Baseline,
}

impl FeatureAblation {
    fn shares(&self, coalitions: &Coalitions) -> Result<Shares, AttributionError> {
        let count = coalitions.count();
        let mut kept = vec![vec![1.0; count]; count + 1];
        for (index, kept) in kept.iter_mut().take(count).enumerate() {
            kept[index] = 0.0;
        }
        let mut scores = coalitions.scores(&kept)?;
        let whole = scores.pop().expect("the last row keeps everything");
        Ok(Shares::incomplete(scores.into_iter().map(|score| whole - score).collect()))
    }

    fn check_counts(&self) -> Result<(), AttributionError> {
        Ok(())
    }

    fn counts(&self) -> Option<String> {
        None
    }
}

segment_method!(
    FeatureAblation,
    "Feature ablation",
    "1 + segments forward",
    "https://arxiv.org/abs/2009.07896"
);
