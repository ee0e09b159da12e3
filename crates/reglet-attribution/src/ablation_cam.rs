//! Ablation-CAM.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::cam::{check_spatial, layer_method, over_channels};
use crate::downstream::Downstream;
use crate::passes::{by_row, chunks, rows_per_pass};
use crate::{AttributionError, Layer, Operators, Upsampling};

/// A layer's channels, weighted by the decrease of the score without them: w_c = (F − F without A_c) / |F|, where a channel
/// is removed by setting it to zero; the map is Σ_c w_c A_c, resized to the input.
///
/// The paper divides by F, which inverts all signs if the score is negative; dividing by the magnitude does not.
///
/// * **Needs** the operators. **Cost**: one forward pass, and for each channel a forward pass of the layers after the chosen
///   one, in batches; after the last convolution this takes hardly any time.
/// * **Axioms**: sensitivity to the model's parameters; not completeness.
/// * **Defaults**: the layer that the model suggests; a channel is set to zero, as in the paper; pytorch-grad-cam sets it
///   10⁷ below the smallest activation unless that is zero. Only the positive part is drawn.
/// * **Paper**: Desai and Ramaswamy, 2020, <https://doi.org/10.1109/WACV45572.2020.9093360>.
///
/// ```
/// # use reglet_attribution::{AttributionError, AblationCam};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = AblationCam::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AblationCam {
    /// The layer's name, such as `layer4.1.conv2`; the model's last convolution by default.
    pub layer: Option<String>,
    /// How the map is resized to the input.
    pub upsampling: Upsampling,
}

impl AblationCam {
    /// The map at the layer's own size, `[N, 1, h, w]`.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::NotSpatial`].
    pub fn at_layer(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Tensor, AttributionError> {
        let layer = model.layer(self.layer.as_deref())?;
        let rest = Downstream::new(model, inputs, &layer)?;
        let places = rest.laid_out(&rest.activation)?;
        check_spatial("Ablation-CAM", &layer, &places)?;
        let (_, channels, _, _) = places.size4()?;
        let mut maps = Vec::with_capacity(targets.len());
        for (row, target) in by_row(inputs, targets)? {
            let row = row as i64;
            let activation = rest.activation.f_narrow(0, row, 1)?;
            let whole = rest.scores(row, &activation, target)?;
            let mut scores = Vec::new();
            for (first, length) in chunks(channels as usize, rows_per_pass(&activation)) {
                // Row k leaves out channel `first + k`.
                let kept = Tensor::f_eye(channels, (Kind::Bool, inputs.device()))?.f_logical_not()?;
                let kept = kept.f_narrow(0, first as i64, length as i64)?.f_to_kind(activation.kind())?;
                let ablated = activation.f_mul(&rest.by_channel(&kept)?)?;
                scores.push(rest.scores(row, &ablated, target)?);
            }
            let losses = whole.f_sub(&Tensor::f_cat(&scores, 0)?)?.f_div(&whole.f_abs()?)?;
            maps.push(over_channels(&losses.f_view([1, -1, 1, 1])?.f_mul(&places.f_narrow(0, row, 1)?)?)?);
        }
        Ok(Tensor::f_cat(&maps, 0)?)
    }

    fn check_parameters(&self) -> Result<(), AttributionError> {
        Ok(())
    }

    fn described(&self, layer: &Layer) -> String {
        layer.to_string()
    }
}

layer_method!(
    AblationCam,
    Operators,
    operators,
    "Ablation-CAM",
    "1 forward, channels forward behind the layer",
    "https://doi.org/10.1109/WACV45572.2020.9093360",
    PositiveSum
);
