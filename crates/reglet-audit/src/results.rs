//! What an audit found, as plain values that are saved and drawn.

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

/// The version of `results.json`; raised whenever a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 4;

/// Everything an audit found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Results {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The language of its sentences.
    pub language: Language,
    /// The title that the config gives.
    pub title: String,
    /// The classes whose scores are explained and whose probabilities are compared.
    pub targets: Vec<String>,
    /// The regions under suspicion (`ruler`).
    pub artefacts: Vec<String>,
    /// The region a classifier should look at (`lesion`), if the data set has it.
    pub lesion: Option<String>,
    /// The data.
    pub data: DataSummary,
    /// One entry for each model, artefact and target, in this order.
    pub cases: Vec<CaseResults>,
    /// Where all this comes from.
    pub provenance: Provenance,
}

impl Results {
    /// What a case is called: its model, with its artefact and its target where there are several.
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

/// The data that was audited.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DataSummary {
    /// Its name.
    pub name: String,
    /// How many pictures.
    pub pictures: usize,
    /// How many patients or lesions they are of; as many as there are pictures where the data do not say.
    pub groups: usize,
    /// Its classes.
    pub classes: Vec<String>,
    /// SHA-256 over all that was read.
    pub fingerprint: String,
    /// By region, on how many pictures its mask was estimated, because none has been drawn.
    pub estimated: BTreeMap<String, usize>,
    /// The pictures that could not be read: they are left out of all else.
    pub unread: Vec<Unread>,
    /// What is known of each artefact, by name.
    pub artefacts: BTreeMap<String, ArtefactSummary>,
    /// Plain properties of the pictures and columns of the data that go with a target, by target, the strongest first.
    pub suspects: BTreeMap<String, Vec<Property>>,
}

/// A picture that could not be read, and so is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// Its place in the data set, from 0.
    pub place: usize,
    /// Its name.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// One artefact in the data.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ArtefactSummary {
    /// How many pictures of each class show it, or not: `[class][0 = without, 1 = with]`.
    pub groups: Vec<[usize; 2]>,
    /// By target: how strongly it goes with the target. Nothing where every picture, or none, has the one or the other.
    pub association: BTreeMap<String, Association>,
    /// How it was put into pictures.
    pub insertion: Insertion,
    /// Pictures with a shorter side of at least twice so many pixels were made smaller, by a whole factor and to no less than
    /// that, before they were changed. Nothing where all were changed at their own size.
    pub resolution: Option<u32>,
}

/// What was found of one model, one artefact and one target.
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
    /// What was assumed or found of the model that its numbers rest on, a sentence each.
    pub notes: Vec<String>,
    /// What was concluded.
    pub verdict: Verdict,
    /// What the config expects, if it says so.
    pub expected: Option<Expectation>,
    /// The probability above which a picture is classified as the target; `None` if the most probable class decides.
    pub decision: Option<f64>,
    /// The probability of the target by group.
    pub groups: Vec<Group>,
    /// The accuracy of the answers: on all pictures, on those without and with the artefact, and by each column of the data.
    pub performance: Vec<Performance>,
    /// The subgroup with the lowest accuracy; `None` if no subgroup has enough pictures.
    pub worst: Option<Worst>,
    /// What each change does to the answer.
    pub effects: Vec<Effect>,
    /// The comparison of unedited pictures, by class.
    pub natural: Vec<Natural>,
    /// The comparison of pairs of the same lesion; `None` if the data have none.
    pub pairs: Option<Pairs>,
    /// Whether the edits are, to the model, what they stand for; `None` if that was not tried.
    pub taken: Option<Taken>,
    /// Where the maps of each method concentrate.
    pub attention: Vec<Attention>,
    /// Plain properties of the pictures and columns of the data that go with the score given the label, the strongest
    /// first.
    pub suspects: Vec<Property>,
    /// What kinds of maps each method gives of the target's pictures; empty where the config does not ask.
    pub clusterings: Vec<Clustering>,
    /// Each picture's part.
    #[serde(skip)]
    pub samples: Vec<SampleResult>,
}

impl CaseResults {
    /// Whether the verdict is what the config expects or, where it expects nothing, no shortcut.
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
    /// What it rests on, a sentence for each piece of evidence.
    pub reasons: Vec<String>,
    /// The same as values.
    pub judgement: Judgement,
}

/// What the config expects of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// The verdict `shortcut`.
    Shortcut,
    /// The verdict `clear`.
    Clear,
    /// The verdict `inconclusive`.
    Inconclusive,
    /// Any verdict but `shortcut`.
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

/// The kinds of maps that one method gives of the target's pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Clustering {
    /// The method's name.
    pub method: String,
    /// Its display name.
    pub title: String,
    /// How many maps were compared.
    pub pictures: usize,
    /// The smallest eigenvalues of the neighbourhood graph's Laplacian; where they leave the largest gap, so many kinds
    /// there are.
    pub eigenvalues: Vec<f64>,
    /// The kinds, the largest first.
    pub clusters: Vec<Cluster>,
}

/// Maps that are alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// How many pictures.
    pub pictures: usize,
    /// Their names.
    pub members: Vec<String>,
    /// The share of them that is called the target.
    pub called: Option<f64>,
    /// The mean probability of the target.
    pub probability: Option<f64>,
    /// The share that shows the artefact, of those that are annotated.
    pub artefact: Option<f64>,
    /// The mean density of each region, over the pictures that show it: 1 is chance.
    pub density: BTreeMap<String, f64>,
    /// The pictures that are most like all others of the cluster.
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
    /// The map as a PNG to lay over it.
    #[serde(skip)]
    pub layer: Vec<u8>,
}

/// What a model says of one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// The target's probability.
    pub probability: f64,
    /// Whether the picture is called the target; after a change, at most of its places.
    pub called: bool,
}

/// One picture's part of a case.
#[derive(Debug, Clone)]
pub struct SampleResult {
    /// The picture's name.
    pub id: String,
    /// Its class.
    pub label: String,
    /// Whether it shows the artefact; `None` if nobody has annotated it.
    pub artefact: Option<bool>,
    /// The regions whose mask was estimated.
    pub estimated: BTreeSet<String>,
    /// What the model says of it.
    pub answer: Answer,
    /// What it says after each change that could be made, on average over the change's places.
    pub changed: BTreeMap<Change, Answer>,
    /// What taking the artefact away, or putting it in where it is not, adds to the target's probability beyond the neutral
    /// edit, on average over the places that the verdict counts; `None` if there is none.
    pub effect: Option<f64>,
    /// For each method, in the config's order.
    pub maps: Vec<SampleMap>,
    /// What the gallery shows of it: kept for those in the gallery.
    pub exhibit: Option<Exhibit>,
}

/// A picture as the gallery shows it.
#[derive(Debug, Clone)]
pub struct Exhibit {
    /// Its width and height in pixels.
    pub size: (u32, u32),
    /// The picture as the model saw it, as JPEG.
    pub picture: Vec<u8>,
    /// Its regions' outlines, as a PNG to lay over it.
    pub outlines: Vec<u8>,
    /// Its changed versions as the model saw them, as JPEG.
    pub edited: Vec<(Change, Vec<u8>)>,
}

/// One map's part of one picture's results.
#[derive(Debug, Clone)]
pub struct SampleMap {
    /// The method's name.
    pub method: String,
    /// By region; a region that the picture does not show, and a map without a positive value, have none.
    pub regions: BTreeMap<String, Placement>,
    /// The relative completeness gap.
    pub gap: Option<f64>,
    /// What there is to say of the map.
    pub remark: Option<String>,
    /// What it looks like; `None` for a void map.
    pub character: Option<Character<f64>>,
    /// The map as a PNG to lay over the picture: kept for those in the gallery.
    pub layer: Option<Vec<u8>>,
}

/// Where the results come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Reglet's version.
    pub reglet: String,
    /// The version of libtorch that the program was compiled for.
    pub libtorch: String,
    /// Where the models ran.
    pub device: String,
    /// The seed of everything random.
    pub seed: u64,
    /// The config, as text, with every override applied.
    pub config: String,
    /// The config's SHA-256.
    pub config_sha256: String,
    /// How long the models were asked, in seconds.
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
