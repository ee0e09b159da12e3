use maud::{Markup, html};

use super::super::page::{Page, capital, rich, table};
use crate::language::Language;
use crate::results::CaseResults;

/// What unedited pictures say, and whether the edits are, to the model, what they stand for.
pub(super) fn render(page: &Page<'_>, model: &CaseResults) -> Markup {
    let phrases = &page.phrases;
    html! {
        h3 { (phrases.untouched()) }
        p.note { (phrases.about_untouched()) }
        @if model.natural.is_empty() {
            p.note { (phrases.no_untouched()) }
        } @else {
            (differences(page, model))
        }
        @for pairs in &model.pairs {
            p.claim { (phrases.of_pairs(pairs)) "." }
        }
        (taken(page, model))
    }
}

fn differences(page: &Page<'_>, model: &CaseResults) -> Markup {
    let phrases = &page.phrases;
    let head = html! {
        th scope="col" { (phrases.class()) }
        th.number scope="col" { (capital(&phrases.with_artefact())) }
        th.number scope="col" { (capital(&phrases.without_artefact())) }
        th.number scope="col" { (phrases.difference()) }
        th.number scope="col" { (phrases.unexplained_column()) }
    };
    let body = html! {
        @for found in &model.natural {
            tr {
                th scope="row" { (page.label(&found.class)) }
                td.number { (found.with) }
                td.number { (found.without) }
                td.number { (page.estimate(&found.difference.estimate, Language::signed)) }
                td.number {
                    (page.maybe(found.unexplained.as_ref().map(|rest| &rest.estimate), Language::signed))
                }
            }
        }
    };
    table(&phrases.difference_by_class(), &head, &body)
}

fn taken(page: &Page<'_>, model: &CaseResults) -> Markup {
    let phrases = &page.phrases;
    let head = html! {
        th scope="col" { (phrases.change()) }
        th.number scope="col" { (phrases.pictures()) }
        th.number scope="col" { (phrases.way()) }
    };
    html! {
        @match &model.taken {
            None => { p.note { (phrases.taken_unknown()) "." } }
            Some(taken) => {
                p.claim { (phrases.of_taken(taken)) "." }
                @if !taken.edits.is_empty() && !taken.sees_nothing() {
                    (table(&phrases.edits_taken(), &head, &html! {
                        @for edit in &taken.edits {
                            tr {
                                th scope="row" { (capital(&page.change(edit.change, edit.with))) }
                                td.number { (edit.pictures) }
                                td.number { (page.estimate(&edit.way, Language::percent)) }
                            }
                        }
                    }))
                    p.note { (rich(&phrases.about_taken())) }
                }
            }
        }
    }
}
