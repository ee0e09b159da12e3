//! Rows in groups: against statsmodels, scikit-learn and closed forms (`tests/reference/make_groups.py`).

use reglet_statistics::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    clustered: Vec<Clustered>,
    crossed: Vec<Crossed>,
    difference: Vec<Difference>,
    auroc: Vec<Auroc>,
    share: Vec<Shared>,
}

#[derive(Deserialize)]
struct Clustered {
    values: Vec<f64>,
    groups: Vec<u32>,
    mean: f64,
    error: f64,
}

#[derive(Deserialize)]
struct Crossed {
    values: Vec<f64>,
    groups: Vec<u32>,
    donors: Vec<Option<u32>>,
    error: f64,
}

#[derive(Deserialize)]
struct Difference {
    values: Vec<f64>,
    with: Vec<bool>,
    groups: Vec<u32>,
    difference: f64,
    error: f64,
}

#[derive(Deserialize)]
struct Auroc {
    scores: Vec<f64>,
    labels: Vec<bool>,
    groups: Vec<u32>,
    auroc: f64,
    error: f64,
    weights: Vec<f64>,
    weighted: f64,
}

#[derive(Deserialize)]
struct Shared {
    hits: Vec<bool>,
    groups: Vec<u32>,
    level: f64,
    interval: (f64, f64),
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("groups.json")).expect("the reference is committed")
}

fn close(found: f64, expected: f64, allowed: f64, what: &str) {
    assert!((found - expected).abs() <= allowed, "{what}: {found}, expected {expected} ± {allowed}");
}

#[test]
fn errors_of_clustered_means_are_statsmodels() {
    for (index, Clustered { values, groups, mean, error }) in reference().clustered.iter().enumerate() {
        let draws = bootstrap_mean(Rows { values, groups, donors: None }, 1).expect("many groups");
        close(draws.value(), *mean, 1e-12, &format!("mean {index}"));
        close(draws.standard_error(), *error, 0.05 * error, &format!("error {index}"));
        // The general way says the same, from other draws.
        let weighted = |weights: &[f64]| {
            let sum: f64 = weights.iter().sum();
            (sum > 0.0)
                .then(|| weights.iter().zip(values).map(|(weight, value)| weight * value).sum::<f64>() / sum)
        };
        let general = bootstrap(groups, 1, weighted).expect("many groups");
        close(general.value(), *mean, 1e-12, &format!("mean {index}"));
        close(general.standard_error(), *error, 0.05 * error, &format!("error {index}"));
        let (one, other) = (draws.interval(0.95), general.interval(0.95));
        close(one.low, other.low, 0.2 * error, &format!("low {index}"));
        close(one.high, other.high, 0.2 * error, &format!("high {index}"));
    }
}

#[test]
fn errors_of_crossed_means_are_statsmodels() {
    for (index, Crossed { values, groups, donors, error }) in reference().crossed.iter().enumerate() {
        let draws = bootstrap_mean(Rows { values, groups, donors: Some(donors) }, 1).expect("many groups");
        close(draws.standard_error(), *error, 0.03 * error, &format!("error {index}"));
    }
}

#[test]
fn errors_of_differences_are_statsmodels() {
    for (index, case) in reference().difference.iter().enumerate() {
        let draws = bootstrap_difference(&case.values, &case.with, &case.groups, 1).expect("many groups");
        close(draws.value(), case.difference, 1e-12, &format!("difference {index}"));
        close(draws.standard_error(), case.error, 0.05 * case.error, &format!("error {index}"));
    }
}

#[test]
fn areas_under_the_curve_are_scikit_learns_and_their_errors_obuchowskis() {
    for (index, case) in reference().auroc.iter().enumerate() {
        let ranked = Ranked::new(&case.scores, &case.labels).expect("numbers");
        close(ranked.auroc(&case.weights).expect("both"), case.weighted, 1e-12, "weighted area");
        let draws = bootstrap_auroc(&case.scores, &case.labels, &case.groups, 1).expect("many groups");
        close(draws.value(), case.auroc, 1e-12, &format!("area {index}"));
        close(draws.standard_error(), case.error, 0.07 * case.error, &format!("error {index}"));
        assert!(draws.interval(0.999).high <= 1.0);
    }
}

#[test]
fn shares_in_groups_have_wilsons_interval_at_the_effective_number() {
    for Shared { hits, groups, level, interval } in reference().share {
        let found = share(&hits, &groups).expect("rows");
        let estimate = found.interval(level);
        close(estimate.low, interval.0, 1e-9, "low");
        close(estimate.high, interval.1, 1e-9, "high");
        close(found.upper(1.0 - (1.0 - level) / 2.0), interval.1, 1e-9, "upper");
    }
    // Where every row is a group of its own, it is Wilson's.
    let hits: Vec<bool> = (0..40).map(|row| row % 4 == 0).collect();
    let own: Vec<u32> = (0..40).collect();
    let (found, plain) = (share(&hits, &own).expect("rows"), Estimate::share(10, 40).expect("rows"));
    close(found.interval(0.95).low, plain.low, 1e-12, "low");
    close(found.interval(0.95).high, plain.high, 1e-12, "high");
    // Nothing hit: three times over the number of groups is the rule of three, not of rows.
    let groups: Vec<u32> = (0..400).map(|row| row / 10).collect();
    let none = share(&[false; 400], &groups).expect("rows");
    assert_eq!(none.upper(0.95), share(&[false; 40], &own).expect("rows").upper(0.95));
    assert!(none.upper(0.95) > 0.05, "{}", none.upper(0.95));
}

#[test]
fn one_group_with_most_of_the_rows_says_little_of_others() {
    // 58 of 59 patients have one picture each, which is a hit; the other has a thousand, and none is.
    let hits: Vec<bool> = (0..1058).map(|row| row < 58).collect();
    let groups: Vec<u32> = (0..1058).map(|row| row.min(58)).collect();
    let found = share(&hits, &groups).expect("rows");
    for level in [0.9, 0.95, 0.99, 0.999_999] {
        assert!(found.upper(level) > 0.75, "{level}: {}", found.upper(level));
        let interval = found.interval(level);
        assert!(interval.low >= 0.0 && interval.low < found.value() && interval.high <= 1.0, "{interval:?}");
    }
    // Two such groups, and a single one.
    for groups in [vec![0, 0, 0, 1], vec![3; 4]] {
        let found = share(&[true, true, true, false], &groups).expect("rows").interval(0.999_999);
        assert!((0.0..0.1).contains(&found.low) && (0.9..=1.0).contains(&found.high), "{found:?}");
    }
}

/// Independent rows of which so many gained and lost a decision.
fn changed(gained: usize, lost: usize, rows: usize) -> PairedShare {
    let change = |row: usize| if row < gained { 1 } else { -i8::from(row < gained + lost) };
    let changes: Vec<i8> = (0..rows).map(change).collect();
    paired_share(&changes, &(0..rows as u32).collect::<Vec<u32>>()).expect("rows")
}

#[test]
fn paired_changes_have_tangos_published_intervals() {
    for (gained, lost, rows, level, low, high) in [
        // Tango (1998): disinfection of lenses, and the crossover trial of 32 patients.
        (0, 1, 44, 0.9, -0.096, 0.037),
        (9, 3, 32, 0.95, -0.027, 0.390),
        // Fagerland, Lydersen and Laake, Recommended tests and confidence intervals for paired binomial proportions (2014):
        // hyper-responsive airways.
        (1, 7, 21, 0.95, -0.517, -0.026),
    ] {
        let found = changed(gained, lost, rows).interval(level);
        close(found.low, low, 0.0006, &format!("low of {gained} and {lost} of {rows}"));
        close(found.high, high, 0.0006, &format!("high of {gained} and {lost} of {rows}"));
    }
}

/// The largest log-likelihood's probability of a loss, if the difference is `difference`, without the closed form.
fn likeliest_loss(gained: f64, lost: f64, rows: f64, difference: f64) -> f64 {
    let log = |count: f64, chance: f64| if count > 0.0 { count * chance.max(1e-300).ln() } else { 0.0 };
    let likelihood = |loss: f64| {
        log(gained, loss + difference)
            + log(lost, loss)
            + log(rows - gained - lost, 1.0 - difference - 2.0 * loss)
    };
    // It is concave, so thirds without the maximum can be cut off.
    let (mut low, mut high) = ((-difference).max(0.0), (1.0 - difference) / 2.0);
    for _ in 0..200 {
        let (one, two) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if likelihood(one) < likelihood(two) {
            low = one;
        } else {
            high = two;
        }
    }
    (low + high) / 2.0
}

#[test]
fn ends_of_paired_changes_solve_the_score_equation() {
    for (gained, lost, rows) in
        [(0, 0, 36), (0, 1, 44), (3, 0, 20), (1, 7, 21), (40, 20, 160), (5, 5, 10), (2, 1, 4)]
    {
        for (level, z) in [(0.9, 1.644_853_627), (0.95, 1.959_963_985), (0.999, 3.290_526_731)] {
            let found = changed(gained, lost, rows).interval(level);
            let (b, c, n) = (gained as f64, lost as f64, rows as f64);
            for (end, side) in [(found.low, 1.0), (found.high, -1.0)] {
                let loss = likeliest_loss(b, c, n, end);
                let score = (b - c - n * end) / (n * (2.0 * loss + end - end * end)).sqrt();
                close(score, side * z, 1e-4, &format!("{gained} and {lost} of {rows} at {level}"));
            }
        }
    }
}

#[test]
fn where_no_decision_changed_others_may_have() {
    let (z, n) = (1.644_853_627_f64, 36.0);
    let found = changed(0, 0, 36).interval(0.9);
    close(found.high, z * z / (n + z * z), 1e-9, "high");
    assert_eq!((found.mean, found.low, found.count), (0.0, -found.high, 36));
    // Ten pictures of each patient say no more than one: with none changed, patients count.
    let groups: Vec<u32> = (0..360).map(|row| row / 10).collect();
    let found = paired_share(&[0; 360], &groups).expect("groups");
    assert_eq!((found.value(), found.rows(), found.groups()), (0.0, 360, 36));
    close(found.interval(0.9).high, z * z / (n + z * z), 1e-9, "high in groups");
    // All changed: the ends stay within the range.
    let all = changed(12, 0, 12).interval(0.95);
    assert!(all.high == 1.0 && 0.0 < all.low && all.low < 1.0, "{all:?}");
}

#[test]
fn what_is_no_paired_change_is_refused() {
    assert_eq!(paired_share(&[], &[]), None);
    assert_eq!(paired_share(&[1, 0], &[1]), None);
    assert_eq!(paired_share(&[1, 0, -1], &[4, 4, 4]), None);
    assert_eq!(paired_share(&[1, 2], &[1, 2]), None);
    assert_eq!(paired_share(&[i8::MIN, 0], &[1, 2]), None);
    assert!(paired_share(&[1, -1], &[1, 2]).is_some());
}

#[test]
fn equivalence_and_its_contrary_need_the_whole_interval() {
    let values: Vec<f64> = (0..60).map(|at| 0.02 + 0.05 * f64::from(at % 7 - 3) / 3.0).collect();
    let groups: Vec<u32> = (0..60).collect();
    let draws = bootstrap_mean(Rows { values: &values, groups: &groups, donors: None }, 5).expect("groups");
    let margin = equivalence_margin(&draws);
    let ninety = draws.interval(0.9);
    assert_eq!(margin, ninety.high);
    assert!(equivalent(&draws, margin) && !equivalent(&draws, 0.999 * margin));
    let interval = draws.interval(0.95);
    assert_eq!(beyond(&draws, 0.99 * interval.low, 0.95), Some(Side::Above));
    assert_eq!(beyond(&draws, interval.low, 0.95), None);
    let turned: Vec<f64> = values.iter().map(|value| -value).collect();
    let draws = bootstrap_mean(Rows { values: &turned, groups: &groups, donors: None }, 5).expect("groups");
    assert_eq!(beyond(&draws, 0.9 * interval.low, 0.95), Some(Side::Below));
}

#[test]
fn what_groups_cannot_say_is_not_said() {
    let rows = |values, groups| bootstrap_mean(Rows { values, groups, donors: None }, 0);
    assert_eq!(rows(&[], &[]), None);
    assert_eq!(rows(&[0.1, 0.2], &[4, 4]), None);
    assert_eq!(rows(&[0.1, f64::NAN], &[1, 2]), None);
    assert_eq!(rows(&[0.1, f64::INFINITY], &[1, 2]), None);
    assert_eq!(rows(&[0.1, 0.3], &[1]), None);
    let short = [Some(1)];
    assert_eq!(bootstrap_mean(Rows { values: &[0.1, 0.2], groups: &[1, 2], donors: Some(&short) }, 0), None);
    // One picture with the artefact says nothing of others.
    assert_eq!(
        bootstrap_difference(&[0.9, 0.1, 0.2, 0.3], &[true, false, false, false], &[0, 1, 2, 3], 0),
        None
    );
    assert_eq!(bootstrap_difference(&[0.9, 0.1], &[true, true], &[0, 1], 0), None);
    assert_eq!(bootstrap_auroc(&[0.9, 0.1, 0.3], &[true, false, false], &[0, 1, 2], 0), None);
    assert_eq!(bootstrap_auroc(&[0.9, f64::NAN], &[true, false], &[0, 1], 0), None);
    assert_eq!(bootstrap(&[0, 1, 2], 0, |_| None), None);
    // Defined only where the one group with what counts is drawn.
    assert_eq!(bootstrap(&[0, 1, 2], 0, |weights| (weights[0] > 0.0).then_some(1.0)), None);
    assert_eq!((share(&[], &[]), share(&[true], &[])), (None, None));
    assert_eq!(Ranked::new(&[0.1], &[true]).and_then(|ranked| ranked.auroc(&[1.0])), None);
    // Levels that are none are brought to the nearest.
    let draws = rows(&[0.1, 0.2, 0.4], &[1, 2, 3]).expect("groups");
    for level in [f64::NAN, -1.0, 0.0, 1.0, 7.0] {
        let found = draws.interval(level);
        assert!(
            found.low.is_finite() && found.low <= found.high && found.high.is_finite(),
            "{level}: {found:?}"
        );
    }
    // One donor cannot stand for others: the groups alone are drawn.
    let one = [Some(3); 3];
    let crossed =
        bootstrap_mean(Rows { values: &[0.1, 0.2, 0.4], groups: &[1, 2, 3], donors: Some(&one) }, 0);
    assert_eq!(crossed, Some(draws));
}

#[test]
fn a_hundred_thousand_rows_keep_the_closed_forms_error() {
    let values: Vec<f64> =
        (0..100_000_u32).map(|at| f64::from(at.wrapping_mul(2_654_435_761) >> 8)).collect();
    let groups: Vec<u32> = (0..100_000).collect();
    let donors: Vec<Option<u32>> = (0..100_000).map(|at| Some(at % 24)).collect();
    let plain = bootstrap_mean(Rows { values: &values, groups: &groups, donors: None }, 0).expect("groups");
    let crossed = bootstrap_mean(Rows { values: &values, groups: &groups, donors: Some(&donors) }, 0);
    // What the draws were put together from keeps the closed form's error.
    let n = values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - plain.value()).powi(2)).sum();
    close(plain.standard_error(), squares.sqrt() / n, 0.05 * squares.sqrt() / n, "error");
    assert!(crossed.is_some());
}

/// Positives of one stratum are compared with negatives of the same one, of which there may be few.
#[test]
fn what_distinguishes_strata_is_not_counted_and_widens_nothing() {
    // In either stratum four rows of one kind and sixty of the other; the strata are far apart, and within them all is chance.
    let rows = |stratum: usize| {
        (0..64).map(move |row| {
            let positive = (row < 4) == (stratum == 0);
            let score = 10.0 * stratum as f64 + ((row * 37 + 11 * stratum) % 64) as f64 / 64.0;
            (score, positive, stratum)
        })
    };
    let all: Vec<(f64, bool, usize)> = (0..2).flat_map(rows).collect();
    let scores: Vec<f64> = all.iter().map(|row| row.0).collect();
    let positive: Vec<bool> = all.iter().map(|row| row.1).collect();
    let strata: Vec<usize> = all.iter().map(|row| row.2).collect();
    let groups: Vec<u32> = (0..128).collect();
    let pooled = bootstrap_auroc(&scores, &positive, &groups, 1).expect("both kinds");
    let within = bootstrap_auroc_within(&scores, &positive, &strata, &groups, 1).expect("both kinds");
    // The mean of the strata's own areas, each with the weight of its pairs.
    let own = |stratum: usize| {
        let rows = all.iter().filter(|row| row.2 == stratum).map(|row| (row.0, row.1));
        auroc(rows).expect("both kinds")
    };
    assert!((within.value() - (own(0) + own(1)) / 2.0).abs() < 1e-12, "{}", within.value());
    assert!(
        pooled.value() > 0.9 && (within.value() - 0.5).abs() < 0.3,
        "{} {}",
        pooled.value(),
        within.value()
    );
    // Eight rows of the rarer kinds, not sixty-four.
    let width = |draws: &Draws| {
        let Estimate { low, high, .. } = draws.interval(0.9);
        high - low
    };
    assert!(width(&within) > 0.3, "{}", width(&within));
    let one: Vec<bool> = strata.iter().map(|stratum| *stratum == 1).collect();
    assert_eq!(bootstrap_auroc_within(&scores, &one, &strata, &groups, 1), None);
    assert_eq!(bootstrap_auroc_within(&scores, &positive, &strata[1..], &groups, 1), None);
}
