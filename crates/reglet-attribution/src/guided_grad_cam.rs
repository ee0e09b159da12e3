//! Guided Grad-CAM.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{
    About, Attribution, AttributionError, AttributionMethod, Classifier, Family, GradCam, GuidedBackprop,
    Operators, Point, Upsampling,
};

/// [`GuidedBackprop`] times the positive part of [`GradCam`], resized to the input. It has the fine detail of the former,
/// restricted to the places where the latter finds evidence for the target.
///
/// * **Needs** the operators and a layer with height and width. **Cost**: two forward passes, a backward pass, and one to
///   the layer.
/// * **Axioms**: none; like guided backpropagation, it hardly depends on the weights (Adebayo et al., 2018).
/// * **Defaults** are Captum's: the map is resized by nearest neighbours, after its negative part has been removed.
/// * **Paper**: Selvaraju et al., 2017, <https://arxiv.org/abs/1610.02391>.
///
/// ```
/// # use reglet_attribution::{AttributionError, GuidedGradCam};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = GuidedGradCam::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 3, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GuidedGradCam {
    /// The layer for Grad-CAM; the model's last convolution by default.
    pub layer: Option<String>,
    /// How Grad-CAM's map is resized to the input.
    pub upsampling: Upsampling,
}

impl Default for GuidedGradCam {
    fn default() -> Self {
        GuidedGradCam { layer: None, upsampling: Upsampling::Nearest }
    }
}

impl GuidedGradCam {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target, of the inputs' shape.
    ///
    /// # Errors
    /// The errors of the model, [`AttributionError::NotSpatial`], and [`AttributionError::NoRectifier`] for a model without a ReLU.
    pub fn attribute(
        &self,
        model: &dyn Operators,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        let (_, _, height, width) = inputs.size4()?;
        let layer = model.layer(self.layer.as_deref())?;
        let targeted = reglet_model::Targets::Classes(targets);
        let evaluation = model.evaluate(inputs, targeted, false, std::slice::from_ref(&layer))?;
        let cam = GradCam::default().at_layer(&layer, &evaluation.layers[0])?.f_relu()?;
        let guided = GuidedBackprop::default().attribute(model, inputs, targets)?;
        let values = guided.values.f_mul(&self.upsampling.apply(&cam, height, width)?)?;
        Ok(Attribution { values, gaps: None })
    }
}

impl AttributionMethod for GuidedGradCam {
    fn about(&self) -> &'static About {
        &About {
            title: "Guided Grad-CAM",
            family: Family::Rules,
            cost: "2 forward, 2 backward",
            paper: "https://arxiv.org/abs/1610.02391",
        }
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.operators()?, point.inputs, point.targets())
    }

    fn note(&self, model: Classifier<'_>) -> Option<String> {
        Some(model.layer(self.layer.as_deref()).ok()?.to_string())
    }
}
