//! Integrated Gradients.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::line::line;
use crate::passes::{add, by_row, check_count, chunks, rows_per_pass};
use crate::quadrature::{ends, graded};
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Classifier, Family, Gap, Gradients,
    Line, Point, Quadrature,
};

/// The integral of the gradient along the straight line from a baseline x′ to the input x, times the difference: (x − x′) ⊙
/// ∫₀¹ ∂F/∂x (x′ + α (x − x′)) dα.
///
/// * **Needs** gradients. **Cost**: `steps` forward and backward passes and one forward pass of the baseline; with secants,
///   one more forward pass for each thread's share of a batch.
/// * **Axioms**: completeness (the attributions sum to F(x) − F(x′)), sensitivity (a) and (b), linearity, implementation
///   invariance, symmetry. The sum over steps is an approximation, and its deviation from completeness is reported as the
///   gap. With secants ([`Quadrature::Secant`]), the sum is complete after any number of steps, except for layer norm and
///   softmax; the gap then does not show how close the map is to the integral.
/// * **Defaults** are Captum's: 50 Gauss-Legendre nodes, a baseline of zero in the model's input space, which is a picture
///   of the mean colour of the training set and not a black picture.
/// * **Paper**: Sundararajan, Taly and Yan, 2017, <https://arxiv.org/abs/1703.01365>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IntegratedGradients {
    /// The number of gradients along the path: 1 to 100000.
    pub steps: usize,
    /// The positions of the gradients.
    pub quadrature: Quadrature,
    /// The start of the path.
    pub baseline: Baseline,
    /// A tolerance, more than 0 and less than 1. The graded rule is refined, up to 1024 steps, until both the change of the
    /// map when the steps are doubled (relative L2) and the relative gap are below it. `steps` and `quadrature` are then
    /// ignored.
    pub tolerance: Option<f64>,
}

/// With a tolerance: the steps of the first rule, and the largest number of steps.
const FIRST_STEPS: usize = 8;
const MOST_STEPS: usize = 1024;

impl Default for IntegratedGradients {
    fn default() -> Self {
        IntegratedGradients {
            steps: 50,
            quadrature: Quadrature::default(),
            baseline: Baseline::default(),
            tolerance: None,
        }
    }
}

impl IntegratedGradients {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target, with its gap. `scores` are
    /// the model's scores there.
    ///
    /// # Errors
    /// The errors of the model, and [`AttributionError::Parameter`].
    pub fn attribute(
        &self,
        model: &dyn Gradients,
        inputs: &Tensor,
        targets: &[usize],
        scores: &Tensor,
    ) -> Result<Attribution, AttributionError> {
        self.check()?;
        let baselines = self.baseline.tensor(model, inputs)?;
        let differences = differences(model, &baselines, targets, scores)?;
        let mut rows = Vec::with_capacity(targets.len());
        for (row, (&target, &difference)) in targets.iter().zip(&differences).enumerate() {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            rows.push(self.attribute_row(model, &input, &row_of(&baselines, row)?, target, difference)?);
        }
        let values = Tensor::f_cat(&rows, 0)?;
        let gaps = Gap::of(&values, &Tensor::f_from_slice(&differences)?.f_to_device(values.device())?)?;
        Ok(Attribution { values, gaps: Some(gaps) })
    }

    /// Checks the parameters.
    fn check(&self) -> Result<(), AttributionError> {
        self.baseline.check("Integrated Gradients")?;
        match self.tolerance {
            Some(tolerance) if !(tolerance > 0.0 && tolerance < 1.0) => Err(AttributionError::Parameter {
                method: "Integrated Gradients",
                parameter: "tolerance",
                value: tolerance.to_string(),
                expected: "more than 0 and less than 1",
            }),
            _ => check_count("Integrated Gradients", "steps", self.steps),
        }
    }

    /// One input `[1, C, H, W]`.
    fn attribute_row(
        &self,
        model: &dyn Gradients,
        input: &Tensor,
        baseline: &Tensor,
        target: usize,
        difference: f64,
    ) -> Result<Tensor, AttributionError> {
        let line = line(model, baseline, input, target)?;
        let way = input.f_sub(baseline)?;
        let sum = match self.tolerance {
            None if self.quadrature == Quadrature::Secant => {
                let ends = ends(self.steps);
                in_passes(self.steps, rows_per_pass(input), |steps| {
                    line.secants(&ends[steps.start..=steps.end])
                })?
            }
            None => integrate(line.as_ref(), &self.quadrature.nodes(self.steps), rows_per_pass(input))?,
            Some(tolerance) => within(line.as_ref(), tolerance, difference, rows_per_pass(input))?,
        };
        Ok(line.at_input(&sum)?.f_mul(&way)?)
    }
}

/// Σ weight · gradient over nodes (α, weight), in passes with at most this number of rows.
fn integrate(line: &dyn Line, nodes: &[(f64, f64)], rows: usize) -> Result<Tensor, AttributionError> {
    in_passes(nodes.len(), rows, |nodes_of| line.sum(&nodes[nodes_of]))
}

/// The sum of the results of `pass` over parts of `0..count` of limited size.
fn in_passes(
    count: usize,
    most: usize,
    mut pass: impl FnMut(Range<usize>) -> Result<Tensor, AttributionError>,
) -> Result<Tensor, AttributionError> {
    let mut total: Option<Tensor> = None;
    for (first, length) in chunks(count, most) {
        add(&mut total, pass(first..first + length)?)?;
    }
    Ok(total.expect("a rule has nodes"))
}

/// Graded rules with 8, 16, 32 … steps, each of which reuses all points of the previous one, until both the change of the
/// integral and its gap from `difference` (of the scores) are within `tolerance`, or [`MOST_STEPS`] is reached.
fn within(line: &dyn Line, tolerance: f64, difference: f64, rows: usize) -> Result<Tensor, AttributionError> {
    // Weights are kept without their common factor, and the sum of gradients is divided by their sum.
    let (mut steps, mut last, mut sum, mut total) = (FIRST_STEPS, None::<Tensor>, None::<Tensor>, 0.0);
    loop {
        // Every second point of this rule is a point of the previous rule.
        let fresh: Vec<(f64, f64)> = (1..=steps)
            .filter(|k| last.is_none() || k % 2 == 1)
            .map(|k| graded(k as f64 / steps as f64, if k == steps { 0.5 } else { 1.0 }))
            .collect();
        let part = integrate(line, &fresh, rows)?;
        total += fresh.iter().map(|(_, weight)| weight).sum::<f64>();
        add(&mut sum, part)?;
        let mean = sum.as_ref().expect("it was just set").f_div_scalar(total)?;
        let change = last.as_ref().map(|last| relative_change(&mean, last)).transpose()?;
        let slope = mean.f_mul(line.way())?.f_sum(Kind::Double)?.f_double_value(&[])?;
        let near = (slope - difference).abs() <= tolerance * difference.abs();
        if steps >= MOST_STEPS || near && change.is_some_and(|change| change <= tolerance) {
            return Ok(mean);
        }
        (last, steps) = (Some(mean), 2 * steps);
    }
}

/// ‖a − b‖ / ‖a‖, zero if nothing has changed.
fn relative_change(a: &Tensor, b: &Tensor) -> Result<f64, AttributionError> {
    let norm = |tensor: &Tensor| tensor.f_norm()?.f_double_value(&[]);
    let change = norm(&a.f_sub(b)?)?;
    Ok(if change == 0.0 { 0.0 } else { change / norm(a)? })
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
        self.attribute(point.model.gradients()?, point.inputs, point.targets(), point.scores())
    }

    fn note(&self, _model: Classifier<'_>) -> Option<String> {
        Some(match self.tolerance {
            Some(tolerance) => format!("tolerance {} %, at most {MOST_STEPS} steps", 100.0 * tolerance),
            None if self.quadrature == Quadrature::Secant => format!("{} secants", self.steps),
            None => format!("{} steps", self.steps),
        })
    }
}

/// The baseline of one row, `[1, C, H, W]`.
fn row_of(baselines: &Tensor, row: usize) -> Result<Tensor, AttributionError> {
    let row = if baselines.size()[0] == 1 { 0 } else { row };
    Ok(baselines.f_narrow(0, row as i64, 1)?)
}

/// The difference between each row's score and that of its baseline.
fn differences(
    model: &dyn Gradients,
    baselines: &Tensor,
    targets: &[usize],
    scores: &Tensor,
) -> Result<Vec<f64>, AttributionError> {
    // One forward pass for each different pair of baseline and target; usually there is only one.
    let mut known: Vec<((usize, usize), f64)> = Vec::new();
    let shared = baselines.size()[0] == 1;
    let mut differences = Vec::with_capacity(targets.len());
    for (row, target) in by_row(scores, targets)? {
        let key = (if shared { 0 } else { row }, target);
        let from = match known.iter().find(|(other, _)| *other == key) {
            Some((_, score)) => *score,
            None => {
                let score = model.scores(&row_of(baselines, row)?, &[target])?.f_double_value(&[0])?;
                known.push((key, score));
                score
            }
        };
        differences.push(scores.f_double_value(&[row as i64])? - from);
    }
    Ok(differences)
}
