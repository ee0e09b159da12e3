//! Guided backpropagation.

use reglet_model::{Call, ModelError, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::walk::{Walk, check_rectified};
use crate::{About, Attribution, AttributionError, AttributionMethod, Family, Operators, Point};

/// The gradient of the score, where every rectifier passes back only the positive part: through ReLU, g ↦ 1\[x > 0\] ⊙
/// max(g, 0).
///
/// * **Needs** the operators. **Cost**: one forward and one backward pass.
/// * **Axioms**: none of completeness, sensitivity (a) or implementation invariance; and it hardly depends on the weights of
///   the upper layers (Adebayo et al., 2018, <https://arxiv.org/abs/1810.03292>): it resembles an edge detector and is not
///   evidence.
/// * **Defaults**: none; it has no parameters. The rule applies to every rectifier of the graph, whether called as a module,
///   as a function, in place or twice, and also to ReLU6, which Captum omits.
/// * **Paper**: Springenberg, Dosovitskiy, Brox and Riedmiller, 2014, <https://arxiv.org/abs/1412.6806>.
///
/// ```
/// # use reglet_attribution::{AttributionError, GuidedBackprop};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = GuidedBackprop::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 3, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuidedBackprop {}

impl GuidedBackprop {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target, of the inputs' shape.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::NoRectifier`] for one without a ReLU.
    pub fn attribute(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        check_rectified("Guided backpropagation", model)?;
        let walk = Walk::new(model, inputs, targets)?;
        Ok(Attribution { values: walk.to_input(&walk.seed, &rule)?, gaps: None })
    }
}

fn rule(call: &Call) -> Result<Vec<Option<Tensor>>, ModelError> {
    match call.node.op.role() {
        Role::Rectifier => call.own(&call.upstream.f_relu()?),
        _ => call.own(call.upstream),
    }
}

impl AttributionMethod for GuidedBackprop {
    fn about(&self) -> &'static About {
        &About {
            title: "Guided backpropagation",
            family: Family::Rules,
            cost: "1 forward, 1 backward",
            paper: "https://arxiv.org/abs/1412.6806",
        }
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.operators()?, point.inputs, point.targets())
    }

    fn is_gradient(&self) -> bool {
        true
    }
}
