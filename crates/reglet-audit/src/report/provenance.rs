use maud::{Markup, html};

use super::evidence::unnamed;
use super::page::{Page, rich, table};
use crate::language::Language;
use crate::results::ArtefactSummary;

/// Where the results come from, so that they can be made again: versions, seeds, hashes and the config.
pub(super) fn render(page: &Page<'_>) -> Markup {
    let (phrases, from) = (&page.phrases, &page.results.provenance);
    html! {
        section.provenance aria-labelledby="provenance" {
            h2 id="provenance" { (phrases.provenance()) }
            p.note { (phrases.reproducible()) }
            dl {
                dt { "Reglet" } dd { (from.reglet) }
                dt { "libtorch" } dd { (from.libtorch) }
                dt { (phrases.device()) } dd { (from.device) }
                dt { (phrases.seed()) } dd { (from.seed) }
                dt { (phrases.time_taken()) } dd { (page.language().seconds(from.seconds)) }
                dt { (phrases.data_hash()) } dd { code { (page.results.data.fingerprint) } }
                dt { (phrases.config_hash()) } dd { code { (from.config_sha256) } }
                @for (name, sha256) in weights(page) {
                    dt { (phrases.weights_hash(name)) } dd { code { (sha256) } }
                }
            }
            h3 { (phrases.config()) }
            pre tabindex="0" aria-label=(phrases.config()) { (from.config) }
        }
    }
}

/// Each model once with the hash of its weights, in the order of the cases.
fn weights<'a>(page: &Page<'a>) -> Vec<(&'a str, &'a str)> {
    let mut known: Vec<(&str, &str)> = Vec::new();
    for case in &page.results.cases {
        let model = (case.name.as_str(), case.weights_sha256.as_str());
        if !known.contains(&model) {
            known.push(model);
        }
    }
    known
}

/// What was audited: how many pictures of each class, with and without each artefact.
pub(super) fn data(page: &Page<'_>) -> Markup {
    let (phrases, language, results) = (&page.phrases, page.language(), page.results);
    let data = &results.data;
    html! {
        section aria-labelledby="data" {
            h2 id="data" { (phrases.the_data()) }
            p.note {
                (phrases.data_set(&data.name, page.counted(data.pictures)))
                @if data.groups < data.pictures { " " (phrases.data_groups(data.groups)) }
                @if !data.unread.is_empty() {
                    @let names: Vec<&str> = data.unread.iter().map(|unread| unread.id.as_str()).collect();
                    " " (phrases.not_read(page.counted(names.len()), names.join(", ")))
                }
                @if let Some(lesion) = &results.lesion {
                    @let name = language.name(lesion).the;
                    @match data.estimated.get(lesion) {
                        Some(pictures) => { " " (phrases.should_look_by_estimate(name, page.counted(*pictures))) }
                        None => { " " (phrases.should_look(name)) }
                    }
                }
                @if data.no_lesion { " " (phrases.no_lesion()) }
            }
            @for artefact in &results.artefacts {
                @if let Some(known) = data.artefacts.get(artefact) { (suspect(page, artefact, known)) }
            }
            @for target in &results.targets {
                @if let Some(found) = data.suspects.get(target) {
                    (unnamed::table_of(&Page::about(results, page.artefact, target), found, true))
                }
            }
        }
    }
}

/// One artefact: how many pictures show it, and how it goes with the targets.
fn suspect(page: &Page<'_>, artefact: &str, known: &ArtefactSummary) -> Markup {
    let (results, language) = (page.results, page.language());
    let page = &Page::about(results, artefact, page.target);
    let phrases = &page.phrases;
    let head = html! {
        th scope="col" { (phrases.class()) }
        th.number scope="col" { (phrases.without_artefact()) }
        th.number scope="col" { (phrases.with_artefact()) }
    };
    let body = html! {
        @for (class, [without, with]) in results.data.classes.iter().zip(&known.groups) {
            tr { th scope="row" { (page.label(class)) } td.number { (without) } td.number { (with) } }
        }
    };
    html! {
        @for target in &results.targets { p.note { (rich(&Page::about(results, artefact, target).phrases.in_question())) } }
        (table(&phrases.pictures_by_group(), &head, &body))
        p.note {
            @for (target, found) in &known.association {
                @let phrases = &Page::about(results, artefact, target).phrases;
                @let odds = language.estimate(&found.odds_ratio, Language::plain);
                (rich(&phrases.association(odds, language.estimate(&found.phi, Language::signed)))) " "
            }
            (phrases.for_changes(phrases.insertion(known.insertion)))
            @if let Some(side) = known.resolution { " " (phrases.made_smaller(side)) }
        }
    }
}
