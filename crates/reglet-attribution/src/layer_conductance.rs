//! Layer conductance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::cam::layer_method;
use crate::layer_path::{along, baseline_of};
use crate::passes::{add, by_row};
use crate::{AttributionError, Baseline, Layer, Layers, Upsampling};

/// The part of Integrated Gradients that flows through each unit h of a layer: Σ_i (x_i − x′_i) ∫ ∂F/∂h ∂h/∂x_i dα, which
/// along the path is ∫ ∂F/∂h dh. It is summed over the intervals between n + 1 points as (h_{k+1} − h_k) · ½ (g_k + g_{k+1})
/// with g = ∂F/∂h. The map is summed over channels and resized to the input.
///
/// * **Needs** a layer with height and width. **Cost**: `steps` + 1 forward passes, and as many backward to the layer.
/// * **Axioms**: completeness at the layer, up to the error of the sum, if all paths to the output pass through the layer;
///   sensitivity (b), linearity, and implementation invariance of the network around the layer.
/// * **Defaults**: 50 steps from zero in the model's input space, as in Captum. Captum uses Gauss-Legendre points, which
///   exclude both ends of the path, and only the gradient at the start of each step.
/// * **Paper**: Dhamdhere, Sundararajan and Yan, 2018, <https://arxiv.org/abs/1805.12233>.
///
/// ```
/// # use reglet_attribution::{AttributionError, LayerConductance};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = LayerConductance::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LayerConductance {
    /// The layer's name, such as `layer4.1.conv2`; the model's last convolution by default.
    pub layer: Option<String>,
    /// The number of steps of the path: 1 to 100000.
    pub steps: usize,
    /// The start of the path.
    pub baseline: Baseline,
    /// How the map is resized to the input.
    pub upsampling: Upsampling,
}

impl Default for LayerConductance {
    fn default() -> Self {
        LayerConductance {
            layer: None,
            steps: 50,
            baseline: Baseline::default(),
            upsampling: Upsampling::default(),
        }
    }
}

impl LayerConductance {
    /// The conductance of each unit of the layer, in the shape of the layer's result.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::Parameter`].
    pub fn at_layer(
        &self,
        model: &dyn Layers,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Tensor, AttributionError> {
        self.check_parameters()?;
        let layer = model.layer(self.layer.as_deref())?;
        let places: Vec<f64> = (0..=self.steps).map(|step| step as f64 / self.steps as f64).collect();
        let baselines = self.baseline.tensor(model, inputs)?;
        let mut rows = Vec::with_capacity(targets.len());
        for (row, target) in by_row(inputs, targets)? {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            let baseline = baseline_of(&baselines, row as i64)?;
            let (mut total, mut last) = (None, None::<[Tensor; 2]>);
            along(model, &layer, [&baseline, &input], &places, target, |_, activations, gradients| {
                // The last point of the pass before begins the first interval of this one.
                let seen = match &last {
                    Some([activation, gradient]) => [
                        Tensor::f_cat(&[activation, activations], 0)?,
                        Tensor::f_cat(&[gradient, gradients], 0)?,
                    ],
                    None => [activations.shallow_clone(), gradients.shallow_clone()],
                };
                let steps = seen[0].size()[0] - 1;
                let [from, to] = [0, 1].map(|first| seen[0].f_narrow(0, first, steps));
                let [left, right] = [0, 1].map(|first| seen[1].f_narrow(0, first, steps));
                let mean = left?.f_add(&right?)?.f_mul_scalar(0.5)?;
                add(&mut total, to?.f_sub(&from?)?.f_mul(&mean)?.f_sum_dim_intlist(0, true, None::<Kind>)?)?;
                let [activation, gradient] = seen.map(|seen| seen.f_narrow_copy(0, steps, 1));
                last = Some([activation?, gradient?]);
                Ok(())
            })?;
            rows.extend(total);
        }
        Ok(Tensor::f_cat(&rows, 0)?)
    }

    fn check_parameters(&self) -> Result<(), AttributionError> {
        crate::layer_path::check("Layer conductance", self.steps, &self.baseline)
    }

    fn described(&self, layer: &Layer) -> String {
        format!("{layer}, {} steps", self.steps)
    }
}

layer_method!(
    LayerConductance,
    Layers,
    layers,
    "Layer conductance",
    "steps + 1 forward and backward to the layer",
    "https://arxiv.org/abs/1805.12233",
    Sum
);
