//! Whether the highest values lie in the region.

use super::Localisation;
use crate::order::ascending;

impl Localisation<'_> {
    /// Relevance rank accuracy: the share, 0 to 1, of the map's n highest values that lie in a region of n pixels (Arras,
    /// Osman and Samek, *CLEVR-XAI*, 2022). Equal values at the last rank count in proportion, so the order of the pixels
    /// does not matter.
    pub fn rank_accuracy(&self) -> f64 {
        let values: Vec<(f32, bool)> = self.values().collect();
        let order = ascending(values.iter().map(|(value, _)| *value));
        let (mut left, mut hits) = (self.area, 0.0);
        for equal in order.chunk_by(|&a, &b| values[a].0 == values[b].0).rev() {
            let inside = equal.iter().filter(|&&at| values[at].1).count() as f64;
            let taken = left.min(equal.len());
            hits += inside * taken as f64 / equal.len() as f64;
            left -= taken;
            if left == 0 {
                break;
            }
        }
        hits / self.area as f64
    }
}
