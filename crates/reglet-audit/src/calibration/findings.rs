//! What a calibration found, beside the truth.

use std::collections::BTreeMap;
use std::path::Path;

use reglet_evidence::VerdictKind;
use reglet_statistics::{Estimate, isotonic, share};
use reglet_viz::chart::CurveChart;
use reglet_viz::{Svg, Theme, VizError};
use serde::Serialize;

use super::config::{CalibrationConfig, TruthConfig};
use super::correction::Corrections;
use super::series::Member;
use super::truth::Truth;
use super::zoo::ZooFindings;
use crate::Error;
use crate::config::Config;
use reglet_train::generated::Recipe;

/// The version of `calibration.json`.
const SCHEMA_VERSION: u32 = 3;

/// What the audits of a series said, beside the truth.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    schema_version: u32,
    truth: TruthConfig,
    classifiers: Vec<Classifier>,
    /// How often the audits were right, by the means of changing pictures.
    rates: BTreeMap<String, Rates>,
    /// The suspected region.
    artefact: String,
    /// The smallest change that the audits count.
    min_effect: f64,
    /// What was found of the classifiers built to fool the audit.
    pub zoo: Option<ZooFindings>,
    /// What the corrections did.
    pub corrections: Option<Corrections>,
}

/// One classifier, and the verdicts on it.
#[derive(Debug, Serialize)]
struct Classifier {
    name: String,
    tie: f64,
    seed: u64,
    /// The mean of (with the ruler − without it), in probability.
    dependence: Estimate,
    auroc: f64,
    /// By the means of editing pictures: a verdict for each audit.
    verdicts: BTreeMap<String, Vec<VerdictKind>>,
}

/// How often the audits that change pictures by one means were right. Every interval counts classifiers: audits of the same
/// one are not independent.
#[derive(Debug, Clone, Copy, Serialize)]
struct Rates {
    /// Convictions among the audits of clean classifiers.
    false_alarms: Option<Estimate>,
    /// Convictions among the audits of strong shortcuts.
    found: Option<Estimate>,
    /// Acquittals among the audits of clean classifiers.
    acquitted: Option<Estimate>,
}

impl Findings {
    pub fn new(
        config: &CalibrationConfig,
        audit: &Config,
        members: &[Member],
        truths: Vec<Truth>,
        zoo: Option<ZooFindings>,
        corrections: Option<Corrections>,
    ) -> Findings {
        let classifier = |((member, truth), (tie, recipe)): ((&Member, Truth), (f64, Recipe))| Classifier {
            name: member.name.clone(),
            tie,
            seed: recipe.seed,
            dependence: truth.dependence,
            auroc: truth.auroc,
            verdicts: BTreeMap::new(),
        };
        Findings {
            schema_version: SCHEMA_VERSION,
            truth: config.truth,
            classifiers: members.iter().zip(truths).zip(config.series.recipes()).map(classifier).collect(),
            rates: BTreeMap::new(),
            artefact: audit.artefacts()[0].0.clone(),
            min_effect: audit.verdict.min_effect,
            zoo,
            corrections,
        }
    }

    /// Takes in one audit of the classifier number `index`.
    pub fn add(&mut self, means: &str, index: usize, verdict: VerdictKind) {
        if let Some(classifier) = self.classifiers.get_mut(index) {
            classifier.verdicts.entry(means.to_owned()).or_default().push(verdict);
        }
        self.rates.insert(means.to_owned(), self.rates_of(means));
    }

    fn rates_of(&self, means: &str) -> Rates {
        let TruthConfig { clean, strong, .. } = self.truth;
        let rate = |chosen: fn(f64, f64) -> bool, limit: f64, kind: VerdictKind| {
            let (mut hits, mut groups) = (Vec::new(), Vec::new());
            for (group, classifier) in (0..).zip(&self.classifiers) {
                let counts = chosen(classifier.dependence.mean, limit);
                for verdict in classifier.verdicts.get(means).into_iter().flatten().filter(|_| counts) {
                    hits.push(*verdict == kind);
                    groups.push(group);
                }
            }
            share(&hits, &groups).map(|share| share.interval(reglet_statistics::LEVEL))
        };
        let is_clean = |dependence: f64, limit: f64| dependence.abs() < limit;
        let is_strong = |dependence: f64, limit: f64| dependence.abs() >= limit;
        Rates {
            false_alarms: rate(is_clean, clean, VerdictKind::Shortcut),
            found: rate(is_strong, strong, VerdictKind::Shortcut),
            acquitted: rate(is_clean, clean, VerdictKind::Clear),
        }
    }

    /// Whether no clean classifier was convicted and every strong shortcut was found, by every means, and no verdict on the
    /// zoo is wrong.
    pub fn as_targeted(&self) -> bool {
        let zoo = self.zoo.as_ref().is_none_or(ZooFindings::as_targeted);
        zoo && self.rates.values().all(|rates| {
            rates.false_alarms.is_none_or(|rate| rate.mean == 0.0)
                && rates.found.is_none_or(|rate| rate.mean == 1.0)
        })
    }

    /// A figure for each means: each classifier's convictions and acquittals over its true dependence.
    ///
    /// # Errors
    /// A number that a chart cannot show.
    pub fn figures(&self, theme: &Theme) -> Result<Vec<(&str, Svg)>, VizError> {
        self.rates.keys().map(|means| Ok((means.as_str(), self.figure(means).draw(theme)?))).collect()
    }

    fn figure(&self, means: &str) -> CurveChart {
        let mut chart = CurveChart::new(format!("Verdicts by true dependence on the {}", self.artefact))
            .subtitle(format!(
                "Each dot is one classifier, audited {} times, pictures changed by '{means}'. Lines: the rates, made \
                 monotone; what is left to 1 is inconclusive",
                self.repeats(means)
            ))
            .axis_label(format!("mean change of the probability when a {} is drawn", self.artefact))
            .value_label("share of audits")
            .reference(self.min_effect, "a verdict asks for");
        for (kind, sign) in [(VerdictKind::Shortcut, 1.0), (VerdictKind::Clear, -1.0)] {
            let mut points = self.points(means, kind);
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let rates: Vec<f64> = points.iter().map(|point| sign * point.1).collect();
            let rising = isotonic(&rates).into_iter().map(|rate| sign * rate);
            let line: Vec<(f64, f64)> = points.iter().map(|point| point.0).zip(rising).collect();
            chart = chart.curve(kind.name(), points, line);
        }
        chart
    }

    /// Each classifier's true dependence, and the share of its audits that ended so.
    fn points(&self, means: &str, kind: VerdictKind) -> Vec<(f64, f64)> {
        let point = |classifier: &Classifier| {
            let verdicts = classifier.verdicts.get(means)?;
            let hits = verdicts.iter().filter(|found| **found == kind).count();
            Some((classifier.dependence.mean, hits as f64 / verdicts.len() as f64))
        };
        self.classifiers.iter().filter_map(point).collect()
    }

    fn repeats(&self, means: &str) -> usize {
        self.classifiers.iter().filter_map(|c| c.verdicts.get(means)).map(Vec::len).max().unwrap_or(0)
    }

    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("findings are plain values") + "\n"
    }

    /// A row for each classifier and each means of editing.
    ///
    /// # Errors
    /// The table cannot be written.
    pub fn table(&self) -> Result<Vec<u8>, Error> {
        let failed =
            |error: &dyn std::fmt::Display| Error::Usage(format!("cannot write calibration.csv: {error}"));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let head = [
            "tie",
            "seed",
            "auroc",
            "dependence",
            "low",
            "high",
            "means",
            "shortcut",
            "clear",
            "inconclusive",
        ];
        writer.write_record(head).map_err(|error| failed(&error))?;
        for classifier in &self.classifiers {
            let Estimate { mean, low, high, .. } = classifier.dependence;
            for (means, verdicts) in &classifier.verdicts {
                let count = |kind| verdicts.iter().filter(|found| **found == kind).count().to_string();
                let mut row: Vec<String> =
                    [classifier.tie, classifier.auroc, mean, low, high].iter().map(f64::to_string).collect();
                row.insert(1, classifier.seed.to_string());
                row.push(means.clone());
                row.extend([VerdictKind::Shortcut, VerdictKind::Clear, VerdictKind::Inconclusive].map(count));
                writer.write_record(row).map_err(|error| failed(&error))?;
            }
        }
        writer.into_inner().map_err(|error| failed(&error))
    }

    pub fn text(&self, out: &Path) -> String {
        let TruthConfig { clean, strong, .. } = self.truth;
        let rate = |rate: Option<Estimate>| {
            rate.map_or_else(
                || "none to be tried".to_owned(),
                |Estimate { mean, low, high, count }| {
                    let hits = (mean * count as f64).round();
                    format!("{hits} of {count} audits [{low:.2}, {high:.2}]")
                },
            )
        };
        let mut lines = Vec::new();
        for classifier in &self.classifiers {
            let Classifier { name, dependence, auroc, verdicts, .. } = classifier;
            let said = verdicts.iter().map(|(means, verdicts)| {
                let words: Vec<&str> = verdicts.iter().map(|kind| kind.name()).collect();
                format!("{means}: {}", words.join(", "))
            });
            let said: Vec<String> = said.collect();
            lines.push(format!(
                "{name}: depends by {:+.3} [{:+.3}, {:+.3}], AUROC {auroc:.3}; {}",
                dependence.mean,
                dependence.low,
                dependence.high,
                said.join("; ")
            ));
        }
        for (means, rates) in &self.rates {
            lines.push(format!("{means}:"));
            lines.push(format!("  false alarms, dependence below {clean}: {}", rate(rates.false_alarms)));
            lines.push(format!("  acquitted, dependence below {clean}: {}", rate(rates.acquitted)));
            lines.push(format!("  found, dependence of at least {strong}: {}", rate(rates.found)));
        }
        lines.extend(self.corrections.iter().map(|found| found.text().trim_end().to_owned()));
        lines.extend(self.zoo.as_ref().map(|zoo| zoo.text().trim_end().to_owned()));
        lines.push(format!("figures and tables: {}", out.display()));
        lines.join("\n") + "\n"
    }
}
