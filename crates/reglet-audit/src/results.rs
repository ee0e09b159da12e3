//! The results of an audit, as plain values that are saved and drawn.

use std::collections::{BTreeMap, BTreeSet};

use reglet_data::edit::{Change, Insertion};
use reglet_evidence::{
    Attention, Character, Effect, Group, Judgement, Natural, Pairs, Performance, Placement, Taken,
    VerdictKind, Worst,
};
use reglet_statistics::Association;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::suspects::Property;

/// The version of `results.json`; incremented whenever a field changes its meaning or is removed.
pub const SCHEMA_VERSION: u32 = 5;

/// All results of an audit.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Results {
    /// The version of this format.
    pub schema_version: u32,
    /// The language of its sentences.
    pub language: Language,
    /// The title from the config.
    pub title: String,
    /// The classes whose scores are explained and whose probabilities are compared.
    pub targets: Vec<String>,
    /// The suspected regions (`ruler`).
    pub artefacts: Vec<String>,
    /// The region that a classifier should look at (`lesion`), if the data set has it.
    pub lesion: Option<String>,
    /// The data.
    pub data: DataSummary,
    /// One entry for each model, artefact and target, in this order.
    pub cases: Vec<CaseResults>,
    /// The provenance of the results.
    pub provenance: Provenance,
}

impl Results {
    /// The title of a case: its model, with its artefact and its target if there are several.
    pub fn title_of(&self, case: &CaseResults) -> String {
        let mut title = case.name.clone();
        let several = [(self.artefacts.len() > 1, &case.artefact), (self.targets.len() > 1, &case.target)];
        for (_, name) in several.into_iter().filter(|(several, _)| *several) {
            title = format!("{title}, {name}");
        }
        title
    }

    /// Whether every case is ([`CaseResults::is_as_expected`]).
    pub fn is_as_expected(&self) -> bool {
        self.cases.iter().all(CaseResults::is_as_expected)
    }
}

/// The data of the audit.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DataSummary {
    /// Its name.
    pub name: String,
    /// How many pictures.
    pub pictures: usize,
    /// The number of patients or lesions; equal to the number of pictures if the data do not identify them.
    pub groups: usize,
    /// Its classes.
    pub classes: Vec<String>,
    /// The SHA-256 of all data that were read.
    pub fingerprint: String,
    /// By region, the number of pictures with an estimated mask, because none has been drawn.
    pub estimated: BTreeMap<String, usize>,
    /// Whether the config states that pictures without a mask of the lesion show none, so that it does not matter what a change
    /// covers in them (`lesion_masks = "no_lesion"`).
    pub no_lesion: bool,
    /// The pictures that could not be read; they are excluded from everything else.
    pub unread: Vec<Unread>,
    /// Information on each artefact, by name.
    pub artefacts: BTreeMap<String, ArtefactSummary>,
    /// Simple properties of the pictures and columns of the data that are associated with a target, by target, the strongest
    /// first.
    pub suspects: BTreeMap<String, Vec<Property>>,
}

/// A picture that could not be read and is therefore excluded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// Its index in the data set, from 0.
    pub place: usize,
    /// Its name.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// One artefact in the data.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ArtefactSummary {
    /// The numbers of pictures of each class that show it or not: `[class][0 = without, 1 = with]`.
    pub groups: Vec<[usize; 2]>,
    /// By target: the strength of its association with the target. Nothing if all pictures, or none, have one of the two.
    pub association: BTreeMap<String, Association>,
    /// How it was inserted into pictures.
    pub insertion: Insertion,
    /// Pictures with a shorter side of at least twice this number of pixels were reduced by an integer factor, to no less
    /// than this number, before they were edited. Nothing if all were edited at their own size.
    pub resolution: Option<u32>,
}

/// The results for one model, one artefact and one target.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CaseResults {
    /// The model's name in the config.
    pub name: String,
    /// The suspected region.
    pub artefact: String,
    /// The class whose probability is compared.
    pub target: String,
    /// The model's architecture.
    pub architecture: String,
    /// SHA-256 of its weights.
    pub weights_sha256: String,
    /// Assumptions and findings about the model that its numbers depend on, one sentence each.
    pub notes: Vec<String>,
    /// What was concluded.
    pub verdict: Verdict,
    /// The expectation of the config, if there is one.
    pub expected: Option<Expectation>,
    /// The probability above which a picture is classified as the target; `None` if the most probable class decides.
    pub decision: Option<f64>,
    /// The probability of the target by group.
    pub groups: Vec<Group>,
    /// The accuracy of the answers: on all pictures, on those without and with the artefact, and by each column of the data.
    pub performance: Vec<Performance>,
    /// The subgroup with the lowest accuracy; `None` if no subgroup has enough pictures.
    pub worst: Option<Worst>,
    /// The effect of each change on the answer.
    pub effects: Vec<Effect>,
    /// The comparison of unedited pictures, by class.
    pub natural: Vec<Natural>,
    /// The comparison of pairs of the same lesion, by class; empty if the data have none.
    pub pairs: Vec<Pairs>,
    /// Whether the model responds to the edits as to real pictures; `None` if this was not tested.
    pub taken: Option<Taken>,
    /// Where the maps of each method concentrate.
    pub attention: Vec<Attention>,
    /// Simple properties of the pictures and columns of the data that are associated with the score given the label, the
    /// strongest first.
    pub suspects: Vec<Property>,
    /// The kinds of maps that each method gives for the target's pictures; empty if the config does not request them.
    pub clusterings: Vec<Clustering>,
    /// Each picture's part.
    #[serde(skip)]
    pub samples: Vec<SampleResult>,
}

impl CaseResults {
    /// Whether the verdict is as the config expects or, without an expectation, not a shortcut.
    pub fn is_as_expected(&self) -> bool {
        self.expected.unwrap_or(Expectation::NoShortcut).holds(self.verdict.kind)
    }
}

/// The conclusion about one model, one artefact and one target.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Verdict {
    /// The conclusion.
    pub kind: VerdictKind,
    /// In one sentence.
    pub summary: String,
    /// The reasons, one sentence for each piece of evidence.
    pub reasons: Vec<String>,
    /// The same as values.
    pub judgement: Judgement,
}

/// The expectation of the config for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expectation {
    /// The verdict `shortcut`.
    Shortcut,
    /// The verdict `clear`.
    Clear,
    /// The verdict `inconclusive`.
    Inconclusive,
    /// Any verdict except `shortcut`.
    NoShortcut,
}

impl Expectation {
    /// The word in configs and reports.
    pub fn name(self) -> &'static str {
        match self {
            Expectation::Shortcut => "shortcut",
            Expectation::Clear => "clear",
            Expectation::Inconclusive => "inconclusive",
            Expectation::NoShortcut => "no_shortcut",
        }
    }

    /// Whether a verdict is as expected.
    pub fn holds(self, kind: VerdictKind) -> bool {
        match self {
            Expectation::Shortcut => kind == VerdictKind::Shortcut,
            Expectation::Clear => kind == VerdictKind::Clear,
            Expectation::Inconclusive => kind == VerdictKind::Inconclusive,
            Expectation::NoShortcut => kind != VerdictKind::Shortcut,
        }
    }
}

/// The kinds of maps that one method gives for the target's pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Clustering {
    /// The method's name.
    pub method: String,
    /// Its display name.
    pub title: String,
    /// The number of maps that were compared.
    pub pictures: usize,
    /// The smallest eigenvalues of the neighbourhood graph's Laplacian; the position of the largest gap gives the number of
    /// kinds.
    pub eigenvalues: Vec<f64>,
    /// The kinds, the largest first.
    pub clusters: Vec<Cluster>,
}

/// A group of similar maps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// How many pictures.
    pub pictures: usize,
    /// Their names.
    pub members: Vec<String>,
    /// The share of them that is classified as the target.
    pub called: Option<f64>,
    /// The mean probability of the target.
    pub probability: Option<f64>,
    /// The share that shows the artefact, of those that are annotated.
    pub artefact: Option<f64>,
    /// The mean density of each region, over the pictures that show it; 1 is chance.
    pub density: BTreeMap<String, f64>,
    /// The pictures that are most similar to all others of the cluster.
    pub typical: Vec<Typical>,
}

/// A typical picture of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Typical {
    /// Its name.
    pub id: String,
    /// Its width and height in pixels, as the model saw it.
    #[serde(skip)]
    pub size: (u32, u32),
    /// The picture as the model saw it, as JPEG.
    #[serde(skip)]
    pub picture: Vec<u8>,
    /// The map, as a PNG overlay.
    #[serde(skip)]
    pub layer: Vec<u8>,
}

/// The answer of a model for one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// The target's probability.
    pub probability: f64,
    /// Whether the picture is classified as the target; after a change, at the majority of its places.
    pub called: bool,
}

/// The results of a case for one picture.
#[derive(Debug, Clone)]
pub struct SampleResult {
    /// The picture's name.
    pub id: String,
    /// Its class.
    pub label: String,
    /// Whether it shows the artefact; `None` if it is not annotated.
    pub artefact: Option<bool>,
    /// The regions whose mask was estimated.
    pub estimated: BTreeSet<String>,
    /// The model's answer for it.
    pub answer: Answer,
    /// The model's answer after each possible change, averaged over the change's places.
    pub changed: BTreeMap<Change, Answer>,
    /// The change of the target's probability when the artefact is removed, or added if it is absent, beyond that of the
    /// neutral edit, averaged over the places that the verdict uses; `None` if there is none.
    pub effect: Option<f64>,
    /// For each method, in the config's order.
    pub maps: Vec<SampleMap>,
    /// What the gallery shows of it; kept for the pictures in the gallery.
    pub exhibit: Option<Exhibit>,
}

/// A picture as the gallery shows it.
#[derive(Debug, Clone)]
pub struct Exhibit {
    /// Its width and height in pixels.
    pub size: (u32, u32),
    /// The picture as the model saw it, as JPEG.
    pub picture: Vec<u8>,
    /// The outlines of its regions, as a PNG overlay.
    pub outlines: Vec<u8>,
    /// Its changed versions as the model saw them, as JPEG, at the first place of each change, with the answer for just that
    /// version.
    pub edited: Vec<(Change, Answer, Vec<u8>)>,
}

/// The results of one map for one picture.
#[derive(Debug, Clone)]
pub struct SampleMap {
    /// The method's name.
    pub method: String,
    /// By region. There is no entry for a region that the picture does not show, and none for a map without positive values.
    pub regions: BTreeMap<String, Placement>,
    /// The relative completeness gap.
    pub gap: Option<f64>,
    /// The remark on the map, if there is one.
    pub remark: Option<String>,
    /// The appearance of the map; `None` for an unusable map.
    pub character: Option<Character<f64>>,
    /// The map, as a PNG overlay; kept for the pictures in the gallery.
    pub layer: Option<Vec<u8>>,
}

/// The provenance of the results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Reglet's version.
    pub reglet: String,
    /// The version of libtorch that the program was compiled for.
    pub libtorch: String,
    /// The device of the models.
    pub device: String,
    /// The seed of everything random.
    pub seed: u64,
    /// The config, as text, with all overrides applied.
    pub config: String,
    /// The config's SHA-256.
    pub config_sha256: String,
    /// The time that the models took, in seconds.
    pub seconds: f64,
}

/// The JSON schema of `results.json`.
pub fn schema() -> String {
    schema_of::<Results>()
}

/// The JSON schema of what is written.
pub(crate) fn schema_of<T: JsonSchema>() -> String {
    let settings = schemars::generate::SchemaSettings::default().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n"
}
