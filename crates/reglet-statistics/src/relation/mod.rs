//! Whether a plain property of pictures goes with the label, or with the score among pictures of one label.
//!
//! p-values need independent rows. Rows of one group and one label (or stratum) are therefore first put together to one
//! **unit**: the mean of their numbers, or the share of each category. Where a group has rows of both labels, its two
//! units count as independent when labels are compared, which errs on the safe side: what they share makes them more
//! alike than chance would. When a property is compared with a score it would not, and [`number_with_score`] allows for
//! it.

mod category;
mod number;
mod units;

pub use category::category_with_label;
pub use number::{number_with_label, number_with_score};

/// How strongly a property goes with something, and whether that could be chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Relation {
    /// The strength; what it is, and its range, is said where it is made.
    pub strength: f64,
    /// The two-sided p-value, 0 to 1.
    pub p: f64,
    /// How many units it rests on.
    pub units: usize,
    /// How many rows have no value of the property, and are left out.
    pub missing: usize,
}

/// How often labels are dealt again where there are too few units for the formula.
const PERMUTATIONS: usize = 9999;

/// The p-value of `found` among what `again` finds after each dealing, which counts as one of them (Phipson and Smyth,
/// *Permutation p-values should never be zero*, 2010).
fn permuted(found: f64, mut again: impl FnMut() -> f64) -> f64 {
    // Sums in another order differ by rounding.
    let reached = found - 1e-9 * found.abs();
    let as_far = (0..PERMUTATIONS).filter(|_| again() >= reached).count();
    (as_far + 1) as f64 / (PERMUTATIONS + 1) as f64
}
