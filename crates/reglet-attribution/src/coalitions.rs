//! Coalitions of segments: some segments of an input are kept while the others are replaced by a baseline.

use tch::{Device, Kind, Tensor};

use crate::passes::scores_of_many;
use crate::{AttributionError, Baseline, Gap, Scores, Segmentation, Segments};

/// One input whose segments are the players of a game with the score as its value.
pub(crate) struct Coalitions<'a> {
    model: &'a dyn Scores,
    input: Tensor,
    baseline: Tensor,
    segments: Segments,
    target: usize,
}

impl<'a> Coalitions<'a> {
    /// How many segments there are.
    pub fn count(&self) -> usize {
        self.segments.count
    }

    /// The centre of each segment, as row and column.
    pub fn centres(&self) -> Result<Vec<[f64; 2]>, AttributionError> {
        let width = self.segments.labels.size2()?.1;
        let flat = self.segments.labels.f_to_device(Device::Cpu)?.f_contiguous()?.f_view([-1])?;
        let labels: Vec<i64> = Vec::try_from(flat)?;
        let mut sums = vec![([0.0; 2], 0.0); self.count()];
        for (pixel, &label) in (0_i64..).zip(&labels) {
            let (sum, area) = &mut sums[label as usize];
            *sum = [sum[0] + (pixel / width) as f64, sum[1] + (pixel % width) as f64];
            *area += 1.0;
        }
        Ok(sums.into_iter().map(|(sum, area)| sum.map(|sum| sum / area)).collect())
    }

    /// The input with each segment kept to a degree from 0 (replaced by the baseline) to 1 (unchanged): `[rows, C, H, W]`
    /// for degrees `[rows, segments]`.
    pub fn mixed(&self, degrees: &Tensor) -> Result<Tensor, AttributionError> {
        let (_, _, height, width) = self.input.size4()?;
        let masks =
            degrees.f_index_select(1, &self.segments.labels.f_view([-1])?)?.f_view([-1, 1, height, width])?;
        Ok(self.baseline.f_add(&masks.f_mul(&self.input.f_sub(&self.baseline)?)?)?)
    }

    /// The score of each row of `degrees`, in batches.
    pub fn scores(&self, degrees: &[Vec<f64>]) -> Result<Vec<f64>, AttributionError> {
        let scores =
            scores_of_many(self.model, &self.input, degrees.len(), self.target, &mut |first, length| {
                self.mixed(&self.tensor(&degrees[first..first + length])?)
            })?;
        Ok(Vec::try_from(scores.f_to_kind(Kind::Double)?)?)
    }

    /// The degrees as a tensor of the input's data type, `[rows, segments]`.
    pub fn tensor(&self, degrees: &[Vec<f64>]) -> Result<Tensor, AttributionError> {
        let flat = Tensor::f_from_slice(&degrees.concat())?.f_view([-1, self.segments.count as i64])?;
        Ok(flat.f_to_kind(self.input.kind())?.f_to_device(self.input.device())?)
    }

    /// The scores of the baseline and of the input.
    pub fn ends(&self) -> Result<(f64, f64), AttributionError> {
        let ends = self.scores(&[vec![0.0; self.count()], vec![1.0; self.count()]])?;
        Ok((ends[0], ends[1]))
    }

    /// A map `[1, 1, H, W]` on which each segment's value is spread evenly over its pixels, so that the sum over a region is
    /// the sum of its segments' values.
    pub fn spread(&self, values: &[f64]) -> Result<Tensor, AttributionError> {
        let labels = self.segments.labels.f_view([-1])?;
        let areas = labels.f_bincount::<&Tensor>(None, self.count() as i64)?;
        let values =
            Tensor::f_from_slice(values)?.f_to_device(labels.device())?.f_div(&areas.f_clamp_min(1)?)?;
        let (_, _, height, width) = self.input.size4()?;
        let map = values.f_index_select(0, &labels)?.f_view([1, 1, height, width])?;
        Ok(map.f_to_kind(self.input.kind())?)
    }
}

/// The input of a method that computes the values of segments.
pub(crate) struct Game<'a> {
    pub method: &'static str,
    pub segmentation: &'a Segmentation,
    pub baseline: &'a Baseline,
}

impl Game<'_> {
    /// Checks the parameters that these methods share.
    pub fn check(&self) -> Result<(), AttributionError> {
        self.segmentation.check(self.method)?;
        self.baseline.check(self.method)
    }

    /// Computes the maps `[N, 1, H, W]` of `inputs`: `play` returns a value for each segment of one row.
    pub fn play(
        &self,
        model: &dyn Scores,
        inputs: &Tensor,
        targets: &[usize],
        mut play: impl FnMut(&Coalitions) -> Result<Vec<f64>, AttributionError>,
    ) -> Result<Tensor, AttributionError> {
        let baselines = self.baseline.tensor(model, inputs)?;
        let mut maps = Vec::with_capacity(targets.len());
        for (row, &target) in targets.iter().enumerate() {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            let coalitions = Coalitions {
                model,
                baseline: crate::layer_path::baseline_of(&baselines, row as i64)?,
                segments: self.segmentation.segments(self.method, &input)?,
                input,
                target,
            };
            maps.push(coalitions.spread(&play(&coalitions)?)?);
        }
        Ok(Tensor::f_cat(&maps, 0)?)
    }
}

/// The completeness gap of a map whose segments should sum to the rise from the baseline's score to the input's.
pub(crate) fn gaps(values: &Tensor, ends: &[(f64, f64)]) -> Result<Vec<Gap>, AttributionError> {
    let rises: Vec<f64> = ends.iter().map(|(from, to)| to - from).collect();
    Gap::of(values, &Tensor::f_from_slice(&rises)?.f_to_device(values.device())?)
}
