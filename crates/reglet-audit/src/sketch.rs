//! Thumbnails of maps, by which maps are compared.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

/// The side of a map's thumbnail.
pub(crate) const SIDE: usize = 8;

/// One map in small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sketch {
    pub picture: usize,
    pub model: usize,
    pub target: usize,
    pub method: usize,
    pub fields: Vec<f32>,
}

/// A map reduced to 8 × 8 fields: each field's share of the sum of the map's positive values. Finer fields would distinguish
/// lesions rather than the things beside them. `None` if the map has no positive values.
pub(crate) fn sketch(map: ArrayView2<f32>) -> Option<Vec<f32>> {
    let (height, width) = map.dim();
    let mut fields = vec![0.0_f64; SIDE * SIDE];
    for ((y, x), &value) in map.indexed_iter() {
        fields[y * SIDE / height * SIDE + x * SIDE / width] += f64::from(value.max(0.0));
    }
    let whole: f64 = fields.iter().sum();
    (whole > 0.0 && whole.is_finite()).then(|| fields.iter().map(|field| (field / whole) as f32).collect())
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn a_sketch_keeps_the_whole_at_any_size() {
        for side in [5, 16, 61] {
            let map = Array2::from_shape_fn((side, side + 3), |(y, x)| (y * x) as f32 - 3.0);
            let whole: f32 = sketch(map.view()).expect("positive").iter().sum();
            assert!((whole - 1.0).abs() < 1e-5, "{side}: {whole}");
        }
    }
}
