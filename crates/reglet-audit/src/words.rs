//! The words of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Does an image classifier look at the lesion, or at the ruler beside it, and does that change what it says?
#[derive(Parser)]
#[command(name = "reglet", version, max_term_width = 100)]
pub(crate) struct Words {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// What a classifier says of a picture, and where it looks
    ///
    /// Exit status: 0 if every picture is explained; 1 if some could not be and --keep-going left them out, or if a figure
    /// could not be drawn, the rest being written; 2 if the run failed, and nothing is written.
    Explain(Box<ExplainWords>),
    /// A model and a data set: evidence, a verdict, a report
    ///
    /// Exit status: 0 if no model is found to take the shortcut, or those with an `expect` came out as expected; 1 if one
    /// does (or an expectation failed); 2 if the run failed.
    Audit(AuditWords),
    /// One audit of its parts, which were made with `audit --shard` on any number of machines
    ///
    /// Leaves what an audit on one machine leaves. Exit status as of an audit.
    Merge(MergeWords),
    /// The verdicts of an audit again, by other rules and without any model
    ///
    /// Reads the rows that an audit left beside its results. Without --set every file is, byte for byte, what the audit wrote.
    /// Exit status as of an audit.
    Judge(JudgeWords),
    /// A model with a shortcut: corrected by several methods, and audited before and after
    ///
    /// Leaves for each method the corrected weights, and one report. Exit status: 0 if some method passes, 1 if none does, 2 if
    /// the run failed.
    Correct(CorrectWords),
    /// How often the audit is right: a series of classifiers of phantoms, trained and audited
    ///
    /// Exit status: 0 if no clean classifier was convicted and every strong shortcut found; 1 if not; 2 if the run failed.
    Calibrate(CalibrateWords),
    /// Print the table of attribution methods: name, what each works with, cost in passes, paper
    Methods,
    /// Draw every method on one photograph and one dermoscopic picture, each with a ResNet-18: takes minutes
    Gallery(GalleryWords),
    /// A model's operators with their shapes and parameters, and the layers that suit Grad-CAM
    Inspect {
        /// An architecture, or a model that torch.export saved (.pt2), or an ONNX file (.onnx)
        model: String,
        /// The side of the square picture it is shown [default: that it was exported for, else 224]
        #[arg(long)]
        side: Option<u32>,
    },
    /// Print the lines of Python that export a model for Reglet
    ExportHelp {
        /// torchvision's name of the network, or timm's after 'timm.' [default: one of your own]
        model: Option<String>,
        /// The side of the square pictures it takes
        #[arg(long, default_value_t = 224)]
        side: u32,
    },
    /// List the configs that come with the program, or write them to a folder with the weights they name
    Configs {
        /// The folder to write them to [default: none, they are listed]
        folder: Option<PathBuf>,
    },
    /// Find libtorch, or download it once: only needed where what the program was linked to is gone
    Setup {
        /// With the CUDA libraries (Linux, about 2.5 GB)
        #[arg(long)]
        cuda: bool,
    },
    /// Print the JSON schema of a config
    ConfigSchema {
        /// Of which command's config
        #[arg(value_enum, default_value_t)]
        of: Subject,
    },
    /// Print the JSON schema of an audit's results.json, or of a correction's correction.json
    ResultsSchema {
        /// Of which command's results
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

/// What a schema is of.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Subject {
    /// `reglet audit`
    #[default]
    Audit,
    /// `reglet correct`
    Correct,
}

#[derive(Args)]
pub(crate) struct ExplainWords {
    /// Pictures, or folders of them
    #[arg(required = true)]
    pub(crate) pictures: Vec<PathBuf>,
    /// The architecture, as torchvision calls it, such as resnet18 or vit_b_16; or a model that
    /// torch.export saved (.pt2), or an ONNX file (.onnx)
    #[arg(long, default_value = "resnet18")]
    pub(crate) model: String,
    /// Of several results of an ONNX file that could be logits, the name of the one that is
    #[arg(long)]
    pub(crate) output: Option<String>,
    /// What the logits mean: softmax, sigmoid (one logit) or multi_label (a sigmoid for each) [default: what the network
    /// itself ends with, else softmax]
    #[arg(long)]
    pub(crate) head: Option<String>,
    /// Run the model if it is a TorchScript program (.pt), which does what its author wrote
    #[arg(long)]
    pub(crate) run_torchscript: bool,
    /// Channels relative to the published network
    #[arg(long, default_value_t = 1.0)]
    pub(crate) width: f64,
    /// Weights: a .safetensors or PyTorch file, or 'torchvision' for its published ones [default: torchvision;
    /// a .pt2 model has its own]
    #[arg(long)]
    pub(crate) weights: Option<String>,
    /// A file with the class labels, one a line, in the order of the logits
    #[arg(long)]
    pub(crate) labels: Option<PathBuf>,
    /// The class to explain, by label or index [default: the top class]
    #[arg(long)]
    pub(crate) target: Option<String>,
    /// Methods, with commas
    #[arg(long, value_delimiter = ',', default_value = "saliency,integrated_gradients,grad_cam")]
    pub(crate) methods: Vec<String>,
    /// Grad-CAM's layer [default: the last convolution, layer4.1.conv2 in a ResNet-18]
    #[arg(long)]
    pub(crate) layer: Option<String>,
    /// Where Integrated Gradients begins: zero (the mean colour), black, white, grey, #rrggbb, a number, blur:PIXELS,
    /// noise:SEED, or another picture's path [default: zero]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) baseline: Option<String>,
    /// Integrated Gradients' steps [default: 50]
    #[arg(long)]
    pub(crate) steps: Option<usize>,
    /// Any parameter of a method: METHOD.PARAMETER=VALUE; may be repeated
    #[arg(long, value_name = "METHOD.PARAMETER=VALUE")]
    pub(crate) set: Vec<String>,
    /// notebook (224×224), torchvision (256, centre 224), trained (the size that a .pt2 model, or a preprocessor_config.json or
    /// config.json beside it, says it was trained with), the side of a square, or HEIGHTxWIDTH [default: notebook; the size
    /// that a .pt2 model was exported for]
    #[arg(long, visible_alias = "size")]
    pub(crate) preprocessing: Option<String>,
    /// The mean of each channel in the model's training pictures, levels being 0 to 1: R,G,B, one number for all, or none
    /// where the model normalises its input itself [default: what a .pt2 model or a preprocessor_config.json or config.json
    /// beside it says, else ImageNet's]
    #[arg(long, value_name = "R,G,B", allow_hyphen_values = true)]
    pub(crate) mean: Option<String>,
    /// The standard deviation, likewise
    #[arg(long, value_name = "R,G,B", allow_hyphen_values = true)]
    pub(crate) std: Option<String>,
    /// Instead of both, what black and white become in the model's input: 0,1 or -1,1 or -1024,1024
    #[arg(long, value_name = "BLACK,WHITE", allow_hyphen_values = true)]
    pub(crate) range: Option<String>,
    /// What of the class is explained: logit; margin, its log odds against all other classes, which whatever changes the
    /// probability changes; or probability
    #[arg(long, default_value = "logit")]
    pub(crate) score: String,
    /// inferno, viridis, magma, plasma, jet, gray or rdbu
    #[arg(long, default_value = "inferno")]
    pub(crate) colormap: String,
    /// auto, cpu, cuda:N or mps
    #[arg(long, default_value = "auto")]
    pub(crate) device: String,
    /// The rewrites to run by, names with commas (`reglet inspect` lists them), or none [default: all]
    #[arg(long)]
    pub(crate) rewrites: Option<String>,
    /// The folder for the results
    #[arg(long, default_value = "results/explain")]
    pub(crate) out: PathBuf,
    /// Leave out a picture that cannot be explained, and list such pictures at the end
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Print a summary for machines instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct JudgeWords {
    /// The folder of an audit's results
    pub(crate) results: PathBuf,
    /// A rule: verdict.min_effect=0.05, operating_point=0.3, models.NAME.expect=clear; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The folder for the new results [default: results/judge]
    #[arg(long, default_value = "results/judge")]
    pub(crate) out: PathBuf,
}

#[derive(Args)]
pub(crate) struct AuditWords {
    /// The config: a path, or the name of one that comes with Reglet
    #[arg(long)]
    pub(crate) config: PathBuf,
    /// The folder for the results
    #[arg(long, default_value = "results/audit")]
    pub(crate) out: PathBuf,
    /// Override a value of the config: key=value, with dotted keys; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Make only what all parts of the audit have in common, in the folder --out, before any part is made
    #[arg(long)]
    pub(crate) plan: bool,
    /// Make only one part, such as 3/17, in the folder --out; `auto` takes it from Slurm's environment, `auto/17` also from
    /// that of Kubernetes or HyperQueue
    #[arg(long, conflicts_with = "plan")]
    pub(crate) shard: Option<String>,
}

#[derive(Args)]
pub(crate) struct MergeWords {
    /// The folders that the parts are in
    #[arg(required = true)]
    pub(crate) folders: Vec<PathBuf>,
    /// The config that the parts were made by, where it or the data lie elsewhere on this machine [default: as they were]
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// The folder for the results
    #[arg(long, default_value = "results/audit")]
    pub(crate) out: PathBuf,
    /// The overrides that the parts were made with, where --config is said
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "config")]
    pub(crate) set: Vec<String>,
}

#[derive(Args)]
pub(crate) struct CorrectWords {
    /// The config: a path, or the name of one that comes with Reglet
    #[arg(long, default_value = "correct.toml")]
    pub(crate) config: PathBuf,
    /// The folder for the results
    #[arg(long, default_value = "results/correction")]
    pub(crate) out: PathBuf,
    /// Override a value of the config, or after `audit.` of the audit's: key=value, with dotted keys; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Args)]
pub(crate) struct CalibrateWords {
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
pub(crate) struct GalleryWords {
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
    /// Its classes in the order of its logits, with commas
    #[arg(long, value_delimiter = ',', default_value = "benign,melanoma")]
    pub(crate) dermoscopic_labels: Vec<String>,
    /// Methods, with commas [default: all]
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
