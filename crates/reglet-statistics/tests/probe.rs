//! The probe finds what is there, nothing where nothing is, and never asks a fit about a group that it saw.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_statistics::Probe;

struct Made {
    features: Vec<f32>,
    labels: Vec<bool>,
    groups: Vec<u32>,
}

fn normal(random: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0
}

/// Three rows a group; a group's rows share their features but for a little noise, and the first feature rises by
/// `shift` with the label.
fn made(groups: u32, width: usize, shift: f32, seed: u64) -> Made {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut made = Made { features: Vec::new(), labels: Vec::new(), groups: Vec::new() };
    for group in 0..groups {
        let label = random.random_bool(0.4);
        let shared: Vec<f32> = (0..width).map(|_| normal(&mut random)).collect();
        for _ in 0..3 {
            made.features.extend(shared.iter().map(|value| value + 0.1 * normal(&mut random)));
            let first = made.features.len() - width;
            made.features[first] += if label { shift } else { 0.0 };
            made.labels.push(label);
            made.groups.push(group);
        }
    }
    made
}

#[test]
fn what_is_there_is_found_and_how_far_a_row_goes_too() {
    let Made { features, labels, groups } = made(80, 20, 3.0, 1);
    let probe = Probe::fit(&features, 20, &labels, &groups, 5, 1).expect("enough");
    assert!(probe.auroc().low > 0.8, "{:?}", probe.auroc());
    for (row, held_out) in probe.held_out_scores().iter().enumerate() {
        let own = &features[row * 20..(row + 1) * 20];
        assert_eq!(probe.score(own, Some(groups[row])), Some(*held_out));
    }
    let mut plain = [0.0_f32; 20];
    let without = probe.score(&plain, None).expect("as many features");
    plain[0] = 1.5;
    let half = probe.score(&plain, None).expect("as many features");
    plain[0] = 3.0;
    let with = probe.score(&plain, Some(1000)).expect("as many features");
    assert!(without < 0.0 && with > 0.0);
    assert!(((half - without) / (with - without) - 0.5).abs() < 1e-6);
    assert_eq!(probe.score(&plain[..19], None), None);
    assert_eq!(probe.score(&[f32::NAN; 20], None), None);
}

/// Rows of a group are nearly the same: were they dealt into different folds, the probe would know each by heart.
#[test]
fn groups_are_held_out_whole() {
    for seed in 0..5 {
        let Made { features, labels, groups } = made(60, 200, 0.0, 10 + seed);
        let probe = Probe::fit(&features, 200, &labels, &groups, 5, seed).expect("enough");
        let found = probe.auroc();
        assert!((0.2..0.8).contains(&found.mean) && found.low < 0.55, "{found:?}");
        let rows: Vec<u32> = (0..labels.len() as u32).collect();
        let leaky = Probe::fit(&features, 200, &labels, &rows, 5, seed).expect("enough").auroc();
        assert!(leaky.mean > 0.9, "{leaky:?}");
    }
}

#[test]
fn the_seed_fixes_it_and_bad_input_is_refused() {
    let Made { mut features, labels, groups } = made(20, 4, 1.0, 2);
    let fit = |features: &[f32], width, labels: &[bool], groups: &[u32]| {
        Probe::fit(features, width, labels, groups, 4, 7)
    };
    let (one, other) = (fit(&features, 4, &labels, &groups), fit(&features, 4, &labels, &groups));
    let (one, other) = (one.expect("enough"), other.expect("enough"));
    assert_eq!(one.held_out_scores(), other.held_out_scores());
    assert_eq!(one.auroc(), other.auroc());
    assert!(fit(&features, 5, &labels, &groups).is_none());
    assert!(fit(&features, 0, &labels, &groups).is_none());
    assert!(fit(&[], 0, &[], &[]).is_none());
    assert!(fit(&features, 4, &labels, &groups[1..]).is_none());
    assert!(fit(&features, 4, &vec![true; labels.len()], &groups).is_none());
    // One group holds all that are true.
    let single: Vec<bool> = groups.iter().map(|group| *group == 3).collect();
    assert!(fit(&features, 4, &single, &groups).is_none());
    let two: Vec<bool> = groups.iter().map(|group| *group < 2).collect();
    assert!(fit(&features, 4, &two, &groups).is_some());
    assert!(Probe::fit(&features, 4, &labels, &groups, 0, 7).is_some(), "two folds are the fewest");
    // A feature that never varies says nothing.
    features.iter_mut().skip(1).step_by(4).for_each(|value| *value = 0.1);
    let flat = fit(&features, 4, &labels, &groups).expect("enough");
    assert_eq!(flat.score(&[0.0, 9.0, 0.0, 0.0], None), flat.score(&[0.0, -9.0, 0.0, 0.0], None));
    features[7] = f32::INFINITY;
    assert!(fit(&features, 4, &labels, &groups).is_none());
}

#[test]
fn more_features_than_rows_are_no_trouble() {
    let Made { features, labels, groups } = made(100, 2048, 1.0, 3);
    let probe = Probe::fit(&features, 2048, &labels, &groups, 5, 1).expect("enough of each");
    assert!(probe.auroc().mean > 0.5);
}
