//! The calibration's config.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reglet_data::DataError;
use reglet_data::edit::EditOptions;
use reglet_data::phantom::Phantoms;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::zoo::Kind;
use crate::Error;
use crate::config::{Config, DataConfig};
use crate::source::{Document, Source};
use reglet_train::generated::{BATCH, Drawn, Recipe};
use reglet_train::{Method, Methods, Training};

/// A calibration's config, in TOML.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalibrationConfig {
    /// The audit to test: a config whose pictures are phantoms. Its models are ignored.
    pub audit: PathBuf,
    /// The number of audits of each classifier, each on other phantoms. 0 if classifiers are corrected but not audited.
    #[serde(default = "default_repeats")]
    pub repeats: usize,
    /// The classifiers.
    #[serde(default)]
    pub series: SeriesConfig,
    /// How their true dependence is measured.
    #[serde(default)]
    pub truth: TruthConfig,
    /// Classifiers built to fool the audit. By default, there are none.
    #[serde(default)]
    pub zoo: Option<ZooConfig>,
    /// How the classifiers of the series are corrected before their dependence is measured again. By default, they are not
    /// corrected.
    #[serde(default)]
    pub correction: Option<CorrectionSeries>,
    /// The means by which the audits edit pictures, by name. Each is tested separately and has its own figure.
    #[serde(default = "default_means")]
    pub means: BTreeMap<String, EditOptions>,
}

/// The classifiers to train. There is one for each seed and tie.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SeriesConfig {
    /// How strongly the ruler is associated with melanoma in the training data, as their correlation φ: from 0 (half of each
    /// class have a ruler) to 1 (every melanoma and no benign lesion has one).
    pub ties: Vec<f64>,
    /// The seeds of the phantoms and the initial weights.
    pub seeds: Vec<u64>,
    /// The number of phantoms for the training of each.
    pub pictures: usize,
    /// The number of epochs.
    pub epochs: usize,
    /// The folder in which the classifiers are stored; existing ones are loaded instead of trained. By default, the folder
    /// `models` in the results.
    pub folder: Option<PathBuf>,
}

/// The classifiers built to fool the audit, and when a verdict on one is wrong. There is one for each kind and seed. Its
/// true behaviour is measured on the pictures of `truth`.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ZooConfig {
    /// What they react to; all kinds by default.
    pub kinds: Vec<Kind>,
    /// The seeds of the phantoms and the initial weights.
    pub seeds: Vec<u64>,
    /// The number of phantoms for the training of each.
    pub pictures: usize,
    /// The number of epochs; twice as many if the behaviour is hard to learn.
    pub epochs: usize,
    /// A classifier is guilty if the ruler alone changes the decision on at least this fraction of a class's pictures, 0 to
    /// 1; calling such a classifier clear is an error.
    pub guilty: f64,
    /// A classifier is innocent if this share is at most this value; it is wrong to call it a shortcut.
    pub innocent: f64,
}

/// How the classifiers of the series are corrected: each by every method, with phantoms like those that it was trained on.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CorrectionSeries {
    /// The number of phantoms for the correction.
    pub pictures: usize,
    /// The seed of these phantoms and of everything random in a correction; it must differ from the seeds of the series and
    /// of the audits.
    pub seed: u64,
    /// In these phantoms, the ruler is associated with melanoma as strongly as in the classifier's training, but at most by
    /// this, 0 to 1; at 1, two of the four groups would be empty.
    pub most_tie: f64,
    /// The held-out share of them, above 0 and below 1, by which the best epoch is chosen.
    pub held_out: f64,
    /// Whether pictures are mirrored and rotated by quarter turns at random during training.
    pub turn: bool,
    /// The training settings of all methods that train a network.
    pub training: Training,
    /// The methods, each with its parameters; by default, all with their default parameters.
    pub methods: Methods,
    /// The AUROC counts as kept if a correction lowers it by at most this, 0 to 1.
    pub margin: f64,
}

/// How a classifier's dependence on the ruler is measured: by the mean change of the target's probability between phantoms
/// that are drawn with and without a ruler, with everything else unchanged.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TruthConfig {
    /// The number of phantoms.
    pub pictures: usize,
    /// Their seed; it must differ from the seeds of the series and of the audits.
    pub seed: u64,
    /// A classifier that depends on the ruler by less than this is clean; calling it a shortcut is a false alarm.
    pub clean: f64,
    /// A classifier that depends on it by at least this has a strong shortcut, which an audit must find.
    pub strong: f64,
}

impl Default for SeriesConfig {
    fn default() -> Self {
        SeriesConfig {
            ties: vec![0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0],
            seeds: vec![2001, 2002, 2003],
            pictures: 2000,
            epochs: 5,
            folder: None,
        }
    }
}

impl Default for ZooConfig {
    fn default() -> Self {
        ZooConfig {
            kinds: Kind::ALL.to_vec(),
            seeds: vec![3001, 3002, 3003],
            pictures: 1920,
            epochs: 7,
            guilty: 0.2,
            innocent: 0.05,
        }
    }
}

impl Default for CorrectionSeries {
    fn default() -> Self {
        CorrectionSeries {
            pictures: 800,
            seed: 5001,
            most_tie: 0.8,
            held_out: 0.25,
            turn: true,
            training: Training::default(),
            methods: Methods::default(),
            margin: 0.05,
        }
    }
}

impl Default for TruthConfig {
    fn default() -> Self {
        TruthConfig { pictures: 400, seed: 4001, clean: 0.05, strong: 0.2 }
    }
}

fn default_repeats() -> usize {
    3
}

fn default_means() -> BTreeMap<String, EditOptions> {
    BTreeMap::from([("redrawn".to_owned(), EditOptions::default())])
}

/// The inputs of a calibration: the audit's config, and the phantoms that it specifies.
pub(super) struct Series {
    pub audit: Document<Config>,
    pub phantoms: Phantoms,
}

impl CalibrationConfig {
    pub(super) fn check(&self, source: &Source) -> Result<(), Error> {
        let fail = |key: &str, message: String| Err(source.at(key, &message));
        let SeriesConfig { ties, seeds, pictures, epochs, .. } = &self.series;
        if let Some(tie) = ties.iter().find(|tie| !(0.0..=1.0).contains(*tie)) {
            return fail("series.ties", format!("a tie is {tie}, but must be from 0 to 1"));
        }
        if ties.is_empty() || seeds.is_empty() {
            return fail("series", "a series needs at least one tie and one seed".to_owned());
        }
        if *pictures < BATCH || *epochs == 0 {
            return fail("series", format!("training needs at least {BATCH} pictures and one epoch"));
        }
        if let Some(zoo) = &self.zoo {
            zoo.check(source, self.truth.seed)?;
        }
        if let Some(correction) = &self.correction {
            correction.check(source, self)?;
        }
        if (self.repeats == 0 || self.means.is_empty()) && (self.correction.is_none() || self.zoo.is_some()) {
            return fail(
                "repeats",
                "at least one audit and one means of editing pictures are needed".to_owned(),
            );
        }
        if let Some(name) = self.means.keys().find(|name| !is_plain(name)) {
            let message = format!("'{name}' names a file: letters, digits, '-' and '_' only");
            return fail(&format!("means.{name}"), message);
        }
        let TruthConfig { pictures, seed, clean, strong } = self.truth;
        if pictures < 2 {
            return fail("truth.pictures", "at least two pictures are needed".to_owned());
        }
        if seeds.contains(&seed) {
            return fail(
                "truth.seed",
                format!("{seed} is a seed of the series, whose phantoms are used for training"),
            );
        }
        if !(0.0 < clean && clean <= strong && strong <= 1.0) {
            return fail("truth", "the limits must satisfy 0 < clean <= strong <= 1".to_owned());
        }
        Ok(())
    }

    /// Reads the audit's config, beside this one or among those that come with the program.
    pub(super) fn series(&self, document: &Document<CalibrationConfig>) -> Result<Series, Error> {
        let beside = document.folder.join(&self.audit);
        let name = if beside.is_file() { &beside } else { &self.audit };
        let audit: Document<Config> = Document::read(name, &[])?;
        let Some(DataConfig::Phantoms(options)) = &audit.config.data else {
            let message =
                "the audit's pictures are not phantoms; the true dependence is known only for phantoms";
            return Err(document.source.at("audit", message));
        };
        let phantoms = Phantoms::new(options.clone()).map_err(DataError::from)?;
        let audited = || (0..self.repeats as u64).map(|repeat| phantoms.options().seed.wrapping_add(repeat));
        let zoo = self.zoo.iter().flat_map(|zoo| &zoo.seeds);
        let corrected = self.correction.iter().map(|correction| &correction.seed);
        let known = self.series.seeds.iter().chain([&self.truth.seed]).chain(zoo).chain(corrected);
        if let Some(seed) = known.into_iter().find(|seed| audited().any(|other| other == **seed)) {
            let message = format!("{seed} is also the seed of pictures that are audited");
            return Err(document.source.at("series.seeds", &message));
        }
        Ok(Series { audit, phantoms })
    }
}

impl ZooConfig {
    fn check(&self, source: &Source, truth: u64) -> Result<(), Error> {
        let fail = |key: &str, message: String| Err(source.at(&format!("zoo.{key}"), &message));
        let twice = |kind: &Kind| self.kinds.iter().filter(|other| *other == kind).count() > 1;
        if let Some(kind) = self.kinds.iter().find(|kind| twice(kind)) {
            return fail("kinds", format!("'{}' is named twice", kind.name()));
        }
        if self.kinds.is_empty() || self.seeds.is_empty() {
            return fail(
                "kinds",
                "a zoo needs at least one kind and one seed; leave [zoo] out for none".to_owned(),
            );
        }
        if self.pictures < BATCH || self.epochs == 0 {
            return fail("pictures", format!("training needs at least {BATCH} pictures and one epoch"));
        }
        if self.seeds.contains(&truth) {
            return fail("seeds", format!("{truth} is the seed of the pictures that measure the truth"));
        }
        if !(0.0 < self.innocent && self.innocent < self.guilty && self.guilty <= 1.0) {
            return fail("guilty", "the limits must satisfy 0 < innocent < guilty <= 1".to_owned());
        }
        Ok(())
    }
}

impl CorrectionSeries {
    /// The methods: those that are named, or all.
    pub(super) fn methods(&self) -> Vec<Method> {
        let chosen = self.methods.clone().chosen();
        if chosen.is_empty() { Method::all() } else { chosen }
    }

    fn check(&self, source: &Source, calibration: &CalibrationConfig) -> Result<(), Error> {
        let fail = |key: &str, message: String| Err(source.at(&format!("correction.{key}"), &message));
        for (key, value) in [("most_tie", self.most_tie), ("margin", self.margin)] {
            if !(0.0..=1.0).contains(&value) {
                return fail(key, format!("{key} is {value}, but must be from 0 to 1"));
            }
        }
        if !(self.held_out > 0.0 && self.held_out < 1.0) {
            return fail(
                "held_out",
                format!("held_out is {}, but must be above 0 and below 1", self.held_out),
            );
        }
        if self.pictures < 2 {
            return fail("pictures", "at least two pictures are needed".to_owned());
        }
        let others = calibration.series.seeds.iter().chain([&calibration.truth.seed]);
        if others.into_iter().any(|seed| *seed == self.seed) {
            let message = format!(
                "{} is also the seed of the series, or of the pictures that measure the truth",
                self.seed
            );
            return fail("seed", message);
        }
        self.training.check().map_err(|error| source.at("correction.training", &error.to_string()))?;
        for method in self.methods() {
            let key = format!("correction.methods.{}", method.name());
            method.get().check().map_err(|error| source.at(&key, &error.to_string()))?;
        }
        Ok(())
    }
}

impl SeriesConfig {
    /// How each classifier is trained, with its tie.
    pub(super) fn recipes(&self) -> Vec<(f64, Recipe)> {
        let recipe = |tie: f64, seed: u64| Recipe {
            drawn: Drawn::Phantoms,
            artefact_given_second: (1.0 + tie) / 2.0,
            artefact_given_first: (1.0 - tie) / 2.0,
            pictures: self.pictures,
            epochs: self.epochs,
            seed,
        };
        self.ties
            .iter()
            .flat_map(|&tie| self.seeds.iter().map(move |&seed| (tie, recipe(tie, seed))))
            .collect()
    }
}

/// Whether a name can be a file's.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of a config with these lines, if there is one.
    fn fault(lines: &str) -> Option<String> {
        let text = format!("audit = \"ruler.toml\"\n{lines}");
        let read: Result<Document<CalibrationConfig>, Error> =
            Document::of(Source::of_text("calibration.toml", text), std::path::Path::new("."));
        let checked = read.and_then(|document| {
            document.config.check(&document.source)?;
            document.config.series(&document).map(|_| ())
        });
        match checked {
            Ok(()) => None,
            Err(Error::Config(fault)) => Some(fault.message),
            Err(other) => Some(other.to_string()),
        }
    }

    #[test]
    fn a_zoo_is_checked_before_anything_is_trained() {
        assert_eq!(fault(""), None, "a zoo is not asked for");
        assert_eq!(fault("[zoo]"), None);
        assert_eq!(fault("[zoo]\nkinds = [\"one_class\"]\nseeds = [8]\npictures = 32\nepochs = 1"), None);
        for (lines, word) in [
            ("[zoo]\nkinds = []", "leave [zoo] out"),
            ("[zoo]\nseeds = []", "leave [zoo] out"),
            ("[zoo]\nkinds = [\"tiger\"]", "tiger"),
            ("[zoo]\nkinds = [\"one_class\", \"one_class\"]", "named twice"),
            ("[zoo]\npictures = 31", "at least 32 pictures"),
            ("[zoo]\nepochs = 0", "one epoch"),
            ("[zoo]\nseeds = [4001]", "measure the truth"),
            ("repeats = 2\n[zoo]\nseeds = [72]", "pictures that are audited"),
            ("[zoo]\nguilty = 0.05\ninnocent = 0.05", "innocent < guilty"),
            ("[zoo]\nguilty = 1.5", "guilty <= 1"),
        ] {
            let fault = fault(lines).unwrap_or_else(|| panic!("nothing wrong with {lines}"));
            assert!(fault.contains(word), "{lines}: {fault}");
        }
    }
}
