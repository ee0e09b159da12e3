//! Input × gradient.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{
    About, Attribution, AttributionError, AttributionMethod, Classifier, Family, Gradients, Needs, Point,
};

/// Each input value times the score's gradient with respect to it, x ⊙ ∂F/∂x: the contribution of the value if the score
/// were linear.
///
/// * **Needs** gradients. **Cost**: one forward and one backward pass, shared with other methods.
/// * **Axioms**: completeness only if the score is linear and zero at zero; not sensitivity (a), and not input-shift
///   invariance, because the result depends on the position of zero.
/// * **Defaults**: none; it has no parameters.
/// * **Paper**: Shrikumar, Greenside, Shcherbina and Kundaje, 2016, <https://arxiv.org/abs/1605.01713>.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputXGradient {}

impl InputXGradient {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target.
    ///
    /// # Errors
    /// The errors of the model.
    pub fn attribute(
        &self,
        model: &dyn Gradients,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        self.from_gradient(inputs, &model.gradients(inputs, targets)?.1)
    }

    /// The attribution from a gradient that has already been computed.
    ///
    /// # Errors
    /// [`AttributionError::Torch`] if the shapes differ.
    pub fn from_gradient(&self, inputs: &Tensor, gradient: &Tensor) -> Result<Attribution, AttributionError> {
        Ok(Attribution { values: inputs.f_mul(gradient)?, gaps: None })
    }
}

impl AttributionMethod for InputXGradient {
    fn about(&self) -> &'static About {
        &About {
            title: "Input × Gradient",
            family: Family::Gradients,
            cost: "1 forward, 1 backward, shared",
            paper: "https://arxiv.org/abs/1605.01713",
        }
    }

    fn needs(&self, _model: Classifier<'_>) -> Result<Needs, AttributionError> {
        Ok(Needs::input_gradient())
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.from_gradient(point.inputs, point.input_gradient())
    }
}
