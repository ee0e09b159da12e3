//! Score-CAM.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::cam::{SPACE, check_spatial, layer_method, over_channels};
use crate::passes::{by_row, scores_of_many};
use crate::{AttributionError, Layer, Layers, Upsampling};

/// A layer's channels, each weighted by the score of the input masked by it: w = softmax over c of F(x ⊙ H_c), where H_c is
/// the channel A_c, resized to the input and rescaled to 0…1; the map is Σ_c w_c A_c, resized to the input.
///
/// * **Needs** a layer with height and width, and scores; no gradients. **Cost**: a forward pass for each channel, run in
///   batches, and one for the layer.
/// * **Axioms**: sensitivity to the model's parameters; not completeness.
/// * **Defaults**: the layer that the model suggests; masks are resized bilinearly by cell centres, as in the authors' code
///   and as all maps here (pytorch-grad-cam aligns corners). The score is the logit. Only the positive part is drawn.
/// * **Paper**: Wang et al., 2019, <https://arxiv.org/abs/1910.01279>.
///
/// ```
/// # use reglet_attribution::{AttributionError, ScoreCam};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = ScoreCam::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreCam {
    /// The layer's name, such as `layer4.1.conv2`; the model's last convolution by default.
    pub layer: Option<String>,
    /// How the masks and the map are resized to the input.
    pub upsampling: Upsampling,
}

impl ScoreCam {
    /// The map at the layer's own size, `[N, 1, h, w]`.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::NotSpatial`].
    pub fn at_layer(
        &self,
        model: &dyn Layers,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Tensor, AttributionError> {
        let layer = model.layer(self.layer.as_deref())?;
        let activation = model.activation(inputs, &layer)?;
        check_spatial("Score-CAM", &layer, &activation)?;
        let (_, channels, _, _) = activation.size4()?;
        let (_, _, height, width) = inputs.size4()?;
        let mut maps = Vec::with_capacity(targets.len());
        for (row, target) in by_row(inputs, targets)? {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            let activation = activation.f_narrow(0, row as i64, 1)?;
            let scores = scores_of_many(model, &input, channels as usize, target, &mut |first, length| {
                let channels = activation.f_narrow(1, first as i64, length as i64)?.f_transpose(0, 1)?;
                let masks = self.upsampling.apply(&channels, height, width)?;
                let (low, high) = (masks.f_amin(SPACE, true)?, masks.f_amax(SPACE, true)?);
                let masks = masks.f_sub(&low)?.f_div(&high.f_sub(&low)?.f_add_scalar(1e-8)?)?;
                Ok(masks.f_mul(&input)?)
            })?;
            let weights = scores.f_softmax(0, None::<Kind>)?.f_view([1, -1, 1, 1])?;
            maps.push(over_channels(&weights.f_mul(&activation)?)?);
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
    ScoreCam,
    Layers,
    layers,
    "Score-CAM",
    "1 + channels forward",
    "https://arxiv.org/abs/1910.01279",
    PositiveSum
);
