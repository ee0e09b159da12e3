//! RISE.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::layer_path::baseline_of;
use crate::passes::{by_row, check_count, chunks, rows_per_pass};
use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Classifier, Family, Point, Reduction,
    Scores,
};

/// The mean of random masks, each weighted by the score of the masked input: E\[F(x ⊙ m) m\] / E\[m\]. A mask is a coarse
/// grid of zeros and ones, smoothed by bilinear interpolation and shifted at random by less than a cell.
///
/// * **Needs** scores only. **Cost**: a forward pass for each mask, in batches.
/// * **Axioms**: linearity, implementation invariance; not completeness. If the score is the same for every mask, the map is
///   constant up to the sampling error, so only differences between values are meaningful.
/// * **Defaults** are the authors': 4000 masks on a grid of 7 × 7, each cell is kept with probability ½, and masked values
///   are zero in the model's input space. The authors weight masks by the probability; here it is the score.
/// * **Paper**: Petsiuk, Das and Saenko, 2018, <https://arxiv.org/abs/1806.07421>.
///
/// ```
/// # use reglet_attribution::{AttributionError, Rise};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = Rise { masks: 20, ..Rise::default() }.attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rise {
    /// The number of masks: 1 to 100000.
    pub masks: usize,
    /// The number of cells of the grid in height and in width: 1 to 64.
    pub cells: usize,
    /// The probability that a cell is kept: more than 0 and at most 1.
    pub chance: f64,
    /// What replaces the input where the mask is zero.
    pub baseline: Baseline,
    /// Fixes the masks.
    pub seed: u64,
}

impl Default for Rise {
    fn default() -> Self {
        Rise { masks: 4000, cells: 7, chance: 0.5, baseline: Baseline::default(), seed: 0 }
    }
}

impl Rise {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`. All rows have the same masks.
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
        let baselines = self.baseline.tensor(model, inputs)?;
        let one = inputs.f_narrow(0, 0, 1)?;
        let mut totals: Vec<Tensor> = Vec::with_capacity(targets.len());
        for _ in targets {
            totals.push(one.f_narrow(1, 0, 1)?.f_zeros_like()?);
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        for (_, length) in chunks(self.masks, rows_per_pass(&one)) {
            let masks = (0..length).map(|_| self.mask(&mut random, &one)).collect::<Result<Vec<_>, _>>()?;
            let masks = Tensor::f_cat(&masks, 0)?;
            for (row, target) in by_row(inputs, targets)? {
                let baseline = baseline_of(&baselines, row as i64)?;
                let way = inputs.f_narrow(0, row as i64, 1)?.f_sub(&baseline)?;
                let seen = masks.f_mul(&way)?.f_add(&baseline)?;
                let scores = model.scores(&seen, &vec![target; length])?.f_view([-1, 1, 1, 1])?;
                let part = masks.f_mul(&scores.f_to_kind(masks.kind())?)?.f_sum_dim_intlist(
                    0,
                    true,
                    None::<Kind>,
                )?;
                totals[row] = totals[row].f_add(&part)?;
            }
        }
        let values = Tensor::f_cat(&totals, 0)?.f_div_scalar(self.masks as f64 * self.chance)?;
        Ok(Attribution { values, gaps: None })
    }

    /// A mask `[1, 1, H, W]` for inputs like `like`.
    fn mask(&self, random: &mut ChaCha8Rng, like: &Tensor) -> Result<Tensor, AttributionError> {
        let (_, _, height, width) = like.size4()?;
        let cells = self.cells as i64;
        let side = |size: i64| (size + cells - 1) / cells;
        let kept: Vec<f32> =
            (0..cells * cells).map(|_| f32::from(u8::from(random.random_bool(self.chance)))).collect();
        let grid = Tensor::f_from_slice(&kept)?.f_view([1, 1, cells, cells])?.f_to_kind(like.kind())?;
        let grid = grid.f_to_device(like.device())?;
        // One cell more in each direction than the picture needs, for the shift.
        let large = [(cells + 1) * side(height), (cells + 1) * side(width)];
        let large = grid.f_upsample_bilinear2d(large, false, None, None)?;
        let (top, left) = (random.random_range(0..side(height)), random.random_range(0..side(width)));
        Ok(large.f_narrow(2, top, height)?.f_narrow(3, left, width)?)
    }
}

impl AttributionMethod for Rise {
    fn about(&self) -> &'static About {
        &About {
            title: "RISE",
            family: Family::Scores,
            cost: "masks forward",
            paper: "https://arxiv.org/abs/1806.07421",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        check_count("RISE", "masks", self.masks)?;
        self.baseline.check("RISE")?;
        let fault = |parameter, value: String, expected| {
            Err(AttributionError::Parameter { method: "RISE", parameter, value, expected })
        };
        if !(1..=64).contains(&self.cells) {
            return fault("cells", self.cells.to_string(), "from 1 to 64");
        }
        if !(self.chance > 0.0 && self.chance <= 1.0) {
            return fault("chance", self.chance.to_string(), "more than 0 and at most 1");
        }
        Ok(())
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model.scores(), point.inputs, point.targets())
    }

    fn reduction(&self) -> Reduction {
        Reduction::Sum
    }

    fn note(&self, _model: Classifier<'_>) -> Option<String> {
        Some(format!("{} masks", self.masks))
    }
}
