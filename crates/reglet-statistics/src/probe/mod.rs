//! A cross-fitted linear probe, which measures whether a model's features separate rows of two kinds.

mod folds;
mod logistic;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Draws, Estimate, LEVEL, bootstrap_auroc};
use logistic::Logistic;

/// Ridge logistic regressions on features, each fitted without the rows that it is applied to.
///
/// Whole groups are assigned to folds, balanced by label. For each fold, a logistic regression is fitted on the rows of all
/// others: features standardised by those rows, C·Σ log-loss + ½‖w‖² with C = 4/d for d features (scikit-learn's
/// `LogisticRegression(C=4/d)`), under which log-odds that are off by two are as surprising as they are by a standard normal
/// prior, whatever d is. The score of a row is its log-odds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Probe {
    fits: Vec<Logistic>,
    /// Each group's fold, by ascending number of the group.
    folds: Vec<(u32, usize)>,
    held_out: Vec<f64>,
    auroc: Draws,
}

/// C times the number of features.
const SPREAD: f64 = 4.0;

impl Probe {
    /// Fits the probe on rows of `width` features each, one row after the other. `folds` is at least two; there are fewer
    /// folds if fewer groups have one of the labels. The seed determines the assignment of groups and the interval. The time
    /// grows with the square of the number of rows times the number of features, and with the cube of the number of rows.
    ///
    /// `None` if fewer than two groups contain rows of a label, if a feature is not finite, if there are no features, or if
    /// the lists differ in length.
    pub fn fit(
        features: &[f32],
        width: usize,
        labels: &[bool],
        groups: &[u32],
        folds: usize,
        seed: u64,
    ) -> Option<Probe> {
        let rows = labels.len();
        let sound = width > 0
            && groups.len() == rows
            && rows.checked_mul(width) == Some(features.len())
            && features.iter().all(|feature| feature.is_finite());
        if !sound {
            return None;
        }
        let folds = folds::deal(labels, groups, folds, seed)?;
        let count = folds.iter().map(|(_, fold)| fold + 1).max()?;
        let of_row: Vec<usize> = groups.iter().map(|group| fold_of(&folds, *group)).collect::<Option<_>>()?;
        let row = |row: usize| &features[row * width..(row + 1) * width];
        let fit = |fold: usize| {
            let own: Vec<usize> = (0..rows).filter(|&at| of_row[at] != fold).collect();
            let labels: Vec<bool> = own.iter().map(|&at| labels[at]).collect();
            let features: Vec<&[f32]> = own.iter().map(|&at| row(at)).collect();
            Logistic::fit(&features, &labels, SPREAD / width as f64)
        };
        let fits: Vec<Logistic> = (0..count).into_par_iter().map(fit).collect::<Option<_>>()?;
        let held_out: Vec<f64> = (0..rows).map(|at| fits[of_row[at]].score(row(at))).collect();
        let auroc = bootstrap_auroc(&held_out, labels, groups, seed)?;
        Some(Probe { fits, folds, held_out, auroc })
    }

    /// The score of each row that the probe was fitted on, from the fold that did not include its group.
    pub fn held_out_scores(&self) -> &[f64] {
        &self.held_out
    }

    /// The score of a row, from the fold that did not include its `group`, or the mean over all folds if no group is given
    /// or the probe was not fitted on it. `None` if the number of features differs, or if one is not finite.
    pub fn score(&self, features: &[f32], group: Option<u32>) -> Option<f64> {
        let width = self.fits.first()?.width();
        if features.len() != width || features.iter().any(|feature| !feature.is_finite()) {
            return None;
        }
        if let Some(fold) = group.and_then(|group| fold_of(&self.folds, group)) {
            return Some(self.fits[fold].score(features));
        }
        let sum: f64 = self.fits.iter().map(|fit| fit.score(features)).sum();
        Some(sum / self.fits.len() as f64)
    }

    /// How well the held-out scores separate the labels: the area under the ROC curve with its 95 % interval over groups
    /// (see [`bootstrap_auroc`]). It is 0.5 if the features do not separate them.
    pub fn auroc(&self) -> Estimate {
        self.auroc.interval(LEVEL)
    }
}

fn fold_of(folds: &[(u32, usize)], group: u32) -> Option<usize> {
    folds.binary_search_by_key(&group, |(group, _)| *group).ok().map(|at| folds[at].1)
}
