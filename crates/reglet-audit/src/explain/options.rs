//! What an explanation can be asked for.

use std::path::PathBuf;

use reglet_attribution::Method;

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
