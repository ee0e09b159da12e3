//! The rules by which rows are judged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything but the rows that effects and verdicts depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// What a verdict asks for.
    pub verdict: VerdictConfig,
    /// Above which probability a picture is called the target.
    pub operating_point: OperatingPoint,
    /// Fixes the resampling.
    pub seed: u64,
    /// The model whose maps the others' are compared with, a place among the rows' models.
    pub reference: Option<usize>,
}

/// When a picture counts as called the target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OperatingPoint {
    /// Where its probability is above this number, between 0 and 1.
    Above(f64),
    /// By a rule.
    Rule(NamedPoint),
    /// Where its probability is at least as high as that of this share of the target's own pictures in these data.
    Sensitivity(SensitivityPoint),
}

/// An operating point with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedPoint {
    /// Where the target has the highest probability of all classes.
    Argmax,
}

/// An operating point set on the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensitivityPoint {
    /// The share of the target's pictures that are called the target, above 0 and at most 1.
    pub sensitivity: f64,
}

impl OperatingPoint {
    /// The class with the highest probability.
    pub const ARGMAX: OperatingPoint = OperatingPoint::Rule(NamedPoint::Argmax);

    /// What is wrong with it, if anything.
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

/// What maps are needed for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MapsRole {
    /// They corroborate a verdict, and no verdict depends on them.
    #[default]
    Support,
    /// Without a trusted method whose maps lie on the artefact nothing is called a shortcut.
    Required,
}

/// What the verdict asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerdictConfig {
    /// The smallest mean change of the target's probability that counts, 0 to 1.
    pub min_effect: f64,
    /// The largest share of pictures whose decision may change, 0 to 1. Twenty pictures of which none changes exclude 0.14
    /// with 95 % (0.86²⁰ = 0.05), and fewer exclude less.
    pub max_flips: f64,
    /// How far an edit must take a picture's features towards those of pictures with (or without) the artefact before it
    /// can acquit, as a share of the way, 0 to 1.
    pub min_taken: f64,
    /// The artefact's density above which a map counts as lying on it; 1 is chance.
    pub min_density: f64,
    /// The fewest pictures of a class from which anything is concluded.
    pub min_pictures: usize,
    /// The chance of any wrong finding among all that are judged together, above 0 and at most 0.5: the intervals that
    /// convict have the level 1 − `max_p` / (number of comparisons) (Bonferroni).
    pub max_p: f64,
    /// Whether a shortcut must show both when the artefact is put in and when it is taken away.
    pub both: bool,
    /// Whether the artefact must do more than the same artefact with its tiles shuffled: then its form matters, and not just
    /// that something like it is there.
    pub form: bool,
    /// What maps are needed for.
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
    /// The key of the first value that is out of its range, with what is wrong.
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
