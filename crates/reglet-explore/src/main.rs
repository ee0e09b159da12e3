//! The program `reglet-explore`, which serves the page on this machine.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use reglet_audit::ExplainOptions;
use reglet_evidence::OperatingPoint;
use reglet_explore::{Error, Guard, Served, bracketed, of_config, of_model, router, shipped};

/// Start a local web page on which you drag a ruler over a picture and watch the predictions and maps of classifiers
///
/// The page also supports annotation, audits and a lesson. Without options, it shows generated pictures and the two
/// classifiers that come with Reglet.
#[derive(Parser)]
#[command(name = "reglet-explore", version, max_term_width = 100)]
struct CommandLine {
    /// A folder of pictures, for --model
    folder: Option<PathBuf>,
    /// The models and pictures of an audit's config: a path, or the name of one that comes with Reglet
    #[arg(long, conflicts_with_all = ["model", "folder"])]
    config: Option<PathBuf>,
    /// Override a value of the config: key=value, with dotted keys; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "config")]
    set: Vec<String>,
    /// An architecture, or an exported model (.pt2, .onnx)
    #[arg(long)]
    model: Option<String>,
    /// Its weights: a .safetensors or PyTorch file, or 'torchvision'; an exported model contains its own
    #[arg(long, requires = "model")]
    weights: Option<String>,
    /// Its number of channels relative to the published network
    #[arg(long, default_value_t = 1.0, requires = "model")]
    width: f64,
    /// A file with one class label on each line, in the order of the logits
    #[arg(long, requires = "model")]
    labels: Option<PathBuf>,
    /// The class whose probability is shown, by label or index [default: the most probable class of each picture]
    #[arg(long, requires = "model")]
    target: Option<String>,
    /// The meaning of its logits: softmax, sigmoid (one logit) or multi_label
    #[arg(long, requires = "model")]
    head: Option<String>,
    /// notebook (224×224), torchvision (256, centre 224), trained, or the side of a square
    #[arg(long, requires = "model")]
    preprocessing: Option<String>,
    /// auto, cpu, cuda:N or mps
    #[arg(long, default_value = "auto", requires = "model")]
    device: String,
    /// The folder for the results of audits that are started in the page, each in a separate subfolder
    #[arg(long, default_value = "results/explore")]
    out: PathBuf,
    /// The port; 0 selects a free port
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The address to listen at; with any other address than this machine's own, others who know the token have access
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
}

fn main() -> ExitCode {
    // Only a second hook would be refused.
    let _ =
        miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().wrap_lines(false).build())));
    match serve(&CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let message = match error {
                Error::Audit(reglet_audit::Error::Config(fault)) => {
                    format!("{:?}", miette::Report::new(*fault))
                }
                other => format!("error: {other}"),
            };
            let _ = writeln!(std::io::stderr(), "{}", message.trim_end());
            ExitCode::from(2)
        }
    }
}

fn serve(arguments: &CommandLine) -> Result<(), Error> {
    let served = served(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let runtime = runtime.map_err(|error| Error::Usage(format!("the server cannot be started: {error}")))?;
    runtime.block_on(async {
        let fault = |error: std::io::Error| Error::Listen {
            address: format!("{}:{}", bracketed(arguments.host), arguments.port),
            reason: error.to_string(),
        };
        let listener =
            tokio::net::TcpListener::bind((arguments.host, arguments.port)).await.map_err(fault)?;
        let port = listener.local_addr().map_err(fault)?.port();
        let guard = Guard::new(arguments.host, port);
        let shown = if arguments.host.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { arguments.host };
        let address = format!("http://{}:{port}/?token={}", bracketed(shown), guard.token());
        let beyond = if arguments.host.is_loopback() {
            ""
        } else {
            "\nOther machines can reach it as well: anyone who has the address can use it."
        };
        let point = served.audit.as_ref().and_then(|audit| audit.config.operating_point);
        let point = match point {
            Some(OperatingPoint::Sensitivity(_)) => {
                "\nAn audit chooses the threshold for the config's sensitivity on its pictures; the page does not know it and \
                 shows the most probable class."
            }
            _ => "",
        };
        let text = format!(
            "The page is at\n\n    {address}\n\nuntil you stop this program (Ctrl+C).{beyond}{point}\n"
        );
        let router = router(served, guard)?;
        // The reader of the output may have closed the pipe; the page works all the same.
        let _ = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
        axum::serve(listener, router).await.map_err(fault)
    })
}

fn served(arguments: &CommandLine) -> Result<Served, Error> {
    if let Some(config) = &arguments.config {
        return of_config(config, &arguments.set, &arguments.out);
    }
    let Some(model) = &arguments.model else {
        return match &arguments.folder {
            Some(folder) => Err(Error::Usage(format!(
                "give the model for the pictures of {}: --model resnet18, or an exported model",
                folder.display()
            ))),
            None => shipped(),
        };
    };
    let options = ExplainOptions {
        model: model.clone(),
        head: arguments.head.clone(),
        width: arguments.width,
        weights: arguments.weights.clone(),
        labels: arguments.labels.clone(),
        target: arguments.target.clone(),
        preprocessing: arguments.preprocessing.clone(),
        score: "margin".to_owned(),
        device: arguments.device.clone(),
        ..ExplainOptions::default()
    };
    of_model(&options, arguments.folder.as_deref(), &arguments.out)
}
