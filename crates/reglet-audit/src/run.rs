//! The program `reglet-run`, which carries out the commands of `reglet`.

mod memory;
mod words;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use reglet_audit::{
    CorrectConfig, CorrectionResults, Error, ExplainOptions, GalleryOptions, GalleryPicture, Shard,
    calibrate, config, configs, correct, explain, gallery, inspect, methods, results, run_audit, run_judge,
    run_merge, run_plan, run_shard, train,
};
use reglet_model::export_help;
use words::{AuditWords, Command, ExplainWords, GalleryWords, Subject, Words};

fn main() -> ExitCode {
    memory::keep();
    reglet_audit::clean_up_when_interrupted();
    // Lines stay whole, so that a path in a message can be searched for and copied.
    // Only a second hook would be refused.
    let _ =
        miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().wrap_lines(false).build())));
    let outcome = match Words::parse().command {
        Command::Explain(words) => explain(&(*words).into()),
        Command::Audit(AuditWords { config, set, out, plan: true, .. }) => {
            run_plan(&config, &set, &out).map(|text| (text, 0))
        }
        Command::Audit(AuditWords { config, set, out, shard: Some(shard), .. }) => {
            Shard::parse(&shard).and_then(|shard| run_shard(&config, &set, shard, &out)).map(|text| (text, 0))
        }
        Command::Audit(words) => run_audit(&words.config, &words.set, &words.out),
        Command::Merge(words) => run_merge(&words.folders, words.config.as_deref(), &words.set, &words.out),
        Command::Judge(words) => run_judge(&words.results, &words.set, &words.out),
        Command::Correct(words) => correct(&words.config, &words.set, &words.out),
        Command::Calibrate(words) => calibrate(&words.config, &words.set, &words.out),
        Command::Methods => Ok((methods::table(), 0)),
        Command::Gallery(words) => gallery(&words.into()).map(|text| (text, 0)),
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

impl From<ExplainWords> for ExplainOptions {
    fn from(words: ExplainWords) -> Self {
        ExplainOptions {
            pictures: words.pictures,
            model: words.model,
            run_torchscript: words.run_torchscript,
            output: words.output,
            head: words.head,
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
            mean: words.mean,
            std: words.std,
            range: words.range,
            score: words.score,
            colormap: words.colormap,
            device: words.device,
            rewrites: words.rewrites,
            out: words.out,
            keep_going: words.keep_going,
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
