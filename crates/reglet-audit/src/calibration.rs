//! `reglet calibrate`: the audit audited, on a series of classifiers of which the truth is known.

mod config;
mod findings;
mod series;
mod truth;

use std::path::Path;
use std::time::Instant;

use reglet_data::phantom::Phantoms;
use reglet_data::{DataError, Dataset};
use reglet_viz::Theme;

use crate::assemble::assemble;
use crate::audit::carry_out;
use crate::drawing::FIGURE_SCALE;
use crate::journal::Journal;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::source::Document;
use crate::{Error, Output};

pub use config::CalibrationConfig;
use config::Series;
use findings::Findings;
use series::members;
use truth::truths;

/// Trains, or loads, a series of classifiers of phantoms whose training data tie the ruler to melanoma from not at
/// all to always; measures by exact redraws how much each depends on the ruler; audits all of them; and sets what
/// the audits say beside that. Writes `calibration.json`, `calibration.csv` and a figure for each means of changing
/// pictures to `out`. Returns what is to be printed and the exit status: 0 if no clean classifier was convicted and
/// every strong shortcut was found, else 1.
///
/// # Errors
/// Whatever is wrong with a config; a classifier in the folder of the series that is damaged; an output that cannot
/// be written.
pub fn calibrate(config: &Path, overrides: &[String], out: &Path) -> Result<(String, u8), Error> {
    let start = Instant::now();
    let document: Document<CalibrationConfig> = Document::read(config, overrides)?;
    document.config.check(&document.source)?;
    let Series { mut audit, phantoms } = document.config.series(&document)?;
    let calibration = &document.config;
    let mut output = Output::new(out)?;
    let folder = match &calibration.series.folder {
        Some(folder) => document.folder.join(folder),
        None => out.join("models"),
    };
    let members = members(&calibration.series, &folder)?;
    // None of these is part of a verdict.
    (audit.config.gallery, audit.config.clusters, audit.config.reference) = (0, None, None);
    audit.config.models = members.iter().map(|member| (member.name.clone(), member.model())).collect();
    let truths = truths(&audit, &phantoms, &calibration.truth)?;

    let mut findings = Findings::new(calibration, &audit.config, &members, truths);
    let total = calibration.means.len() * calibration.repeats;
    let mut progress = Progress::new("calibrating", "audits of the series");
    for (means, edit) in &calibration.means {
        for repeat in 0..calibration.repeats {
            let mut audit = Document {
                config: audit.config.clone(),
                source: audit.source.clone(),
                folder: audit.folder.clone(),
            };
            audit.config.edit = edit.clone();
            // Other pictures each time, and none that a classifier was trained on.
            let mut options = phantoms.options().clone();
            options.seed = phantoms.options().seed.wrapping_add(repeat as u64);
            audit.config.data = crate::config::DataConfig::Phantoms(options);
            let plan = Plan::open(audit)?;
            let record = carry_out(&plan, plan.data.fingerprint()?, &mut Journal::default(), start)?;
            findings.add(means, &assemble(&record, &plan.config));
            progress.update(findings.audits() as u64, total as u64);
        }
    }
    drop(progress);
    for (means, drawing) in findings.figures(&Theme::LIGHT)? {
        output.write(format!("{means}.svg"), drawing.as_str().as_bytes())?;
        output.write(format!("{means}.png"), &drawing.to_png(drawing.scale_within(FIGURE_SCALE))?)?;
    }
    output.write("calibration.json", findings.json().as_bytes())?;
    output.write("calibration.csv", &findings.table()?)?;
    output.finish()?;
    Ok((findings.text(out), u8::from(!findings.as_targeted())))
}

/// The phantoms of these options, with another seed and number.
fn other(phantoms: &Phantoms, seed: u64, count: usize) -> Result<Phantoms, Error> {
    let options = reglet_data::phantom::PhantomOptions { seed, count, ..phantoms.options().clone() };
    let other = Phantoms::new(options).map_err(DataError::from)?;
    debug_assert_eq!(other.len(), count);
    Ok(other)
}
