//! Guided Integrated Gradients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::layer_path::baseline_of;
use crate::passes::{by_row, check_count};
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Classifier, Family, Gap, Gradients,
    Point,
};

/// Integrated Gradients along an adaptive path: at every step, the values with the smallest gradients move towards the
/// input. Regions in which the gradient is large but its effects cancel are therefore left until the end. No value may
/// deviate by more than `distance` from the straight path.
///
/// * **Needs** gradients. **Cost**: `steps` forward and backward passes, one after the other, because each step depends on
///   the previous one, and two forward passes for the gap.
/// * **Axioms**: completeness up to the sum's error, which is reported as the gap; sensitivity (b); not linearity, because
///   the path depends on the score.
/// * **Defaults** are the authors' library's (PAIR): 200 steps, a fraction of 0.25, a distance of 0.02, from zero in the
///   model's input space.
/// * **Paper**: Kapishnikov et al., 2021, <https://arxiv.org/abs/2106.09788>.
///
/// ```
/// # use reglet_attribution::{AttributionError, GuidedIntegratedGradients};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = GuidedIntegratedGradients { steps: 10, ..GuidedIntegratedGradients::default() }.attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 3, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GuidedIntegratedGradients {
    /// The number of steps of the path: 1 to 100000.
    pub steps: usize,
    /// The share of values that may move at a time: more than 0 and at most 1.
    pub fraction: f64,
    /// How far a value may deviate from the straight path, as a share of its length: 0 to 1.
    pub distance: f64,
    /// The start of the path.
    pub baseline: Baseline,
}

impl Default for GuidedIntegratedGradients {
    fn default() -> Self {
        GuidedIntegratedGradients {
            steps: 200,
            fraction: 0.25,
            distance: 0.02,
            baseline: Baseline::default(),
        }
    }
}

/// Below this relative or absolute difference, a path has the required length.
const CLOSE: f64 = 1e-9;

impl GuidedIntegratedGradients {
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
        for (row, target) in by_row(inputs, targets)? {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            let baseline = baseline_of(&baselines, row as i64)?;
            let gradient = |point: &[f64]| -> Result<Vec<f64>, AttributionError> {
                let point = Tensor::f_from_slice(point)?.f_view_as(&input)?.f_to_kind(input.kind())?;
                numbers(&model.gradients(&point.f_to_device(input.device())?, &[target])?.1)
            };
            let values = self.path(&numbers(&input)?, &numbers(&baseline)?, gradient)?;
            let values = Tensor::f_from_slice(&values)?.f_view_as(&input)?.f_to_kind(input.kind())?;
            rows.push(values.f_to_device(input.device())?);
        }
        let values = Tensor::f_cat(&rows, 0)?;
        let start = model.scores(&baselines.f_expand_as(inputs)?.f_contiguous()?, targets)?;
        let gaps = Gap::of(&values, &model.scores(inputs, targets)?.f_sub(&start)?)?;
        Ok(Attribution { values, gaps: Some(gaps) })
    }

    /// The attribution of one input along the path from `baseline`.
    fn path(
        &self,
        input: &[f64],
        baseline: &[f64],
        mut gradient: impl FnMut(&[f64]) -> Result<Vec<f64>, AttributionError>,
    ) -> Result<Vec<f64>, AttributionError> {
        let total: f64 = input.iter().zip(baseline).map(|(to, from)| (to - from).abs()).sum();
        if !total.is_finite() {
            return Ok(vec![f64::NAN; input.len()]);
        }
        let mut attribution = vec![0.0; input.len()];
        let mut point = baseline.to_vec();
        if total == 0.0 {
            return Ok(attribution);
        }
        for step in 1..=self.steps {
            let slope = gradient(&point)?;
            let alpha = step as f64 / self.steps as f64;
            let (least, most) = ((alpha - self.distance).max(0.0), (alpha + self.distance).min(1.0));
            let at = |index: usize, alpha: f64| baseline[index] + (input[index] - baseline[index]) * alpha;
            let remaining = total * (1.0 - alpha);
            // Values that have moved as far as they may are excluded: their gradient counts as infinite.
            let mut size: Vec<f64> = slope.iter().map(|slope| slope.abs()).collect();
            loop {
                let mut moved = point.clone();
                for (index, value) in moved.iter_mut().enumerate() {
                    let way = input[index] - baseline[index];
                    if way != 0.0 && (*value - baseline[index]) / way < least {
                        *value = at(index, least);
                    }
                }
                let left: f64 = moved.iter().zip(input).map(|(value, to)| (value - to).abs()).sum();
                let arrived = left - remaining <= (CLOSE * left.max(remaining)).max(CLOSE);
                let mut done = arrived;
                if !arrived {
                    for (index, size) in size.iter_mut().enumerate() {
                        if moved[index] == at(index, most) {
                            *size = f64::INFINITY;
                        }
                    }
                    let chosen = smallest(&size, self.fraction);
                    let room: f64 = chosen.iter().map(|&index| (moved[index] - at(index, most)).abs()).sum();
                    let share = (left - remaining) / room;
                    // Every value that may move has moved.
                    done = chosen.is_empty() || share <= 1.0;
                    for index in chosen {
                        let end = at(index, most);
                        moved[index] =
                            if share > 1.0 { end } else { end + (moved[index] - end) * (1.0 - share) };
                    }
                }
                for (index, attribution) in attribution.iter_mut().enumerate() {
                    *attribution += (moved[index] - point[index]) * slope[index];
                }
                point = moved;
                if done {
                    break;
                }
            }
        }
        Ok(attribution)
    }
}

/// The indices of the finite values that are not above the lower quantile `fraction` of all.
fn smallest(sizes: &[f64], fraction: f64) -> Vec<usize> {
    let rank = (fraction * (sizes.len() - 1) as f64).floor() as usize;
    let mut ordered = sizes.to_vec();
    let (_, threshold, _) = ordered.select_nth_unstable_by(rank, f64::total_cmp);
    let threshold = *threshold;
    (0..sizes.len()).filter(|&index| sizes[index] <= threshold && sizes[index].is_finite()).collect()
}

fn numbers(tensor: &Tensor) -> Result<Vec<f64>, AttributionError> {
    let flat = tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_contiguous()?.f_view([-1])?;
    Ok(Vec::try_from(flat)?)
}

impl AttributionMethod for GuidedIntegratedGradients {
    fn about(&self) -> &'static About {
        &About {
            title: "Guided Integrated Gradients",
            family: Family::Gradients,
            cost: "steps + 2 forward, steps backward",
            paper: "https://arxiv.org/abs/2106.09788",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        const METHOD: &str = "Guided Integrated Gradients";
        check_count(METHOD, "steps", self.steps)?;
        self.baseline.check(METHOD)?;
        let fault = |parameter, value: f64, expected| {
            Err(AttributionError::Parameter { method: METHOD, parameter, value: value.to_string(), expected })
        };
        if !(self.fraction > 0.0 && self.fraction <= 1.0) {
            return fault("fraction", self.fraction, "more than 0 and at most 1");
        }
        if !(0.0..=1.0).contains(&self.distance) {
            return fault("distance", self.distance, "from 0 to 1");
        }
        Ok(())
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.gradients()?, point.inputs, point.targets())
    }

    fn note(&self, _model: Classifier<'_>) -> Option<String> {
        Some(format!("{} steps", self.steps))
    }
}
