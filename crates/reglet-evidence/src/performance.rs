//! The accuracy of a model's answers, and the subgroup in which it is lowest.

use std::collections::{BTreeMap, BTreeSet};

use reglet_statistics::{
    Estimate, Rows as Sampled, bootstrap_auroc, bootstrap_mean, brier, calibration_error, share,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::question::{Asked, Said};

/// A group of pictures: one class, with or without the artefact.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Group {
    /// The class.
    pub class: String,
    /// Whether the artefact is present.
    pub artefact: bool,
    /// How many pictures.
    pub pictures: usize,
    /// The mean probability of the target; `None` in an empty group.
    pub probability: Option<Estimate>,
    /// The share of pictures that are classified as the target.
    pub called: Option<f64>,
    /// The probabilities.
    #[serde(skip)]
    pub values: Vec<f64>,
}

/// The accuracy of a model's answers on some of the pictures, for the target against all other classes. A value is `None` if
/// a class is missing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Performance {
    /// Which pictures.
    pub part: Part,
    /// How many.
    pub pictures: usize,
    /// The share of the target's pictures that are classified as the target.
    pub sensitivity: Option<Estimate>,
    /// The share of the other pictures that are not.
    pub specificity: Option<Estimate>,
    /// Area under the ROC curve.
    pub auroc: Option<Estimate>,
    /// Brier's score, 0 to 1; lower is better.
    pub brier: Option<f64>,
    /// The expected calibration error in ten bins, 0 to 1.
    pub calibration_error: Option<f64>,
}

/// A part of the pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of them.
    All,
    /// Those with the artefact, or without it.
    Artefact(bool),
    /// Those with one value of one column of the data.
    Column {
        /// The column.
        column: String,
        /// Its value or, for numbers, the range that contains it.
        value: String,
    },
}

/// The part of the pictures, and the class in it, with the lowest accuracy.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Worst {
    /// Which pictures.
    pub part: Part,
    /// Whether it is the target (classified as such too rarely), or the other classes (classified as the target too often).
    pub target: bool,
    /// The share of them that is classified correctly.
    pub right: Estimate,
}

/// A column with more values than this is divided into ranges if all are numbers, and omitted otherwise.
const MOST_VALUES: usize = 12;
const BANDS: usize = 4;

/// The probability of the target by class and artefact.
pub(crate) fn groups(asked: &Asked<'_>) -> Vec<Group> {
    let mut groups = Vec::new();
    for (label, class) in asked.rows.subject.classes.iter().enumerate() {
        for artefact in [false, true] {
            let (mut values, mut clusters, mut called) = (Vec::new(), Vec::new(), 0);
            for (index, picture, said) in asked.pictures() {
                if picture.label == label && asked.shows(index) == Some(artefact) {
                    values.push(said.score.probability);
                    clusters.push(asked.group(index));
                    called += usize::from(said.called);
                }
            }
            let sampled = Sampled { values: &values, groups: &clusters, donors: None };
            let draws = bootstrap_mean(sampled, asked.rules.seed);
            groups.push(Group {
                class: class.clone(),
                artefact,
                pictures: values.len(),
                probability: draws.map(|draws| draws.interval(0.95)),
                called: (!values.is_empty()).then(|| called as f64 / values.len() as f64),
                values,
            });
        }
    }
    groups
}

/// On all pictures, without and with the artefact, and by each column of the data.
pub(crate) fn performance(asked: &Asked<'_>) -> Vec<Performance> {
    let fixed = [(Part::All, None), (Part::Artefact(false), Some(false)), (Part::Artefact(true), Some(true))];
    let mut found: Vec<Performance> = fixed
        .into_iter()
        .map(|(part, shows)| of_part(asked, part, &|index| shows.is_none() || asked.shows(index) == shows))
        .collect();
    let columns: BTreeSet<&String> =
        asked.rows.pictures.iter().flat_map(|picture| picture.columns.keys()).collect();
    for column in columns {
        for (value, members) in parts(asked, column) {
            let part = Part::Column { column: column.clone(), value };
            found.push(of_part(asked, part, &|index| members.contains(&index)));
        }
    }
    found
}

/// A column's values, or the ranges of its numbers, with the pictures that have them. Nothing for a column with one value,
/// or with too many.
fn parts(asked: &Asked<'_>, column: &str) -> Vec<(String, BTreeSet<usize>)> {
    let mut by_value: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (index, picture, _) in asked.pictures() {
        if let Some(value) = picture.columns.get(column).filter(|value| !value.trim().is_empty()) {
            by_value.entry(value.trim()).or_default().insert(index);
        }
    }
    if by_value.len() <= MOST_VALUES {
        let named = by_value.into_iter().map(|(value, members)| (value.to_owned(), members));
        return Some(named.collect::<Vec<_>>()).filter(|parts| parts.len() > 1).unwrap_or_default();
    }
    let numbers: Option<Vec<(f64, usize)>> = by_value
        .iter()
        .map(|(value, members)| Some((value.parse::<f64>().ok().filter(|v| v.is_finite())?, members)))
        .collect::<Option<Vec<_>>>()
        .map(|values| values.into_iter().flat_map(|(v, all)| all.iter().map(move |i| (v, *i))).collect());
    let Some(mut numbers) = numbers else { return Vec::new() };
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let sorted: Vec<f64> = numbers.iter().map(|(value, _)| *value).collect();
    let mut edges: Vec<f64> =
        (0..=BANDS).map(|band| reglet_statistics::quantile(&sorted, band as f64 / BANDS as f64)).collect();
    edges.dedup();
    let last = edges.len().saturating_sub(2);
    let bands = edges.windows(2).enumerate().map(|(band, edge)| {
        let inside = |value: f64| value >= edge[0] && (value < edge[1] || band == last && value <= edge[1]);
        let members = numbers.iter().filter(|(value, _)| inside(*value)).map(|(_, index)| *index).collect();
        (format!("{}–{}", rounded(edge[0]), rounded(edge[1])), members)
    });
    bands.collect()
}

/// A number with at most three decimal places.
fn rounded(value: f64) -> f64 {
    (1000.0 * value).round() / 1000.0
}

fn of_part(asked: &Asked<'_>, part: Part, chosen: &dyn Fn(usize) -> bool) -> Performance {
    let mut scored = Vec::new();
    let mut groups = Vec::new();
    let mut hits: [(Vec<bool>, Vec<u32>); 2] = Default::default();
    for (index, picture, Said { score, called }) in asked.pictures().filter(|(index, ..)| chosen(*index)) {
        let target = asked.is_target(picture);
        scored.push((score.probability, target));
        groups.push(asked.group(index));
        let (right, of) = &mut hits[usize::from(target)];
        right.push(called == target);
        of.push(asked.group(index));
    }
    let rate = |(right, groups): &(Vec<bool>, Vec<u32>)| Some(share(right, groups)?.interval(0.95));
    let (scores, labels): (Vec<f64>, Vec<bool>) = scored.iter().copied().unzip();
    Performance {
        part,
        pictures: scored.len(),
        sensitivity: rate(&hits[1]),
        specificity: rate(&hits[0]),
        auroc: bootstrap_auroc(&scores, &labels, &groups, asked.rules.seed).map(|draws| draws.interval(0.95)),
        brier: brier(&scored),
        calibration_error: calibration_error(&scored),
    }
}

/// The part, and the class in it, with the lowest accuracy, among those with at least `least` pictures. All pictures
/// together do not count as a part.
pub(crate) fn worst(performance: &[Performance], least: usize) -> Option<Worst> {
    let rates = performance.iter().filter(|found| found.part != Part::All).flat_map(|found| {
        let sides = [(true, found.sensitivity), (false, found.specificity)];
        sides.map(|(target, rate)| Some((found.part.clone(), target, rate?)))
    });
    rates
        .flatten()
        .filter(|(.., rate)| rate.count >= least)
        .min_by(|a, b| a.2.mean.total_cmp(&b.2.mean))
        .map(|(part, target, right)| Worst { part, target, right })
}
