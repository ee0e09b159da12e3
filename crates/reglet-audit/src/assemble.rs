//! Computes results from a record: a pure function of the measurements and the config.

use std::collections::{BTreeMap, BTreeSet};

use reglet_data::edit::Change;
use reglet_evidence::{Case, Observation, OperatingPoint, Picture, Rows, Rules, judge_all};
use reglet_statistics::Association;

use crate::config::{Config, LesionMasks};
use crate::language::Phrases;
use crate::observed::Shown;
use crate::record::{Kinds, Record};
use crate::results::{
    Answer, ArtefactSummary, CaseResults, Clustering, DataSummary, Exhibit, Results, SCHEMA_VERSION,
    SampleMap, SampleResult, Verdict,
};
use crate::suspects;

/// All conclusions from the measurements, by the rules of `config`.
pub(crate) fn assemble(record: &Record, config: &Config) -> Results {
    let rows = &record.rows;
    let rules = config.rules(&rows.subject);
    let cases = judge_all(rows, &record.run.tried, &rules);
    let targets = rows.subject.targets.len();
    let artefacts = rows.subject.artefacts.len();
    let cases = cases.into_iter().enumerate().map(|(place, case)| {
        let (model, rest) = (place / (artefacts * targets), place % (artefacts * targets));
        results_of(record, config, &rules, case, [model, rest / targets, rest % targets])
    });
    Results {
        schema_version: SCHEMA_VERSION,
        language: config.language,
        title: config.title.clone(),
        targets: rows.subject.targets.clone(),
        artefacts: rows.subject.artefacts.clone(),
        lesion: Some(config.lesion.clone()).filter(|lesion| record.run.regions.contains(lesion)),
        data: data(record, config),
        cases: cases.collect(),
        provenance: record.run.provenance.clone(),
    }
}

fn data(record: &Record, config: &Config) -> DataSummary {
    let rows = &record.rows;
    let classes = &rows.subject.classes;
    let mut estimated = BTreeMap::new();
    for region in rows.pictures.iter().flat_map(|picture| &picture.estimated) {
        *estimated.entry(region.clone()).or_insert(0) += 1;
    }
    let artefacts = rows.subject.artefacts.iter().enumerate();
    let artefacts = artefacts.map(|(place, name)| {
        let mut groups = vec![[0; 2]; classes.len()];
        for picture in &rows.pictures {
            if let Some(shown) = picture.shows[place] {
                groups[picture.label][usize::from(shown)] += 1;
            }
        }
        let association = rows.subject.targets.iter().filter_map(|target| {
            let class = classes.iter().position(|class| class == target)?;
            let own = groups[class];
            let others = groups.iter().enumerate().filter(|(other, _)| *other != class);
            let others = others.fold([0, 0], |sum, (_, group)| [sum[0] + group[0], sum[1] + group[1]]);
            Some((target.clone(), Association::of([others, own])?))
        });
        let association = association.collect();
        (
            name.clone(),
            ArtefactSummary {
                groups,
                association,
                insertion: record.run.insertions[place],
                resolution: record.run.resolutions[place],
            },
        )
    });
    let artefacts = artefacts.collect();
    let group = |picture: &Picture| picture.group.clone().unwrap_or_else(|| format!("\0{}", picture.id));
    let suspects = rows.subject.targets.iter().map(|target| {
        let class = classes.iter().position(|class| class == target);
        (target.clone(), suspects::of_label(&rows.pictures, class, config.seed))
    });
    DataSummary {
        name: record.run.data.clone(),
        pictures: rows.pictures.len(),
        groups: rows.pictures.iter().map(group).collect::<BTreeSet<_>>().len(),
        classes: classes.clone(),
        fingerprint: record.run.fingerprint.clone(),
        estimated,
        no_lesion: config.lesion_masks == LesionMasks::NoLesion,
        unread: record.run.unread.clone(),
        artefacts,
        suspects: suspects.collect(),
    }
}

fn results_of(
    record: &Record,
    config: &Config,
    rules: &Rules,
    case: Case,
    [model, artefact, target]: [usize; 3],
) -> CaseResults {
    let phrases = Phrases::new(config.language, &case.artefact, &case.target);
    let (summary, reasons) = phrases.of_case(&case, rules);
    let expected = config.models.get(&case.model).and_then(|known| known.expect.as_ref());
    let facts = &record.run.models[model];
    let samples = samples(record, rules, &case, [model, artefact, target]);
    let kinds = record.clusterings.iter().find(|kinds| (kinds.model, kinds.target) == (model, target));
    let clusterings = kinds.map_or_else(Vec::new, |kinds| clusterings(kinds, &samples));
    CaseResults {
        architecture: facts.architecture.clone(),
        weights_sha256: facts.weights_sha256.clone(),
        notes: facts.notes.clone(),
        verdict: Verdict { kind: case.judgement.kind, summary, reasons, judgement: case.judgement },
        expected: expected.and_then(|expected| expected.of(&case.artefact)),
        suspects: suspects::of_score(&record.rows, model, target, config.seed),
        name: case.model,
        artefact: case.artefact,
        target: case.target,
        decision: case.decision,
        groups: case.groups,
        performance: case.performance,
        worst: case.worst,
        effects: case.effects,
        natural: case.natural,
        pairs: case.pairs,
        taken: case.taken,
        attention: case.attention,
        clusterings,
        samples,
    }
}

/// The kinds of maps, with what the members' answers are in this case and how many of them show its artefact, and with the
/// pictures that are typical of them.
fn clusterings(kinds: &Kinds, samples: &[SampleResult]) -> Vec<Clustering> {
    let samples: BTreeMap<&str, &SampleResult> =
        samples.iter().map(|sample| (sample.id.as_str(), sample)).collect();
    let mut clusterings = kinds.clusterings.clone();
    for cluster in clusterings.iter_mut().flat_map(|found| &mut found.clusters) {
        let members = cluster.members.iter().filter_map(|id| samples.get(id.as_str()));
        let (called, probability): (Vec<bool>, Vec<f64>) =
            members.clone().map(|sample| (sample.answer.called, sample.answer.probability)).unzip();
        let shown: Vec<bool> = members.filter_map(|sample| sample.artefact).collect();
        (cluster.called, cluster.artefact) = (share(&called), share(&shown));
        cluster.probability = reglet_statistics::mean(&probability);
    }
    let typical = clusterings.iter_mut().flat_map(|found| &mut found.clusters).flat_map(|c| &mut c.typical);
    for (typical, drawn) in typical.zip(&kinds.pictures) {
        typical.size = drawn.size;
        (typical.picture, typical.layer) = (drawn.picture.clone(), drawn.layer.clone());
    }
    clusterings
}

/// Each picture's part of a case.
fn samples(
    record: &Record,
    rules: &Rules,
    case: &Case,
    [model, artefact, target]: [usize; 3],
) -> Vec<SampleResult> {
    let rows = &record.rows;
    let effects = case.effect_by_picture();
    let mut answers: Vec<Option<Answer>> = vec![None; rows.pictures.len()];
    let mut changed: Vec<BTreeMap<Change, Vec<Answer>>> = vec![BTreeMap::new(); rows.pictures.len()];
    for row in rows.observations.iter().filter(|row| row.model == model) {
        let answer = answer(row, target, rules, case.decision);
        match &row.edit {
            None => answers[row.picture] = Some(answer),
            Some(edit) if edit.artefact == artefact => {
                changed[row.picture].entry(edit.change).or_default().push(answer);
            }
            Some(_) => {}
        }
    }
    let mut shown: BTreeMap<usize, &Shown> = BTreeMap::new();
    for exhibit in record.shown.iter().filter(|shown| shown.model == model) {
        shown.insert(exhibit.picture, exhibit);
    }
    let mut maps = maps(rows, &shown, model, target);
    let pictures = rows.pictures.iter().enumerate().zip(answers).zip(changed);
    pictures
        .filter_map(|(((index, picture), answer), changed)| {
            let exhibit = shown.get(&index).map(|shown| exhibit(shown, artefact, &changed));
            Some(SampleResult {
                id: picture.id.clone(),
                label: rows.subject.classes[picture.label].clone(),
                artefact: picture.shows[artefact],
                estimated: picture.estimated.clone(),
                answer: answer?,
                changed: changed.into_iter().map(|(change, answers)| (change, average(&answers))).collect(),
                effect: effects.get(&index).copied(),
                maps: maps.remove(&index).unwrap_or_default(),
                exhibit,
            })
        })
        .collect()
}

fn answer(row: &Observation, target: usize, rules: &Rules, decision: Option<f64>) -> Answer {
    let probability = row.scores[target].probability;
    let called = match (rules.operating_point, decision) {
        (OperatingPoint::Above(least), _) => probability > least,
        (OperatingPoint::Rule(_), _) => row.top[target],
        (OperatingPoint::Sensitivity(_), least) => least.is_some_and(|least| probability >= least),
    };
    Answer { probability, called }
}

fn share(hits: &[bool]) -> Option<f64> {
    (!hits.is_empty()).then(|| hits.iter().filter(|hit| **hit).count() as f64 / hits.len() as f64)
}

/// The mean probability, and the decision at most of the places.
fn average(answers: &[Answer]) -> Answer {
    let sum: f64 = answers.iter().map(|answer| answer.probability).sum();
    let called = answers.iter().filter(|answer| answer.called).count();
    Answer { probability: sum / answers.len() as f64, called: 2 * called > answers.len() }
}

fn maps(
    rows: &Rows,
    shown: &BTreeMap<usize, &Shown>,
    model: usize,
    target: usize,
) -> BTreeMap<usize, Vec<SampleMap>> {
    let mut maps: BTreeMap<usize, Vec<SampleMap>> = BTreeMap::new();
    let own =
        rows.maps.iter().filter(|map| (map.model, map.target) == (model, target) && map.without.is_none());
    for map in own {
        let layers = shown.get(&map.picture).map_or(&[][..], |shown| shown.layers.as_slice());
        let layer = layers.iter().find(|(of, method, _)| (*of, *method) == (target, map.method));
        maps.entry(map.picture).or_default().push(SampleMap {
            method: rows.subject.methods[map.method].name.clone(),
            regions: map.regions.clone(),
            gap: map.gap,
            remark: map.remark.clone(),
            character: map.character,
            layer: layer.map(|(.., layer)| layer.clone()),
        });
    }
    maps
}

/// `changed` contains the answers after each change, the first place first.
fn exhibit(shown: &Shown, artefact: usize, changed: &BTreeMap<Change, Vec<Answer>>) -> Exhibit {
    let own = shown.edited.iter().filter(|(other, ..)| *other == artefact);
    let edited = own
        .filter_map(|(_, change, picture)| Some((*change, *changed.get(change)?.first()?, picture.clone())));
    Exhibit {
        size: shown.size,
        picture: shown.view.clone(),
        outlines: shown.outlines.clone(),
        edited: edited.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Cluster;

    /// What the maps of a model have in common is the same in each of its cases, and what its pictures show is not.
    #[test]
    fn kinds_of_maps_are_described_by_the_artefact_and_the_decisions_of_the_case() {
        let cluster = Cluster {
            pictures: 2,
            members: vec!["a".into(), "b".into()],
            called: None,
            probability: None,
            artefact: None,
            density: BTreeMap::new(),
            typical: Vec::new(),
        };
        let clustering = Clustering {
            method: "saliency".into(),
            title: "Saliency".into(),
            pictures: 2,
            eigenvalues: Vec::new(),
            clusters: vec![cluster],
        };
        let kinds = Kinds { model: 0, target: 0, clusterings: vec![clustering], pictures: Vec::new() };
        let sample = |id: &str, artefact: Option<bool>, probability: f64| SampleResult {
            id: id.into(),
            label: "melanoma".into(),
            artefact,
            estimated: BTreeSet::new(),
            answer: Answer { probability, called: probability > 0.2 },
            changed: BTreeMap::new(),
            effect: None,
            maps: Vec::new(),
            exhibit: None,
        };
        let described = |samples: &[SampleResult]| {
            let found = clusterings(&kinds, samples).remove(0).clusters.remove(0);
            (found.artefact, found.called, found.probability)
        };
        // One of the two is above 0.2, which is the operating point; neither would be the most probable class.
        let ruler = [sample("a", Some(true), 0.3), sample("b", Some(true), 0.1), sample("c", None, 0.9)];
        assert_eq!(described(&ruler), (Some(1.0), Some(0.5), Some(0.2)));
        let ink = [sample("a", Some(false), 0.3), sample("b", None, 0.1)];
        assert_eq!(described(&ink), (Some(0.0), Some(0.5), Some(0.2)));
    }
}
