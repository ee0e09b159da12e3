//! Saliency.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{
    About, Attribution, AttributionError, AttributionMethod, Classifier, Family, Gradients, Needs, Point,
};

/// The gradient of the score with respect to the input, |∂F/∂x|: how much the score changes with each
/// value, to first order.
///
/// * **Needs** gradients. **Cost**: one forward and one backward pass, shared with other methods.
/// * **Axioms**: sensitivity to the model's parameters; neither completeness nor sensitivity (a), because the gradient is
///   zero where the score is saturated.
/// * **Defaults** are Captum's: the absolute value, with all channels kept. The largest channel is drawn.
/// * **Paper**: Simonyan, Vedaldi and Zisserman, 2013, <https://arxiv.org/abs/1312.6034>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Saliency {
    /// Whether the sign is dropped.
    pub absolute: bool,
}

impl Default for Saliency {
    fn default() -> Self {
        Saliency { absolute: true }
    }
}

impl Saliency {
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
        self.from_gradient(&model.gradients(inputs, targets)?.1)
    }

    /// The attribution from a gradient that has already been computed.
    ///
    /// # Errors
    /// [`AttributionError::Torch`].
    pub fn from_gradient(&self, gradient: &Tensor) -> Result<Attribution, AttributionError> {
        let values = if self.absolute { gradient.f_abs()? } else { gradient.shallow_clone() };
        Ok(Attribution { values, gaps: None })
    }
}

impl AttributionMethod for Saliency {
    fn about(&self) -> &'static About {
        &About {
            title: "Saliency",
            family: Family::Gradients,
            cost: "1 forward, 1 backward, shared",
            paper: "https://arxiv.org/abs/1312.6034",
        }
    }

    fn needs(&self, _model: Classifier<'_>) -> Result<Needs, AttributionError> {
        Ok(Needs::input_gradient())
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.from_gradient(point.input_gradient())
    }

    fn is_gradient(&self) -> bool {
        !self.absolute
    }
}
