//! `reglet audit` and `reglet judge`: observe, conclude, write.

use std::fs;
use std::path::Path;
use std::time::Instant;

use reglet_data::file_names;
use sha2::{Digest, Sha256};

use crate::assemble::assemble;
use crate::clusters::clusters;
use crate::config::Config;
use crate::drawing::FIGURE_SCALE;
use crate::journal::Journal;
use crate::observe::observe;
use crate::plan::Plan;
use crate::record::{ModelFacts, Record, Run};
use crate::report::Charts;
use crate::results::{CaseResults, Provenance, Results};
use crate::source::{Document, Source};
use crate::trust::trust;
use crate::{Error, Output, junit, model_card, report, samples};
use reglet_evidence::{Rows, Tried, VerdictKind};
use reglet_model::{Model, PreprocessingSource};

/// Runs the audit that `config` describes and writes its results to `out`. Returns what is to be printed and
/// the exit status: 0 if every model is clear or as expected, 1 otherwise.
///
/// # Errors
/// Whatever is wrong with the config, the data or a model; nothing is written then.
pub fn audit(config: &Path, overrides: &[String], out: &Path) -> Result<(String, u8), Error> {
    let start = Instant::now();
    let plan = Plan::load(config, overrides)?;
    let output = Output::new(out)?;
    let fingerprint = plan.data.fingerprint()?;
    let mut journal = Journal::open(out, &key(&plan, &fingerprint))?;
    let record = carry_out(&plan, fingerprint, &mut journal, start)?;
    let results = assemble(&record, &plan.config);
    let found = write(output, &record, &results, out)?;
    journal.finish();
    Ok(found)
}

/// Judges again what an audit observed, by the rules of its own config with `overrides`, without any model. Without
/// overrides every file is, byte for byte, what the audit wrote. The results go to `out`, which may be the folder of the audit.
///
/// # Errors
/// Results without rows, or damaged ones; an override of what was observed rather than judged.
pub fn judge(results: &Path, overrides: &[String], out: &Path) -> Result<(String, u8), Error> {
    let mut record = Record::read(results)?;
    if let Some(wrong) = overrides.iter().find(|setting| !is_rule(setting)) {
        return Err(Error::Usage(format!(
            "--set {wrong}: only what is judged can be changed without asking the models again: verdict.…, \
             operating_point, seed, reference, language, title and models.NAME.expect; audit again for anything else"
        )));
    }
    let name = results.display().to_string();
    let source = Source::of_text(&name, record.run.provenance.config.clone()).with_overrides(overrides)?;
    let document: Document<Config> = Document::of(source, results)?;
    document.config.check(&document.source)?;
    if !overrides.is_empty() {
        record.run.provenance.config_sha256 = document.source.sha256();
        record.run.provenance.config = document.source.text.clone();
    }
    let judged = assemble(&record, &document.config);
    write(Output::new(out)?, &record, &judged, out)
}

/// Whether a setting changes only how rows are judged and told of.
fn is_rule(setting: &str) -> bool {
    let key = setting.split('=').next().unwrap_or_default().trim();
    let expected = key
        .strip_prefix("models.")
        .is_some_and(|rest| rest.ends_with(".expect") || rest.contains(".expect."));
    let whole = ["operating_point", "seed", "reference", "language", "title"];
    expected || key.starts_with("verdict.") || key.starts_with("operating_point.") || whole.contains(&key)
}

/// Everything that what is found of a picture depends on: the program, the config, the weights and the data, each by
/// its content.
fn key(plan: &Plan, fingerprint: &str) -> String {
    let program = std::env::current_exe()
        .and_then(fs::read)
        .map(|bytes| Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let models: Vec<&str> = plan.models.iter().map(|(_, model)| model.provenance().sha256.as_str()).collect();
    format!("{} {:?} {} {fingerprint} {models:?}", env!("CARGO_PKG_VERSION"), program.ok(), plan.text)
}

/// Everything that `plan` asks to be observed of the data with this fingerprint, by a run that began at `start`; what
/// `journal` has of it is not found again.
///
/// # Errors
/// Whatever is wrong with the data or a model; data that changed meanwhile.
pub(crate) fn carry_out(
    plan: &Plan,
    fingerprint: String,
    journal: &mut Journal,
    start: Instant,
) -> Result<Record, Error> {
    let observed = observe(plan, journal)?;
    if plan.data.fingerprint()? != fingerprint {
        return Err(Error::Usage(
            "the pictures or their tables changed while the audit ran; start it again, when nobody writes to them"
                .to_owned(),
        ));
    }
    let rows = Rows {
        subject: plan.subject(),
        pictures: observed.pictures,
        observations: observed.observations,
        maps: observed.maps,
    };
    let mut tried = Vec::new();
    let mut clusterings = Vec::new();
    for model in 0..plan.models.len() {
        for target in 0..plan.targets.len() {
            tried.push(Tried { model, target, trust: trust(plan, model, target)? });
            clusterings.extend(clusters(plan, model, target, &rows, &observed.sketches)?);
        }
    }
    let facts = plan.models.iter().map(|(_, model)| ModelFacts {
        architecture: model.provenance().architecture.clone(),
        weights_sha256: model.provenance().sha256.clone(),
        notes: notes(model),
    });
    let record = Record {
        run: Run {
            provenance: Provenance {
                reglet: env!("CARGO_PKG_VERSION").to_owned(),
                libtorch: env!("REGLET_LIBTORCH").to_owned(),
                device: format!("{:?}", plan.models[0].1.device()),
                seed: plan.config.seed,
                config: plan.text.clone(),
                config_sha256: plan.sha256.clone(),
                seconds: start.elapsed().as_secs_f64(),
            },
            data: plan.data.name().to_owned(),
            fingerprint,
            regions: plan.data.regions().to_vec(),
            models: facts.collect(),
            insertions: plan.artefacts.iter().map(|suspect| suspect.editor.insertion()).collect(),
            tried,
        },
        rows,
        shown: observed.exhibits,
        clusterings,
    };
    record.check().map(|()| record)
}

/// What was assumed or found of a model that its numbers rest on, a sentence each, without full stops.
fn notes(model: &Model) -> Vec<String> {
    let mut notes: Vec<String> = model.notes().iter().map(ToString::to_string).collect();
    let source = model.preprocessing_source();
    if *source == PreprocessingSource::Assumed {
        notes.push(format!("mean and standard deviation of the input: {source}"));
    }
    notes
}

/// Writes everything there is to be written. Returns what is to be printed and the exit status.
fn write(mut output: Output, record: &Record, results: &Results, out: &Path) -> Result<(String, u8), Error> {
    let json = serde_json::to_string_pretty(results).expect("results are plain values");
    output.write("results.json", format!("{json}\n").as_bytes())?;
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
    output.finish()?;
    Ok((text(results, out), status(results)))
}

/// What the files of each case are called by. Where there is one artefact and one target, a model's name says which case it is.
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

/// 0 if every case is as expected or, where nothing is expected, no shortcut; else 1.
fn status(results: &Results) -> u8 {
    u8::from(!results.cases.iter().all(fine))
}

pub(crate) fn fine(case: &CaseResults) -> bool {
    match case.expected {
        Some(expected) => expected.holds(case.verdict.kind),
        None => case.verdict.kind != VerdictKind::Shortcut,
    }
}

fn text(results: &Results, out: &Path) -> String {
    let mut lines = Vec::new();
    for case in &results.cases {
        let kind = case.verdict.kind;
        let expected = match case.expected {
            Some(expected) if expected.holds(kind) => " (as expected)".to_owned(),
            Some(expected) => format!(" (expected: {})", expected.name()),
            None => String::new(),
        };
        lines.push(format!("{}: {}{expected}", results.title_of(case), kind.name()));
        lines.push(format!("  {}.", case.verdict.summary));
        lines.extend(case.notes.iter().map(|note| format!("  note: {note}.")));
        lines.extend(case.verdict.reasons.iter().map(|reason| format!("  - {reason}.")));
    }
    format!("{}\nreport: {}\n", lines.join("\n"), out.join("report.html").display())
}
