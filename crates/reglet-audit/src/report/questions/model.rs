//! What the pictures show, and what the model says of them.

use reglet_evidence::{JUDGED, Part, Performance};

use super::Question;
use crate::language::Language;
use crate::report::page::{Page, capital, sentence};
use crate::results::CaseResults;

pub(super) fn pictures(page: &Page<'_>, model: &CaseResults) -> Question {
    let (phrases, data) = (&page.phrases, &page.results.data);
    let known = data.artefacts.get(page.artefact).map_or(&[][..], |known| known.groups.as_slice());
    let mut groups: Vec<String> = data
        .classes
        .iter()
        .zip(known)
        .filter(|(_, [without, with])| without + with > 0)
        .map(|(class, [without, with])| phrases.group_pictures(page.label(class), without + with, with))
        .collect();
    let unknown = data.pictures - known.iter().flatten().sum::<usize>().min(data.pictures);
    groups.extend((unknown > 0).then(|| phrases.group_unknown(unknown)));
    let mut answer = vec![phrases.answer_pictures(page.counted(data.pictures), groups.join("; "))];
    let regions = std::iter::once(page.artefact).chain(page.results.lesion.as_deref());
    answer.extend(regions.filter_map(|region| {
        let area = page.language().percent(area(model, region)?);
        Some(phrases.answer_area(capital(&page.language().name(region).the), area))
    }));
    Question::new(phrases.question_pictures(), answer)
}

/// A region's mean share of the pictures that show it: a map's share over its density.
fn area(model: &CaseResults, region: &str) -> Option<f64> {
    let areas: Vec<f64> = model
        .samples
        .iter()
        .filter_map(|sample| sample.maps.iter().find_map(|map| map.regions.get(region)))
        .filter(|placement| placement.density > 0.0)
        .map(|placement| placement.share / placement.density)
        .collect();
    (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
}

pub(super) fn right(page: &Page<'_>, model: &CaseResults) -> Question {
    let phrases = &page.phrases;
    let rates = |found: &Performance| {
        let rate = |rate| Some(page.language().estimate(rate, Language::percent));
        Some((rate(found.sensitivity.as_ref()?)?, rate(found.specificity.as_ref()?)?))
    };
    let answer = model.performance.iter().filter_map(|found| {
        let (sensitivity, specificity) = rates(found)?;
        match found.part {
            Part::All => {
                let auroc = page.number(found.auroc.map(|auroc| auroc.mean), Language::precise);
                Some(phrases.answer_right(sensitivity, specificity, auroc))
            }
            Part::Artefact(shown) => {
                Some(phrases.answer_right_group(page.shown(Some(shown)), sensitivity, specificity))
            }
            Part::Column { .. } => None,
        }
    });
    Question::new(phrases.question_right(), answer.collect())
}

pub(super) fn sure(page: &Page<'_>, model: &CaseResults) -> Question {
    let phrases = &page.phrases;
    let all = model.performance.iter().find(|found| found.part == Part::All);
    let mut answer: Vec<String> = all
        .and_then(|found| {
            let number = |value| Some(page.language().precise(value));
            Some(phrases.answer_sure(number(found.calibration_error?)?, number(found.brier?)?))
        })
        .into_iter()
        .collect();
    answer.extend(page.results.data.classes.iter().filter_map(|class| {
        let given: Vec<f64> = model
            .samples
            .iter()
            .filter(|sample| sample.label == *class)
            .map(|sample| sample.answer.probability)
            .collect();
        let mean = (!given.is_empty()).then(|| given.iter().sum::<f64>() / given.len() as f64)?;
        Some(phrases.answer_sure_class(page.label(class), page.language().plain(mean)))
    }));
    Question::new(phrases.question_sure(), answer)
}

pub(super) fn changes(page: &Page<'_>, model: &CaseResults) -> Question {
    let tested = model.effects.iter().filter(|effect| effect.class.is_none());
    let tested = tested.filter(|effect| JUDGED.contains(&effect.change));
    let answer = tested.map(|effect| sentence(&page.phrases.of_effect(effect)));
    Question::new(page.phrases.question_changes(), answer.collect())
}
