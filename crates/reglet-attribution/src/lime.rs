//! LIME.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::coalitions::{Coalitions, Shares, segment_method};
use crate::lasso::lasso;
use crate::passes::check_count;
use crate::{Attribution, AttributionError, AttributionMethod, Baseline, Scores, Segmentation};

/// A sparse linear model of the score near the input: the coefficients of a Lasso regression of the score on indicators of
/// the kept segments, where each sample is weighted by its similarity to the input, exp(−d² / 2w²) with d = 1 − cos(x,
/// sample) in the input space. The value of a segment is spread evenly over its pixels.
///
/// * **Needs** scores only. **Cost**: `samples` forward passes, in batches.
/// * **Axioms**: none: the result depends on samples, kernel and penalty, and none of the three preserves completeness.
/// * **Defaults** are Captum's: segments are kept with probability ½, a kernel width of 1, a penalty of 0.01. The grid of 8
///   × 8 and the 1000 samples are Reglet's own; Captum has no default segments and 25 samples.
/// * **Paper**: Ribeiro, Singh and Guestrin, 2016, <https://arxiv.org/abs/1602.04938>.
///
/// ```
/// # use reglet_attribution::{AttributionError, Lime};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = Lime { samples: 50, ..Lime::default() }.attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lime {
    /// The segments.
    pub segmentation: Segmentation,
    /// What replaces a segment that is not kept.
    pub baseline: Baseline,
    /// The number of samples: 1 to 100000.
    pub samples: usize,
    /// The kernel's width w, more than 0.
    pub width: f64,
    /// The penalty on the coefficients' magnitudes, 0 or more.
    pub penalty: f64,
    /// Fixes the draws.
    pub seed: u64,
}

impl Default for Lime {
    fn default() -> Self {
        let (segmentation, baseline) = (Segmentation::default(), Baseline::default());
        Lime { segmentation, baseline, samples: 1000, width: 1.0, penalty: 0.01, seed: 0 }
    }
}

impl Lime {
    fn shares(&self, coalitions: &Coalitions) -> Result<Shares, AttributionError> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut keep = || f64::from(u8::from(random.random::<bool>()));
        let kept: Vec<Vec<f64>> =
            (0..self.samples).map(|_| (0..coalitions.count()).map(|_| keep()).collect()).collect();
        Ok(Shares::incomplete(self.coefficients(coalitions, &kept)?))
    }

    fn check_counts(&self) -> Result<(), AttributionError> {
        check_count("LIME", "samples", self.samples)?;
        let fault = |parameter, value: f64, expected| {
            Err(AttributionError::Parameter { method: "LIME", parameter, value: value.to_string(), expected })
        };
        if !(self.width > 0.0 && self.width.is_finite()) {
            return fault("width", self.width, "a number above 0");
        }
        if !(self.penalty >= 0.0 && self.penalty.is_finite()) {
            return fault("penalty", self.penalty, "0 or more");
        }
        Ok(())
    }

    fn counts(&self) -> Option<String> {
        Some(format!("{} samples", self.samples))
    }

    /// The attribution by [`attribute`](Lime::attribute), with samples given by the caller: for each, 1 for every segment that is kept and 0 for the others.
    ///
    /// # Errors
    /// The errors of the model, [`AttributionError::Baseline`] and [`AttributionError::Parameter`].
    pub fn attribute_with(
        &self,
        model: &dyn Scores,
        inputs: &Tensor,
        targets: &[usize],
        kept: &[Vec<f64>],
    ) -> Result<Attribution, AttributionError> {
        AttributionMethod::check(self)?;
        self.game().attribution(model, inputs, targets, |coalitions| {
            if kept.is_empty() || kept.iter().any(|kept| kept.len() != coalitions.count()) {
                return Err(AttributionError::Parameter {
                    method: "LIME",
                    parameter: "samples",
                    value: format!("{} lists", kept.len()),
                    expected: "one or more lists with a number for each segment",
                });
            }
            Ok(Shares::incomplete(self.coefficients(coalitions, kept)?))
        })
    }

    fn coefficients(&self, coalitions: &Coalitions, kept: &[Vec<f64>]) -> Result<Vec<f64>, AttributionError> {
        let scores = coalitions.scores(kept)?;
        let whole =
            coalitions.mixed(&coalitions.tensor(&[vec![1.0; coalitions.count()]])?)?.f_view([1, -1])?;
        let distance = |kept: &Vec<f64>| -> Result<f64, AttributionError> {
            let sample =
                coalitions.mixed(&coalitions.tensor(std::slice::from_ref(kept))?)?.f_view([1, -1])?;
            let cosine = Tensor::f_cosine_similarity(&whole, &sample, 1, 1e-8)?;
            Ok(1.0 - cosine.f_to_kind(Kind::Double)?.f_double_value(&[0])?)
        };
        let squares: Vec<f64> =
            kept.iter().map(|kept| Ok(distance(kept)?.powi(2))).collect::<Result<_, AttributionError>>()?;
        // A common factor does not change the fit, and without it a narrow kernel would leave nothing but zeros.
        let least = squares.iter().copied().fold(f64::INFINITY, f64::min);
        let weight = |square: &f64| ((least - square) / (2.0 * self.width * self.width)).exp();
        let weights: Vec<f64> = squares.iter().map(weight).collect();
        Ok(lasso(kept, &scores, &weights, self.penalty))
    }
}

segment_method!(Lime, "LIME", "samples forward", "https://arxiv.org/abs/1602.04938");
