//! Localisation: whether a map concentrates on a region.

mod auc;
mod mass;
mod pointing;
mod rank;

use ndarray::ArrayView2;

use crate::MetricError;
use crate::error::same_shape;

/// A map and a region of the same picture, which have been checked to be comparable.
#[derive(Debug, Clone, Copy)]
pub struct Localisation<'a> {
    map: ArrayView2<'a, f32>,
    region: ArrayView2<'a, bool>,
    area: usize,
}

impl<'a> Localisation<'a> {
    /// A map (height × width, any unit) and a region of the same size.
    ///
    /// # Errors
    /// [`MetricError::Shape`], [`MetricError::NotFinite`], and [`MetricError::EmptyRegion`]: localisation on an absent
    /// region is undefined.
    pub fn new(map: ArrayView2<'a, f32>, region: ArrayView2<'a, bool>) -> Result<Self, MetricError> {
        same_shape(map.shape(), region.shape())?;
        if map.iter().any(|value| !value.is_finite()) {
            return Err(MetricError::NotFinite);
        }
        let area = region.iter().filter(|inside| **inside).count();
        if area == 0 {
            return Err(MetricError::EmptyRegion);
        }
        Ok(Localisation { map, region, area })
    }

    /// The region's share of the picture, 0 to 1.
    pub fn fraction(&self) -> f64 {
        self.area as f64 / self.map.len() as f64
    }

    /// Every value, and whether it lies in the region.
    fn values(&self) -> impl Iterator<Item = (f32, bool)> {
        self.map.iter().copied().zip(self.region.iter().copied())
    }
}
