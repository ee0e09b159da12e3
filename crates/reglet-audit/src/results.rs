//! What an audit found, as plain values that are saved and drawn.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use reglet_data::edit::{Change, Insertion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::statistics::{Association, Estimate};

/// The version of `results.json`; raised whenever a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 3;

/// Everything an audit found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Results {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The language of its sentences.
    pub language: Language,
    /// The title that the config gives.
    pub title: String,
    /// The class whose score is explained and whose probability is compared.
    pub target: String,
    /// The region under suspicion (`ruler`).
    pub artefact: String,
    /// The region a classifier should look at (`lesion`), if the data set has it.
    pub lesion: Option<String>,
    /// The data.
    pub data: DataSummary,
    /// One entry for each model, in the config's order.
    pub models: Vec<ModelResults>,
    /// Where all this comes from.
    pub provenance: Provenance,
}

/// The data that was audited.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DataSummary {
    /// Its name.
    pub name: String,
    /// How many pictures.
    pub pictures: usize,
    /// Its classes.
    pub classes: Vec<String>,
    /// SHA-256 over all that was read.
    pub fingerprint: String,
    /// How many pictures of each class show the artefact, or not: `[class][0 = without, 1 = with]`.
    pub groups: Vec<[usize; 2]>,
    /// How strongly the artefact goes with the target; `None` where every picture, or none, has the one or the
    /// other.
    pub association: Option<Association>,
    /// By region, on how many pictures its mask was estimated, since nobody has drawn one.
    pub estimated: BTreeMap<String, usize>,
    /// How the artefact was put into pictures.
    pub insertion: Insertion,
}

/// What was found of one model.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ModelResults {
    /// Its name in the config.
    pub name: String,
    /// Its architecture.
    pub architecture: String,
    /// SHA-256 of its weights.
    pub weights_sha256: String,
    /// What was concluded.
    pub verdict: Verdict,
    /// What the config expects, if it says so.
    pub expected: Option<VerdictKind>,
    /// The probability of the target by group.
    pub groups: Vec<Group>,
    /// How good the answers are: on all pictures, and on those without and with the artefact.
    pub performance: Vec<Performance>,
    /// What each change does to the probability.
    pub effects: Vec<Effect>,
    /// Where each method looks.
    pub attention: Vec<Attention>,
    /// What kinds of maps each method gives of the target's pictures; empty where the config does not ask.
    pub clusterings: Vec<Clustering>,
    /// Each picture's part.
    #[serde(skip)]
    pub samples: Vec<SampleResult>,
}

/// A group of pictures: one class, with or without the artefact.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Group {
    /// The class.
    pub class: String,
    /// Whether the artefact is there.
    pub artefact: bool,
    /// How many pictures.
    pub pictures: usize,
    /// The mean probability of the target; `None` in an empty group.
    pub probability: Option<Estimate>,
    /// The share of pictures that are called the target (probability above one half).
    pub called: Option<f64>,
    /// The probabilities.
    #[serde(skip)]
    pub values: Vec<f64>,
}

/// How good a model's answers are on some of the pictures, for the target against all other classes. A figure
/// is `None` where a class is missing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Performance {
    /// Whether these are the pictures with the artefact, or without it; `None` for all.
    pub artefact: Option<bool>,
    /// How many pictures.
    pub pictures: usize,
    /// The share of the target's pictures that are called the target.
    pub sensitivity: Option<Estimate>,
    /// The share of the other pictures that are not.
    pub specificity: Option<Estimate>,
    /// Area under the ROC curve.
    pub auroc: Option<f64>,
    /// Brier's score, 0 to 1; lower is better.
    pub brier: Option<f64>,
    /// The expected calibration error in ten bins, 0 to 1.
    pub calibration_error: Option<f64>,
}

/// What one change does to the target's probability, over the pictures to which it can be made.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Effect {
    /// The change.
    pub change: Change,
    /// Whether the pictures show the artefact.
    pub with: bool,
    /// How many pictures were changed.
    pub pictures: usize,
    /// On how many of them the mask of what was taken away was estimated.
    pub estimated: usize,
    /// The mean of (after − before), in probability. Where a change was made at several places of a picture, the
    /// mean over them counts as after.
    pub difference: Estimate,
    /// The same of the target's score (the logit).
    pub score: Estimate,
    /// The share of pictures whose decision (above or below one half) changed.
    pub flipped: f64,
    /// How many pictures were called the target before and after.
    pub called: [usize; 2],
    /// Whether it could be chance.
    pub test: Test,
    /// McNemar's exact two-sided p-value of the decisions that changed.
    pub mcnemar: f64,
    /// The smallest mean difference that these pictures would have shown four times out of five.
    pub detectable: Option<f64>,
    /// The same pictures changed as much without meaning.
    pub against: Vec<Contrast>,
    /// Before and after, picture by picture.
    #[serde(skip)]
    pub pairs: Vec<(f64, f64)>,
}

/// A change less its control, picture by picture.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Contrast {
    /// The control.
    pub control: Change,
    /// How many pictures could be changed in both ways.
    pub pictures: usize,
    /// What the control alone does to the probability, on these pictures.
    pub alone: Estimate,
    /// The mean of (after the change − after the control), in probability.
    pub difference: Estimate,
    /// Whether it could be chance.
    pub test: Test,
}

/// Whether paired differences could be chance, and how large they are beside their spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Test {
    /// The two-sided p-value of Wilcoxon's signed-rank test.
    pub p: f64,
    /// The same after Holm's correction for all comparisons that the model's verdict rests on; `None` where it
    /// does not rest on this one.
    pub adjusted: Option<f64>,
    /// Cohen's d of the paired differences.
    pub cohens_d: Option<f64>,
    /// The matched-pairs rank-biserial correlation.
    pub rank_biserial: Option<f64>,
}

/// Where one method's maps lie.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Attention {
    /// The method's name.
    pub method: String,
    /// Its name for people.
    pub title: String,
    /// By region: on the pictures that show it.
    pub regions: BTreeMap<String, RegionAttention>,
    /// The artefact's density less the density at the same place of the same picture once the artefact has
    /// been taken away; `None` where that cannot be done.
    pub artefact_against_control: Option<Estimate>,
    /// The artefact's density less that in the reference model's map of the same picture; `None` for the reference
    /// itself, and where the config names none.
    pub artefact_against_reference: Option<Estimate>,
    /// The median of the relative completeness gap, for methods that promise completeness.
    pub median_gap: Option<f64>,
    /// What the maps look like; `None` where every one is void.
    pub character: Option<Character<Estimate>>,
    /// Whether the maps can be believed; `None` where that was not tried.
    pub trust: Option<Trust>,
    /// How many maps were all zero, had nothing positive, or were not finite.
    pub remarks: BTreeMap<String, usize>,
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

/// Whether a method's maps can be believed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Trust {
    /// The method's name.
    pub method: String,
    /// On how many pictures it was tried.
    pub pictures: usize,
    /// The median rank correlation of a map with that of the same picture under faint noise; `None` where maps
    /// are constant.
    pub stability: Option<f64>,
    /// What became of the maps as weights were drawn anew, from the head down.
    pub randomised: Vec<Randomised>,
    /// Whether the maps are true of the model.
    pub faithfulness: Faithfulness,
    /// Why the method is kept out of the verdict, if it is.
    pub doubt: Option<Doubt>,
}

/// Why a method's maps are not believed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// They change under noise that cannot be seen.
    Unstable {
        /// The median rank correlation.
        found: f64,
        /// The least that the config asks for.
        least: f64,
    },
    /// They hardly change when the model's weights are drawn anew.
    Unmoved {
        /// The median rank correlation.
        found: f64,
        /// The most that the config allows.
        most: f64,
    },
}

/// Whether a method's maps are true of the model, beside maps drawn at random: medians over the pictures it was tried
/// on. A figure is `None` where it is not defined for any of the maps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub struct Faithfulness {
    /// On how many pictures it was tried.
    pub pictures: usize,
    /// The area under the target's probability as the map's highest pixels give way to the mean colour, 0 to 1:
    /// low is good.
    pub deletion: Option<f64>,
    /// The area as they come into a blurred picture, 0 to 1: high is good.
    pub insertion: Option<f64>,
    /// The change of the probability when the highest fifth is filled in from around it: low is good.
    pub road: Option<f64>,
    /// How far the attribution mistakes what small perturbations do to the score, in its units squared: low is
    /// good. `None` for maps of another shape than the input.
    pub infidelity: Option<f64>,
    /// The deletion area of a random map.
    pub random_deletion: Option<f64>,
    /// The insertion area of a random map.
    pub random_insertion: Option<f64>,
    /// The ROAD change of a random map.
    pub random_road: Option<f64>,
}

/// What became of a method's maps when part of the weights were drawn anew.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Randomised {
    /// The share of the modules with weights, from the head down, 0 to 1.
    pub share: f64,
    /// The median rank correlation with the maps of the model itself; `None` where maps are constant.
    pub similarity: Option<f64>,
}

/// A region's part of one method's maps.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RegionAttention {
    /// How many pictures show the region.
    pub pictures: usize,
    /// On how many of them its mask was estimated, since nobody has drawn one.
    pub estimated: usize,
    /// The share of the map that lies in the region, 0 to 1.
    pub share: Estimate,
    /// The share over the region's share of the picture's area: 1 is as much as chance.
    pub density: Estimate,
    /// Of the highest values, as many as the region has pixels, the share that lies in it, 0 to 1.
    pub rank_accuracy: Estimate,
    /// The share of pictures whose map is highest in the region (the pointing game).
    pub pointing: Estimate,
    /// How well the map tells the region from the rest, 0 to 1; 0.5 is chance.
    pub auc: Estimate,
}

/// The kinds of maps that one method gives of the target's pictures.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Clustering {
    /// The method's name.
    pub method: String,
    /// Its name for people.
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
#[derive(Debug, Clone, Serialize, JsonSchema)]
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
#[derive(Debug, Clone, Serialize, JsonSchema)]
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

/// The conclusion about one model.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Verdict {
    /// The conclusion.
    pub kind: VerdictKind,
    /// In one sentence.
    pub summary: String,
    /// What it rests on, a sentence for each piece of evidence.
    pub reasons: Vec<String>,
}

/// A conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The artefact changes what the model says, and the model looks at it.
    Shortcut,
    /// The artefact does not change what the model says.
    Clear,
    /// There is too little evidence, or it disagrees.
    Inconclusive,
}

impl VerdictKind {
    /// The word in results and reports.
    pub fn name(self) -> &'static str {
        match self {
            VerdictKind::Shortcut => "shortcut",
            VerdictKind::Clear => "clear",
            VerdictKind::Inconclusive => "inconclusive",
        }
    }
}

/// What a model says of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The target's probability.
    pub probability: f64,
    /// The target's score: its logit.
    pub score: f64,
}

impl Answer {
    /// The mean of several answers, not a number where there is none.
    pub fn mean(answers: &[Answer]) -> Answer {
        let mean = |of: fn(&Answer) -> f64| answers.iter().map(of).sum::<f64>() / answers.len() as f64;
        Answer { probability: mean(|answer| answer.probability), score: mean(|answer| answer.score) }
    }
}

/// One picture's part of a model's results.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SampleResult {
    /// The picture's name.
    pub id: String,
    /// Its class.
    pub label: String,
    /// Whether it shows the artefact; `None` where nobody has annotated it.
    pub artefact: Option<bool>,
    /// The regions whose mask was estimated.
    pub estimated: BTreeSet<String>,
    /// What the model says of it.
    pub answer: Answer,
    /// What it says after each change that could be made.
    pub changed: BTreeMap<Change, Answer>,
    /// For each method, in the config's order.
    pub maps: Vec<SampleMap>,
    /// What the gallery shows of it: kept for those in the gallery.
    pub exhibit: Option<Exhibit>,
}

/// A picture as the gallery shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
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

/// One map's part of one picture's results.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SampleMap {
    /// The method's name.
    pub method: String,
    /// By region; a region that the picture does not show, and a map without a positive value, have none.
    pub regions: BTreeMap<String, Placement>,
    /// The artefact's density here less that at the same place once it has been taken away.
    pub against_control: Option<f64>,
    /// The relative completeness gap.
    pub gap: Option<f64>,
    /// What there is to say of the map.
    pub remark: Option<Cow<'static, str>>,
    /// What it looks like; `None` for a void map.
    pub character: Option<Character<f64>>,
    /// The map in small, for comparing it with others; kept where the config asks for clusters, and there is anything
    /// positive in it.
    pub sketch: Option<Vec<f32>>,
    /// The map as a PNG to lay over the picture: kept for those in the gallery.
    pub layer: Option<Vec<u8>>,
}

/// Where the results come from.
#[derive(Debug, Clone, Serialize, JsonSchema)]
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
    /// How long the audit took, in seconds.
    pub seconds: f64,
}

/// The JSON schema of `results.json`.
pub fn schema() -> String {
    let settings = schemars::generate::SchemaSettings::default().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Results>();
    serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n"
}
