//! Grad-CAM.

use reglet_model::{LayerEvaluation, Targets};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{Attribution, AttributionError, Layers};

/// A convolution's channels `A_c`, weighted by the spatial mean of the score's gradient there and summed:
/// Σ_c (mean over space of ∂F/∂A_c) · A_c, resized bilinearly to the input.
///
/// * **Needs** a layer with height and width. **Cost**: one forward pass and a backward pass from the
///   output to the layer, shared with other methods.
/// * **Axioms**: sensitivity to the model's parameters; not completeness.
/// * **Defaults**: the model's own choice of layer; signs are kept in the values, as in Captum
///   (`relu_attributions=False`), and only the positive part is drawn, as in the paper. Captum's
///   `LayerAttribution.interpolate` defaults to nearest neighbours; ours is bilinear, as most draw it.
/// * **Paper**: Selvaraju et al., 2017, <https://arxiv.org/abs/1610.02391>.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GradCam {
    /// The layer's name, such as `layer4.1.conv2`; the model's last convolution unless given.
    pub layer: Option<String>,
}

impl GradCam {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`.
    ///
    /// # Errors
    /// Those of the model, and [`AttributionError::NotSpatial`].
    pub fn attribute(
        &self,
        model: &dyn Layers,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        let layer = self.layer.as_deref().unwrap_or(model.grad_cam_layer());
        let evaluation = model.evaluate(inputs, Targets::Classes(targets), false, &[layer])?;
        self.from_layer(layer, &evaluation.layers[0], inputs)
    }

    /// The attribution from a layer's activation and gradient that are there already.
    ///
    /// # Errors
    /// [`AttributionError::NotSpatial`].
    pub fn from_layer(
        &self,
        name: &str,
        layer: &LayerEvaluation,
        inputs: &Tensor,
    ) -> Result<Attribution, AttributionError> {
        let map = self.at_layer(name, layer)?;
        let (_, _, height, width) = inputs.size4()?;
        let values = map.f_upsample_bilinear2d([height, width], false, None, None)?;
        Ok(Attribution { values, gaps: None })
    }

    /// The map at the layer's own size, `[N, 1, h, w]`.
    ///
    /// # Errors
    /// [`AttributionError::NotSpatial`].
    pub fn at_layer(&self, name: &str, layer: &LayerEvaluation) -> Result<Tensor, AttributionError> {
        if layer.activation.dim() != 4 {
            return Err(AttributionError::NotSpatial {
                method: "Grad-CAM",
                layer: name.to_owned(),
                shape: layer.activation.size(),
            });
        }
        let space = [2_i64, 3].as_slice();
        let weights = layer.gradient.f_mean_dim(space, true, None)?;
        Ok(weights.f_mul(&layer.activation)?.f_sum_dim_intlist(1, true, None)?)
    }
}
