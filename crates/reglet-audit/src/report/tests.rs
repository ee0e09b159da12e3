use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reglet_attribution::Remark;
use reglet_data::edit::{Change, Insertion};
use reglet_evidence::{
    Attention, Case, Character, Contrast, Doubt, EditTaken, Effect, Evidence, Excluded, Faithfulness, Group,
    Measure, Natural, OperatingPoint, Part, Performance, Placement, Randomised, RegionAttention, Rules, Span,
    Taken, Test, Trust, VerdictConfig, VerdictKind, Worst, judge,
};
use reglet_statistics::{Association, Estimate};
use sha2::{Digest, Sha256};

use super::{Charts, render};
use crate::language::Language;
use crate::language::Phrases;
use crate::results::{
    Answer, ArtefactSummary, CaseResults, Cluster, Clustering, DataSummary, Exhibit, Expectation, Provenance,
    Results, SCHEMA_VERSION, SampleMap, SampleResult, Typical, Verdict,
};
use crate::suspects::{Property, Strength};

const HOSTILE: &str = r#"</style></pre><script src="http://evil.example/x.js">&'"<img onerror=x>"#;

/// Two models on the same pictures: one that uses the ruler, one that does not.
pub(crate) fn example() -> Results {
    example_in(Language::En)
}

/// The same results in any language.
fn example_in(language: Language) -> Results {
    Results {
        schema_version: SCHEMA_VERSION,
        language,
        title: "Do these classifiers read the ruler?".into(),
        targets: vec!["melanoma".into()],
        artefacts: vec!["ruler".into()],
        lesion: Some("lesion".into()),
        data: DataSummary {
            name: "phantoms".into(),
            pictures: 120,
            groups: 118,
            classes: vec!["nevus".into(), "melanoma".into()],
            fingerprint: "9f2c".repeat(16),
            no_lesion: false,
            estimated: BTreeMap::new(),
            unread: Vec::new(),
            artefacts: [(
                "ruler".to_owned(),
                ArtefactSummary {
                    groups: vec![[30, 30], [30, 30]],
                    association: Association::of([[30, 30], [30, 30]])
                        .map(|found| ("melanoma".to_owned(), found))
                        .into_iter()
                        .collect(),
                    insertion: Insertion::Redrawn,
                    resolution: Some(672),
                },
            )]
            .into(),
            suspects: [("melanoma".to_owned(), vec![property("brightness", false, -0.31)])].into(),
        },
        cases: vec![
            model(language, "trained-with-rulers", 0.41, 3.6),
            model(language, "trained-without", 0.01, 0.8),
        ],
        provenance: Provenance {
            reglet: "0.1.0".into(),
            libtorch: "2.13.0".into(),
            device: "cpu".into(),
            seed: 7,
            config:
                "title = \"Do these classifiers read the ruler?\"\nseed = 7\n\n[data]\nkind = \"phantoms\"\n"
                    .into(),
            config_sha256: "01ab".repeat(16),
            seconds: 41.27,
        },
    }
}

fn property(name: &str, column: bool, strength: f64) -> Property {
    Property { name: name.into(), column, pictures: 120, strength, measure: Strength::SomersD, p: 0.004 }
}

fn rules() -> Rules {
    Rules {
        verdict: VerdictConfig::default(),
        operating_point: OperatingPoint::Above(0.5),
        seed: 1,
        reference: None,
        changes: BTreeMap::new(),
    }
}

fn model(language: Language, name: &str, effect: f64, density: f64) -> CaseResults {
    let methods = [
        ("saliency", "Saliency"),
        ("integrated_gradients", "Integrated Gradients"),
        ("grad_cam", "Grad-CAM"),
    ];
    let groups =
        [("nevus", false, 0.12), ("nevus", true, 0.12), ("melanoma", false, 0.8), ("melanoma", true, 0.8)];
    let classes = [None, Some("nevus"), Some("melanoma")];
    let of = |change: Change, by: f64| classes.map(|class| changed(change, class, by));
    let effects: Vec<Effect> = [
        of(Change::Insert, effect),
        of(Change::Remove, -effect),
        of(Change::Move, 0.02),
        of(Change::Control, 0.004),
    ]
    .into_iter()
    .flatten()
    .collect();
    let attention: Vec<Attention> =
        methods.iter().map(|(method, title)| attention(method, title, density)).collect();
    let natural = vec![Natural {
        class: "nevus".into(),
        with: 30,
        without: 30,
        difference: measure(&spread(effect, 0.1)),
        unexplained: Some(measure(&spread(0.02, 0.1))),
    }];
    let taken = Taken {
        auroc: estimate(&spread(0.9, 0.05)),
        pictures: [60, 60],
        edits: [(Change::Insert, false), (Change::Remove, true)]
            .map(|(change, with)| EditTaken { change, with, pictures: 60, way: estimate(&spread(0.8, 0.1)) })
            .into(),
    };
    let names = ["nevus".to_owned(), "melanoma".to_owned()];
    let evidence = Evidence {
        artefact: "ruler",
        classes: &names,
        effects: &effects,
        left_out: &[],
        natural: &natural,
        pairs: &[],
        taken: Some(&taken),
        attention: &attention,
        masks: true,
        not_finite: 0,
    };
    let judgement = judge(&evidence, &rules());
    let performance =
        [(Part::All, Some(0.948)), (Part::Artefact(false), None), (Part::Artefact(true), Some(0.712))];
    let column = Part::Column { column: "site".into(), value: "back".into() };
    let case = Case {
        model: name.into(),
        artefact: "ruler".into(),
        target: "melanoma".into(),
        judgement,
        decision: Some(0.5),
        comparisons: 36,
        groups: groups.into_iter().map(|(class, with, middle)| group(class, with, middle, effect)).collect(),
        performance: performance
            .into_iter()
            .chain([(column, Some(0.8))])
            .map(|(part, auroc)| Performance {
                part,
                pictures: 60,
                sensitivity: Estimate::share(27, 30),
                specificity: Estimate::share(21, 30),
                auroc: auroc.map(|mean| Estimate { mean, low: mean - 0.1, high: mean + 0.02, count: 60 }),
                brier: Some(0.153),
                calibration_error: Some(0.081),
            })
            .collect(),
        worst: Estimate::share(21, 30).map(|right| Worst {
            part: Part::Artefact(true),
            target: false,
            right,
        }),
        effects,
        natural,
        pairs: Vec::new(),
        taken: Some(taken),
        attention,
    };
    let (summary, reasons) = Phrases::new(language, "ruler", "melanoma").of_case(&case, &rules());
    CaseResults {
        name: case.model,
        artefact: case.artefact,
        target: case.target,
        architecture: "resnet18, width 16".into(),
        weights_sha256: "c0de".repeat(16),
        notes: vec!["preprocessing: 224×224".into()],
        verdict: Verdict { kind: case.judgement.kind, summary, reasons, judgement: case.judgement },
        expected: Some(Expectation::Shortcut),
        decision: case.decision,
        groups: case.groups,
        performance: case.performance,
        worst: case.worst,
        effects: case.effects,
        natural: case.natural,
        pairs: case.pairs,
        taken: case.taken,
        attention: case.attention,
        suspects: vec![property("site", true, 0.22)],
        clusterings: vec![Clustering {
            method: "grad_cam".into(),
            title: "Grad-CAM".into(),
            pictures: 2,
            eigenvalues: vec![0.0, 0.9],
            clusters: vec![Cluster {
                pictures: 2,
                members: vec!["phantom-000".into(), "phantom-001".into()],
                called: Some(1.0),
                probability: Some(0.93),
                artefact: Some(0.5),
                density: [("lesion".to_owned(), 1.2), ("ruler".to_owned(), 3.4)].into(),
                typical: vec![Typical {
                    id: "phantom-001".into(),
                    size: (128, 96),
                    picture: vec![0xff, 0xd8, 1, 0xff, 0xd9],
                    layer: vec![0x89, 0x50, 0x4e, 0x47],
                }],
            }],
        }],
        samples: (0..2).map(|index| sample(index, &methods.map(|(method, _)| method))).collect(),
    }
}

/// Thirty numbers around `middle`, the same each time.
fn spread(middle: f64, width: f64) -> Vec<f64> {
    (0..30).map(|index| (middle + width * (f64::from(index) * 2.4).sin()).clamp(0.0, 1.0)).collect()
}

fn estimate(values: &[f64]) -> Estimate {
    Estimate::of(values, 1).expect("there are values")
}

fn measure(values: &[f64]) -> Measure {
    let estimate = estimate(values);
    let span = |width: f64| Span {
        low: estimate.mean - width * (estimate.mean - estimate.low),
        high: estimate.mean + width * (estimate.high - estimate.mean),
    };
    Measure { estimate, corrected: span(1.6), equivalence: span(0.84) }
}

fn group(class: &str, artefact: bool, middle: f64, effect: f64) -> Group {
    let values = spread(if artefact { middle + effect } else { middle }, 0.18);
    let called = values.iter().filter(|value| **value > 0.5).count() as f64 / values.len() as f64;
    Group {
        class: class.into(),
        artefact,
        pictures: values.len(),
        probability: Some(estimate(&values)),
        called: Some(called),
        values,
    }
}

fn changed(change: Change, class: Option<&str>, by: f64) -> Effect {
    let before = spread(if by < 0.0 { 0.7 } else { 0.3 }, 0.25);
    let after: Vec<f64> = before
        .iter()
        .zip(spread(by.abs(), 0.1))
        .map(|(value, step)| (value + step * by.signum()).clamp(0.0, 1.0))
        .collect();
    let differences: Vec<f64> = before.iter().zip(&after).map(|(before, after)| after - before).collect();
    let tested = matches!(change, Change::Insert | Change::Remove);
    let test = Test { p: 2e-5, cohens_d: Some(1.37), rank_biserial: Some(0.9) };
    let share = |hits: f64| measure(&spread(hits, 0.01));
    let moves = by.abs() > 0.1;
    let gained = share(if moves && by > 0.0 { 0.31 } else { 0.012 });
    let lost = share(if moves && by < 0.0 { 0.31 } else { 0.012 });
    let contrast = Contrast {
        control: Change::Control,
        pictures: before.len(),
        strength: 21.0,
        alone: estimate(&spread(0.01, 0.01)),
        gained_alone: estimate(&spread(0.01, 0.01)),
        lost_alone: estimate(&spread(0.01, 0.01)),
        difference: measure(&differences),
        gained,
        lost,
        moved: share(0.02),
        test,
        by_picture: differences.iter().copied().enumerate().collect(),
    };
    Effect {
        change,
        with: by < 0.0,
        class: class.map(str::to_owned),
        pictures: before.len(),
        groups: before.len(),
        excluded: Excluded { unseen: 1, ..Excluded::default() },
        estimated: 0,
        strength: 22.0,
        difference: measure(&differences),
        score: measure(&differences.iter().map(|value| 5.0 * value).collect::<Vec<_>>()),
        gained,
        lost,
        moved: share(0.02),
        called: [4, 13],
        test,
        mcnemar: 0.0129,
        detectable: Some(0.06),
        against: if tested { vec![contrast] } else { Vec::new() },
        pairs: before.into_iter().zip(after).collect(),
    }
}

fn attention(method: &str, title: &str, density: f64) -> Attention {
    let region = |density: f64| {
        let densities: Vec<f64> = spread(0.5, 0.4).iter().map(|value| 2.0 * value * density).collect();
        let shares: Vec<f64> = densities.iter().map(|value| value * 0.08).collect();
        RegionAttention {
            pictures: 30,
            estimated: 0,
            share: estimate(&shares),
            density: measure(&densities),
            rank_accuracy: estimate(&shares),
            pointing: estimate(&spread(0.3, 0.2)),
            auc: estimate(&spread(0.6, 0.1)),
        }
    };
    let gradients = method == "integrated_gradients";
    Attention {
        method: method.into(),
        title: title.into(),
        regions: [("lesion", region(2.2)), ("ruler", region(density)), ("background", region(0.4))]
            .map(|(name, region)| (name.to_owned(), region))
            .into(),
        artefact_against_reference: gradients.then(|| estimate(&spread(0.9, 0.1))),
        artefact_against_control: Some(measure(&spread(0.4, 0.3))),
        character: Some(Character {
            sparsity: estimate(&spread(0.7, 0.1)),
            contours: estimate(&spread(0.3, 0.1)),
            regions: estimate(&spread(if method == "grad_cam" { 0.9 } else { 0.5 }, 0.05)),
        }),
        median_gap: gradients.then_some(0.004),
        trust: Some(Trust {
            method: method.into(),
            pictures: 6,
            stability: Some(0.82),
            randomised: [(0.02, 0.91), (0.5, 0.32), (1.0, 0.04)]
                .map(|(share, similarity)| Randomised { share, similarity: Some(similarity) })
                .into(),
            faithfulness: Faithfulness {
                pictures: 6,
                deletion: Some(0.21),
                insertion: Some(0.64),
                road: Some(-0.12),
                infidelity: gradients.then_some(0.03),
                random_deletion: Some(if method == "grad_cam" { 0.1 } else { 0.4 }),
                random_insertion: Some(if method == "grad_cam" { 0.7 } else { 0.4 }),
                random_road: Some(-0.02),
            },
            doubt: (method == "saliency").then_some(Doubt::Unstable { found: 0.11, least: 0.2 }),
        }),
        remarks: if method == "grad_cam" {
            [(Remark::AllZero.text().to_owned(), 3)].into()
        } else {
            BTreeMap::new()
        },
    }
}

fn sample(index: usize, methods: &[&str]) -> SampleResult {
    // What an image holds is the encoder's business; the page only carries it.
    let placement = Placement { share: 0.3, density: 3.4, rank_accuracy: 0.4, pointing: 1.0, auc: 0.8 };
    SampleResult {
        id: format!("phantom-{index:03}"),
        label: "melanoma".into(),
        artefact: Some(index == 0),
        estimated: BTreeSet::new(),
        answer: Answer { probability: 0.93, called: true },
        changed: [(Change::Remove, 0.41), (Change::Move, 0.9)]
            .map(|(change, probability)| (change, Answer { probability, called: probability > 0.5 }))
            .into(),
        effect: (index == 0).then_some(-0.5),
        maps: methods
            .iter()
            .map(|method| SampleMap {
                method: (*method).to_owned(),
                regions: [("ruler".to_owned(), placement)].into(),
                gap: None,
                remark: None,
                character: Some(Character { sparsity: 0.7, contours: 0.3, regions: 0.5 }),
                layer: Some(vec![0x89, 0x50, 0x4e, 0x47]),
            })
            .collect(),
        exhibit: Some(Exhibit {
            size: (128, 96),
            picture: vec![0xff, 0xd8, index as u8, 0xff, 0xd9],
            outlines: vec![0x89, 0x50, 0x4e, 0x47],
            edited: vec![(
                Change::Remove,
                Answer { probability: 0.38, called: false },
                vec![0xff, 0xd8, 0xff, 0xd9],
            )],
        }),
    }
}

fn page(results: &Results) -> String {
    let charts: Result<Vec<Charts>, _> =
        results.cases.iter().map(|model| Charts::draw(results, model)).collect();
    render(results, &charts.expect("the results can be drawn"))
}

#[test]
fn hostile_words_are_escaped_wherever_they_stand() {
    let mut results = example();
    let word = || HOSTILE.to_owned();
    results.title = word();
    results.targets[0] = word();
    results.artefacts[0] = word();
    results.data.name = word();
    results.data.classes[0] = word();
    results.provenance.config = word();
    let model = &mut results.cases[0];
    (model.name, model.architecture) = (word(), word());
    (model.artefact, model.target) = (word(), word());
    model.verdict.kind = VerdictKind::Clear;
    (model.verdict.summary, model.verdict.reasons) = (word(), vec![word()]);
    model.suspects[0].name = word();
    model.performance[3].part = Part::Column { column: word(), value: word() };
    model.groups[0].class = word();
    model.attention[0].title = word();
    model.samples[0].id = word();
    model.samples[0].label = word();
    let page = page(&results);
    assert!(page.contains("&lt;script"), "the words are shown");
    for forbidden in ["<script src", "<img onerror", "</style></pre>"] {
        assert!(!page.contains(forbidden), "{forbidden} stands in the page");
    }
    assert_eq!(page.matches("<script").count(), 1, "the page's own");
}

#[test]
fn nothing_is_fetched_and_nothing_runs_but_the_pages_own_script() {
    let page = page(&example());
    for forbidden in [
        "src=",
        "href=\"http",
        "href=\"//",
        "url(http",
        "@import",
        "<link",
        "<iframe",
        "onload=",
        "onerror=",
        "onclick=",
    ] {
        assert!(!page.contains(forbidden), "{forbidden} stands in the page");
    }
    for address in page.split("href=\"").skip(1) {
        let known = ["#", "data:image/jpeg;base64,", "data:image/png;base64,"];
        assert!(known.iter().any(|start| address.starts_with(start)), "{}", &address[..40]);
    }
    let (_, script) = page.split_once("<script>").expect("the page has a script");
    let (script, after) = script.split_once("</script>").expect("the script ends");
    assert!(!after.contains("<script"), "there is one script");
    let hash = STANDARD.encode(Sha256::digest(script));
    assert!(page.contains("default-src 'none'") && page.contains(&format!("script-src 'sha256-{hash}'")));
}

#[test]
fn every_verdict_comes_before_all_evidence() {
    let page = page(&example());
    let first_evidence = page.find("What the model predicts").expect("there is evidence");
    for model in example().cases {
        let verdict = page.find(&format!(
            "<h3 id=\"verdict-{}\">{}",
            if model.name == "trained-without" { 2 } else { 1 },
            model.name
        ));
        assert!(verdict.expect("each model has a card") < first_evidence, "{}", model.name);
    }
    assert!(page.find("trained-with-rulers").is_some());
}

#[test]
fn a_verdict_says_whether_it_was_expected() {
    let mut results = example();
    let found = page(&results);
    assert_eq!(found.matches("As the config expects").count(), 1);
    assert_eq!(found.matches("Not as expected").count(), 1);
    results.cases.iter_mut().for_each(|model| model.expected = None);
    assert!(!page(&results).contains("expects"), "nothing was expected");
}

#[test]
fn empty_groups_and_a_missing_lesion_leave_a_page_without_holes() {
    let mut results = example();
    results.lesion = None;
    results.data.groups = results.data.pictures;
    for model in &mut results.cases {
        model.groups[1].values.clear();
        model.groups[1].pictures = 0;
        (model.groups[1].probability, model.groups[1].called) = (None, None);
        for method in &mut model.attention {
            method.regions.remove("lesion");
            method.artefact_against_control = None;
        }
    }
    let page = page(&results);
    assert!(
        page.contains("<td class=\"number\">0</td><td class=\"number\">–</td><td class=\"number\">–</td>")
    );
    assert!(!page.contains("lesion"), "a region that the data lack is not spoken of");
    assert!(!page.contains("NaN"));
}

#[test]
fn a_model_with_no_evidence_at_all_still_has_its_verdict() {
    let mut results = example();
    for model in &mut results.cases {
        model.groups.iter_mut().for_each(|group| group.values.clear());
        model.effects.clear();
        model.attention.clear();
        model.samples.clear();
        model.clusterings.clear();
    }
    let html = page(&results);
    assert!(html.contains("No picture could be changed"));
    assert!(!html.contains("<svg") && !html.contains("Pictures and their maps"));
    results.cases.clear();
    assert!(page(&results).contains("No model was audited"));
}

#[test]
fn numbers_stand_in_the_tables_as_a_reader_writes_them() {
    let mut results = example();
    let effect = &mut results.cases[0].effects[3];
    assert_eq!((effect.change, &effect.class), (Change::Remove, &None));
    effect.difference.estimate = Estimate { mean: -0.3141, low: -0.4, high: -0.001, count: 30 };
    effect.lost.estimate.mean = 0.034;
    let page = page(&results);
    assert!(page.contains("<b>−0.31</b> <span class=\"interval\">[−0.40, 0.00]</span>"));
    assert!(page.contains("3.4\u{a0}%"));
    assert!(page.contains("0.712"));
}

#[test]
fn an_interval_that_misses_its_mean_is_still_drawn() {
    let mut results = example();
    let method = &mut results.cases[0].attention[0];
    let region = method.regions.get_mut("ruler").expect("the example has a ruler");
    region.density.estimate = Estimate { mean: 2.0, low: 2.1, high: 2.5, count: 3 };
    assert!(page(&results).contains("<svg"));
}

#[test]
fn a_picture_stands_beside_its_changed_versions_and_is_embedded_once() {
    let html = page(&example());
    let before = "aria-label=\"phantom-000, Unchanged, probability of melanoma 0.93\"";
    // The answer for this version, and not the mean over the places of the change, 0.41.
    let after = "aria-label=\"phantom-000, ruler removed, probability of melanoma 0.38\"";
    assert!(html.find(before).expect("it is shown") < html.find(after).expect("and what became of it"));
    assert!(html.contains("<span class=\"flip\">the decision changes</span>"));
    // Two models show the same two pictures, each with the same change; a kind of maps shows one of them again.
    assert_eq!(html.matches("data:image/jpeg;base64,").count(), 3);
    assert_eq!(html.matches("data:image/jpeg;base64,/9j/2Q==").count(), 1);
    let names: Vec<&str> = html.split("<image id=\"").skip(1).map(|rest| &rest[..17]).collect();
    for used in html.split("href=\"#p").skip(1).map(|rest| format!("p{}", &rest[..16])) {
        assert!(
            used.starts_with("provenance") || names.contains(&used.as_str()),
            "{used} is not in the store"
        );
    }
}

#[test]
fn the_gallery_knows_what_it_sorts_and_filters_by() {
    let mut results = example();
    results.cases[0].samples[1].artefact = None;
    results.cases[0].samples[1].maps[0].regions.clear();
    let html = page(&results);
    assert!(html.contains(
        "data-place=\"0\" data-group=\"1\" data-artefact=\"1\" data-probability=\"0.93\" \
         data-shares=\"0.3 0.3 0.3\" data-change=\"0.52\" data-flipped=\"remove\""
    ));
    assert!(html.contains("data-artefact=\"unknown\"") && html.contains("data-shares=\" 0.3 0.3\""));
    assert!(html.contains("data-count=\"{shown} of {all} pictures shown\""));
}

#[test]
fn twelve_questions_are_answered_with_numbers() {
    let html = page(&example());
    let (_, questions) = html.split_once("<details class=\"questions\"").expect("they are asked");
    let (questions, _) = questions.split_once("</details>").expect("they end");
    assert_eq!(questions.matches("<h4>").count(), 12);
    for item in questions.split("<h4>").skip(1) {
        let (question, answer) = item.split_once("</h4>").expect("a question");
        assert!(answer.contains(|character: char| character.is_ascii_digit()), "{question}: {answer}");
    }
    // Saliency is doubted, and Grad-CAM no truer than a random map.
    assert!(questions.contains("<li>Integrated Gradients. Of the trusted methods"), "{questions}");
    assert!(questions.contains("prove that it influences the answer"));
    assert!(!questions.contains("The others:"), "nothing else is in question");
    let mut untold = example();
    for model in &mut untold.cases {
        model.attention.iter_mut().for_each(|method| method.regions.clear());
    }
    assert!(page(&untold).contains("None can be named"));
}

/// The text that a reader of the page sees or hears, without the config, which is quoted as it is.
fn read_aloud(page: &str) -> String {
    let (_, body) = page.split_once("</style>").expect("a page has a style");
    let (body, _) = body.split_once("<script>").expect("a page has a script at its end");
    let mut text = String::new();
    for part in body.split('<').skip(1) {
        let (tag, after) = part.split_once('>').expect("a tag ends");
        if tag.starts_with("pre") {
            continue;
        }
        for attribute in ["aria-label=\"", "data-count=\""] {
            if let Some((_, value)) = tag.split_once(attribute) {
                text += value.split('"').next().unwrap_or_default();
                text.push('\n');
            }
        }
        text += after;
        text.push('\n');
    }
    text
}

#[test]
fn the_same_results_can_be_read_in_french_without_a_word_of_english() {
    let mut english = example();
    let mut french = example_in(Language::Fr);
    for results in [&mut english, &mut french] {
        results.title = "Audit".to_owned();
        for (model, name) in results.cases.iter_mut().zip(["m1", "m2"]) {
            model.name = name.to_owned();
        }
        results.cases[0].samples[0].artefact = None;
        results.cases[0].attention[1].regions.clear();
        results.cases[1].effects.clear();
    }
    let [english, french] = [english, french].map(|results| read_aloud(&page(&results)));
    let words = |text: &str| -> Vec<String> {
        let letters = text.split(|character: char| !character.is_alphabetic());
        letters.map(str::to_lowercase).collect()
    };
    // Words that every English sentence has one of, and no French one.
    let marks = [
        "the", "of", "is", "are", "and", "with", "without", "than", "by", "it", "its", "to", "in", "where",
        "how",
    ];
    let said = words(&english);
    assert!(marks.iter().all(|mark| said.iter().any(|word| word == mark)), "the marks are those of the page");
    for line in french.lines() {
        let found: Vec<String> =
            words(line).into_iter().filter(|word| marks.contains(&word.as_str())).collect();
        assert!(found.is_empty(), "{found:?} in: {line}");
    }
    let numbers = |text: &str, mark: char| {
        let characters: Vec<char> = text.chars().collect();
        characters
            .windows(3)
            .filter(|at| at[0].is_ascii_digit() && at[1] == mark && at[2].is_ascii_digit())
            .count()
    };
    // Only versions keep their points.
    assert_eq!(numbers(&french, '.'), "0.1.0 2.13.0 0.1.0".matches('.').count(), "{french}");
    assert!(numbers(&french, ',') > 100 && numbers(&english, ',') == 0);
    for expected in ["règle chirurgicale", "mélanome", "carte de saillance", "Raccourci", "lésion"] {
        assert!(french.contains(expected), "{expected}");
    }
}

#[test]
fn whether_a_method_is_believed_stands_beside_its_maps() {
    let html = page(&example());
    assert!(html.contains("no: its maps change under imperceptible noise"), "the doubt is shown");
    assert!(html.contains("<td class=\"number\">0.82</td>") && html.contains("50\u{a0}%"));
    let mut untried = example();
    for model in &mut untried.cases {
        model.attention.iter_mut().for_each(|method| method.trust = None);
    }
    assert!(!page(&untried).contains("Can the maps be trusted"));
}

#[test]
fn a_method_whose_maps_are_all_void_says_so() {
    let mut results = example();
    for model in &mut results.cases {
        model.attention.iter_mut().for_each(|method| method.regions.clear());
    }
    let page = page(&results);
    assert!(page.contains("No map could be measured"));
    assert!(
        page.contains("Grad-CAM, 3 pictures: all zero: the method finds nothing that changes the score.")
    );
}
