//! The audit's config and its validation. The data and models that it names are opened by the plan.

mod data;
mod maps;
mod model;

use std::collections::BTreeMap;
use std::path::Path;

use reglet_attribution::{Method, Methods};
use reglet_data::edit::{Change, EditOptions, Source as InsertedFrom};
use reglet_evidence::{OperatingPoint, Rules, Subject, VerdictConfig};
use reglet_model::{Rewrite, ScoreKind, device};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::source::Source;
use crate::{Error, parameters};
pub use data::DataConfig;
pub use maps::{ClustersConfig, TrustConfig};
pub use model::{Expected, ModelConfig, PreprocessingConfig};

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
    /// The graph optimisations that the models use; by default all that give the same values apart from the rounding of 32-bit
    /// floats, which leaves out `bfloat16`.
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
    pub edit: EditOverrides,
}

/// Options of edits that replace those of another table, key by key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EditOverrides {
    /// See [`EditOptions::insert`].
    pub insert: Option<InsertedFrom>,
    /// See [`EditOptions::places`].
    #[schemars(range(min = 1, max = 64))]
    pub places: Option<u32>,
    /// See [`EditOptions::follow`].
    pub follow: Option<bool>,
    /// See [`EditOptions::resolution`].
    #[schemars(range(min = 1))]
    pub resolution: Option<u32>,
}

impl EditOverrides {
    /// The other table's options, except where these replace them.
    pub fn over(&self, other: &EditOptions) -> EditOptions {
        EditOptions {
            insert: self.insert.or(other.insert),
            places: self.places.unwrap_or(other.places),
            follow: self.follow.unwrap_or(other.follow),
            resolution: self.resolution.or(other.resolution),
        }
    }
}

/// The source of the lesion's masks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LesionMasks {
    /// The data set. For a picture without a mask, it is unknown whether a change covers its lesion, so the verdict does not
    /// use its changes.
    #[default]
    Given,
    /// The data set or, for pictures without a mask, an estimate by Otsu's threshold; implausible estimates are discarded.
    /// The results mark numbers that rest on estimates.
    Estimated,
    /// The data set. A picture without a mask shows no lesion, nor anything else that a change must leave alone: whatever a
    /// change covers is not what the classifier should look at. The report states this assumption.
    NoLesion,
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
            rewrites: Rewrite::DEFAULT.to_vec(),
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
            (name.clone(), changes, own.edit.over(&self.edit))
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
            changes: self.artefacts().into_iter().map(|(name, changes, _)| (name, changes)).collect(),
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
        let lacking = |change: Change| {
            let artefacts = self.artefacts().into_iter();
            artefacts.filter(|(_, changes, _)| !changes.contains(&change)).map(|(name, ..)| name).next()
        };
        let needed = [
            ("form", self.verdict.form, Change::Insert),
            ("form", self.verdict.form, Change::Scrambled),
            ("both", self.verdict.both, Change::Insert),
            ("both", self.verdict.both, Change::Remove),
        ];
        for (key, _, change) in needed.into_iter().filter(|(_, asked, _)| *asked) {
            if let Some(artefact) = lacking(change) {
                let message = format!(
                    "{key} = true rests on the change '{change}', which is not among those of '{artefact}': add it to its changes, or delete {key}"
                );
                return Err(source.at(&format!("verdict.{key}"), &message));
            }
        }
        self.trust.check(source)?;
        let removes_lesions =
            || self.artefacts().iter().any(|(_, changes, _)| changes.contains(&Change::RemoveLesion));
        if self.lesion_masks == LesionMasks::NoLesion && removes_lesions() {
            let message = "pictures without a lesion leave nothing to 'remove_lesion': delete one of the two";
            return Err(source.at("lesion_masks", message));
        }
        if !(0.0..=1.0).contains(&self.unreadable) {
            let message = format!("unreadable is {}, but must be a share from 0 to 1", self.unreadable);
            return Err(source.at("unreadable", &message));
        }
        self.clusters.map_or(Ok(()), |clusters| clusters.check(source))?;
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
        let artefacts: Vec<String> = self.artefacts().into_iter().map(|(name, ..)| name).collect();
        for (name, model) in &self.models {
            let key = format!("models.{name}");
            if !models.contains(&name) {
                let models: Vec<&str> = models.iter().map(|name| name.as_str()).collect();
                let message =
                    format!("the model '{name}' does not exist; the models are: {}", models.join(", "));
                return Err(source.at(&key, &message));
            }
            let Some(Expected::ByArtefact(expectations)) = &model.expect else { continue };
            if let Some(unknown) = expectations.keys().find(|name| !artefacts.contains(name)) {
                let known = artefacts.join(", ");
                let message = format!(
                    "a verdict is expected for '{unknown}', which is not audited; audited are: {known}"
                );
                return Err(source.at(&format!("{key}.expect"), &message));
            }
        }
        for method in self.chosen_methods() {
            let key = format!("methods.{}", method.name());
            method.get().check().map_err(|error| source.at(&key, &error.to_string()))?;
        }
        device(&self.device).map_err(|error| source.at("device", &error.to_string()))?;
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// One key in an artefact's own table is not a reason to forget the others.
    #[test]
    fn an_artefact_s_own_options_replace_those_at_the_top_key_by_key() {
        let text = "[edit]\nplaces = 7\nfollow = true\ninsert = \"cutout\"\n[artefacts.ink.edit]\nfollow = false\n\
                    [artefacts.ruler.edit]\nresolution = 300\ninsert = \"drawn\"\n[artefacts.hair]\n";
        let config: Config = toml::from_str(text).expect("a config");
        let edits: BTreeMap<String, EditOptions> =
            config.artefacts().into_iter().map(|(name, _, edit)| (name, edit)).collect();
        assert_eq!(edits["hair"], config.edit);
        assert_eq!(edits["ink"], EditOptions { follow: false, ..config.edit.clone() });
        let own =
            EditOptions { resolution: Some(300), insert: Some(InsertedFrom::Drawn), ..config.edit.clone() };
        assert_eq!(edits["ruler"], own);
        assert_eq!(config.edit.places, 7);
    }
}
