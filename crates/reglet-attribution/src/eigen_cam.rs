//! Eigen-CAM.

use crate::cam::{SPACE, class_activation_map, over_channels};

class_activation_map! {
    /// The first principal component of a layer's activation, resized to the input: the activations at all places are points
    /// in channel space, and are projected onto the direction in which they vary most.
    ///
    /// The sign of a principal component is arbitrary. Here it is chosen so that the value with the largest magnitude is
    /// positive (Chung and Ying, 2025, <https://doi.org/10.3390/app15137562>, equation 13), so the map does not depend on
    /// the library that computes the decomposition.
    ///
    /// * **Needs** a layer with height and width. **Cost**: one forward pass, shared with other methods; the shared gradient
    ///   is not used.
    /// * **Axioms**: none that involve the target: the map is the same for every class, and shows what stands out in the
    ///   layer, not what the answer is based on.
    /// * **Defaults**: the layer that the model suggests; the positive part is drawn.
    /// * **Paper**: Muhammad and Yeasin, 2020, <https://arxiv.org/abs/2008.00299>.
    ///
    /// ```
    /// # use reglet_attribution::{AttributionError, EigenCam};
    /// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
    /// # use tch::{Device, Kind, Tensor};
    /// # let architecture = Architecture::ResNet18;
    /// # let graph = architecture.graph(5, 0.125)?;
    /// # let parameters = Parameters::initial(&graph, 1)?;
    /// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
    /// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
    /// let found = EigenCam::default().attribute(&model, &input, &[3])?;
    /// assert_eq!(found.values.size(), [1, 1, 32, 32]);
    /// # Ok::<(), AttributionError>(())
    /// ```
    EigenCam, "Eigen-CAM", "https://arxiv.org/abs/2008.00299",
    |activation, _gradient| {
        let (rows, channels, height, width) = activation.size4()?;
        let points = activation.f_reshape([rows, channels, height * width])?;
        let centred = points.f_sub(&points.f_mean_dim(2, true, None)?)?;
        let (directions, _, _) = centred.f_svd(true, true)?;
        let first = directions.f_narrow(2, 0, 1)?;
        let projected = over_channels(&first.f_mul(&centred)?)?.f_view([rows, 1, height, width])?;
        let (low, high) = (projected.f_amin(SPACE, true)?, projected.f_amax(SPACE, true)?);
        let flipped = low.f_abs()?.f_gt_tensor(&high.f_abs()?)?;
        Ok(projected.f_neg()?.f_where_self(&flipped, &projected)?)
    }
}
