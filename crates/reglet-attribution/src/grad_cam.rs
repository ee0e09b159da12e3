//! Grad-CAM.

use reglet_model::{LayerEvaluation, Targets};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{
    About, Attribution, AttributionError, AttributionMethod, Classifier, Family, Layers, Needs, Point,
    Reduction,
};

/// The sum of a convolution's channels `A_c`, each weighted by the spatial mean of the score's gradient with respect to it:
/// Σ_c (mean over space of ∂F/∂A_c) · A_c, resized to the input.
///
/// * **Needs** a layer with height and width. **Cost**: one forward pass and a backward pass from the
///   output to the layer, shared with other methods.
/// * **Axioms**: sensitivity to the model's parameters; not completeness.
/// * **Defaults**: the layer that the model suggests; signs are kept in the values, as in Captum
///   (`relu_attributions=False`), and only the positive part is drawn, as in the paper. Captum's
///   `LayerAttribution.interpolate` defaults to nearest neighbours; the default here is bilinear, as is usual in figures.
/// * **Paper**: Selvaraju et al., 2017, <https://arxiv.org/abs/1610.02391>.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GradCam {
    /// The layer's name, such as `layer4.1.conv2`; the model's last convolution by default.
    pub layer: Option<String>,
    /// How the map is resized to the input.
    pub upsampling: Upsampling,
}

/// How a layer's map is resized to the input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Upsampling {
    /// Interpolated between the centres of the layer's cells.
    #[default]
    Bilinear,
    /// Each pixel has the value of the cell that contains it.
    Nearest,
}

impl Upsampling {
    /// The map `[N, C, h, w]` at `height` × `width`.
    ///
    /// # Errors
    /// [`AttributionError::Torch`].
    pub fn apply(self, map: &Tensor, height: i64, width: i64) -> Result<Tensor, AttributionError> {
        Ok(match self {
            Upsampling::Bilinear => map.f_upsample_bilinear2d([height, width], false, None, None)?,
            Upsampling::Nearest => map.f_upsample_nearest2d([height, width], None, None)?,
        })
    }
}

impl GradCam {
    /// The layer that is read.
    fn layer<'a>(&'a self, model: &'a dyn Layers) -> &'a str {
        self.layer.as_deref().unwrap_or(model.grad_cam_layer())
    }

    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::NotSpatial`].
    pub fn attribute(
        &self,
        model: &dyn Layers,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        let layer = self.layer(model);
        let evaluation = model.evaluate(inputs, Targets::Classes(targets), false, &[layer])?;
        self.from_layer(layer, &evaluation.layers[0], inputs)
    }

    /// The attribution from a layer's activation and gradient that have already been computed.
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
        Ok(Attribution { values: self.upsampling.apply(&map, height, width)?, gaps: None })
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

impl AttributionMethod for GradCam {
    fn about(&self) -> &'static About {
        &About {
            title: "Grad-CAM",
            family: Family::Layers,
            cost: "1 forward, 1 backward to the layer, shared",
            paper: "https://arxiv.org/abs/1610.02391",
        }
    }

    fn needs(&self, model: Classifier<'_>) -> Result<Needs, AttributionError> {
        Ok(Needs::layer(self.layer(model.layers()?)))
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        let layer = self.layer(point.model.layers()?);
        self.from_layer(layer, point.layer(layer), point.inputs)
    }

    fn reduction(&self) -> Reduction {
        Reduction::PositiveSum
    }

    fn note(&self, model: Classifier<'_>) -> Option<String> {
        Some(self.layer(model.layers().ok()?).to_owned())
    }
}
