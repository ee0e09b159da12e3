//! The mean of paired changes of a decision among grouped rows.

use crate::effective::EffectiveRows;
use crate::estimate::tail;
use crate::{Estimate, normal_quantile};

/// A share of decisions gained minus a share lost, with the values needed for its interval at any level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedShare {
    gained: f64,
    lost: f64,
    rows: EffectiveRows,
}

/// The mean of paired `changes` of a decision: each is −1 if it was lost, 1 if it was gained, and 0 if it was kept. It is the
/// difference between the shares of one kind of answer (for example, right answers) after and before, from −1 to 1.
///
/// Its interval is the score interval for paired proportions (Tango, *Equivalence test and confidence interval for the
/// difference in proportions for the paired-sample design*, Statistics in Medicine 17, 1998). For n independent rows, of
/// which b gained and c lost, it contains each difference δ with |b − c − nδ| ≤ z √(n (2q + δ (1 − δ))), where q is the
/// probability of a loss that is most likely if the difference is δ: the larger root of 2n q² + ((2n − b + c) δ − b − c) q −
/// c δ (1 − δ) = 0. It is therefore also valid if few rows changed; if none did, it is ±z²/(n + z²). An interval of the
/// bootstrap would then have zero width.
///
/// Rows of one group are not independent, so n, b and c are multiplied by the same factor, which makes n the effective number
/// of rows, as for [`share`](crate::share). It is estimated if at least five groups contain a change, and at least five a
/// kept decision; otherwise all rows of a group count as one.
///
/// Non-inferiority with a margin m, at 5 %, means that the lower end of the interval at 90 % is above −m.
///
/// ```
/// use reglet_statistics::paired_share;
///
/// // One of forty decisions is lost: a loss of 5 % is not excluded, one of 15 % is.
/// let changes: Vec<i8> = (0..40).map(|row| if row == 0 { -1 } else { 0 }).collect();
/// let groups: Vec<u32> = (0..40).collect();
/// let change = paired_share(&changes, &groups).ok_or("fewer than two groups")?.interval(0.9);
/// assert!(change.mean == -0.025 && -0.15 < change.low && change.low < -0.05 && change.high > 0.0);
/// # Ok::<(), &str>(())
/// ```
///
/// `None` without rows, if the lists differ in length, if there are fewer than two groups, or if a change is not −1, 0 or 1.
pub fn paired_share(changes: &[i8], groups: &[u32]) -> Option<PairedShare> {
    if changes.iter().any(|change| !(-1..=1).contains(change)) {
        return None;
    }
    let values: Vec<f64> = changes.iter().map(|change| f64::from(*change)).collect();
    let rows = EffectiveRows::of(&values, groups).filter(|rows| rows.groups > 1)?;
    let share =
        |wanted: i8| changes.iter().filter(|change| **change == wanted).count() as f64 / changes.len() as f64;
    Some(PairedShare { gained: share(1), lost: share(-1), rows })
}

impl PairedShare {
    /// The mean change itself: the share of decisions gained minus the share lost, from −1 to 1.
    pub fn value(&self) -> f64 {
        self.gained - self.lost
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows.rows
    }

    /// The number of groups; at least two.
    pub fn groups(&self) -> usize {
        self.rows.groups
    }

    /// The interval that contains the true mean change with probability `level`, which is limited to 0.01 to 0.999999. Its
    /// ends lie between −1 and 1.
    pub fn interval(&self, level: f64) -> Estimate {
        let tail = tail(level);
        let (n, z) = (self.rows.at(tail), -normal_quantile(tail));
        let low = -upper_end(n, self.lost, self.gained, z);
        let high = upper_end(n, self.gained, self.lost, z);
        Estimate { mean: self.value(), low, high, count: self.rows.rows }
    }
}

/// The upper end of Tango's interval for `n` rows with these shares of gains and losses, by bisection. The lower end is that of
/// the losses with its sign changed.
fn upper_end(n: f64, gained: f64, lost: f64, z: f64) -> f64 {
    let contains = |difference: f64| {
        let spread = difference * (1.0 - difference);
        let half = ((2.0 - gained + lost) * difference - gained - lost) / 4.0;
        let loss = ((half * half + lost * spread / 2.0).max(0.0).sqrt() - half).max(0.0);
        difference - (gained - lost) <= z * ((2.0 * loss + spread).max(0.0) / n).sqrt()
    };
    let (mut inside, mut outside) = (gained - lost, 1.0);
    // Halved until the numbers are as close as doubles can be.
    for _ in 0..60 {
        let middle = (inside + outside) / 2.0;
        if contains(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    inside
}
