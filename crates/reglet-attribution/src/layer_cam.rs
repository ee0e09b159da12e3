//! Layer-CAM.

use crate::cam::{class_activation_map, over_channels};

class_activation_map! {
    /// A layer's activation times the positive part of the score's gradient with respect to it, at each place: Σ_c
    /// max(∂F/∂A_c, 0) ⊙ A_c, resized to the input. It remains sharp at early layers, where an average of the gradients over
    /// the picture is not meaningful.
    ///
    /// * **Needs** a layer with height and width. **Cost**: one forward pass and a backward pass from the output to
    ///   the layer, shared with other methods.
    /// * **Axioms**: sensitivity to the model's parameters; not completeness.
    /// * **Defaults**: the layer that the model suggests; signs are kept in the values and only the positive part is drawn.
    /// * **Paper**: Jiang et al., 2021, <https://doi.org/10.1109/TIP.2021.3089943>.
    ///
    /// ```
    /// # use reglet_attribution::{AttributionError, LayerCam};
    /// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
    /// # use tch::{Device, Kind, Tensor};
    /// # let architecture = Architecture::ResNet18;
    /// # let graph = architecture.graph(5, 0.125)?;
    /// # let parameters = Parameters::initial(&graph, 1)?;
    /// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
    /// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
    /// let found = LayerCam::default().attribute(&model, &input, &[3])?;
    /// assert_eq!(found.values.size(), [1, 1, 32, 32]);
    /// # Ok::<(), AttributionError>(())
    /// ```
    LayerCam, "Layer-CAM", "https://doi.org/10.1109/TIP.2021.3089943",
    |activation, gradient| { over_channels(&gradient.f_relu()?.f_mul(activation)?) }
}
