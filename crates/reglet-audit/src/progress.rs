//! Progress: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::plan::Plan;

/// How far a long piece of work has come. Everything goes to standard error.
#[derive(Debug)]
pub struct Progress {
    label: String,
    unit: &'static str,
    bar: Option<ProgressBar>,
    said: Instant,
    quiet: bool,
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
        Progress { label, unit, bar, said: Instant::now(), quiet: false }
    }

    /// Work on a plan, which may ask for silence.
    pub(crate) fn of(plan: &Plan, label: &str, unit: &'static str) -> Progress {
        if plan.quiet {
            return Progress { label: label.to_owned(), unit, bar: None, said: Instant::now(), quiet: true };
        }
        Progress::new(label, unit)
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
        // A log on a full disk is no reason to stop.
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
                // A log on a full disk is no reason to stop.
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
