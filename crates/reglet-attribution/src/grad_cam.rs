//! Grad-CAM.

use reglet_model::{LayerEvaluation, Targets};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::cam::{SPACE, check_spatial};
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Classifier, Family, Layer, Layers, Needs, Point,
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
#[non_exhaustive]
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
        let layer = model.layer(self.layer.as_deref())?;
        let targets = Targets::Classes(targets);
        let evaluation = model.evaluate(inputs, targets, false, std::slice::from_ref(&layer))?;
        self.from_layer(&layer, &evaluation.layers[0], inputs)
    }

    /// The attribution from a layer's activation and gradient that have already been computed.
    ///
    /// # Errors
    /// [`AttributionError::NotSpatial`].
    pub fn from_layer(
        &self,
        layer: &Layer,
        values: &LayerEvaluation,
        inputs: &Tensor,
    ) -> Result<Attribution, AttributionError> {
        let map = self.at_layer(layer, values)?;
        let (_, _, height, width) = inputs.size4()?;
        Ok(Attribution { values: self.upsampling.apply(&map, height, width)?, gaps: None })
    }

    /// The map at the layer's own size, `[N, 1, h, w]`.
    ///
    /// # Errors
    /// [`AttributionError::NotSpatial`].
    pub fn at_layer(&self, layer: &Layer, values: &LayerEvaluation) -> Result<Tensor, AttributionError> {
        check_spatial("Grad-CAM", layer, &values.activation)?;
        let weights = values.gradient.f_mean_dim(SPACE, true, None)?;
        Ok(weights.f_mul(&values.activation)?.f_sum_dim_intlist(1, true, None)?)
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
        Ok(Needs::layer(model.layer(self.layer.as_deref())?))
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        let layer = point.model.layer(self.layer.as_deref())?;
        self.from_layer(&layer, point.layer(&layer), point.inputs)
    }

    fn reduction(&self) -> Reduction {
        Reduction::PositiveSum
    }

    fn note(&self, model: Classifier<'_>) -> Option<String> {
        Some(model.layer(self.layer.as_deref()).ok()?.to_string())
    }
}
