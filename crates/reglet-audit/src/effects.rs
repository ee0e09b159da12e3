//! What each change does, against what its controls do to the same pictures.

use reglet_data::edit::Change;

use crate::audit::DECISION;
use crate::results::{Answer, Contrast, Effect, SampleResult, Test};
use crate::statistics::{Estimate, cohens_d, detectable, holm, mcnemar, rank_biserial, wilcoxon};

/// The effect of each of `changes`, apart for pictures with and without the artefact where it can be made to both.
/// The p-values of what a verdict rests on (putting in, taking away, and both against their controls) are
/// corrected together.
pub(crate) fn effects(samples: &[SampleResult], changes: &[Change], seed: u64) -> Vec<Effect> {
    let mut effects = Vec::new();
    for &change in changes {
        for with in [false, true] {
            let of_group: Vec<&SampleResult> =
                samples.iter().filter(|sample| sample.artefact == Some(with)).collect();
            effects.extend(effect(&of_group, change, with, changes, seed));
        }
    }
    let mut family: Vec<&mut Test> = effects
        .iter_mut()
        .filter(|effect| matches!(effect.change, Change::Insert | Change::Remove))
        .flat_map(|effect| {
            std::iter::once(&mut effect.test)
                .chain(effect.against.iter_mut().map(|contrast| &mut contrast.test))
        })
        .collect();
    let adjusted = holm(&family.iter().map(|test| test.p).collect::<Vec<_>>());
    for (test, adjusted) in family.iter_mut().zip(adjusted) {
        test.adjusted = Some(adjusted);
    }
    effects
}

/// What changes as much as `change` does, and means nothing.
fn controls(change: Change) -> &'static [Change] {
    match change {
        Change::Insert => &[Change::Control, Change::Scrambled],
        Change::Remove => &[Change::Control],
        _ => &[],
    }
}

fn effect(
    samples: &[&SampleResult],
    change: Change,
    with: bool,
    changes: &[Change],
    seed: u64,
) -> Option<Effect> {
    let both: Vec<(Answer, Answer)> =
        samples.iter().filter_map(|sample| Some((sample.answer, *sample.changed.get(&change)?))).collect();
    let pairs: Vec<(f64, f64)> =
        both.iter().map(|(before, after)| (before.probability, after.probability)).collect();
    let differences: Vec<f64> = pairs.iter().map(|(before, after)| after - before).collect();
    let scores: Vec<f64> = both.iter().map(|(before, after)| after.score - before.score).collect();
    let is_called = |value: f64| value > DECISION;
    let count = |wanted: fn(bool, bool) -> bool| {
        pairs.iter().filter(|(before, after)| wanted(is_called(*before), is_called(*after))).count()
    };
    let (gained, lost) = (count(|before, after| !before && after), count(|before, after| before && !after));
    let against = controls(change)
        .iter()
        .filter(|control| changes.contains(control))
        .filter_map(|control| contrast(samples, change, *control, seed))
        .collect();
    // Of all changes, only that of the lesion rests on a mask that may be an estimate.
    let rests_on_estimate = |sample: &&&SampleResult| {
        change == Change::RemoveLesion && sample.changed.contains_key(&change) && !sample.estimated.is_empty()
    };
    Some(Effect {
        change,
        with,
        pictures: pairs.len(),
        estimated: samples.iter().filter(rests_on_estimate).count(),
        difference: Estimate::of(&differences, seed)?,
        score: Estimate::of(&scores, seed)?,
        flipped: (gained + lost) as f64 / pairs.len() as f64,
        called: [count(|before, _| before), count(|_, after| after)],
        test: test(&differences),
        mcnemar: mcnemar(gained, lost),
        detectable: detectable(&differences),
        against,
        pairs,
    })
}

/// A change less its control, on the pictures that could be changed in both ways.
fn contrast(samples: &[&SampleResult], change: Change, control: Change, seed: u64) -> Option<Contrast> {
    let both = samples.iter().filter_map(|sample| {
        let after = |change| Some(sample.changed.get(&change)?.probability);
        Some((after(change)? - after(control)?, after(control)? - sample.answer.probability))
    });
    let (differences, alone): (Vec<f64>, Vec<f64>) = both.unzip();
    Some(Contrast {
        control,
        pictures: differences.len(),
        alone: Estimate::of(&alone, seed)?,
        difference: Estimate::of(&differences, seed)?,
        test: test(&differences),
    })
}

fn test(differences: &[f64]) -> Test {
    Test {
        p: wilcoxon(differences),
        adjusted: None,
        cohens_d: cohens_d(differences),
        rank_biserial: rank_biserial(differences),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Pictures of which each goes from 0.1 to what is given.
    fn samples(with: bool, after: &[(Change, f64)], count: usize) -> Vec<SampleResult> {
        let answer =
            |probability: f64| Answer { probability, score: (probability / (1.0 - probability)).ln() };
        (0..count)
            .map(|index| {
                let scatter = 0.01 * index as f64 / count as f64;
                SampleResult {
                    id: index.to_string(),
                    label: "benign".into(),
                    artefact: Some(with),
                    estimated: BTreeSet::new(),
                    answer: answer(0.1),
                    changed: after.iter().map(|(change, value)| (*change, answer(value + scatter))).collect(),
                    maps: Vec::new(),
                    exhibit: None,
                }
            })
            .collect()
    }

    #[test]
    fn each_change_is_set_against_its_controls_on_the_same_pictures() {
        let mut all =
            samples(false, &[(Change::Insert, 0.7), (Change::Control, 0.15), (Change::Scrambled, 0.3)], 20);
        all.extend(samples(true, &[(Change::Remove, 0.02), (Change::Control, 0.1)], 12));
        let found = effects(&all, &Change::ALL, 1);
        let kinds: Vec<(Change, bool, usize)> =
            found.iter().map(|effect| (effect.change, effect.with, effect.pictures)).collect();
        assert_eq!(
            kinds,
            [
                (Change::Insert, false, 20),
                (Change::Remove, true, 12),
                (Change::Control, false, 20),
                (Change::Control, true, 12),
                (Change::Scrambled, false, 20)
            ]
        );
        let insert = &found[0];
        assert_eq!((insert.flipped, insert.called), (1.0, [0, 20]));
        assert!((insert.mcnemar - 2.0 * 0.5_f64.powi(20)).abs() < 1e-15);
        let against: Vec<(Change, f64)> = insert
            .against
            .iter()
            .map(|contrast| (contrast.control, (100.0 * contrast.difference.mean).round()))
            .collect();
        assert_eq!(against, [(Change::Control, 55.0), (Change::Scrambled, 40.0)]);
        // Three comparisons of twenty equal pictures and two of twelve: Holm multiplies the smallest by five.
        let adjusted = insert.test.adjusted.expect("the verdict rests on it");
        assert!((adjusted / insert.test.p - 5.0).abs() < 1e-9);
        assert_eq!(found[2].test.adjusted, None);
        assert!(insert.score.mean > 2.5);
    }

    #[test]
    fn a_lesion_taken_away_by_an_estimate_is_counted() {
        let mut all = samples(true, &[(Change::RemoveLesion, 0.7), (Change::Remove, 0.05)], 6);
        all[1].estimated.insert("lesion".to_owned());
        all[4].estimated.insert("lesion".to_owned());
        let found = effects(&all, &[Change::RemoveLesion, Change::Remove], 1);
        assert_eq!([found[0].estimated, found[1].estimated], [2, 0]);
    }

    #[test]
    fn a_control_that_was_not_asked_for_is_not_missed() {
        let found = effects(&samples(false, &[(Change::Insert, 0.7)], 5), &[Change::Insert], 1);
        assert_eq!((found.len(), found[0].against.len()), (1, 0));
        assert!(effects(&[], &Change::ALL, 1).is_empty());
    }
}
