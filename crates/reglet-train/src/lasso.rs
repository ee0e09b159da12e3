//! Logistic regression with an ℓ1 penalty, as in scikit-learn's `LogisticRegression(penalty="l1")`.

/// The log odds of a row: w · x + b.
#[derive(Debug, Clone, PartialEq)]
pub struct Lasso {
    /// w.
    pub weights: Vec<f64>,
    /// b.
    pub intercept: f64,
}

/// The maximum number of passes over all features.
const PASSES: usize = 2000;
/// The regression has converged when the largest slope is below this share of its value at zero weights.
const LEFT: f64 = 1e-6;

impl Lasso {
    /// Minimises ‖w‖₁ + C Σ log(1 + exp(−y (w · x + b))), the intercept without a penalty, by Newton's steps in one coordinate
    /// after another, each with a line search (Yuan et al., *A comparison of optimization methods and software for large-scale
    /// L1-regularized linear classification*, 2010). Rows are row-major and should be standardised.
    ///
    /// `None` unless both labels are present, `c` is above 0, and the lists have matching lengths.
    pub fn fit(rows: &[f64], width: usize, labels: &[bool], c: f64) -> Option<Lasso> {
        let count = labels.len();
        let sound = width > 0 && rows.len() == count.checked_mul(width)? && c > 0.0 && c.is_finite();
        if !sound || !labels.contains(&true) || !labels.contains(&false) {
            return None;
        }
        let columns: Vec<Vec<f64>> =
            (0..width).map(|column| (0..count).map(|row| rows[row * width + column]).collect()).collect();
        let ones = vec![1.0; count];
        let signs: Vec<f64> = labels.iter().map(|&label| if label { 1.0 } else { -1.0 }).collect();
        let mut fit = Lasso { weights: vec![0.0; width], intercept: 0.0 };
        let mut margins = vec![0.0; count];
        let mut begun: f64 = 0.0;
        // Coordinates whose weight stays zero are visited again only after the others have converged.
        let mut active: Vec<usize> = (0..width).collect();
        let mut whole = true;
        for pass in 0..PASSES {
            let mut worst: f64 = 0.0;
            let (slope, curve) = slopes(&ones, &signs, &margins, c);
            worst = worst.max(slope.abs());
            let step =
                line_search(&ones, &signs, &mut margins, c, (fit.intercept, -slope / curve, slope), false);
            fit.intercept += step;
            for &column in &active {
                let values = &columns[column];
                let (slope, curve) = slopes(values, &signs, &margins, c);
                let weight = fit.weights[column];
                let violation = match weight {
                    weight if weight > 0.0 => (slope + 1.0).abs(),
                    weight if weight < 0.0 => (slope - 1.0).abs(),
                    _ => (slope.abs() - 1.0).max(0.0),
                };
                worst = worst.max(violation);
                if violation == 0.0 {
                    continue;
                }
                let way = if slope + 1.0 <= curve * weight {
                    -(slope + 1.0) / curve
                } else if slope - 1.0 >= curve * weight {
                    -(slope - 1.0) / curve
                } else {
                    -weight
                };
                let step = line_search(values, &signs, &mut margins, c, (weight, way, slope), true);
                fit.weights[column] += step;
                // After a step back to zero only rounding errors are left.
                if step == -weight {
                    fit.weights[column] = 0.0;
                }
            }
            if pass == 0 {
                begun = worst.max(1e-12);
            }
            if worst <= LEFT * begun {
                if whole {
                    break;
                }
                (active, whole) = ((0..width).collect(), true);
            } else if whole {
                active = (0..width).filter(|&column| fit.weights[column] != 0.0).collect();
                whole = active.len() == width;
            }
        }
        Some(fit)
    }

    /// The log odds of a row.
    pub fn score(&self, row: &[f64]) -> f64 {
        self.intercept + self.weights.iter().zip(row).map(|(weight, value)| weight * value).sum::<f64>()
    }
}

/// The first and second derivative of C Σ log(1 + exp(−y f)) along a column.
fn slopes(column: &[f64], signs: &[f64], margins: &[f64], c: f64) -> (f64, f64) {
    let (mut slope, mut curve) = (0.0, 0.0);
    for ((value, sign), margin) in column.iter().zip(signs).zip(margins) {
        let wrong = 1.0 / (1.0 + (sign * margin).exp());
        slope -= sign * wrong * value;
        curve += wrong * (1.0 - wrong) * value * value;
    }
    (c * slope, (c * curve).max(1e-12))
}

/// Makes a step in the given direction, halving it until the objective decreases sufficiently (Armijo's rule), and returns
/// the step.
fn line_search(
    column: &[f64],
    signs: &[f64],
    margins: &mut [f64],
    c: f64,
    (weight, way, slope): (f64, f64, f64),
    penalised: bool,
) -> f64 {
    let length = |weight: f64| if penalised { weight.abs() } else { 0.0 };
    let promised = slope * way + length(weight + way) - length(weight);
    let mut step = way;
    for halving in 0..40 {
        let change: f64 = column
            .iter()
            .zip(signs)
            .zip(margins.iter())
            .map(|((value, sign), margin)| {
                softplus(-sign * (margin + step * value)) - softplus(-sign * margin)
            })
            .sum();
        let change = c * change + length(weight + step) - length(weight);
        if change <= 0.01 * 0.5_f64.powi(halving) * promised {
            margins.iter_mut().zip(column).for_each(|(margin, value)| *margin += step * value);
            return step;
        }
        step *= 0.5;
    }
    0.0
}

/// log(1 + exp(x)).
fn softplus(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}
