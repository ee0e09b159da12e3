//! XGrad-CAM.

use crate::cam::{SPACE, class_activation_map, over_channels};

class_activation_map! {
    /// Grad-CAM with gradients weighted by the activation of the channel: w_c = Σ_hw g ⊙ A_c / Σ_hw A_c, where g is the
    /// score's gradient with respect to the channel A_c; the map is Σ_c w_c A_c, resized to the input.
    ///
    /// * **Needs** a layer with height and width. **Cost**: one forward pass and a backward pass from the output to
    ///   the layer, shared with other methods.
    /// * **Axioms**: of all maps of the form Σ_c w_c A_c, this one comes closest to sensitivity and conservation, in the
    ///   paper's sense; sensitivity to the model's parameters. After a ReLU, where A_c is not negative, its sum over the
    ///   layer is that of activation times gradient.
    /// * **Defaults**: the layer that the model suggests; 10⁻⁷ is added to the denominator, as in pytorch-grad-cam. Signs
    ///   are kept in the values and only the positive part is drawn.
    /// * **Paper**: Fu et al., 2020, <https://arxiv.org/abs/2008.02312>.
    ///
    /// ```
    /// # use reglet_attribution::{AttributionError, XGradCam};
    /// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
    /// # use tch::{Device, Kind, Tensor};
    /// # let architecture = Architecture::ResNet18;
    /// # let graph = architecture.graph(5, 0.125)?;
    /// # let parameters = Parameters::initial(&graph, 1)?;
    /// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
    /// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
    /// let found = XGradCam::default().attribute(&model, &input, &[3])?;
    /// assert_eq!(found.values.size(), [1, 1, 32, 32]);
    /// # Ok::<(), AttributionError>(())
    /// ```
    XGradCam, "XGrad-CAM", "https://arxiv.org/abs/2008.02312",
    |activation, gradient| {
        let total = activation.f_sum_dim_intlist(SPACE, true, None)?.f_add_scalar(1e-7)?;
        let weights = gradient.f_mul(activation)?.f_sum_dim_intlist(SPACE, true, None)?.f_div(&total)?;
        over_channels(&weights.f_mul(activation)?)
    }
}
