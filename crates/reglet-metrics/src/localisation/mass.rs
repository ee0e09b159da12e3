//! The region's share of the map.

use super::Localisation;
use crate::MetricError;

impl Localisation<'_> {
    /// Relevance mass accuracy: Σ a⁺ in the region over Σ a⁺, from 0 to 1 (Arras, Osman and Samek, *CLEVR-XAI*, 2022).
    /// Negative values are ignored.
    ///
    /// # Errors
    /// [`MetricError::NothingPositive`].
    pub fn mass(&self) -> Result<f64, MetricError> {
        let (mut inside, mut all) = (0.0, 0.0);
        for (value, in_region) in self.values() {
            let value = f64::from(value.max(0.0));
            all += value;
            inside += if in_region { value } else { 0.0 };
        }
        if all > 0.0 { Ok(inside / all) } else { Err(MetricError::NothingPositive) }
    }

    /// The [mass](Localisation::mass) divided by the region's share of the picture; a map spread evenly has the value 1.
    ///
    /// # Errors
    /// [`MetricError::NothingPositive`].
    pub fn density(&self) -> Result<f64, MetricError> {
        Ok(self.mass()? / self.fraction())
    }
}
