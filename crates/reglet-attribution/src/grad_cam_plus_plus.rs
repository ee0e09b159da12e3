//! Grad-CAM++.

use crate::cam::{SPACE, class_activation_map, over_channels};

class_activation_map! {
    /// Grad-CAM with weights that count each place at which a channel supports the target: w_c = Σ_hw α ⊙ max(g, 0), where g
    /// is the score's gradient with respect to the channel A_c, and α = g² / (2 g² + g³ Σ_hw A_c) if g is not 0, else 0; the
    /// map is Σ_c w_c A_c, resized to the input.
    ///
    /// * **Needs** a layer with height and width. **Cost**: one forward pass and a backward pass from the output to
    ///   the layer, shared with other methods.
    /// * **Axioms**: sensitivity to the model's parameters; not completeness. The formula for α is derived for the
    ///   exponential of the score, whose second and third derivatives are powers of the first.
    /// * **Defaults**: the layer that the model suggests; 10⁻⁶ is added to α's denominator, as in pytorch-grad-cam. Signs
    ///   are kept in the values and only the positive part is drawn.
    /// * **Paper**: Chattopadhay, Sarkar, Howlader and Balasubramanian, 2018, <https://arxiv.org/abs/1710.11063>.
    ///
    /// ```
    /// # use reglet_attribution::{AttributionError, GradCamPlusPlus};
    /// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
    /// # use tch::{Device, Kind, Tensor};
    /// # let architecture = Architecture::ResNet18;
    /// # let graph = architecture.graph(5, 0.125)?;
    /// # let parameters = Parameters::initial(&graph, 1)?;
    /// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
    /// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
    /// let found = GradCamPlusPlus::default().attribute(&model, &input, &[3])?;
    /// assert_eq!(found.values.size(), [1, 1, 32, 32]);
    /// # Ok::<(), AttributionError>(())
    /// ```
    GradCamPlusPlus, "Grad-CAM++", "https://arxiv.org/abs/1710.11063",
    |activation, gradient| {
        let square = gradient.f_square()?;
        let total = activation.f_sum_dim_intlist(SPACE, true, None)?;
        let below = square.f_mul_scalar(2.0)?.f_add(&total.f_mul(&square)?.f_mul(gradient)?)?.f_add_scalar(1e-6)?;
        // Where the gradient is zero, its positive part is zero, too, so α does not matter.
        let alpha = square.f_div(&below)?;
        let weights = gradient.f_relu()?.f_mul(&alpha)?.f_sum_dim_intlist(SPACE, true, None)?;
        over_channels(&weights.f_mul(activation)?)
    }
}
