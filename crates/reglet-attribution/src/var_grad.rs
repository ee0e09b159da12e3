//! VarGrad.

use crate::noisy::noisy_method;

noisy_method! {
    /// The variance of a method's attributions over noisy copies of the input, E\[(A(x + ε) − E\[A(x + ε)\])²\] with ε ~ N(0,
    /// σ²). It is large where the attribution depends on details that noise changes.
    ///
    /// * **Needs** what the method needs. **Cost**: that of the method for each sample.
    /// * **Axioms**: not completeness; it is zero if the score is linear.
    /// * **Defaults**: the signed gradient, 25 samples and σ = 0.15 of the input's range, as for SmoothGrad. The variance is
    ///   that of the samples, divided by their number, as in Captum.
    /// * **Paper**: Adebayo et al., 2018, <https://arxiv.org/abs/1810.03307>.
    ///
    /// ```
    /// # use reglet_attribution::{AttributionError, VarGrad};
    /// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
    /// # use tch::{Device, Kind, Tensor};
    /// # let architecture = Architecture::ResNet18;
    /// # let graph = architecture.graph(5, 0.125)?;
    /// # let parameters = Parameters::initial(&graph, 1)?;
    /// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
    /// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
    /// let found = VarGrad { samples: 4, ..VarGrad::default() }.attribute(&model, &input, &[3])?;
    /// assert_eq!(found.values.size(), [1, 3, 32, 32]);
    /// # Ok::<(), AttributionError>(())
    /// ```
    VarGrad, "VarGrad", "https://arxiv.org/abs/1810.03307",
    |moments| moments.variance, linear: false
}
