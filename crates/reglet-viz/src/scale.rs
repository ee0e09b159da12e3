use ndarray::{Array2, ArrayView2};

use crate::VizError;

/// How a map's raw values are normalised to the range from 0 to 1 of a colour map.
///
/// NaN and infinities never take part in finding the range.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Scale {
    /// The smallest value becomes 0, the largest 1.
    MinMax,
    /// The smallest value becomes 0 and the given percentile 1; larger values are clipped. 99 is usual, so that a few bright
    /// pixels do not darken all others. In a map so sparse that the percentile equals the smallest value, the largest value
    /// becomes 1 instead.
    Percentile(f32),
    /// For signed maps: zero becomes ½, and the given percentile of the absolute values becomes 1 above zero
    /// and 0 below. 100 loses nothing.
    Symmetric(f32),
    /// The same limits for every map, so that several can be compared.
    Fixed {
        /// The value that becomes 0.
        low: f32,
        /// The value that becomes 1.
        high: f32,
    },
}

/// A map normalised to the range from 0 to 1, with information on the scaling.
#[derive(Clone, Debug)]
pub struct Scaled {
    /// The normalised values, height × width, each between 0 and 1.
    pub values: Array2<f32>,
    /// The raw value that became 0.
    pub low: f32,
    /// The raw value that became 1. Equal to `low` if the map is constant.
    pub high: f32,
    /// The neutral value: ½ on a symmetric scale, else 0.
    pub neutral: f32,
    /// Whether all finite values were equal; the whole map then has the value [`neutral`](Scaled::neutral).
    pub flat: bool,
    /// How many values were NaN or infinite. NaN is drawn as neutral, an infinity as the end it points to.
    pub non_finite: usize,
}

impl Scale {
    /// Scales `map`, height × width, in any units.
    ///
    /// # Errors
    /// An empty map, one without a finite value, a percentile outside (0, 100], limits out of order.
    pub fn apply(self, map: ArrayView2<'_, f32>) -> Result<Scaled, VizError> {
        let (height, width) = map.dim();
        if map.is_empty() {
            return Err(VizError::EmptyMap { width, height });
        }
        let finite: Vec<f32> = map.iter().copied().filter(|value| value.is_finite()).collect();
        if finite.is_empty() {
            return Err(VizError::NoFiniteValue { count: map.len() });
        }
        let non_finite = map.len() - finite.len();
        let (low, high) = self.limits(finite)?;
        let neutral = if matches!(self, Scale::Symmetric(_)) { 0.5 } else { 0.0 };

        // In f64 the difference of two f32 cannot overflow, and that of two different ones cannot be zero.
        let span = f64::from(high) - f64::from(low);
        let flat = span == 0.0;
        let values = map.mapv(|value| {
            if flat || value.is_nan() {
                return neutral;
            }
            ((f64::from(value) - f64::from(low)) / span).clamp(0.0, 1.0) as f32
        });
        Ok(Scaled { values, low, high, neutral, flat, non_finite })
    }

    fn limits(self, mut finite: Vec<f32>) -> Result<(f32, f32), VizError> {
        match self {
            Scale::MinMax => Ok(extremes(&finite)),
            Scale::Percentile(percentile) => {
                let (low, largest) = extremes(&finite);
                let high = value_below_which(percentile, &mut finite)?;
                Ok((low, if high > low { high } else { largest }))
            }
            Scale::Symmetric(percentile) => {
                finite.iter_mut().for_each(|value| *value = value.abs());
                let (_, largest) = extremes(&finite);
                let limit = value_below_which(percentile, &mut finite)?;
                let limit = if limit > 0.0 { limit } else { largest };
                Ok((-limit, limit))
            }
            Scale::Fixed { low, high } => {
                if low.is_finite() && high.is_finite() && low < high {
                    Ok((low, high))
                } else {
                    Err(VizError::Limits { low, high })
                }
            }
        }
    }
}

fn extremes(values: &[f32]) -> (f32, f32) {
    values
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)))
}

/// The percentile by NumPy's default method: linear interpolation between the two nearest ranks.
fn value_below_which(percentile: f32, values: &mut [f32]) -> Result<f32, VizError> {
    if !(percentile > 0.0 && percentile <= 100.0) {
        return Err(VizError::Percentile { percentile });
    }
    let rank = f64::from(percentile) / 100.0 * (values.len() - 1) as f64;
    let below = rank.floor() as usize;
    let (_, &mut lower, above) = values.select_nth_unstable_by(below, f32::total_cmp);
    let upper = above.iter().copied().reduce(f32::min).unwrap_or(lower);
    let share = rank - below as f64;
    Ok((f64::from(lower) + (f64::from(upper) - f64::from(lower)) * share) as f32)
}
