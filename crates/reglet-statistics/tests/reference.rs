//! Against SciPy, scikit-learn and statsmodels (`tests/reference/make_statistics.py`), and properties.

use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use reglet_statistics::*;

#[derive(Deserialize)]
struct Reference {
    samples: Vec<Sample>,
    mcnemar: Vec<(usize, usize, f64)>,
    holm: Vec<(Vec<f64>, Vec<f64>)>,
    tables: Vec<Table>,
    wilson: Vec<(usize, usize, f64, f64)>,
    scores: Vec<Scores>,
}

#[derive(Deserialize)]
struct Sample {
    values: Vec<f64>,
    bca: (f64, f64),
    widening: f64,
    wilcoxon: f64,
    rank_biserial: f64,
    cohens_d: f64,
    detectable: f64,
}

#[derive(Deserialize)]
struct Table {
    counts: [[usize; 2]; 2],
    odds_ratio: (f64, f64, f64),
    phi: f64,
    phi_interval: (f64, f64),
}

#[derive(Deserialize)]
struct Scores {
    scores: Vec<f64>,
    labels: Vec<bool>,
    auroc: f64,
    brier: f64,
    calibration_error: f64,
}

fn reference() -> Reference {
    let text = include_str!("reference.json");
    serde_json::from_str(text).expect("the reference is committed")
}

fn close(found: f64, expected: f64, allowed: f64, what: &str) {
    assert!((found - expected).abs() <= allowed, "{what}: {found}, expected {expected} ± {allowed}");
}

#[test]
fn paired_tests_and_effect_sizes_are_scipys() {
    for (index, sample) in reference().samples.iter().enumerate() {
        let what = |name: &str| format!("{name} of sample {index}");
        close(wilcoxon(&sample.values), sample.wilcoxon, 1e-9, &what("Wilcoxon"));
        close(
            rank_biserial(&sample.values).expect("not all zero"),
            sample.rank_biserial,
            1e-9,
            &what("rank"),
        );
        close(cohens_d(&sample.values).expect("spread"), sample.cohens_d, 1e-9, &what("Cohen's d"));
        let found = detectable(&sample.values).expect("two or more");
        close(found, sample.detectable, 0.04 * sample.detectable, &what("detectable effect"));
    }
}

#[test]
fn bootstrap_intervals_are_scipys_bca() {
    for (index, sample) in reference().samples.iter().enumerate() {
        let found = Estimate::of(&sample.values, 3).expect("values");
        let mean = mean(&sample.values).expect("values");
        let wider = |end: f64| mean + sample.widening * (end - mean);
        let (low, high) = (wider(sample.bca.0), wider(sample.bca.1));
        // 5000 resamples against 200,000: an end scatters by some hundredths of the width.
        let allowed = 0.05 * (high - low);
        close(found.low, low, allowed, &format!("lower end of sample {index}"));
        close(found.high, high, allowed, &format!("upper end of sample {index}"));
    }
}

#[test]
fn decisions_shares_and_corrections_are_scipys_and_statsmodels() {
    let reference = reference();
    for (one, other, p) in reference.mcnemar {
        close(mcnemar(one, other), p, 1e-12, &format!("McNemar of {one} and {other}"));
    }
    for (values, expected) in reference.holm {
        for (found, expected) in holm(&values).into_iter().zip(expected) {
            close(found, expected, 1e-12, "Holm");
        }
    }
    for (hits, count, low, high) in reference.wilson {
        let found = Estimate::share(hits, count).expect("something is counted");
        close(found.low, low, 1e-9, &format!("{hits} of {count}"));
        close(found.high, high, 1e-9, &format!("{hits} of {count}"));
    }
}

#[test]
fn associations_and_scores_are_scipys_and_scikit_learns() {
    let reference = reference();
    for Table { counts, odds_ratio, phi, phi_interval } in reference.tables {
        let found = Association::of(counts).expect("no empty margin");
        let what = format!("{counts:?}");
        for (found, expected) in [
            (found.odds_ratio.mean, odds_ratio.0),
            (found.odds_ratio.low, odds_ratio.1),
            (found.odds_ratio.high, odds_ratio.2),
            (found.phi.mean, phi),
            (found.phi.low, phi_interval.0),
            (found.phi.high, phi_interval.1),
        ] {
            close(found, expected, 1e-8 * expected.abs().max(1.0), &what);
        }
    }
    assert_eq!(Association::of([[3, 0], [5, 0]]), None);
    for case in reference.scores {
        let scored: Vec<(f64, bool)> = case.scores.iter().copied().zip(case.labels).collect();
        close(auroc(scored.iter().copied()).expect("both"), case.auroc, 1e-12, "AUROC");
        close(brier(&scored).expect("some"), case.brier, 1e-12, "Brier");
        close(calibration_error(&scored).expect("some"), case.calibration_error, 1e-12, "ECE");
    }
    assert_eq!((auroc([(0.3, true)]), brier(&[]), calibration_error(&[])), (None, None, None));
}

// numpy.quantile([1, 2, 4, 8], [0, .1, .5, .975, 1])
#[test]
fn quantiles_are_numpys() {
    let values = [1.0, 2.0, 4.0, 8.0];
    assert!(quantile(&[], 0.5).is_nan() && quantile(&values, f64::NAN).is_nan());
    let expected = [(-1.0, 1.0), (2.0, 8.0), (0.0, 1.0), (0.1, 1.3), (0.5, 3.0), (0.975, 7.7), (1.0, 8.0)];
    for (share, value) in expected {
        assert!((quantile(&values, share) - value).abs() < 1e-9, "{share}");
    }
}

/// The interval must hold the true mean about as often as it says, for normal values and for skewed ones, for
/// which the plain percentile interval falls short: over 400 samples of 40.
#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut held = |draw: &mut dyn FnMut(&mut ChaCha8Rng) -> f64, truth: f64| {
        (0..400)
            .filter(|&seed| {
                let values: Vec<f64> = (0..40).map(|_| draw(&mut random)).collect();
                let estimate = Estimate::of(&values, seed).expect("values");
                estimate.low <= truth && truth <= estimate.high
            })
            .count()
    };
    let normal = held(&mut |random| (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0, 0.0);
    assert!((360..=394).contains(&normal), "{normal} of 400 normal samples");
    let exponential = held(&mut |random| -(1.0 - random.random::<f64>()).ln(), 1.0);
    assert!((356..=394).contains(&exponential), "{exponential} of 400 skewed samples");
}

#[test]
fn what_cannot_be_said_is_not() {
    assert_eq!(Estimate::of(&[], 0), None);
    assert_eq!(Estimate::share(0, 0), None);
    assert_eq!((cohens_d(&[0.4]), detectable(&[0.4]), rank_biserial(&[0.0])), (None, None, None));
    assert_eq!((wilcoxon(&[]), wilcoxon(&[0.0, 0.0]), mcnemar(0, 0)), (1.0, 1.0, 1.0));
    assert!(wilcoxon(&[0.1, f64::NAN]).is_nan());
    assert_eq!(pictures_needed(&[0.0, 1.0], 0.0), None);
    // A standard deviation of 0.5 and a margin of 0.1: (1.96 · 0.5 / 0.1)² = 96.04.
    let half = 0.5 / 2_f64.sqrt();
    assert_eq!(pictures_needed(&[half, -half], 0.1), Some(97));
    let same = Estimate::of(&[0.25; 9], 1).expect("values");
    assert_eq!((same.mean, same.low, same.high), (0.25, 0.25, 0.25));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_interval_holds_its_mean_in_order_and_the_seed_fixes_it(
        values in prop::collection::vec(-5.0..5.0_f64, 1..30), seed in any::<u64>(),
    ) {
        let estimate = Estimate::of(&values, seed).expect("values");
        prop_assert!(estimate.low <= estimate.mean + 1e-9 && estimate.mean <= estimate.high + 1e-9);
        prop_assert_eq!(Some(estimate), Estimate::of(&values, seed));
    }

    #[test]
    fn tests_do_not_care_which_side_is_called_before(values in prop::collection::vec(-1.0..1.0_f64, 1..70)) {
        let turned: Vec<f64> = values.iter().map(|value| -value).collect();
        prop_assert!((wilcoxon(&values) - wilcoxon(&turned)).abs() < 1e-12);
        prop_assert!((0.0..=1.0).contains(&wilcoxon(&values)));
    }
}

#[test]
fn a_rate_made_monotone_is_the_nearest_rising_one() {
    // sklearn.isotonic.IsotonicRegression().fit_transform(range(8), ...) gives the same.
    let found = isotonic(&[1.0, 3.0, 2.0, 4.0, 3.0, 3.5, 6.0, 5.0]);
    let expected = [1.0, 2.5, 2.5, 3.5, 3.5, 3.5, 5.5, 5.5];
    assert!(
        found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12),
        "{found:?}"
    );
    assert_eq!(isotonic(&[3.0, 2.0, 1.0]), [2.0; 3]);
    assert!(isotonic(&[]).is_empty());
}

#[test]
fn as_many_groups_are_found_as_there_are() {
    // Normal clouds of different size in the plane, far apart.
    let clouds: [(f64, usize); 3] = [(0.0, 12), (50.0, 20), (100.0, 9)];
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
    let points: Vec<(usize, [f64; 2])> = clouds
        .iter()
        .enumerate()
        .flat_map(|(cloud, &(at, count))| vec![(cloud, at); count])
        .map(|(cloud, at)| (cloud, [at + normal(), normal()]))
        .collect();
    let apart = |one: &[f64; 2], other: &[f64; 2]| (one[0] - other[0]).hypot(one[1] - other[1]);
    let distances: Vec<f64> =
        points.iter().flat_map(|one| points.iter().map(move |other| apart(&one.1, &other.1))).collect();
    let found = spectral(&distances, 6, 3);
    let expected: Vec<usize> = points.iter().map(|(cloud, _)| [1, 0, 2][*cloud]).collect();
    assert_eq!(found.groups, expected, "{:?}", found.eigenvalues);
    assert!(found.eigenvalues[2] < 1e-9 && found.eigenvalues[3] > 0.01, "{:?}", found.eigenvalues);
    assert!(spectral(&[], 6, 3).groups.is_empty());
}

/// As many maps as an audit compares with each other.
#[test]
fn five_hundred_things_are_grouped() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let points: Vec<(f64, f64)> =
        (0..512).map(|at| (f64::from(at % 4) * 30.0 + random.random::<f64>(), random.random())).collect();
    let distances: Vec<f64> = points
        .iter()
        .flat_map(|one| points.iter().map(move |other| (one.0 - other.0).hypot(one.1 - other.1)))
        .collect();
    let found = spectral(&distances, 8, 1);
    assert_eq!(found.groups.iter().max(), Some(&3));
    for at in 4..512 {
        assert_eq!(found.groups[at], found.groups[at % 4]);
    }
}
