//! Ridge logistic regression in its dual form, whose size is the number of rows and does not depend on the number of
//! features.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// The log-odds as a function of a row's features.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Logistic {
    weights: Vec<f64>,
    intercept: f64,
}

const STEPS: usize = 100;

/// The regression has converged when no log-odds change by more than this.
const CLOSE: f64 = 1e-10;

impl Logistic {
    /// Minimises C·Σ log(1 + exp(−y·f)) + ½‖w‖² with f = w·z + b over the features standardised to z (those that do not vary
    /// are left at zero), by Newton's steps (iteratively reweighted least squares) in w = Zᵀa: each solves (K + (CW)⁻¹)a + b
    /// = f + W⁻¹(y − p) with Σa = 0, K = ZZᵀ and W = p(1 − p), by Cholesky's decomposition of I + √(CW)·K·√(CW), which is
    /// never singular (Rasmussen and Williams, *Gaussian processes for machine learning*, 2006, algorithm 3.1). A step that
    /// does not decrease the sum is halved. `None` unless both labels are present.
    pub fn fit(rows: &[&[f32]], labels: &[bool], c: f64) -> Option<Logistic> {
        if !labels.contains(&true) || !labels.contains(&false) {
            return None;
        }
        let (count, width) = (rows.len(), rows[0].len());
        let n = count as f64;
        let mut standard = DMatrix::from_fn(count, width, |row, column| f64::from(rows[row][column]));
        let mut scales = Vec::with_capacity(width);
        for mut column in standard.column_iter_mut() {
            let mean = column.sum() / n;
            column.add_scalar_mut(-mean);
            let deviation = column.norm() / n.sqrt();
            // Because of rounding, equal values can have a small variance.
            let scale = if deviation > 1e-12 * mean.abs() { 1.0 / deviation } else { 0.0 };
            column *= scale;
            scales.push((mean, scale));
        }
        let kernel = &standard * standard.transpose();
        let truth = DVector::from_iterator(count, labels.iter().map(|label| f64::from(u8::from(*label))));
        let (dual, intercept) = solve(&kernel, &truth, c)?;
        let own = standard.tr_mul(&dual);
        let weights: Vec<f64> = own.iter().zip(&scales).map(|(weight, (_, scale))| weight * scale).collect();
        let shift: f64 = weights.iter().zip(&scales).map(|(weight, (mean, _))| weight * mean).sum();
        Some(Logistic { weights, intercept: intercept - shift })
    }

    /// The number of features.
    pub fn width(&self) -> usize {
        self.weights.len()
    }

    /// The log-odds of a row.
    pub fn score(&self, row: &[f32]) -> f64 {
        let sum: f64 = self.weights.iter().zip(row).map(|(weight, value)| weight * f64::from(*value)).sum();
        self.intercept + sum
    }
}

/// The dual weights and the intercept.
fn solve(kernel: &DMatrix<f64>, truth: &DVector<f64>, c: f64) -> Option<(DVector<f64>, f64)> {
    let count = truth.len();
    let objective = |dual: &DVector<f64>, intercept: f64| {
        let inner = kernel * dual;
        let odds = inner.add_scalar(intercept);
        // log(1 + exp(f)) − y·f, without overflow.
        let losses = odds.iter().zip(truth).map(|(f, y)| f.max(0.0) + (-f.abs()).exp().ln_1p() - y * f);
        (c * losses.sum::<f64>() + dual.dot(&inner) / 2.0, odds)
    };
    let (mut dual, mut intercept) = (DVector::zeros(count), 0.0);
    let (mut value, mut odds) = objective(&dual, intercept);
    for _ in 0..STEPS {
        let p = odds.map(|f| 1.0 / (1.0 + (-f).exp()));
        let w = p.map(|p| (p * (1.0 - p)).max(1e-12));
        let root = w.map(|w| (c * w).sqrt());
        let mut inner = kernel.clone();
        for column in 0..count {
            for row in 0..count {
                inner[(row, column)] *= root[row] * root[column];
            }
            inner[(column, column)] += 1.0;
        }
        let inner = inner.cholesky()?;
        // (K + (CW)⁻¹)⁻¹ of the target and of ones; Σa = 0 gives the intercept.
        let inverse = |of: &DVector<f64>| root.component_mul(&inner.solve(&root.component_mul(of)));
        let target = &odds + (truth - &p).component_div(&w);
        let (of_target, of_ones) = (inverse(&target), inverse(&DVector::repeat(count, 1.0)));
        let next_intercept = of_target.sum() / of_ones.sum();
        let next = of_target - of_ones * next_intercept;
        let (along, along_intercept) = (next - &dual, next_intercept - intercept);
        let mut part = 1.0;
        let taken = loop {
            let tried = &dual + &along * part;
            let tried_intercept = intercept + part * along_intercept;
            let (found, tried_odds) = objective(&tried, tried_intercept);
            if found <= value {
                break Some((tried, tried_intercept, found, tried_odds));
            }
            part /= 2.0;
            if part < 1e-6 {
                break None;
            }
        };
        // No step reduces the sum any further, because only rounding errors are left.
        let Some((tried, tried_intercept, found, tried_odds)) = taken else { break };
        let moved = (&tried_odds - &odds).amax();
        (dual, intercept, value, odds) = (tried, tried_intercept, found, tried_odds);
        if moved < CLOSE {
            break;
        }
    }
    (intercept.is_finite() && dual.iter().all(|value| value.is_finite())).then_some((dual, intercept))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::Logistic;

    #[derive(Deserialize)]
    struct Case {
        features: Vec<f32>,
        labels: Vec<bool>,
        width: usize,
        c: f64,
        weights: Vec<f64>,
        scores: Vec<f64>,
    }

    #[test]
    fn weights_and_log_odds_are_scikit_learns() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../tests/probe.json")).expect("the reference is committed");
        assert!(!cases.is_empty());
        for case in cases {
            let rows: Vec<&[f32]> = case.features.chunks(case.width).collect();
            let fit = Logistic::fit(&rows, &case.labels, case.c).expect("both labels");
            for (found, expected) in fit.weights.iter().zip(&case.weights) {
                assert!((found - expected).abs() < 1e-5, "{found}, expected {expected}");
            }
            for (row, expected) in rows.iter().zip(&case.scores) {
                let found = fit.score(row);
                assert!((found - expected).abs() < 1e-4, "{found}, expected {expected}");
            }
        }
    }
}
