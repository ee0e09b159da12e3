use maud::{Markup, html};

use super::super::page::{Page, table};
use crate::results::CaseResults;
use crate::suspects::{Property, Strength};

/// Properties and columns that the config does not name and that are correlated with the model's score within the classes.
pub(super) fn render(page: &Page<'_>, model: &CaseResults) -> Markup {
    html! {
        @if !model.suspects.is_empty() {
            h3 { (page.words.unnamed()) }
            (table_of(page, &model.suspects, false))
        }
    }
}

/// A table of properties, the strongest first; empty if there are none.
pub(in crate::report) fn table_of(page: &Page<'_>, found: &[Property], label: bool) -> Markup {
    let (words, language) = (&page.words, page.language());
    let head = html! {
        th scope="col" { (words.property()) }
        th.number scope="col" { (words.pictures()) }
        th scope="col" { (words.measure()) }
        th.number scope="col" { (words.strength_of_association()) }
        th.number scope="col" { (words.p_corrected()) }
    };
    let measure = |strength: Strength| match strength {
        Strength::SomersD => words.somers_d(),
        Strength::CramersV => words.cramers_v(),
        Strength::RankCorrelation => words.rank_correlation(),
    };
    let name = |property: &Property| match property.column {
        true => property.name.clone(),
        false => words.of_property(&property.name),
    };
    let body = html! {
        @for property in found {
            tr {
                th scope="row" { (name(property)) }
                td.number { (property.pictures) }
                td { (measure(property.measure)) }
                td.number { (language.signed(property.strength)) }
                td.number { (language.p_value(property.p)) }
            }
        }
    };
    html! {
        @if !found.is_empty() {
            @let title = if label { words.goes_with_label() } else { words.goes_with_score() };
            (table(&title, &head, &body))
            p.note { (words.about_properties()) }
        }
    }
}
