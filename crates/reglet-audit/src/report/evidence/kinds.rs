use maud::{Markup, html};

use super::super::gallery::view;
use super::super::page::{Page, table};
use crate::language::{Language, NONE};
use crate::results::{CaseResults, Cluster, Clustering};

/// The groups of maps that each method gives for the target's pictures, with their typical pictures, which can reveal a
/// shortcut that the config does not name. Empty if groups were not requested.
pub(super) fn render(page: &Page<'_>, model: &CaseResults) -> Markup {
    html! {
        @if !model.clusterings.is_empty() {
            h3 { (page.phrases.kinds()) }
            p.note { (page.phrases.about_kinds()) }
            @for found in &model.clusterings {
                (kinds(page, found))
                div.kinds {
                    @for (index, kind) in found.clusters.iter().enumerate() { (typical(page, found, kind, index + 1)) }
                }
            }
        }
    }
}

fn kinds(page: &Page<'_>, found: &Clustering) -> Markup {
    let (phrases, language) = (&page.phrases, page.language());
    let head = html! {
        th scope="col" { (phrases.kind_column()) }
        th.number scope="col" { (phrases.pictures()) }
        th.number scope="col" { (phrases.with_artefact()) }
        th.number scope="col" { (phrases.called()) }
        th.number scope="col" { (phrases.mean_probability()) }
        th scope="col" { (phrases.densest()) }
    };
    let body = html! {
        @for (index, kind) in found.clusters.iter().enumerate() {
            tr {
                th scope="row" { (index + 1) }
                td.number { (kind.pictures) }
                td.number { (page.number(kind.artefact, Language::percent)) }
                td.number { (page.number(kind.called, Language::percent)) }
                td.number { (page.number(kind.probability, Language::plain)) }
                td {
                    @if let Some((region, density)) = kind.density.iter().max_by(|a, b| a.1.total_cmp(b.1)) {
                        (page.label(region)) " (" (language.plain(*density)) ")"
                    } @else { (NONE) }
                }
            }
        }
    };
    table(&phrases.kinds_of(language.method(&found.method, &found.title)), &head, &body)
}

fn typical(page: &Page<'_>, found: &Clustering, kind: &Cluster, number: usize) -> Markup {
    let phrases = &page.phrases;
    let method = page.language().method(&found.method, &found.title);
    html! {
        div {
            p.note { (phrases.typical_of(number)) }
            div.pictures {
                @for picture in &kind.typical {
                    @let alternative = phrases.map_alternative(&method, &picture.id, "");
                    figure {
                        (view(picture.size, &picture.picture, Some(&picture.layer), None, &alternative))
                        figcaption { (picture.id) }
                    }
                }
            }
        }
    }
}
