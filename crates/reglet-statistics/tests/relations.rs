//! Against SciPy (`tests/reference/make_relations.py`), and what groups must change.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_statistics::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    numbers: Vec<Number>,
    categories: Vec<Category>,
    stratified: Vec<Stratified>,
}

#[derive(Deserialize)]
struct Number {
    values: Vec<Option<f64>>,
    labels: Vec<bool>,
    groups: Vec<u32>,
    auc: f64,
    p: f64,
    units: usize,
}

#[derive(Deserialize)]
struct Category {
    categories: Vec<Option<u32>>,
    labels: Vec<bool>,
    v: f64,
    p: f64,
    exact: bool,
}

#[derive(Deserialize)]
struct Stratified {
    values: Vec<f64>,
    scores: Vec<f64>,
    strata: Vec<u32>,
    strength: f64,
    p: f64,
    formula: bool,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("relations.json")).expect("the reference is committed")
}

fn close(found: f64, expected: f64, allowed: f64, what: &str) {
    assert!((found - expected).abs() <= allowed, "{what}: {found}, expected {expected} ± {allowed}");
}

fn own(count: usize) -> Vec<u32> {
    (0..count as u32).collect()
}

/// Of p-values by 9999 dealings: four standard errors.
fn scatter(p: f64) -> f64 {
    4.0 * (p * (1.0 - p) / 9999.0).sqrt() + 2e-4
}

#[test]
fn numbers_and_labels_are_scipys_mann_whitney() {
    for (index, case) in reference().numbers.iter().enumerate() {
        let values: Vec<f64> = case.values.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
        let found = number_with_label(&values, &case.labels, &case.groups).expect("both labels");
        close(found.strength, case.auc, 1e-12, &format!("AUC {index}"));
        close(found.p, case.p, 1e-10, &format!("p {index}"));
        assert_eq!((found.units, found.missing), (case.units, values.iter().filter(|v| v.is_nan()).count()));
    }
}

#[test]
fn categories_and_labels_are_scipys_chi_squared() {
    for (index, case) in reference().categories.iter().enumerate() {
        let groups = own(case.labels.len());
        let found = category_with_label(&case.categories, &case.labels, &groups, 3).expect("both labels");
        close(found.strength, case.v, 1e-12, &format!("V {index}"));
        let allowed = if case.exact { 1e-10 } else { scatter(case.p) };
        close(found.p, case.p, allowed, &format!("p {index}"));
    }
}

#[test]
fn numbers_and_scores_within_strata_are_scipys() {
    for (index, case) in reference().stratified.iter().enumerate() {
        let groups = own(case.values.len());
        let found =
            number_with_score(&case.values, &case.scores, &case.strata, &groups, 3).expect("they vary");
        close(found.strength, case.strength, 1e-12, &format!("strength {index}"));
        let allowed = if case.formula { 1e-10 } else { scatter(case.p) };
        close(found.p, case.p, allowed, &format!("p {index}"));
    }
}

/// Each lesion five times, with what is by chance its own: by rows nearly everything would seem related.
#[test]
fn rows_of_one_group_do_not_count_five_times() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let mut small = [0; 3];
    const TIMES: usize = 300;
    for seed in 0..TIMES as u64 {
        let (mut values, mut kinds, mut labels, mut scores, mut groups) =
            (vec![], vec![], vec![], vec![], vec![]);
        for group in 0..60 {
            let label = random.random_bool(0.4);
            let (value, score, kind) =
                (random.random::<f64>(), random.random::<f64>(), random.random_range(0..3));
            for _ in 0..5 {
                values.push(value + 0.1 * random.random::<f64>());
                scores.push(score + 0.1 * random.random::<f64>());
                kinds.push(Some(kind));
                labels.push(label);
                groups.push(group);
            }
        }
        let strata: Vec<u32> = labels.iter().map(|label| u32::from(*label)).collect();
        let found = [
            number_with_label(&values, &labels, &groups),
            category_with_label(&kinds, &labels, &groups, seed),
            number_with_score(&values, &scores, &strata, &groups, seed),
        ];
        for (small, found) in small.iter_mut().zip(found) {
            let found = found.expect("both labels");
            assert_eq!(found.units, 60);
            *small += usize::from(found.p < 0.05);
        }
    }
    // 15 of 300 are to be expected, and more than 29 come in one run of a thousand.
    assert!(small.iter().all(|count| (3..=29).contains(count)), "{small:?}");
}

/// Patients with lesions of both labels, who share the property and the score: by units alone every seventh would seem
/// related.
#[test]
fn units_of_one_patient_are_not_taken_for_two() {
    for patients in [20, 60] {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut small = [0; 2];
        for seed in 0..600 {
            let (mut values, mut scores, mut labels, mut groups) = (vec![], vec![], vec![], vec![]);
            for group in 0..patients {
                let (value, score) = (random.random::<f64>(), random.random::<f64>());
                for label in [false, true] {
                    values.push(value + 0.1 * random.random::<f64>());
                    scores.push(score + 0.1 * random.random::<f64>());
                    labels.push(label);
                    groups.push(group);
                }
            }
            let strata: Vec<u32> = labels.iter().map(|label| u32::from(*label)).collect();
            let by_score = number_with_score(&values, &scores, &strata, &groups, seed).expect("they vary");
            let by_label = number_with_label(&values, &labels, &groups).expect("both labels");
            small[0] += usize::from(by_score.p < 0.05);
            small[1] += usize::from(by_label.p < 0.05);
        }
        println!("{patients} patients: {small:?} of 600");
        // 30 of 600 are to be expected, and more than 47 come in one run of a thousand.
        assert!(small.iter().all(|count| *count <= 47), "{patients} patients: {small:?}");
    }
}

#[test]
fn what_cannot_be_related_is_not() {
    let (labels, groups) = ([true, false, true], [0, 1, 2]);
    assert_eq!(number_with_label(&[1.0, 2.0], &labels, &groups), None);
    assert_eq!(number_with_label(&[1.0, f64::NAN, 2.0], &labels, &groups), None);
    assert_eq!(category_with_label(&[Some(1), Some(1), Some(1)], &labels, &groups, 0), None);
    assert_eq!(category_with_label(&[Some(1), None, Some(2)], &labels, &groups, 0), None);
    assert_eq!(number_with_score(&[1.0; 3], &[0.1, 0.2, 0.3], &[0; 3], &groups, 0), None);
    assert_eq!(number_with_score(&[1.0, 2.0, 3.0], &[0.1, 0.2, 0.3], &[0, 1, 2], &groups, 0), None);
    assert_eq!(number_with_score(&[], &[], &[], &[], 0), None);
    // All alike: no relation, and no reason to think of one.
    let alike = number_with_label(&[3.0; 3], &labels, &groups).expect("both labels");
    assert_eq!((alike.strength, alike.p), (0.5, 1.0));
}
