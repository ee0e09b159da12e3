use maud::{Markup, html};

use super::super::page::{Page, table};
use crate::results::CaseResults;
use crate::suspects::{Property, Strength};

/// Properties and columns that the config does not name and that are correlated with the model's score within the classes.
pub(super) fn render(page: &Page<'_>, model: &CaseResults) -> Markup {
    html! {
        @if !model.suspects.is_empty() {
            h3 { (page.phrases.unnamed()) }
            (table_of(page, &model.suspects, false))
        }
    }
}

/// A table of properties, the strongest first; empty if there are none.
pub(in crate::report) fn table_of(page: &Page<'_>, found: &[Property], label: bool) -> Markup {
    let (phrases, language) = (&page.phrases, page.language());
    let head = html! {
        th scope="col" { (phrases.property()) }
        th.number scope="col" { (phrases.pictures()) }
        th scope="col" { (phrases.measure()) }
        th.number scope="col" { (phrases.strength_of_association()) }
        th.number scope="col" { (phrases.p_corrected()) }
    };
    let measure = |strength: Strength| match strength {
        Strength::SomersD => phrases.somers_d(),
        Strength::CramersV => phrases.cramers_v(),
        Strength::RankCorrelation => phrases.rank_correlation(),
    };
    let name = |property: &Property| match property.column {
        true => property.name.clone(),
        false => phrases.of_property(&property.name),
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
            @let title = if label { phrases.goes_with_label() } else { phrases.goes_with_score() };
            (table(&title, &head, &body))
            p.note { (phrases.about_properties()) }
        }
    }
}
