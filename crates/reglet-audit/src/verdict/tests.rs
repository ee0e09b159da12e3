use super::*;
use crate::results::{Contrast, Doubt, Faithfulness, RegionAttention, Test, Trust};

fn estimate(mean: f64, half: f64) -> Estimate {
    Estimate { mean, low: mean - half, high: mean + half, count: 40 }
}

fn test(p: f64) -> Test {
    Test { p, adjusted: Some(p), cohens_d: Some(1.0), rank_biserial: Some(0.9) }
}

fn effect(change: Change, mean: f64, half: f64) -> Effect {
    Effect {
        change,
        with: change == Change::Remove,
        pictures: 40,
        estimated: 0,
        difference: estimate(mean, half),
        score: estimate(4.0 * mean, half),
        flipped: 0.5,
        called: [4, 24],
        test: test(1e-6),
        mcnemar: 1e-4,
        detectable: Some(0.1),
        against: Vec::new(),
        pairs: (0..40).map(|index| (0.2, 0.2 + mean + if index % 2 == 0 { half } else { -half })).collect(),
    }
}

fn against(change: Change, mean: f64, control: f64) -> Effect {
    let contrast = Contrast {
        control: Change::Control,
        pictures: 40,
        alone: estimate(control, 0.05),
        difference: estimate(mean - control, 0.05),
        test: test(1e-6),
    };
    Effect { against: vec![contrast], ..effect(change, mean, 0.1) }
}

fn attention(density: f64) -> Attention {
    let region = RegionAttention {
        pictures: 40,
        estimated: 0,
        share: estimate(0.2, 0.01),
        density: estimate(density, 0.1),
        rank_accuracy: estimate(0.3, 0.1),
        pointing: estimate(0.4, 0.1),
        auc: estimate(0.7, 0.1),
    };
    Attention {
        method: "grad_cam".into(),
        title: "Grad-CAM".into(),
        regions: [("ruler".to_owned(), region)].into(),
        artefact_against_reference: None,
        artefact_against_control: None,
        median_gap: None,
        character: None,
        trust: None,
        remarks: Default::default(),
    }
}

fn judged(effects: &[Effect], density: f64, rules: &VerdictConfig) -> Verdict {
    let attention = [attention(density)];
    let evidence = Evidence {
        artefact: "ruler",
        target: "melanoma",
        language: Language::En,
        effects,
        attention: &attention,
    };
    judge(&evidence, rules)
}

fn kind(effects: &[Effect], density: f64) -> VerdictKind {
    judged(effects, density, &VerdictConfig::default()).kind
}

#[test]
fn a_shortcut_needs_both_kinds_of_evidence() {
    let strong = [effect(Change::Insert, 0.5, 0.1)];
    assert_eq!(kind(&strong, 2.0), VerdictKind::Shortcut);
    assert_eq!(kind(&strong, 0.5), VerdictKind::Inconclusive);
    assert_eq!(kind(&[effect(Change::Remove, -0.5, 0.1)], 2.0), VerdictKind::Shortcut);
}

#[test]
fn a_method_that_is_not_believed_is_shown_and_does_not_count() {
    let trust = Trust {
        method: "grad_cam".into(),
        pictures: 6,
        stability: Some(0.1),
        randomised: Vec::new(),
        faithfulness: Faithfulness::default(),
        doubt: Some(Doubt::Unstable { found: 0.1, least: 0.2 }),
    };
    let attention = [Attention { trust: Some(trust), ..attention(2.5) }];
    let effects = [effect(Change::Insert, 0.5, 0.1)];
    let evidence = Evidence {
        artefact: "ruler",
        target: "melanoma",
        language: Language::En,
        effects: &effects,
        attention: &attention,
    };
    let found = judge(&evidence, &VerdictConfig::default());
    assert_eq!(found.kind, VerdictKind::Inconclusive);
    let said = found.reasons.last().expect("a reason");
    assert_eq!(
        said,
        "Grad-CAM is shown but does not count: its maps change under noise that cannot be seen (rank correlation 0.10, at \
         least 0.2 is asked for)"
    );
}

#[test]
fn maps_alone_convict_nobody() {
    assert_eq!(kind(&[effect(Change::Insert, 0.01, 0.02)], 9.0), VerdictKind::Clear);
}

#[test]
fn a_control_that_does_as_much_takes_the_evidence_away() {
    assert_eq!(kind(&[against(Change::Insert, 0.5, 0.02)], 2.0), VerdictKind::Shortcut);
    let found = judged(&[against(Change::Insert, 0.5, 0.45)], 2.0, &VerdictConfig::default());
    assert_eq!(found.kind, VerdictKind::Inconclusive);
    assert!(found.summary.contains("skin of the same shape changes it by +0.45"), "{}", found.summary);
    // A control that changes it the other way does not.
    assert_eq!(kind(&[against(Change::Insert, 0.3, -0.2)], 2.0), VerdictKind::Shortcut);
}

#[test]
fn whether_the_form_must_matter_can_be_asked() {
    let mut insert = against(Change::Insert, 0.5, 0.02);
    let disorder =
        Contrast { control: Change::Scrambled, ..against(Change::Insert, 0.5, 0.48).against.remove(0) };
    insert.against.push(disorder);
    assert_eq!(kind(std::slice::from_ref(&insert), 2.0), VerdictKind::Shortcut);
    let form = VerdictConfig { form: true, ..VerdictConfig::default() };
    let found = judged(&[insert], 2.0, &form);
    assert_eq!(found.kind, VerdictKind::Inconclusive);
    assert!(found.summary.contains("its parts in disorder change it by +0.48"), "{}", found.summary);
}

#[test]
fn what_could_be_chance_convicts_nobody() {
    let chance = Effect { test: test(0.07), ..effect(Change::Insert, 0.5, 0.1) };
    let found = judged(std::slice::from_ref(&chance), 2.0, &VerdictConfig::default());
    assert_eq!(found.kind, VerdictKind::Inconclusive);
    assert!(found.summary.contains("could be chance"), "{}", found.summary);
    let lax = VerdictConfig { max_p: 0.1, ..VerdictConfig::default() };
    assert_eq!(judged(&[chance], 2.0, &lax).kind, VerdictKind::Shortcut);
}

#[test]
fn both_changes_can_be_asked_for() {
    let rules = VerdictConfig { both: true, ..VerdictConfig::default() };
    let (insert, remove) = (effect(Change::Insert, 0.5, 0.1), effect(Change::Remove, -0.4, 0.1));
    let one = judged(&[insert.clone(), effect(Change::Remove, 0.0, 0.2)], 2.0, &rules);
    assert_eq!(one.kind, VerdictKind::Inconclusive);
    assert!(one.summary.contains("removing it does not"), "{}", one.summary);
    assert_eq!(judged(&[insert, remove], 2.0, &rules).kind, VerdictKind::Shortcut);
}

#[test]
fn wide_intervals_and_few_pictures_are_inconclusive_and_say_what_would_do() {
    let wide = judged(&[effect(Change::Insert, 0.02, 0.3)], 2.0, &VerdictConfig::default());
    assert_eq!(wide.kind, VerdictKind::Inconclusive);
    // A standard deviation of 0.3038 and a margin of 0.08: (1.96 · 0.3038 / 0.08)² = 55.4.
    assert!(wide.summary.contains("about 56 pictures of this kind, where there are 40"), "{}", wide.summary);
    let few = Effect { pictures: 3, ..effect(Change::Insert, 0.9, 0.05) };
    let few = judged(&[few], 2.0, &VerdictConfig::default());
    assert_eq!(few.kind, VerdictKind::Inconclusive);
    assert!(few.summary.contains("on 3 of them at most; 10 with it"), "{}", few.summary);
    assert_eq!(kind(&[], 2.0), VerdictKind::Inconclusive);
}

#[test]
fn a_verdict_is_said_in_numbers_with_their_controls() {
    let effects = [against(Change::Insert, 0.52, 0.01), against(Change::Remove, -0.42, 0.004)];
    let found = judged(&effects, 2.5, &VerdictConfig::default());
    assert_eq!(
        found.summary,
        "Adding a ruler raises the probability of melanoma by 0.52 [0.42, 0.62], removing it lowers it by \
         0.42 [0.32, 0.52], more than its control does, and the model looks at it (Grad-CAM)"
    );
    assert_eq!(
        found.reasons[0],
        "Adding a ruler raises the probability of melanoma by 0.52 [0.42, 0.62] on 40 pictures (p\u{a0}<\u{a0}0.001), and \
         changes the decision on 50\u{a0}%; skin of the same shape changes it by +0.01 [−0.04, +0.06], so the ruler \
         itself by +0.51 [+0.46, +0.56] (p\u{a0}<\u{a0}0.001)"
    );
}
