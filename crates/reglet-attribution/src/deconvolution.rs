//! Deconvolution.

use reglet_model::{Call, ModelError, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::walk::{Walk, check_rectified};
use crate::{About, Attribution, AttributionError, AttributionMethod, Family, Operators, Point};

/// The network is run backwards by transposed convolutions. Every rectifier passes back the positive part, whether it was
/// active or not: g ↦ max(g, 0).
///
/// * **Needs** the operators. **Cost**: one forward and one backward pass.
/// * **Axioms**: none of completeness, sensitivity (a) or implementation invariance.
/// * **Defaults**: none; it has no parameters. The rule applies to every rectifier of the graph, including ReLU6.
/// * **Paper**: Zeiler and Fergus, 2013, <https://arxiv.org/abs/1311.2901>.
///
/// ```
/// # use reglet_attribution::{AttributionError, Deconvolution};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = Deconvolution::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 3, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deconvolution {}

impl Deconvolution {
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
        check_rectified("Deconvolution", model)?;
        let walk = Walk::new(model, inputs, targets)?;
        Ok(Attribution { values: walk.to_input(&walk.seed, &rule)?, gaps: None })
    }
}

fn rule(call: &Call) -> Result<Vec<Option<Tensor>>, ModelError> {
    match call.node.op.role() {
        Role::Rectifier => Ok(vec![Some(call.upstream.f_relu()?)]),
        _ => call.own(call.upstream),
    }
}

impl AttributionMethod for Deconvolution {
    fn about(&self) -> &'static About {
        &About {
            title: "Deconvolution",
            family: Family::Rules,
            cost: "1 forward, 1 backward",
            paper: "https://arxiv.org/abs/1311.2901",
        }
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.operators()?, point.inputs, point.targets())
    }

    fn is_gradient(&self) -> bool {
        true
    }
}
