//! How well the map separates the region from the rest.

use super::Localisation;
use crate::MetricError;
use crate::order::ascending;

impl Localisation<'_> {
    /// The area under the ROC curve of the map as a detector of the region: the probability that a pixel of the
    /// region has a higher value than one outside, ties counting half (Fawcett, *An introduction to ROC analysis*,
    /// 2006). 0.5 is chance.
    ///
    /// # Errors
    /// [`MetricError::WholePicture`].
    pub fn auc(&self) -> Result<f64, MetricError> {
        let outside = self.map.len() - self.area;
        if outside == 0 {
            return Err(MetricError::WholePicture);
        }
        let values: Vec<(f32, bool)> = self.values().collect();
        let order = ascending(values.iter().map(|(value, _)| *value));
        let (mut below, mut wins) = (0.0, 0.0);
        for equal in order.chunk_by(|&a, &b| values[a].0 == values[b].0) {
            let inside = equal.iter().filter(|&&at| values[at].1).count() as f64;
            let others = equal.len() as f64 - inside;
            wins += inside * (below + others / 2.0);
            below += others;
        }
        Ok(wins / (self.area as f64 * outside as f64))
    }
}
