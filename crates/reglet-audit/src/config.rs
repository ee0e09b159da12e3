//! The audit's config: read, checked once, and turned into a [`Plan`] that nothing later checks again.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use miette::NamedSource;
use reglet_attribution::{Method, Methods};
use reglet_data::edit::{Change, EditError, EditOptions, Editor};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{
    DataError, Dataset, EstimatedLesions, FolderOptions, Ham10000Options, ImageFolderOptions, IsicOptions,
    ManifestOptions,
};
use reglet_model::{
    Architecture, ImportOptions, Model, ModelError, ModelOptions, Preprocessing, Rewrite, WeightsSource,
    device,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use toml_edit::{DocumentMut, Item, Table, Value};

use crate::language::Language;
use crate::progress::Progress;
use crate::results::VerdictKind;
use crate::{ConfigError, Error, parameters};

/// An audit's config, in TOML.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The report's title.
    #[serde(default = "default_title")]
    pub title: String,
    /// The language of the report and of the verdict's sentences: `en` or `fr`.
    #[serde(default)]
    pub language: Language,
    /// Fixes everything random.
    #[serde(default)]
    pub seed: u64,
    /// The class whose score is explained: a label, or an index.
    pub target: String,
    /// The region under suspicion.
    #[serde(default = "default_artefact")]
    pub artefact: String,
    /// The region a classifier should look at. What is put into a picture keeps off it.
    #[serde(default = "default_lesion")]
    pub lesion: String,
    /// Where its masks come from.
    #[serde(default)]
    pub lesion_masks: LesionMasks,
    /// Where the models run: `auto`, `cpu`, `cuda:N` or `mps`.
    #[serde(default = "default_device")]
    pub device: String,
    /// The rewrites that the models run by, all unless given: faster ways to the same values.
    #[serde(default = "default_rewrites")]
    pub rewrites: Vec<Rewrite>,
    /// What is changed about each picture. None: it is only looked at, and nothing can be concluded.
    #[serde(default = "default_changes")]
    pub changes: Vec<Change>,
    /// How it is changed.
    #[serde(default)]
    pub edit: EditOptions,
    /// How many pictures the report's gallery shows of each model.
    #[serde(default = "default_gallery")]
    pub gallery: usize,
    /// The pictures.
    pub data: DataConfig,
    /// The models, by name.
    pub models: BTreeMap<String, ModelConfig>,
    /// One of them that the others' maps are compared with, picture by picture: best one known to be clean.
    #[serde(default)]
    pub reference: Option<String>,
    /// The methods, each with its parameters; if none is given, Saliency, Integrated Gradients and Grad-CAM.
    #[serde(default)]
    pub methods: Methods,
    /// When a method's maps are believed.
    #[serde(default)]
    pub trust: TrustConfig,
    /// Whether maps are grouped by how alike they are, so that shortcuts show that nobody has named.
    #[serde(default)]
    pub clusters: Option<ClustersConfig>,
    /// What the verdict asks for.
    #[serde(default)]
    pub verdict: VerdictConfig,
}

/// Where the masks of the lesion come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LesionMasks {
    /// From the data set. A picture without one has no figures of its lesion.
    #[default]
    Given,
    /// From the data set or, where a picture has none, estimated by Otsu's threshold; what is not credible is left
    /// out. The results say where figures rest on estimates.
    Estimated,
}

/// Where the pictures come from.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataConfig {
    /// Generated pictures, of which everything is known.
    Phantoms(PhantomOptions),
    /// Pictures, labels and masks listed in a CSV file.
    Manifest(ManifestOptions),
    /// A folder of class folders.
    Folder(FolderOptions),
    /// Hugging Face's imagefolder.
    #[serde(rename = "imagefolder")]
    ImageFolder(ImageFolderOptions),
    /// An ISIC challenge, as it comes.
    Isic(IsicOptions),
    /// HAM10000, as it comes.
    Ham10000(Ham10000Options),
}

/// One model: an architecture and its weights, or an archive that holds both.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The network, by torchvision's name.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub architecture: Option<Architecture>,
    /// The weights file, or `torchvision`.
    #[serde(default)]
    pub weights: Option<PathBuf>,
    /// A model that torch.export saved (`.pt2`), with its weights; or, if it is trusted, a TorchScript program.
    #[serde(default)]
    pub archive: Option<PathBuf>,
    /// A TorchScript program is run, since it comes from a source that is trusted: it does what its author wrote.
    #[serde(default)]
    pub run_torchscript: bool,
    /// The network's channels relative to the published one.
    #[serde(default = "default_width")]
    pub width: f64,
    /// The classes, in the order of the logits; where this is left out, those of the data set if their number
    /// fits.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// How pictures become the model's input; where this is left out, what an archive was exported for, else
    /// `notebook`.
    #[serde(default)]
    pub preprocessing: Option<PreprocessingConfig>,
    /// What the audit is expected to find. If every model comes out as expected, the run ends with status 0.
    #[serde(default)]
    pub expect: Option<VerdictKind>,
}

/// How pictures become a model's input.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreprocessingConfig {
    /// Resized to 224×224; ImageNet's mean and standard deviation.
    #[default]
    Notebook,
    /// The shorter side to 256, the centre 224×224; ImageNet's mean and standard deviation.
    Torchvision,
    /// Resized to a square of this side; ImageNet's mean and standard deviation.
    Square(#[schemars(range(min = 1, max = 4096))] u32),
    /// Everything said.
    Custom(Preprocessing),
}

/// When a method's maps are believed. One whose maps are not is shown, and kept out of the verdict.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrustConfig {
    /// On how many pictures the methods are tried; 0: they are believed untried.
    pub pictures: usize,
    /// The least rank correlation of a map with that of the same picture under faint noise, -1 to 1.
    pub min_stability: f64,
    /// The largest rank correlation of a map with that of the same model once all its weights are drawn anew, -1 to 1.
    pub max_randomised: f64,
}

/// How maps are grouped.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClustersConfig {
    /// The most groups that are looked for, 1 to 20.
    #[schemars(range(min = 1, max = 20))]
    pub most: usize,
    /// How many typical pictures are shown of each, 1 to 20.
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

/// What the verdict asks for.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerdictConfig {
    /// The smallest mean change of the target's probability that counts, 0 to 1.
    pub min_effect: f64,
    /// The artefact's density above which a map counts as lying on it; 1 is chance.
    pub min_density: f64,
    /// The fewest pictures from which anything is concluded.
    pub min_pictures: usize,
    /// The largest p-value, after Holm's correction, of a change that counts, above 0 and at most 0.5.
    pub max_p: f64,
    /// Whether a shortcut must show both when the artefact is put in and when it is taken away.
    pub both: bool,
    /// Whether the artefact must do more than its own parts in disorder: then its form matters, and not just
    /// that something dark is there.
    pub form: bool,
}

impl Default for VerdictConfig {
    fn default() -> Self {
        VerdictConfig {
            min_effect: 0.1,
            min_density: 1.0,
            min_pictures: 10,
            max_p: 0.05,
            both: false,
            form: false,
        }
    }
}

fn default_title() -> String {
    "Does the classifier look at the ruler?".to_owned()
}

fn default_artefact() -> String {
    "ruler".to_owned()
}

fn default_lesion() -> String {
    "lesion".to_owned()
}

fn default_device() -> String {
    "auto".to_owned()
}

fn default_rewrites() -> Vec<Rewrite> {
    Rewrite::ALL.to_vec()
}

fn default_changes() -> Vec<Change> {
    vec![Change::Insert, Change::Remove, Change::Control, Change::Scrambled]
}

fn default_gallery() -> usize {
    16
}

fn default_width() -> f64 {
    1.0
}

/// An audit that can be run.
pub struct Plan {
    /// The config it comes from.
    pub config: Config,
    /// The config's text, overrides applied.
    pub text: String,
    /// The SHA-256 of that text.
    pub sha256: String,
    /// The pictures.
    pub data: Box<dyn Dataset>,
    /// What changes them.
    pub editor: Editor,
    /// The models with their names.
    pub models: Vec<(String, Model)>,
    /// The methods.
    pub methods: Vec<Method>,
}

/// A config as it was read, with what is needed to point into it.
pub(crate) struct Document<T> {
    /// What it says.
    pub config: T,
    /// Its text, overrides applied.
    pub source: Source,
    /// The folder that its relative paths start from.
    pub folder: PathBuf,
}

impl<T: DeserializeOwned> Document<T> {
    /// Reads a config and applies `key=value` overrides.
    ///
    /// # Errors
    /// [`Error::Usage`] for a file that is not there; a mistake in it is shown at its line.
    pub fn read(name: &Path, overrides: &[String]) -> Result<Document<T>, Error> {
        let path = find(name)?;
        let text = fs::read_to_string(&path)
            .map_err(|error| Error::Usage(format!("cannot read the config {}: {error}", path.display())))?;
        let source = Source { name: path.display().to_string(), text };
        let source = source.with_overrides(overrides)?;
        let config = toml::from_str(&source.text)
            .map_err(|error| source.fault(error.message().to_owned(), error.span()))?;
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(Document { config, source, folder })
    }
}

impl Plan {
    /// Reads a config, applies `key=value` overrides, and opens everything that it names.
    ///
    /// # Errors
    /// The first fault found; those of the config itself are shown at their line.
    pub fn load(name: &Path, overrides: &[String]) -> Result<Plan, Error> {
        Plan::open(Document::read(name, overrides)?)
    }

    /// Opens everything that a config names.
    ///
    /// # Errors
    /// As [`load`](Plan::load).
    pub(crate) fn open(document: Document<Config>) -> Result<Plan, Error> {
        let Document { config, source, folder } = document;
        let folder = folder.as_path();
        config.check(&source)?;

        let data = config.data.open(folder);
        let data = data.map_err(|error| source.at(config.data.key_of(&error), &error.to_string()))?;
        let data: Box<dyn Dataset> = match config.lesion_masks {
            LesionMasks::Given => data,
            LesionMasks::Estimated => Box::new(EstimatedLesions::new(data, &config.lesion)),
        };
        for (key, region) in [("artefact", &config.artefact), ("lesion", &config.lesion)] {
            // Whoever names no lesion need not have one.
            let required = key == "artefact" || *region != default_lesion();
            if required && !data.regions().contains(region) {
                let regions = data.regions().join(", ");
                let message = format!("the data set has no region '{region}'; it has: {regions}");
                return Err(source.at(key, &message));
            }
        }
        let Config { edit, artefact, lesion, seed, .. } = &config;
        let editor = Editor::new(data.as_ref(), edit, artefact, lesion, *seed).map_err(|error| {
            let key = match &error {
                DataError::Edit(EditError::Places { .. }) => "edit.places",
                DataError::Edit(EditError::NoCutout { .. } | EditError::NotDrawn { .. }) => "edit.insert",
                error => config.data.key_of(error),
            };
            source.at(key, &error.to_string())
        })?;
        let mut models = Vec::with_capacity(config.models.len());
        for (name, model) in &config.models {
            let at =
                |error: Error| source.at(&format!("models.{name}{}", key_of(&error)), &error.to_string());
            let model = model.load(folder, &config, data.classes()).map_err(at)?;
            let classes = model.classes();
            classes.find(&config.target).map_err(|error| source.at("target", &error.to_string()))?;
            models.push((name.clone(), model));
        }
        if !data.classes().contains(&config.target) {
            let classes = data.classes().join(", ");
            let message = format!("the data set has no class '{}'; it has: {classes}", config.target);
            return Err(source.at("target", &message));
        }
        let methods: Vec<Method> = config
            .chosen_methods()
            .into_iter()
            .map(|method| parameters::relative_to(method, folder))
            .collect();
        for (_, model) in &models {
            for method in &methods {
                for layer in method.get().needs(model).layers {
                    let key = format!("methods.{}.layer", method.name());
                    let found = model.graph().layer(&layer);
                    found.map_err(|error| source.at(&key, &error.to_string()))?;
                }
            }
        }
        let sha256 = Sha256::digest(&source.text).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Plan { config, text: source.text, sha256, data, editor, models, methods })
    }
}

impl Config {
    /// The methods that are chosen; the usual ones if none is.
    fn chosen_methods(&self) -> Vec<Method> {
        let chosen = self.methods.clone().chosen();
        if chosen.is_empty() { Method::usual() } else { chosen }
    }

    fn check(&self, source: &Source) -> Result<(), Error> {
        let verdict = &self.verdict;
        if !(0.0..=1.0).contains(&verdict.min_effect) {
            let message = format!("min_effect is {}, but must be from 0 to 1", verdict.min_effect);
            return Err(source.at("verdict.min_effect", &message));
        }
        if !(verdict.min_density > 0.0 && verdict.min_density.is_finite()) {
            let message = format!("min_density is {}, but must be above 0", verdict.min_density);
            return Err(source.at("verdict.min_density", &message));
        }
        let TrustConfig { min_stability, max_randomised, .. } = self.trust;
        for (key, value) in [("min_stability", min_stability), ("max_randomised", max_randomised)] {
            if !(-1.0..=1.0).contains(&value) {
                let message = format!("{key} is {value}, but must be from -1 to 1");
                return Err(source.at(&format!("trust.{key}"), &message));
            }
        }
        if !(verdict.max_p > 0.0 && verdict.max_p <= 0.5) {
            let message = format!("max_p is {}, but must be above 0 and at most 0.5", verdict.max_p);
            return Err(source.at("verdict.max_p", &message));
        }
        if verdict.min_pictures < 2 {
            let message = "min_pictures must be at least 2: one picture has no interval";
            return Err(source.at("verdict.min_pictures", message));
        }
        if self.models.is_empty() {
            return Err(source.at("models", "no model is named; add a table [models.NAME]"));
        }
        if let Some(ClustersConfig { most, typical }) = self.clusters {
            for (key, value) in [("most", most), ("typical", typical)] {
                if !(1..=20).contains(&value) {
                    let message = format!("{key} is {value}, but must be from 1 to 20");
                    return Err(source.at(&format!("clusters.{key}"), &message));
                }
            }
        }
        if let Some(reference) = self.reference.as_ref().filter(|name| !self.models.contains_key(*name)) {
            let models: Vec<&str> = self.models.keys().map(String::as_str).collect();
            let message =
                format!("there is no model '{reference}' to refer to; there is: {}", models.join(", "));
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
    fn open(&self, folder: &Path) -> Result<Box<dyn Dataset>, DataError> {
        Ok(match self {
            DataConfig::Phantoms(options) => Box::new(Phantoms::new(options.clone())?),
            DataConfig::Manifest(options) => Box::new(options.clone().relative_to(folder).open()?),
            DataConfig::Folder(options) => Box::new(options.clone().relative_to(folder).open()?),
            DataConfig::ImageFolder(options) => Box::new(options.clone().relative_to(folder).open()?),
            DataConfig::Isic(options) => Box::new(options.clone().relative_to(folder).open()?),
            DataConfig::Ham10000(options) => Box::new(options.clone().relative_to(folder).open()?),
        })
    }

    /// The dotted key of the value that is at fault for an error of [`open`](DataConfig::open).
    fn key_of(&self, error: &DataError) -> &'static str {
        let (key, coco_key, coco) = match self {
            DataConfig::Phantoms(_) => return "data.phantoms",
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
            DataError::Unreadable { path, .. } => Some(path),
            DataError::Problems(problems) => problems.0.first().map(|problem| &problem.file),
            _ => None,
        };
        // The path in the error begins with the folder that the config's is relative to.
        let of_coco = file.zip(coco).is_some_and(|(file, coco)| file.ends_with(&coco.file));
        if of_coco { coco_key } else { key }
    }
}

/// The key, within a model's table, of the value that is at fault for an error of [`ModelConfig::load`].
fn key_of(error: &Error) -> &'static str {
    match error {
        Error::Model(
            ModelError::UnreadableWeights { .. }
            | ModelError::WeightsMismatch { .. }
            | ModelError::NotFinite { .. }
            | ModelError::Download { .. },
        ) => ".weights",
        Error::Model(ModelError::UnreadableArchive { .. } | ModelError::UnsupportedOperator { .. }) => {
            ".archive"
        }
        Error::Model(ModelError::Width { .. }) => ".width",
        Error::Model(ModelError::LabelCount { .. }) => ".classes",
        Error::Model(ModelError::Preprocessing { .. }) => ".preprocessing",
        _ => "",
    }
}

impl ModelConfig {
    pub(crate) fn load(&self, folder: &Path, config: &Config, classes: &[String]) -> Result<Model, Error> {
        let (labels, device) = (self.classes.clone(), device(&config.device)?);
        let preprocessing = self.preprocessing.as_ref().map(PreprocessingConfig::build);
        let mut model = match (&self.archive, self.architecture, &self.weights) {
            (Some(archive), None, None) if self.width == 1.0 => {
                let archive = folder.join(archive);
                let import = if self.run_torchscript { Model::import_trusted } else { Model::import };
                import(&ImportOptions { archive, labels, preprocessing, device })?
            }
            (None, Some(architecture), Some(weights)) => {
                let weights = match weights.to_str() {
                    Some("torchvision") => WeightsSource::Torchvision,
                    _ => WeightsSource::File(folder.join(weights)),
                };
                let (width, preprocessing) = (self.width, preprocessing.unwrap_or_default());
                let options = ModelOptions { architecture, width, weights, labels, preprocessing, device };
                let mut progress = Progress::new("downloading weights", "bytes");
                let mut report = |done, total: Option<u64>| progress.update(done, total.unwrap_or(done));
                Model::load(&options, &mut report)?
            }
            _ => {
                let what = "name either an architecture and its weights, or an archive, which holds both";
                return Err(Error::Usage(what.to_owned()));
            }
        };
        // Where nobody says otherwise, a model with as many classes as the data has those of the data.
        if self.classes.is_none() && model.classes().count() == classes.len() {
            model.set_labels(classes.to_vec())?;
        }
        if config.rewrites != Rewrite::ALL {
            model.set_rewrites(&config.rewrites)?;
        }
        Ok(model)
    }
}

impl PreprocessingConfig {
    fn build(&self) -> Preprocessing {
        match self {
            PreprocessingConfig::Notebook => Preprocessing::default(),
            PreprocessingConfig::Torchvision => Preprocessing::torchvision(),
            PreprocessingConfig::Square(side) => Preprocessing::exact(*side),
            PreprocessingConfig::Custom(preprocessing) => preprocessing.clone(),
        }
    }
}

/// The file called `name`: as a path, or in one of the folders of configs that come with the program.
fn find(name: &Path) -> Result<PathBuf, Error> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let mut candidates = vec![name.to_owned()];
    if name.components().count() == 1 {
        candidates.extend([Path::new("configs").join(name), shipped.join(name)]);
    }
    let found = candidates.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| {
        let mut known: Vec<String> = fs::read_dir(shipped)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".toml"))
            .collect();
        known.sort();
        let known = known.join(", ");
        Error::Usage(format!("there is no config {}; those that come with Reglet: {known}", name.display()))
    })
}

/// A config's text, to point into.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    name: String,
    text: String,
}

impl Source {
    fn fault(&self, message: String, span: Option<Range<usize>>) -> Error {
        Error::Config(Box::new(ConfigError {
            message,
            source_code: NamedSource::new(&self.name, self.text.clone()),
            span: span.map(Into::into),
        }))
    }

    /// A fault of the value at a dotted key, shown there, or at the nearest table around it.
    pub(crate) fn at(&self, key: &str, message: &str) -> Error {
        let document = toml_edit::Document::parse(self.text.as_str()).ok();
        let span = document.and_then(|document| {
            let mut item: &Item = document.as_item();
            let mut span = None;
            for part in key.split('.') {
                let Some(next) = item.get(part) else { break };
                span = next.span().or(span);
                item = next;
            }
            span
        });
        self.fault(message.to_owned(), span)
    }

    /// The text with `key=value` overrides applied: dotted keys, values in TOML or else plain text. A path
    /// that exists seen from the current folder is meant from there.
    fn with_overrides(self, overrides: &[String]) -> Result<Source, Error> {
        if overrides.is_empty() {
            return Ok(self);
        }
        let mut document: DocumentMut = self
            .text
            .parse()
            .map_err(|error: toml_edit::TomlError| self.fault(error.message().to_owned(), error.span()))?;
        for setting in overrides {
            let (key, value) = setting.split_once('=').ok_or_else(|| {
                Error::Usage(format!("--set {setting}: write key=value, such as --set seed=3"))
            })?;
            let keys: Vec<&str> = key.trim().split('.').collect();
            let value: Value = value.parse().unwrap_or_else(|_| Value::from(local(value)));
            let mut item = document.as_item_mut();
            for part in &keys[..keys.len() - 1] {
                let table = item.as_table_like_mut().ok_or_else(|| {
                    Error::Usage(format!("--set {setting}: '{part}' is inside a value that is no table"))
                })?;
                item = table.entry(part).or_insert(Item::Table(Table::new()));
            }
            let last = keys[keys.len() - 1];
            let table = item.as_table_like_mut();
            let table = table.filter(|_| !last.is_empty()).ok_or_else(|| {
                Error::Usage(format!("--set {setting}: there is no table to put '{last}' into"))
            })?;
            table.insert(last, Item::Value(value));
        }
        Ok(Source { name: format!("{} with --set", self.name), text: document.to_string() })
    }
}

/// The text, or the absolute path if it names something in the current folder.
fn local(text: &str) -> String {
    let path = Path::new(text);
    let absolute = path.exists().then(|| std::path::absolute(path).ok()).flatten();
    absolute.map_or_else(|| text.to_owned(), |path| path.display().to_string())
}

/// The JSON schema of [`Config`].
pub fn schema() -> String {
    let schema = schemars::schema_for!(Config);
    serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n"
}
