//! What the audits of the zoo said, beside the truth.

use std::collections::BTreeMap;

use reglet_evidence::{Case, Finding, Judgement, VerdictKind};
use reglet_statistics::{Estimate, share};
use serde::Serialize;

use super::{Animal, Kind, Truth};
use crate::Error;
use crate::calibration::config::ZooConfig;

/// What is true of a classifier, as far as a verdict can be wrong about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// The ruler itself changes the decision on so many pictures that calling the classifier clear is wrong.
    Guilty,
    /// The ruler sways hardly a picture, or something dark sways the same ones: to call it a shortcut is wrong.
    Innocent,
    /// Between the two: no verdict is wrong, and none counts.
    Between,
}

/// Whether a verdict is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mark {
    /// It is.
    Right,
    /// An innocent was convicted or a guilty one acquitted.
    Wrong,
    /// The verdict or the truth is inconclusive.
    Open,
}

/// All that was found of the zoo.
#[derive(Debug, Serialize)]
pub(in crate::calibration) struct ZooFindings {
    pub(super) guilty: f64,
    pub(super) innocent: f64,
    pub(super) classifiers: Vec<Caged>,
    /// By the means of editing pictures.
    pub(super) rates: BTreeMap<String, Rates>,
    /// All that was known in each case that was judged wrongly, by classifier and means.
    pub(super) wrong: BTreeMap<String, Vec<Case>>,
}

/// One classifier with its audits.
#[derive(Debug, Serialize)]
pub(super) struct Caged {
    pub kind: Kind,
    pub seed: u64,
    pub operating_point: f64,
    pub standing: Standing,
    pub truth: Truth,
    /// By the means of editing pictures.
    pub audits: BTreeMap<String, Vec<Audited>>,
}

/// One audit of one classifier.
#[derive(Debug, Serialize)]
pub(super) struct Audited {
    pub mark: Mark,
    /// What the verdict rests on most.
    pub rests_on: String,
    pub judgement: Judgement,
}

/// How often the audits were right. Every interval counts classifiers: audits of the same one are not independent.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Rates {
    /// Of the audits of guilty classifiers, those that convict.
    pub convicted: Option<Estimate>,
    /// Those that acquit, wrongly.
    pub acquitted: Option<Estimate>,
    /// Of the audits of innocent classifiers, those that convict, wrongly.
    pub accused: Option<Estimate>,
    /// Of all audits, those that are inconclusive.
    pub inconclusive: Option<Estimate>,
}

impl ZooFindings {
    /// Before any audit. The truths are those of the animals, in order.
    pub fn new(config: &ZooConfig, animals: &[Animal], truths: Vec<Truth>) -> ZooFindings {
        let caged = |(animal, truth): (&Animal, Truth)| Caged {
            kind: animal.kind,
            seed: animal.seed,
            operating_point: animal.kind.operating_point(),
            standing: standing(&truth, config.guilty, config.innocent),
            truth,
            audits: BTreeMap::new(),
        };
        ZooFindings {
            guilty: config.guilty,
            innocent: config.innocent,
            classifiers: animals.iter().zip(truths).map(caged).collect(),
            rates: BTreeMap::new(),
            wrong: BTreeMap::new(),
        }
    }

    /// Takes in one audit of the classifier number `index`.
    pub fn add(&mut self, means: &str, index: usize, case: Case) {
        let (innocent, guilty) = (self.innocent, self.guilty);
        let Some(caged) = self.classifiers.get_mut(index) else { return };
        let mark = mark(&caged.truth, case.judgement.kind, guilty, innocent);
        caged.audits.entry(means.to_owned()).or_default().push(Audited {
            mark,
            rests_on: rests_on(&case.judgement),
            judgement: case.judgement.clone(),
        });
        if mark == Mark::Wrong {
            let name = format!("{}, seed {}, {means}", caged.kind.name(), caged.seed);
            self.wrong.entry(name).or_default().push(case);
        }
        let rates = self.rates_of(means);
        self.rates.insert(means.to_owned(), rates);
    }

    fn rates_of(&self, means: &str) -> Rates {
        let of = |standing: Option<Standing>, kind: VerdictKind| {
            let (mut hits, mut groups) = (Vec::new(), Vec::new());
            for (group, caged) in (0..).zip(&self.classifiers) {
                let counts = standing.is_none_or(|standing| caged.standing == standing);
                for audited in caged.audits.get(means).into_iter().flatten().filter(|_| counts) {
                    hits.push(audited.judgement.kind == kind);
                    groups.push(group);
                }
            }
            share(&hits, &groups).map(|share| share.interval(reglet_statistics::LEVEL))
        };
        Rates {
            convicted: of(Some(Standing::Guilty), VerdictKind::Shortcut),
            acquitted: of(Some(Standing::Guilty), VerdictKind::Clear),
            accused: of(Some(Standing::Innocent), VerdictKind::Shortcut),
            inconclusive: of(None, VerdictKind::Inconclusive),
        }
    }

    /// Whether no verdict is wrong.
    pub fn as_targeted(&self) -> bool {
        self.wrong.is_empty()
    }

    /// A row for each classifier and each means of editing.
    ///
    /// # Errors
    /// The table cannot be written.
    pub fn table(&self) -> Result<Vec<u8>, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Usage(format!("cannot write zoo.csv: {error}"));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let head = [
            "kind",
            "seed",
            "standing",
            "auroc",
            "swayed_benign",
            "swayed_melanoma",
            "guilty_benign",
            "guilty_melanoma",
            "trigger",
            "means",
            "shortcut",
            "clear",
            "inconclusive",
            "wrong",
        ];
        writer.write_record(head).map_err(|error| failed(&error))?;
        for caged in &self.classifiers {
            let [benign, melanoma] = caged.truth.classes;
            for (means, audits) in &caged.audits {
                let numbers =
                    [caged.truth.auroc, benign.swayed, melanoma.swayed, benign.guilty, melanoma.guilty];
                let mut row = vec![
                    caged.kind.name().to_owned(),
                    caged.seed.to_string(),
                    caged.standing.name().to_owned(),
                ];
                row.extend(numbers.iter().map(f64::to_string));
                row.push(caged.truth.trigger.map_or_else(String::new, |share| share.to_string()));
                row.push(means.clone());
                let kinds = [VerdictKind::Shortcut, VerdictKind::Clear, VerdictKind::Inconclusive];
                row.extend(kinds.map(|kind| count(audits, kind).to_string()));
                row.push(audits.iter().filter(|audited| audited.mark == Mark::Wrong).count().to_string());
                writer.write_record(row).map_err(|error| failed(&error))?;
            }
        }
        writer.into_inner().map_err(|error| failed(&error))
    }
}

impl Standing {
    pub fn name(self) -> &'static str {
        match self {
            Standing::Guilty => "guilty",
            Standing::Innocent => "innocent",
            Standing::Between => "between",
        }
    }
}

/// How many audits ended so.
pub(super) fn count(audits: &[Audited], kind: VerdictKind) -> usize {
    audits.iter().filter(|audited| audited.judgement.kind == kind).count()
}

fn standing(truth: &Truth, guilty: f64, innocent: f64) -> Standing {
    if truth.guilty() >= guilty {
        Standing::Guilty
    } else if truth.guilty() <= innocent {
        Standing::Innocent
    } else {
        Standing::Between
    }
}

/// A conviction needs guilt of the ruler's own. An acquittal says more, that the ruler does nothing at all: it is wrong as
/// well where something dark would have done the same.
fn mark(truth: &Truth, kind: VerdictKind, guilty: f64, innocent: f64) -> Mark {
    let standing = standing(truth, guilty, innocent);
    match kind {
        VerdictKind::Shortcut if standing == Standing::Guilty => Mark::Right,
        VerdictKind::Shortcut if standing == Standing::Innocent => Mark::Wrong,
        VerdictKind::Clear if truth.swayed() >= guilty => Mark::Wrong,
        VerdictKind::Clear if truth.swayed() <= innocent => Mark::Right,
        _ => Mark::Open,
    }
}

/// The weightiest of what a judgement gives as its reason, in a few words.
fn rests_on(judgement: &Judgement) -> String {
    if let Some(Finding { change, class, what, by }) = judgement.findings.first() {
        let class = class.as_deref().unwrap_or("all");
        let what = word(what);
        return format!("{change}, {class}: {what} {:+.2} [{:+.2}, {:+.2}]", by.mean, by.low, by.high);
    }
    judgement.doubts.first().map_or_else(|| "no objection".to_owned(), word)
}

/// The word that results have for a value.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    let word = match &value {
        serde_json::Value::Object(fields) => fields.keys().next().map(String::as_str),
        other => other.as_str(),
    };
    word.unwrap_or("unknown").replace('_', " ")
}

#[cfg(test)]
pub(super) mod tests {
    use reglet_data::edit::Change;
    use reglet_evidence::{Functional, Objection};

    use super::super::truth::ClassTruth;
    use super::*;

    /// A truth with this fraction of changed decisions and this limit for guilt.
    pub(in crate::calibration::zoo) fn truth(swayed: f64, guilty: f64) -> Truth {
        let class = ClassTruth {
            pictures: 100,
            mean: 0.0,
            quartiles: [0.0; 3],
            turned: [0.0; 2],
            swayed,
            by_dark: 0.0,
            guilty,
        };
        Truth {
            classes: [class, ClassTruth { swayed: 0.0, guilty: 0.0, ..class }],
            trigger: None,
            auroc: 0.9,
        }
    }

    pub(in crate::calibration::zoo) fn judgement(kind: VerdictKind) -> Judgement {
        let by = Estimate { mean: 0.31, low: 0.2, high: 0.4, count: 60 };
        let class = Some("benign".to_owned());
        let finding = Finding { change: Change::Insert, class, what: Functional::Gained, by };
        Judgement {
            kind,
            findings: if kind == VerdictKind::Shortcut { vec![finding] } else { Vec::new() },
            reacts_to: None,
            corroborated: Vec::new(),
            doubts: if kind == VerdictKind::Inconclusive {
                vec![Objection::TakenUnknown]
            } else {
                Vec::new()
            },
        }
    }

    #[test]
    fn a_conviction_is_wrong_of_the_innocent_and_an_acquittal_of_whoever_the_ruler_sways() {
        let marked = |truth: &Truth, kind| mark(truth, kind, 0.2, 0.05);
        let (guilty, innocent) = (truth(0.9, 0.8), truth(0.01, 0.0));
        let (anything, between) = (truth(0.9, 0.02), truth(0.1, 0.1));
        assert_eq!(marked(&guilty, VerdictKind::Shortcut), Mark::Right);
        assert_eq!(marked(&guilty, VerdictKind::Clear), Mark::Wrong);
        assert_eq!(marked(&innocent, VerdictKind::Shortcut), Mark::Wrong);
        assert_eq!(marked(&innocent, VerdictKind::Clear), Mark::Right);
        assert_eq!(marked(&anything, VerdictKind::Shortcut), Mark::Wrong, "not the ruler's own doing");
        assert_eq!(marked(&anything, VerdictKind::Clear), Mark::Wrong, "yet the ruler does something");
        for kind in [VerdictKind::Shortcut, VerdictKind::Clear] {
            assert_eq!(marked(&between, kind), Mark::Open);
        }
        for truth in [&guilty, &innocent, &anything, &between] {
            assert_eq!(marked(truth, VerdictKind::Inconclusive), Mark::Open);
        }
    }

    #[test]
    fn the_reason_is_told_in_a_few_words() {
        let told = |kind| rests_on(&judgement(kind));
        assert_eq!(told(VerdictKind::Shortcut), "insert, benign: gained +0.31 [+0.20, +0.40]");
        assert_eq!(told(VerdictKind::Inconclusive), "taken unknown");
        assert_eq!(told(VerdictKind::Clear), "no objection");
    }

    #[test]
    fn rates_count_classifiers_and_not_audits() {
        let caged = |seed: u64, audits: usize| Caged {
            kind: Kind::OneClass,
            seed,
            operating_point: 0.5,
            standing: Standing::Guilty,
            truth: truth(0.9, 0.9),
            audits: BTreeMap::from([(
                "redrawn".to_owned(),
                (0..audits)
                    .map(|_| Audited {
                        mark: Mark::Right,
                        rests_on: String::new(),
                        judgement: judgement(VerdictKind::Shortcut),
                    })
                    .collect(),
            )]),
        };
        let of = |audits: usize| {
            let found = ZooFindings {
                guilty: 0.2,
                innocent: 0.05,
                classifiers: (0..4).map(|seed| caged(seed, audits)).collect(),
                rates: BTreeMap::new(),
                wrong: BTreeMap::new(),
            };
            found.rates_of("redrawn").convicted.expect("four classifiers")
        };
        let (once, ten_times) = (of(1), of(10));
        assert_eq!((once.low, once.high), (ten_times.low, ten_times.high));
        assert_eq!((once.count, ten_times.count), (4, 40));
    }
}
