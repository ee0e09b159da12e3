//! HiRes-CAM.

use crate::cam::{class_activation_map, over_channels};

class_activation_map! {
    /// A layer's activation times the score's gradient with respect to it, at each place: Σ_c A_c ⊙ ∂F/∂A_c, resized to the
    /// input.
    ///
    /// * **Needs** a layer with height and width. **Cost**: one forward pass and a backward pass from the output to
    ///   the layer, shared with other methods.
    /// * **Axioms**: if everything after the layer is linear, as in a network that ends in one linear layer, the map at the
    ///   layer sums to the score up to the biases; Grad-CAM's map need not. Sensitivity to the model's parameters.
    /// * **Defaults**: the layer that the model suggests; signs are kept in the values and only the positive part is drawn.
    /// * **Paper**: Draelos and Carin, 2020, <https://arxiv.org/abs/2011.08891>.
    ///
    /// ```
    /// # use reglet_attribution::{AttributionError, HiResCam};
    /// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
    /// # use tch::{Device, Kind, Tensor};
    /// # let architecture = Architecture::ResNet18;
    /// # let graph = architecture.graph(5, 0.125)?;
    /// # let parameters = Parameters::initial(&graph, 1)?;
    /// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
    /// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
    /// let found = HiResCam::default().attribute(&model, &input, &[3])?;
    /// assert_eq!(found.values.size(), [1, 1, 32, 32]);
    /// # Ok::<(), AttributionError>(())
    /// ```
    HiResCam, "HiRes-CAM", "https://arxiv.org/abs/2011.08891",
    |activation, gradient| { over_channels(&activation.f_mul(gradient)?) }
}
