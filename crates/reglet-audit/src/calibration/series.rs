//! The classifiers of a calibration: trained, or loaded where they have been before.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use reglet_model::Architecture;
use sha2::{Digest, Sha256};

use super::config::SeriesConfig;
use crate::config::{ModelConfig, PreprocessingConfig};
use crate::progress::Progress;
use crate::train::{Recipe, SIDE, WIDTH, train};
use crate::{Error, Output};

/// One classifier of a series.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub name: String,
    pub tie: f64,
    pub seed: u64,
    weights: PathBuf,
}

impl Member {
    /// As an audit's config names it.
    pub fn model(&self) -> ModelConfig {
        ModelConfig {
            architecture: Some(Architecture::ResNet18),
            weights: Some(self.weights.clone()),
            archive: None,
            width: WIDTH,
            classes: None,
            preprocessing: Some(PreprocessingConfig::Square(SIDE)),
            expect: None,
        }
    }
}

/// Every classifier of a series, in `folder`: those that are not there yet are trained, as many at once as there
/// are cores, each by one thread, so that the weights do not depend on how many there are.
pub(super) fn members(config: &SeriesConfig, folder: &Path) -> Result<Vec<Member>, Error> {
    let folder = std::path::absolute(folder).map_err(Error::output(folder))?;
    let recipes = config.recipes();
    let files: Vec<String> = recipes.iter().map(|(tie, recipe)| file_name(*tie, recipe)).collect();
    let missing: Vec<usize> =
        (0..recipes.len()).filter(|&index| !folder.join(&files[index]).is_file()).collect();
    if !missing.is_empty() {
        let threads = tch::get_num_threads();
        tch::set_num_threads(1);
        let done = train_all(&missing, &recipes, &files, &folder);
        tch::set_num_threads(threads);
        done?;
    }
    let member = |((tie, recipe), file): (&(f64, Recipe), &String)| Member {
        name: format!("tie {tie:.2}, seed {}", recipe.seed),
        tie: *tie,
        seed: recipe.seed,
        weights: folder.join(file),
    };
    Ok(recipes.iter().zip(&files).map(member).collect())
}

fn train_all(
    missing: &[usize],
    recipes: &[(f64, Recipe)],
    files: &[String],
    folder: &Path,
) -> Result<(), Error> {
    let next = AtomicUsize::new(0);
    let steps: Vec<AtomicUsize> = missing.iter().map(|_| AtomicUsize::new(0)).collect();
    let total: usize = missing.iter().map(|&index| recipes[index].1.steps()).sum();
    let progress = Mutex::new(Progress::new("training the series", "steps"));
    let work = || -> Result<(), Error> {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(&index) = missing.get(place) else { return Ok(()) };
            let trained = train(&recipes[index].1, |done, _| {
                steps[place].store(done as usize, Ordering::Relaxed);
                let all: usize = steps.iter().map(|steps| steps.load(Ordering::Relaxed)).sum();
                if let Ok(mut progress) = progress.try_lock() {
                    progress.update(all as u64, total as u64);
                }
            });
            // Each is kept as soon as it is there: an interruption costs those in the making.
            let keep = || -> Result<(), Error> {
                let mut output = Output::new(folder)?;
                trained?.save(&mut output, folder, &files[index])?;
                output.finish()
            };
            keep().inspect_err(|_| next.store(missing.len(), Ordering::Relaxed))?;
        }
    };
    let workers = thread::available_parallelism().map_or(1, |count| count.get().min(missing.len()));
    thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in started {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(())
    })
}

/// The file of a classifier. The recipe is part of the name, so that none is taken for one trained otherwise.
fn file_name(tie: f64, recipe: &Recipe) -> String {
    let digest = Sha256::digest(format!("{recipe:?} {WIDTH} {SIDE}"));
    let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("tie-{tie:.2}-seed-{}-{short}.safetensors", recipe.seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_classifier_trained_otherwise_has_another_file() {
        let config = SeriesConfig { ties: vec![0.5], seeds: vec![1], ..SeriesConfig::default() };
        let longer = SeriesConfig { epochs: config.epochs + 1, ..config.clone() };
        let name = |config: &SeriesConfig| {
            let (tie, recipe) = config.recipes().remove(0);
            file_name(tie, &recipe)
        };
        assert!(name(&config).starts_with("tie-0.50-seed-1-"), "{}", name(&config));
        assert_ne!(name(&config), name(&longer));
    }

    #[test]
    fn a_tie_is_the_correlation_of_ruler_and_melanoma() {
        let config = SeriesConfig { ties: vec![0.3], ..SeriesConfig::default() };
        let (_, recipe) = config.recipes().remove(0);
        // φ of a two-by-two table with equal margins is the difference of the conditional shares.
        assert!((recipe.ruler_given_melanoma - recipe.ruler_given_benign - 0.3).abs() < 1e-12);
        assert!((recipe.ruler_given_melanoma + recipe.ruler_given_benign - 1.0).abs() < 1e-12);
    }
}
