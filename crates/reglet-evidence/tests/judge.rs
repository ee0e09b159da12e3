//! Verdicts on rows that no model made: each behaviour that could fool an audit, and what must come of it.

use std::collections::BTreeMap;

use reglet_data::edit::Change;
use reglet_evidence::{
    Case, Edit, Functional, Lack, MapRow, MapsRole, MethodName, NamedPoint, Objection, Observation,
    OperatingPoint, Picture, Placement, ReactsTo, Rows, Rules, Score, SensitivityPoint, Subject,
    VerdictConfig, VerdictKind, judge_all,
};

/// What a made-up classifier says.
struct Behaviour {
    /// The probability of melanoma of a picture as it is: of which class, with a ruler or without, and a number that scatters
    /// evenly from −1 to 1.
    natural: fn(bool, bool, f64) -> f64,
    /// What putting a ruler in adds to it.
    insert: fn(bool, f64) -> f64,
    /// What taking it away adds.
    remove: fn(bool, f64) -> f64,
    /// What a control adds.
    control: fn(bool, f64) -> f64,
    /// What the ruler with its tiles shuffled adds.
    scrambled: fn(bool, f64) -> f64,
    /// How far the edits go towards real pictures of the other kind.
    way: f64,
    /// How far apart the probe finds pictures with and without a ruler, in log odds; the scatter is 1.
    apart: f64,
}

const CLEAN: Behaviour = Behaviour {
    natural: |melanoma, _, scatter| if melanoma { 0.8 + 0.1 * scatter } else { 0.2 + 0.1 * scatter },
    insert: |_, scatter| 0.01 * scatter,
    remove: |_, scatter| 0.01 * scatter,
    control: |_, scatter| 0.01 * scatter,
    scrambled: |_, scatter| 0.01 * scatter,
    way: 0.95,
    apart: 6.0,
};

const SHORTCUT: Behaviour = Behaviour {
    natural: |melanoma, ruler, scatter| {
        let own = if melanoma { 0.55 } else { 0.15 };
        own + if ruler { 0.3 } else { 0.0 } + 0.1 * scatter
    },
    insert: |_, scatter| 0.3 + 0.05 * scatter,
    remove: |_, scatter| -0.3 + 0.05 * scatter,
    scrambled: |_, scatter| 0.05 + 0.02 * scatter,
    ..CLEAN
};

/// Pictures in equal shares of each class, with a ruler and without, and every change of each.
fn rows(behaviour: &Behaviour, count: usize) -> Rows {
    let mut rows = Rows {
        subject: Subject {
            classes: vec!["benign".into(), "melanoma".into()],
            models: vec!["model".into()],
            artefacts: vec!["ruler".into()],
            targets: vec!["melanoma".into()],
            methods: Vec::new(),
        },
        ..Rows::default()
    };
    for index in 0..count {
        let (melanoma, ruler) = (index % 2 == 1, index / 2 % 2 == 1);
        rows.pictures.push(Picture {
            id: format!("picture-{index:03}"),
            label: usize::from(melanoma),
            shows: vec![Some(ruler)],
            sha256: format!("{index:064x}"),
            ..Picture::default()
        });
        let scatter = |salt: usize| 2.0 * ((index * 7919 + salt * 104_729) % 1009) as f64 / 1008.0 - 1.0;
        let before = (behaviour.natural)(melanoma, ruler, scatter(1));
        let side = if ruler { 0.5 } else { -0.5 };
        let probe = side * behaviour.apart + scatter(2);
        let mut say = |edit: Option<Edit>, probability: f64, probe: f64| {
            let probability = probability.clamp(0.001, 0.999);
            let margin = (probability / (1.0 - probability)).ln();
            rows.observations.push(Observation {
                picture: index,
                model: 0,
                edit,
                scores: vec![Score { logit: margin, margin, probability }],
                top: vec![probability > 0.5],
                probes: vec![Some(probe)],
            });
        };
        say(None, before, probe);
        let (way, control) = (behaviour.way * behaviour.apart, 0.05 * behaviour.apart);
        let changes: Vec<(Change, f64, f64)> = if ruler {
            vec![
                (Change::Remove, (behaviour.remove)(melanoma, scatter(3)), -way),
                (Change::Control, (behaviour.control)(melanoma, scatter(4)), -control),
            ]
        } else {
            vec![
                (Change::Insert, (behaviour.insert)(melanoma, scatter(3)), way),
                (Change::Control, (behaviour.control)(melanoma, scatter(4)), control),
                (Change::Scrambled, (behaviour.scrambled)(melanoma, scatter(5)), control),
            ]
        };
        for (change, by, towards) in changes {
            let edit = Edit {
                artefact: 0,
                change,
                place: 0,
                donor: None,
                visible: 1.0,
                lesion: Some(0.0),
                strength: 20.0,
            };
            say(Some(edit), before + by, probe + towards);
        }
    }
    rows
}

fn rules() -> Rules {
    Rules {
        verdict: VerdictConfig::default(),
        operating_point: OperatingPoint::Above(0.5),
        seed: 3,
        reference: None,
        changes: BTreeMap::new(),
    }
}

fn judged_by(rows: &Rows, rules: &Rules) -> Case {
    let mut cases = judge_all(rows, &[], rules);
    assert_eq!(cases.len(), 1);
    cases.remove(0)
}

fn judged(rows: &Rows) -> Case {
    judged_by(rows, &rules())
}

fn kind(rows: &Rows) -> VerdictKind {
    judged(rows).judgement.kind
}

/// Without the observations that `gone` names.
fn without(mut rows: Rows, gone: impl Fn(&Observation) -> bool) -> Rows {
    rows.observations.retain(|row| !gone(row));
    rows
}

fn is(row: &Observation, change: Change) -> bool {
    row.edit.as_ref().is_some_and(|edit| edit.change == change)
}

fn objects(case: &Case, wanted: fn(&Objection) -> bool) -> bool {
    case.judgement.doubts.iter().any(wanted)
}

#[test]
fn a_shortcut_is_convicted_and_a_clean_model_cleared() {
    let shortcut = judged(&rows(&SHORTCUT, 80));
    assert_eq!(shortcut.judgement.kind, VerdictKind::Shortcut, "{:?}", shortcut.judgement);
    assert_eq!(shortcut.judgement.reacts_to, Some(ReactsTo::Form));
    let clean = judged(&rows(&CLEAN, 80));
    assert_eq!(clean.judgement.kind, VerdictKind::Clear, "{:?}", clean.judgement);
    let whole = shortcut.effects.iter().find(|e| e.change == Change::Insert && e.class.is_none());
    let whole = whole.expect("rulers were put in");
    assert!((whole.difference.estimate.mean - 0.3).abs() < 0.02 && whole.pictures == 40);
    // Three classes (each and all), two changes, three functionals.
    assert_eq!(shortcut.comparisons, 18);
}

#[test]
fn effects_of_opposite_sign_do_not_cancel() {
    // The ruler moves every answer towards one half: on average over the classes nothing happens.
    let towards = Behaviour {
        natural: |melanoma, ruler, scatter| match (melanoma, ruler) {
            (true, false) => 0.85 + 0.1 * scatter,
            (false, false) => 0.15 + 0.1 * scatter,
            _ => 0.5 + 0.05 * scatter,
        },
        insert: |melanoma, scatter| if melanoma { -0.3 } else { 0.3 } + 0.03 * scatter,
        remove: |melanoma, scatter| if melanoma { 0.3 } else { -0.3 } + 0.03 * scatter,
        ..CLEAN
    };
    let found = judged(&rows(&towards, 80));
    let whole = found.effects.iter().find(|e| e.change == Change::Insert && e.class.is_none());
    assert!(whole.expect("all classes").difference.estimate.mean.abs() < 0.03);
    assert_eq!(found.judgement.kind, VerdictKind::Shortcut, "{:?}", found.judgement);
}

#[test]
fn an_effect_on_one_class_alone_is_found() {
    let one = Behaviour {
        natural: |melanoma, ruler, scatter| match (melanoma, ruler) {
            (false, true) => 0.5 + 0.1 * scatter,
            _ => (CLEAN.natural)(melanoma, ruler, scatter),
        },
        insert: |melanoma, scatter| if melanoma { 0.0 } else { 0.3 } + 0.02 * scatter,
        remove: |melanoma, scatter| if melanoma { 0.0 } else { -0.3 } + 0.02 * scatter,
        ..CLEAN
    };
    let found = judged(&rows(&one, 80));
    assert_eq!(found.judgement.kind, VerdictKind::Shortcut);
    assert!(found.judgement.findings.iter().any(|finding| finding.class.as_deref() == Some("benign")));
    assert!(found.judgement.findings.iter().all(|finding| finding.class.as_deref() != Some("melanoma")));
}

#[test]
fn a_classifier_whose_probabilities_are_all_low_is_judged_at_its_operating_point() {
    let low = Behaviour {
        natural: |_, ruler, scatter| if ruler { 0.07 } else { 0.03 } + 0.01 * scatter,
        insert: |_, scatter| 0.04 + 0.005 * scatter,
        remove: |_, scatter| -0.04 + 0.005 * scatter,
        control: |_, scatter| 0.001 * scatter,
        scrambled: |_, scatter| 0.001 * scatter,
        ..CLEAN
    };
    let rows = rows(&low, 80);
    let at = |operating_point| judged_by(&rows, &Rules { operating_point, ..rules() });
    assert_eq!(at(OperatingPoint::Above(0.05)).judgement.kind, VerdictKind::Shortcut);
    // At one half no decision ever changes, and the probability by four hundredths.
    assert_eq!(at(OperatingPoint::Above(0.5)).judgement.kind, VerdictKind::Clear);
    let set = at(OperatingPoint::Sensitivity(SensitivityPoint { sensitivity: 0.5 }));
    assert!(set.decision.is_some_and(|decision| (0.03..0.07).contains(&decision)), "{:?}", set.decision);
    assert_eq!(set.judgement.kind, VerdictKind::Shortcut);
    assert_eq!(at(OperatingPoint::Rule(NamedPoint::Argmax)).decision, None);
}

#[test]
fn a_control_that_is_missing_or_does_as_much_convicts_nobody() {
    let bare = without(rows(&SHORTCUT, 80), |row| is(row, Change::Control));
    let found = judged(&bare);
    assert_eq!(found.judgement.kind, VerdictKind::Inconclusive);
    assert!(matches!(found.judgement.doubts[0], Objection::NoControl { pictures: 0, .. }));
    // Eight pictures of each kind with a control are too few.
    let few = without(rows(&SHORTCUT, 80), |row| is(row, Change::Control) && row.picture >= 16);
    assert!(matches!(judged(&few).judgement.doubts[0], Objection::NoControl { pictures: 1..10, .. }));
    // A model that reacts to any dark thing: the control does as much.
    let foreign = Behaviour {
        control: |_, scatter| 0.28 + 0.05 * scatter,
        remove: |_, scatter| 0.01 * scatter,
        natural: CLEAN.natural,
        ..SHORTCUT
    };
    let found = judged(&rows(&foreign, 80));
    assert_eq!(found.judgement.kind, VerdictKind::Inconclusive, "{:?}", found.judgement);
    assert!(objects(&found, |doubt| matches!(doubt, Objection::NoMoreThanControl { .. })));
}

/// Whether decisions are lost is known only of pictures that the model should decide for.
#[test]
fn without_a_picture_of_the_target_nobody_is_cleared() {
    let all = rows(&CLEAN, 80);
    assert_eq!(judged(&all).judgement.kind, VerdictKind::Clear);
    let target =
        all.subject.classes.iter().position(|class| *class == all.subject.targets[0]).expect("a class");
    let labels: Vec<usize> = all.pictures.iter().map(|picture| picture.label).collect();
    let others = without(all, |row| labels[row.picture] == target);
    let mut others = others;
    others.pictures.iter_mut().for_each(|picture| picture.label = 1 - target);
    let found = judged(&others).judgement;
    assert_eq!(found.kind, VerdictKind::Inconclusive);
    let untried = |doubt: &Objection| matches!(doubt, Objection::Untried { class, pictures: 0, .. } if *class == others.subject.targets[0]);
    assert!(found.doubts.iter().any(untried), "{:?}", found.doubts);
}

#[test]
fn what_the_model_reacts_to_is_told_by_the_shuffled_tiles() {
    let anything = Behaviour { scrambled: |_, scatter| 0.29 + 0.05 * scatter, ..SHORTCUT };
    assert_eq!(judged(&rows(&anything, 80)).judgement.reacts_to, Some(ReactsTo::AnythingLikeIt));
    let form = Rules { verdict: VerdictConfig { form: true, ..VerdictConfig::default() }, ..rules() };
    let insert_only = without(rows(&anything, 80), |row| is(row, Change::Remove));
    assert_eq!(judged_by(&insert_only, &form).judgement.kind, VerdictKind::Inconclusive);
    // Removal shows an effect, but not whose.
    let found = judged_by(&rows(&anything, 80), &form).judgement;
    assert_eq!(found.kind, VerdictKind::Inconclusive, "{found:?}");
    let remove = |doubt: &Objection| matches!(doubt, Objection::OnlyOne { finding, tried: true } if finding.change == Change::Remove);
    assert!(remove(&found.doubts[0]), "{:?}", found.doubts);
    assert_eq!(judged_by(&rows(&SHORTCUT, 80), &form).judgement.kind, VerdictKind::Shortcut);
    let untried = without(rows(&SHORTCUT, 80), |row| is(row, Change::Scrambled));
    assert_eq!(judged(&untried).judgement.reacts_to, Some(ReactsTo::Unknown));
}

#[test]
fn editing_that_moves_the_answer_the_same_way_both_ways_is_no_shortcut() {
    let traces = Behaviour {
        natural: CLEAN.natural,
        insert: |_, scatter| 0.25 + 0.05 * scatter,
        remove: |_, scatter| 0.25 + 0.05 * scatter,
        ..SHORTCUT
    };
    let found = judged(&rows(&traces, 80));
    assert_eq!(found.judgement.kind, VerdictKind::Inconclusive);
    assert!(objects(&found, |doubt| matches!(doubt, Objection::SameSign { .. })), "{:?}", found.judgement);
}

/// The case that the first verdict got wrong: rulers are flagged and not marked, so none can be removed; drawn ones are
/// put in, which the model does not take for rulers; and the pictures themselves differ.
#[test]
fn nothing_is_acquitted_by_edits_that_the_model_does_not_take_for_real() {
    let deaf = Behaviour { insert: CLEAN.insert, remove: CLEAN.remove, way: 0.1, ..SHORTCUT };
    let all = judged(&rows(&deaf, 80));
    assert_eq!(all.judgement.kind, VerdictKind::Inconclusive);
    assert!(objects(&all, |doubt| matches!(doubt, Objection::Unexplained { .. })), "{:?}", all.judgement);
    let marks =
        |row: &Observation| is(row, Change::Remove) || row.picture / 2 % 2 == 1 && is(row, Change::Control);
    let flagged = judged(&without(rows(&deaf, 80), marks));
    assert_eq!(flagged.judgement.kind, VerdictKind::Inconclusive);
    assert!(objects(&flagged, |doubt| matches!(doubt, Objection::Untried { lack: Lack::Positions, .. })));
    assert!(objects(&flagged, |doubt| matches!(doubt, Objection::NotTaken { .. })));
    // Even where the pictures do not differ: an edit that goes a tenth of the way says nothing.
    let quiet = Behaviour { way: 0.1, ..CLEAN };
    assert_eq!(kind(&rows(&quiet, 80)), VerdictKind::Inconclusive);
    // But where even the probe cannot tell the pictures apart, the model does not see the artefact.
    let blind = Behaviour { way: 0.1, apart: 0.01, ..CLEAN };
    let found = judged(&rows(&blind, 200));
    assert!(found.taken.as_ref().is_some_and(|taken| taken.sees_nothing()), "{:?}", found.taken);
    assert_eq!(found.judgement.kind, VerdictKind::Clear, "{:?}", found.judgement);
    // And such an edit may convict all the same.
    let strong = Behaviour { way: 0.1, ..SHORTCUT };
    assert_eq!(kind(&rows(&strong, 80)), VerdictKind::Shortcut);
}

#[test]
fn one_direction_alone_acquits_nobody() {
    for change in [Change::Insert, Change::Remove] {
        let found = judged(&without(rows(&CLEAN, 80), |row| is(row, change)));
        assert_eq!(found.judgement.kind, VerdictKind::Inconclusive, "{change:?}");
        assert!(objects(&found, |doubt| matches!(doubt, Objection::Untried { .. })));
    }
}

#[test]
fn answers_that_move_apart_are_not_clear_although_their_mean_stays() {
    let apart = Behaviour {
        natural: |_, _, scatter| 0.25 + 0.1 * scatter,
        insert: |_, scatter| if scatter > 0.0 { 0.15 } else { -0.15 },
        remove: |_, scatter| if scatter > 0.0 { 0.15 } else { -0.15 },
        ..CLEAN
    };
    let found = judged(&rows(&apart, 400));
    assert_eq!(found.judgement.kind, VerdictKind::Inconclusive);
    assert!(objects(&found, |doubt| matches!(doubt, Objection::Moved { .. })), "{:?}", found.judgement);
}

/// A fifth of one class is swayed, and all means and decisions stay: with few pictures as with many, that is no acquittal.
#[test]
fn a_part_of_the_pictures_that_is_swayed_forbids_an_acquittal() {
    let some =
        Behaviour { insert: |melanoma, scatter| if !melanoma && scatter > 0.6 { 0.2 } else { 0.0 }, ..CLEAN };
    for count in [160, 400] {
        let found = judged(&rows(&some, count));
        let insert =
            found.effects.iter().find(|e| e.change == Change::Insert && e.class.as_deref() == Some("benign"));
        let share = insert.expect("rulers were put in").moved.estimate.mean;
        assert!((0.1..0.3).contains(&share), "{share}");
        assert_eq!(found.judgement.kind, VerdictKind::Inconclusive, "{count}: {:?}", found.judgement);
    }
}

/// Decisions that are gained and lost are added up.
#[test]
fn decisions_that_are_gained_and_lost_alike_forbid_an_acquittal() {
    let near = Behaviour {
        natural: |_, _, scatter| 0.5 + 0.06 * scatter,
        // The scatter of a picture and of its edit are not independent: this raises what lies just below one half, and lowers what
        // lies just above.
        insert: |_, scatter| if scatter < -0.82 { 0.012 } else { -0.012 },
        ..CLEAN
    };
    let found = judged(&rows(&near, 1200));
    let insert = found.effects.iter().find(|e| e.change == Change::Insert && e.class.is_some());
    let insert = insert.expect("rulers were put in");
    for share in [&insert.gained, &insert.lost] {
        assert!(share.estimate.mean > 0.07 && share.equivalence.high < 0.15, "{share:?}");
    }
    assert_eq!(found.judgement.kind, VerdictKind::Inconclusive);
    assert!(objects(&found, |doubt| matches!(doubt, Objection::Moved { .. })), "{:?}", found.judgement);
}

#[test]
fn pictures_of_few_patients_are_few() {
    // Twenty patients are enough, and three are not, however many pictures they have.
    let mut all = rows(&SHORTCUT, 240);
    for (index, picture) in all.pictures.iter_mut().enumerate() {
        picture.group = Some(format!("patient {}", index % 60));
    }
    assert_eq!(kind(&all), VerdictKind::Shortcut);
    let spread = |rows: &Rows| {
        let case = judged(rows);
        let whole = case.effects.iter().find(|e| e.change == Change::Insert && e.class.is_none());
        let whole = whole.expect("rulers were put in").clone();
        (whole.groups, whole.difference.estimate.high - whole.difference.estimate.low)
    };
    let (many, narrow) = spread(&all);
    // Each patient reacts in a way of their own: the patients, and not the pictures, are the sample.
    for (index, picture) in all.pictures.iter_mut().enumerate() {
        picture.group = Some(format!("patient {}", index % 3));
    }
    let wide = {
        let rows = &mut all;
        for row in rows.observations.iter_mut().filter(|row| is(row, Change::Insert)) {
            let own = 0.2 * (row.picture % 3) as f64 - 0.2;
            row.scores[0].probability = (row.scores[0].probability + own).clamp(0.001, 0.999);
        }
        spread(rows)
    };
    assert!((many, wide.0) == (30, 3) && wide.1 > 5.0 * narrow, "{narrow} {wide:?}");
}

#[test]
fn changes_that_the_model_cannot_see_are_left_out_and_counted() {
    let mut hidden = rows(&CLEAN, 80);
    for row in hidden.observations.iter_mut().filter(|row| row.picture % 8 < 4) {
        if let Some(edit) = &mut row.edit {
            edit.visible = 0.2;
        }
    }
    let found = judged(&hidden);
    let insert = found.effects.iter().find(|e| e.change == Change::Insert && e.class.is_none());
    let insert = insert.expect("some are seen");
    assert_eq!((insert.pictures, insert.excluded.unseen), (20, 20));
    let by_picture = found.effect_by_picture();
    assert!(by_picture.len() == 40 && by_picture.keys().all(|picture| picture % 8 >= 4), "{by_picture:?}");
    for row in hidden.observations.iter_mut() {
        if let Some(edit) = &mut row.edit {
            edit.visible = 0.2;
        }
    }
    assert_eq!(kind(&hidden), VerdictKind::Inconclusive, "what was never seen acquits nobody");
}

#[test]
fn changes_that_take_the_lesion_along_are_left_out_unless_their_control_does_too() {
    let mut touching = rows(&SHORTCUT, 80);
    for row in touching.observations.iter_mut().filter(|row| is(row, Change::Remove)) {
        row.edit.as_mut().expect("a removal").lesion = Some(0.2);
    }
    let removed = |rows: &Rows| {
        let case = judged(rows);
        let all = case.effects.iter();
        let removals = all.filter(|e| e.change == Change::Remove && e.class.is_none());
        (removals.map(|e| e.pictures).sum::<usize>(), case.effect_by_picture().len())
    };
    assert_eq!(removed(&touching), (0, 40), "what is put in counts still");
    let shows: Vec<bool> = touching.pictures.iter().map(|picture| picture.shows[0] == Some(true)).collect();
    let beside_removals = |row: &Observation| is(row, Change::Control) && shows[row.picture];
    for row in touching.observations.iter_mut().filter(|row| beside_removals(row)) {
        row.edit.as_mut().expect("a control").lesion = Some(0.2);
    }
    assert_eq!(removed(&touching), (40, 80));
}

#[test]
fn pairs_of_the_same_lesion_forbid_an_acquittal() {
    let mut all = rows(&CLEAN, 80);
    // Number i and i + 2 are of one class, with a ruler and without: the same lesion twice.
    for (index, picture) in all.pictures.iter_mut().enumerate() {
        picture.pair = Some(format!("lesion {}", (index / 4) * 2 + index % 2));
    }
    let even = judged(&all);
    let count: Vec<_> = even.pairs.iter().map(|pairs| (pairs.class.as_deref(), pairs.pairs)).collect();
    assert_eq!(count, [(None, 40), (Some("benign"), 20), (Some("melanoma"), 20)]);
    assert_eq!(even.judgement.kind, VerdictKind::Clear, "{:?}", even.judgement);
    for row in all.observations.iter_mut().filter(|row| row.picture / 2 % 2 == 1) {
        row.scores[0].probability = (row.scores[0].probability + 0.15).min(0.999);
    }
    let mut opposite = all.clone();
    let uneven = judged(&all);
    assert_eq!(uneven.judgement.kind, VerdictKind::Inconclusive);
    assert!(
        objects(&uneven, |doubt| matches!(doubt, Objection::PairsDiffer { .. })),
        "{:?}",
        uneven.judgement
    );
    // Up in one class and down in the other: nothing on average.
    for row in opposite.observations.iter_mut().filter(|row| row.picture % 4 == 3) {
        row.scores[0].probability = (row.scores[0].probability - 0.3).max(0.001);
    }
    let opposite = judged(&opposite);
    let doubts = opposite.judgement.doubts.iter();
    let differing: Vec<&str> = doubts
        .filter_map(|doubt| match doubt {
            Objection::PairsDiffer { class, .. } => class.as_deref(),
            _ => None,
        })
        .collect();
    assert_eq!(differing, ["benign", "melanoma"], "{:?}", opposite.judgement);
}

#[test]
fn both_directions_can_be_asked_for() {
    let insert_only = Behaviour { remove: CLEAN.remove, ..SHORTCUT };
    let both = Rules { verdict: VerdictConfig { both: true, ..VerdictConfig::default() }, ..rules() };
    assert_eq!(kind(&rows(&insert_only, 80)), VerdictKind::Shortcut);
    let found = judged_by(&rows(&insert_only, 80), &both);
    assert_eq!(found.judgement.kind, VerdictKind::Inconclusive);
    assert!(matches!(found.judgement.doubts[0], Objection::OnlyOne { .. }));
    assert_eq!(judged_by(&rows(&SHORTCUT, 80), &both).judgement.kind, VerdictKind::Shortcut);
}

/// Maps whose density on the ruler is `density`, and half of that once it is gone.
fn mapped(behaviour: &Behaviour, density: f64) -> Rows {
    let mut rows = rows(behaviour, 80);
    rows.subject.methods.push(MethodName { name: "grad_cam".into(), title: "Grad-CAM".into() });
    for picture in (0..80).filter(|picture| picture / 2 % 2 == 1) {
        for without in [None, Some(0)] {
            let density = if without.is_some() { density / 2.0 } else { density };
            let density = density + 0.01 * (picture % 7) as f64;
            let share = 0.05 * density;
            let placement = Placement { share, density, rank_accuracy: 0.3, pointing: 0.0, auc: 0.6 };
            rows.maps.push(MapRow {
                picture,
                model: 0,
                target: 0,
                method: 0,
                without,
                regions: BTreeMap::from([("ruler".to_owned(), placement)]),
                character: None,
                gap: None,
                remark: None,
            });
        }
    }
    rows
}

#[test]
fn maps_corroborate_and_are_required_only_where_that_is_asked_for() {
    let required = VerdictConfig { maps: MapsRole::Required, ..VerdictConfig::default() };
    let required = Rules { verdict: required, ..rules() };
    let (seen, unseen) = (mapped(&SHORTCUT, 2.5), mapped(&SHORTCUT, 0.5));
    assert_eq!(judged(&seen).judgement.corroborated, ["Grad-CAM"]);
    assert!(judged(&unseen).judgement.corroborated.is_empty());
    assert_eq!((kind(&seen), kind(&unseen)), (VerdictKind::Shortcut, VerdictKind::Shortcut));
    assert_eq!(judged_by(&seen, &required).judgement.kind, VerdictKind::Shortcut);
    let found = judged_by(&unseen, &required);
    assert!(matches!(found.judgement.doubts[0], Objection::NotLookedAt { .. }), "{:?}", found.judgement);
    // Maps alone convict nobody.
    assert_eq!(kind(&mapped(&CLEAN, 9.0)), VerdictKind::Clear);
}

#[test]
fn rows_are_the_same_through_their_tables_in_any_order() {
    let mut rows = mapped(&SHORTCUT, 2.5);
    rows.pictures[3].group = Some("patient \"x\", 7".into());
    rows.pictures[3].pair = Some("ü".into());
    rows.pictures[3].columns = BTreeMap::from([("sex".into(), "female".into()), ("age".into(), "55".into())]);
    rows.pictures[4].properties = BTreeMap::from([("brightness".into(), 0.1 + 0.2)]);
    rows.pictures[5].estimated.insert("lesion".into());
    rows.pictures[5].shows[0] = None;
    rows.observations[2].edit.as_mut().expect("a change").donor = Some("picture-009".into());
    rows.observations[2].probes[0] = None;
    let read = |rows: &Rows| {
        let (observations, maps) = (rows.observations_table(), rows.maps_table());
        Rows::from_tables(rows.subject.clone(), &observations, &maps).expect("they are rows")
    };
    assert_eq!(read(&rows), rows);
    let before = judged(&rows).judgement;
    rows.observations.reverse();
    let after = judged(&read(&rows)).judgement;
    assert_eq!((after.kind, after.findings.len()), (before.kind, before.findings.len()));
    for (one, other) in before.findings.iter().zip(&after.findings) {
        // Sums in another order differ by rounding.
        let apart = [(one.by.mean, other.by.mean), (one.by.low, other.by.low), (one.by.high, other.by.high)];
        assert!(apart.into_iter().all(|(a, b)| (a - b).abs() < 1e-9), "{one:?} {other:?}");
    }
}

#[test]
fn a_table_of_something_else_is_refused_in_one_sentence() {
    let rows = rows(&CLEAN, 8);
    let other = Subject { classes: vec!["nevus".into()], ..rows.subject.clone() };
    let error = Rows::from_tables(other, &rows.observations_table(), &rows.maps_table());
    let message = error.expect_err("another class").to_string();
    assert!(
        message.contains("row 1") && message.contains("'benign'") && message.contains("label"),
        "{message}"
    );
    let error = Rows::from_tables(rows.subject.clone(), &rows.maps_table(), &rows.maps_table());
    let message = error.expect_err("another table").to_string();
    assert!(message.contains("observations") && message.contains("column"), "{message}");
}

#[test]
fn the_part_that_is_served_worst_is_named() {
    let mut rows = rows(&CLEAN, 120);
    for (index, picture) in rows.pictures.iter_mut().enumerate() {
        picture.columns = BTreeMap::from([
            ("sex".into(), if index % 3 == 0 { "male" } else { "female" }.into()),
            ("age".into(), format!("{}", 20 + index / 2)),
        ]);
    }
    // Melanomas of men are missed.
    for row in rows.observations.iter_mut().filter(|row| row.picture % 6 == 3) {
        row.scores[0].probability = 0.2;
    }
    let found = judged(&rows);
    let worst = found.worst.expect("there are parts with enough pictures");
    let part = format!("{:?}", worst.part);
    assert!(worst.target && part.contains("sex") && part.contains("male"), "{part}");
    assert!(worst.right.mean < 0.1, "{:?}", worst.right);
    let bands = found.performance.iter().filter(|p| format!("{:?}", p.part).contains("age")).count();
    assert_eq!(bands, 4, "a column of sixty ages is cut into bands");
}

/// A ruler that lies on the lesion hides it, and that changes any answer. Without a mask, nobody knows where it lies.
#[test]
fn changes_that_may_cover_the_lesion_neither_convict_nor_acquit() {
    for behaviour in [&SHORTCUT, &CLEAN] {
        let mut unknown = rows(behaviour, 80);
        for row in &mut unknown.observations {
            if let Some(edit) = &mut row.edit {
                edit.lesion = None;
            }
        }
        let found = judged(&unknown);
        assert_eq!(found.judgement.kind, VerdictKind::Inconclusive, "{:?}", found.judgement);
        assert!(found.effects.iter().all(|effect| !reglet_evidence::JUDGED.contains(&effect.change)));
        for change in reglet_evidence::JUDGED {
            let untried = found.judgement.doubts.iter().any(|doubt| {
                matches!(doubt, Objection::Untried { change: tried, excluded, lack: Lack::Pictures, .. }
                    if *tried == change && excluded.lesion_unknown == 20)
            });
            assert!(untried, "{change:?}: {:?}", found.judgement.doubts);
        }
    }
}

/// A control that covers the lesion does more than an edit of the same strength elsewhere, and would excuse the artefact.
#[test]
fn a_control_on_the_lesion_excuses_nobody() {
    let excused = Behaviour { control: |_, scatter| 0.28 + 0.05 * scatter, ..SHORTCUT };
    let mut covering = rows(&excused, 80);
    for row in covering.observations.iter_mut().filter(|row| is(row, Change::Control)) {
        row.edit.as_mut().expect("a control").lesion = Some(0.5);
    }
    let found = judged(&covering).judgement;
    assert!(matches!(found.doubts[0], Objection::NoControl { pictures: 0, .. }), "{:?}", found.doubts);
}

/// What the edits do not explain is reckoned with the edits that the verdict uses.
#[test]
fn edits_that_are_left_out_explain_nothing() {
    // Half of the removals take the lesion along, which lowers every answer and would explain what the ruler does.
    let differing = Behaviour {
        natural: |melanoma, ruler, scatter| {
            (CLEAN.natural)(melanoma, ruler, scatter) + if ruler { 0.15 } else { 0.0 }
        },
        ..CLEAN
    };
    let mut all = rows(&differing, 160);
    for row in all.observations.iter_mut().filter(|row| is(row, Change::Remove) && row.picture % 8 < 4) {
        row.edit.as_mut().expect("a removal").lesion = Some(0.5);
        row.scores[0].probability -= 0.6;
    }
    let found = judged(&all);
    for natural in &found.natural {
        let unexplained = natural.unexplained.as_ref().expect("pictures were edited").estimate.mean;
        assert!((unexplained - natural.difference.estimate.mean).abs() < 0.03, "{natural:?}");
    }
    assert!(objects(&found, |doubt| matches!(doubt, Objection::Unexplained { .. })), "{:?}", found.judgement);
}

/// Where nearly all melanomas show a ruler and hardly any other picture does, a probe that detects melanomas is none of rulers.
#[test]
fn a_probe_of_the_class_is_no_probe_of_the_artefact() {
    let mut confounded = rows(&CLEAN, 400);
    for picture in &mut confounded.pictures {
        picture.label = usize::from(picture.shows[0] == Some(true));
    }
    // One in five of either class is of the other kind.
    for (index, picture) in confounded.pictures.iter_mut().enumerate() {
        if index / 4 % 5 == 0 {
            picture.label = 1 - picture.label;
        }
    }
    let labels: Vec<usize> = confounded.pictures.iter().map(|picture| picture.label).collect();
    for row in &mut confounded.observations {
        // The probe says "ruler" of every melanoma, and edits do not change this.
        let scatter = ((row.picture * 7919) % 1009) as f64 / 1008.0 - 0.5;
        row.probes = vec![Some(if labels[row.picture] == 1 { 3.0 } else { -3.0 } + scatter)];
    }
    let taken = judged(&confounded).taken.expect("both classes have both kinds");
    assert!(taken.sees_nothing() && (taken.auroc.mean - 0.5).abs() < 0.1, "{taken:?}");
    // Where the two go together entirely, nothing can be said.
    for picture in &mut confounded.pictures {
        picture.label = usize::from(picture.shows[0] == Some(true));
    }
    let found = judged(&confounded);
    assert!(found.taken.is_none());
    assert!(objects(&found, |doubt| matches!(doubt, Objection::TakenUnknown)), "{:?}", found.judgement);
}

/// Edits must be shown to go far enough: a mean beyond the limit may be chance.
#[test]
fn edits_that_may_go_less_than_half_of_the_way_acquit_nobody() {
    let mut wavering = rows(&Behaviour { way: 0.6, ..CLEAN }, 80);
    assert_eq!(kind(&wavering), VerdictKind::Clear);
    for row in wavering.observations.iter_mut().filter(|row| is(row, Change::Insert)) {
        let far = if row.picture / 4 % 2 == 0 { 4.0 } else { -4.0 };
        row.probes[0] = row.probes[0].map(|score| score + far);
    }
    let found = judged(&wavering);
    let way = found.taken.as_ref().and_then(|taken| taken.of(Change::Insert)).expect("edits").way;
    assert!(way.mean > 0.5 && way.low < 0.5, "{way:?}");
    assert_eq!(found.judgement.kind, VerdictKind::Inconclusive);
    // Nor do edits of which the probe says nothing at all.
    for row in wavering.observations.iter_mut().filter(|row| is(row, Change::Insert)) {
        row.probes[0] = None;
    }
    let found = judged(&wavering);
    assert!(objects(&found, |doubt| matches!(doubt, Objection::TakenUnknown)), "{:?}", found.judgement);
}

/// Twenty pictures with rulers of three donors say little about other rulers, whether means or shares are compared.
#[test]
fn shares_depend_on_the_donors_too() {
    let spread = |donors: usize| {
        let some = Behaviour { insert: |_, scatter| if scatter > 0.6 { 0.15 } else { 0.0 }, ..CLEAN };
        let mut all = rows(&some, 240);
        for row in all.observations.iter_mut().filter(|row| is(row, Change::Insert)) {
            let picture = row.picture;
            row.edit.as_mut().expect("an insertion").donor = Some(format!("donor {}", picture % 60 % donors));
        }
        let case = judged(&all);
        let whole = case.effects.iter().find(|e| e.change == Change::Insert && e.class.is_none());
        let moved = whole.expect("rulers were put in").moved;
        moved.equivalence.high - moved.equivalence.low
    };
    assert!(spread(3) > 1.5 * spread(60), "{} {}", spread(3), spread(60));
}

/// A tenth of the pictures says too little of what the shuffled tiles do.
#[test]
fn what_the_model_reacts_to_is_unknown_where_the_shuffled_tiles_scatter_widely() {
    let wavering = Behaviour { scrambled: |_, scatter| 0.17 + 0.6 * scatter, ..SHORTCUT };
    let mut all = rows(&wavering, 80);
    all.observations.retain(|row| !is(row, Change::Scrambled) || row.picture % 8 < 3);
    let found = judged(&all).judgement;
    assert_eq!((found.kind, found.reacts_to), (VerdictKind::Shortcut, Some(ReactsTo::Unknown)), "{found:?}");
}

/// Such an answer is of no class, so that after an edit it would count as a decision lost.
#[test]
fn answers_that_are_no_numbers_are_neither_a_shortcut_nor_its_absence() {
    for broken in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut rows = rows(&CLEAN, 120);
        let removed = |row: &Observation| row.edit.as_ref().is_some_and(|edit| edit.change == Change::Remove);
        for row in rows.observations.iter_mut().filter(|row| removed(row)) {
            row.scores[0] = Score { logit: broken, margin: f64::NAN, probability: f64::NAN };
            row.top[0] = false;
        }
        let found = judged(&rows).judgement;
        assert_eq!(found.kind, VerdictKind::Inconclusive);
        assert_eq!(found.doubts, [Objection::NotFinite { answers: 60 }]);
    }
    let mut one = rows(&SHORTCUT, 120);
    one.observations[0].scores[0].probability = f64::NAN;
    assert_eq!(judged(&one).judgement.doubts, [Objection::NotFinite { answers: 1 }]);
}

/// What these pictures show is not said to be neither shown nor excluded.
#[test]
fn an_effect_that_is_shown_is_no_wide_interval() {
    // The plain patch does as much as the ruler.
    let any = Behaviour {
        control: |_, scatter| 0.3 + 0.05 * scatter,
        remove: |_, scatter| 0.01 * scatter,
        ..SHORTCUT
    };
    let found = judged(&rows(&any, 160)).judgement;
    assert!(matches!(found.doubts[0], Objection::NoMoreThanControl { .. }), "{found:?}");
    let wide = |doubt: &&Objection| {
        matches!(doubt, Objection::Wide { change: Change::Insert, what: Functional::Probability, .. })
    };
    assert_eq!(found.doubts.iter().find(wide), None);
}

/// A control is told in the terms of the finding: a share of decisions, not a probability.
#[test]
fn a_control_is_compared_by_the_aspect_that_it_objects_to() {
    let any = Behaviour {
        control: |_, scatter| 0.4 + 0.05 * scatter,
        insert: |_, scatter| 0.4 + 0.05 * scatter,
        ..CLEAN
    };
    let found = judged(&rows(&any, 160)).judgement;
    let alone = found.doubts.iter().find_map(|doubt| match doubt {
        Objection::NoMoreThanControl { finding, alone, .. } if finding.what == Functional::Gained => {
            Some(alone)
        }
        _ => None,
    });
    let alone = alone.unwrap_or_else(|| panic!("{found:?}"));
    assert!(alone.mean > 0.45, "the patch turns the decision of more than 45 % of all pictures: {alone:?}");
}

#[test]
fn what_nobody_asked_for_is_not_blamed_on_the_data() {
    let added =
        without(rows(&CLEAN, 80), |row| row.edit.as_ref().is_some_and(|e| e.change == Change::Remove));
    let lacks = |changes: Option<Vec<Change>>| {
        let changes = changes.map(|changes| ("ruler".to_owned(), changes)).into_iter().collect();
        let found = judged_by(&added, &Rules { changes, ..rules() }).judgement;
        let lack = |doubt: &Objection| match doubt {
            Objection::Untried { change: Change::Remove, lack, .. } => Some(*lack),
            _ => None,
        };
        found.doubts.iter().filter_map(lack).collect::<Vec<_>>()
    };
    assert_eq!(lacks(Some(vec![Change::Insert, Change::Control])), [Lack::Request]);
    assert_eq!(lacks(Some(vec![Change::Insert, Change::Remove, Change::Control])), [Lack::Pictures; 2]);
    assert_eq!(lacks(None), [Lack::Pictures; 2]);
}

/// Nine pairs of each class are too few by class, and eighteen enough for all of them.
#[test]
fn pairs_that_are_too_few_by_class_count_together() {
    let mut all = rows(&CLEAN, 160);
    for (index, picture) in all.pictures.iter_mut().take(36).enumerate() {
        picture.pair = Some(format!("lesion {}", (index / 4) * 2 + index % 2));
    }
    assert_eq!(kind(&all), VerdictKind::Clear, "{:?}", judged(&all).judgement);
    let paired = |row: &&mut Observation| row.picture < 36 && row.picture / 2 % 2 == 1;
    for row in all.observations.iter_mut().filter(paired) {
        row.scores[0].probability = (row.scores[0].probability + 0.15).min(0.999);
    }
    let found = judged(&all);
    let together = |doubt: &Objection| matches!(doubt, Objection::PairsDiffer { class: None, pairs: 18, .. });
    assert!(objects(&found, together), "{:?}", found.judgement);
}

/// A logit of −∞ is that of a probability of 0, which is a number.
#[test]
fn a_probability_of_zero_is_an_answer() {
    let mut one = rows(&SHORTCUT, 120);
    let (logit, margin) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    one.observations[0].scores[0] = Score { logit, margin, probability: 0.0 };
    assert_eq!(kind(&one), VerdictKind::Shortcut, "{:?}", judged(&one).judgement);
}
