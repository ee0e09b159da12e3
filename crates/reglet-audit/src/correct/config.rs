//! A correction's config.

use std::path::PathBuf;

use reglet_data::edit::EditOptions;
use reglet_train::{Method, Methods, Training};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::config::{Config, DataConfig, LesionMasks};
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
    /// Fixes everything random in the correction; what is random in the audit is fixed by the audit's own seed.
    #[serde(default)]
    pub seed: u64,
    /// The audit that says whether a correction is one: a config with the pictures, the artefact and the rules. Values in it are
    /// overridden by `--set audit.KEY=VALUE`.
    pub audit: PathBuf,
    /// Values of that config that are otherwise here, each as `--set` has it: `data.phantoms.count=320`.
    #[serde(default)]
    pub set: Vec<String>,
    /// Which of the audit's models is corrected, by name.
    pub model: String,
    /// The pictures that the model is corrected with: none of the audit's, and of none of its patients or lesions.
    pub data: DataConfig,
    /// Where the masks of their lesions come from: what is put into a picture keeps off them.
    #[serde(default)]
    pub lesion_masks: LesionMasks,
    /// How their artefacts are put in and taken away; as in the audit unless given.
    #[serde(default)]
    pub edit: Option<EditOptions>,
    /// The share of these pictures, above 0 and below 1, that is not learnt from: by them the best epoch is chosen.
    #[serde(default = "default_held_out")]
    pub held_out: f64,
    /// Whether pictures are mirrored and turned by quarters at random while a network is trained.
    #[serde(default = "default_turn")]
    pub turn: bool,
    /// By how much AUROC, sensitivity and specificity may be worse than before, 0 to 1: the one-sided 95 % interval of the
    /// difference must end above minus this.
    #[serde(default = "default_margin")]
    pub margin: f64,
    /// How networks are trained, by every method that trains one.
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

/// Reads a correction's config and the audit's that it names. Overrides that begin with `audit.` are the audit's.
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
    Ok((document, audit))
}

impl CorrectConfig {
    /// The JSON schema of a correction's config.
    pub fn schema() -> String {
        let schema = schemars::schema_for!(CorrectConfig);
        serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n"
    }

    /// The methods that are chosen.
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
