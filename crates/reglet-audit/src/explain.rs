//! `reglet explain`: the model's prediction for one or more pictures, and attribution maps.

mod figure;
mod methods;
mod picture;

use std::path::{Path, PathBuf};

use reglet_attribution::Method;
use reglet_data::picture::frames;
use reglet_data::{file_names, pictures_in};
use reglet_viz::Colormap;
use serde_json::{Value, json};

pub(crate) use methods::set;
use picture::Explainer;

use crate::loading::{described, load};
use crate::progress::Progress;
use crate::{Error, Output};

/// The options of an explanation.
#[derive(Debug, Clone)]
pub struct ExplainOptions {
    /// Pictures, or folders of them.
    pub pictures: Vec<PathBuf>,
    /// The architecture's name, an archive of torch.export, or an ONNX file.
    pub model: String,
    /// Allows a TorchScript program from a trusted source to run.
    pub run_torchscript: bool,
    /// The name of the output with the logits, for an ONNX file with several outputs.
    pub output: Option<String>,
    /// `softmax`, `sigmoid` or `multi_label`; by default taken from the last layer of the network, else `softmax`.
    pub head: Option<String>,
    /// The number of channels relative to the published network.
    pub width: f64,
    /// A file, or `torchvision`; an archive contains its own weights.
    pub weights: Option<String>,
    /// A file with one class label on each line.
    pub labels: Option<PathBuf>,
    /// A label or an index; by default, the top class.
    pub target: Option<String>,
    /// The methods: `NAME`, or `LABEL=NAME` for the same method with other parameters.
    pub methods: Vec<String>,
    /// The layer of the methods that read one; by default, the layer that the model suggests.
    pub layer: Option<String>,
    /// The baseline of the methods that have one; by default, that of each method.
    pub baseline: Option<String>,
    /// The steps of the methods that have them; by default, those of each method.
    pub steps: Option<usize>,
    /// Parameters of methods: `METHOD.PARAMETER=VALUE`, the value in TOML or else plain text.
    pub set: Vec<String>,
    /// `notebook`, `torchvision`, a side or HEIGHTxWIDTH; by default the size that an archive was exported for, else
    /// `notebook`.
    pub preprocessing: Option<String>,
    /// The mean of each channel in the training, for values from 0 to 1: three numbers separated by commas, one for all, or
    /// `none`; by default that of the model, else ImageNet's.
    pub mean: Option<String>,
    /// The standard deviation of each channel, likewise.
    pub std: Option<String>,
    /// Instead of both, the values that black and white are mapped to: two numbers separated by a comma.
    pub range: Option<String>,
    /// The score of the class that is explained: `logit`, `margin` or `probability`.
    pub score: String,
    /// The colour map's name.
    pub colormap: String,
    /// Where to run.
    pub device: String,
    /// The graph optimisations to use: names separated by commas, or `none`; all by default.
    pub rewrites: Option<String>,
    /// The folder for the results.
    pub out: PathBuf,
    /// Continue after a picture that cannot be explained.
    pub keep_going: bool,
    /// Print JSON instead of text.
    pub json: bool,
}

impl Default for ExplainOptions {
    /// What the program `reglet` does without further arguments: torchvision's ResNet-18 with its published weights, explained
    /// by three methods for its most probable class; but no picture.
    fn default() -> Self {
        ExplainOptions {
            pictures: Vec::new(),
            model: "resnet18".to_owned(),
            run_torchscript: false,
            output: None,
            head: None,
            width: 1.0,
            weights: None,
            labels: None,
            target: None,
            methods: Method::usual().iter().map(|method| method.name().to_owned()).collect(),
            layer: None,
            baseline: None,
            steps: None,
            set: Vec::new(),
            preprocessing: None,
            mean: None,
            std: None,
            range: None,
            score: "logit".to_owned(),
            colormap: "inferno".to_owned(),
            device: "auto".to_owned(),
            rewrites: None,
            out: PathBuf::from("results/explain"),
            keep_going: false,
            json: false,
        }
    }
}

/// Explains every picture and writes the results. Returns the text to print and the exit status: 0 if everything was done, 1
/// if some pictures could not be explained, or a figure could not be drawn.
///
/// # Errors
/// Any error in the options, the model or a picture; nothing is written in this case. With
/// [`keep_going`](ExplainOptions::keep_going), errors of pictures count only if all pictures have one.
pub fn explain(options: &ExplainOptions) -> Result<(String, u8), Error> {
    let pictures = collect(&options.pictures)?;
    let colormap: Colormap = options.colormap.parse()?;
    let methods = methods::methods(options)?;
    let model = load(options)?;
    let target = options.target.as_ref().map(|name| model.classes().find(name)).transpose()?;
    let mut output = Output::new(&options.out)?;

    let several = pictures.len() > 1;
    let mut progress = Progress::new("explaining", "pictures");
    let mut printed = vec![described(&model)];
    let mut summaries = Vec::with_capacity(pictures.len());
    let (mut failed, mut undrawn) = (Vec::new(), false);
    for (index, (path, folder)) in pictures.iter().zip(folders(&pictures)).enumerate() {
        let folder = if several { Path::new(&folder) } else { Path::new("") };
        let one = Explainer { options, model: &model, methods: &methods, colormap, target, path };
        match one.explain(&mut output, folder) {
            Ok(explained) => {
                undrawn |= explained.undrawn;
                printed.push(explained.text);
                summaries.push(explained.summary);
            }
            // If one file cannot be written, the others cannot be written either.
            Err(fault @ Error::Output { .. }) => return Err(fault),
            Err(fault) if several && options.keep_going => {
                summaries.push(json!({ "picture": path.display().to_string(), "error": fault.to_string() }));
                failed.push(of(path, &fault));
            }
            Err(fault) => return Err(if several { Error::Usage(of(path, &fault)) } else { fault }),
        }
        progress.update(index as u64 + 1, pictures.len() as u64);
    }
    drop(progress);
    let list = failed.join("\n  ");
    if failed.len() == pictures.len() {
        return Err(Error::Usage(format!(
            "none of the {} pictures could be explained:\n  {list}",
            pictures.len()
        )));
    }
    output.finish()?;
    let status = u8::from(undrawn || !failed.is_empty());
    if options.json {
        let all = if several { Value::Array(summaries) } else { summaries.remove(0) };
        return Ok((format!("{all:#}\n"), status));
    }
    if !failed.is_empty() {
        printed.push(format!(
            "{} of {} pictures could not be explained:\n  {list}",
            failed.len(),
            pictures.len()
        ));
    }
    Ok((format!("{}\nwritten to {}\n", printed.join("\n\n"), options.out.display()), status))
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
