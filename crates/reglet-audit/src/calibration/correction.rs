//! What each method of correction does to the true dependence on the ruler, over the whole series.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use reglet_data::DataError;
use reglet_data::edit::Editor;
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_statistics::Estimate;
use reglet_train::generated::Recipe;
use reglet_train::{Case, Ending, Method, Pool};
use reglet_viz::chart::PanelChart;
use reglet_viz::{Svg, Theme, VizError};
use serde::Serialize;

use super::config::CorrectionSeries;
use super::series::Member;
use super::spread::spread;
use super::truth::{Pairs, Truth};
use crate::Error;
use crate::config::Config;
use crate::plan::resolution;
use crate::progress::Progress;
use crate::source::Document;

/// What the corrections of a series did.
#[derive(Debug, Serialize)]
pub(super) struct Corrections {
    config: CorrectionSeries,
    artefact: String,
    rows: Vec<Row>,
}

/// One classifier, corrected by one method.
#[derive(Debug, Clone, Serialize)]
struct Row {
    method: &'static str,
    tie: f64,
    seed: u64,
    /// The mean of (with the ruler − without it), in probability of the target.
    dependence_before: Estimate,
    dependence_after: Estimate,
    auroc_before: f64,
    auroc_after: f64,
    /// Whether the training diverged, and its last good weights were kept.
    diverged: bool,
}

impl Corrections {
    /// Corrects every classifier by every method; nothing that is corrected with is measured on.
    ///
    /// # Errors
    /// What a method needs and the phantoms do not have.
    pub fn new(
        config: &CorrectionSeries,
        (recipes, members, truths): (Vec<(f64, Recipe)>, &[Member], &[Truth]),
        pairs: &Pairs,
        audit: &Document<Config>,
        phantoms: &Phantoms,
    ) -> Result<Corrections, Error> {
        let methods = config.methods();
        let (artefact, _, edit) = audit.config.artefacts().swap_remove(0);
        let progress = Mutex::new(Progress::new("correcting classifiers", "corrections"));
        let (done, all) = (AtomicUsize::new(0), members.len() * methods.len());
        let correct = |index: usize| -> Result<Vec<Row>, Error> {
            let ((tie, recipe), before) = (&recipes[index], truths[index]);
            let model = members[index].load(audit, phantoms)?;
            let data = data(config, phantoms.options(), *tie)?;
            let mut edit = edit.clone();
            edit.resolution.get_or_insert(resolution([&model]));
            let editor = Editor::new(&data, &edit, &artefact, &audit.config.lesion, config.seed)?;
            let pool = Pool::open(&data, &editor, &artefact, &model)?;
            let (train, held) = pool.split(config.held_out, config.seed);
            let case = Case {
                model: &model,
                pool: &pool,
                train: &train,
                held: &held,
                training: &config.training,
                turn: config.turn,
                seed: config.seed,
                checkpoints: None,
            };
            let by = |method: &Method| -> Result<Row, Error> {
                let found = method.get().correct(&case, &mut |_| {})?;
                let after = pairs.truth(&model.with_parameters(found.parameters)?)?;
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if let Ok(mut progress) = progress.lock() {
                    progress.update(done as u64, all as u64);
                }
                Ok(Row {
                    method: method.name(),
                    tie: *tie,
                    seed: recipe.seed,
                    dependence_before: before.dependence,
                    dependence_after: after.dependence,
                    auroc_before: before.auroc,
                    auroc_after: after.auroc,
                    diverged: matches!(found.ending, Some(Ending::Diverged { .. })),
                })
            };
            methods.iter().map(by).collect()
        };
        let rows = spread(members.len(), correct)?.into_iter().flatten().collect();
        Ok(Corrections { config: config.clone(), artefact, rows })
    }

    /// Of one method, in the order of the series.
    fn of(&self, method: &Method) -> impl Iterator<Item = &Row> {
        let name = method.name();
        self.rows.iter().filter(move |row| row.method == name)
    }

    fn kept(&self, row: &Row) -> bool {
        row.auroc_after >= row.auroc_before - self.config.margin
    }

    /// A panel for each method, which plots each classifier's dependence after the correction against that before.
    ///
    /// # Errors
    /// A number that a chart cannot show.
    pub fn figure(&self, theme: &Theme) -> Result<Svg, VizError> {
        let kept = format!("AUROC kept within {}", self.config.margin);
        let lost = "AUROC lower".to_owned();
        let all = || self.rows.iter().flat_map(|row| [row.dependence_before.mean, row.dependence_after.mean]);
        let low = (all().fold(0.0, f64::min) * 10.0).floor() / 10.0;
        let high = (all().fold(0.1, f64::max) * 10.0).ceil() / 10.0;
        let mut chart = PanelChart::new(format!("True dependence on the {}, corrected", self.artefact))
            .subtitle(
                "Each dot is one classifier of the series. Below the dashed diagonal it depends less than before; at 0 not at all",
            )
            .value_label("after: mean change of the probability when it is drawn")
            .axis_label("before")
            .series([kept.as_str(), lost.as_str()])
            .range(low, high)
            .width(760.0);
        for method in self.config.methods() {
            let dot = |row: &Row| {
                let series = if self.kept(row) { kept.as_str() } else { lost.as_str() };
                (series, row.dependence_before.mean, row.dependence_after.mean)
            };
            chart = chart.panel(method.name(), self.of(&method).map(dot));
        }
        chart.draw(theme)
    }

    /// A row for each method and classifier.
    ///
    /// # Errors
    /// The table cannot be written.
    pub fn table(&self) -> Result<Vec<u8>, Error> {
        let failed =
            |error: &dyn std::fmt::Display| Error::Usage(format!("cannot write correction.csv: {error}"));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let head = [
            "method",
            "tie",
            "seed",
            "dependence_before",
            "dependence_after",
            "low",
            "high",
            "auroc_before",
            "auroc_after",
            "diverged",
        ];
        writer.write_record(head).map_err(|error| failed(&error))?;
        for row in &self.rows {
            let Estimate { mean, low, high, .. } = row.dependence_after;
            let (before, auroc) = (row.dependence_before.mean, [row.auroc_before, row.auroc_after]);
            let mut cells = vec![row.method.to_owned(), row.tie.to_string(), row.seed.to_string()];
            cells.extend([before, mean, low, high, auroc[0], auroc[1]].map(|number| number.to_string()));
            cells.push(row.diverged.to_string());
            writer.write_record(cells).map_err(|error| failed(&error))?;
        }
        writer.into_inner().map_err(|error| failed(&error))
    }

    /// A line for each method.
    pub fn text(&self) -> String {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let line = |method: Method| {
            let own: Vec<&Row> = self.of(&method).collect();
            let sizes = |of: fn(&Row) -> f64| -> Vec<f64> { own.iter().map(|row| of(row)).collect() };
            format!(
                "corrected by {}: mean |dependence| {:.3} before, {:.3} after; AUROC {:.3} before, {:.3} after, kept by {} of {}\n",
                method.name(),
                mean(&sizes(|row| row.dependence_before.mean.abs())),
                mean(&sizes(|row| row.dependence_after.mean.abs())),
                mean(&sizes(|row| row.auroc_before)),
                mean(&sizes(|row| row.auroc_after)),
                own.iter().filter(|row| self.kept(row)).count(),
                own.len()
            )
        };
        self.config.methods().into_iter().map(line).collect()
    }
}

/// The phantoms that a classifier of this tie is corrected with.
fn data(config: &CorrectionSeries, usual: &PhantomOptions, tie: f64) -> Result<Phantoms, Error> {
    let tie = tie.min(config.most_tie);
    let options = PhantomOptions {
        count: config.pictures,
        size: reglet_train::generated::SIDE,
        seed: config.seed,
        ruler_given_melanoma: (1.0 + tie) / 2.0,
        ruler_given_benign: (1.0 - tie) / 2.0,
        ..usual.clone()
    };
    Ok(Phantoms::new(options).map_err(DataError::from)?)
}
