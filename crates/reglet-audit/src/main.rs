//! The program `reglet`.

mod memory;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use reglet_audit::{
    Error, ExplainOptions, GalleryOptions, GalleryPicture, audit, calibrate, config, explain, gallery,
    inspect, methods, results, train,
};
use reglet_model::export_help;

/// Does an image classifier look at the lesion, or at the ruler beside it, and does that change what it says?
#[derive(Parser)]
#[command(name = "reglet", version, max_term_width = 100)]
struct Words {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What a classifier says of a picture, and where it looks
    Explain(Box<ExplainWords>),
    /// A model and a data set: evidence, a verdict, a report
    ///
    /// Exit status: 0 if no model is found to take the shortcut, or those with an `expect` came out as expected; 1 if one
    /// does (or an expectation failed); 2 if the run failed.
    Audit(AuditWords),
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
        /// An architecture, or a model that torch.export saved (.pt2)
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
    /// Print the JSON schema of an audit's config
    ConfigSchema,
    /// Print the JSON schema of an audit's results.json
    ResultsSchema,
    /// Train the two small classifiers of the default audit again
    TrainPhantoms {
        /// The folder to write them to
        #[arg(long, default_value = "configs/models")]
        out: PathBuf,
    },
}

#[derive(Args)]
struct ExplainWords {
    /// Pictures, or folders of them
    #[arg(required = true)]
    pictures: Vec<PathBuf>,
    /// The architecture, as torchvision calls it, such as resnet18 or vit_b_16; or a model that
    /// torch.export saved (.pt2)
    #[arg(long, default_value = "resnet18")]
    model: String,
    /// Run the model if it is a TorchScript program (.pt), which does what its author wrote
    #[arg(long)]
    run_torchscript: bool,
    /// Channels relative to the published network
    #[arg(long, default_value_t = 1.0)]
    width: f64,
    /// Weights: a .safetensors or PyTorch file, or 'torchvision' for its published ones [default: torchvision;
    /// a .pt2 model has its own]
    #[arg(long)]
    weights: Option<String>,
    /// A file with the class labels, one a line, in the order of the logits
    #[arg(long)]
    labels: Option<PathBuf>,
    /// The class to explain, by label or index [default: the top class]
    #[arg(long)]
    target: Option<String>,
    /// Methods, with commas
    #[arg(long, value_delimiter = ',', default_value = "saliency,integrated_gradients,grad_cam")]
    methods: Vec<String>,
    /// Grad-CAM's layer [default: the last convolution, layer4.1.conv2 in a ResNet-18]
    #[arg(long)]
    layer: Option<String>,
    /// Where Integrated Gradients begins: zero (the mean colour), black, white, grey, #rrggbb, a number, blur:PIXELS,
    /// noise:SEED, or another picture's path [default: zero]
    #[arg(long, allow_hyphen_values = true)]
    baseline: Option<String>,
    /// Integrated Gradients' steps [default: 50]
    #[arg(long)]
    steps: Option<usize>,
    /// Any parameter of a method: METHOD.PARAMETER=VALUE; may be repeated
    #[arg(long, value_name = "METHOD.PARAMETER=VALUE")]
    set: Vec<String>,
    /// notebook (224×224), torchvision (256, centre 224), or the side of a square [default: notebook; the size
    /// that a .pt2 model was exported for]
    #[arg(long)]
    preprocessing: Option<String>,
    /// inferno, viridis, magma, plasma, jet, gray or rdbu
    #[arg(long, default_value = "inferno")]
    colormap: String,
    /// auto, cpu, cuda:N or mps
    #[arg(long, default_value = "auto")]
    device: String,
    /// The rewrites to run by, names with commas (`reglet inspect` lists them), or none [default: all]
    #[arg(long)]
    rewrites: Option<String>,
    /// The folder for the results
    #[arg(long, default_value = "results/explain")]
    out: PathBuf,
    /// Print a summary for machines instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct AuditWords {
    /// The config: a path, or the name of one that comes with Reglet
    #[arg(long)]
    config: PathBuf,
    /// The folder for the results
    #[arg(long, default_value = "results/audit")]
    out: PathBuf,
    /// Override a value of the config: key=value, with dotted keys; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Args)]
struct CalibrateWords {
    /// The config: a path, or the name of one that comes with Reglet
    #[arg(long, default_value = "calibration.toml")]
    config: PathBuf,
    /// The folder for the results
    #[arg(long, default_value = "results/calibration")]
    out: PathBuf,
    /// Override a value of the config: key=value, with dotted keys; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Args)]
struct GalleryWords {
    /// A photograph
    #[arg(long, value_name = "PICTURE")]
    photo: PathBuf,
    /// Weights of an ImageNet classifier: a .safetensors or PyTorch file, or 'torchvision'
    #[arg(long, value_name = "FILE", default_value = "torchvision")]
    photo_weights: String,
    /// A dermoscopic picture
    #[arg(long, value_name = "PICTURE")]
    dermoscopic: PathBuf,
    /// Weights of a classifier of such pictures: a .safetensors or PyTorch file
    #[arg(long, value_name = "FILE")]
    dermoscopic_weights: String,
    /// Its classes in the order of its logits, with commas
    #[arg(long, value_delimiter = ',', default_value = "benign,melanoma")]
    dermoscopic_labels: Vec<String>,
    /// Methods, with commas [default: all]
    #[arg(long, value_delimiter = ',')]
    methods: Vec<String>,
    /// Any parameter of a method: METHOD.PARAMETER=VALUE; may be repeated
    #[arg(long, value_name = "METHOD.PARAMETER=VALUE")]
    set: Vec<String>,
    /// auto, cpu, cuda:N or mps
    #[arg(long, default_value = "auto")]
    device: String,
    /// Pixels of the PNG for each CSS pixel
    #[arg(long, default_value_t = 2.0)]
    scale: f32,
    /// The folder for the results
    #[arg(long, default_value = "results/gallery")]
    out: PathBuf,
}

fn main() -> ExitCode {
    memory::keep();
    reglet_audit::clean_up_when_interrupted();
    // Lines stay whole, so that a path in a message can be searched for and copied.
    // Only a second hook would be refused.
    let _ =
        miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().wrap_lines(false).build())));
    let outcome = match Words::parse().command {
        Command::Explain(words) => explain(&(*words).into()).map(|text| (text, 0)),
        Command::Audit(words) => audit(&words.config, &words.set, &words.out),
        Command::Calibrate(words) => calibrate(&words.config, &words.set, &words.out),
        Command::Methods => Ok((methods::table(), 0)),
        Command::Gallery(words) => gallery(&words.into()).map(|text| (text, 0)),
        Command::Inspect { model, side } => inspect(&model, side).map(|text| (text, 0)),
        Command::ExportHelp { model, side } => Ok((export_help(model.as_deref(), side), 0)),
        Command::ConfigSchema => Ok((config::schema(), 0)),
        Command::ResultsSchema => Ok((results::schema(), 0)),
        Command::TrainPhantoms { out } => train::train_phantoms(&out).map(|text| (text, 0)),
    };
    match outcome {
        Ok((text, status)) => {
            // A reader that has gone away (`reglet … | head`) is no failure of ours.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::from(status)
        }
        Err(error) => {
            let message = match error {
                Error::Config(fault) => format!("{:?}", miette::Report::new(*fault)),
                other => format!("error: {other}"),
            };
            // Where the message cannot be written either (a log on a full disk), the exit status has to do.
            let _ = writeln!(std::io::stderr(), "{}", message.trim_end());
            ExitCode::from(2)
        }
    }
}

impl From<ExplainWords> for ExplainOptions {
    fn from(words: ExplainWords) -> Self {
        ExplainOptions {
            pictures: words.pictures,
            model: words.model,
            run_torchscript: words.run_torchscript,
            width: words.width,
            weights: words.weights,
            labels: words.labels,
            target: words.target,
            methods: words.methods,
            layer: words.layer,
            baseline: words.baseline,
            steps: words.steps,
            set: words.set,
            preprocessing: words.preprocessing,
            colormap: words.colormap,
            device: words.device,
            rewrites: words.rewrites,
            out: words.out,
            json: words.json,
        }
    }
}

impl From<GalleryWords> for GalleryOptions {
    fn from(words: GalleryWords) -> Self {
        let photo = GalleryPicture { picture: words.photo, weights: words.photo_weights, labels: None };
        let dermoscopic = GalleryPicture {
            picture: words.dermoscopic,
            weights: words.dermoscopic_weights,
            labels: Some(words.dermoscopic_labels),
        };
        GalleryOptions {
            pictures: vec![photo, dermoscopic],
            methods: words.methods,
            set: words.set,
            device: words.device,
            scale: words.scale,
            out: words.out,
        }
    }
}
