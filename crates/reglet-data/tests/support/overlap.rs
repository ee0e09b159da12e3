//! How far two masks agree.

use reglet_data::Mask;

/// Intersection over union.
pub fn iou(one: &Mask, other: &Mask) -> f64 {
    let both = one.iter().filter(|&(x, y)| other.get(x, y)).count();
    both as f64 / one.union(other).expect("one size").area() as f64
}
