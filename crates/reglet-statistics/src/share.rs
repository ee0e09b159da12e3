//! A share among grouped rows.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::estimate::wilson;
use crate::groups::dense;
use crate::{Estimate, normal_quantile};

/// The number of groups with a hit, and of groups with a miss, that is required to estimate the variance between groups.
const TOLD: usize = 5;

/// A share of hits, with the values needed for its interval at any level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    share: f64,
    rows: usize,
    groups: usize,
    /// The effective number of independent rows.
    effective: f64,
    /// Whether this number was estimated from the groups, and is therefore itself uncertain.
    estimated: bool,
}

/// The share of `hits` among rows in groups, for Wilson's interval (1927) with the effective number of rows: n/deff, where
/// deff (Kish, *Survey sampling*, 1965) is the variance between groups divided by that of independent rows, at least 1;
/// reduced, as by Korn and Graubard (*Confidence intervals for proportions with small expected number of positive counts
/// estimated from survey data*, 1998), by (t₍n−1₎/t₍g−1₎)² for g groups. If fewer than five groups contain a hit, or fewer
/// than five a miss, deff cannot be estimated, and each group counts as one row.
///
/// `None` without rows, or where the lists differ in length.
pub fn share(hits: &[bool], groups: &[u32]) -> Option<Share> {
    let rows = hits.len();
    if rows == 0 || groups.len() != rows {
        return None;
    }
    let n = rows as f64;
    let share = hits.iter().filter(|hit| **hit).count() as f64 / n;
    let (group, count) = dense(groups);
    // For each group: hits and rows.
    let mut parts = vec![(0.0, 0.0); count];
    for (&hit, group) in hits.iter().zip(group) {
        parts[group].0 += f64::from(u8::from(hit));
        parts[group].1 += 1.0;
    }
    let told =
        |wanted: &dyn Fn(&(f64, f64)) -> bool| parts.iter().filter(|part| wanted(part)).count() >= TOLD;
    let estimated = told(&|part| part.0 > 0.0) && told(&|part| part.0 < part.1);
    let effective = if estimated {
        let between: f64 = parts.iter().map(|(hits, rows)| (hits - rows * share).powi(2)).sum();
        let between = between / (n * n) * count as f64 / (count as f64 - 1.0);
        (share * (1.0 - share) / (n - 1.0) / between * n).min(n)
    } else {
        count as f64
    };
    Some(Share { share, rows, groups: count, effective, estimated })
}

impl Share {
    /// The share itself.
    pub fn value(&self) -> f64 {
        self.share
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of groups.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The interval that contains the true share with probability `level`, which is limited to 0.01 to 0.999999.
    pub fn interval(&self, level: f64) -> Estimate {
        let level = if level.is_nan() { crate::LEVEL } else { level.clamp(0.01, 0.999_999) };
        self.at((1.0 - level) / 2.0)
    }

    /// The upper end of a one-sided interval: the true share lies below it with probability `level`, which is limited to
    /// 0.505 to 0.999999.
    pub fn upper(&self, level: f64) -> f64 {
        let level = if level.is_nan() { crate::LEVEL } else { level.clamp(0.505, 0.999_999) };
        self.at(1.0 - level).high
    }

    fn at(&self, tail: f64) -> Estimate {
        let student = |freedom: f64| Some(StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(tail));
        let ratio = match (student(self.rows as f64 - 1.0), student(self.groups as f64 - 1.0)) {
            (Some(rows), Some(groups)) if self.estimated => (rows / groups).powi(2).min(1.0),
            _ => 1.0,
        };
        let (low, high) = wilson(self.share, self.effective * ratio, -normal_quantile(tail));
        Estimate { mean: self.share, low, high, count: self.rows }
    }
}
