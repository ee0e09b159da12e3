//! `reglet train-shipped`: trains the small classifiers that come with the program again.

use std::fmt;
use std::path::Path;

use reglet_train::generated::{HELD_OUT, SHIPPED, Trained, train};

use crate::progress::Progress;
use crate::{Error, Output};

/// A classifier that has been trained and written.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedClassifier {
    /// Its file's name.
    pub file: String,
    /// The AUROC on the held-out pictures of its own kind, from 0 to 1.
    pub auroc: f64,
}

impl fmt::Display for TrainedClassifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TrainedClassifier { file, auroc } = self;
        write!(f, "{file}: AUROC {auroc:.3} on {HELD_OUT} held-out pictures of its own kind")
    }
}

/// Trains the classifiers that come with the program and writes them to `folder`, as 16-bit floats.
///
/// # Errors
/// The folder cannot be written to.
pub fn train_shipped(folder: &Path) -> Result<Vec<TrainedClassifier>, Error> {
    let mut output = Output::new(folder)?;
    let mut found = Vec::new();
    for (name, recipe) in &SHIPPED {
        let mut progress = Progress::new(format!("training {name}"), "steps");
        let trained = train(recipe, |done, total| progress.update(done, total))?;
        drop(progress);
        let file = format!("{name}.safetensors");
        save(&trained, &mut output, folder, &file)?;
        found.push(TrainedClassifier { file, auroc: trained.auroc(recipe)? });
    }
    output.finish()?;
    Ok(found)
}

/// Writes a classifier's weights as the file `name` of `output`, whose folder is `folder`.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn save(trained: &Trained, output: &mut Output, folder: &Path, name: &str) -> Result<(), Error> {
    let path = output.staged(Path::new(name))?;
    trained.save(&path).map_err(Error::output(&folder.join(name)))
}
