//! Linear regression with a penalty on the coefficients' magnitudes.

/// The maximum number of rounds over all coefficients.
const ROUNDS: usize = 100_000;

/// The descent ends earlier if no coefficient changes by more than this share of the largest.
const STILL: f64 = 1e-12;

/// The coefficients β, with a free intercept b, that minimise Σ wᵢ (yᵢ − b − xᵢ · β)² / (2 Σ wᵢ) + penalty · Σ |β|, by
/// coordinate descent (Friedman, Hastie and Tibshirani, 2010, <https://doi.org/10.18637/jss.v033.i01>). The weights are not
/// negative, and not all zero.
pub(crate) fn lasso(samples: &[Vec<f64>], outcomes: &[f64], weights: &[f64], penalty: f64) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let features = samples.first().map_or(0, Vec::len);
    let mean = |value: &dyn Fn(usize) -> f64| {
        weights.iter().enumerate().map(|(row, weight)| weight * value(row)).sum::<f64>() / total
    };
    // With all columns and the outcomes centred, the intercept drops out.
    let centre = mean(&|row| outcomes[row]);
    let mut residuals: Vec<f64> = outcomes.iter().map(|outcome| outcome - centre).collect();
    let column = |feature: usize| {
        let centre = mean(&|row| samples[row][feature]);
        samples.iter().map(|sample| sample[feature] - centre).collect::<Vec<f64>>()
    };
    let columns: Vec<Vec<f64>> = (0..features).map(column).collect();
    let scales: Vec<f64> = columns.iter().map(|column| mean(&|row| column[row] * column[row])).collect();
    let mut coefficients = vec![0.0; features];
    for _ in 0..ROUNDS {
        let mut moved = 0.0_f64;
        for (feature, column) in columns.iter().enumerate() {
            if scales[feature] == 0.0 {
                continue;
            }
            let before = coefficients[feature];
            let slope = mean(&|row| column[row] * residuals[row]) + scales[feature] * before;
            let after = slope.signum() * (slope.abs() - penalty).max(0.0) / scales[feature];
            if after != before {
                for (residual, value) in residuals.iter_mut().zip(column) {
                    *residual -= (after - before) * value;
                }
                coefficients[feature] = after;
                moved = moved.max((after - before).abs());
            }
        }
        if moved <= STILL * coefficients.iter().fold(0.0, |largest: f64, value| largest.max(value.abs())) {
            break;
        }
    }
    coefficients
}
