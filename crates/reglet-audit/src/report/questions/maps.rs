//! What the methods' maps show, and which method serves best.

use reglet_evidence::{Attention, Character, Faithfulness, Trust, VerdictKind};
use reglet_statistics::Estimate;

use super::Question;
use crate::language::Language;
use crate::report::page::Page;
use crate::results::CaseResults;

pub(super) fn points(page: &Page<'_>, model: &CaseResults) -> Question {
    let (phrases, language) = (&page.phrases, page.language());
    let measured = model.attention.iter().filter(|method| !method.regions.is_empty());
    let answer = measured.map(|method| {
        let suspects = [Some(page.artefact), page.results.lesion.as_deref()];
        let found =
            suspects.into_iter().flatten().filter_map(|region| Some((region, method.regions.get(region)?)));
        let places = found.map(|(region, found)| {
            phrases.answer_place(language.name(region).the, language.percent(found.pointing.mean))
        });
        phrases.answer_points(page.title(method), language.list(&places.collect::<Vec<_>>()))
    });
    Question::new(phrases.question_points(), answer.collect())
}

pub(super) fn artefact(page: &Page<'_>, model: &CaseResults) -> Question {
    let (phrases, language) = (&page.phrases, page.language());
    let answer = model.attention.iter().filter_map(|method| {
        let density =
            language.estimate(&method.regions.get(page.artefact)?.density.estimate, Language::plain);
        let control = method.artefact_against_control.as_ref();
        let control = control.map(|control| {
            phrases.answer_artefact_control(language.estimate(&control.estimate, Language::signed))
        });
        Some(phrases.answer_artefact(page.title(method), density, control.unwrap_or_default()))
    });
    Question::new(phrases.question_artefact(), answer.collect())
}

/// Which region each method favours.
pub(super) fn agree(page: &Page<'_>, model: &CaseResults) -> Question {
    let mut favourites: Vec<(&str, Vec<String>)> = Vec::new();
    for method in &model.attention {
        let regions = page.ordered(method);
        let best = regions
            .iter()
            .max_by(|(_, a), (_, b)| a.density.estimate.mean.total_cmp(&b.density.estimate.mean));
        let Some((region, _)) = best else { continue };
        match favourites.iter_mut().find(|(known, _)| known == region) {
            Some((_, methods)) => methods.push(page.title(method)),
            None => favourites.push((region, vec![page.title(method)])),
        }
    }
    let all: usize = favourites.iter().map(|(_, methods)| methods.len()).sum();
    let groups: Vec<String> = favourites
        .iter()
        .map(|(region, methods)| {
            let (region, titles) = (page.language().name(region).the, methods.join(", "));
            page.phrases.answer_agree_group(region, methods.len(), all, titles)
        })
        .collect();
    let answer = (!groups.is_empty()).then(|| page.phrases.answer_agree(page.language().list(&groups)));
    Question::new(page.phrases.question_agree(), answer.into_iter().collect())
}

pub(super) fn clean(page: &Page<'_>, model: &CaseResults) -> Question {
    let answer = ranked(page, model, |character| character.sparsity);
    Question::new(page.phrases.question_clean(), answer).with_note(page.phrases.about_clean())
}

pub(super) fn contours(page: &Page<'_>, model: &CaseResults) -> Question {
    let answer = ranked(page, model, |character| character.contours);
    Question::new(page.phrases.question_contours(), answer).with_note(page.phrases.about_contours())
}

pub(super) fn regions(page: &Page<'_>, model: &CaseResults) -> Question {
    let answer = ranked(page, model, |character| character.regions);
    Question::new(page.phrases.question_regions(), answer).with_note(page.phrases.about_moran())
}

/// The methods by one trait of their maps, the highest first.
fn ranked(page: &Page<'_>, model: &CaseResults, of: fn(&Character<Estimate>) -> Estimate) -> Vec<String> {
    let methods = model.attention.iter();
    let mut found: Vec<(String, Estimate)> =
        methods.filter_map(|method| Some((page.title(method), of(method.character.as_ref()?)))).collect();
    found.sort_by(|(_, a), (_, b)| b.mean.total_cmp(&a.mean));
    let found: Vec<String> = found
        .iter()
        .map(|(title, value)| page.phrases.ranked(title, page.language().estimate(value, Language::plain)))
        .collect();
    match found.as_slice() {
        [] => Vec::new(),
        [only] => vec![page.phrases.only_one_ranked(only)],
        [first, rest @ ..] => vec![page.phrases.ranking(first, page.language().list(rest))],
    }
}

pub(super) fn believed(page: &Page<'_>, model: &CaseResults) -> Question {
    let phrases = &page.phrases;
    let answer = model.attention.iter().filter_map(|method| {
        let trust = method.trust.as_ref()?;
        let randomised = trust.randomised.last().and_then(|step| step.similarity);
        let [stability, randomised] =
            [trust.stability, randomised].map(|found| page.number(found, Language::plain));
        let counts = trust
            .doubt
            .as_ref()
            .map_or_else(|| phrases.yes(), |doubt| phrases.no_because(phrases.why(doubt)));
        Some(phrases.answer_believed(page.title(method), stability, randomised, counts))
    });
    Question::new(phrases.question_believed(), answer.collect()).with_note(phrases.about_believed())
}

/// The method that best marks the region that matters according to the changes: the artefact if it is a shortcut, else the
/// lesion. Only trusted methods are candidates. How well a map marks a region is measured by its AUC, which depends neither
/// on the map's scale nor on the region's size.
pub(super) fn best(page: &Page<'_>, model: &CaseResults) -> Question {
    let (phrases, language) = (&page.phrases, page.language());
    let shortcut = model.verdict.kind == VerdictKind::Shortcut;
    let region = if shortcut { Some(page.artefact) } else { page.results.lesion.as_deref() };
    let auc = |method: &Attention| Some((page.title(method), method.regions.get(region?)?.auc));
    let tested = model.attention.iter().any(|method| method.trust.is_some());
    let counts = |method: &&Attention| method.trust.as_ref().map_or(!tested, trusted);
    let mut found: Vec<(String, Estimate)> = model.attention.iter().filter(counts).filter_map(auc).collect();
    found.sort_by(|(_, a), (_, b)| b.mean.total_cmp(&a.mean));
    let value = |auc: &Estimate| language.estimate(auc, Language::plain);
    let answer = match (found.as_slice(), region) {
        ([(title, auc), others @ ..], Some(region)) => {
            let marked = language.name(region).the;
            let mut answer = vec![
                match tested {
                    true => phrases.best(title, value(auc), marked),
                    false => phrases.best_untested(title, value(auc), marked),
                },
                if shortcut {
                    phrases.best_artefact()
                } else {
                    phrases.best_lesion(language.name(region).the)
                },
            ];
            if !others.is_empty() {
                let others: Vec<String> =
                    others.iter().map(|(title, auc)| phrases.ranked(title, value(auc))).collect();
                answer.push(phrases.others(others.join(", ")));
            }
            answer
        }
        _ => vec![phrases.none_best()],
    };
    Question::new(phrases.question_best(), answer)
}

/// Whether nothing speaks against a method's maps: they can be trusted and, by what pixels they would delete and insert first,
/// are no worse than random ones.
fn trusted(trust: &Trust) -> bool {
    let Faithfulness { deletion, insertion, random_deletion, random_insertion, .. } = trust.faithfulness;
    // Of maps for which there is no number, because they are constant, nothing is known.
    let deletes = deletion.zip(random_deletion).is_some_and(|(own, random)| own <= random);
    let inserts = insertion.zip(random_insertion).is_some_and(|(own, random)| own >= random);
    trust.doubt.is_none() && deletes && inserts
}
