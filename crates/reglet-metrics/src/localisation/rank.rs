//! Whether the highest values lie in the region.

use super::Localisation;

impl Localisation<'_> {
    /// Relevance rank accuracy: the share, 0 to 1, of the map's n highest values that lie in a region of n pixels (Arras,
    /// Osman and Samek, *CLEVR-XAI*, 2022). Equal values at the last rank count in proportion, so the order of the pixels
    /// does not matter.
    pub fn rank_accuracy(&self) -> f64 {
        let mut values: Vec<(f32, bool)> = self.values().collect();
        values.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut left, mut hits) = (self.area, 0.0);
        for equal in values.chunk_by(|a, b| a.0 == b.0) {
            let inside = equal.iter().filter(|(_, inside)| *inside).count() as f64;
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
