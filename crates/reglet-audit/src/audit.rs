//! The audit as a library: [`observe`] runs the models, [`judge`] draws the conclusions, and [`audit`] does both.

use std::mem;
use std::time::Instant;

use reglet_evidence::{Rows, Tried};
use reglet_model::{Model, PreprocessingSource};

use crate::Error;
use crate::assemble::assemble;
use crate::clusters::clusters;
use crate::config::Config;
use crate::journal::Journal;
use crate::observe::{self, chunks};
use crate::observed::Observed;
use crate::plan::Plan;
use crate::progress::Stage;
use crate::record::{ModelFacts, Record, Run};
use crate::results::{Provenance, Results};
use crate::source::Source;
use crate::trust::{PARTS, trust};

/// Runs an audit in memory: the models of a plan on its pictures, and the conclusions according to its config. Nothing is
/// written. [`observe`] and [`judge`] are its two halves, and [`write`](crate::write()) writes the same files as `reglet
/// audit`.
///
/// # Errors
/// As [`observe`].
pub fn audit(plan: &Plan) -> Result<Results, Error> {
    Ok(assemble(&observe(plan)?, &plan.config))
}

/// Runs a plan's models on its pictures, unchanged and after each change. The following steps need no model.
///
/// # Errors
/// A picture that cannot be read, an error of a model or a method, or pictures that have changed in the meantime.
pub fn observe(plan: &Plan) -> Result<Record, Error> {
    let (start, fingerprint) = (Instant::now(), plan.data.fingerprint()?);
    let observed = observe::observe(plan, chunks(plan.data.len()), None, &mut Journal::default())?;
    check_unchanged(plan, &fingerprint)?;
    conclude(plan, fingerprint, observed, None, start)
}

/// Returns an error if the fingerprint of the data differs from that at the start of the audit.
///
/// # Errors
/// [`Error::Usage`], or a file that cannot be read.
pub(crate) fn check_unchanged(plan: &Plan, fingerprint: &str) -> Result<(), Error> {
    match plan.data.fingerprint()? == fingerprint {
        true => Ok(()),
        false => Err(Error::Usage(
            "the pictures or their tables changed while the audit was running; run it again while nothing writes to them"
                .to_owned(),
        )),
    }
}

/// Draws conclusions from the measurements by the rules of `config`, which may differ from the audit's own. This is a pure
/// function. It uses `verdict`, `operating_point`, `seed`, `reference`, `language`, `title` and the expectations for each
/// model; the other keys affect only the measurements. [`reglet_evidence::judge_all`] does the same without sentences.
///
/// # Errors
/// A value of the config that is out of range.
pub fn judge(record: &Record, config: &Config) -> Result<Results, Error> {
    let source = Source::of_value("config", config)?;
    config.check(&source, &record.rows.subject.models.iter().collect::<Vec<_>>())?;
    Ok(assemble(record, config))
}

/// Whether the maps of each model and target can be trusted.
///
/// # Errors
/// Any error in the data or a model.
pub(crate) fn tried(plan: &Plan) -> Result<Vec<Tried>, Error> {
    let models = 0..plan.models.len();
    let all = models.flat_map(|model| (0..plan.targets.len()).map(move |target| (model, target)));
    let (mut progress, count) = (plan.progress(Stage::Maps), plan.models.len() * plan.targets.len());
    let of = |(done, (model, target)): (usize, (usize, usize))| {
        let mut part = 0;
        let mut step = || {
            part += 1;
            progress.step((done * PARTS + part - 1) as u64, (count * PARTS) as u64)
        };
        Ok(Tried { model, target, trust: trust(plan, model, target, &mut step)? })
    };
    all.enumerate().map(of).collect()
}

/// Makes a record of the measurements on all pictures of the data with this fingerprint, by a run that began at `start`.
/// Tests whether maps can be trusted, unless this is `known`.
///
/// # Errors
/// Whatever is wrong with the data or a model; more unreadable pictures than the config allows.
pub(crate) fn conclude(
    plan: &Plan,
    fingerprint: String,
    observed: Observed,
    known: Option<Vec<Tried>>,
    start: Instant,
) -> Result<Record, Error> {
    observed.check_unread(plan.data.len(), plan.config.unreadable)?;
    let mut observed = observed.closed_up();
    let rows = Rows {
        subject: plan.subject(),
        pictures: mem::take(&mut observed.pictures),
        observations: mem::take(&mut observed.observations),
        maps: mem::take(&mut observed.maps),
    };
    let tried = known.map_or_else(|| tried(plan), Ok)?;
    let mut clusterings = Vec::new();
    for model in 0..plan.models.len() {
        for target in 0..plan.targets.len() {
            clusterings.extend(clusters(plan, model, target, &rows, &observed)?);
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
            resolutions: plan.artefacts.iter().map(|suspect| suspect.editor.resolution()).collect(),
            tried,
            unread: observed.unread,
        },
        rows,
        shown: observed.exhibits,
        clusterings,
    };
    record.check().map(|()| record)
}

/// Assumptions and findings about a model that its numbers depend on, one sentence each, without full stops.
fn notes(model: &Model) -> Vec<String> {
    let mut notes: Vec<String> = model.notes().iter().map(ToString::to_string).collect();
    let source = model.preprocessing_source();
    if *source == PreprocessingSource::Assumed {
        notes.push(format!("mean and standard deviation of the input: {source}"));
    }
    notes
}
