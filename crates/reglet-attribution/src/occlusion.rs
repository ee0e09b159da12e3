//! Occlusion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::layer_path::baseline_of;
use crate::passes::{by_row, scores_of_many};
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Family, Point, Reduction, Scores,
};

/// The decrease of the score when a window that slides over the picture is replaced by a baseline. Each pixel has the mean
/// of F(x) − F(x without the window) over the windows that cover it.
///
/// * **Needs** scores only. **Cost**: a forward pass for each place of the window, in batches, and one for the input.
/// * **Axioms**: sensitivity (b), implementation invariance, linearity; completeness only if the score is linear and the
///   windows do not overlap, and then up to the factor of the window's area, because each of its pixels has the whole
///   decrease, as in Captum.
/// * **Defaults** are Reglet's own: a window of an eighth of the picture, moved by half its side, replaced by zero in the
///   model's input space. Captum has no default window. The last window of a row or column is cut off by the border, as in
///   Captum.
/// * **Paper**: Zeiler and Fergus, 2013, <https://arxiv.org/abs/1311.2901>.
///
/// ```
/// # use reglet_attribution::{AttributionError, Occlusion};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = Occlusion::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Occlusion {
    /// The window's side in pixels, 1 or more; by default, an eighth of the picture's shorter side.
    pub window: Option<usize>,
    /// The stride in pixels, 1 or more; by default, half a window.
    pub stride: Option<usize>,
    /// What replaces the window.
    pub baseline: Baseline,
}

impl Occlusion {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`.
    ///
    /// # Errors
    /// The errors of the model, [`AttributionError::Baseline`] and [`AttributionError::Parameter`].
    pub fn attribute(
        &self,
        model: &dyn Scores,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        AttributionMethod::check(self)?;
        let (_, _, height, width) = inputs.size4()?;
        let size = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
        let side = self.window.map_or((height.min(width) / 8).max(1), size);
        if side > height.min(width) {
            let expected = "no more than the picture's height and width";
            return Err(fault("window", side.to_string(), expected));
        }
        let stride = self.stride.map_or((side / 2).max(1), size).min(height.max(width));
        let starts = |size: i64| {
            let steps = (size - side + stride - 1) / stride;
            (0..=steps).map(move |step| step * stride).filter(move |start| *start < size)
        };
        let windows: Vec<[i64; 2]> =
            starts(height).flat_map(|top| starts(width).map(move |left| [top, left])).collect();
        let ends = |&[top, left]: &[i64; 2]| [(top + side).min(height), (left + side).min(width)];
        // The masks of one pass at a time: all of them together would take as much memory as all covered pictures.
        let masks = |first: usize, length: usize| -> Result<Tensor, AttributionError> {
            let masks = Tensor::f_zeros([length as i64, 1, height, width], (inputs.kind(), inputs.device()))?;
            for (row, window) in (0..).zip(&windows[first..first + length]) {
                let ([top, left], [bottom, right]) = (*window, ends(window));
                let rows = masks.f_narrow(0, row, 1)?.f_narrow(2, top, bottom - top)?;
                let _ = rows.f_narrow(3, left, right - left)?.f_fill_(1.0)?;
            }
            Ok(masks)
        };
        // The sum over windows of a number for each, at every pixel.
        let spread = |numbers: &dyn Fn(usize) -> f64| {
            let mut sums = vec![0.0; (height * width) as usize];
            for (index, window) in windows.iter().enumerate() {
                let ([top, left], [bottom, right], number) = (*window, ends(window), numbers(index));
                for row in top..bottom {
                    let pixels = &mut sums[(row * width + left) as usize..(row * width + right) as usize];
                    pixels.iter_mut().for_each(|sum| *sum += number);
                }
            }
            sums
        };
        let covered = spread(&|_| 1.0);

        let baselines = self.baseline.tensor(model, inputs)?;
        let whole = model.scores(inputs, targets)?.f_to_kind(Kind::Double)?;
        let mut maps = Vec::with_capacity(targets.len());
        for (row, target) in by_row(inputs, targets)? {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            let change = baseline_of(&baselines, row as i64)?.f_sub(&input)?;
            let scores = scores_of_many(model, &input, windows.len(), target, &mut |first, length| {
                Ok(input.f_add(&masks(first, length)?.f_mul(&change)?)?)
            })?;
            let losses = whole.f_narrow(0, row as i64, 1)?.f_sub(&scores.f_to_kind(Kind::Double)?)?;
            let losses: Vec<f64> = Vec::try_from(losses.f_to_device(Device::Cpu)?)?;
            // With strides longer than the window some pixels are never covered and have no attribution.
            let total = spread(&|window| losses[window]).into_iter().zip(&covered);
            let mean: Vec<f64> = total.map(|(total, covered)| total / covered.max(1.0)).collect();
            let map = Tensor::f_from_slice(&mean)?.f_view([1, 1, height, width])?;
            maps.push(map.f_to_kind(inputs.kind())?.f_to_device(inputs.device())?);
        }
        Ok(Attribution { values: Tensor::f_cat(&maps, 0)?, gaps: None })
    }
}

fn fault(parameter: &'static str, value: String, expected: &'static str) -> AttributionError {
    AttributionError::Parameter { method: "Occlusion", parameter, value, expected }
}

impl AttributionMethod for Occlusion {
    fn about(&self) -> &'static About {
        &About {
            title: "Occlusion",
            family: Family::Scores,
            cost: "1 + windows forward",
            paper: "https://arxiv.org/abs/1311.2901",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        for (parameter, size) in [("window", self.window), ("stride", self.stride)] {
            if size == Some(0) {
                return Err(fault(parameter, "0".to_owned(), "1 or more"));
            }
        }
        self.baseline.check("Occlusion")
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.scores(), point.inputs, point.targets())
    }

    fn reduction(&self) -> Reduction {
        Reduction::Sum
    }
}
