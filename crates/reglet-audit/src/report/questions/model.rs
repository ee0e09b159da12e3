//! What the pictures show, and what the model says of them.

use super::Question;
use crate::language::Language;
use crate::report::page::{Page, capital, sentence};
use crate::results::{ModelResults, Performance};

pub(super) fn pictures(page: &Page<'_>, model: &ModelResults) -> Question {
    let (words, data) = (&page.words, &page.results.data);
    let groups: Vec<String> = data
        .classes
        .iter()
        .zip(&data.groups)
        .map(|(class, [without, with])| words.group_pictures(page.label(class), without + with, with))
        .collect();
    let mut answer = vec![words.answer_pictures(page.counted(data.pictures), groups.join("; "))];
    let regions = std::iter::once(&page.results.artefact).chain(&page.results.lesion);
    answer.extend(regions.filter_map(|region| {
        let area = page.language().percent(area(model, region)?);
        Some(words.answer_area(capital(&page.language().name(region).the), area))
    }));
    Question::new(words.question_pictures(), answer)
}

/// A region's mean share of the pictures that show it: a map's share over its density.
fn area(model: &ModelResults, region: &str) -> Option<f64> {
    let areas: Vec<f64> = model
        .samples
        .iter()
        .filter_map(|sample| sample.maps.iter().find_map(|map| map.regions.get(region)))
        .filter(|placement| placement.density > 0.0)
        .map(|placement| placement.share / placement.density)
        .collect();
    (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
}

pub(super) fn right(page: &Page<'_>, model: &ModelResults) -> Question {
    let words = &page.words;
    let rates = |found: &Performance| {
        let rate = |rate| Some(page.language().estimate(rate, Language::percent));
        Some((rate(found.sensitivity.as_ref()?)?, rate(found.specificity.as_ref()?)?))
    };
    let answer = model.performance.iter().filter_map(|found| {
        let (sensitivity, specificity) = rates(found)?;
        Some(match found.artefact {
            None => words.answer_right(sensitivity, specificity, page.number(found.auroc, Language::precise)),
            shown => words.answer_right_group(page.shown(shown), sensitivity, specificity),
        })
    });
    Question::new(words.question_right(), answer.collect())
}

pub(super) fn sure(page: &Page<'_>, model: &ModelResults) -> Question {
    let words = &page.words;
    let all = model.performance.iter().find(|found| found.artefact.is_none());
    let mut answer: Vec<String> = all
        .and_then(|found| {
            let number = |value| Some(page.language().precise(value));
            Some(words.answer_sure(number(found.calibration_error?)?, number(found.brier?)?))
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
        Some(words.answer_sure_class(page.label(class), page.language().plain(mean)))
    }));
    Question::new(words.question_sure(), answer)
}

pub(super) fn changes(page: &Page<'_>, model: &ModelResults) -> Question {
    let tested = model.effects.iter().filter(|effect| effect.test.adjusted.is_some());
    let answer = tested.map(|effect| sentence(&page.words.of_effect(effect)));
    Question::new(page.words.question_changes(), answer.collect())
}
