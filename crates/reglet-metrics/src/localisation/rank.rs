//! Whether the highest values are the region's.

use super::Localisation;

impl Localisation<'_> {
    /// Relevance rank accuracy: of the map's highest values, as many as the region has pixels, the share that lies
    /// in it, 0 to 1 (Arras, Osman and Samek, *CLEVR-XAI*, 2022). Where equal values straddle the last place, they
    /// count in proportion, so the order of pixels does not matter.
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
