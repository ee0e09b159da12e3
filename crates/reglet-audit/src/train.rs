//! `reglet train-shipped`: trains the small classifiers that come with the program again.

use std::path::Path;

use reglet_train::generated::{HELD_OUT, SHIPPED, Trained, train};

use crate::progress::Progress;
use crate::{Error, Output};

/// Trains the classifiers that come with the program and writes them to `folder`, as 16-bit floats.
///
/// # Errors
/// The folder cannot be written to.
pub fn train_shipped(folder: &Path) -> Result<String, Error> {
    let mut output = Output::new(folder)?;
    let mut lines = Vec::new();
    for (name, recipe) in &SHIPPED {
        let mut progress = Progress::new(format!("training {name}"), "steps");
        let trained = train(recipe, |done, total| progress.update(done, total))?;
        drop(progress);
        let file = format!("{name}.safetensors");
        save(&trained, &mut output, folder, &file)?;
        let area = trained.auroc(recipe)?;
        lines.push(format!("{file}: AUROC {area:.3} on {HELD_OUT} held-out pictures of its own kind\n"));
    }
    output.finish()?;
    Ok(lines.concat())
}

/// Writes a classifier's weights as the file `name` of `output`, whose folder is `folder`.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn save(trained: &Trained, output: &mut Output, folder: &Path, name: &str) -> Result<(), Error> {
    let path = output.staged(Path::new(name))?;
    trained.save(&path).map_err(Error::output(&folder.join(name)))
}
