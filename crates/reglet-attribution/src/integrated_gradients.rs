//! Integrated Gradients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Family, Gap, Gradients, Layers, Point,
    Quadrature,
};

/// The gradient's integral along the straight way from a baseline x′ to the input x, times the way:
/// (x − x′) ⊙ ∫₀¹ ∂F/∂x (x′ + α (x − x′)) dα.
///
/// * **Needs** gradients. **Cost**: `steps` forward and backward passes and one forward pass of the
///   baseline.
/// * **Axioms**: completeness (the attributions sum to F(x) − F(x′)), sensitivity (a) and (b), linearity,
///   implementation invariance, symmetry. The sum over steps is an approximation; how far it is from
///   completeness is reported as the gap.
/// * **Defaults** are Captum's: 50 Gauss-Legendre nodes, a baseline of zero in the model's input space,
///   which is a picture of the training set's mean colour and not a black one.
/// * **Paper**: Sundararajan, Taly and Yan, 2017, <https://arxiv.org/abs/1703.01365>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IntegratedGradients {
    /// How many gradients are taken along the way: 1 to 100000.
    pub steps: usize,
    /// Where they are taken.
    pub quadrature: Quadrature,
    /// Where the way begins.
    pub baseline: Baseline,
}

/// About how many input values one pass holds: enough to keep two cores busy, few enough that the
/// activations of a ResNet stay within some hundred megabytes.
const VALUES_PER_PASS: i64 = 1_250_000;

impl Default for IntegratedGradients {
    fn default() -> Self {
        IntegratedGradients { steps: 50, quadrature: Quadrature::default(), baseline: Baseline::default() }
    }
}

impl IntegratedGradients {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target, with its gap. `scores` are
    /// the model's scores there.
    ///
    /// # Errors
    /// Those of the model, and [`AttributionError::Parameter`].
    pub fn attribute(
        &self,
        model: &dyn Gradients,
        inputs: &Tensor,
        targets: &[usize],
        scores: &Tensor,
    ) -> Result<Attribution, AttributionError> {
        self.check()?;
        let baselines = self.baseline.tensor(model, inputs)?;
        let mut rows = Vec::with_capacity(targets.len());
        for (row, &target) in targets.iter().enumerate() {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            rows.push(self.attribute_row(model, &input, &row_of(&baselines, row)?, target)?);
        }
        let values = Tensor::f_cat(&rows, 0)?;
        let gaps = gaps(model, &values, &baselines, targets, scores)?;
        Ok(Attribution { values, gaps: Some(gaps) })
    }

    /// Checks the parameters.
    fn check(&self) -> Result<(), AttributionError> {
        self.baseline.check("Integrated Gradients")?;
        if (1..=100_000).contains(&self.steps) {
            return Ok(());
        }
        Err(AttributionError::Parameter {
            method: "Integrated Gradients",
            parameter: "steps",
            value: self.steps.to_string(),
            expected: "from 1 to 100000",
        })
    }

    /// One input `[1, C, H, W]`: its steps are spread over passes of a bounded size.
    fn attribute_row(
        &self,
        model: &dyn Gradients,
        input: &Tensor,
        baseline: &Tensor,
        target: usize,
    ) -> Result<Tensor, AttributionError> {
        let way = input.f_sub(baseline)?;
        let mut total = way.f_zeros_like()?;
        let rows = (VALUES_PER_PASS / input.numel() as i64).max(1) as usize;
        // Passes of equal size, so that the last one is not a remnant.
        let passes = self.steps.div_ceil(rows);
        for nodes in self.quadrature.nodes(self.steps).chunks(self.steps.div_ceil(passes)) {
            let column = |values: Vec<f32>| {
                Tensor::f_from_slice(&values)?.f_view([-1, 1, 1, 1])?.f_to_device(input.device())
            };
            let alphas = column(nodes.iter().map(|(alpha, _)| *alpha as f32).collect())?;
            let weights = column(nodes.iter().map(|(_, weight)| *weight as f32).collect())?;
            let points = alphas.f_mul(&way)?.f_add(baseline)?;
            let (_, gradients) = model.gradients(&points, &vec![target; nodes.len()])?;
            total = total.f_add(&gradients.f_mul(&weights)?.f_sum_dim_intlist(0, true, None)?)?;
        }
        Ok(total.f_mul(&way)?)
    }
}

impl AttributionMethod for IntegratedGradients {
    fn about(&self) -> &'static About {
        &About {
            title: "Integrated Gradients",
            family: Family::Gradients,
            cost: "`steps` forward and backward, 1 forward",
            paper: "https://arxiv.org/abs/1703.01365",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        IntegratedGradients::check(self)
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model, point.inputs, point.targets(), point.scores())
    }

    fn note(&self, _model: &dyn Layers) -> Option<String> {
        Some(format!("{} steps", self.steps))
    }
}

/// The baseline of one row, `[1, C, H, W]`.
fn row_of(baselines: &Tensor, row: usize) -> Result<Tensor, AttributionError> {
    let row = if baselines.size()[0] == 1 { 0 } else { row };
    Ok(baselines.f_narrow(0, row as i64, 1)?)
}

/// The distance of each row of `values` from completeness.
fn gaps(
    model: &dyn Gradients,
    values: &Tensor,
    baselines: &Tensor,
    targets: &[usize],
    scores: &Tensor,
) -> Result<Vec<Gap>, AttributionError> {
    // One forward pass for each baseline and target that differ; usually there is one of either.
    let mut known: Vec<((usize, usize), f64)> = Vec::new();
    let shared = baselines.size()[0] == 1;
    let sums = values.f_sum_dim_intlist([1_i64, 2, 3].as_slice(), false, Kind::Double)?;
    let mut gaps = Vec::with_capacity(targets.len());
    for (row, &target) in targets.iter().enumerate() {
        let key = (if shared { 0 } else { row }, target);
        let from = match known.iter().find(|(other, _)| *other == key) {
            Some((_, score)) => *score,
            None => {
                let score = model.scores(&row_of(baselines, row)?, &[target])?.f_double_value(&[0])?;
                known.push((key, score));
                score
            }
        };
        let difference = scores.f_double_value(&[row as i64])? - from;
        let absolute = sums.f_double_value(&[row as i64])? - difference;
        gaps.push(Gap { absolute, relative: absolute.abs() / difference.abs() });
    }
    Ok(gaps)
}
