//! Important direction gradient integration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::layer_path::baseline_of;
use crate::passes::{by_row, chunks, rows_per_pass};
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Classifier, Family, Gap, Gradients,
    Point,
};

/// The rise of the score along each step of the path from a baseline, distributed in proportion to the squared gradient at
/// the step's start: Σ_k (F(x_{k+1}) − F(x_k)) g_k² / ‖g_k‖². Only the component of a step along the gradient changes the
/// score; according to the authors, what Integrated Gradients counts in other directions is noise.
///
/// * **Needs** gradients. **Cost**: `steps` + 1 forward passes and `steps` backward passes, one forward pass more than
///   Integrated Gradients.
/// * **Axioms**: completeness, exactly and with any number of steps, if no gradient along the path is zero; sensitivity (b),
///   implementation invariance. Not linearity. Unlike in Integrated Gradients, a value that equals its baseline can have a
///   non-zero attribution.
/// * **Defaults**: 50 even steps from zero in the model's input space, as for Integrated Gradients.
/// * **Paper**: Yang, Wang and Bilgic, 2023, <https://arxiv.org/abs/2303.14242>.
///
/// ```
/// # use reglet_attribution::{AttributionError, Idgi};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = Idgi::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 3, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Idgi {
    /// The number of steps of the path: 1 to 100000.
    pub steps: usize,
    /// The start of the path.
    pub baseline: Baseline,
}

impl Default for Idgi {
    fn default() -> Self {
        Idgi { steps: 50, baseline: Baseline::default() }
    }
}

impl Idgi {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target, of the inputs' shape, with its gap.
    ///
    /// # Errors
    /// The errors of the model, [`AttributionError::Baseline`] and [`AttributionError::Parameter`].
    pub fn attribute(
        &self,
        model: &dyn Gradients,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        AttributionMethod::check(self)?;
        let baselines = self.baseline.tensor(model, inputs)?;
        let mut rows = Vec::with_capacity(targets.len());
        let mut differences = Vec::with_capacity(targets.len());
        for (row, target) in by_row(inputs, targets)? {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            let baseline = baseline_of(&baselines, row as i64)?;
            let (values, difference) = self.one(model, &input, &baseline, target)?;
            rows.push(values);
            differences.push(difference);
        }
        let values = Tensor::f_cat(&rows, 0)?;
        let gaps = Gap::of(&values, &Tensor::f_cat(&differences, 0)?)?;
        Ok(Attribution { values, gaps: Some(gaps) })
    }

    /// One input `[1, C, H, W]`: its attribution, and the rise of its score over the baseline's, `[1]`.
    fn one(
        &self,
        model: &dyn Gradients,
        input: &Tensor,
        baseline: &Tensor,
        target: usize,
    ) -> Result<(Tensor, Tensor), AttributionError> {
        let way = input.f_sub(baseline)?;
        let end = model.scores(input, &[target])?;
        let mut start = None;
        let mut total = input.f_zeros_like()?;
        // From the end of the path to its start, so that the score at the end of each step is already known.
        let mut ahead = end.shallow_clone();
        for (first, length) in chunks(self.steps, rows_per_pass(input)) {
            let places: Vec<f64> =
                (first..first + length).map(|step| 1.0 - (step + 1) as f64 / self.steps as f64).collect();
            let places = Tensor::f_from_slice(&places)?.f_view([-1, 1, 1, 1])?;
            let places = places.f_to_device(input.device())?.f_to_kind(input.kind())?;
            let points = baseline.f_add(&way.f_mul(&places)?)?;
            let (scores, gradients) = model.gradients(&points, &vec![target; length])?;
            let led_to = Tensor::f_cat(&[ahead, scores.f_narrow(0, 0, length as i64 - 1)?], 0)?;
            let squares = gradients.f_square()?;
            let norms = squares.f_sum_dim_intlist([1_i64, 2, 3].as_slice(), true, None::<Kind>)?;
            let rises = led_to.f_sub(&scores)?.f_view([-1, 1, 1, 1])?;
            // Where the gradient is zero there is no direction, and nothing is attributed.
            let per_square = rises.f_div(&norms)?.f_masked_fill(&norms.f_eq(0.0)?, 0.0)?;
            total = total.f_add(&squares.f_mul(&per_square)?.f_sum_dim_intlist(0, true, None::<Kind>)?)?;
            ahead = scores.f_narrow(0, length as i64 - 1, 1)?;
            start = Some(ahead.shallow_clone());
        }
        let start = start.expect("there is a step");
        Ok((total, end.f_sub(&start)?))
    }
}

impl AttributionMethod for Idgi {
    fn about(&self) -> &'static About {
        &About {
            title: "IDGI",
            family: Family::Gradients,
            cost: "steps + 1 forward, steps backward",
            paper: "https://arxiv.org/abs/2303.14242",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        crate::layer_path::check("IDGI", self.steps, &self.baseline)
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.gradients()?, point.inputs, point.targets())
    }

    fn note(&self, _model: Classifier<'_>) -> Option<String> {
        Some(format!("{} steps", self.steps))
    }
}
