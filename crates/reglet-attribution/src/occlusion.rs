//! Occlusion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::layer_path::baseline_of;
use crate::passes::scores_of_many;
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
        let side = self.window.map_or((height.min(width) / 8).max(1), |side| side as i64);
        if side > height.min(width) {
            let expected = "no more than the picture's height and width";
            return Err(fault("window", side.to_string(), expected));
        }
        let stride = self.stride.map_or((side / 2).max(1), |stride| stride as i64);
        let starts = |size: i64| (0..=(size - side + stride - 1) / stride).map(move |step| step * stride);
        let windows: Vec<(i64, i64)> =
            starts(height).flat_map(|top| starts(width).map(move |left| (top, left))).collect();
        let mask = |&(top, left): &(i64, i64)| -> Result<Tensor, AttributionError> {
            let mask = Tensor::f_zeros([1, 1, height, width], (inputs.kind(), inputs.device()))?;
            let rows = mask.f_narrow(2, top, side.min(height - top))?;
            let _ = rows.f_narrow(3, left, side.min(width - left))?.f_fill_(1.0)?;
            Ok(mask)
        };
        let masks = windows.iter().map(mask).collect::<Result<Vec<_>, _>>()?;
        let masks = Tensor::f_cat(&masks, 0)?;
        let covered = masks.f_sum_dim_intlist(0, true, None::<Kind>)?;

        let baselines = self.baseline.tensor(model, inputs)?;
        let whole = model.scores(inputs, targets)?;
        let mut maps = Vec::with_capacity(targets.len());
        for (row, &target) in targets.iter().enumerate() {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            let change = baseline_of(&baselines, row as i64)?.f_sub(&input)?;
            let scores = scores_of_many(model, &input, windows.len(), target, &mut |first, length| {
                Ok(input.f_add(&masks.f_narrow(0, first as i64, length as i64)?.f_mul(&change)?)?)
            })?;
            let losses = whole.f_narrow(0, row as i64, 1)?.f_sub(&scores)?.f_view([-1, 1, 1, 1])?;
            let total =
                masks.f_mul(&losses.f_to_kind(masks.kind())?)?.f_sum_dim_intlist(0, true, None::<Kind>)?;
            // With strides longer than the window some pixels are never covered and have no attribution.
            maps.push(total.f_div(&covered.f_clamp_min(1.0)?)?);
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
