//! Whether the model responds to edits as to real pictures.

use std::collections::BTreeMap;

use reglet_data::edit::Change;
use reglet_statistics::{Estimate, bootstrap_auroc_within, mean};
use schemars::JsonSchema;
use serde::Serialize;

use crate::effect::{Places, fit};
use crate::question::{Asked, Changed};

/// The results of a linear probe for the artefact on the model's last features: whether the model perceives the artefact at
/// all, and whether edited pictures resemble real ones.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Taken {
    /// How well the probe separates pictures with the artefact from those without of the same class, in groups that it was not
    /// fitted on: the area under the ROC curve, with its 90 % interval.
    pub auroc: Estimate,
    /// The numbers of pictures with the artefact, and without, on which it was tested: those of classes with both kinds.
    pub pictures: [usize; 2],
    /// By change.
    pub edits: Vec<EditTaken>,
}

/// How far one kind of edit moves pictures.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EditTaken {
    /// The change.
    pub change: Change,
    /// Whether the pictures show the artefact.
    pub with: bool,
    /// How many pictures.
    pub pictures: usize,
    /// How far the edit moves the probe's log odds from the mean of the original kind of pictures to the mean of the other
    /// kind, of the same class: 0, not at all; 1, all the way. With its 90 % interval, for the given distance of the means.
    pub way: Estimate,
}

/// A probe whose area under the curve is significantly below this does not detect the artefact.
pub const SEES_NOTHING: f64 = 0.65;

impl Taken {
    /// Whether even the probe cannot detect the artefact, which means that the model does not perceive it.
    pub fn sees_nothing(&self) -> bool {
        self.auroc.high < SEES_NOTHING
    }

    /// The results for one kind of edit.
    pub fn of(&self, change: Change) -> Option<&EditTaken> {
        let with = change == Change::Remove;
        self.edits.iter().find(|taken| (taken.change, taken.with) == (change, with))
    }
}

/// The probe's results for unchanged pictures.
#[derive(Default)]
struct Probed {
    scores: Vec<f64>,
    shows: Vec<bool>,
    classes: Vec<usize>,
    groups: Vec<u32>,
}

impl Probed {
    /// By class with both kinds of pictures: the scores of those without the artefact, and of those with it.
    fn by_class(&self) -> Vec<[Vec<f64>; 2]> {
        let mut sides: BTreeMap<usize, [Vec<f64>; 2]> = BTreeMap::new();
        for ((score, shows), class) in self.scores.iter().zip(&self.shows).zip(&self.classes) {
            sides.entry(*class).or_default()[usize::from(*shows)].push(*score);
        }
        sides.into_values().filter(|sides| sides.iter().all(|side| !side.is_empty())).collect()
    }
}

/// How much higher the scores of pictures with the artefact are than those of pictures without it of the same class: the mean
/// over the classes, each with the weight of a difference of two means, n₁·n₀ / (n₁ + n₀).
fn apart(classes: &[[Vec<f64>; 2]]) -> Option<f64> {
    let (mut sum, mut whole) = (0.0, 0.0);
    for [without, with] in classes {
        let [less, more] = [without.len() as f64, with.len() as f64];
        let weight = less * more / (less + more);
        sum += weight * (mean(with)? - mean(without)?);
        whole += weight;
    }
    (whole > 0.0).then(|| sum / whole)
}

/// `None` if the observations contain no probe of the artefact, or if no class has pictures both with it and without: where the
/// artefact and the class go together, a probe of one may be a probe of the other.
pub(crate) fn taken(asked: &Asked<'_>) -> Option<Taken> {
    let mut probed = Probed::default();
    for (index, picture, _) in asked.pictures() {
        if let (Some(shows), Some(score)) = (asked.shows(index), asked.probe(index)) {
            probed.scores.push(score);
            probed.shows.push(shows);
            probed.classes.push(picture.label);
            probed.groups.push(asked.group(index));
        }
    }
    let by_class = probed.by_class();
    let apart = apart(&by_class)?;
    let Probed { scores, shows, classes, groups } = &probed;
    let auroc = bootstrap_auroc_within(scores, shows, classes, groups, asked.rules.seed)?.interval(0.9);
    let count = |side: usize| by_class.iter().map(|sides| sides[side].len()).sum();
    let mut edits = Vec::new();
    for change in [Change::Insert, Change::Remove, Change::Control, Change::Scrambled] {
        for shown in [false, true] {
            let changes: Vec<Changed<'_>> = asked
                .pictures()
                .filter(|(index, ..)| asked.shows(*index) == Some(shown))
                .flat_map(|(index, ..)| fit(asked, index, change).0)
                .filter(|changed| changed.probe.is_some())
                .collect();
            let sign = if shown { -1.0 } else { 1.0 };
            let ways: Vec<f64> = changes
                .iter()
                .filter_map(|changed| changed.probe.map(|(before, after)| sign * (after - before) / apart))
                .collect();
            if let Some(draws) = Places::new(asked, &changes).draws(&ways) {
                let mut pictures: Vec<usize> = changes.iter().map(|changed| changed.picture).collect();
                pictures.dedup();
                let way = draws.interval(0.9);
                edits.push(EditTaken { change, with: shown, pictures: pictures.len(), way });
            }
        }
    }
    Some(Taken { auroc, pictures: [count(1), count(0)], edits })
}
