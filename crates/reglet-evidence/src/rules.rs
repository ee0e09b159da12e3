//! The rules by which rows are judged.

use std::collections::BTreeMap;

use reglet_data::edit::Change;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that effects and verdicts depend on, except the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The requirements of a verdict.
    pub verdict: VerdictConfig,
    /// The probability above which a picture is classified as the target.
    pub operating_point: OperatingPoint,
    /// Fixes the resampling.
    pub seed: u64,
    /// The model with whose maps those of the others are compared, as an index into the rows' models.
    pub reference: Option<usize>,
    /// The changes that were asked for, by the artefact's name, so that a verdict can tell a change that nobody asked for from
    /// one that was not possible. Of an artefact that is not among them, every change counts as asked for.
    pub changes: BTreeMap<String, Vec<Change>>,
}

impl Rules {
    /// Whether this change of an artefact was asked for.
    pub(crate) fn ask_for(&self, artefact: &str, change: Change) -> bool {
        self.changes.get(artefact).is_none_or(|changes| changes.contains(&change))
    }
}

/// When a picture counts as classified as the target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OperatingPoint {
    /// If its probability is above this number, between 0 and 1.
    Above(f64),
    /// By a rule.
    Rule(NamedPoint),
    /// If its probability is above a threshold that is chosen on these data, so that this share of the target's pictures is
    /// classified correctly.
    Sensitivity(SensitivityPoint),
}

/// A named operating point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NamedPoint {
    /// If the target has the highest probability of all classes.
    Argmax,
}

/// An operating point chosen on the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensitivityPoint {
    /// The share of the target's pictures that are classified as the target, above 0 and at most 1.
    pub sensitivity: f64,
}

impl SensitivityPoint {
    /// The lowest of the probabilities that are classified as the target, so that the required share of `own`, the target's own
    /// pictures, is; `None` without such pictures.
    pub fn threshold(self, mut own: Vec<f64>) -> Option<f64> {
        own.sort_by(|a, b| b.total_cmp(a));
        let needed = (self.sensitivity * own.len() as f64).ceil() as usize;
        own.get(needed.max(1) - 1).copied()
    }
}

impl OperatingPoint {
    /// The class with the highest probability.
    pub const ARGMAX: OperatingPoint = OperatingPoint::Rule(NamedPoint::Argmax);

    /// An error message if it is invalid.
    pub fn fault(&self) -> Option<String> {
        match *self {
            OperatingPoint::Above(value) if !(value > 0.0 && value < 1.0) => {
                Some(format!("operating_point is {value}, but must lie between 0 and 1"))
            }
            OperatingPoint::Sensitivity(SensitivityPoint { sensitivity })
                if !(sensitivity > 0.0 && sensitivity <= 1.0) =>
            {
                Some(format!("the sensitivity is {sensitivity}, but must be above 0 and at most 1"))
            }
            _ => None,
        }
    }
}

/// The role of the maps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MapsRole {
    /// They corroborate a verdict, but no verdict depends on them.
    #[default]
    Support,
    /// There is no verdict of shortcut without a trusted method whose maps concentrate on the artefact.
    Required,
}

/// The requirements of the verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerdictConfig {
    /// The smallest mean change of the target's probability that counts, 0 to 1.
    pub min_effect: f64,
    /// The largest share of edited pictures whose decision may change, 0 to 1, and of those whose answer a cleared model may change at all:
    /// the decision, or the probability by more than `min_effect`. If none of twenty pictures changes, a share of 0.14
    /// is excluded with 95 % confidence (0.86²⁰ = 0.05); fewer pictures exclude less.
    pub max_flips: f64,
    /// How far an edit must move a picture's features towards those of pictures with (or without) the artefact before a
    /// model can be cleared, as a share of the distance, 0 to 1.
    pub min_taken: f64,
    /// The artefact's density above which a map counts as concentrated on it; 1 is chance.
    pub min_density: f64,
    /// The minimum number of pictures of a class.
    pub min_pictures: usize,
    /// The probability of any false finding among all comparisons that are judged together, above 0 and at most 0.5: the
    /// intervals that show a shortcut have the level 1 − `max_p` / (number of comparisons) (Bonferroni).
    pub max_p: f64,
    /// Whether a shortcut must show both when the artefact is added and when it is removed.
    pub both: bool,
    /// Whether the artefact must have more effect than the same artefact with its tiles shuffled, so that its shape matters
    /// and not only the presence of something similar.
    pub form: bool,
    /// The role of the maps.
    pub maps: MapsRole,
}

impl Default for VerdictConfig {
    fn default() -> Self {
        VerdictConfig {
            min_effect: 0.1,
            max_flips: 0.15,
            min_taken: 0.5,
            min_density: 1.0,
            min_pictures: 10,
            max_p: 0.05,
            both: false,
            form: false,
            maps: MapsRole::Support,
        }
    }
}

impl VerdictConfig {
    /// The key of the first value that is out of range, with an error message.
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let unit =
            [("min_effect", self.min_effect), ("max_flips", self.max_flips), ("min_taken", self.min_taken)];
        if let Some((key, value)) = unit.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Some((key, format!("{key} is {value}, but must be from 0 to 1")));
        }
        if !(self.min_density > 0.0 && self.min_density.is_finite()) {
            return Some((
                "min_density",
                format!("min_density is {}, but must be above 0", self.min_density),
            ));
        }
        if !(self.max_p > 0.0 && self.max_p <= 0.5) {
            return Some(("max_p", format!("max_p is {}, but must be above 0 and at most 0.5", self.max_p)));
        }
        (self.min_pictures < 2).then(|| {
            (
                "min_pictures",
                "min_pictures must be at least 2, because one picture gives no interval".to_owned(),
            )
        })
    }
}
