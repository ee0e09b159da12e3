//! Coalitions of segments: some segments of an input are kept while the others are replaced by a baseline.

use tch::{Device, Kind, Tensor};

use crate::passes::{by_row, scores_of_many};
use crate::{Attribution, AttributionError, Baseline, Gap, Scores, Segmentation, Segments};

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
        // Written so that a segment that is kept has exactly the input's numbers.
        let replaced = masks.f_mul_scalar(-1.0)?.f_add_scalar(1.0)?;
        Ok(self.input.f_add(&replaced.f_mul(&self.baseline.f_sub(&self.input)?)?)?)
    }

    /// The score of each row of `degrees`, in batches of rows that differ from the input by about as much: what those with few
    /// changes save would be lost beside others.
    pub fn scores(&self, degrees: &[Vec<f64>]) -> Result<Vec<f64>, AttributionError> {
        let kept: Vec<f64> = degrees.iter().map(|degrees| degrees.iter().sum()).collect();
        let mut order: Vec<usize> = (0..degrees.len()).collect();
        order.sort_by(|&one, &other| kept[other].total_cmp(&kept[one]));
        let found =
            scores_of_many(self.model, &self.input, degrees.len(), self.target, &mut |first, length| {
                let rows: Vec<Vec<f64>> =
                    order[first..first + length].iter().map(|&row| degrees[row].clone()).collect();
                self.mixed(&self.tensor(&rows)?)
            })?;
        let mut scores = vec![0.0; degrees.len()];
        let found: Vec<f64> = Vec::try_from(found.f_to_kind(Kind::Double)?)?;
        order.into_iter().zip(found).for_each(|(row, score)| scores[row] = score);
        Ok(scores)
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

    /// The attribution `[N, 1, H, W]` of `inputs`: `share` returns what each segment of one row receives.
    pub fn attribution(
        &self,
        model: &dyn Scores,
        inputs: &Tensor,
        targets: &[usize],
        mut share: impl FnMut(&Coalitions) -> Result<Shares, AttributionError>,
    ) -> Result<Attribution, AttributionError> {
        let baselines = self.baseline.tensor(model, inputs)?;
        let (mut maps, mut rises) = (Vec::with_capacity(targets.len()), Vec::new());
        for (row, target) in by_row(inputs, targets)? {
            let input = inputs.f_narrow(0, row as i64, 1)?;
            let coalitions = Coalitions {
                model,
                baseline: crate::layer_path::baseline_of(&baselines, row as i64)?,
                segments: self.segmentation.segments(self.method, &input)?,
                input,
                target,
            };
            let Shares { of_segments, rise } = share(&coalitions)?;
            maps.push(coalitions.spread(&of_segments)?);
            rises.extend(rise);
        }
        let values = Tensor::f_cat(&maps, 0)?;
        let gaps = match rises.len() == targets.len() {
            true => Some(Gap::of(&values, &Tensor::f_from_slice(&rises)?.f_to_device(values.device())?)?),
            false => None,
        };
        Ok(Attribution { values, gaps })
    }
}

/// What the segments of one input receive.
pub(crate) struct Shares {
    pub of_segments: Vec<f64>,
    /// The score of the input minus that of the baseline, if the method is complete: what the shares should sum to.
    pub rise: Option<f64>,
}

impl Shares {
    /// The shares of a method that is not complete.
    pub fn incomplete(of_segments: Vec<f64>) -> Shares {
        Shares { of_segments, rise: None }
    }
}

/// Makes a type with the parameters `segmentation` and `baseline` a method, from its name, title, cost and paper. The type has
/// the functions `shares`, which computes what the segments of one input receive, `check_counts` for its other parameters, and
/// `counts`, which describes them.
macro_rules! segment_method {
    ($method:ident, $title:literal, $cost:literal, $paper:literal) => {
        impl $method {
            fn game(&self) -> $crate::coalitions::Game<'_> {
                $crate::coalitions::Game {
                    method: $title,
                    segmentation: &self.segmentation,
                    baseline: &self.baseline,
                }
            }

            /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`, with its gap if the
            /// method is complete. All rows have the same draws.
            ///
            /// # Errors
            /// The errors of the model, [`AttributionError::Baseline`](crate::AttributionError::Baseline) and
            /// [`AttributionError::Parameter`](crate::AttributionError::Parameter).
            pub fn attribute(
                &self,
                model: &dyn $crate::Scores,
                inputs: &tch::Tensor,
                targets: &[usize],
            ) -> Result<$crate::Attribution, $crate::AttributionError> {
                $crate::AttributionMethod::check(self)?;
                self.game().attribution(model, inputs, targets, |coalitions| self.shares(coalitions))
            }
        }

        impl $crate::AttributionMethod for $method {
            fn about(&self) -> &'static $crate::About {
                &$crate::About { title: $title, family: $crate::Family::Scores, cost: $cost, paper: $paper }
            }

            fn check(&self) -> Result<(), $crate::AttributionError> {
                self.check_counts()?;
                self.game().check()
            }

            fn at(&self, point: &$crate::Point) -> Result<$crate::Attribution, $crate::AttributionError> {
                self.attribute(point.model.scores(), point.inputs, point.targets())
            }

            fn reduction(&self) -> $crate::Reduction {
                $crate::Reduction::Sum
            }

            fn note(&self, _model: $crate::Classifier<'_>) -> Option<String> {
                self.counts()
            }
        }
    };
}

pub(crate) use segment_method;
