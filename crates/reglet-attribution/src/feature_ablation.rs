//! Feature ablation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::coalitions::Game;
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Family, Point, Reduction, Scores,
    Segmentation,
};

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
    fn game(&self) -> Game<'_> {
        Game { method: "Feature ablation", segmentation: &self.segmentation, baseline: &self.baseline }
    }

    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`.
    ///
    /// # Errors
    /// The errors of the model, [`AttributionError::Baseline`] and [`AttributionError::Parameter`].
    pub fn attribute(
        &self,
        model: &dyn Scores,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        self.game().check()?;
        let values = self.game().play(model, inputs, targets, |coalitions| {
            let count = coalitions.count();
            let mut kept = vec![vec![1.0; count]; count + 1];
            for (index, kept) in kept.iter_mut().take(count).enumerate() {
                kept[index] = 0.0;
            }
            let mut scores = coalitions.scores(&kept)?;
            let whole = scores.pop().expect("the last row keeps everything");
            Ok(scores.into_iter().map(|score| whole - score).collect())
        })?;
        Ok(Attribution { values, gaps: None })
    }
}

impl AttributionMethod for FeatureAblation {
    fn about(&self) -> &'static About {
        &About {
            title: "Feature ablation",
            family: Family::Scores,
            cost: "1 + segments forward",
            paper: "https://arxiv.org/abs/2009.07896",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        self.game().check()
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model, point.inputs, point.targets())
    }

    fn reduction(&self) -> Reduction {
        Reduction::Sum
    }
}
