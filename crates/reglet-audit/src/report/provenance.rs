use maud::{Markup, html};

use super::page::{Page, rich, table};
use crate::language::Language;

/// Where the results come from, so that they can be made again: versions, seeds, hashes and the config.
pub(super) fn render(page: &Page<'_>) -> Markup {
    let (words, from) = (&page.words, &page.results.provenance);
    html! {
        section.provenance aria-labelledby="provenance" {
            h2 id="provenance" { (words.provenance()) }
            p.note { (words.reproducible()) }
            dl {
                dt { "Reglet" } dd { (from.reglet) }
                dt { "libtorch" } dd { (from.libtorch) }
                dt { (words.device()) } dd { (from.device) }
                dt { (words.seed()) } dd { (from.seed) }
                dt { (words.time_taken()) } dd { (page.language().seconds(from.seconds)) }
                dt { (words.data_hash()) } dd { code { (page.results.data.fingerprint) } }
                dt { (words.config_hash()) } dd { code { (from.config_sha256) } }
                @for model in &page.results.models {
                    dt { (words.weights_hash(&model.name)) } dd { code { (model.weights_sha256) } }
                }
            }
            h3 { (words.config()) }
            pre tabindex="0" aria-label=(words.config()) { (from.config) }
        }
    }
}

/// What was audited: how many pictures of each class, with and without the artefact.
pub(super) fn data(page: &Page<'_>) -> Markup {
    let (words, language, data) = (&page.words, page.language(), &page.results.data);
    let head = html! {
        th scope="col" { (words.class()) }
        th.number scope="col" { (words.without_artefact()) }
        th.number scope="col" { (words.with_artefact()) }
    };
    let body = html! {
        @for (class, [without, with]) in data.classes.iter().zip(&data.groups) {
            tr { th scope="row" { (page.label(class)) } td.number { (without) } td.number { (with) } }
        }
    };
    html! {
        section aria-labelledby="data" {
            h2 id="data" { (words.the_data()) }
            p.note {
                (words.data_set(&data.name, page.counted(data.pictures))) " " (rich(&words.in_question()))
                @if let Some(lesion) = &page.results.lesion {
                    @let name = language.name(lesion).the;
                    @match data.estimated.get(lesion) {
                        Some(pictures) => { " " (words.should_look_by_estimate(name, page.counted(*pictures))) }
                        None => { " " (words.should_look(name)) }
                    }
                }
            }
            (table(&words.pictures_by_group(), &head, &body))
            p.note {
                @if let Some(found) = &data.association {
                    @let odds = language.estimate(&found.odds_ratio, Language::plain);
                    (rich(&words.association(odds, language.estimate(&found.phi, Language::signed)))) " "
                }
                (words.for_changes(words.insertion(data.insertion)))
            }
        }
    }
}
