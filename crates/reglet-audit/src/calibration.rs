//! `reglet calibrate`: tests the audit on classifiers whose true behaviour is known.

mod audits;
mod config;
mod correction;
mod findings;
mod series;
mod spread;
mod truth;
mod zoo;

use std::fmt;
use std::path::{Path, PathBuf};

use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{DataError, Dataset};
use reglet_evidence::OperatingPoint;
use reglet_viz::Theme;

use crate::config::Config;
use crate::drawing::FIGURE_SCALE;
use crate::progress::Progress;
use crate::source::Document;
use crate::{Error, Output};

pub use config::CalibrationConfig;
use config::Series;
use correction::Corrections;
use findings::Findings;
use series::{Member, members};
use truth::{Pairs, Truth};
use zoo::{Animal, ZooFindings};

/// Trains, or loads, a series of classifiers of phantoms whose training data associate the ruler with melanoma to a degree
/// from not at all to always, and a zoo of classifiers built to fool the audit. Measures the effect of the ruler on each by
/// exact redraws, audits all of them, and compares the verdicts with these measurements. If the config says so, corrects
/// every classifier of the series by every method, and measures it again. Writes `calibration.json`, `calibration.csv`, a
/// figure for each means of editing pictures, `correction.csv` and a figure for the corrections, and `zoo.csv` and the page
/// `zoo.md` for the zoo, to `out`.
///
/// # Errors
/// An error in a config, a damaged classifier in the folder of the series, or an output that cannot be written.
pub fn calibrate(config: &Path, overrides: &[String], out: &Path) -> Result<Calibrated, Error> {
    let document: Document<CalibrationConfig> = Document::read(config, overrides)?;
    document.config.check(&document.source)?;
    let Series { audit, phantoms } = document.config.series(&document)?;
    let mut audit = audits::bare(audit);
    let calibration = &document.config;
    let mut output = Output::new(out)?;
    let folder = match &calibration.series.folder {
        Some(folder) => document.folder.join(folder),
        None => out.join("models"),
    };
    let mut tasks = calibration.series.tasks();
    let count = tasks.len();
    tasks.extend(calibration.zoo.iter().flat_map(|zoo| zoo.tasks()));
    let mut series = members(&tasks, &folder)?;
    let caged = series.split_off(count);
    let kinds = calibration.zoo.iter().flat_map(|zoo| zoo.animals());
    let animal = |((kind, seed), member)| Animal { kind, seed, member };
    let animals: Vec<Animal> = kinds.zip(caged).map(animal).collect();

    audit.config.models = series.iter().map(|member| (member.name.clone(), member.model())).collect();
    let zoo = calibration.zoo.as_ref().map(|zoo| -> Result<ZooFindings, Error> {
        let truths = zoo::truths(&audit, &phantoms, &calibration.truth, &animals)?;
        Ok(ZooFindings::new(zoo, &animals, truths))
    });
    let pairs = Pairs::draw(&audit, &phantoms, &calibration.truth)?;
    let truth = |member: &Member| pairs.truth(&member.load(&audit, &phantoms)?);
    let truths: Vec<Truth> = series.iter().map(truth).collect::<Result<_, Error>>()?;
    let corrections = match &calibration.correction {
        Some(correction) => {
            let classifiers = (calibration.series.recipes(), series.as_slice(), truths.as_slice());
            Some(Corrections::new(correction, classifiers, &pairs, &audit, &phantoms)?)
        }
        None => None,
    };
    let mut findings =
        Findings::new(calibration, &audit.config, &series, truths, zoo.transpose()?, corrections);
    audit_all(calibration, &audit, &phantoms, &series, &animals, &mut findings)?;

    for (means, drawing) in findings.figures(&Theme::LIGHT)? {
        output.write(format!("{means}.svg"), drawing.as_str().as_bytes())?;
        output.write(format!("{means}.png"), &drawing.to_png(drawing.scale_within(FIGURE_SCALE))?)?;
    }
    output.write("calibration.json", findings.json().as_bytes())?;
    output.write("calibration.csv", &findings.table()?)?;
    if let Some(corrections) = &findings.corrections {
        let drawing = corrections.figure(&Theme::LIGHT)?;
        output.write("correction.svg", drawing.as_str().as_bytes())?;
        output.write("correction.png", &drawing.to_png(drawing.scale_within(FIGURE_SCALE))?)?;
        output.write("correction.csv", &corrections.table()?)?;
    }
    if let Some(zoo) = &findings.zoo {
        output.write("zoo.csv", &zoo.table()?)?;
        output.write("zoo.md", zoo.page(calibration, &audit.config).as_bytes())?;
    }
    output.finish()?;
    Ok(Calibrated { findings, out: out.to_owned() })
}

/// A calibration whose results have been written. Written out, it is what `reglet calibrate` prints.
#[derive(Debug)]
pub struct Calibrated {
    findings: Findings,
    out: PathBuf,
}

impl Calibrated {
    /// Whether no clean classifier was called a shortcut, every strong shortcut was found, and no verdict on the zoo is wrong.
    pub fn is_as_targeted(&self) -> bool {
        self.findings.as_targeted()
    }

    /// The contents of `calibration.json`.
    pub fn to_json(&self) -> String {
        self.findings.json()
    }
}

impl fmt::Display for Calibrated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.findings.text(&self.out))
    }
}

/// Audits every classifier by every means, and adds the results to `findings`.
fn audit_all(
    calibration: &CalibrationConfig,
    audit: &Document<Config>,
    phantoms: &Phantoms,
    series: &[Member],
    animals: &[Animal],
    findings: &mut Findings,
) -> Result<(), Error> {
    let total = calibration.means.len() * calibration.repeats;
    let mut progress = Progress::new("calibrating", "audits of every classifier");
    let mut done = 0;
    for (means, edit) in &calibration.means {
        for repeat in 0..calibration.repeats {
            // Each audit has different pictures, and none on which a classifier was trained.
            let seed = phantoms.options().seed.wrapping_add(repeat as u64);
            let options = PhantomOptions { seed, ..phantoms.options().clone() };
            let record = audits::observe(audit, &series.iter().collect::<Vec<_>>(), options.clone(), edit)?;
            for (index, member) in series.iter().enumerate() {
                if let Some(case) = audits::judged(&record, &member.name, &audit.config, None) {
                    findings.add(means, index, case.judgement.kind);
                }
            }
            if let Some(zoo) = &mut findings.zoo {
                audit_zoo(audit, &options, animals, means, edit, zoo)?;
            }
            done += 1;
            progress.update(done, total as u64);
        }
    }
    Ok(())
}

/// Audits the zoo; classifiers that use the same pictures are audited together.
fn audit_zoo(
    audit: &Document<Config>,
    usual: &PhantomOptions,
    animals: &[Animal],
    means: &str,
    edit: &reglet_data::edit::EditOptions,
    found: &mut ZooFindings,
) -> Result<(), Error> {
    let mut kinds_of_data: Vec<PhantomOptions> = Vec::new();
    for animal in animals {
        let options = animal.kind.audited_on(usual);
        if !kinds_of_data.contains(&options) {
            kinds_of_data.push(options);
        }
    }
    for options in kinds_of_data {
        let here = |animal: &&Animal| animal.kind.audited_on(usual) == options;
        let members: Vec<&Member> = animals.iter().filter(here).map(|animal| &animal.member).collect();
        let record = audits::observe(audit, &members, options.clone(), edit)?;
        for (index, animal) in animals.iter().enumerate().filter(|(_, animal)| here(animal)) {
            let point = Some(OperatingPoint::Above(animal.kind.operating_point()));
            if let Some(case) = audits::judged(&record, &animal.member.name, &audit.config, point) {
                found.add(means, index, case);
            }
        }
    }
    Ok(())
}

/// The phantoms of these options, with another seed and number.
fn other(phantoms: &Phantoms, seed: u64, count: usize) -> Result<Phantoms, Error> {
    let options = PhantomOptions { seed, count, ..phantoms.options().clone() };
    let other = Phantoms::new(options).map_err(DataError::from)?;
    debug_assert_eq!(other.len(), count);
    Ok(other)
}
