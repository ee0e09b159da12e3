//! Rows: what one model said of one picture, as it is or after one intervention; and how one map lies on one region.

use std::collections::{BTreeMap, BTreeSet};

use reglet_data::edit::Change;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that an audit observed. All that is concluded is a function of this and of the [`Rules`](crate::Rules).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// What the numbers in the rows refer to.
    pub subject: Subject,
    /// The pictures, in the order of the data set.
    pub pictures: Vec<Picture>,
    /// What the models said.
    pub observations: Vec<Observation>,
    /// Where their maps lie.
    pub maps: Vec<MapRow>,
}

/// The names behind the numbers in rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The classes of the data set; a label is a place among them.
    pub classes: Vec<String>,
    /// The models.
    pub models: Vec<String>,
    /// The regions under suspicion.
    pub artefacts: Vec<String>,
    /// The classes whose score is explained.
    pub targets: Vec<String>,
    /// The attribution methods.
    pub methods: Vec<MethodName>,
}

/// An attribution method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodName {
    /// As configs name it.
    pub name: String,
    /// Its name for people.
    pub title: String,
}

/// What is known of one picture before any model has seen it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Its name, unique in the data set.
    pub id: String,
    /// The patient or the lesion: pictures of one group are not independent. `None`: a group of its own.
    pub group: Option<String>,
    /// Pictures of one lesion with and without the artefact have the same name here.
    pub pair: Option<String>,
    /// Its class, a place among [`Subject::classes`].
    pub label: usize,
    /// By artefact: whether the picture shows it; `None` where nobody has annotated it.
    pub shows: Vec<Option<bool>>,
    /// The regions whose mask was estimated, since nobody has drawn one.
    pub estimated: BTreeSet<String>,
    /// The data set's further columns: sex, age, site, skin type.
    pub columns: BTreeMap<String, String>,
    /// Plain properties of the picture itself: brightness, contrast, width.
    pub properties: BTreeMap<String, f64>,
    /// SHA-256 of the bytes that were decoded.
    pub sha256: String,
}

/// What was changed about a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// The artefact, a place among [`Subject::artefacts`].
    pub artefact: usize,
    /// The kind of change.
    pub change: Change,
    /// Which of several places, from 0. A change and its control at the place of the same number lie at one place.
    pub place: u32,
    /// The picture that what was put in was cut from.
    pub donor: Option<String>,
    /// The share of the changed region that lies within what the model sees, 0 to 1.
    pub visible: f64,
    /// The share of the lesion that the changed region covers, 0 to 1.
    pub lesion: f64,
    /// The mean absolute change of the region's pixels, in levels of 0 to 255.
    pub strength: f64,
}

/// What a model says of one class for one picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The class's logit.
    pub logit: f64,
    /// The log odds of the class against all others: ln p / (1 − p).
    pub margin: f64,
    /// The probability, 0 to 1.
    pub probability: f64,
}

/// One model asked about one picture, as it is or after one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The picture, a place among [`Rows::pictures`].
    pub picture: usize,
    /// The model, a place among [`Subject::models`].
    pub model: usize,
    /// What was changed; `None` for the picture as it is.
    pub edit: Option<Edit>,
    /// By target, in the order of [`Subject::targets`].
    pub scores: Vec<Score>,
    /// By target: whether it is the class with the highest probability.
    pub top: Vec<bool>,
    /// By artefact: how much the picture's features resemble those of pictures with it, as a linear probe tells (log
    /// odds) that has seen no picture of its group. `None` where there is no probe.
    pub probes: Vec<Option<f64>>,
}

/// How one model's map of one picture by one method lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapRow {
    /// The picture, a place among [`Rows::pictures`].
    pub picture: usize,
    /// The model, a place among [`Subject::models`].
    pub model: usize,
    /// The class whose score is explained, a place among [`Subject::targets`].
    pub target: usize,
    /// The method, a place among [`Subject::methods`].
    pub method: usize,
    /// The artefact that had been taken out of the picture; `None` for the picture as it is.
    pub without: Option<usize>,
    /// By region. A region that the picture does not show, and a map without a positive value, have none.
    pub regions: BTreeMap<String, Placement>,
    /// What the map looks like; `None` for a void one.
    pub character: Option<Character<f64>>,
    /// The relative completeness gap, for methods that promise completeness.
    pub gap: Option<f64>,
    /// What there is to say of the map.
    pub remark: Option<String>,
}

/// How one map lies on one region of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// The share of the map that lies in the region, 0 to 1.
    pub share: f64,
    /// The share over the region's share of the picture's area: 1 is as much as chance.
    pub density: f64,
    /// Of the highest values, as many as the region has pixels, the share that lies in it, 0 to 1.
    pub rank_accuracy: f64,
    /// Whether the highest value lies in the region: 1, 0, or a share of them where several are.
    pub pointing: f64,
    /// How well the map tells the region from the rest, 0 to 1; 0.5 is chance.
    pub auc: f64,
}

/// What a map looks like, or maps on average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Character<T> {
    /// The Gini index of the absolute values: from 0, spread evenly, to nearly 1, all in a few pixels.
    pub sparsity: T,
    /// The rank correlation of the absolute values with the strength of the picture's edges, -1 to 1.
    pub contours: T,
    /// Moran's I: near 1 for even regions, near 0 for speckles.
    pub regions: T,
}
