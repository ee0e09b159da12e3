//! DeepLIFT SHAP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::deep_lift::rescale;
use crate::walk::Walk;
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Family, Gap, Operators, Point,
};

/// The mean of [`DeepLift`](crate::DeepLift) over several references: an approximation to the SHAP values of the
/// input against the distribution that the references are drawn from.
///
/// * **Needs** the operators. **Cost**: one forward pass of each reference and of the input, and a backward pass
///   for each reference.
/// * **Axioms**: completeness (the attributions sum to F(x) minus the mean of F over the references), sensitivity (b),
///   symmetry; not implementation invariance.
/// * **Defaults** are Reglet's own: the uniform pictures zero, black, white and grey. Captum has no default and requires at
///   least two references; pictures of the training set are better references.
/// * **Paper**: Lundberg and Lee, 2017, <https://arxiv.org/abs/1705.07874>.
///
/// ```
/// # use reglet_attribution::{AttributionError, Baseline, DeepLiftShap};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let method = DeepLiftShap { baselines: vec![Baseline::Black, Baseline::White] };
/// assert_eq!(method.attribute(&model, &input, &[3])?.values.size(), [1, 3, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeepLiftShap {
    /// The references: one or more.
    pub baselines: Vec<Baseline>,
}

impl Default for DeepLiftShap {
    fn default() -> Self {
        DeepLiftShap { baselines: vec![Baseline::Zero, Baseline::Black, Baseline::White, Baseline::Grey] }
    }
}

impl DeepLiftShap {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target, of the inputs' shape, with its gap.
    ///
    /// # Errors
    /// The errors of the model, [`AttributionError::Baseline`] and [`AttributionError::Parameter`].
    pub fn attribute(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        AttributionMethod::check(self)?;
        let walk = Walk::new(model, inputs, targets)?;
        let share = 1.0 / self.baselines.len() as f64;
        let mut values = inputs.f_zeros_like()?;
        let mut difference = walk.scores.shallow_clone();
        for baseline in &self.baselines {
            let baseline = baseline.tensor(model, inputs)?;
            let (part, from) = rescale(model, &walk, inputs, targets, &baseline)?;
            values = values.f_add(&part.f_mul_scalar(share)?)?;
            difference = difference.f_sub(&from.f_mul_scalar(share)?)?;
        }
        let gaps = Gap::of(&values, &difference)?;
        Ok(Attribution { values, gaps: Some(gaps) })
    }
}

impl AttributionMethod for DeepLiftShap {
    fn about(&self) -> &'static About {
        &About {
            title: "DeepLIFT SHAP",
            family: Family::Rules,
            cost: "1 + references forward, references backward",
            paper: "https://arxiv.org/abs/1705.07874",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        if self.baselines.is_empty() {
            return Err(AttributionError::Parameter {
                method: "DeepLIFT SHAP",
                parameter: "baselines",
                value: "empty".to_owned(),
                expected: "one or more",
            });
        }
        self.baselines.iter().try_for_each(|baseline| baseline.check("DeepLIFT SHAP"))
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.operators()?, point.inputs, point.targets())
    }
}
