//! Audits of many classifiers on the same pictures, each judged as if it had been audited alone.

use reglet_attribution::Saliency;
use reglet_data::edit::{Change, EditOptions};
use reglet_data::phantom::PhantomOptions;
use reglet_evidence::{
    Case, MapRow, MapsRole, Observation, OperatingPoint, Rows, Rules, Subject, Tried, judge_all,
};

use super::series::Member;
use crate::Error;
use crate::config::{Config, DataConfig};
use crate::plan::Plan;
use crate::record::Record;
use crate::source::Document;

/// The tested audit, without the parts that do not affect verdicts.
pub(super) fn bare(mut audit: Document<Config>) -> Document<Config> {
    let config = &mut audit.config;
    (config.gallery, config.clusters, config.reference) = (0, None, None);
    config.changes = vec![Change::Insert, Change::Remove, Change::Control, Change::Scrambled];
    // Unless the verdict requires maps, a single method is enough, and the cheapest is used.
    if config.verdict.maps == MapsRole::Support {
        config.methods = [Saliency::default().into()].into_iter().collect();
        config.trust.pictures = 0;
    }
    audit
}

/// Runs every classifier on every picture.
///
/// # Errors
/// Any error of a model.
pub(super) fn observe(
    audit: &Document<Config>,
    members: &[&Member],
    data: PhantomOptions,
    edit: &EditOptions,
) -> Result<Record, Error> {
    let mut audit =
        Document { config: audit.config.clone(), source: audit.source.clone(), folder: audit.folder.clone() };
    audit.config.models = members.iter().map(|member| (member.name.clone(), member.model())).collect();
    audit.config.edit = edit.clone();
    audit.config.data = Some(DataConfig::Phantoms(data));
    crate::observe(&Plan::open(audit)?)
}

/// The conclusions about the classifier of this name, as if no other had been audited.
pub(super) fn judged(
    record: &Record,
    name: &str,
    config: &Config,
    point: Option<OperatingPoint>,
) -> Option<Case> {
    let model = record.rows.subject.models.iter().position(|known| known == name)?;
    let (rows, tried) = alone(&record.rows, &record.run.tried, model);
    let usual = config.rules(&rows.subject);
    let rules = Rules { operating_point: point.unwrap_or(usual.operating_point), ..usual };
    judge_all(&rows, &tried, &rules).into_iter().next()
}

/// The rows of one model, as if there were no others.
fn alone(rows: &Rows, tried: &[Tried], model: usize) -> (Rows, Vec<Tried>) {
    let observations = rows.observations.iter().filter(|row| row.model == model);
    let maps = rows.maps.iter().filter(|row| row.model == model);
    let rows = Rows {
        subject: Subject { models: vec![rows.subject.models[model].clone()], ..rows.subject.clone() },
        pictures: rows.pictures.clone(),
        observations: observations.map(|row| Observation { model: 0, ..row.clone() }).collect(),
        maps: maps.map(|row| MapRow { model: 0, ..row.clone() }).collect(),
    };
    let tried = tried.iter().filter(|tried| tried.model == model);
    (rows, tried.map(|tried| Tried { model: 0, ..tried.clone() }).collect())
}

#[cfg(test)]
mod tests {
    use reglet_evidence::{Picture, Score};

    use super::*;

    #[test]
    fn each_is_judged_by_its_own_rows_alone() {
        let row = |model: usize, probability: f64| Observation {
            picture: 0,
            model,
            edit: None,
            scores: vec![Score { logit: 0.0, margin: 0.0, probability }],
            top: vec![false],
            probes: vec![None],
        };
        let rows = Rows {
            subject: Subject { models: vec!["one".into(), "other".into()], ..Subject::default() },
            pictures: vec![Picture::default()],
            observations: vec![row(0, 0.1), row(1, 0.2)],
            maps: Vec::new(),
        };
        let tried = [0, 1].map(|model| Tried { model, target: 0, trust: Vec::new() });
        let (own, known) = alone(&rows, &tried, 1);
        assert_eq!(own.subject.models, ["other"]);
        assert_eq!(own.observations, [row(0, 0.2)]);
        assert_eq!(known, [Tried { model: 0, target: 0, trust: Vec::new() }]);
    }
}
