//! The errors of this crate.

use std::path::PathBuf;

use crate::nearest::did_you_mean;

/// A model could not be built, loaded or run. Each message is one sentence that says what is wrong, where, and what to do
/// about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// An architecture of that name is not built in.
    #[error("there is no architecture '{name}'{}", did_you_mean(nearest))]
    UnknownArchitecture {
        /// The requested name.
        name: String,
        /// The most similar names that exist.
        nearest: Vec<String>,
    },
    /// No rewrite has that name.
    #[error("there is no rewrite '{name}'{}", did_you_mean(nearest))]
    UnknownRewrite {
        /// The requested name.
        name: String,
        /// The most similar names that exist.
        nearest: Vec<String>,
    },
    /// A width with which no channels would be left, or far too many.
    #[error("a width of {width} is outside 0.01 to 8; 1 is the published network")]
    Width {
        /// The requested width.
        width: f64,
    },
    /// The graph has no such layer.
    #[error("the model has no layer '{name}'{}", did_you_mean(nearest))]
    UnknownLayer {
        /// The requested name.
        name: String,
        /// The most similar names that exist.
        nearest: Vec<String>,
    },
    /// The number of classes to be explained is not that of the pictures.
    #[error("{targets} classes to be explained were given for {rows} pictures; give one for each")]
    TargetCount {
        /// How many classes were given.
        targets: usize,
        /// How many pictures.
        rows: usize,
    },
    /// The classifier has no such class.
    #[error("the model has no class '{name}'; it has {count} classes, 0 to {}{}", count - 1, did_you_mean(nearest))]
    UnknownClass {
        /// The requested label or index.
        name: String,
        /// How many classes there are.
        count: usize,
        /// The closest labels there are.
        nearest: Vec<String>,
    },
    /// The specified meaning of the logits does not fit the model.
    #[error("{reason}")]
    Head {
        /// What is wrong, as a sentence.
        reason: String,
    },
    /// The list of labels does not fit the classifier.
    #[error(
        "{labels} class labels were given for a model with {classes} classes; give exactly one label for each class"
    )]
    LabelCount {
        /// How many labels were given.
        labels: usize,
        /// How many classes the model has.
        classes: usize,
    },
    /// A model that names its classes otherwise than the pictures' labels.
    #[error(
        "the model's own classes are {}, but those of the pictures are {}; give the pictures' classes in the order of the \
         model's logits, as classes = [\"…\", \"…\"]",
        own.join(", "),
        wanted.join(", ")
    )]
    LabelsDiffer {
        /// The names according to the model, in the order of its logits.
        own: Vec<String>,
        /// The names of the pictures' labels.
        wanted: Vec<String>,
    },
    /// A device that does not exist or is not known.
    #[error("there is no device '{name}' here; available: {available}")]
    UnknownDevice {
        /// The requested device.
        name: String,
        /// The available devices, separated by commas.
        available: String,
    },
    /// A graph is not an image classifier.
    #[error("the network '{name}' is no classifier of pictures of {width}×{height} pixels: {reason}")]
    NoClassifier {
        /// The network's name.
        name: String,
        /// The width of the pictures that the model is to be given.
        width: u32,
        /// Their height.
        height: u32,
        /// The reason, as one clause.
        reason: String,
    },
    /// A weights file could not be read.
    #[error("cannot read the weights {}: {reason}", path.display())]
    UnreadableWeights {
        /// The file.
        path: PathBuf,
        /// The reason, as one clause.
        reason: String,
    },
    /// The weights belong to another network.
    #[error("the weights {} do not fit {architecture}: {mismatch}", path.display())]
    WeightsMismatch {
        /// The file.
        path: PathBuf,
        /// The model that the weights should fit.
        architecture: String,
        /// The differences, with counts and the first few names.
        mismatch: String,
    },
    /// The weights hold NaN or infinity.
    #[error("the weights {} contain NaN or infinity in {count} tensors, the first of them '{first}'; the file is damaged or training diverged", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// How many tensors are affected.
        count: usize,
        /// The first of them.
        first: String,
    },
    /// Published weights could not be downloaded.
    #[error("cannot download {url}: {reason}; download it yourself and give its path as the weights")]
    Download {
        /// The weights that were to be downloaded.
        url: String,
        /// Why it failed.
        reason: String,
    },
    /// A preprocessing with impossible values.
    #[error("{what}")]
    Preprocessing {
        /// What is wrong, as a sentence.
        what: String,
    },
    /// A picture could not be read.
    #[error(transparent)]
    Picture(#[from] reglet_data::picture::PictureError),
    /// A picture could not be resized and cropped to the model's size.
    #[error(transparent)]
    Geometry(#[from] reglet_data::ResizeError),
    /// A file of labels could not be read.
    #[error("cannot read the labels {}: {reason}", path.display())]
    Labels {
        /// The file.
        path: PathBuf,
        /// The reason, as one clause.
        reason: String,
    },
    /// A name that several classes have.
    #[error(
        "several classes are called '{name}': {}; give the index of the one that you mean",
        indices(classes)
    )]
    AmbiguousClass {
        /// The name that was given.
        name: String,
        /// The classes' indices.
        classes: Vec<usize>,
    },
    /// libtorch refused an operator.
    #[error("operator {operator} of '{value}' fails on shapes {shapes:?}: {reason}")]
    Operator {
        /// The operator's name in ATen.
        operator: &'static str,
        /// The value it was to compute.
        value: String,
        /// The shapes of its inputs.
        shapes: Vec<Vec<i64>>,
        /// libtorch's reason.
        reason: String,
    },
    /// Secants between the rows of a batch were requested for a value after which the rows do not stay independent.
    #[error(
        "secants cannot be computed from '{value}', because later operators mix or move its rows, as those of tokens and windows do; use gradients instead"
    )]
    NoSecants {
        /// The value's name.
        value: String,
    },
    /// A value that was given does not have the shape that the model declares for it.
    #[error(
        "the model expects '{value}' with the shape {expected}, but received {found:?}; change the preprocessing, or export the model for that size"
    )]
    Shape {
        /// The value's name.
        value: String,
        /// The declared shape; N is any number of pictures, `?` any size.
        expected: String,
        /// The shape given.
        found: Vec<i64>,
    },
    /// Several pictures were given to a model that accepts only one at a time.
    #[error(
        "a batch of {rows} pictures was given to a model that accepts a single picture; give one picture at a time"
    )]
    RowsDepend {
        /// How many were given.
        rows: i64,
    },
    /// An open size is needed, and none of the given values determines it.
    #[error("the size {size} is needed, but cannot be derived from the given values")]
    OpenSize {
        /// The expression.
        size: String,
    },
    /// A value is needed that was not given.
    #[error("the value '{value}' is needed but was not given")]
    NotFed {
        /// The value's name.
        value: String,
    },
    /// An archive of torch.export, or an ONNX file, could not be read.
    #[error("cannot read the exported model {}: {reason}", path.display())]
    UnreadableArchive {
        /// The file.
        path: PathBuf,
        /// The reason, as one clause.
        reason: String,
    },
    /// Layers or operators of a TorchScript program were requested.
    #[error(
        "the model is a TorchScript program, whose layers and operators are not accessible; choose methods that need only scores or the gradient of the input, such as saliency, integrated gradients or occlusion, or export the model as `reglet export-help` shows"
    )]
    Opaque,
    /// An exported model uses something that Reglet does not support.
    #[error("the exported model {} uses {operator}{}, which Reglet does not support: {reason}; please report it with this message", path.display(), of_module(module))]
    UnsupportedOperator {
        /// The file.
        path: PathBuf,
        /// The operator, as the archive names it.
        operator: String,
        /// The Python module that calls it; empty for the model itself.
        module: String,
        /// The detail that is not supported.
        reason: String,
    },
    /// libtorch failed outside an operator of the graph.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(#[from] tch::TchError),
}

/// ` in 'layer4.1.conv2'`, or nothing for the model itself.
fn of_module(module: &str) -> String {
    if module.is_empty() { String::new() } else { format!(" in '{module}'") }
}

/// The first indices of a list, formatted for a sentence.
fn indices(classes: &[usize]) -> String {
    let shown: Vec<String> = classes.iter().take(5).map(usize::to_string).collect();
    format!("{}{}", shown.join(", "), if classes.len() > shown.len() { " and more" } else { "" })
}
