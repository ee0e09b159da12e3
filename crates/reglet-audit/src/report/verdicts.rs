use maud::{Markup, html};

use super::anchor;
use super::page::{Page, sentence};
use crate::results::{ModelResults, VerdictKind};

/// A card for each model: what was concluded, in plain words, and what it rests on.
pub(super) fn render(page: &Page<'_>) -> Markup {
    let models = &page.results.models;
    html! {
        section aria-labelledby="verdicts" {
            h2 id="verdicts" {
                @if models.len() == 1 { (page.words.verdict()) } @else { (page.words.verdicts()) }
            }
            @if models.is_empty() { p.note { (page.words.no_model()) } }
            div.cards {
                @for (index, model) in models.iter().enumerate() { (card(page, model, index)) }
            }
        }
    }
}

fn card(page: &Page<'_>, model: &ModelResults, index: usize) -> Markup {
    let verdict = &model.verdict;
    let (mark, meaning) = match verdict.kind {
        VerdictKind::Shortcut => ("!", page.words.means_shortcut()),
        VerdictKind::Clear => ("✓", page.words.means_clear()),
        VerdictKind::Inconclusive => ("?", page.words.means_inconclusive()),
    };
    html! {
        article.card.(verdict.kind.name()) aria-labelledby=(format!("verdict-{}", index + 1)) {
            h3 id=(format!("verdict-{}", index + 1)) { (model.name) }
            p.kind { span.mark aria-hidden="true" { (mark) } (page.words.kind(verdict.kind)) }
            p.meaning { (meaning) }
            p.summary { (sentence(&verdict.summary)) }
            @if !verdict.reasons.is_empty() {
                ul.reasons { @for reason in &verdict.reasons { li { (sentence(reason)) } } }
            }
            (expectation(page, model))
            p.more { a href=(format!("#{}", anchor(index))) { (page.words.evidence_on(&model.name)) } }
        }
    }
}

fn expectation(page: &Page<'_>, model: &ModelResults) -> Markup {
    html! {
        @match model.expected {
            Some(expected) if expected == model.verdict.kind => { p.expected { (page.words.as_expected()) } }
            Some(expected) => {
                p.expected.surprise { (page.words.not_as_expected(page.words.kind(expected).to_lowercase())) }
            }
            None => {}
        }
    }
}
