//! The result of a method.

use ndarray::Array2;
use tch::{Device, Kind, Tensor};

use crate::AttributionError;

/// The attributions of a batch of inputs.
#[derive(Debug)]
pub struct Attribution {
    /// The raw values, `[N, C, H, W]` at the input's height and width, in units of the score (Integrated Gradients), of the
    /// score divided by the input's unit (gradients), or of the latter times the layer's activation (Grad-CAM). Nothing is
    /// rescaled, and signs are kept unless the method removes them.
    pub values: Tensor,
    /// For methods that satisfy completeness, the deviation of each row from it.
    pub gaps: Option<Vec<Gap>>,
}

/// The deviation of an attribution from completeness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// Σ attribution − (F(x) − F(x′)), in units of the score: Captum's convergence delta.
    pub absolute: f64,
    /// |absolute| divided by |F(x) − F(x′)|; infinite if the scores are equal and the sum is not zero.
    pub relative: f64,
}

impl Gap {
    /// The gap of each row of `values` (`[N, C, H, W]`), which should sum to `differences` (`[N]`).
    ///
    /// # Errors
    /// [`AttributionError::Torch`] if the number of differences is not the number of rows.
    pub fn of(values: &Tensor, differences: &Tensor) -> Result<Vec<Gap>, AttributionError> {
        let sums = values.f_sum_dim_intlist([1_i64, 2, 3].as_slice(), false, Kind::Double)?;
        let differences = differences.f_to_kind(Kind::Double)?;
        let absolute: Vec<f64> = Vec::try_from(sums.f_sub(&differences)?)?;
        let differences: Vec<f64> = Vec::try_from(differences)?;
        let gap = |(absolute, difference): (f64, f64)| Gap {
            absolute,
            relative: if absolute == 0.0 { 0.0 } else { absolute.abs() / difference.abs() },
        };
        Ok(absolute.into_iter().zip(differences).map(gap).collect())
    }
}

/// A remark on a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remark {
    /// Every value is zero: nothing in the picture changes the score, as far as the method can see.
    AllZero,
    /// No value is positive: all evidence is against the target.
    NonePositive,
    /// Some value is NaN or infinite.
    NotFinite,
}

impl Remark {
    /// The remark as text.
    pub fn text(self) -> &'static str {
        match self {
            Remark::AllZero => "all zero: the method finds nothing that changes the score",
            Remark::NonePositive => "no positive values: all evidence here is against the class",
            Remark::NotFinite => "not finite: the map cannot be used",
        }
    }
}

/// How the channels of an attribution are combined into one map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// The largest absolute value over channels, as saliency maps are usually drawn.
    MaxAbs,
    /// The sum over channels, signed.
    Sum,
    /// The positive part of the sum over channels, as class activation maps are drawn.
    PositiveSum,
}

impl Attribution {
    /// The map of one row, height × width.
    ///
    /// # Errors
    /// [`AttributionError::Torch`] if there is no such row.
    pub fn map(&self, row: i64, reduction: Reduction) -> Result<Array2<f32>, AttributionError> {
        let values = self.values.f_get(row)?;
        let map = match reduction {
            Reduction::MaxAbs => values.f_abs()?.f_amax([0_i64].as_slice(), false)?,
            Reduction::Sum => values.f_sum_dim_intlist(0, false, Kind::Float)?,
            Reduction::PositiveSum => values.f_sum_dim_intlist(0, false, Kind::Float)?.f_relu()?,
        };
        array(&map)
    }

    /// The remark on one row, if there is one.
    ///
    /// # Errors
    /// [`AttributionError::Torch`] if there is no such row.
    pub fn remark(&self, row: i64) -> Result<Option<Remark>, AttributionError> {
        let values = self.values.f_get(row)?;
        let (low, high) = (values.f_min()?.f_double_value(&[])?, values.f_max()?.f_double_value(&[])?);
        Ok(match (low, high) {
            _ if !low.is_finite() || !high.is_finite() => Some(Remark::NotFinite),
            (0.0, 0.0) => Some(Remark::AllZero),
            _ if high <= 0.0 => Some(Remark::NonePositive),
            _ => None,
        })
    }
}

/// A two-dimensional tensor as an array.
fn array(tensor: &Tensor) -> Result<Array2<f32>, AttributionError> {
    let (height, width) = tensor.size2()?;
    let flat = tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?.f_view([-1])?;
    let values: Vec<f32> = Vec::try_from(flat)?;
    Ok(Array2::from_shape_vec((height as usize, width as usize), values).expect("the sizes are the tensor's"))
}
