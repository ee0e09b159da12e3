//! Erasure and logistic regressions against concept-erasure and scikit-learn (`tests/reference/make_correction.py`).

use proptest::prelude::*;
use reglet_train::Lasso;
use reglet_train::method::{HeadWeights, Projection, balance, eraser, pattern};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    features: Vec<f32>,
    width: usize,
    shown: Vec<bool>,
    erased: Vec<f64>,
    formula: Vec<f64>,
    lasso: Vec<Fit>,
}

#[derive(Deserialize)]
struct Fit {
    c: f64,
    weights: Vec<f64>,
    intercept: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("correction.json")).expect("the reference is committed")
}

/// The rows with a mean of zero and a deviation of one in each column.
fn standardised(features: &[f32], width: usize) -> Vec<f64> {
    let rows = features.len() / width;
    let mut all: Vec<f64> = features.iter().map(|value| f64::from(*value)).collect();
    for column in 0..width {
        let own = || (0..rows).map(|row| row * width + column);
        let mean = own().map(|at| all[at]).sum::<f64>() / rows as f64;
        let variance = own().map(|at| (all[at] - mean).powi(2)).sum::<f64>() / rows as f64;
        own().for_each(|at| all[at] = (all[at] - mean) / variance.sqrt());
    }
    all
}

#[test]
fn erasure_is_that_of_the_papers_authors_and_of_its_formula() {
    let Reference { features, width, shown, erased, formula, .. } = reference();
    let weights = vec![1.0 / shown.len() as f64; shown.len()];
    let projection =
        eraser(&features, width, &shown, &weights, 0.0).expect("it runs").expect("it goes with it");
    for (row, expected) in features.chunks(width).zip(erased.chunks(width).zip(formula.chunks(width))) {
        for (found, (authors, formula)) in projection.apply(row).iter().zip(expected.0.iter().zip(expected.1))
        {
            assert!((found - authors).abs() < 1e-6, "{found}, expected {authors}");
            assert!((found - formula).abs() < 1e-6, "{found}, expected {formula}");
        }
    }
}

#[test]
fn logistic_regressions_are_scikit_learns() {
    let Reference { features, width, shown, lasso, .. } = reference();
    let rows = standardised(&features, width);
    let mut zeros = 0;
    for Fit { c, weights, intercept } in lasso {
        let fit = Lasso::fit(&rows, width, &shown, c).expect("both labels");
        assert!((fit.intercept - intercept).abs() < 1e-3, "C = {c}: {}, expected {intercept}", fit.intercept);
        for (found, expected) in fit.weights.iter().zip(&weights) {
            assert!((found - expected).abs() < 1e-3, "C = {c}: {:?}, expected {weights:?}", fit.weights);
            assert_eq!(
                *found == 0.0,
                expected.abs() < 1e-9,
                "C = {c}: {:?}, expected {weights:?}",
                fit.weights
            );
            zeros += usize::from(*found == 0.0);
        }
    }
    assert!(zeros > 0, "the penalty leaves some features out");
}

/// Rows of two classes and an artefact, all four groups among them, with features that go with both.
fn rows() -> impl Strategy<Value = (Vec<f32>, Vec<usize>)> {
    let row = (0_usize..4, prop::array::uniform5(-3.0_f32..3.0));
    prop::collection::vec(row, 12..40).prop_map(|rows| {
        let mut groups: Vec<usize> = rows.iter().map(|(group, _)| *group).collect();
        groups[..8].copy_from_slice(&[0, 1, 2, 3, 0, 1, 2, 3]);
        let features = rows.iter().zip(&groups).flat_map(|((_, values), &group)| {
            let (class, shown) = ((group / 2) as f32, (group % 2) as f32);
            let mut own = *values;
            own[0] += 2.0 * class;
            own[1] += 3.0 * shown;
            own[2] += class - shown;
            own
        });
        (features.collect(), groups)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Of the erased features, no logistic regression, however little it is held back, makes anything of the concept: the best
    /// one is a constant. The same on the features as they are does better, so that the property can fail.
    #[test]
    fn nothing_linear_is_known_after_erasure((features, groups) in rows(), shrinkage in 0.0..0.5_f64) {
        let width = 5;
        let shown: Vec<bool> = groups.iter().map(|group| group % 2 == 1).collect();
        let uniform = vec![1.0 / groups.len() as f64; groups.len()];
        let projection = eraser(&features, width, &shown, &uniform, shrinkage).expect("it runs").expect("it goes with it");
        let erased: Vec<f64> = features.chunks(width).flat_map(|row| projection.apply(row)).collect();
        let after = Lasso::fit(&erased, width, &shown, 5.0).expect("both");
        prop_assert!(after.weights.iter().all(|weight| weight.abs() < 1e-3), "{:?}", after.weights);
        let plain: Vec<f64> = features.iter().map(|value| f64::from(*value)).collect();
        let before = Lasso::fit(&plain, width, &shown, 5.0).expect("both");
        prop_assert!(before.weights.iter().any(|weight| weight.abs() > 1e-3), "{:?}", before.weights);
        // Nor is more taken away than has to be: erasing again changes nothing.
        for row in features.chunks(width) {
            let once: Vec<f32> = projection.apply(row).iter().map(|value| *value as f32).collect();
            for (twice, once) in projection.apply(&once).iter().zip(&once) {
                prop_assert!((twice - f64::from(*once)).abs() < 1e-4);
            }
        }
    }

    /// What the last layer makes of projected features, the folded one makes of the features themselves.
    #[test]
    fn folding_is_exact(
        (features, groups) in rows(),
        weight in prop::collection::vec(-2.0..2.0_f64, 15),
        bias in prop::collection::vec(-2.0..2.0_f64, 3),
        by_pattern: bool,
    ) {
        let width = 5;
        let shown: Vec<bool> = groups.iter().map(|group| group % 2 == 1).collect();
        let weights = balance(&groups);
        let projection = if by_pattern {
            let found = pattern(&features, width, &shown, &weights).expect("both kinds");
            let length = found.iter().map(|value| value * value).sum::<f64>().sqrt();
            let unit: Vec<f64> = found.iter().map(|value| value / length).collect();
            Projection { taken: unit.clone(), measured: unit, centre: vec![0.3, -0.1, 0.0, 2.0, 1.0] }
        } else {
            eraser(&features, width, &shown, &weights, 0.0).expect("it runs").expect("it goes with it")
        };
        let head = HeadWeights { weight, bias, width };
        let folded = head.folded(&projection);
        for row in features.chunks(width) {
            let plain: Vec<f64> = row.iter().map(|value| f64::from(*value)).collect();
            let expected = head.logits(&projection.apply(row));
            for (found, expected) in folded.logits(&plain).iter().zip(&expected) {
                prop_assert!((found - expected).abs() < 1e-9, "{found}, expected {expected}");
            }
        }
    }

    /// A fit is where no small step makes the objective less.
    #[test]
    fn no_step_from_a_fit_lessens_what_it_minimises((features, groups) in rows(), c in 0.05..2.0_f64) {
        let width = 5;
        let rows = standardised(&features, width);
        let labels: Vec<bool> = groups.iter().map(|group| group / 2 == 1).collect();
        let fit = Lasso::fit(&rows, width, &labels, c).expect("both");
        let objective = |fit: &Lasso| {
            let losses = rows.chunks(width).zip(&labels).map(|(row, &label)| {
                let margin = if label { fit.score(row) } else { -fit.score(row) };
                (-margin).exp().ln_1p()
            });
            c * losses.sum::<f64>() + fit.weights.iter().map(|weight| weight.abs()).sum::<f64>()
        };
        let least = objective(&fit);
        for column in 0..=width {
            for step in [-1e-2, 1e-2] {
                let mut other = fit.clone();
                match other.weights.get_mut(column) {
                    Some(weight) => *weight += step,
                    None => other.intercept += step,
                }
                prop_assert!(objective(&other) >= least - 1e-7, "column {column}: {} < {least}", objective(&other));
            }
        }
    }
}
