//! A correction's config.

use std::path::PathBuf;

use reglet_train::{Method, Methods, Training};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::config::{Config, DataConfig, EditOverrides, LesionMasks};
use crate::language::Language;
use crate::source::{Document, Source};

/// A correction's config, in TOML.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectConfig {
    /// The report's title.
    #[serde(default = "default_title")]
    pub title: String,
    /// The language of the report: `en` or `fr`.
    #[serde(default)]
    pub language: Language,
    /// The seed of everything random in the correction; the audit has its own seed.
    #[serde(default)]
    pub seed: u64,
    /// The audit that decides whether a correction has worked: a config with the pictures, the artefact and the rules. Its
    /// values can be overridden by `--set audit.KEY=VALUE`.
    pub audit: PathBuf,
    /// Values of that config that are overridden here, each in the form of `--set`: `data.phantoms.count=320`.
    #[serde(default)]
    pub set: Vec<String>,
    /// The name of the audit's model that is corrected.
    pub model: String,
    /// The artefact that is to be unlearnt; required if the audit has several.
    #[serde(default)]
    pub artefact: Option<String>,
    /// The class whose answers the correction is judged by; required if the audit has several targets.
    #[serde(default)]
    pub target: Option<String>,
    /// The pictures for the correction. The audit must not contain the same pictures, patients or lesions.
    pub data: DataConfig,
    /// The source of the masks of their lesions, which inserted artefacts do not cover.
    #[serde(default)]
    pub lesion_masks: LesionMasks,
    /// How artefacts are added to them and removed. Omitted keys are taken from the audit.
    #[serde(default)]
    pub edit: EditOverrides,
    /// The held-out share of these pictures, above 0 and below 1, by which the best epoch is chosen.
    #[serde(default = "default_held_out")]
    pub held_out: f64,
    /// Whether pictures are mirrored and rotated by quarter turns at random during training.
    #[serde(default = "default_turn")]
    pub turn: bool,
    /// The tolerated loss of AUROC, sensitivity and specificity, 0 to 1: the lower end of the one-sided 95 % interval of the
    /// difference must be above minus this value.
    #[serde(default = "default_margin")]
    pub margin: f64,
    /// The training settings of all methods that train a network.
    #[serde(default)]
    pub training: Training,
    /// The methods, each with its parameters.
    #[serde(default)]
    pub methods: Methods,
}

fn default_title() -> String {
    "Can the classifier unlearn the ruler?".to_owned()
}

fn default_held_out() -> f64 {
    0.25
}

fn default_turn() -> bool {
    true
}

fn default_margin() -> f64 {
    0.05
}

/// Reads a correction's config and that of its audit. Overrides that begin with `audit.` apply to the audit.
pub(super) fn read(
    name: &std::path::Path,
    overrides: &[String],
) -> Result<(Document<CorrectConfig>, Document<Config>), Error> {
    let (of_audit, own): (Vec<&String>, Vec<&String>) =
        overrides.iter().partition(|setting| setting.starts_with("audit."));
    let own: Vec<String> = own.into_iter().cloned().collect();
    let given = of_audit.iter().filter_map(|setting| setting.strip_prefix("audit.").map(str::to_owned));
    let given: Vec<String> = given.collect();
    let document: Document<CorrectConfig> = Document::read(name, &own)?;
    document.config.check(&document.source)?;
    let beside = document.folder.join(&document.config.audit);
    let audit = if beside.is_file() { &beside } else { &document.config.audit };
    let audit: Document<Config> = Document::read(audit, &[document.config.set.clone(), given].concat())?;
    if !audit.config.models.contains_key(&document.config.model) {
        let known: Vec<&str> = audit.config.models.keys().map(String::as_str).collect();
        let message =
            format!("the audit has no model '{}'; it has: {}", document.config.model, known.join(", "));
        return Err(document.source.at("model", &message));
    }
    // In the audit after the correction, each corrected model has the name of its method.
    let chosen = document.config.chosen();
    if let Some(method) = chosen.iter().find(|method| method.name() == document.config.model) {
        let message = format!(
            "the model has the name of the method '{}', from whose model it could not be told; give it another name in the audit's config",
            method.name()
        );
        return Err(document.source.at("model", &message));
    }
    Ok((document, audit))
}

/// The one of several names of the audit that is corrected: the only one, or the one that the config gives for `key`.
fn chosen(
    document: &Document<CorrectConfig>,
    key: &str,
    given: Option<&String>,
    known: &[String],
) -> Result<String, Error> {
    match (given, known) {
        (None, [only]) => Ok(only.clone()),
        (Some(given), known) if known.contains(given) => Ok(given.clone()),
        (given, known) => {
            let known = known.join(", ");
            let message = match given {
                Some(given) => format!("the audit has no {key} '{given}'; it has: {known}"),
                None => format!("the audit has several; choose one, as {key} = \"…\": {known}"),
            };
            Err(document.source.at(key, &message))
        }
    }
}

/// The artefact that is to be unlearnt, and the class whose answers the correction is judged by.
pub(super) fn subject(document: &Document<CorrectConfig>, audit: &Config) -> Result<(String, String), Error> {
    let artefacts: Vec<String> = audit.artefacts().into_iter().map(|(name, ..)| name).collect();
    let artefact = chosen(document, "artefact", document.config.artefact.as_ref(), &artefacts)?;
    let target = chosen(document, "target", document.config.target.as_ref(), &audit.targets())?;
    Ok((artefact, target))
}

impl CorrectConfig {
    /// The JSON schema of a correction's config.
    pub fn schema() -> String {
        let schema = schemars::schema_for!(CorrectConfig);
        serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n"
    }

    /// The chosen methods.
    pub(super) fn chosen(&self) -> Vec<Method> {
        self.methods.clone().chosen()
    }

    fn check(&self, source: &Source) -> Result<(), Error> {
        if !(self.held_out > 0.0 && self.held_out < 1.0) {
            let message = format!("held_out is {}, but must be above 0 and below 1", self.held_out);
            return Err(source.at("held_out", &message));
        }
        if !(0.0..=1.0).contains(&self.margin) {
            let message = format!("margin is {}, but must be from 0 to 1", self.margin);
            return Err(source.at("margin", &message));
        }
        self.training.check().map_err(|error| source.at("training", &error.to_string()))?;
        if self.chosen().is_empty() {
            let message =
                format!("no method is named; add a table [methods.NAME]: {}", Method::NAMES.join(", "));
            return Err(source.at("methods", &message));
        }
        for method in self.chosen() {
            let key = format!("methods.{}", method.name());
            method.get().check().map_err(|error| source.at(&key, &error.to_string()))?;
        }
        Ok(())
    }
}
