//! Progress: a bar on a terminal, lines of text elsewhere, and callbacks.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::Error;

/// The progress of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The current stage.
    pub stage: Stage,
    /// The number of completed items…
    pub done: u64,
    /// …and the total number.
    pub total: u64,
}

/// The stages of an audit, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// Computing features of some pictures for the probes; counted in pictures of each model.
    Features,
    /// Measuring all pictures; counted in pictures.
    Pictures,
    /// Testing and grouping the maps; counted in parts of this work, for each model and target.
    Maps,
}

impl Stage {
    /// What is being done, and what it is counted in.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Stage::Features => ("computing features", "pictures"),
            Stage::Pictures => ("auditing", "pictures"),
            Stage::Maps => ("testing the maps", "parts"),
        }
    }
}

/// Is told how far an audit has come, and says whether it is to go on.
pub(crate) type Watch = Arc<dyn Fn(Step) -> bool + Send + Sync>;

/// How far a long piece of work has come. Everything goes to standard error.
pub struct Progress {
    label: String,
    unit: &'static str,
    bar: Option<ProgressBar>,
    said: Instant,
    quiet: bool,
    watch: Option<(Stage, Watch)>,
}

/// Plain lines come no more often than this.
const INTERVAL: Duration = Duration::from_secs(5);

impl Progress {
    /// Work called `label`, counted in `unit`.
    pub fn new(label: impl Into<String>, unit: &'static str) -> Progress {
        let label = label.into();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0).with_message(label.clone());
            let style = "{msg} {wide_bar} {pos}/{len} {prefix}, {eta} left";
            bar.set_style(
                ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.set_prefix(unit);
            bar
        });
        Progress { label, unit, bar, said: Instant::now(), quiet: false, watch: None }
    }

    /// A stage of an audit, which may be silent and may be watched.
    pub(crate) fn of(stage: Stage, quiet: bool, watch: Option<Watch>) -> Progress {
        let (label, unit) = stage.words();
        let watch = watch.map(|watch| (stage, watch));
        if quiet {
            let label = label.to_owned();
            return Progress { label, unit, bar: None, said: Instant::now(), quiet: true, watch };
        }
        let mut progress = Progress::new(label, unit);
        progress.watch = watch;
        progress
    }

    /// Reports that `done` of `total` is done, and asks the observer whether to continue.
    ///
    /// # Errors
    /// [`Error::Stopped`] if the observer does not want to continue.
    pub(crate) fn step(&mut self, done: u64, total: u64) -> Result<(), Error> {
        self.update(done, total);
        match &self.watch {
            Some((stage, watch)) if !watch(Step { stage: *stage, done, total }) => Err(Error::Stopped),
            _ => Ok(()),
        }
    }

    /// Says something of the work, once.
    pub fn say(&self, line: &str) {
        let written = match &self.bar {
            Some(bar) => {
                bar.println(line);
                Ok(())
            }
            None if self.quiet => Ok(()),
            None => writeln!(std::io::stderr(), "{line}"),
        };
        // A log that cannot be written, for example on a full disk, is no reason to stop.
        let _ = written;
    }

    /// `done` of `total` is done.
    pub fn update(&mut self, done: u64, total: u64) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(total);
                bar.set_position(done);
            }
            None if !self.quiet && self.said.elapsed() >= INTERVAL => {
                // A log that cannot be written, for example on a full disk, is no reason to stop.
                let _ = writeln!(std::io::stderr(), "{}: {done} of {total} {}", self.label, self.unit);
                self.said = Instant::now();
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
