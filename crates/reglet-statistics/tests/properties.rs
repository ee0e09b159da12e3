//! What holds of intervals whatever the rows are.

use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_statistics::*;

/// Values of between two and a dozen groups, and the group of each.
fn grouped() -> impl Strategy<Value = (Vec<f64>, Vec<u32>)> {
    prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, 1..5), 2..12).prop_map(|groups| {
        let numbers = groups.iter().enumerate().flat_map(|(group, rows)| vec![group as u32; rows.len()]);
        (groups.concat(), numbers.collect())
    })
}

fn interval(values: &[f64], groups: &[u32], seed: u64) -> Estimate {
    bootstrap_mean(Rows { values, groups, donors: None }, seed).expect("two groups or more").interval(0.95)
}

fn near(one: Estimate, other: Estimate) -> bool {
    let ends = [(one.mean, other.mean), (one.low, other.low), (one.high, other.high)];
    let scale = ends.iter().map(|(a, b)| a.abs().max(b.abs())).fold(1.0, f64::max);
    ends.iter().all(|(a, b)| (a - b).abs() < 1e-9 * scale)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn intervals_move_and_stretch_with_the_values(
        (values, groups) in grouped(), shift in -3.0..3.0_f64, scale in 0.1..10.0_f64, seed in any::<u64>(),
    ) {
        let plain = interval(&values, &groups, seed);
        let moved: Vec<f64> = values.iter().map(|value| scale * value + shift).collect();
        let by = |end: f64| scale * end + shift;
        let expected =
            Estimate { mean: by(plain.mean), low: by(plain.low), high: by(plain.high), count: plain.count };
        let found = interval(&moved, &groups, seed);
        prop_assert!(near(found, expected), "{found:?}, expected {expected:?}");
    }

    #[test]
    fn neither_the_order_of_rows_nor_the_groups_numbers_matter((values, groups) in grouped(), seed in any::<u64>()) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.shuffle(&mut random);
        let mut names: Vec<u32> = (0..12).map(|at| at * 1_000_003).collect();
        names.shuffle(&mut random);
        let shuffled: Vec<f64> = order.iter().map(|&at| values[at]).collect();
        let renamed: Vec<u32> = order.iter().map(|&at| names[groups[at] as usize]).collect();
        let (one, other) = (interval(&values, &groups, seed), interval(&shuffled, &renamed, seed));
        prop_assert!(near(one, other), "{one:?}, {other:?}");

        // Nor, with donors, does the order.
        let donors: Vec<Option<u32>> = values.iter().map(|_| Some(random.random_range(0..4))).collect();
        let taken: Vec<Option<u32>> = order.iter().map(|&at| donors[at]).collect();
        let same: Vec<u32> = order.iter().map(|&at| groups[at]).collect();
        let one = bootstrap_mean(Rows { values: &values, groups: &groups, donors: Some(&donors) }, seed);
        let other = bootstrap_mean(Rows { values: &shuffled, groups: &same, donors: Some(&taken) }, seed);
        let (one, other) = (one.expect("groups").interval(0.9), other.expect("groups").interval(0.9));
        prop_assert!(near(one, other), "{one:?}, {other:?}");
    }

    #[test]
    fn copies_of_a_picture_in_one_group_add_nothing(
        values in prop::collection::vec(-1.0..1.0_f64, 2..20), copies in 2..5_usize, seed in any::<u64>(),
    ) {
        let copied: Vec<f64> = values.iter().flat_map(|value| vec![*value; copies]).collect();
        let groups: Vec<u32> = (0..copied.len()).map(|row| (row / copies) as u32).collect();
        let (plain, found) = (Estimate::of(&values, seed).expect("values"), interval(&copied, &groups, seed));
        prop_assert!(near(Estimate { count: copied.len(), ..plain }, found), "{plain:?}, {found:?}");
        // As rows of their own they would seem to.
        let own = Estimate::of(&copied, seed).expect("values");
        prop_assert!((own.mean - found.mean).abs() < 1e-12);
        prop_assert!(found.high - found.low >= own.high - own.low, "{found:?}, {own:?}");

        let hits: Vec<bool> = copied.iter().map(|value| *value > 0.0).collect();
        let rows: Vec<u32> = (0..copied.len() as u32).collect();
        let (grouped, own) = (share(&hits, &groups).expect("rows"), share(&hits, &rows).expect("rows"));
        prop_assert_eq!(grouped.value(), own.value());
        prop_assert!(grouped.upper(0.95) >= own.upper(0.95) - 1e-12);
    }

    #[test]
    fn a_higher_level_holds_a_lower_and_margins_agree_with_it((values, groups) in grouped(), seed in any::<u64>()) {
        let draws = bootstrap_mean(Rows { values: &values, groups: &groups, donors: None }, seed).expect("groups");
        let levels = [0.5, 0.8, 0.9, 0.95, 0.99, 1.0 - 0.05 / 60.0].map(|level| draws.interval(level));
        for pair in levels.windows(2) {
            prop_assert!(pair[1].low <= pair[0].low + 1e-12 && pair[0].high <= pair[1].high + 1e-12, "{levels:?}");
        }
        let margin = equivalence_margin(&draws);
        prop_assert!(equivalent(&draws, margin) && beyond(&draws, margin, 0.9).is_none());
    }

    #[test]
    fn paired_changes_turn_with_their_sign_and_a_higher_level_holds_a_lower((values, groups) in grouped(), part in 0.0..1.0_f64) {
        let changes: Vec<i8> =
            values.iter().map(|value| if value.abs() < part { 0 } else { value.signum() as i8 }).collect();
        let turned: Vec<i8> = changes.iter().map(|change| -change).collect();
        let found = paired_share(&changes, &groups).expect("groups");
        let other = paired_share(&turned, &groups).expect("groups");
        let mut last = Estimate { mean: found.value(), low: found.value(), high: found.value(), count: values.len() };
        for level in [0.01, 0.5, 0.9, 0.95, 0.99, 0.999_999] {
            let (one, two) = (found.interval(level), other.interval(level));
            prop_assert_eq!((one.low, one.mean, one.high), (-two.high, -two.mean, -two.low));
            prop_assert!(-1.0 <= one.low && one.low <= last.low && last.high <= one.high && one.high <= 1.0, "{one:?}");
            prop_assert!(one.low < one.high, "{one:?}");
            last = one;
        }
    }

    #[test]
    fn a_difference_turns_with_its_sides((values, groups) in grouped(), seed in any::<u64>()) {
        // Half of each group's rows, so that every group holds both, or one.
        let with: Vec<bool> = (0..values.len()).map(|row| row % 2 == 0).collect();
        let turned: Vec<bool> = with.iter().map(|with| !with).collect();
        let found = bootstrap_difference(&values, &with, &groups, seed);
        let other = bootstrap_difference(&values, &turned, &groups, seed);
        prop_assert_eq!(found.is_some(), other.is_some());
        if let (Some(found), Some(other)) = (found, other) {
            prop_assert!((found.value() + other.value()).abs() < 1e-12);
            let (one, two) = (found.standard_error(), other.standard_error());
            prop_assert!((one - two).abs() <= 0.15 * one.max(two) + 1e-12, "{one}, {two}");
        }
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let values: Vec<f64> = (0..200).map(|at| f64::from(at * 37 % 101)).collect();
    let groups: Vec<u32> = (0..200).map(|at| at / 3).collect();
    let donors: Vec<Option<u32>> = (0..200).map(|at| (at % 5 > 0).then_some(at % 7)).collect();
    let positive: Vec<bool> = groups.iter().map(|group| group % 3 == 0).collect();
    let all = || {
        (
            bootstrap_mean(Rows { values: &values, groups: &groups, donors: Some(&donors) }, 1),
            bootstrap_difference(&values, &positive, &groups, 1),
            bootstrap_auroc(&values, &positive, &groups, 1),
        )
    };
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    assert_eq!(pool(1).install(all), pool(7).install(all));
}
