//! The audit's config and its validation. The data and models that it names are opened by the plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reglet_attribution::{Method, Methods};
use reglet_data::coco::CocoOptions;
use reglet_data::edit::{Change, EditOptions};
use reglet_data::film::{FilmOptions, Films};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{
    DataError, Dataset, FolderOptions, Ham10000Options, ImageFolderOptions, IsicOptions, ManifestOptions,
    Size,
};
use reglet_evidence::{OperatingPoint, Rules, Subject, VerdictConfig};
use reglet_model::{Architecture, Head, Preprocessing, Rewrite, ScoreKind, device};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::results::Expectation;
use crate::source::Source;
use crate::{Error, parameters};

/// An audit's config, in TOML.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = of_a_file)]
pub struct Config {
    /// The report's title.
    pub title: String,
    /// The language of the report and of the verdict's sentences: `en` or `fr`.
    pub language: Language,
    /// Fixes everything random.
    pub seed: u64,
    /// The class whose score is explained: a label.
    pub target: Option<String>,
    /// Several such classes, instead of `target`.
    pub targets: Vec<String>,
    /// The suspected region; `ruler` if neither this nor `artefacts` is given.
    pub artefact: Option<String>,
    /// Several suspected regions, by name, instead of `artefact`.
    pub artefacts: BTreeMap<String, ArtefactConfig>,
    /// The region that a classifier should look at. Inserted artefacts do not cover it.
    pub lesion: String,
    /// The source of its masks.
    pub lesion_masks: LesionMasks,
    /// The device of the models: `auto`, `cpu`, `cuda:N` or `mps`.
    pub device: String,
    /// The graph optimisations that the models use, which give the same values faster; all by default.
    pub rewrites: Vec<Rewrite>,
    /// The changes of each picture. Without any, pictures are only shown, and there are no conclusions.
    pub changes: Vec<Change>,
    /// How pictures are edited.
    pub edit: EditOptions,
    /// The number of pictures of each model in the report's gallery.
    pub gallery: usize,
    /// The number of pictures for which maps are computed, sampled evenly from the data; all by default. A map costs much
    /// more than an answer, and verdicts rest on answers.
    pub maps: Option<usize>,
    /// The tolerated share of unreadable pictures, 0 to 1: these are skipped, named and counted. If there are more, the
    /// audit stops; with 0, at the first.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub unreadable: f64,
    /// The pictures. Not needed for an audit of a data set that is already open (`Plan::new`).
    #[schemars(with = "DataConfig")]
    pub data: Option<DataConfig>,
    /// The models, by name. For models that are already loaded (`Plan::new`), only `expect` is used.
    pub models: BTreeMap<String, ModelConfig>,
    /// The model with whose maps those of the others are compared, for each picture; preferably one that is known to be free
    /// of the shortcut.
    pub reference: Option<String>,
    /// The methods, each with its parameters; by default, Saliency, Integrated Gradients and Grad-CAM.
    pub methods: Methods,
    /// When a method's maps are trusted.
    pub trust: TrustConfig,
    /// Whether maps are grouped by similarity, to reveal shortcuts that the config does not name.
    pub clusters: Option<ClustersConfig>,
    /// When a picture counts as classified as the target: if its probability is above a number; if it is the most probable
    /// class (`argmax`, the default for more than two classes); or with the threshold at which a share of the target's own
    /// pictures is classified correctly (`{ sensitivity = 0.95 }`). The default for two classes is 0.5.
    pub operating_point: Option<OperatingPoint>,
    /// The score of the target that the methods explain.
    pub score: Option<ScoreKind>,
    /// The requirements of the verdict.
    pub verdict: VerdictConfig,
}

/// One of several suspected regions. Omitted keys are taken from the top of the config.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ArtefactConfig {
    /// The changes of each picture.
    pub changes: Option<Vec<Change>>,
    /// How pictures are edited.
    pub edit: Option<EditOptions>,
}

/// The expected verdict on a model.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Expected {
    /// The same for every artefact and target.
    Every(Expectation),
    /// By artefact.
    ByArtefact(BTreeMap<String, Expectation>),
}

impl Expected {
    /// The expectation for each artefact.
    pub fn of(&self, artefact: &str) -> Option<Expectation> {
        match self {
            Expected::Every(expectation) => Some(*expectation),
            Expected::ByArtefact(expectations) => expectations.get(artefact).copied(),
        }
    }
}

/// The source of the lesion's masks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LesionMasks {
    /// The data set. For a picture without a mask, there are no numbers on its lesion.
    #[default]
    Given,
    /// The data set or, for pictures without a mask, an estimate by Otsu's threshold; implausible estimates are discarded.
    /// The results mark numbers that rest on estimates.
    Estimated,
}

/// The source of the pictures.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataConfig {
    /// Generated pictures with known regions.
    Phantoms(PhantomOptions),
    /// Generated chest films.
    Films(FilmOptions),
    /// Pictures, labels and masks listed in a CSV file.
    Manifest(ManifestOptions),
    /// A folder with one folder for each class.
    Folder(FolderOptions),
    /// Hugging Face's imagefolder.
    #[serde(rename = "imagefolder")]
    ImageFolder(ImageFolderOptions),
    /// An ISIC challenge in its original layout.
    Isic(IsicOptions),
    /// HAM10000 in its original layout.
    Ham10000(Ham10000Options),
}

/// One model: an architecture and its weights, or an archive or an ONNX file, which contains both.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The architecture, by its name in torchvision.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub architecture: Option<Architecture>,
    /// The weights file, or `torchvision`.
    #[serde(default)]
    pub weights: Option<PathBuf>,
    /// A model saved by torch.export (`.pt2`) or an ONNX file (`.onnx`), with its weights; or, if it is trusted, a
    /// TorchScript program.
    #[serde(default)]
    pub archive: Option<PathBuf>,
    /// Allows a TorchScript program to run. Use it only for programs from a trusted source, because they can do whatever
    /// their author wrote.
    #[serde(default)]
    pub run_torchscript: bool,
    /// The name of the output with the logits, for an ONNX file with several outputs.
    #[serde(default)]
    pub output: Option<String>,
    /// The meaning of the logits: `softmax`, one class of several; `sigmoid`, one logit for two classes; `multi_label`, each
    /// class separately. By default, it is taken from the last layer of the network, else `softmax`.
    #[serde(default)]
    pub head: Option<Head>,
    /// The number of channels relative to the published network.
    #[serde(default = "default_width")]
    pub width: f64,
    /// The classes, in the order of the logits; by default those of the data set, if their number matches.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// The preprocessing of pictures; by default, the size that an archive was exported for, else `notebook`.
    #[serde(default)]
    pub preprocessing: Option<PreprocessingConfig>,
    /// The expected verdict: `shortcut`, `clear`, `inconclusive`, or `no_shortcut` for either of the latter two; or one of
    /// them for each artefact. If every model has its expected verdict, the exit status is 0.
    #[serde(default)]
    pub expect: Option<Expected>,
}

/// The preprocessing of pictures. All variants except `custom` specify only the size; the mean and the standard deviation
/// are then those in an exported model's archive or in a file beside it, if there are any, else ImageNet's.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreprocessingConfig {
    /// Resized to 224×224.
    #[default]
    Notebook,
    /// The shorter side to 256, the centre 224×224.
    Torchvision,
    /// Resized to a square of this side.
    Square(#[schemars(range(min = 1, max = 4096))] u32),
    /// Resized to this width and height.
    Size(Size),
    /// Everything said.
    Custom(Preprocessing),
}

/// When a method's maps are trusted. A method that is not trusted is shown, but does not influence the verdict.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrustConfig {
    /// The number of pictures on which the methods are tested; 0: they are trusted without a test.
    pub pictures: usize,
    /// The minimum rank correlation between a map and the same picture's map after faint noise, -1 to 1.
    pub min_stability: f64,
    /// The maximum rank correlation between a map and that of the same model with all its weights re-initialised, -1 to 1.
    pub max_randomised: f64,
}

/// The grouping of maps.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClustersConfig {
    /// The maximum number of groups, 1 to 20.
    #[schemars(range(min = 1, max = 20))]
    pub most: usize,
    /// The number of typical pictures that are shown for each group, 1 to 20.
    #[schemars(range(min = 1, max = 20))]
    pub typical: usize,
}

impl Default for ClustersConfig {
    fn default() -> Self {
        ClustersConfig { most: 8, typical: 4 }
    }
}

impl Default for TrustConfig {
    fn default() -> Self {
        TrustConfig { pictures: 6, min_stability: 0.2, max_randomised: 0.6 }
    }
}

/// The default suspected region.
const DEFAULT_ARTEFACT: &str = "ruler";

/// The default region that a classifier should look at.
pub(crate) const DEFAULT_LESION: &str = "lesion";

impl Default for Config {
    fn default() -> Self {
        Config {
            title: "Does the classifier look at the ruler?".to_owned(),
            language: Language::default(),
            seed: 0,
            target: None,
            targets: Vec::new(),
            artefact: None,
            artefacts: BTreeMap::new(),
            lesion: DEFAULT_LESION.to_owned(),
            lesion_masks: LesionMasks::default(),
            device: "auto".to_owned(),
            rewrites: Rewrite::ALL.to_vec(),
            changes: vec![Change::Insert, Change::Remove, Change::Control, Change::Scrambled],
            edit: EditOptions::default(),
            gallery: 16,
            maps: None,
            unreadable: 0.0,
            data: None,
            models: BTreeMap::new(),
            reference: None,
            methods: Methods::default(),
            trust: TrustConfig::default(),
            clusters: None,
            operating_point: None,
            score: None,
            verdict: VerdictConfig::default(),
        }
    }
}

fn default_width() -> f64 {
    1.0
}

impl Config {
    /// The classes whose scores are explained.
    pub fn targets(&self) -> Vec<String> {
        self.target.iter().chain(&self.targets).cloned().collect()
    }

    /// The suspected regions, each with its changes and their options.
    pub fn artefacts(&self) -> Vec<(String, Vec<Change>, EditOptions)> {
        if self.artefacts.is_empty() {
            let name = self.artefact.clone().unwrap_or_else(|| DEFAULT_ARTEFACT.to_owned());
            return vec![(name, self.changes.clone(), self.edit.clone())];
        }
        let of = |(name, own): (&String, &ArtefactConfig)| {
            let changes = own.changes.clone().unwrap_or_else(|| self.changes.clone());
            (name.clone(), changes, own.edit.clone().unwrap_or_else(|| self.edit.clone()))
        };
        self.artefacts.iter().map(of).collect()
    }

    /// The rules by which the rows of this subject are judged.
    pub(crate) fn rules(&self, subject: &Subject) -> Rules {
        let usual =
            if subject.classes.len() > 2 { OperatingPoint::ARGMAX } else { OperatingPoint::Above(0.5) };
        let named = |name: &String| subject.models.iter().position(|model| model == name);
        Rules {
            verdict: self.verdict.clone(),
            operating_point: self.operating_point.unwrap_or(usual),
            seed: self.seed,
            reference: self.reference.as_ref().and_then(named),
        }
    }

    /// The same config, with its relative paths resolved against `folder`, from which it was read.
    #[must_use]
    pub fn relative_to(mut self, folder: &Path) -> Config {
        self.data = self.data.map(|data| data.relative_to(folder));
        for model in self.models.values_mut() {
            let weights = model.weights.iter_mut().filter(|weights| weights.as_os_str() != "torchvision");
            weights.chain(&mut model.archive).for_each(|path| *path = folder.join(&path));
        }
        let methods = self.methods.chosen().into_iter();
        self.methods = methods.map(|method| parameters::relative_to(method, folder)).collect();
        self
    }

    /// The chosen methods, or the default methods if none is chosen.
    pub(crate) fn chosen_methods(&self) -> Vec<Method> {
        let chosen = self.methods.clone().chosen();
        if chosen.is_empty() { Method::usual() } else { chosen }
    }

    /// Checks that its values are in range and consistent with each other and with models of these names.
    ///
    /// # Errors
    /// The first error, shown at its line of `source`.
    pub(crate) fn check(&self, source: &Source, models: &[&String]) -> Result<(), Error> {
        if let Some((key, message)) = self.verdict.fault() {
            return Err(source.at(&format!("verdict.{key}"), &message));
        }
        if let Some(message) = self.operating_point.as_ref().and_then(OperatingPoint::fault) {
            return Err(source.at("operating_point", &message));
        }
        if self.target.is_some() != self.targets.is_empty() {
            let message = "give the class whose score is explained, as target = \"melanoma\", or several classes, as targets = [\"a\", \"b\"]";
            return Err(source.at(if self.target.is_some() { "target" } else { "targets" }, message));
        }
        if self.artefact.is_some() && !self.artefacts.is_empty() {
            let message = "give either one suspected region, as artefact = \"ruler\", or several, as [artefacts.ruler] …";
            return Err(source.at("artefact", message));
        }
        let TrustConfig { min_stability, max_randomised, .. } = self.trust;
        for (key, value) in [("min_stability", min_stability), ("max_randomised", max_randomised)] {
            if !(-1.0..=1.0).contains(&value) {
                let message = format!("{key} is {value}, but must be from -1 to 1");
                return Err(source.at(&format!("trust.{key}"), &message));
            }
        }
        if !(0.0..=1.0).contains(&self.unreadable) {
            let message = format!("unreadable is {}, but must be a share from 0 to 1", self.unreadable);
            return Err(source.at("unreadable", &message));
        }
        if let Some(ClustersConfig { most, typical }) = self.clusters {
            for (key, value) in [("most", most), ("typical", typical)] {
                if !(1..=20).contains(&value) {
                    let message = format!("{key} is {value}, but must be from 1 to 20");
                    return Err(source.at(&format!("clusters.{key}"), &message));
                }
            }
        }
        if models.is_empty() {
            return Err(source.at("models", "no model is named; add a table [models.NAME]"));
        }
        if let Some(reference) = self.reference.as_ref().filter(|name| !models.contains(name)) {
            let models: Vec<&str> = models.iter().map(|name| name.as_str()).collect();
            let message = format!(
                "the reference model '{reference}' does not exist; the models are: {}",
                models.join(", ")
            );
            return Err(source.at("reference", &message));
        }
        for method in self.chosen_methods() {
            let key = format!("methods.{}", method.name());
            method.get().check().map_err(|error| source.at(&key, &error.to_string()))?;
        }
        device(&self.device).map_err(|error| source.at("device", &error.to_string()))?;
        Ok(())
    }
}

impl DataConfig {
    pub(crate) fn open(&self, folder: &Path) -> Result<Box<dyn Dataset>, DataError> {
        Ok(match self.clone().relative_to(folder) {
            DataConfig::Phantoms(options) => Box::new(Phantoms::new(options)?),
            DataConfig::Films(options) => Box::new(Films::new(options)?),
            DataConfig::Manifest(options) => Box::new(options.open()?),
            DataConfig::Folder(options) => Box::new(options.open()?),
            DataConfig::ImageFolder(options) => Box::new(options.open()?),
            DataConfig::Isic(options) => Box::new(options.open()?),
            DataConfig::Ham10000(options) => Box::new(options.open()?),
        })
    }

    /// The same pictures with relative paths taken from `folder`.
    fn relative_to(self, folder: &Path) -> DataConfig {
        match self {
            DataConfig::Phantoms(options) => DataConfig::Phantoms(options),
            DataConfig::Films(options) => DataConfig::Films(options),
            DataConfig::Manifest(options) => DataConfig::Manifest(options.relative_to(folder)),
            DataConfig::Folder(options) => DataConfig::Folder(options.relative_to(folder)),
            DataConfig::ImageFolder(options) => DataConfig::ImageFolder(options.relative_to(folder)),
            DataConfig::Isic(options) => DataConfig::Isic(options.relative_to(folder)),
            DataConfig::Ham10000(options) => DataConfig::Ham10000(options.relative_to(folder)),
        }
    }

    /// The COCO annotations that the pictures have, to be read or named.
    pub fn coco(&mut self) -> Option<&mut Option<CocoOptions>> {
        match self {
            DataConfig::Phantoms(_) | DataConfig::Films(_) => None,
            DataConfig::Manifest(options) => Some(&mut options.coco),
            DataConfig::Folder(options) => Some(&mut options.coco),
            DataConfig::ImageFolder(options) => Some(&mut options.coco),
            DataConfig::Isic(options) => Some(&mut options.coco),
            DataConfig::Ham10000(options) => Some(&mut options.coco),
        }
    }

    /// The dotted key of the value that is at fault for an error of [`open`](DataConfig::open).
    pub(crate) fn key_of(&self, error: &DataError) -> &'static str {
        let (key, coco_key, coco) = match self {
            DataConfig::Phantoms(_) => return "data.phantoms",
            DataConfig::Films(_) => return "data.films",
            DataConfig::Manifest(options) => {
                ("data.manifest.manifest", "data.manifest.coco.file", options.coco.as_ref())
            }
            DataConfig::Folder(options) => {
                ("data.folder.folder", "data.folder.coco.file", options.coco.as_ref())
            }
            DataConfig::ImageFolder(options) => {
                ("data.imagefolder.folder", "data.imagefolder.coco.file", options.coco.as_ref())
            }
            DataConfig::Isic(options) => ("data.isic.folder", "data.isic.coco.file", options.coco.as_ref()),
            DataConfig::Ham10000(options) => {
                ("data.ham10000.folder", "data.ham10000.coco.file", options.coco.as_ref())
            }
        };
        let file = match error {
            DataError::Unreadable { path, .. } | DataError::Store { path, .. } => Some(path),
            DataError::Problems(problems) => problems.0.first().map(|problem| &problem.file),
            _ => None,
        };
        // The path in the error begins with the folder to which the config's path is relative.
        let of_coco = file.zip(coco).is_some_and(|(file, coco)| file.ends_with(&coco.file));
        if of_coco { coco_key } else { key }
    }
}

/// The schema of a config in a file, which has to name pictures and models.
fn of_a_file(schema: &mut schemars::Schema) {
    schema.insert("required".to_owned(), serde_json::json!(["data", "models"]));
    for key in ["data", "models"] {
        let property = schema.pointer_mut(&format!("/properties/{key}"));
        property.and_then(serde_json::Value::as_object_mut).map(|property| property.remove("default"));
    }
}

/// The JSON schema of [`Config`].
pub fn schema() -> String {
    let schema = schemars::schema_for!(Config);
    serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n"
}
