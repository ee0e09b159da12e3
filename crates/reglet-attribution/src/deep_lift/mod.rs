//! DeepLIFT.

mod rescale;
mod reveal_cancel;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

pub(crate) use rescale::rescale;
use reveal_cancel::reveal_cancel;

use crate::walk::Walk;
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Family, Gap, Operators, Point,
};

/// Differences from a reference, distributed operator by operator: multipliers m are propagated back through the network,
/// and the attribution is m ⊙ (x − x′). By the Rescale rule, an elementwise function y = f(x) has the multiplier Δy / Δx,
/// where Δ is the difference between the pass of the input and that of the reference; the multipliers of a weighted sum are
/// its weights.
///
/// Operators that the paper does not cover have multipliers that make the result complete. A maximum assigns its rise above
/// the reference to the new maximum and its fall to the old one. Any other operator (a product, softmax, layer norm) uses
/// the mean of its derivative along the straight line from the reference; for elementwise functions, this is the Rescale
/// rule.
///
/// * **Needs** the operators. **Cost**: one forward pass of the reference, one forward and one backward pass of
///   the input.
/// * **Axioms**: completeness (the attributions sum to F(x) − F(x′)), sensitivity (a) and (b), symmetry; not
///   implementation invariance, as Sundararajan et al. show.
/// * **Defaults**: a reference of zero in the model's input space, as in Captum; where |Δx| < 10⁻¹⁰, the operator's own
///   derivative is used, as in Captum.
/// * **Paper**: Shrikumar, Greenside and Kundaje, 2017, <https://arxiv.org/abs/1704.02685>.
///
/// ```
/// # use reglet_attribution::{AttributionError, DeepLift};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = DeepLift::default().attribute(&model, &input, &[3])?;
/// // In a ResNet, with its in-place ReLUs used twice and its residual sums, nothing is lost on the way.
/// assert!(found.gaps.is_some_and(|gaps| gaps[0].relative < 1e-3));
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeepLift {
    /// The rule for rectifiers and other elementwise functions.
    pub rule: DeepLiftRule,
    /// The reference.
    pub baseline: Baseline,
}

/// How an elementwise function propagates multipliers back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeepLiftRule {
    /// Δy / Δx.
    #[default]
    Rescale,
    /// Positive and negative contributions to the function's input have separate multipliers, Δy⁺ / Δx⁺ and Δy⁻ / Δx⁻, where
    /// Δy⁺ is the mean of the rise that Δx⁺ causes from the reference and from the reference plus Δx⁻. Influences that
    /// cancel each other therefore remain visible. With this rule, everything except a maximum is split into positive and
    /// negative contributions.
    RevealCancel,
}

impl DeepLift {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target, of the inputs' shape, with its gap.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::Baseline`].
    pub fn attribute(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        let walk = Walk::new(model, inputs, targets)?;
        let baseline = self.baseline.tensor(model, inputs)?;
        let (values, from) = match self.rule {
            DeepLiftRule::Rescale => rescale(model, &walk, inputs, targets, &baseline)?,
            DeepLiftRule::RevealCancel => reveal_cancel(model, &walk, inputs, targets, &baseline)?,
        };
        let gaps = Gap::of(&values, &walk.scores.f_sub(&from)?)?;
        Ok(Attribution { values, gaps: Some(gaps) })
    }
}

impl AttributionMethod for DeepLift {
    fn about(&self) -> &'static About {
        &About {
            title: "DeepLIFT",
            family: Family::Rules,
            cost: "2 forward, 1 backward",
            paper: "https://arxiv.org/abs/1704.02685",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        self.baseline.check("DeepLIFT")
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.operators()?, point.inputs, point.targets())
    }
}
