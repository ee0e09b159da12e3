//! A plan: a config whose data and models have been opened and checked. Later stages do not check it again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reglet_attribution::{AttributionError, Method};
use reglet_data::edit::{Change, EditError, Editor};
use reglet_data::{DataError, Dataset, EstimatedLesions, Geometry};
use reglet_evidence::{MethodName, Subject};
use reglet_model::{
    ImportOptions, LabelSource, Model, ModelError, ModelOptions, Preprocessing, PreprocessingChoice, Rewrite,
    ScoreKind, WeightsSource, device,
};

use crate::config::{Config, DEFAULT_LESION, EditOverrides, LesionMasks, ModelConfig, PreprocessingConfig};
use crate::progress::{Progress, Stage, Step, Watch};
use crate::source::{Document, Source};
use crate::{Error, parameters};

/// An audit that can be run: a config whose data and models have been opened and checked for consistency.
///
/// [`load`](Plan::load) makes one from a config file, [`new`](Plan::new) from a data set and models that are already open.
pub struct Plan {
    pub(crate) config: Config,
    /// The config's text, overrides applied.
    pub(crate) text: String,
    /// The SHA-256 of that text.
    pub(crate) sha256: String,
    /// The folder that the config's relative paths start from.
    pub(crate) folder: PathBuf,
    /// The pictures.
    pub(crate) data: Box<dyn Dataset>,
    /// The suspected regions.
    pub(crate) artefacts: Vec<Suspect>,
    /// The classes whose scores are explained.
    pub(crate) targets: Vec<String>,
    /// The models with their names.
    pub(crate) models: Vec<(String, Model)>,
    /// The methods.
    pub(crate) methods: Vec<Method>,
    /// Whether progress is not written to standard error.
    pub(crate) quiet: bool,
    /// The callback that receives the progress instead, and may stop the audit.
    pub(crate) watch: Option<Watch>,
}

/// Everything that a plan has opened and checked, for callers that do something other than an audit with it.
pub struct Opened {
    /// The config.
    pub config: Config,
    /// The folder that its relative paths start from.
    pub folder: PathBuf,
    /// The pictures.
    pub data: Box<dyn Dataset>,
    /// The suspected regions, by name, each with what changes pictures there.
    pub artefacts: Vec<(String, Editor)>,
    /// The classes whose scores are explained.
    pub targets: Vec<String>,
    /// The models, by name.
    pub models: Vec<(String, Model)>,
    /// The methods.
    pub methods: Vec<Method>,
}

/// A suspected region, and how pictures are changed to find out about it.
#[derive(Debug)]
pub(crate) struct Suspect {
    /// Its name in the data set.
    pub name: String,
    /// The changes of each picture.
    pub changes: Vec<Change>,
    /// What changes it.
    pub editor: Editor,
}

impl Plan {
    /// Reads a config, applies `key=value` overrides, and opens the data and models that it names. The audit writes its
    /// progress to standard error.
    ///
    /// # Errors
    /// The first error found; errors in the config itself are shown at their line.
    pub fn load(name: &Path, overrides: &[String]) -> Result<Plan, Error> {
        Plan::open(Document::read(name, overrides)?)
    }

    /// An audit of these named models on these pictures, with the other keys of `config`: its `data` is not opened, and of
    /// its `models` only the expectations are used. The classes of the models must have the same names as those of the
    /// pictures. The audit prints no progress.
    ///
    /// # Errors
    /// A value of the config that is out of range, or a region, a class or a layer that does not exist; the message shows
    /// the config as TOML. No model, or two models with the same name.
    pub fn new(config: Config, data: Box<dyn Dataset>, models: Vec<(String, Model)>) -> Result<Plan, Error> {
        let source = Source::of_value("config", &config)?;
        let mut names: Vec<&String> = models.iter().map(|(name, _)| name).collect();
        config.check(&source, &names)?;
        names.sort();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::Usage(format!(
                "two models have the name '{}'; give each model a different name",
                twice[0]
            )));
        }
        let mut plan = Plan::of(Document { config, source, folder: PathBuf::new() }, data, models)?;
        plan.quiet = true;
        Ok(plan)
    }

    /// The same audit with a callback: `watch` receives the progress and returns whether the audit should continue. It is
    /// called between models and pictures, so a stopped audit ends soon, with [`Error::Stopped`].
    #[must_use]
    pub fn watched(mut self, watch: impl Fn(Step) -> bool + Send + Sync + 'static) -> Plan {
        self.watch = Some(Arc::new(watch));
        self
    }

    /// The progress of one of its stages.
    pub(crate) fn progress(&self, stage: Stage) -> Progress {
        Progress::of(stage, self.quiet, self.watch.clone())
    }

    /// The config of the audit.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What was opened, given away.
    pub fn into_opened(self) -> Opened {
        let artefacts = self.artefacts.into_iter().map(|suspect| (suspect.name, suspect.editor));
        Opened {
            config: self.config,
            folder: self.folder,
            data: self.data,
            artefacts: artefacts.collect(),
            targets: self.targets,
            models: self.models,
            methods: self.methods,
        }
    }

    /// Opens everything that a config names.
    ///
    /// # Errors
    /// As [`load`](Plan::load).
    pub(crate) fn open(document: Document<Config>) -> Result<Plan, Error> {
        let Document { config, source, folder } = &document;
        config.check(source, &config.models.keys().collect::<Vec<_>>())?;
        let Some(options) = &config.data else {
            return Err(
                source.at("data", "the config names no data set; add a table such as [data.manifest]")
            );
        };
        let data = options.open(folder);
        let data = data.map_err(|error| match error {
            // The line of the config that would be shown may contain a secret.
            DataError::Address(_) => Error::Data(error),
            error => source.at(options.key_of(&error), &error.to_string()),
        })?;
        let mut models = Vec::with_capacity(config.models.len());
        for (name, model) in &config.models {
            let at =
                |error: Error| source.at(&format!("models.{name}{}", key_of(&error)), &error.to_string());
            models.push((name.clone(), model.load(folder, config, data.classes()).map_err(at)?));
        }
        Plan::of(document, data, models)
    }

    /// Finds in the data and the models all that a checked config speaks of.
    fn of(
        document: Document<Config>,
        data: Box<dyn Dataset>,
        mut models: Vec<(String, Model)>,
    ) -> Result<Plan, Error> {
        let Document { config, source, folder } = document;
        for (_, model) in &mut models {
            model.set_score(config.score.unwrap_or(ScoreKind::Margin));
        }
        let data: Box<dyn Dataset> = match config.lesion_masks {
            LesionMasks::Given | LesionMasks::NoLesion => data,
            LesionMasks::Estimated => Box::new(EstimatedLesions::new(data, &config.lesion)),
        };
        let resolution = resolution(models.iter().map(|(_, model)| model));
        let artefacts = suspects(&config, &source, data.as_ref(), resolution)?;
        let targets = config.targets();
        let target_key = if config.target.is_some() { "target" } else { "targets" };
        for (_, model) in &models {
            for target in &targets {
                let found = model.classes().find(target);
                found.map_err(|error| source.at(target_key, &error.to_string()))?;
            }
        }
        if let Some(target) = targets.iter().find(|target| !data.classes().contains(target)) {
            let classes = data.classes().join(", ");
            let message = format!("the data set has no class '{target}'; it has: {classes}");
            return Err(source.at(target_key, &message));
        }
        let methods = config.chosen_methods().into_iter();
        let methods: Vec<Method> = methods.map(|method| parameters::relative_to(method, &folder)).collect();
        for (_, model) in &models {
            for method in &methods {
                match method.get().needs(model.into()) {
                    Err(AttributionError::Model(fault @ ModelError::UnknownLayer { .. })) => {
                        let key = format!("methods.{}.layer", method.name());
                        return Err(source.at(&key, &fault.to_string()));
                    }
                    needs => _ = needs?,
                }
            }
        }
        let sha256 = source.sha256();
        Ok(Plan {
            config,
            text: source.text,
            sha256,
            folder,
            data,
            artefacts,
            targets,
            models,
            methods,
            quiet: false,
            watch: None,
        })
    }

    /// The names that rows refer to.
    pub(crate) fn subject(&self) -> Subject {
        let method = |method: &Method| MethodName { name: method.name().to_owned(), title: method.title() };
        Subject {
            classes: self.data.classes().to_vec(),
            models: self.models.iter().map(|(name, _)| name.clone()).collect(),
            artefacts: self.artefacts.iter().map(|artefact| artefact.name.clone()).collect(),
            targets: self.targets.clone(),
            methods: self.methods.iter().map(method).collect(),
        }
    }
}

/// Pictures are changed at this multiple of the size at which models see them, if they are that large. According to Pillow's
/// documentation (`reducing_gap`), reducing to three times the size first gives a result nearly as good as a fair
/// resampling.
const OVERSAMPLING: u32 = 3;

/// How many pixels the shorter side of a picture has at least when it is changed for these models.
pub(crate) fn resolution<'a>(models: impl IntoIterator<Item = &'a Model>) -> u32 {
    let sides = models.into_iter().map(|model| model.preprocessing().geometry.longest_shorter_side());
    sides.max().unwrap_or(1).saturating_mul(OVERSAMPLING)
}

/// The suspected regions, each with what changes it. Pictures are changed at `resolution` where the config says no other.
///
/// # Errors
/// A region that the data set does not have, or a change that it gives no means for.
fn suspects(
    config: &Config,
    source: &Source,
    data: &dyn Dataset,
    resolution: u32,
) -> Result<Vec<Suspect>, Error> {
    let suspects = config.artefacts();
    let region_key = |name: &str| match config.artefacts.contains_key(name) {
        true => format!("artefacts.{name}"),
        false => "artefact".to_owned(),
    };
    // Without any change, a lesion is required only if the config names one.
    let edits = suspects.iter().any(|(_, changes, _)| !changes.is_empty());
    let named = config.lesion != DEFAULT_LESION;
    let given = config.lesion_masks == LesionMasks::Given;
    if edits && given && !named && !data.regions().contains(&config.lesion) {
        let message = "the data set has no region 'lesion', so it is unknown whether a change covers what the classifier should \
                       look at; name its region, as lesion = \"fluid\", or set lesion_masks = \"estimated\" to have masks of \
                       the lesion estimated, or lesion_masks = \"no_lesion\" if a change may cover anything";
        return Err(source.at("lesion_masks", message));
    }
    let lesion = Some(("lesion".to_owned(), &config.lesion)).filter(|_| named);
    for (key, region) in suspects.iter().map(|(name, ..)| (region_key(name), name)).chain(lesion) {
        if !data.regions().contains(region) {
            let known = data.regions().join(", ");
            let message = match known.as_str() {
                "" => format!(
                    "the data set has no region '{region}' and no other regions; give masks, flags or a COCO file"
                ),
                known => format!("the data set has no region '{region}'; it has: {known}"),
            };
            return Err(source.at(&key, &message));
        }
    }
    let opened = suspects.into_iter().map(|(name, changes, mut edit)| {
        edit.resolution.get_or_insert(resolution);
        let editor = Editor::new(data, &edit, &name, &config.lesion, config.seed);
        let editor = editor.map_err(|error| {
            let own = config.artefacts.get(&name).is_some_and(|own| own.edit != EditOverrides::default());
            let table = if own { format!("artefacts.{name}.edit") } else { "edit".to_owned() };
            let key = match &error {
                DataError::Edit(EditError::Places { .. }) => format!("{table}.places"),
                DataError::Edit(EditError::NoCutout { .. } | EditError::NotDrawn { .. }) => {
                    format!("{table}.insert")
                }
                DataError::Edit(EditError::Resolution) => format!("{table}.resolution"),
                error => config.data.as_ref().map_or("data", |data| data.key_of(error)).to_owned(),
            };
            source.at(&key, &error.to_string())
        })?;
        Ok(Suspect { name, changes, editor })
    });
    opened.collect()
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
        Error::Model(ModelError::Head { .. }) => ".head",
        Error::Model(ModelError::LabelCount { .. } | ModelError::LabelsDiffer { .. }) => ".classes",
        Error::Model(ModelError::Preprocessing { .. }) => ".preprocessing",
        _ => "",
    }
}

impl ModelConfig {
    pub(crate) fn load(&self, folder: &Path, config: &Config, classes: &[String]) -> Result<Model, Error> {
        let (labels, device) = (self.classes.clone(), device(&config.device)?);
        let mut model = match (&self.archive, self.architecture, &self.weights) {
            (Some(archive), None, None) if self.width == 1.0 => {
                let archive = folder.join(archive);
                let import = if self.run_torchscript { Model::import_trusted } else { Model::import };
                let preprocessing = self.preprocessing.as_ref().map(PreprocessingConfig::choice);
                let (output, head) = (self.output.clone(), self.head);
                import(&ImportOptions { archive, output, head, labels, preprocessing, device })?
            }
            (None, Some(architecture), Some(weights)) if self.output.is_none() => {
                let weights = match weights.to_str() {
                    Some("torchvision") => WeightsSource::Torchvision,
                    _ => WeightsSource::File(folder.join(weights)),
                };
                let preprocessing = self.preprocessing.as_ref().map(PreprocessingConfig::build);
                let (width, preprocessing) = (self.width, preprocessing.unwrap_or_default());
                let options = ModelOptions { architecture, width, weights, labels, preprocessing, device };
                let mut progress = Progress::new("downloading weights", "bytes");
                let mut report = |done, total: Option<u64>| progress.update(done, total.unwrap_or(done));
                let mut model = Model::load(&options, &mut report)?;
                if let Some(head) = self.head {
                    model.set_head(head)?;
                }
                model
            }
            (None, Some(_), Some(_)) => {
                let what = "a built-in architecture has a single output; omit output";
                return Err(Error::Usage(what.to_owned()));
            }
            _ => {
                let what = "give either an architecture and its weights, or an archive, which contains both";
                return Err(Error::Usage(what.to_owned()));
            }
        };
        if model.classes().count() == classes.len() {
            name_classes(&mut model, classes)?;
        }
        if config.rewrites != Rewrite::DEFAULT {
            model.set_rewrites(&config.rewrites)?;
        }
        Ok(model)
    }
}

/// Relates the classes of a model to as many classes of the data: by their names, if the model names them, and otherwise by
/// their order, which is an assumption.
///
/// # Errors
/// [`ModelError::LabelsDiffer`].
fn name_classes(model: &mut Model, wanted: &[String]) -> Result<(), ModelError> {
    match model.classes().label_source() {
        LabelSource::ImageNet | LabelSource::Numbered | LabelSource::Assumed => {
            model.assume_labels(wanted.to_vec())
        }
        LabelSource::Given => Ok(()),
        LabelSource::Config => {
            let own = model.classes().labels();
            let sorted = |names: &[String]| -> BTreeSet<String> {
                names.iter().map(|name| name.trim().to_ascii_lowercase()).collect()
            };
            match sorted(own) == sorted(wanted) {
                true => Ok(()),
                false => Err(ModelError::LabelsDiffer { own: own.to_vec(), wanted: wanted.to_vec() }),
            }
        }
    }
}

impl PreprocessingConfig {
    /// Of an exported model only `custom` says more than the size.
    fn choice(&self) -> PreprocessingChoice {
        match self {
            PreprocessingConfig::Custom(preprocessing) => PreprocessingChoice::Whole(preprocessing.clone()),
            size => PreprocessingChoice::Geometry(size.build().geometry),
        }
    }

    fn build(&self) -> Preprocessing {
        match self {
            PreprocessingConfig::Notebook => Preprocessing::default(),
            PreprocessingConfig::Torchvision => Preprocessing::torchvision(),
            PreprocessingConfig::Square(side) => Preprocessing::exact(*side),
            PreprocessingConfig::Size(size) => {
                Preprocessing { geometry: Geometry::to(*size), ..Preprocessing::default() }
            }
            PreprocessingConfig::Custom(preprocessing) => preprocessing.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use reglet_model::Note;

    use super::*;

    /// The model of three classes that the tests of the whole keep, with its files changed: of each, the text to be replaced and
    /// what replaces it.
    fn model(changes: &[(&str, &str, &str)]) -> Model {
        let kept =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/hugging_face/resnet-basic");
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["config.json", "preprocessor_config.json", "model.safetensors"] {
            fs::copy(kept.join(name), folder.path().join(name)).expect("room");
        }
        for (name, old, new) in changes {
            let path = folder.path().join(name);
            let text = fs::read_to_string(&path).expect("text");
            assert!(text.contains(old), "{name} has no {old}");
            fs::write(&path, text.replace(old, new)).expect("room");
        }
        Model::import(&ImportOptions::new(folder.path())).expect("a whole model")
    }

    fn names(names: [&str; 3]) -> Vec<String> {
        names.map(str::to_owned).into()
    }

    fn is_assumed(model: &Model) -> bool {
        model.notes().iter().any(|note| matches!(note, Note::LabelsAssumed { .. }))
    }

    /// The data's classes are sorted, and a model's are in any order.
    #[test]
    fn a_model_keeps_the_names_that_it_gives_its_classes() {
        let swapped = [
            ("config.json", "\"0\": \"benign\"", "\"0\": \"Malignant\""),
            ("config.json", "\"1\": \"malignant\"", "\"1\": \"Benign\""),
        ];
        let mut model = model(&swapped);
        name_classes(&mut model, &names(["benign", "malignant", "unsure"])).expect("the same names");
        assert_eq!(model.classes().find("malignant").expect("it has it"), 0);
        assert_eq!(model.classes().label_source(), LabelSource::Config);
        assert!(!is_assumed(&model), "{:?}", model.notes());

        let refused =
            name_classes(&mut model, &names(["benign", "melanoma", "unsure"])).expect_err("other names");
        let words =
            ["Malignant, Benign, unsure", "benign, melanoma, unsure", "in the order of the model's logits"];
        let message = refused.to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }

    #[test]
    fn an_order_that_nobody_gives_is_assumed_and_noted() {
        let numbered = [
            ("config.json", "\"0\": \"benign\"", "\"0\": \"LABEL_0\""),
            ("config.json", "\"1\": \"malignant\"", "\"1\": \"LABEL_1\""),
            ("config.json", "\"2\": \"unsure\"", "\"2\": \"LABEL_2\""),
        ];
        let mut model = model(&numbered);
        assert_eq!(model.classes().label_source(), LabelSource::Numbered);
        let wanted = names(["benign", "malignant", "unsure"]);
        name_classes(&mut model, &wanted).expect("as many");
        assert_eq!(
            (model.classes().labels(), model.classes().label_source()),
            (&*wanted, LabelSource::Assumed)
        );
        let notes: Vec<String> = model.notes().iter().map(ToString::to_string).collect();
        let said = |note: &String| note.contains("in the order of the logits: benign, malignant, unsure");
        assert!(is_assumed(&model) && notes.iter().any(said), "{notes:?}");
        model.set_labels(wanted).expect("as many");
        assert!(!is_assumed(&model) && model.classes().label_source() == LabelSource::Given);
    }

    /// Parts of an audit and interrupted corrections are recognised by it.
    #[test]
    fn a_fingerprint_covers_whatever_the_answers_depend_on() {
        let own = |changes: &[(&str, &str, &str)]| model(changes).fingerprint().expect("a sound model");
        let whole = own(&[]);
        assert_eq!(whole, own(&[]));
        let others = [
            ("config.json", "\"hidden_act\": \"relu\"", "\"hidden_act\": \"gelu\""),
            ("config.json", "\"0\": \"benign\"", "\"0\": \"fair\""),
            ("preprocessor_config.json", "image_mean\": [\n    0.5", "image_mean\": [\n    0.25"),
        ];
        for change in others {
            assert_ne!(own(&[change]), whole, "{change:?}");
        }
        let mut scored = model(&[]);
        scored.set_score(ScoreKind::Probability);
        assert_ne!(scored.fingerprint().expect("sound"), whole);
    }
}
