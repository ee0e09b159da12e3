//! Whether the model responds to edits as to real pictures.

use reglet_data::edit::Change;
use reglet_statistics::{Estimate, bootstrap_auroc, mean};
use schemars::JsonSchema;
use serde::Serialize;

use crate::effect::Places;
use crate::question::{Asked, Changed, LEAST_VISIBLE};

/// The results of a linear probe for the artefact on the model's last features: whether the model perceives the artefact at
/// all, and whether edited pictures resemble real ones.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Taken {
    /// How well the probe separates pictures with the artefact from those without, in groups that it was not fitted on: the
    /// area under the ROC curve, with its 90 % interval.
    pub auroc: Estimate,
    /// The numbers of pictures with the artefact, and without, on which it was tested.
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
    /// kind: 0, not at all; 1, all the way. With its 90 % interval.
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

/// `None` if the observations contain no probe of the artefact.
pub(crate) fn taken(asked: &Asked<'_>) -> Option<Taken> {
    let mut scored = Vec::new();
    let mut groups = Vec::new();
    for (index, ..) in asked.pictures() {
        if let (Some(shows), Some(score)) = (asked.shows(index), asked.probe(index)) {
            scored.push((score, shows));
            groups.push(asked.group(index));
        }
    }
    let side = |shows: bool| -> Vec<f64> {
        scored.iter().filter(|(_, other)| *other == shows).map(|(score, _)| *score).collect()
    };
    let (with, without) = (side(true), side(false));
    let apart = mean(&with)? - mean(&without)?;
    let (scores, labels): (Vec<f64>, Vec<bool>) = scored.iter().copied().unzip();
    let auroc = bootstrap_auroc(&scores, &labels, &groups, asked.rules.seed)?.interval(0.9);
    let mut edits = Vec::new();
    for change in [Change::Insert, Change::Remove, Change::Control, Change::Scrambled] {
        for shown in [false, true] {
            let changes: Vec<Changed<'_>> = asked
                .pictures()
                .filter(|(index, ..)| asked.shows(*index) == Some(shown))
                .flat_map(|(index, ..)| asked.changed(index, change).collect::<Vec<_>>())
                .filter(|changed| changed.probe.is_some() && changed.edit.visible >= LEAST_VISIBLE)
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
    Some(Taken { auroc, pictures: [with.len(), without.len()], edits })
}
