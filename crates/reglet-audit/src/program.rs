//! The commands of the program `reglet`, for a program of your own too.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use reglet_model::export_help;

use crate::command_line::{
    AuditArguments, Command, CommandLine, ExplainArguments, GalleryArguments, Subject,
};
use crate::{
    CorrectConfig, CorrectionResults, Error, ExplainOptions, GalleryOptions, GalleryPicture, Shard,
    calibrate, clean_up_when_interrupted, config, configs, correct, explain, gallery, inspect, memory,
    methods, results, run_audit, run_judge, run_merge, run_plan, run_shard, train,
};

/// Carries out the command that the arguments of the process give, as the program `reglet` does, and prints its result. With
/// this, a program of your own has all of its commands, and knows methods that it has registered before
/// ([`Method::register`](reglet_attribution::Method::register)). Call it from `main`, before other threads are started, because
/// it changes the settings of the memory allocator.
///
/// ```no_run
/// use std::process::ExitCode;
/// # use reglet_attribution::{Method, Saliency as MyMethod};
///
/// fn main() -> ExitCode {
///     if let Err(error) = Method::register::<MyMethod>() {
///         eprintln!("error: {error}");
///         return ExitCode::from(2);
///     }
///     reglet_audit::program()
/// }
/// ```
pub fn program() -> ExitCode {
    memory::keep();
    clean_up_when_interrupted();
    // Lines stay whole, so that a path in a message can be searched for and copied.
    // Only a second hook would be refused.
    let _ =
        miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().wrap_lines(false).build())));
    let outcome = match CommandLine::parse().command {
        Command::Explain(arguments) => explain(&(*arguments).into()),
        Command::Audit(AuditArguments { config, set, out, plan: true, .. }) => {
            run_plan(&config, &set, &out).map(|text| (text, 0))
        }
        Command::Audit(AuditArguments { config, set, out, shard: Some(shard), .. }) => {
            Shard::parse(&shard).and_then(|shard| run_shard(&config, &set, shard, &out)).map(|text| (text, 0))
        }
        Command::Audit(arguments) => run_audit(&arguments.config, &arguments.set, &arguments.out),
        Command::Merge(arguments) => {
            run_merge(&arguments.folders, arguments.config.as_deref(), &arguments.set, &arguments.out)
        }
        Command::Judge(arguments) => run_judge(&arguments.results, &arguments.set, &arguments.out),
        Command::Correct(arguments) => correct(&arguments.config, &arguments.set, &arguments.out),
        Command::Calibrate(arguments) => calibrate(&arguments.config, &arguments.set, &arguments.out),
        Command::Methods => Ok((methods::table(), 0)),
        Command::Gallery(arguments) => gallery(&arguments.into()).map(|text| (text, 0)),
        Command::Inspect { model, side } => inspect(&model, side).map(|text| (text, 0)),
        Command::ExportHelp { model, side } => Ok((export_help(model.as_deref(), side), 0)),
        Command::Configs { folder } => configs(folder.as_deref()).map(|text| (text, 0)),
        // `reglet` itself does it, since without libtorch this program does not start.
        Command::Setup { .. } => Err(Error::Usage("`setup` is for the program reglet".to_owned())),
        Command::ConfigSchema { of: Subject::Audit } => Ok((config::schema(), 0)),
        Command::ConfigSchema { of: Subject::Correct } => Ok((CorrectConfig::schema(), 0)),
        Command::ResultsSchema { of: Subject::Audit } => Ok((results::schema(), 0)),
        Command::ResultsSchema { of: Subject::Correct } => Ok((CorrectionResults::schema(), 0)),
        Command::TrainShipped { out } => train::train_shipped(&out).map(|text| (text, 0)),
    };
    match outcome {
        Ok((text, status)) => {
            // A reader that has closed the pipe (`reglet … | head`) is not an error.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::from(status)
        }
        Err(error) => {
            let message = match error {
                Error::Config(fault) => format!("{:?}", miette::Report::new(*fault)),
                other => format!("error: {other}"),
            };
            // If the message cannot be written either (a log on a full disk), only the exit status reports the error.
            let _ = writeln!(std::io::stderr(), "{}", message.trim_end());
            ExitCode::from(2)
        }
    }
}

impl From<ExplainArguments> for ExplainOptions {
    fn from(arguments: ExplainArguments) -> Self {
        ExplainOptions {
            pictures: arguments.pictures,
            model: arguments.model,
            run_torchscript: arguments.run_torchscript,
            output: arguments.output,
            head: arguments.head,
            width: arguments.width,
            weights: arguments.weights,
            labels: arguments.labels,
            target: arguments.target,
            methods: arguments.methods,
            layer: arguments.layer,
            baseline: arguments.baseline,
            steps: arguments.steps,
            set: arguments.set,
            preprocessing: arguments.preprocessing,
            mean: arguments.mean,
            std: arguments.std,
            range: arguments.range,
            score: arguments.score,
            colormap: arguments.colormap,
            device: arguments.device,
            rewrites: arguments.rewrites,
            out: arguments.out,
            keep_going: arguments.keep_going,
            json: arguments.json,
        }
    }
}

impl From<GalleryArguments> for GalleryOptions {
    fn from(arguments: GalleryArguments) -> Self {
        let photo =
            GalleryPicture { picture: arguments.photo, weights: arguments.photo_weights, labels: None };
        let dermoscopic = GalleryPicture {
            picture: arguments.dermoscopic,
            weights: arguments.dermoscopic_weights,
            labels: Some(arguments.dermoscopic_labels),
        };
        GalleryOptions {
            pictures: vec![photo, dermoscopic],
            methods: arguments.methods,
            set: arguments.set,
            device: arguments.device,
            scale: arguments.scale,
            out: arguments.out,
        }
    }
}
