//! A question to the rows: whether one model uses one artefact when it assesses one class.

use std::collections::BTreeMap;

use reglet_data::edit::Change;

use crate::row::{Edit, MapRow, Observation, Picture, Rows, Score};
use crate::rules::{NamedPoint, OperatingPoint, Rules};

/// Pictures in which the model sees less than this share of the change are not used for the verdict.
pub const LEAST_VISIBLE: f64 = 0.5;

/// A change that covers more than this share of the lesion is not used for the verdict, unless its control covers as much.
pub const MOST_LESION: f64 = 0.02;

/// The rows of one model, indexed by picture.
pub(crate) struct Asked<'a> {
    pub rows: &'a Rows,
    pub rules: &'a Rules,
    pub artefact: usize,
    pub target: usize,
    /// By picture: the model's answer for the unchanged picture.
    natural: Vec<Option<&'a Observation>>,
    /// By picture: the model's answers after changes of the artefact.
    edited: Vec<Vec<(&'a Edit, &'a Observation)>>,
    /// By picture: a number for its group.
    groups: Vec<u32>,
    threshold: Option<f64>,
}

/// One change of one picture, with the model's answers before and after.
#[derive(Clone, Copy)]
pub(crate) struct Changed<'a> {
    pub picture: usize,
    pub edit: &'a Edit,
    pub before: Said,
    pub after: Said,
    pub probe: Option<(f64, f64)>,
}

/// A model's answer for the target and one picture.
#[derive(Clone, Copy)]
pub(crate) struct Said {
    pub score: Score,
    pub called: bool,
}

impl<'a> Asked<'a> {
    pub fn new(rows: &'a Rows, rules: &'a Rules, model: usize, artefact: usize, target: usize) -> Asked<'a> {
        let mut natural = vec![None; rows.pictures.len()];
        let mut edited = vec![Vec::new(); rows.pictures.len()];
        for row in rows.observations.iter().filter(|row| row.model == model) {
            match &row.edit {
                None => natural[row.picture] = Some(row),
                Some(edit) if edit.artefact == artefact => edited[row.picture].push((edit, row)),
                Some(_) => {}
            }
        }
        let groups = numbered(rows.pictures.iter().map(|picture| picture.group.as_deref()));
        let mut asked = Asked { rows, rules, artefact, target, natural, edited, groups, threshold: None };
        asked.threshold = asked.threshold();
        asked
    }

    /// The probability from which a picture is classified as the target, for rules that choose it on the data.
    fn threshold(&self) -> Option<f64> {
        let OperatingPoint::Sensitivity(point) = self.rules.operating_point else { return None };
        let own = self.pictures().filter(|(_, picture, _)| self.is_target(picture));
        point.threshold(own.map(|(.., said)| said.score.probability).collect())
    }

    /// The operating point as a probability, if it is one.
    pub fn decision(&self) -> Option<f64> {
        match self.rules.operating_point {
            OperatingPoint::Above(value) => Some(value),
            OperatingPoint::Rule(NamedPoint::Argmax) => None,
            OperatingPoint::Sensitivity(_) => self.threshold,
        }
    }

    pub fn is_target(&self, picture: &Picture) -> bool {
        self.rows.subject.classes.get(picture.label) == self.rows.subject.targets.get(self.target)
    }

    pub fn said(&self, row: &Observation) -> Said {
        let score = row.scores[self.target];
        let called = match self.rules.operating_point {
            OperatingPoint::Above(value) => score.probability > value,
            OperatingPoint::Rule(NamedPoint::Argmax) => row.top[self.target],
            OperatingPoint::Sensitivity(_) => self.threshold.is_some_and(|least| score.probability >= least),
        };
        Said { score, called }
    }

    /// Each picture for which there is an answer without any change.
    pub fn pictures(&self) -> impl Iterator<Item = (usize, &'a Picture, Said)> + '_ {
        let asked = self.natural.iter().enumerate();
        asked.filter_map(|(index, row)| Some((index, &self.rows.pictures[index], self.said((*row)?))))
    }

    /// The number of probabilities of the target, for unchanged and changed pictures, that are not numbers. A logit of −∞ is none
    /// of them: its probability is 0.
    pub fn not_finite(&self) -> usize {
        let changed = self.edited.iter().flatten().map(|(_, row)| *row);
        let rows = self.natural.iter().flatten().copied().chain(changed);
        rows.filter(|row| !row.scores[self.target].probability.is_finite()).count()
    }

    /// Whether a picture shows the artefact.
    pub fn shows(&self, picture: usize) -> Option<bool> {
        self.rows.pictures[picture].shows.get(self.artefact).copied().flatten()
    }

    /// The result of the artefact's probe for an unchanged picture.
    pub fn probe(&self, picture: usize) -> Option<f64> {
        self.natural[picture]?.probes.get(self.artefact).copied().flatten()
    }

    pub fn group(&self, picture: usize) -> u32 {
        self.groups[picture]
    }

    /// The effect of one change on a picture, at each of its places.
    pub fn changed(&self, picture: usize, change: Change) -> impl Iterator<Item = Changed<'a>> + '_ {
        let natural = self.natural[picture];
        let of_kind = self.edited[picture].iter().filter(move |(edit, _)| edit.change == change);
        of_kind.filter_map(move |(edit, row)| {
            let before = natural?;
            let probe = before.probes.get(self.artefact).copied().flatten();
            let probe = probe.zip(row.probes.get(self.artefact).copied().flatten());
            Some(Changed { picture, edit, before: self.said(before), after: self.said(row), probe })
        })
    }

    /// Whether the artefact's position is known in any picture: only then can it be changed in a picture that shows it.
    pub fn is_marked(&self) -> bool {
        let needs = |change: Change| !matches!(change, Change::RemoveLesion);
        let changed = |picture: usize| self.edited[picture].iter().any(|(edit, _)| needs(edit.change));
        (0..self.edited.len()).any(|picture| self.shows(picture) == Some(true) && changed(picture))
    }

    /// The maps of the pictures by one method, unchanged or without the artefact.
    pub fn maps(&self, model: usize, method: usize, without: bool) -> impl Iterator<Item = &'a MapRow> + '_ {
        let without = without.then_some(self.artefact);
        let (rows, target) = (self.rows, self.target);
        rows.maps.iter().filter(move |row| {
            (row.model, row.target, row.method, row.without) == (model, target, method, without)
        })
    }
}

/// A number for each name; an item without a name gets a number of its own.
pub(crate) fn numbered<'a>(names: impl Iterator<Item = Option<&'a str>>) -> Vec<u32> {
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    let mut next = 0..;
    let mut fresh = || next.next().unwrap_or(u32::MAX);
    names
        .map(|name| match name {
            Some(name) => *known.entry(name).or_insert_with(&mut fresh),
            None => fresh(),
        })
        .collect()
}
