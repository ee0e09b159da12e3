//! `reglet audit`: evidence, a verdict for each model, and what is written of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::character::on_average;
use crate::clusters::clusters;
use crate::config::Plan;
use crate::effects::effects;
use crate::evidence::gather;
use crate::journal::Journal;
use crate::report::Charts;
use crate::results::{
    Attention, DataSummary, Group, ModelResults, Performance, Placement, Provenance, RegionAttention,
    Results, SCHEMA_VERSION, SampleResult, Trust, VerdictKind,
};
use crate::statistics::{Association, Estimate, auroc, brier, calibration_error, median};
use crate::trust::trust;
use crate::verdict::{Evidence, judge};
use crate::{Error, Output, junit, model_card, report, samples};

/// Above this probability a picture is called the target.
pub(crate) const DECISION: f64 = 0.5;

/// Runs the audit that `config` describes and writes its results to `out`. Returns what is to be printed and
/// the exit status: 0 if every model is clear or as expected, 1 otherwise.
///
/// # Errors
/// Whatever is wrong with the config, the data or a model; nothing is written then.
pub fn audit(config: &Path, overrides: &[String], out: &Path) -> Result<(String, u8), Error> {
    let start = Instant::now();
    let plan = Plan::load(config, overrides)?;
    let mut output = Output::new(out)?;
    let fingerprint = plan.data.fingerprint()?;
    let mut journal = Journal::open(out, &key(&plan, &fingerprint));
    let results = carry_out(&plan, fingerprint, &mut journal, start)?;
    let json = serde_json::to_string_pretty(&results).expect("results are plain values");
    output.write("results.json", format!("{json}\n").as_bytes())?;
    output.write("samples.csv", &samples::csv(&results)?)?;
    output.write("samples.parquet", &samples::parquet(&results)?)?;
    let charts = results.models.iter().map(|model| Charts::draw(&results, model));
    let charts = charts.collect::<Result<Vec<_>, _>>()?;
    output.write("model-card.md", model_card::render(&results).as_bytes())?;
    output.write("junit.xml", junit::render(&results)?.as_bytes())?;
    write_figures(&mut output, &results, &charts)?;
    output.write("report.html", report::render(&results, &charts).as_bytes())?;
    output.finish()?;
    journal.finish();
    Ok((text(&results, out), status(&results)))
}

/// Everything that what is found of a picture depends on. The program itself is told by when it was built.
fn key(plan: &Plan, fingerprint: &str) -> String {
    let built = std::env::current_exe().and_then(fs::metadata).and_then(|program| program.modified());
    let models: Vec<&str> = plan.models.iter().map(|(_, model)| model.provenance().sha256.as_str()).collect();
    format!("{} {built:?} {} {fingerprint} {models:?}", env!("CARGO_PKG_VERSION"), plan.text)
}

/// Everything that `plan` asks to be found of the data with this fingerprint, by a run that began at `start`; what
/// `journal` has of it is not found again.
///
/// # Errors
/// Whatever is wrong with the data or a model.
pub(crate) fn carry_out(
    plan: &Plan,
    fingerprint: String,
    journal: &mut Journal,
    start: Instant,
) -> Result<Results, Error> {
    let samples = gather(plan, journal)?;
    let trusts = (0..plan.models.len()).map(|index| trust(plan, index)).collect::<Result<Vec<_>, _>>()?;
    let against: Vec<Vec<Option<Estimate>>> = samples
        .iter()
        .enumerate()
        .map(|(index, own)| against_reference(plan, &samples, index, own))
        .collect();
    let data = summarise_data(plan, fingerprint, &samples[0]);
    let mut models: Vec<ModelResults> = samples
        .into_iter()
        .zip(trusts)
        .enumerate()
        .map(|(index, (samples, trusts))| model(plan, index, samples, &trusts))
        .collect();
    for (index, model) in models.iter_mut().enumerate() {
        model.clusterings = clusters(plan, index, &model.samples)?;
    }
    for (model, against) in models.iter_mut().zip(against) {
        for (attention, against) in model.attention.iter_mut().zip(against) {
            attention.artefact_against_reference = against;
        }
    }
    Ok(Results {
        schema_version: SCHEMA_VERSION,
        language: plan.config.language,
        title: plan.config.title.clone(),
        target: plan.config.target.clone(),
        artefact: plan.config.artefact.clone(),
        lesion: Some(plan.config.lesion.clone()).filter(|lesion| plan.data.regions().contains(lesion)),
        data,
        models,
        provenance: Provenance {
            reglet: env!("CARGO_PKG_VERSION").to_owned(),
            libtorch: env!("REGLET_LIBTORCH").to_owned(),
            device: format!("{:?}", plan.models[0].1.device()),
            seed: plan.config.seed,
            config: plan.text.clone(),
            config_sha256: plan.sha256.clone(),
            seconds: start.elapsed().as_secs_f64(),
        },
    })
}

/// How many pixels of a figure there are for one of the page.
const FIGURE_SCALE: f32 = 2.0;

/// Each chart as `figures/MODEL-CHART.svg` and `.png`.
fn write_figures(output: &mut Output, results: &Results, charts: &[Charts]) -> Result<(), Error> {
    for ((index, model), charts) in results.models.iter().enumerate().zip(charts) {
        for (name, drawing) in charts.named() {
            let path = format!("figures/{}-{name}", file_name(&model.name, index));
            output.write(format!("{path}.svg"), drawing.as_str().as_bytes())?;
            output.write(format!("{path}.png"), &drawing.to_png(FIGURE_SCALE)?)?;
        }
    }
    Ok(())
}

/// A model's name where a file can have it, else its place among the models.
fn file_name(name: &str, index: usize) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    match name.bytes().all(plain) && !name.is_empty() {
        true => name.to_owned(),
        false => format!("model {}", index + 1),
    }
}

/// 0 if every model is as expected or, where nothing is expected, clear; else 1.
fn status(results: &Results) -> u8 {
    u8::from(!results.models.iter().all(fine))
}

pub(crate) fn fine(model: &ModelResults) -> bool {
    match model.expected {
        Some(expected) => model.verdict.kind == expected,
        None => model.verdict.kind != VerdictKind::Shortcut,
    }
}

fn text(results: &Results, out: &Path) -> String {
    let mut lines = Vec::new();
    for model in &results.models {
        let expected = match model.expected {
            Some(expected) if expected == model.verdict.kind => " (as expected)".to_owned(),
            Some(expected) => format!(" (expected: {})", expected.name()),
            None => String::new(),
        };
        lines.push(format!("{}: {}{expected}", model.name, model.verdict.kind.name()));
        lines.push(format!("  {}.", model.verdict.summary));
        lines.extend(model.verdict.reasons.iter().map(|reason| format!("  - {reason}.")));
    }
    format!("{}\nreport: {}\n", lines.join("\n"), out.join("report.html").display())
}

fn summarise_data(plan: &Plan, fingerprint: String, samples: &[SampleResult]) -> DataSummary {
    let classes = plan.data.classes().to_vec();
    let count = |class: &String, artefact: bool| {
        samples.iter().filter(|s| s.label == *class && s.artefact == Some(artefact)).count()
    };
    DataSummary {
        name: plan.data.name().to_owned(),
        pictures: plan.data.len(),
        groups: classes.iter().map(|class| [count(class, false), count(class, true)]).collect(),
        classes,
        fingerprint,
        association: association(plan, samples),
        estimated: estimated(samples),
        insertion: plan.editor.insertion(),
    }
}

/// By region, on how many pictures its mask was estimated.
fn estimated(samples: &[SampleResult]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for region in samples.iter().flat_map(|sample| &sample.estimated) {
        *counts.entry(region.clone()).or_insert(0) += 1;
    }
    counts
}

fn model(plan: &Plan, index: usize, samples: Vec<SampleResult>, trusts: &[Trust]) -> ModelResults {
    let (name, model) = &plan.models[index];
    let (config, seed) = (&plan.config, plan.config.seed);
    let effects = effects(&samples, &config.changes, seed);
    let attention: Vec<Attention> = (0..plan.methods.len())
        .map(|method| {
            let title = plan.methods[method].get().about().title;
            Attention {
                trust: trusts.get(method).cloned(),
                ..attention(&samples, method, plan.methods[method].name(), title, seed)
            }
        })
        .collect();
    let evidence = Evidence {
        artefact: &config.artefact,
        target: &config.target,
        language: config.language,
        effects: &effects,
        attention: &attention,
    };
    ModelResults {
        name: name.clone(),
        architecture: model.provenance().architecture.clone(),
        weights_sha256: model.provenance().sha256.clone(),
        verdict: judge(&evidence, &config.verdict),
        expected: config.models.get(name).and_then(|model| model.expect),
        groups: groups(plan, &samples),
        performance: [None, Some(false), Some(true)]
            .map(|artefact| performance(&samples, &config.target, artefact))
            .into(),
        effects,
        attention,
        clusterings: Vec::new(),
        samples,
    }
}

fn groups(plan: &Plan, samples: &[SampleResult]) -> Vec<Group> {
    let mut groups = Vec::new();
    for class in plan.data.classes() {
        for artefact in [false, true] {
            let chosen = samples.iter().filter(|s| s.label == *class && s.artefact == Some(artefact));
            let values: Vec<f64> = chosen.map(|sample| sample.answer.probability).collect();
            let called = values.iter().filter(|&&value| value > DECISION).count();
            groups.push(Group {
                class: class.clone(),
                artefact,
                pictures: values.len(),
                probability: Estimate::of(&values, plan.config.seed),
                called: (!values.is_empty()).then(|| called as f64 / values.len() as f64),
                values,
            });
        }
    }
    groups
}

/// How strongly the artefact goes with the target among the annotated pictures.
fn association(plan: &Plan, samples: &[SampleResult]) -> Option<Association> {
    let mut counts = [[0; 2]; 2];
    for sample in samples {
        if let Some(shown) = sample.artefact {
            counts[usize::from(sample.label == plan.config.target)][usize::from(shown)] += 1;
        }
    }
    Association::of(counts)
}

fn performance(samples: &[SampleResult], target: &str, artefact: Option<bool>) -> Performance {
    let chosen = samples.iter().filter(|sample| artefact.is_none() || sample.artefact == artefact);
    let scored: Vec<(f64, bool)> =
        chosen.map(|sample| (sample.answer.probability, sample.label == target)).collect();
    let right = |class: bool| {
        let of_class = || scored.iter().filter(|(_, positive)| *positive == class);
        let right = of_class().filter(|(score, _)| (*score > DECISION) == class).count();
        Estimate::share(right, of_class().count())
    };
    Performance {
        artefact,
        pictures: scored.len(),
        sensitivity: right(true),
        specificity: right(false),
        auroc: auroc(scored.iter().copied()),
        brier: brier(&scored),
        calibration_error: calibration_error(&scored),
    }
}

fn attention(samples: &[SampleResult], method: usize, name: &str, title: &str, seed: u64) -> Attention {
    let maps = || samples.iter().map(|sample| &sample.maps[method]);
    let mut values: BTreeMap<&String, (Vec<Placement>, usize)> = BTreeMap::new();
    for sample in samples {
        for (region, placement) in &sample.maps[method].regions {
            let (placements, estimated) = values.entry(region).or_default();
            placements.push(*placement);
            *estimated += usize::from(sample.estimated.contains(region));
        }
    }
    let regions = values.into_iter().filter_map(|(region, (placements, estimated))| {
        let mean =
            |of: fn(&Placement) -> f64| Estimate::of(&placements.iter().map(of).collect::<Vec<_>>(), seed);
        let attention = RegionAttention {
            pictures: placements.len(),
            estimated,
            share: mean(|placement| placement.share)?,
            density: mean(|placement| placement.density)?,
            rank_accuracy: mean(|placement| placement.rank_accuracy)?,
            pointing: mean(|placement| placement.pointing)?,
            auc: mean(|placement| placement.auc)?,
        };
        Some((region.clone(), attention))
    });
    let mut remarks = BTreeMap::new();
    for remark in maps().filter_map(|map| map.remark.as_deref()) {
        *remarks.entry(remark.to_owned()).or_insert(0) += 1;
    }
    let characters: Vec<_> = maps().filter_map(|map| map.character).collect();
    let controls: Vec<f64> = maps().filter_map(|map| map.against_control).collect();
    let gaps: Vec<f64> = maps().filter_map(|map| map.gap).filter(|gap| gap.is_finite()).collect();
    Attention {
        method: name.to_owned(),
        title: title.to_owned(),
        regions: regions.collect(),
        artefact_against_control: Estimate::of(&controls, seed),
        artefact_against_reference: None,
        median_gap: median(&gaps),
        character: on_average(&characters, seed),
        trust: None,
        remarks,
    }
}

/// For each method, the artefact's density in the maps of the model number `index`, whose samples are `own`, less that
/// in the reference's maps of the same pictures.
fn against_reference(
    plan: &Plan,
    all: &[Vec<SampleResult>],
    index: usize,
    own: &[SampleResult],
) -> Vec<Option<Estimate>> {
    let named = |name: &String| plan.models.iter().position(|(other, _)| other == name);
    let reference = plan.config.reference.as_ref().and_then(named).filter(|reference| *reference != index);
    let density = |sample: &SampleResult, method: usize| {
        sample.maps[method].regions.get(&plan.config.artefact).map(|placement| placement.density)
    };
    let of_method = |method: usize| {
        let differences: Vec<f64> = own
            .iter()
            .zip(&all[reference?])
            .filter_map(|(own, other)| Some(density(own, method)? - density(other, method)?))
            .collect();
        Estimate::of(&differences, plan.config.seed)
    };
    (0..plan.methods.len()).map(of_method).collect()
}
