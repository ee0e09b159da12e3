//! Whether an effect is surely small, or surely large.

use crate::Draws;

/// Two one-sided tests at 5 % each are an interval at 90 %.
const EQUIVALENCE: f64 = 0.9;

/// On which side of what is harmless an effect lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Below the margin's negative.
    Below,
    /// Above the margin.
    Above,
}

/// Whether the effect is surely no larger than `margin`, either way: by two one-sided tests at 5 % each (Schuirmann, *A
/// comparison of the two one-sided tests procedure and the power approach*, 1987), which is to say that its 90 %
/// interval lies within −`margin` and `margin`. Values that are all equal have an interval of no width; ask for a
/// minimum of groups as well.
pub fn equivalent(draws: &Draws, margin: f64) -> bool {
    equivalence_margin(draws) <= margin
}

/// The smallest margin at which [`equivalent`] holds: how large the effect could still be.
pub fn equivalence_margin(draws: &Draws) -> f64 {
    let interval = draws.interval(EQUIVALENCE);
    interval.low.abs().max(interval.high.abs())
}

/// The side on which the effect surely lies beyond `margin`: that on which its whole interval at `level` does.
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
