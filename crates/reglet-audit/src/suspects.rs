//! Suspects that nobody named: plain properties of the pictures and columns of the data that go with the label, or with
//! the score given the label.

use reglet_evidence::{Picture, Rows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One property or column, and how strongly it goes with what is in question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// Whether it is a column of the data; else it is measured on the picture.
    pub column: bool,
    /// On how many pictures it is known.
    pub pictures: usize,
    /// How strongly it goes with it, 0 (not at all) to 1, and from −1 where it has a direction.
    pub strength: f64,
    /// What `strength` is.
    pub measure: Strength,
    /// Its p-value, corrected for all properties and columns that are compared (Holm).
    pub p: f64,
}

/// A measure of association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Somers' D: twice the area under the ROC curve less one.
    SomersD,
    /// Cramér's V.
    CramersV,
    /// Spearman's rank correlation within each class, pooled.
    RankCorrelation,
}

/// What goes with the label, the strongest first.
pub(crate) fn of_label(_pictures: &[Picture], _class: Option<usize>, _seed: u64) -> Vec<Property> {
    Vec::new()
}

/// What goes with a model's score within each class, the strongest first.
pub(crate) fn of_score(_rows: &Rows, _model: usize, _target: usize, _seed: u64) -> Vec<Property> {
    Vec::new()
}
