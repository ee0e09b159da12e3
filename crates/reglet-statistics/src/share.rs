//! A share among grouped rows.

use crate::effective::EffectiveRows;
use crate::estimate::{tail, wilson};
use crate::{Estimate, normal_quantile};

/// A share of hits, with the values needed for its interval at any level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    share: f64,
    rows: EffectiveRows,
}

/// The share of `hits` among rows in groups, for Wilson's interval (1927) with the effective number of rows: n/deff, where
/// deff (Kish, *Survey sampling*, 1965) is the larger of two estimates of the design effect, at least 1: the variance between
/// groups divided by that of independent rows, and 1 + ρ (n/k − 1) with the correlation ρ of rows of one group, estimated
/// from the variance within groups. k is the number of groups of equal size that would vary as much as these, (Σm)²/Σm² for
/// groups of m rows: a patient with a thousand pictures and 58 with one each count as 1.1 patients, because the share among all
/// rows is hardly more than that patient's. The number is then reduced, as by Korn and Graubard (*Confidence intervals for
/// proportions with small expected number of positive counts estimated from survey data*, 1998), by (t₍n−1₎/t₍k−1₎)². If fewer
/// than five groups contain a hit, or fewer than five a miss, deff cannot be estimated, and all rows of a group count as one:
/// the number is k, reduced by (t₍g−1₎/t₍k−1₎)² for g groups, which is g for groups of equal size.
///
/// It is assumed that the size of a group does not depend on its share of hits.
///
/// `None` without rows, or where the lists differ in length.
pub fn share(hits: &[bool], groups: &[u32]) -> Option<Share> {
    let values: Vec<f64> = hits.iter().map(|hit| f64::from(u8::from(*hit))).collect();
    let rows = EffectiveRows::of(&values, groups)?;
    Some(Share { share: values.iter().sum::<f64>() / values.len() as f64, rows })
}

impl Share {
    /// The share itself.
    pub fn value(&self) -> f64 {
        self.share
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows.rows
    }

    /// The number of groups.
    pub fn groups(&self) -> usize {
        self.rows.groups
    }

    /// The interval that contains the true share with probability `level`, which is limited to 0.01 to 0.999999.
    pub fn interval(&self, level: f64) -> Estimate {
        self.at(tail(level))
    }

    /// The upper end of a one-sided interval: the true share lies below it with probability `level`, which is limited to
    /// 0.505 to 0.999999.
    pub fn upper(&self, level: f64) -> f64 {
        let level = if level.is_nan() { crate::LEVEL } else { level.clamp(0.505, 0.999_999) };
        self.at(1.0 - level).high
    }

    fn at(&self, tail: f64) -> Estimate {
        let (low, high) = wilson(self.share, self.rows.at(tail), -normal_quantile(tail));
        Estimate { mean: self.share, low, high, count: self.rows.rows }
    }
}
