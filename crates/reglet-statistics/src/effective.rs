//! How many independent rows the rows of groups are worth.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::groups::{as_many_equal, dense};

/// The number of groups with a value that is zero, and of groups with one that is not, that is required to estimate the
/// variance between groups.
const TOLD: usize = 5;

/// At least this many groups of equal size, so that Student's t has at least half a degree of freedom.
const FEWEST: f64 = 1.5;

/// The effective number of rows: as many independent rows would give a mean with the same variance.
///
/// It is n/deff, where deff is the design effect (Kish, *Survey sampling*, 1965), the larger of two estimates and at least 1:
///
/// * the variance between groups divided by that of independent rows, as it is robust to groups that differ in their
///   variance, and
/// * 1 + ρ (n/k − 1), where ρ is the intraclass correlation, 1 minus the variance within groups divided by the variance of
///   all rows, and k is the number of groups of equal size that would vary as much. If a few groups have most of the rows,
///   the mean is close to theirs, and the variance between groups is underestimated; the correlation is not.
///
/// It is then reduced, as by Korn and Graubard (*Confidence intervals for proportions with small expected number of positive
/// counts estimated from survey data*, 1998), by (t₍n−1₎/t₍k−1₎)².
///
/// If fewer than five groups contain a value that is zero, or fewer than five one that is not, deff cannot be estimated, and
/// all rows of a group count as one: the number is k, reduced by (t₍g−1₎/t₍k−1₎)² for g groups, which is g for groups of
/// equal size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EffectiveRows {
    pub(crate) rows: usize,
    pub(crate) groups: usize,
    /// Before the reduction.
    effective: f64,
    /// The number of rows, or of groups if all rows of a group count as one.
    counted: f64,
    /// The number of groups of equal size that would vary as much.
    equal: f64,
}

impl EffectiveRows {
    /// `None` without rows, or where the lists differ in length.
    pub(crate) fn of(values: &[f64], groups: &[u32]) -> Option<EffectiveRows> {
        let rows = values.len();
        if rows == 0 || groups.len() != rows {
            return None;
        }
        let n = rows as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|value| value * value).sum::<f64>() / n - mean * mean;
        let (group, count) = dense(groups);
        let mut parts = vec![Part::default(); count];
        for (&value, group) in values.iter().zip(group) {
            let part = &mut parts[group];
            part.rows += 1.0;
            part.sum += value;
            part.squares += value * value;
            part.zeros += usize::from(value == 0.0);
        }
        let g = count as f64;
        let equal = as_many_equal(parts.iter().map(|part| part.rows));
        let with_zero = parts.iter().filter(|part| part.zeros > 0).count();
        let with_other = parts.iter().filter(|part| (part.zeros as f64) < part.rows).count();
        let (effective, counted) = if with_zero >= TOLD && with_other >= TOLD {
            let between: f64 = parts.iter().map(|part| (part.sum - part.rows * mean).powi(2)).sum();
            let between = between / (n * n) * g / (g - 1.0);
            let robust = variance / (n - 1.0) / between * n;
            let within: f64 = parts.iter().map(|part| part.squares - part.sum * part.sum / part.rows).sum();
            let within = within / (n - g).max(1.0);
            let correlation = (1.0 - within / variance).clamp(0.0, 1.0);
            (robust.min(n / (1.0 + correlation * (n / equal - 1.0))), n)
        } else {
            (equal, g)
        };
        Some(EffectiveRows { rows, groups: count, effective, counted, equal })
    }

    /// The effective number for an interval that leaves out this share at either end.
    pub(crate) fn at(&self, tail: f64) -> f64 {
        let student = |count: f64| Some(StudentsT::new(0.0, 1.0, count - 1.0).ok()?.inverse_cdf(tail));
        match (student(self.counted), student(self.equal.max(FEWEST))) {
            (Some(counted), Some(equal)) => self.effective * (counted / equal).powi(2).min(1.0),
            // A single group.
            _ => self.effective,
        }
    }
}

/// The rows of one group.
#[derive(Clone, Default)]
struct Part {
    rows: f64,
    sum: f64,
    squares: f64,
    zeros: usize,
}
