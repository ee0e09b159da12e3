//! Whether the highest value lies in the region.

use super::Localisation;

impl Localisation<'_> {
    /// The pointing game (Zhang et al., *Top-down neural attention by excitation backprop*, 2018): 1 if the map's highest
    /// value lies in the region or at most `tolerance` pixels from it, else 0. The paper allows 15 pixels. If several pixels
    /// have the highest value, the share of them that hits.
    pub fn pointing(&self, tolerance: usize) -> f64 {
        let highest = self.map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (height, width) = self.map.dim();
        // No two pixels of a picture are further apart, and larger numbers would overflow.
        let tolerance = tolerance.min(height + width);
        let hits = |row: usize, column: usize| {
            let rows = row.saturating_sub(tolerance)..=(row + tolerance).min(height - 1);
            rows.into_iter().any(|y| {
                let columns = column.saturating_sub(tolerance)..=(column + tolerance).min(width - 1);
                columns.into_iter().any(|x| {
                    self.region[[y, x]]
                        && y.abs_diff(row).pow(2) + x.abs_diff(column).pow(2) <= tolerance.pow(2)
                })
            })
        };
        let (mut places, mut hit) = (0.0, 0.0);
        for ((row, column), value) in self.map.indexed_iter() {
            if *value == highest {
                places += 1.0;
                hit += f64::from(u8::from(hits(row, column)));
            }
        }
        hit / places
    }
}
