//! Internal influence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::cam::layer_method;
use crate::layer_path::{along, baseline_of};
use crate::passes::{add, by_row};
use crate::{AttributionError, Baseline, Layer, Layers, Quadrature, Upsampling};

/// The mean of the score's gradient with respect to each unit h of a layer, while the input moves along the straight line
/// from a baseline: ∫₀¹ ∂F/∂h (x′ + α (x − x′)) dα. The map is summed over channels and resized to the input.
///
/// * **Needs** a layer with height and width. **Cost**: `steps` forward passes, and as many backward to the layer.
/// * **Axioms**: linear agreement and linearity, in the paper's sense; not completeness: it is an influence, not multiplied
///   by the units' values.
/// * **Defaults** are Captum's: 50 Gauss-Legendre nodes from zero in the model's input space.
/// * **Paper**: Leino et al., 2018, <https://arxiv.org/abs/1802.03788>.
///
/// ```
/// # use reglet_attribution::{AttributionError, InternalInfluence};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = InternalInfluence::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InternalInfluence {
    /// The layer's name, such as `layer4.1.conv2`; the model's last convolution by default.
    pub layer: Option<String>,
    /// The number of gradients along the path: 1 to 100000.
    pub steps: usize,
    /// The positions of the gradients.
    pub quadrature: Quadrature,
    /// The start of the path.
    pub baseline: Baseline,
    /// How the map is resized to the input.
    pub upsampling: Upsampling,
}

impl Default for InternalInfluence {
    fn default() -> Self {
        InternalInfluence {
            layer: None,
            steps: 50,
            quadrature: Quadrature::default(),
            baseline: Baseline::default(),
            upsampling: Upsampling::default(),
        }
    }
}

impl InternalInfluence {
    /// The influence of each unit of the layer, in the shape of the layer's result.
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
        let (places, weights): (Vec<f64>, Vec<f64>) = self.quadrature.nodes(self.steps).into_iter().unzip();
        let baselines = self.baseline.tensor(model, inputs)?;
        let mut rows = Vec::with_capacity(targets.len());
        for (row, target) in by_row(inputs, targets)? {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            let baseline = baseline_of(&baselines, row as i64)?;
            let mut total = None;
            along(model, &layer, [&baseline, &input], &places, target, |range, _, gradients| {
                let mut shape = vec![1; gradients.dim()];
                shape[0] = -1;
                let weights = Tensor::f_from_slice(&weights[range])?.f_view(shape.as_slice())?;
                let weights = weights.f_to_device(gradients.device())?.f_to_kind(gradients.kind())?;
                add(&mut total, gradients.f_mul(&weights)?.f_sum_dim_intlist(0, true, None::<Kind>)?)
            })?;
            rows.extend(total);
        }
        Ok(Tensor::f_cat(&rows, 0)?)
    }

    fn check_parameters(&self) -> Result<(), AttributionError> {
        crate::layer_path::check("Internal influence", self.steps, &self.baseline)
    }

    fn described(&self, layer: &Layer) -> String {
        format!("{layer}, {} steps", self.steps)
    }
}

layer_method!(
    InternalInfluence,
    Layers,
    layers,
    "Internal influence",
    "steps forward and backward to the layer",
    "https://arxiv.org/abs/1802.03788",
    Sum
);
