//! `reglet correct`: corrects a model that uses a shortcut, and audits it before and after.

mod audits;
mod compare;
mod config;
mod disjoint;
mod python;
mod report;
mod results;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use data_encoding::HEXLOWER;
use reglet_data::edit::{EditOptions, Editor};
use reglet_data::{Dataset, EstimatedLesions};
use reglet_evidence::VerdictKind;
use reglet_model::{Model, save};
use reglet_train::{Case, Corrected, Ending, Method, Pool, TrainError, Worst};
use sha2::{Digest, Sha256};
use tch::Tensor;

use self::compare::{Means, compare, side};
use self::disjoint::Disjoint;
use self::results::{CorrectionData, MethodResults, SCHEMA_VERSION};
use crate::config::LesionMasks;
use crate::part::Identity;
use crate::plan::{Plan, resolution};
use crate::progress::Progress;
use crate::results::{CaseResults, Results};
use crate::source::Document;
use crate::{Error, Output};

pub use config::CorrectConfig;
pub use results::CorrectionResults;

/// A correction whose results have been written. Written out, it is what `reglet correct` prints.
#[derive(Debug, Clone)]
pub struct Correction {
    /// The results. Some method passes if [`passed`](CorrectionResults::passed) is not empty.
    pub results: CorrectionResults,
    /// Their folder.
    pub out: PathBuf,
    /// The lines of Python that load the weights of the first method that passes or, if none does, of the first method.
    pub python: String,
}

/// Corrects the model that `config` names by each of its methods, audits the original and every corrected model on pictures
/// that no method has used, and writes the weights of each method, `correction.json` and `correction.html` to `out`.
///
/// # Errors
/// An error in a config, the data or the model, a missing requirement of a method, or pictures that are used both for the
/// correction and for the audit. Nothing is written in this case.
pub fn correct(config: &Path, overrides: &[String], out: &Path) -> Result<Correction, Error> {
    let start = Instant::now();
    let (document, audit) = config::read(config, overrides)?;
    let own = &document.config;
    let named = audit.config.models.get(&own.model).cloned();
    let (artefact, target) = config::subject(&document, &audit.config)?;
    let mut plan = audits::open(with_language(audit, own), &own.model, &target)?;
    let mut output = Output::new(out)?;

    let (_, model) = plan.models.remove(0);
    audits::fix_operating_point(&mut plan, &model, &target)?;
    let data = open_data(&document, &plan)?;
    let audited_by = plan.config.artefacts().into_iter().find(|(name, ..)| *name == artefact);
    let mut edit = own.edit.over(&audited_by.map(|(.., edit)| edit).unwrap_or_default());
    edit.resolution.get_or_insert(resolution([&model]));
    let editor = Editor::new(data.as_ref(), &edit, &artefact, &plan.config.lesion, own.seed)
        .map_err(|error| document.source.at("edit", &error.to_string()))?;
    let pool = Pool::open(data.as_ref(), &editor, &artefact, &model)
        .map_err(|error| document.source.at("data", &error.to_string()))?;
    let Disjoint { groups_known } = disjoint::check(&pool, plan.data.as_ref())?;
    let (train, held) = pool.split(own.held_out, own.seed);

    let fingerprint = data.fingerprint()?;
    let key = key(&document, &plan, &model, (&fingerprint, &artefact, &edit))?;
    let unfinished = unfinished(out);
    let kept = fs::create_dir_all(&unfinished).is_ok();
    let case = Case {
        model: &model,
        pool: &pool,
        train: &train,
        held: &held,
        training: &own.training,
        turn: own.turn,
        seed: own.seed,
        // A folder in which nothing can be kept is not an error.
        checkpoints: kept.then_some((unfinished.as_path(), key.as_str())),
    };
    let methods = own.chosen();
    let at = |method: &Method, error: TrainError| {
        document.source.at(&format!("methods.{}", method.name()), &error.to_string())
    };
    for method in &methods {
        method.get().fits(&case).map_err(|error| at(method, error))?;
    }
    let mut corrected: Vec<(Corrected, f64)> = Vec::new();
    for method in &methods {
        let begun = Instant::now();
        let found = correct_by(method, &case).map_err(|error| at(method, error))?;
        corrected.push((found, begun.elapsed().as_secs_f64()));
    }

    plan.models.push((own.model.clone(), model.with_parameters(model.parameters().copied()?)?));
    for (method, (found, _)) in methods.iter().zip(&corrected) {
        let after = model.with_parameters(found.parameters.copied()?)?;
        plan.models.push((method.name().to_owned(), after));
    }
    let audited = crate::audit(&plan)?;
    let learnt = CorrectionData {
        name: data.name().to_owned(),
        fingerprint,
        learnt: train.len(),
        held_out: held.len(),
        groups_known,
        groups: groups(&pool, &train, &model),
    };
    let subject = (artefact.as_str(), target.as_str());
    let mut results = conclude(&document, &plan, &model, subject, &audited, learnt, (&methods, &corrected))?;
    results.provenance.seconds = start.elapsed().as_secs_f64();

    for (method, (found, _)) in methods.iter().zip(&corrected) {
        let names = model.graph().parameters().iter().map(|parameter| parameter.name.as_str());
        let named: Vec<(&str, &Tensor)> = names.zip(found.parameters.tensors()).collect();
        let name = weights_file(method);
        let path = output.staged(Path::new(&name))?;
        save(&path, &named).map_err(Error::output(&out.join(&name)))?;
    }
    let json = serde_json::to_string_pretty(&results).expect("results are plain values");
    output.write("correction.json", format!("{json}\n").as_bytes())?;
    output.write("correction.html", report::render(&results)?.as_bytes())?;
    output.finish()?;
    // A file that no longer exists does not have to be removed.
    let _ = fs::remove_dir_all(&unfinished);
    let load = |file: &str| {
        let (architecture, width) =
            named.as_ref().map_or((None, 1.0), |named| (named.architecture, named.width));
        let head = model.graph().linear_head().map(|head| model.graph().parameters()[head.weight].shape[0]);
        let logits = head.map_or(model.classes().count(), |logits| logits as usize);
        python::lines(architecture, width, logits, &out.join(file).display().to_string())
    };
    let shown = results.methods.iter().find(|method| method.passes).or(results.methods.first());
    let python = shown.map_or_else(String::new, |method| load(&method.weights));
    Ok(Correction { results, out: out.to_owned(), python })
}

/// The audit speaks the correction's language.
fn with_language(
    mut audit: Document<crate::config::Config>,
    own: &CorrectConfig,
) -> Document<crate::config::Config> {
    audit.config.language = own.language;
    audit
}

fn open_data(document: &Document<CorrectConfig>, plan: &Plan) -> Result<Box<dyn Dataset>, Error> {
    let own = &document.config;
    let data = own.data.open(&document.folder);
    let data = data.map_err(|error| document.source.at(own.data.key_of(&error), &error.to_string()))?;
    Ok(match own.lesion_masks {
        LesionMasks::Given | LesionMasks::NoLesion => data,
        LesionMasks::Estimated => Box::new(EstimatedLesions::new(data, &plan.config.lesion)),
    })
}

/// Everything that a training depends on.
fn key(
    document: &Document<CorrectConfig>,
    plan: &Plan,
    model: &Model,
    (fingerprint, artefact, edit): (&str, &str, &EditOptions),
) -> Result<String, Error> {
    // The audit's config says which model it is, how it reads pictures and how they are edited, unless this one does.
    let Identity { program, models, .. } = Identity::of_models(plan, fingerprint, [model])?;
    let text = format!(
        "{program} {models:?} {fingerprint} {artefact} {edit:?}\n{}\n{}",
        document.source.text, plan.text
    );
    Ok(HEXLOWER.encode(&Sha256::digest(text)))
}

/// The hidden folder, beside that of the results, in which trainings are saved until the results are complete.
fn unfinished(out: &Path) -> PathBuf {
    let name = out.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    out.with_file_name(format!(".{name}.unfinished-correction"))
}

fn weights_file(method: &Method) -> String {
    format!("{}.safetensors", method.name())
}

/// One method, with its progress told.
fn correct_by(method: &Method, case: &Case<'_>) -> Result<Corrected, TrainError> {
    let mut progress = Progress::new(format!("correcting by {}", method.name()), "steps");
    let mut told: Option<Worst> = None;
    method.get().correct(case, &mut |found| {
        progress.update(found.step as u64, found.steps as u64);
        if let Some(worst) = found.worst.as_ref().filter(|worst| told.as_ref() != Some(*worst)) {
            let share = 100.0 * worst.accuracy();
            progress.say(&format!(
                "{}: step {} of {}, loss {:.3}, {share:.0} % of the worst group correct",
                method.name(),
                found.step,
                found.steps,
                found.loss
            ));
            told = Some(worst.clone());
        }
    })
}

fn groups(pool: &Pool<'_>, train: &[usize], model: &Model) -> BTreeMap<String, [usize; 2]> {
    let mut groups: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for ((class, shown), count) in pool.counts(train) {
        let label = model.classes().labels()[class].clone();
        groups.entry(label).or_default()[usize::from(shown)] = count;
    }
    groups
}

/// Everything that is concluded.
fn conclude(
    document: &Document<CorrectConfig>,
    plan: &Plan,
    model: &Model,
    (artefact, target): (&str, &str),
    audited: &Results,
    data: CorrectionData,
    (methods, corrected): (&[Method], &[(Corrected, f64)]),
) -> Result<CorrectionResults, Error> {
    let own = &document.config;
    let find = |name: &str, artefact: &str| -> Result<&CaseResults, Error> {
        let own = |case: &&CaseResults| (case.name.as_str(), case.artefact.as_str()) == (name, artefact);
        let found = audited.cases.iter().find(|case| own(case) && case.target == target);
        found.ok_or_else(|| Error::Usage(format!("the audit has no result for {name}")))
    };
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let mut of_group: BTreeMap<&str, u32> = BTreeMap::new();
    for (index, fresh) in (0..plan.data.len()).zip(0..) {
        let number = match plan.data.group(index) {
            Some(group) => *of_group.entry(group).or_insert(fresh),
            None => fresh,
        };
        numbers.insert(plan.data.id(index).to_owned(), number);
    }
    let means = Means {
        groups: &numbers,
        margin: own.margin,
        min_effect: plan.config.verdict.min_effect,
        min_pictures: plan.config.verdict.min_pictures,
        methods: methods.len(),
        seed: plan.config.seed,
    };
    let before = find(&own.model, artefact)?;
    let names: Vec<&str> =
        model.graph().parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    let mut found = Vec::new();
    for (method, (corrected, seconds)) in methods.iter().zip(corrected) {
        let after = find(method.name(), artefact)?;
        let mut others = Vec::new();
        for other in audited.artefacts.iter().filter(|other| *other != artefact) {
            others.push((find(&own.model, other)?, find(method.name(), other)?));
        }
        let comparison = compare(before, after, &others, means);
        let about = method.get().about();
        found.push(MethodResults {
            name: method.name().to_owned(),
            title: about.title.to_owned(),
            paper: about.paper.to_owned(),
            needs: about.needs,
            parameters: serde_json::to_value(method).expect("parameters are plain values"),
            seconds: *seconds,
            steps: corrected.steps,
            ending: corrected.ending,
            facts: corrected.facts.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
            worst: corrected.worst.clone(),
            weights: weights_file(method),
            changed: corrected.changed.iter().map(|&index| names[index].to_owned()).collect(),
            tensors: names.len(),
            after: side(after, means),
            passes: comparison.criteria.all(),
            comparison,
        });
    }
    Ok(CorrectionResults {
        schema_version: SCHEMA_VERSION,
        language: own.language,
        title: own.title.clone(),
        model: own.model.clone(),
        architecture: model.provenance().architecture.clone(),
        weights_sha256: model.provenance().sha256.clone(),
        artefact: artefact.to_owned(),
        target: target.to_owned(),
        margin: own.margin,
        min_effect: plan.config.verdict.min_effect,
        decision: before.decision,
        data,
        audited: (audited.data.pictures, audited.data.fingerprint.clone()),
        before: side(before, means),
        passed: found.iter().filter(|method| method.passes).map(|method| method.name.clone()).collect(),
        methods: found,
        provenance: audited.provenance.clone(),
        config: document.source.text.clone(),
        seed: own.seed,
    })
}

impl fmt::Display for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Correction { results, out, python } = self;
        let number = |found: Option<f64>| found.map_or_else(|| "–".to_owned(), |found| format!("{found:.2}"));
        let line = |name: &str, side: &compare::Side| {
            format!(
                "{name}: {}, effect of the {} {}, AUROC {}, worst group {}",
                side.verdict.name(),
                results.artefact,
                number(side.effect.map(|found| found.mean)),
                number(side.auroc.map(|found| found.mean)),
                number(side.worst().map(|(_, right)| right))
            )
        };
        writeln!(f, "{}", line(&format!("before ({})", results.model), &results.before))?;
        for method in &results.methods {
            let passes = if method.passes { "passes" } else { "does not pass" };
            writeln!(f, "{}: {passes}", line(&method.name, &method.after))?;
            if let Some(Ending::Diverged { step, .. }) = method.ending {
                writeln!(
                    f,
                    "  the training diverged at step {step} and the last good weights were kept; lower the learning rate"
                )?;
            }
            if !method.passes && method.after.verdict == VerdictKind::Inconclusive {
                method.after.reasons.first().map_or(Ok(()), |reason| writeln!(f, "  {reason}."))?;
            }
        }
        write!(f, "report: {}\n\n{python}", out.join("correction.html").display())
    }
}

#[cfg(test)]
mod tests;
