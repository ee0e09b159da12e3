//! `reglet audit`, `reglet merge` and `reglet judge`: they read the inputs, call the library, and write the results.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use reglet_data::file_names;

use crate::assemble::assemble;
use crate::audit::{check_unchanged, conclude, tried};
use crate::config::Config;
use crate::drawing::FIGURE_SCALE;
use crate::journal::Journal;
use crate::observe::{Given, chunks, observe, of_chunk, probes};
use crate::part::{Common, Identity, PLAN, Parts, Shard, check, common, write_common, write_part};
use crate::plan::Plan;
use crate::record::Record;
use crate::report::Charts;
use crate::results::{CaseResults, Results, Unread};
use crate::source::{Document, Source};
use crate::{Error, Output, junit, model_card, report, samples};

#[cfg(test)]
mod bench;

/// An audit whose results have been written. Written out, it is what `reglet audit` prints: each verdict with its reasons, the
/// pictures that could not be read, and the report's place.
#[derive(Debug, Clone)]
pub struct Audited {
    /// The results.
    pub results: Results,
    /// Their folder.
    pub out: PathBuf,
}

/// What the parts of an audit share, written to a file. Written out, it is what `reglet audit --plan` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The number of pictures.
    pub pictures: usize,
    /// The number of chunks, which is the largest number of parts.
    pub chunks: usize,
    /// The file.
    pub file: PathBuf,
}

/// A part of an audit that has been written. Written out, it is what `reglet audit --shard` prints.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedPart {
    /// The number of its pictures, including those that could not be read.
    pub pictures: usize,
    /// The number of pictures of the whole audit.
    pub of: usize,
    /// Those that could not be read.
    pub unread: Vec<Unread>,
    /// Its file.
    pub file: PathBuf,
}

/// Runs the audit that `config` describes and writes its results to `out`.
///
/// # Errors
/// Any error in the config, the data or a model; nothing is written in this case.
pub fn run_audit(config: &Path, overrides: &[String], out: &Path) -> Result<Audited, Error> {
    let results = run(&Plan::load(config, overrides)?, out)?;
    Ok(Audited { results, out: out.to_owned() })
}

/// Runs the audit of a plan and writes its results to `out`. An audit that was interrupted or stopped is resumed when it is
/// run again with the same folder.
///
/// # Errors
/// As [`observe`](crate::observe()), or `out` cannot be written to; nothing is written in this case.
pub fn run(plan: &Plan, out: &Path) -> Result<Results, Error> {
    let start = Instant::now();
    // If nothing can be written, this is reported before the work and not after it.
    drop(Output::new(out)?);
    let fingerprint = plan.data.fingerprint()?;
    let mut journal = Journal::open(out, &key(&Identity::of(plan, &fingerprint)?))?;
    let observed = observe(plan, chunks(plan.data.len()), None, &mut journal)?;
    check_unchanged(plan, &fingerprint)?;
    let record = conclude(plan, fingerprint, observed, None, start)?;
    let results = assemble(&record, &plan.config);
    fill(Output::new(out)?, &record, &results)?;
    journal.finish();
    Ok(results)
}

/// Computes what all parts of an audit have in common, in the folder `out`: the probes, and whether maps can be trusted.
///
/// # Errors
/// Any error in the config, the data or a model; nothing is written in this case.
pub fn run_plan(config: &Path, overrides: &[String], out: &Path) -> Result<Planned, Error> {
    let plan = Plan::load(config, overrides)?;
    let fingerprint = plan.data.fingerprint()?;
    let identity = Identity::of(&plan, &fingerprint)?;
    let pictures = plan.data.len();
    let versions = chunks(pictures).map(|chunk| Ok(plan.data.fingerprint_of(of_chunk(chunk, pictures))?));
    let versions = versions.collect::<Result<_, Error>>()?;
    let (probes, tried, seen) = (probes(&plan)?, tried(&plan)?, plan.data.seen());
    let common = Common { identity, fingerprint, probes, tried, versions, seen };
    write_common(&common, out)?;
    let chunks = chunks(pictures).len();
    Ok(Planned { pictures, chunks, file: out.join(PLAN) })
}

/// Computes one part of an audit, in the folder `out`; uses the common values of all parts from that folder if they exist.
///
/// # Errors
/// Whatever is wrong with the config, the data or a model; a plan of another audit. Nothing is written in this case.
pub fn run_shard(
    config: &Path,
    overrides: &[String],
    shard: Shard,
    out: &Path,
) -> Result<FinishedPart, Error> {
    let plan = Plan::load(config, overrides)?;
    let known = common(out)?;
    // This reads all pictures, which a part does not have to do if the plan has done so.
    let fingerprint =
        known.as_ref().map_or_else(|| plan.data.fingerprint(), |known| Ok(known.fingerprint.clone()))?;
    let identity = Identity::of(&plan, &fingerprint)?;
    if let Some(known) = &known {
        check(&known.identity, &identity, &out.join(PLAN))?;
    }
    std::fs::create_dir_all(out).map_err(Error::output(out))?;
    let path = out.join(shard.file());
    let mut journal = Journal::open(&path, &key(&identity))?;
    let chunks = shard.chunks(chunks(plan.data.len()).len());
    let planned = known.is_some();
    let given = known.map(|Common { probes, versions, .. }| Given { probes, versions });
    let observed = observe(&plan, chunks, given, &mut journal)?;
    // With a plan, each chunk has been compared with what was planned.
    if !planned {
        check_unchanged(&plan, &fingerprint)?;
    }
    let (pictures, unread) = (observed.gone_through(), observed.unread.clone());
    write_part(&plan, identity, shard, observed, out)?;
    journal.finish();
    Ok(FinishedPart { pictures, of: plan.data.len(), unread, file: path })
}

/// Merges the parts of an audit, from any number of folders, and writes its results to `out`. The config is that of the
/// parts; if it is given, it must have the same content, and determines where the data are on this machine.
///
/// # Errors
/// A part that is missing, damaged, present twice with different contents, or from another audit, by name; and the errors of
/// [`run_audit`].
pub fn run_merge(
    folders: &[PathBuf],
    config: Option<&Path>,
    overrides: &[String],
    out: &Path,
) -> Result<Audited, Error> {
    let start = Instant::now();
    let parts = Parts::read(folders)?;
    let plan = match config {
        Some(config) => Plan::load(config, overrides)?,
        None => {
            let (text, folder) = parts.config();
            Plan::open(Document::of(Source::of_text("the parts' config", text.to_owned()), folder)?)?
        }
    };
    let output = Output::new(out)?;
    plan.data.recall(parts.seen());
    let fingerprint = plan.data.fingerprint()?;
    let (observed, tried) = parts.whole(&plan, &fingerprint)?;
    let record = conclude(&plan, fingerprint, observed, tried, start)?;
    let results = assemble(&record, &plan.config);
    fill(output, &record, &results)?;
    Ok(Audited { results, out: out.to_owned() })
}

/// Judges the measurements of an audit again, by the rules of its own config with `overrides`, without any model. Without
/// overrides, every file is byte for byte that of the audit. The results are written to `out`, which may be the folder of
/// the audit.
///
/// # Errors
/// Results without rows, or damaged results; an override of a key that affects the measurements.
pub fn run_judge(results: &Path, overrides: &[String], out: &Path) -> Result<Audited, Error> {
    let mut record = Record::read(results)?;
    if let Some(wrong) = overrides.iter().find(|setting| !is_rule(setting)) {
        return Err(Error::Usage(format!(
            "--set {wrong}: only these settings can be changed without running the models again: verdict.…, operating_point, reference, language, title and models.NAME.expect; for any other, run the audit again"
        )));
    }
    let name = results.display().to_string();
    let source = Source::of_text(&name, record.run.provenance.config.clone());
    if source.sha256() != record.run.provenance.config_sha256 {
        return Err(Error::Usage(format!(
            "the config in the rows of {name} is not the one that the audit wrote, because its checksum differs; run the audit again"
        )));
    }
    let source = source.with_overrides(overrides)?;
    let document: Document<Config> = Document::of(source, results)?;
    document.config.check(&document.source, &record.rows.subject.models.iter().collect::<Vec<_>>())?;
    if !overrides.is_empty() {
        record.run.provenance.config_sha256 = document.source.sha256();
        record.run.provenance.config = document.source.text.clone();
    }
    let judged = assemble(&record, &document.config);
    fill(Output::new(out)?, &record, &judged)?;
    Ok(Audited { results: judged, out: out.to_owned() })
}

/// Whether a setting affects only the judgement and the report.
fn is_rule(setting: &str) -> bool {
    let key = setting.split('=').next().unwrap_or_default().trim();
    let expected = key
        .strip_prefix("models.")
        .is_some_and(|rest| rest.ends_with(".expect") || rest.contains(".expect."));
    // Not the seed: the pictures were edited with that of the audit, which is what a report names.
    let whole = ["operating_point", "reference", "language", "title"];
    expected || key.starts_with("verdict.") || key.starts_with("operating_point.") || whole.contains(&key)
}

/// A key of everything that the measurements depend on: the program, the config, the models and the data, each by its
/// content.
fn key(identity: &Identity) -> String {
    format!("{identity:?}")
}

/// Writes the rows, the results, the tables and the report of an audit into the folder `out`, as `reglet audit` does: all of
/// them, or none.
///
/// # Errors
/// [`Error::Output`] if something cannot be written.
pub fn write(record: &Record, results: &Results, out: &Path) -> Result<(), Error> {
    fill(Output::new(out)?, record, results)
}

fn fill(mut output: Output, record: &Record, results: &Results) -> Result<(), Error> {
    output.write_by("results.json", |file| {
        serde_json::to_writer_pretty(&mut *file, results)?;
        file.write_all(b"\n")
    })?;
    record.write(&mut output)?;
    output.write("samples.csv", &samples::csv(results)?)?;
    output.write("samples.parquet", &samples::parquet(results)?)?;
    let charts = results.cases.iter().map(|case| Charts::draw(results, case));
    let charts = charts.collect::<Result<Vec<_>, _>>()?;
    output.write("model-card.md", model_card::render(results).as_bytes())?;
    output.write("junit.xml", junit::render(results)?.as_bytes())?;
    for (case, charts) in case_names(results).iter().zip(&charts) {
        for (name, drawing) in charts.named() {
            let path = format!("figures/{case}-{name}");
            output.write(format!("{path}.svg"), drawing.as_str().as_bytes())?;
            output.write(format!("{path}.png"), &drawing.to_png(drawing.scale_within(FIGURE_SCALE))?)?;
        }
    }
    output.write("report.html", report::render(results, &charts).as_bytes())?;
    output.finish()
}

/// The names of each case's files. If there is one artefact and one target, the model's name identifies the case.
fn case_names(results: &Results) -> Vec<String> {
    let of = |case: &CaseResults| {
        let mut parts = vec![case.name.as_str()];
        parts.extend((results.artefacts.len() > 1).then_some(case.artefact.as_str()));
        parts.extend((results.targets.len() > 1).then_some(case.target.as_str()));
        parts.join("-")
    };
    let ids: Vec<String> = results.cases.iter().map(of).collect();
    file_names(ids.iter().map(String::as_str))
}

impl Audited {
    /// Whether every model is clear or, where the config says what is expected, as expected.
    pub fn is_as_expected(&self) -> bool {
        self.results.is_as_expected()
    }
}

impl fmt::Display for Audited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for case in &self.results.cases {
            let kind = case.verdict.kind;
            let expected = match case.expected {
                Some(expected) if expected.holds(kind) => " (as expected)".to_owned(),
                Some(expected) => format!(" (expected: {})", expected.name()),
                None => String::new(),
            };
            writeln!(f, "{}: {}{expected}", self.results.title_of(case), kind.name())?;
            writeln!(f, "  {}.", case.verdict.summary)?;
            case.notes.iter().try_for_each(|note| writeln!(f, "  note: {note}."))?;
            case.verdict.reasons.iter().try_for_each(|reason| writeln!(f, "  - {reason}."))?;
        }
        write!(f, "{}", left_out(&self.results.data.unread))?;
        if self.results.data.no_lesion {
            writeln!(
                f,
                "assumed by the config: a picture without a mask of the lesion shows none, so that a change may cover anything"
            )?;
        }
        writeln!(f, "report: {}", self.out.join("report.html").display())
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Planned { pictures, chunks, file } = self;
        writeln!(
            f,
            "{pictures} pictures in {chunks} chunks; the audit can be split into up to {chunks} parts.\nplan: {}",
            file.display()
        )
    }
}

impl fmt::Display for FinishedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FinishedPart { pictures, of, unread, file } = self;
        write!(f, "{pictures} of {of} pictures: {}\n{}", file.display(), left_out(unread))
    }
}

/// The pictures that could not be read, as text; empty if there are none.
fn left_out(unread: &[Unread]) -> String {
    let named = unread.iter().map(|unread| format!("  {}: {}\n", unread.id, unread.reason));
    match unread.len() {
        0 => String::new(),
        count => format!("skipped because they could not be read: {count}\n{}", named.collect::<String>()),
    }
}
