//! Whether an effect is significantly smaller, or larger, than a margin.

use crate::Draws;

/// Two one-sided tests at 5 % each correspond to an interval at 90 %.
const EQUIVALENCE: f64 = 0.9;

/// The side of the margin on which an effect lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Below the negative margin.
    Below,
    /// Above the margin.
    Above,
}

/// Whether the effect is significantly smaller than `margin` in both directions, by two one-sided tests at 5 % each
/// (Schuirmann, *A comparison of the two one-sided tests procedure and the power approach*, 1987), which means that its 90 %
/// interval lies between −`margin` and `margin`. Values that are all equal have an interval of zero width, so also require a
/// minimum number of groups.
pub fn equivalent(draws: &Draws, margin: f64) -> bool {
    equivalence_margin(draws) <= margin
}

/// The smallest margin at which [`equivalent`] holds: the largest effect that is not excluded.
pub fn equivalence_margin(draws: &Draws) -> f64 {
    let interval = draws.interval(EQUIVALENCE);
    interval.low.abs().max(interval.high.abs())
}

/// The side on which the effect significantly exceeds `margin`, which means that its whole interval at `level` does.
pub fn beyond(draws: &Draws, margin: f64, level: f64) -> Option<Side> {
    let interval = draws.interval(level);
    if interval.low > margin {
        Some(Side::Above)
    } else if interval.high < -margin {
        Some(Side::Below)
    } else {
        None
    }
}
