//! The classifiers of a calibration: trained, or loaded if they have been trained before.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use data_encoding::HEXLOWER;
use reglet_data::Dataset;
use reglet_data::phantom::Phantoms;
use reglet_model::{Architecture, Model};
use reglet_train::generated::{self, Recipe, SIDE, Trained, WIDTH};
use sha2::{Digest, Sha256};

use super::config::SeriesConfig;
use super::spread::spread;
use crate::config::{Config, ModelConfig, PreprocessingConfig};
use crate::progress::Progress;
use crate::source::Document;
use crate::train::save;
use crate::{Error, Output};

/// One classifier.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub name: String,
    weights: PathBuf,
}

impl Member {
    /// The classifier itself.
    ///
    /// # Errors
    /// Weights that cannot be read.
    pub fn load(&self, audit: &Document<Config>, phantoms: &Phantoms) -> Result<Model, Error> {
        self.model().load(&audit.folder, &audit.config, phantoms.classes())
    }

    /// The name in an audit's config.
    pub fn model(&self) -> ModelConfig {
        ModelConfig {
            architecture: Some(Architecture::ResNet18),
            weights: Some(self.weights.clone()),
            archive: None,
            run_torchscript: false,
            output: None,
            head: None,
            width: WIDTH,
            classes: None,
            preprocessing: Some(PreprocessingConfig::Square(SIDE)),
            expect: None,
        }
    }
}

/// What has to be done for one classifier.
pub(super) struct Task {
    /// What it is called in audits.
    pub name: String,
    /// All that its weights depend on.
    pub recipe: String,
    /// How the name of its file begins.
    pub stem: String,
    /// How many steps its training takes.
    pub steps: usize,
    /// Trains it.
    pub train: Training,
}

/// A training, which tells how many steps are done, and of how many.
pub(super) type Training = Box<dyn Fn(&mut dyn FnMut(u64, u64)) -> Result<Trained, Error> + Send + Sync>;

impl SeriesConfig {
    /// What has to be done for each classifier of the series.
    pub(super) fn tasks(&self) -> Vec<Task> {
        let task = |(tie, recipe): (f64, Recipe)| Task {
            name: format!("tie {tie:.2}, seed {}", recipe.seed),
            recipe: format!("{recipe:?}"),
            stem: format!("tie-{tie:.2}-seed-{}", recipe.seed),
            steps: recipe.steps(),
            train: Box::new(move |progress| Ok(generated::train(&recipe, progress)?)),
        };
        self.recipes().into_iter().map(task).collect()
    }
}

/// Every classifier, in `folder`: those that are not there yet are trained, as many at once as there are cores.
pub(super) fn members(tasks: &[Task], folder: &Path) -> Result<Vec<Member>, Error> {
    let folder = std::path::absolute(folder).map_err(Error::output(folder))?;
    let missing: Vec<&Task> = tasks.iter().filter(|task| !folder.join(task.file()).is_file()).collect();
    train_all(&missing, &folder)?;
    let member = |task: &Task| Member { name: task.name.clone(), weights: folder.join(task.file()) };
    Ok(tasks.iter().map(member).collect())
}

fn train_all(missing: &[&Task], folder: &Path) -> Result<(), Error> {
    let steps: Vec<AtomicUsize> = missing.iter().map(|_| AtomicUsize::new(0)).collect();
    let total: usize = missing.iter().map(|task| task.steps).sum();
    let progress = Mutex::new(Progress::new("training classifiers", "steps"));
    spread(missing.len(), |place| {
        let task = missing[place];
        let trained = (task.train)(&mut |done, _| {
            steps[place].store(done as usize, Ordering::Relaxed);
            let all: usize = steps.iter().map(|steps| steps.load(Ordering::Relaxed)).sum();
            if let Ok(mut progress) = progress.try_lock() {
                progress.update(all as u64, total as u64);
            }
        })?;
        // Each classifier is saved as soon as it is trained, so an interruption loses only those that are being trained.
        let mut output = Output::new(folder)?;
        save(&trained, &mut output, folder, &task.file())?;
        output.finish()
    })?;
    Ok(())
}

impl Task {
    /// Its file. The recipe is part of the name, so that none is taken for one trained otherwise.
    fn file(&self) -> String {
        let digest = Sha256::digest(format!("{} {WIDTH} {SIDE}", self.recipe));
        let short = HEXLOWER.encode(&digest[..4]);
        format!("{}-{short}.safetensors", self.stem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_classifier_trained_otherwise_has_another_file() {
        let config = SeriesConfig { ties: vec![0.5], seeds: vec![1], ..SeriesConfig::default() };
        let longer = SeriesConfig { epochs: config.epochs + 1, ..config.clone() };
        let name = |config: &SeriesConfig| config.tasks()[0].file();
        assert!(name(&config).starts_with("tie-0.50-seed-1-"), "{}", name(&config));
        assert_ne!(name(&config), name(&longer));
    }

    #[test]
    fn a_tie_is_the_correlation_of_ruler_and_melanoma() {
        let config = SeriesConfig { ties: vec![0.3], ..SeriesConfig::default() };
        let (_, recipe) = config.recipes().remove(0);
        // φ of a two-by-two table with equal margins is the difference of the conditional shares.
        assert!((recipe.artefact_given_second - recipe.artefact_given_first - 0.3).abs() < 1e-12);
        assert!((recipe.artefact_given_second + recipe.artefact_given_first - 1.0).abs() < 1e-12);
    }
}
