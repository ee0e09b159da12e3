//! The command line of `reglet`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Does an image classifier look at the lesion, or at the ruler beside it, and does the ruler change its prediction?
#[derive(Parser)]
#[command(name = "reglet", version, max_term_width = 100)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Explain a classifier's prediction for a picture by attribution maps
    ///
    /// Exit status: 0 if every picture was explained; 1 if --keep-going skipped pictures that could not be explained, or if
    /// a figure could not be drawn but everything else was written; 2 if the run failed and nothing was written.
    Explain(Box<ExplainArguments>),
    /// Audit models on a data set: evidence, verdicts and a report
    ///
    /// Exit status: 0 if every model with an `expect` has the expected verdict and no other model uses a shortcut; 1
    /// otherwise; 2 if the run failed.
    Audit(AuditArguments),
    /// Merge the parts of an audit, made with `audit --shard` on any number of machines
    ///
    /// Writes the same results as an audit on one machine. The exit status is that of an audit.
    Merge(MergeArguments),
    /// Compute the verdicts of an audit again with other rules, without running a model
    ///
    /// Reads the rows that an audit wrote to its results. Without --set, every file is byte for byte the same as that of the
    /// audit. The exit status is that of an audit.
    Judge(JudgeArguments),
    /// Correct a model that uses a shortcut by several methods, and audit it before and after
    ///
    /// Writes the corrected weights of each method, and one report. Exit status: 0 if some method passes, 1 if none does, 2
    /// if the run failed.
    Correct(CorrectArguments),
    /// Measure how often audits are right, by training and auditing a series of classifiers of phantoms
    ///
    /// Exit status: 0 if no clean classifier was called a shortcut and every strong shortcut was found; 1 otherwise; 2 if
    /// the run failed.
    Calibrate(CalibrateArguments),
    /// List the attribution methods: name, what each works with, cost in passes, paper
    Methods,
    /// Draw every method on one photograph and one dermoscopic picture, each with a ResNet-18 (takes minutes)
    Gallery(GalleryArguments),
    /// List a model's operators with their shapes and parameters, and the layers that suit Grad-CAM
    Inspect {
        /// An architecture, or a model saved by torch.export (.pt2), or an ONNX file (.onnx)
        model: String,
        /// The side of the square input picture [default: the side that the model was exported for, else 224]
        #[arg(long)]
        side: Option<u32>,
    },
    /// Print the Python code that exports a model for Reglet
    ExportHelp {
        /// The network's name in torchvision, or its name in timm after 'timm.', or its name on the Hugging Face Hub or its folder after 'transformers.' [default: a network of your own]
        model: Option<String>,
        /// The side of the square input pictures
        #[arg(long, default_value_t = 224)]
        side: u32,
    },
    /// List the configs that come with the program, or write them to a folder together with their weights
    Configs {
        /// The folder to write them to [default: none; they are listed]
        folder: Option<PathBuf>,
    },
    /// Find libtorch, or download it once; only needed if the library that the program was linked to has been removed
    Setup {
        /// With the CUDA libraries (Linux, about 2.5 GB)
        #[arg(long)]
        cuda: bool,
    },
    /// Print the JSON schema of a config
    ConfigSchema {
        /// The command whose config is described
        #[arg(value_enum, default_value_t)]
        of: Subject,
    },
    /// Print the JSON schema of results.json of an audit, or of correction.json of a correction
    ResultsSchema {
        /// The command whose results are described
        #[arg(value_enum, default_value_t)]
        of: Subject,
    },
    /// Train the small classifiers that come with the program again
    TrainShipped {
        /// The folder to write them to
        #[arg(long, default_value = "configs/models")]
        out: PathBuf,
    },
}

/// The command that a schema belongs to.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Subject {
    /// `reglet audit`
    #[default]
    Audit,
    /// `reglet correct`
    Correct,
}

#[derive(Args)]
pub(crate) struct ExplainArguments {
    /// Pictures, or folders of them
    #[arg(required = true)]
    pub(crate) pictures: Vec<PathBuf>,
    /// An architecture, by its name in torchvision, such as resnet18 or vit_b_16; or a model saved by torch.export (.pt2),
    /// or an ONNX file (.onnx)
    #[arg(long, default_value = "resnet18")]
    pub(crate) model: String,
    /// The name of the output with the logits, for an ONNX file with several outputs
    #[arg(long)]
    pub(crate) output: Option<String>,
    /// The meaning of the logits: softmax, sigmoid (one logit) or multi_label (a sigmoid for each) [default: taken from the
    /// last layer of the network, else softmax]
    #[arg(long)]
    pub(crate) head: Option<String>,
    /// Run the model even if it is a TorchScript program (.pt), which can do whatever its author wrote
    #[arg(long)]
    pub(crate) run_torchscript: bool,
    /// The number of channels relative to the published network
    #[arg(long, default_value_t = 1.0)]
    pub(crate) width: f64,
    /// Weights: a .safetensors or PyTorch file, or 'torchvision' for the published weights [default: torchvision; a .pt2
    /// model contains its own]
    #[arg(long)]
    pub(crate) weights: Option<String>,
    /// A file with one class label on each line, in the order of the logits
    #[arg(long)]
    pub(crate) labels: Option<PathBuf>,
    /// The class to explain, by label or index [default: the top class]
    #[arg(long)]
    pub(crate) target: Option<String>,
    /// Methods, separated by commas: NAME, or LABEL=NAME to use a method again with other parameters
    #[arg(long, value_delimiter = ',', default_value = "saliency,integrated_gradients,grad_cam")]
    pub(crate) methods: Vec<String>,
    /// The layer for Grad-CAM [default: the last convolution, layer4.1.conv2 in a ResNet-18]
    #[arg(long)]
    pub(crate) layer: Option<String>,
    /// The baseline of Integrated Gradients: zero (the mean colour), black, white, grey, #rrggbb, a number, blur:PIXELS,
    /// noise:SEED, or another picture's path [default: zero]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) baseline: Option<String>,
    /// The number of steps of Integrated Gradients [default: 50]
    #[arg(long)]
    pub(crate) steps: Option<usize>,
    /// Any parameter of a method: METHOD.PARAMETER=VALUE; may be repeated
    #[arg(long, value_name = "METHOD.PARAMETER=VALUE")]
    pub(crate) set: Vec<String>,
    /// notebook (224×224), torchvision (256, centre 224), trained (the size of the training pictures according to a .pt2
    /// model, or to a preprocessor_config.json or config.json beside it), the side of a square, or HEIGHTxWIDTH [default:
    /// notebook; for a .pt2 model, the size that it was exported for]
    #[arg(long, visible_alias = "size")]
    pub(crate) preprocessing: Option<String>,
    /// The mean of each channel in the model's training pictures, for values from 0 to 1: R,G,B, one number for all, or none
    /// if the model normalises its input itself [default: taken from a .pt2 model or a preprocessor_config.json or
    /// config.json beside it, else ImageNet's]
    #[arg(long, value_name = "R,G,B", allow_hyphen_values = true)]
    pub(crate) mean: Option<String>,
    /// The standard deviation, likewise
    #[arg(long, value_name = "R,G,B", allow_hyphen_values = true)]
    pub(crate) std: Option<String>,
    /// Instead of both: the values that black and white are mapped to, such as 0,1 or -1,1 or -1024,1024
    #[arg(long, value_name = "BLACK,WHITE", allow_hyphen_values = true)]
    pub(crate) range: Option<String>,
    /// The score that is explained: logit; margin, the log odds against all other classes, which changes whenever the
    /// probability does; or probability
    #[arg(long, default_value = "logit")]
    pub(crate) score: String,
    /// inferno, viridis, magma, plasma, jet, gray or rdbu
    #[arg(long, default_value = "inferno")]
    pub(crate) colormap: String,
    /// auto, cpu, cuda:N or mps
    #[arg(long, default_value = "auto")]
    pub(crate) device: String,
    /// The graph optimisations to use, separated by commas (`reglet inspect` lists them), none, or default, which is all
    /// but bfloat16 [default: default]
    #[arg(long)]
    pub(crate) rewrites: Option<String>,
    /// The folder for the results
    #[arg(long, default_value = "results/explain")]
    pub(crate) out: PathBuf,
    /// Skip pictures that cannot be explained, and list them at the end
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Print the summary as JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct JudgeArguments {
    /// The results folder of an audit
    pub(crate) results: PathBuf,
    /// A rule, such as verdict.min_effect=0.05, operating_point=0.3 or models.NAME.expect=clear; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The folder for the new results [default: results/judge]
    #[arg(long, default_value = "results/judge")]
    pub(crate) out: PathBuf,
}

#[derive(Args)]
pub(crate) struct AuditArguments {
    /// The config: a path, or the name of one that comes with Reglet
    #[arg(long)]
    pub(crate) config: PathBuf,
    /// The folder for the results
    #[arg(long, default_value = "results/audit")]
    pub(crate) out: PathBuf,
    /// Override a value of the config: key=value, with dotted keys; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Compute only what all parts of the audit have in common, in the folder --out; to be run before the parts
    #[arg(long)]
    pub(crate) plan: bool,
    /// Compute only one part, such as 3/17, in the folder --out; `auto` takes the numbers from Slurm's environment,
    /// `auto/17` also from that of Kubernetes or HyperQueue
    #[arg(long, conflicts_with = "plan")]
    pub(crate) shard: Option<String>,
}

#[derive(Args)]
pub(crate) struct MergeArguments {
    /// The folders that contain the parts
    #[arg(required = true)]
    pub(crate) folders: Vec<PathBuf>,
    /// The config of the parts, if it or the data have another path on this machine [default: the paths of the parts]
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// The folder for the results
    #[arg(long, default_value = "results/audit")]
    pub(crate) out: PathBuf,
    /// The overrides that the parts were made with, if --config is given
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "config")]
    pub(crate) set: Vec<String>,
}

#[derive(Args)]
pub(crate) struct CorrectArguments {
    /// The config: a path, or the name of one that comes with Reglet
    #[arg(long, default_value = "correct.toml")]
    pub(crate) config: PathBuf,
    /// The folder for the results
    #[arg(long, default_value = "results/correction")]
    pub(crate) out: PathBuf,
    /// Override a value of the config, or, with the prefix `audit.`, of the audit's config: key=value, with dotted keys; may
    /// be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Args)]
pub(crate) struct CalibrateArguments {
    /// The config: a path, or the name of one that comes with Reglet
    #[arg(long, default_value = "calibration.toml")]
    pub(crate) config: PathBuf,
    /// The folder for the results
    #[arg(long, default_value = "results/calibration")]
    pub(crate) out: PathBuf,
    /// Override a value of the config: key=value, with dotted keys; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Args)]
pub(crate) struct GalleryArguments {
    /// A photograph
    #[arg(long, value_name = "PICTURE")]
    pub(crate) photo: PathBuf,
    /// Weights of an ImageNet classifier: a .safetensors or PyTorch file, or 'torchvision'
    #[arg(long, value_name = "FILE", default_value = "torchvision")]
    pub(crate) photo_weights: String,
    /// A dermoscopic picture
    #[arg(long, value_name = "PICTURE")]
    pub(crate) dermoscopic: PathBuf,
    /// Weights of a classifier of such pictures: a .safetensors or PyTorch file
    #[arg(long, value_name = "FILE")]
    pub(crate) dermoscopic_weights: String,
    /// Its classes in the order of its logits, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "benign,melanoma")]
    pub(crate) dermoscopic_labels: Vec<String>,
    /// Methods, separated by commas [default: all]
    #[arg(long, value_delimiter = ',')]
    pub(crate) methods: Vec<String>,
    /// Any parameter of a method: METHOD.PARAMETER=VALUE; may be repeated
    #[arg(long, value_name = "METHOD.PARAMETER=VALUE")]
    pub(crate) set: Vec<String>,
    /// auto, cpu, cuda:N or mps
    #[arg(long, default_value = "auto")]
    pub(crate) device: String,
    /// Pixels of the PNG for each CSS pixel
    #[arg(long, default_value_t = 2.0)]
    pub(crate) scale: f32,
    /// The folder for the results
    #[arg(long, default_value = "results/gallery")]
    pub(crate) out: PathBuf,
}
