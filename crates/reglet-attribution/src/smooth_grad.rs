//! SmoothGrad.

use crate::noisy::noisy_method;

noisy_method! {
    /// The mean of a method's attributions over noisy copies of the input, E\[A(x + ε)\] with ε ~ N(0, σ²).
    ///
    /// * **Needs** whatever the method needs. **Cost**: that of the method for each sample.
    /// * **Axioms**: those of the method, but for a smoothed score instead of the score itself; not completeness.
    /// * **Defaults** are the authors': the signed gradient, σ = 0.15 of the input's range; 25 samples as in their library.
    ///   Captum has 5 samples and σ = 1 in the model's input space, which is `deviation = { absolute = 1.0 }`.
    /// * **Paper**: Smilkov et al., 2017, <https://arxiv.org/abs/1706.03825>.
    ///
    /// ```
    /// # use reglet_attribution::{AttributionError, SmoothGrad};
    /// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
    /// # use tch::{Device, Kind, Tensor};
    /// # let architecture = Architecture::ResNet18;
    /// # let graph = architecture.graph(5, 0.125)?;
    /// # let parameters = Parameters::initial(&graph, 1)?;
    /// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
    /// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
    /// let found = SmoothGrad { samples: 4, ..SmoothGrad::default() }.attribute(&model, &input, &[3])?;
    /// assert_eq!(found.values.size(), [1, 3, 32, 32]);
    /// # Ok::<(), AttributionError>(())
    /// ```
    SmoothGrad, "SmoothGrad", "https://arxiv.org/abs/1706.03825", |moments| moments.mean, linear: true
}
