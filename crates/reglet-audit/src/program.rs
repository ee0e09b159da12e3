//! The commands of the program `reglet`, for a program of your own too.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use reglet_model::export_help;

use crate::command_line::{
    AuditArguments, Command, CommandLine, ExplainArguments, GalleryArguments, Subject,
};
use crate::train::train_shipped;
use crate::{
    Audited, CorrectConfig, CorrectionResults, Error, ExplainOptions, GalleryOptions, GalleryPicture, Shard,
    calibrate, clean_up_when_interrupted, config, configs, correct, explain, gallery, inspect, memory,
    methods, results, run_audit, run_judge, run_merge, run_plan, run_shard, write_configs,
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
    match run(CommandLine::parse().command) {
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

/// Runs a command. Returns the text to print and the exit status: 1 if the answer is not the one that was hoped for.
fn run(command: Command) -> Result<(String, u8), Error> {
    let done = |said: &dyn fmt::Display| Ok((said.to_string(), 0));
    let audited = |found: Audited| (found.to_string(), u8::from(!found.is_as_expected()));
    match command {
        Command::Explain(arguments) => {
            let options = (*arguments).into();
            let found = explain(&options)?;
            let text = if options.json { format!("{:#}\n", found.to_json()) } else { found.to_string() };
            Ok((text, u8::from(!found.is_complete())))
        }
        Command::Audit(AuditArguments { config, set, out, plan: true, .. }) => {
            done(&run_plan(&config, &set, &out)?)
        }
        Command::Audit(AuditArguments { config, set, out, shard: Some(shard), .. }) => {
            done(&run_shard(&config, &set, Shard::parse(&shard)?, &out)?)
        }
        Command::Audit(arguments) => {
            run_audit(&arguments.config, &arguments.set, &arguments.out).map(audited)
        }
        Command::Merge(arguments) => {
            run_merge(&arguments.folders, arguments.config.as_deref(), &arguments.set, &arguments.out)
                .map(audited)
        }
        Command::Judge(arguments) => {
            run_judge(&arguments.results, &arguments.set, &arguments.out).map(audited)
        }
        Command::Correct(arguments) => {
            let found = correct(&arguments.config, &arguments.set, &arguments.out)?;
            Ok((found.to_string(), u8::from(found.results.passed.is_empty())))
        }
        Command::Calibrate(arguments) => {
            let found = calibrate(&arguments.config, &arguments.set, &arguments.out)?;
            Ok((found.to_string(), u8::from(!found.is_as_targeted())))
        }
        Command::Methods => done(&methods::table()),
        Command::Gallery(arguments) => done(&gallery(&arguments.into())?),
        Command::Inspect { model, side } => done(&inspect(&model, side)?),
        Command::ExportHelp { model, side } => done(&export_help(model.as_deref(), side)),
        Command::Configs { folder: Some(folder) } => {
            let written = write_configs(&folder)?;
            done(&written.iter().map(|path| format!("{}\n", path.display())).collect::<String>())
        }
        Command::Configs { folder: None } => {
            let lines = configs().map(|config| format!("{:22} {}\n", config.name, config.purpose));
            done(&format!(
                "{}`reglet configs FOLDER` writes them to a folder, where you can change them, together with their weights.\n",
                lines.collect::<String>()
            ))
        }
        // `reglet` itself does it, since without libtorch this program does not start.
        Command::Setup { .. } => Err(Error::Usage("`setup` is for the program reglet".to_owned())),
        Command::ConfigSchema { of: Subject::Audit } => done(&config::schema()),
        Command::ConfigSchema { of: Subject::Correct } => done(&CorrectConfig::schema()),
        Command::ResultsSchema { of: Subject::Audit } => done(&results::schema()),
        Command::ResultsSchema { of: Subject::Correct } => done(&CorrectionResults::schema()),
        Command::TrainShipped { out } => {
            let trained = train_shipped(&out)?;
            done(&trained.iter().map(|classifier| format!("{classifier}\n")).collect::<String>())
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
