use maud::{Markup, html};
use reglet_evidence::VerdictKind;

use super::anchor;
use super::page::{Page, sentence, table};
use crate::results::CaseResults;

/// A matrix of the verdicts if there are several artefacts or targets, and a card for each verdict that states the
/// conclusion in plain words and its reasons.
pub(super) fn render(page: &Page<'_>) -> Markup {
    let cases = &page.results.cases;
    html! {
        section aria-labelledby="verdicts" {
            h2 id="verdicts" {
                @if cases.len() == 1 { (page.phrases.verdict()) } @else { (page.phrases.verdicts()) }
            }
            @if cases.is_empty() { p.note { (page.phrases.no_model()) } }
            @if page.results.artefacts.len() * page.results.targets.len() > 1 { (matrix(page)) }
            div.cards {
                @for (index, case) in cases.iter().enumerate() { (card(page, case, index)) }
            }
        }
    }
}

/// A table with a row for each model, a column for each artefact and target, and the verdicts in its cells.
fn matrix(page: &Page<'_>) -> Markup {
    let results = page.results;
    let columns: Vec<(&String, &String)> = results
        .artefacts
        .iter()
        .flat_map(|artefact| results.targets.iter().map(move |target| (artefact, target)))
        .collect();
    let mut models: Vec<&str> = Vec::new();
    for case in &results.cases {
        if !models.contains(&case.name.as_str()) {
            models.push(&case.name);
        }
    }
    let head = html! {
        th scope="col" { (page.phrases.model()) }
        @for (artefact, target) in &columns {
            th scope="col" {
                (page.label(artefact))
                @if results.targets.len() > 1 { " → " (page.label(target)) }
            }
        }
    };
    let found = |model: &str, artefact: &str, target: &str| {
        let mut all = results.cases.iter().enumerate();
        all.find(|(_, case)| case.name == model && case.artefact == artefact && case.target == target)
    };
    let body = html! {
        @for model in models {
            tr {
                th scope="row" { (model) }
                @for (artefact, target) in &columns {
                    td {
                        @if let Some((index, case)) = found(model, artefact, target) {
                            a.verdict.(case.verdict.kind.name()) href=(format!("#{}", anchor(index))) {
                                (page.phrases.kind(case.verdict.kind))
                            }
                        }
                    }
                }
            }
        }
    };
    table(&page.phrases.every_verdict(), &head, &body)
}

fn card(page: &Page<'_>, case: &CaseResults, index: usize) -> Markup {
    let page = &Page::of(page.results, case);
    let verdict = &case.verdict;
    let (mark, meaning) = match verdict.kind {
        VerdictKind::Shortcut => ("!", page.phrases.means_shortcut()),
        VerdictKind::Clear => ("✓", page.phrases.means_clear()),
        VerdictKind::Inconclusive => ("?", page.phrases.means_inconclusive()),
    };
    let title = page.results.title_of(case);
    html! {
        article.card.(verdict.kind.name()) aria-labelledby=(format!("verdict-{}", index + 1)) {
            h3 id=(format!("verdict-{}", index + 1)) { (title) }
            p.kind { span.mark aria-hidden="true" { (mark) } (page.phrases.kind(verdict.kind)) }
            p.meaning { (meaning) }
            p.summary { (sentence(&verdict.summary)) }
            @if !verdict.reasons.is_empty() {
                ul.reasons { @for reason in &verdict.reasons { li { (sentence(reason)) } } }
            }
            (expectation(page, case))
            p.more { a href=(format!("#{}", anchor(index))) { (page.phrases.evidence_on(&title)) } }
        }
    }
}

fn expectation(page: &Page<'_>, case: &CaseResults) -> Markup {
    html! {
        @match case.expected {
            Some(expected) if expected.holds(case.verdict.kind) => { p.expected { (page.phrases.as_expected()) } }
            Some(expected) => {
                p.expected.surprise { (page.phrases.not_as_expected(page.phrases.expectation(expected).to_lowercase())) }
            }
            None => {}
        }
    }
}
