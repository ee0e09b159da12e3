//! The association of a simple property of pictures with the label, or with the score among pictures of one label.
//!
//! p-values require independent rows. Rows of one group and one label (or stratum) are therefore first combined into one
//! **unit**: the mean of their numbers, or the share of each category. If a group has rows of both labels, its two units are
//! treated as independent when labels are compared. This is conservative, because units of the same group are more similar
//! than independent units. When a property is compared with a score it would not be conservative, and [`number_with_score`]
//! corrects for it.

mod category;
mod number;
mod units;

pub use category::category_with_label;
pub use number::{number_with_label, number_with_score};

/// The strength of an association, and whether it could be due to chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Relation {
    /// The strength; the function that computes it documents its meaning and range.
    pub strength: f64,
    /// The two-sided p-value, 0 to 1.
    pub p: f64,
    /// The number of units.
    pub units: usize,
    /// The number of rows without a value of the property, which are omitted.
    pub missing: usize,
}

/// The number of permutations of the labels if there are too few units for the formula.
const PERMUTATIONS: usize = 9999;

/// The p-value of `found` among the results of `again` for the permutations, including the observed one (Phipson and Smyth,
/// *Permutation p-values should never be zero*, 2010).
fn permuted(found: f64, mut again: impl FnMut() -> f64) -> f64 {
    // Sums in another order differ by rounding.
    let reached = found - 1e-9 * found.abs();
    let as_far = (0..PERMUTATIONS).filter(|_| again() >= reached).count();
    (as_far + 1) as f64 / (PERMUTATIONS + 1) as f64
}
