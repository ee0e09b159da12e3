use maud::{Markup, html};

use super::super::page::{Page, capital, rich, table};
use crate::language::Language;
use crate::results::CaseResults;

/// What unedited pictures say, and whether the edits are, to the model, what they stand for.
pub(super) fn render(page: &Page<'_>, model: &CaseResults) -> Markup {
    let words = &page.words;
    html! {
        h3 { (words.untouched()) }
        p.note { (words.about_untouched()) }
        @if model.natural.is_empty() {
            p.note { (words.no_untouched()) }
        } @else {
            (differences(page, model))
        }
        @if let Some(pairs) = &model.pairs {
            @let by = page.language().estimate(&pairs.difference.estimate, Language::signed);
            p.claim { (words.pairs_say(pairs.pairs, by)) "." }
        }
        (taken(page, model))
    }
}

fn differences(page: &Page<'_>, model: &CaseResults) -> Markup {
    let words = &page.words;
    let head = html! {
        th scope="col" { (words.class()) }
        th.number scope="col" { (capital(&words.with_artefact())) }
        th.number scope="col" { (capital(&words.without_artefact())) }
        th.number scope="col" { (words.difference()) }
        th.number scope="col" { (words.unexplained_column()) }
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
    table(&words.difference_by_class(), &head, &body)
}

fn taken(page: &Page<'_>, model: &CaseResults) -> Markup {
    let words = &page.words;
    let head = html! {
        th scope="col" { (words.change()) }
        th.number scope="col" { (words.pictures()) }
        th.number scope="col" { (words.way()) }
    };
    html! {
        @match &model.taken {
            None => { p.note { (words.taken_unknown()) "." } }
            Some(taken) => {
                p.claim { (words.of_taken(taken)) "." }
                @if !taken.edits.is_empty() && !taken.sees_nothing() {
                    (table(&words.edits_taken(), &head, &html! {
                        @for edit in &taken.edits {
                            tr {
                                th scope="row" { (capital(&page.change(edit.change, edit.with))) }
                                td.number { (edit.pictures) }
                                td.number { (page.estimate(&edit.way, Language::percent)) }
                            }
                        }
                    }))
                    p.note { (rich(&words.about_taken())) }
                }
            }
        }
    }
}
