use maud::{Markup, html};

use super::super::page::{Page, chart, rich, table};
use crate::language::{Language, NONE};
use crate::report::Charts;
use crate::results::CaseResults;

/// How much each method's maps concentrate on the regions, compared with chance and with the same place without the
/// artefact.
pub(super) fn render(page: &Page<'_>, model: &CaseResults, charts: &Charts) -> Markup {
    let phrases = &page.phrases;
    html! {
        h3 { (phrases.where_it_looks()) }
        p.note { (rich(&phrases.about_attention())) }
        @if let Some(drawing) = &charts.attention {
            div.pair {
                (chart(drawing, &[]))
                div {
                    @for claim in claims(page, model) { p.claim { (claim) "." } }
                    p.note { (phrases.about_chance()) }
                    (remarks(page, model))
                }
            }
            (regions(page, model))
            (trust(page, model))
            (faithfulness(page, model))
        } @else {
            p.note { (phrases.no_map()) }
            (remarks(page, model))
        }
    }
}

/// What each method gives the artefact.
fn claims(page: &Page<'_>, model: &CaseResults) -> Vec<String> {
    let found = model.attention.iter().filter_map(|method| {
        let region = method.regions.get(page.artefact)?;
        Some(page.phrases.of_density(&page.title(method), &region.density.estimate))
    });
    found.collect()
}

fn regions(page: &Page<'_>, model: &CaseResults) -> Markup {
    let (phrases, language) = (&page.phrases, page.language());
    let referred = model.attention.iter().any(|method| method.artefact_against_reference.is_some());
    let head = html! {
        th scope="col" { (phrases.method()) }
        th scope="col" { (phrases.region()) }
        th.number scope="col" { (phrases.pictures()) }
        th.number scope="col" { (phrases.share()) }
        th.number scope="col" { (phrases.density_column()) }
        th.number scope="col" { (phrases.against_control()) }
        @if referred { th.number scope="col" { (phrases.against_reference()) } }
        th.number scope="col" { (phrases.highest_values()) }
        th.number scope="col" { (phrases.pointing()) }
        th.number scope="col" { (phrases.auc()) }
    };
    let body = html! {
        @for method in &model.attention {
            @for (index, (name, found)) in page.ordered(method).into_iter().enumerate() {
                tr {
                    @if index == 0 {
                        th scope="rowgroup" rowspan=(method.regions.len()) { (page.title(method)) }
                    }
                    td { (page.estimated(page.label(name), found.estimated)) }
                    td.number { (found.pictures) }
                    td.number { (page.estimate(&found.share, Language::percent)) }
                    td.number { (page.estimate(&found.density.estimate, Language::plain)) }
                    td.number {
                        @if name == page.artefact {
                            (page.maybe(method.artefact_against_control.as_ref().map(|found| &found.estimate), Language::signed))
                        } @else { (NONE) }
                    }
                    @if referred {
                        td.number {
                            @if name == page.artefact {
                                (page.maybe(method.artefact_against_reference.as_ref(), Language::signed))
                            } @else { (NONE) }
                        }
                    }
                    td.number { (language.percent(found.rank_accuracy.mean)) }
                    td.number { (language.percent(found.pointing.mean)) }
                    td.number { (language.plain(found.auc.mean)) }
                }
            }
        }
    };
    html! {
        (table(&phrases.share_and_density(), &head, &body))
        p.note {
            (rich(&phrases.about_regions()))
            @if referred { " " (rich(&phrases.about_reference())) }
        }
    }
}

/// Whether the maps can be trusted. Nothing where that was not tried.
fn trust(page: &Page<'_>, model: &CaseResults) -> Markup {
    let (phrases, language) = (&page.phrases, page.language());
    let tried: Vec<_> = model
        .attention
        .iter()
        .filter_map(|method| Some((page.title(method), method.trust.as_ref()?)))
        .collect();
    let shares: Vec<f64> =
        tried.first().map_or_else(Vec::new, |(_, trust)| trust.randomised.iter().map(|r| r.share).collect());
    let head = html! {
        th scope="col" { (phrases.method()) }
        th.number scope="col" { (phrases.under_noise()) }
        @for share in &shares { th.number scope="col" { (phrases.drawn_anew(language.percent(*share))) } }
        th scope="col" { (phrases.counts()) }
    };
    let body = html! {
        @for (title, trust) in &tried {
            tr {
                th scope="row" { (title) }
                td.number { (page.number(trust.stability, Language::plain)) }
                @for step in &trust.randomised { td.number { (page.number(step.similarity, Language::plain)) } }
                td {
                    @match &trust.doubt {
                        None => (phrases.yes()),
                        Some(doubt) => (phrases.no_because(phrases.why(doubt))),
                    }
                }
            }
        }
    };
    html! {
        @if !tried.is_empty() {
            (table(&phrases.believable(), &head, &body))
            p.note { (phrases.about_trust()) }
        }
    }
}

/// Whether the maps are true of the model, beside random ones. Nothing where that was not tried.
fn faithfulness(page: &Page<'_>, model: &CaseResults) -> Markup {
    let phrases = &page.phrases;
    let tried: Vec<_> = model
        .attention
        .iter()
        .filter_map(|method| Some((page.title(method), method.trust.as_ref()?.faithfulness)))
        .filter(|(_, found)| found.pictures > 0)
        .collect();
    let gradients = tried.iter().any(|(_, found)| found.infidelity.is_some());
    let beside = |found: Option<f64>, random: Option<f64>| {
        html! {
            b { (page.number(found, Language::plain)) } " "
            span.interval { "(" (page.number(random, Language::plain)) ")" }
        }
    };
    let head = html! {
        th scope="col" { (phrases.method()) }
        th.number scope="col" { (phrases.deletion()) }
        th.number scope="col" { (phrases.insertion_area()) }
        th.number scope="col" { "ROAD" }
        @if gradients { th.number scope="col" { (phrases.infidelity()) } }
    };
    let body = html! {
        @for (title, found) in &tried {
            tr {
                th scope="row" { (title) }
                td.number { (beside(found.deletion, found.random_deletion)) }
                td.number { (beside(found.insertion, found.random_insertion)) }
                td.number { (beside(found.road, found.random_road)) }
                @if gradients { td.number { (page.number(found.infidelity, Language::plain)) } }
            }
        }
    };
    html! {
        @if !tried.is_empty() {
            (table(&phrases.faithful(), &head, &body))
            p.note { (rich(&phrases.about_faithfulness())) }
        }
    }
}

/// What a reader should know of the maps before believing them.
fn remarks(page: &Page<'_>, model: &CaseResults) -> Markup {
    let phrases = &page.phrases;
    let gaps = model.attention.iter().filter_map(|method| Some((page.title(method), method.median_gap?)));
    let remarks = model.attention.iter().flat_map(|method| {
        method.remarks.iter().map(move |(remark, count)| (page.title(method), remark, *count))
    });
    html! {
        ul.remarks {
            @for (title, gap) in gaps { li { (phrases.gap(title, page.language().percent(gap))) } }
            @for (title, remark, count) in remarks {
                li { (phrases.remark(title, page.counted(count), phrases.of_remark(remark))) }
            }
        }
    }
}
