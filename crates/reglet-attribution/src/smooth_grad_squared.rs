//! SmoothGrad².

use crate::noisy::noisy_method;

noisy_method! {
    /// The mean of a method's squared attributions over noisy copies of the input, E\[A(x + ε)²\] with ε ~ N(0, σ²):
    /// attributions of opposite signs add up, whereas in a mean they cancel.
    ///
    /// * **Needs** what the method needs. **Cost**: that of the method for each sample.
    /// * **Axioms**: not completeness; signs are lost.
    /// * **Defaults**: the signed gradient, 25 samples and σ = 0.15 of the input's range, as for SmoothGrad.
    /// * **Paper**: Hooker, Erhan, Kindermans and Kim, 2018, <https://arxiv.org/abs/1806.10758>.
    ///
    /// ```
    /// # use reglet_attribution::{AttributionError, SmoothGradSquared};
    /// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
    /// # use tch::{Device, Kind, Tensor};
    /// # let architecture = Architecture::ResNet18;
    /// # let graph = architecture.graph(5, 0.125)?;
    /// # let parameters = Parameters::initial(&graph, 1)?;
    /// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
    /// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
    /// let found = SmoothGradSquared { samples: 4, ..SmoothGradSquared::default() }.attribute(&model, &input, &[3])?;
    /// assert_eq!(found.values.size(), [1, 3, 32, 32]);
    /// # Ok::<(), AttributionError>(())
    /// ```
    SmoothGradSquared, "SmoothGrad²", "https://arxiv.org/abs/1806.10758",
    |moments| moments.mean_square, linear: false
}
