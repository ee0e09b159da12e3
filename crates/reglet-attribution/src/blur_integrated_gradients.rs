//! Blur Integrated Gradients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::passes::{check_count, chunks, rows_per_pass};
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Classifier, Family, Gap, Gradients, Point,
};

/// Integrated Gradients along a path on which the input is increasingly blurred: −∫ ∂F/∂x ⊙ ∂x_σ/∂σ dσ from σ = 0 to the
/// largest blur. No other picture is needed as a baseline, and the path introduces nothing that is not in the picture.
///
/// * **Needs** gradients. **Cost**: `steps` forward and backward passes, and two forward passes for the gap.
/// * **Axioms**: completeness against the most blurred picture, up to the sum's error, which is reported as the gap;
///   sensitivity (b), linearity, implementation invariance.
/// * **Defaults** are the authors' library's (PAIR): σ up to 50 pixels in 100 even steps, each with the gradient at its start
///   and ∂x_σ/∂σ from two blurs 0.01 apart; beyond its border the picture is zero in the model's input space.
/// * **Paper**: Xu, Venugopalan and Sundararajan, 2020, <https://arxiv.org/abs/2004.03383>.
///
/// ```
/// # use reglet_attribution::{AttributionError, BlurIntegratedGradients};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = BlurIntegratedGradients { steps: 10, ..BlurIntegratedGradients::default() }.attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 3, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BlurIntegratedGradients {
    /// The largest standard deviation in pixels, from 0.125, below which nothing is blurred, to 1000.
    pub deviation: f64,
    /// The number of steps of the path: 1 to 100000.
    pub steps: usize,
}

impl Default for BlurIntegratedGradients {
    fn default() -> Self {
        BlurIntegratedGradients { deviation: 50.0, steps: 100 }
    }
}

/// The difference of the two standard deviations from which ∂x_σ/∂σ is computed, in pixels.
const APART: f64 = 0.01;

impl BlurIntegratedGradients {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target, of the inputs' shape, with its gap.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::Parameter`].
    pub fn attribute(
        &self,
        model: &dyn Gradients,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        AttributionMethod::check(self)?;
        let step = self.deviation / self.steps as f64;
        let mut total = inputs.f_zeros_like()?;
        let steps_per_pass = rows_per_pass(&inputs.f_narrow(0, 0, 1)?) / targets.len().max(1);
        for (first, length) in chunks(self.steps, steps_per_pass) {
            let (mut points, mut slopes) = (Vec::with_capacity(length), Vec::with_capacity(length));
            for index in first..first + length {
                let deviation = index as f64 * step;
                let point = blurred(inputs, deviation)?;
                slopes.push(blurred(inputs, deviation + APART)?.f_sub(&point)?.f_div_scalar(APART)?);
                points.push(point);
            }
            let (_, gradients) = model.gradients(&Tensor::f_cat(&points, 0)?, &targets.repeat(length))?;
            let parts = gradients.f_mul(&Tensor::f_cat(&slopes, 0)?)?;
            let mut shape = inputs.size();
            shape.insert(0, length as i64);
            let parts = parts.f_view(shape.as_slice())?.f_sum_dim_intlist(0, false, None::<Kind>)?;
            total = total.f_sub(&parts.f_mul_scalar(step)?)?;
        }
        let end = model.scores(&blurred(inputs, self.deviation)?, targets)?;
        let gaps = Gap::of(&total, &model.scores(inputs, targets)?.f_sub(&end)?)?;
        Ok(Attribution { values: total, gaps: Some(gaps) })
    }
}

/// Inputs `[N, C, H, W]` blurred by a Gaussian cut off at four standard deviations. Beyond the border, the input is zero.
fn blurred(inputs: &Tensor, deviation: f64) -> Result<Tensor, AttributionError> {
    if deviation == 0.0 {
        return Ok(inputs.shallow_clone());
    }
    let (rows, channels, height, width) = inputs.size4()?;
    let radius = (4.0 * deviation + 0.5) as i64;
    let weight = |offset: i64| (-0.5 * (offset as f64 / deviation).powi(2)).exp();
    let total: f64 = (-radius..=radius).map(weight).sum();
    let kernel: Vec<f64> = (-radius..=radius).map(|offset| weight(offset) / total).collect();
    let kernel = Tensor::f_from_slice(&kernel)?.f_to_kind(inputs.kind())?.f_to_device(inputs.device())?;
    let planes = inputs.f_reshape([rows * channels, 1, height, width])?;
    let across = planes.f_conv2d(&kernel.f_view([1, 1, 1, -1])?, None::<&Tensor>, 1, [0, radius], 1, 1)?;
    let down = across.f_conv2d(&kernel.f_view([1, 1, -1, 1])?, None::<&Tensor>, 1, [radius, 0], 1, 1)?;
    Ok(down.f_view_as(inputs)?)
}

impl AttributionMethod for BlurIntegratedGradients {
    fn about(&self) -> &'static About {
        &About {
            title: "Blur Integrated Gradients",
            family: Family::Gradients,
            cost: "steps + 2 forward, steps backward",
            paper: "https://arxiv.org/abs/2004.03383",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        check_count("Blur Integrated Gradients", "steps", self.steps)?;
        // A Gaussian that is cut off at four deviations has neighbours from an eighth of a pixel on.
        if (0.125..=1000.0).contains(&self.deviation) {
            return Ok(());
        }
        Err(AttributionError::Parameter {
            method: "Blur Integrated Gradients",
            parameter: "deviation",
            value: self.deviation.to_string(),
            expected: "from 0.125 to 1000 pixels",
        })
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.gradients()?, point.inputs, point.targets())
    }

    fn note(&self, _model: Classifier<'_>) -> Option<String> {
        Some(format!("{} steps", self.steps))
    }
}
