//! Rows: the answer of one model for one picture, unchanged or after one intervention; and the localisation of one map on
//! one region.

use std::collections::{BTreeMap, BTreeSet};

use reglet_data::edit::Change;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All measurements of an audit. All conclusions are functions of these and of the [`Rules`](crate::Rules).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// The names that the indices in the rows refer to.
    pub subject: Subject,
    /// The pictures, in the order of the data set.
    pub pictures: Vec<Picture>,
    /// The answers of the models.
    pub observations: Vec<Observation>,
    /// Where their maps concentrate.
    pub maps: Vec<MapRow>,
}

/// The names that the indices in rows refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The classes of the data set; a label is an index into them.
    pub classes: Vec<String>,
    /// The models.
    pub models: Vec<String>,
    /// The suspected regions.
    pub artefacts: Vec<String>,
    /// The classes whose score is explained.
    pub targets: Vec<String>,
    /// The attribution methods.
    pub methods: Vec<MethodName>,
}

/// An attribution method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodName {
    /// The name in configs.
    pub name: String,
    /// Its display name.
    pub title: String,
}

/// What is known about one picture, independently of the models.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Its name, unique in the data set.
    pub id: String,
    /// The patient or the lesion: pictures of one group are not independent. `None`: a group of its own.
    pub group: Option<String>,
    /// A name that is shared by pictures of the same lesion with and without the artefact.
    pub pair: Option<String>,
    /// Its class, as an index into [`Subject::classes`].
    pub label: usize,
    /// By artefact: whether the picture shows it; `None` if it is not annotated.
    pub shows: Vec<Option<bool>>,
    /// The regions whose mask was estimated, because none has been drawn.
    pub estimated: BTreeSet<String>,
    /// The data set's further columns: sex, age, site, skin type.
    pub columns: BTreeMap<String, String>,
    /// Simple properties of the picture itself: brightness, contrast, width.
    pub properties: BTreeMap<String, f64>,
    /// The SHA-256 of the bytes that were decoded.
    pub sha256: String,
}

/// The change of a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// The artefact, as an index into [`Subject::artefacts`].
    pub artefact: usize,
    /// The kind of change.
    pub change: Change,
    /// The number of the place, from 0. A change and its control with the same number are at the same place.
    pub place: u32,
    /// The picture from which the inserted artefact was cut.
    pub donor: Option<String>,
    /// The share of the changed region that lies within the model's input, 0 to 1.
    pub visible: f64,
    /// The share of the lesion that the changed region covers, 0 to 1; `None` if it is unknown, because the lesion has no mask.
    pub lesion: Option<f64>,
    /// The mean absolute change of the region's pixels, on a scale from 0 to 255.
    pub strength: f64,
}

/// The scores of a model for one class and one picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The class's logit.
    pub logit: f64,
    /// The log odds of the class against all others: ln p / (1 − p).
    pub margin: f64,
    /// The probability, 0 to 1.
    pub probability: f64,
}

/// The answer of one model for one picture, unchanged or after one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The picture, as an index into [`Rows::pictures`].
    pub picture: usize,
    /// The model, as an index into [`Subject::models`].
    pub model: usize,
    /// The change; `None` for the unchanged picture.
    pub edit: Option<Edit>,
    /// By target, in the order of [`Subject::targets`].
    pub scores: Vec<Score>,
    /// By target: whether it is the class with the highest probability.
    pub top: Vec<bool>,
    /// By artefact: how much the picture's features resemble those of pictures with it, as log odds of a linear probe that
    /// was fitted without the pictures of its group. `None` if there is no probe.
    pub probes: Vec<Option<f64>>,
}

/// The properties of one model's map of one picture by one method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapRow {
    /// The picture, as an index into [`Rows::pictures`].
    pub picture: usize,
    /// The model, as an index into [`Subject::models`].
    pub model: usize,
    /// The class whose score is explained, as an index into [`Subject::targets`].
    pub target: usize,
    /// The method, as an index into [`Subject::methods`].
    pub method: usize,
    /// The artefact that had been removed from the picture; `None` for the unchanged picture.
    pub without: Option<usize>,
    /// By region. There is no entry for a region that the picture does not show, and none for a map without positive values.
    pub regions: BTreeMap<String, Placement>,
    /// The appearance of the map; `None` for an unusable one.
    pub character: Option<Character<f64>>,
    /// The relative completeness gap, for methods that satisfy completeness.
    pub gap: Option<f64>,
    /// The remark on the map, if there is one.
    pub remark: Option<String>,
}

/// The localisation of one map on one region of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// The share of the map that lies in the region, 0 to 1.
    pub share: f64,
    /// The share divided by the region's share of the picture's area; 1 is chance.
    pub density: f64,
    /// The share, 0 to 1, of the n highest values that lie in the region, which has n pixels.
    pub rank_accuracy: f64,
    /// Whether the highest value lies in the region: 1, 0, or a share if several pixels have it.
    pub pointing: f64,
    /// How well the map separates the region from the rest, 0 to 1; 0.5 is chance.
    pub auc: f64,
}

/// The appearance of a map, or of maps on average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Character<T> {
    /// The Gini index of the absolute values: from 0 (spread evenly) to nearly 1 (concentrated in a few pixels).
    pub sparsity: T,
    /// The rank correlation of the absolute values with the strength of the picture's edges, -1 to 1.
    pub contours: T,
    /// Moran's I: near 1 for uniform regions, near 0 for speckles.
    pub regions: T,
}
