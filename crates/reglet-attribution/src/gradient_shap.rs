//! GradientSHAP, also known as expected gradients.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::layer_path::baseline_of;
use crate::passes::{by_row, check_count, chunks, rows_per_pass};
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Classifier, Family, Gap, Gradients,
    Point,
};

/// Integrated Gradients averaged over a distribution of baselines by sampling: the mean of (x − x′) ⊙ ∂F/∂x (x′ + α (x −
/// x′)) over baselines x′ and positions α, uniform in 0…1.
///
/// * **Needs** gradients. **Cost**: a forward and a backward pass for each sample, and a forward pass for each baseline.
/// * **Axioms**: those of Integrated Gradients in expectation; completeness against the mean of F over the baselines, up to
///   the sampling error, which is most of the gap.
/// * **Defaults** are Reglet's own: 50 samples, and the uniform pictures zero, black, white and grey as baselines. Captum
///   has 5 samples and no default baselines.
/// * **Paper**: Erion et al., 2019, <https://arxiv.org/abs/1906.10670>; Lundberg and Lee, 2017,
///   <https://arxiv.org/abs/1705.07874>.
///
/// ```
/// # use reglet_attribution::{AttributionError, GradientShap};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = GradientShap { samples: 8, ..GradientShap::default() }.attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 3, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GradientShap {
    /// The baselines: one or more.
    pub baselines: Vec<Baseline>,
    /// The number of samples: 1 to 100000.
    pub samples: usize,
    /// Fixes the draws.
    pub seed: u64,
}

/// A sample: a position on the line from a baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathSample {
    /// The index of the baseline.
    pub baseline: usize,
    /// The position, from 0 (the baseline) to 1 (the input).
    pub place: f64,
}

impl Default for GradientShap {
    fn default() -> Self {
        let baselines = vec![Baseline::Zero, Baseline::Black, Baseline::White, Baseline::Grey];
        GradientShap { baselines, samples: 50, seed: 0 }
    }
}

impl GradientShap {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target, of the inputs' shape, with its gap. All rows
    /// use the same samples.
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
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let draw =
            |_| PathSample { baseline: random.random_range(0..self.baselines.len()), place: random.random() };
        let samples: Vec<PathSample> = (0..self.samples).map(draw).collect();
        self.attribute_with(model, inputs, targets, &samples)
    }

    /// The same, with samples given by the caller.
    ///
    /// # Errors
    /// The errors of the model, [`AttributionError::Baseline`] and [`AttributionError::Parameter`].
    pub fn attribute_with(
        &self,
        model: &dyn Gradients,
        inputs: &Tensor,
        targets: &[usize],
        samples: &[PathSample],
    ) -> Result<Attribution, AttributionError> {
        AttributionMethod::check(self)?;
        check_count("GradientSHAP", "samples", samples.len())?;
        if let Some(wrong) = samples.iter().find(|sample| sample.baseline >= self.baselines.len()) {
            return Err(AttributionError::Parameter {
                method: "GradientSHAP",
                parameter: "baseline of a sample",
                value: wrong.baseline.to_string(),
                expected: "the index of one of the baselines",
            });
        }
        let baselines: Vec<Tensor> =
            self.baselines.iter().map(|baseline| baseline.tensor(model, inputs)).collect::<Result<_, _>>()?;
        let mut rows = Vec::with_capacity(targets.len());
        let mut differences = Vec::with_capacity(targets.len());
        for (row, target) in by_row(inputs, targets)? {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            let baselines: Vec<Tensor> = baselines
                .iter()
                .map(|baseline| baseline_of(baseline, row as i64))
                .collect::<Result<_, _>>()?;
            let baselines = Tensor::f_cat(&baselines, 0)?;
            rows.push(mean(model, &input, &baselines, target, samples)?);
            let from = model.scores(&baselines, &vec![target; self.baselines.len()])?.f_mean(None::<Kind>)?;
            differences.push(model.scores(&input, &[target])?.f_sub(&from)?);
        }
        let values = Tensor::f_cat(&rows, 0)?;
        let gaps = Gap::of(&values, &Tensor::f_cat(&differences, 0)?)?;
        Ok(Attribution { values, gaps: Some(gaps) })
    }
}

/// The mean over samples for one input `[1, C, H, W]`.
fn mean(
    model: &dyn Gradients,
    input: &Tensor,
    baselines: &Tensor,
    target: usize,
    samples: &[PathSample],
) -> Result<Tensor, AttributionError> {
    let mut total = input.f_zeros_like()?;
    for (first, length) in chunks(samples.len(), rows_per_pass(input)) {
        let samples = &samples[first..first + length];
        let indices: Vec<i64> = samples.iter().map(|sample| sample.baseline as i64).collect();
        let places: Vec<f64> = samples.iter().map(|sample| sample.place).collect();
        let starts =
            baselines.f_index_select(0, &Tensor::f_from_slice(&indices)?.f_to_device(input.device())?)?;
        let places = Tensor::f_from_slice(&places)?.f_view([-1, 1, 1, 1])?;
        let places = places.f_to_device(input.device())?.f_to_kind(input.kind())?;
        let ways = input.f_sub(&starts)?;
        let points = starts.f_add(&ways.f_mul(&places)?)?;
        let (_, gradients) = model.gradients(&points, &vec![target; length])?;
        total = total.f_add(&gradients.f_mul(&ways)?.f_sum_dim_intlist(0, true, None::<Kind>)?)?;
    }
    Ok(total.f_div_scalar(samples.len() as f64)?)
}

impl AttributionMethod for GradientShap {
    fn about(&self) -> &'static About {
        &About {
            title: "GradientSHAP",
            family: Family::Gradients,
            cost: "samples + 1 + baselines forward, samples backward",
            paper: "https://arxiv.org/abs/1906.10670",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        check_count("GradientSHAP", "baselines", self.baselines.len())?;
        check_count("GradientSHAP", "samples", self.samples)?;
        self.baselines.iter().try_for_each(|baseline| baseline.check("GradientSHAP"))
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.gradients()?, point.inputs, point.targets())
    }

    fn note(&self, _model: Classifier<'_>) -> Option<String> {
        Some(format!("{} samples", self.samples))
    }
}
