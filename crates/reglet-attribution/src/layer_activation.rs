//! Layer activation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::cam::{check_spatial, over_channels};
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Classifier, Family, Layer, Layers, Needs, Point,
    Reduction, Upsampling,
};

/// The result of a layer, summed over its channels and resized to the input: Σ_c A_c. By itself it explains nothing; it
/// serves as a reference that shows what class activation maps add to it.
///
/// * **Needs** a layer with height and width. **Cost**: one forward pass, shared with other methods.
/// * **Axioms**: none that involve the target: the map is the same for every class.
/// * **Defaults**: the layer that the model suggests.
/// * **Paper**: none; Captum's `LayerActivation` is [`Layers::activation`], <https://arxiv.org/abs/2009.07896>.
///
/// ```
/// # use reglet_attribution::{AttributionError, LayerActivation};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = LayerActivation::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LayerActivation {
    /// The layer's name, such as `layer4.1.conv2`; the model's last convolution by default.
    pub layer: Option<String>,
    /// How the map is resized to the input.
    pub upsampling: Upsampling,
}

impl LayerActivation {
    /// The map of each row of `inputs` (`[N, C, H, W]`): `[N, 1, H, W]`. The targets do not matter.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::NotSpatial`].
    pub fn attribute(
        &self,
        model: &dyn Layers,
        inputs: &Tensor,
        _targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        let layer = model.layer(self.layer.as_deref())?;
        self.map_of(&layer, &model.activation(inputs, &layer)?, inputs)
    }

    fn map_of(
        &self,
        layer: &Layer,
        activation: &Tensor,
        inputs: &Tensor,
    ) -> Result<Attribution, AttributionError> {
        check_spatial("Layer activation", layer, activation)?;
        let (_, _, height, width) = inputs.size4()?;
        let values = self.upsampling.apply(&over_channels(activation)?, height, width)?;
        Ok(Attribution { values, gaps: None })
    }
}

impl AttributionMethod for LayerActivation {
    fn about(&self) -> &'static About {
        &About {
            title: "Layer activation",
            family: Family::Layers,
            cost: "1 forward, shared",
            paper: "https://arxiv.org/abs/2009.07896",
        }
    }

    fn needs(&self, model: Classifier<'_>) -> Result<Needs, AttributionError> {
        Ok(Needs::layer(model.layer(self.layer.as_deref())?))
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        let layer = point.model.layer(self.layer.as_deref())?;
        self.map_of(&layer, &point.layer(&layer).activation, point.inputs)
    }

    fn reduction(&self) -> Reduction {
        Reduction::Sum
    }

    fn note(&self, model: Classifier<'_>) -> Option<String> {
        Some(model.layer(self.layer.as_deref()).ok()?.to_string())
    }
}
