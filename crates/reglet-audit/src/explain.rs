//! `reglet explain`: the model's prediction for one or more pictures, and attribution maps.

mod explainer;
mod figure;
mod methods;
mod options;
mod picture;

use std::fmt;
use std::path::{Path, PathBuf};

use reglet_data::picture::frames;
use reglet_data::{file_names, pictures_in};
use reglet_viz::Colormap;
use serde_json::{Value, json};

use explainer::Explainer;
pub(crate) use methods::set;
pub use options::ExplainOptions;

use crate::described::described;
use crate::loading::load;
use crate::progress::Progress;
use crate::{Error, Output};

/// Explanations of pictures, with the folder of their results. Written out, they are what `reglet explain` prints.
#[derive(Debug, Clone)]
pub struct Explanations {
    /// What `summary.json` contains for each picture, in their order. For a picture that could not be explained, its path and
    /// the error.
    pub summaries: Vec<Value>,
    /// For each picture that could not be explained, a sentence that names it.
    pub failed: Vec<String>,
    /// Whether a figure could not be drawn; everything else has then been written.
    pub undrawn: bool,
    /// The folder of the results.
    pub out: PathBuf,
    /// The model, and then each picture that was explained, in words.
    paragraphs: Vec<String>,
}

impl Explanations {
    /// Whether every picture was explained and every figure drawn.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && !self.undrawn
    }

    /// The summary if there is one picture, else the list of all.
    pub fn to_json(&self) -> Value {
        match self.summaries.as_slice() {
            [only] => only.clone(),
            all => Value::Array(all.to_vec()),
        }
    }
}

impl fmt::Display for Explanations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.paragraphs.join("\n\n"))?;
        if !self.failed.is_empty() {
            write!(
                f,
                "\n\n{}",
                could_not(&format!("{} of {}", self.failed.len(), self.summaries.len()), &self.failed)
            )?;
        }
        writeln!(f, "\nwritten to {}", self.out.display())
    }
}

/// Which pictures could not be explained.
fn could_not(how_many: &str, failed: &[String]) -> String {
    format!("{how_many} pictures could not be explained:\n  {}", failed.join("\n  "))
}

/// Explains every picture and writes the results.
///
/// # Errors
/// Any error in the options, the model or a picture; nothing is written in this case. With
/// [`keep_going`](ExplainOptions::keep_going), errors of pictures count only if all pictures have one.
pub fn explain(options: &ExplainOptions) -> Result<Explanations, Error> {
    let pictures = collect(&options.pictures)?;
    let colormap: Colormap = options.colormap.parse()?;
    let methods = methods::methods(options)?;
    let model = load(options)?;
    let target = options.target.as_ref().map(|name| model.classes().find(name)).transpose()?;
    let mut output = Output::new(&options.out)?;

    let several = pictures.len() > 1;
    let mut progress = Progress::new("explaining", "pictures");
    let mut found = Explanations {
        summaries: Vec::with_capacity(pictures.len()),
        failed: Vec::new(),
        undrawn: false,
        out: options.out.clone(),
        paragraphs: vec![described(&model)],
    };
    for (index, (path, folder)) in pictures.iter().zip(folders(&pictures)).enumerate() {
        let folder = if several { Path::new(&folder) } else { Path::new("") };
        let one = Explainer { options, model: &model, methods: &methods, colormap, target, path };
        match one.explain(&mut output, folder) {
            Ok(explained) => {
                found.undrawn |= explained.undrawn;
                found.paragraphs.push(explained.text);
                found.summaries.push(explained.summary);
            }
            // If one file cannot be written, the others cannot be written either.
            Err(fault @ Error::Output { .. }) => return Err(fault),
            Err(fault) if several && options.keep_going => {
                found
                    .summaries
                    .push(json!({ "picture": path.display().to_string(), "error": fault.to_string() }));
                found.failed.push(of(path, &fault));
            }
            Err(fault) => return Err(if several { Error::Usage(of(path, &fault)) } else { fault }),
        }
        progress.update(index as u64 + 1, pictures.len() as u64);
    }
    drop(progress);
    if found.failed.len() == pictures.len() {
        let all = format!("none of the {}", pictures.len());
        return Err(Error::Usage(could_not(&all, &found.failed)));
    }
    output.finish()?;
    Ok(found)
}

/// What is wrong with a picture, in a sentence that names it.
fn of(path: &Path, fault: &Error) -> String {
    let (path, fault) = (path.display().to_string(), fault.to_string());
    if fault.contains(&path) { fault } else { format!("{path}: {fault}") }
}

/// The pictures named, with every folder replaced by the pictures in it, sorted, and every DICOM file by its frames.
fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut pictures = Vec::new();
    for path in paths {
        if !path.is_dir() {
            pictures.extend(frames(path));
            continue;
        }
        let mut found = pictures_in(path)?;
        if found.is_empty() {
            return Err(Error::Usage(format!("the folder {} holds no pictures", path.display())));
        }
        pictures.append(&mut found);
    }
    Ok(pictures)
}

/// A folder for each picture's results, within the folder for all.
fn folders(pictures: &[PathBuf]) -> Vec<String> {
    let names: Vec<_> =
        pictures.iter().map(|picture| picture.file_name().unwrap_or_default().to_string_lossy()).collect();
    file_names(names.iter().map(AsRef::as_ref))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_one_name_get_folders_of_their_own() {
        let paths = ["a/x.png", "b/x.png", "c/y.jpg", "d/x.jpg"].map(PathBuf::from);
        assert_eq!(folders(&paths), ["x", "x-2", "y", "x-3"]);
    }
}
