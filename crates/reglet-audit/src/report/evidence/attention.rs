use maud::{Markup, html};

use super::super::table;
use super::super::words::{NONE, capital, counted, estimate, estimated, maybe, percent, plain, signed};
use super::chart;
use crate::report::Charts;
use crate::results::{Attention, ModelResults, RegionAttention, Results};

/// Where each method's maps lie, against chance and against the same place without the artefact.
pub(super) fn render(results: &Results, model: &ModelResults, charts: &Charts) -> Markup {
    html! {
        h3 { "Where it looks" }
        p.note {
            "A map says how much each part of a picture counts for the answer. A region’s " dfn { "share" }
            " is the part of the map that lies in it; its " dfn { "density" } " is that share over the "
            "region’s part of the picture’s area; " dfn { "chance" } " is a density of 1, what a map spread "
            "evenly over the picture would give. “Against control” is the density of the " (results.artefact)
            " less that of the same place once the " (results.artefact) " has been taken away."
        }
        @if let Some(drawing) = &charts.attention {
            (regions(results, model))
            (trust(model))
            div.pair {
                (chart(drawing))
                div {
                    p.note {
                        "An interval wholly to the right of chance means that the method’s maps favour the region; "
                        "one that holds chance, that they may not favour it at all."
                    }
                    (remarks(model))
                }
            }
        } @else {
            p.note { "No map could be measured: no method was asked, no picture shows a region, or every map is void." }
            (remarks(model))
        }
    }
}

fn regions(results: &Results, model: &ModelResults) -> Markup {
    let head = html! {
        th scope="col" { "Method" }
        th scope="col" { "Region" }
        th.number scope="col" { "Pictures" }
        th.number scope="col" { "Share" }
        th.number scope="col" { "Density" }
        th.number scope="col" { "Against control" }
        th.number scope="col" { "Highest values" }
        th.number scope="col" { "Pointing" }
        th.number scope="col" { "AUC" }
    };
    let body = html! {
        @for method in &model.attention {
            @for (index, (name, found)) in ordered(results, method).into_iter().enumerate() {
                tr {
                    @if index == 0 {
                        th scope="rowgroup" rowspan=(method.regions.len()) { (method.title) }
                    }
                    td { (estimated(name, found.estimated)) }
                    td.number { (found.pictures) }
                    td.number { (estimate(&found.share, percent)) }
                    td.number { (estimate(&found.density, plain)) }
                    td.number {
                        @if name == results.artefact {
                            (maybe(method.artefact_against_control.as_ref(), signed))
                        } @else { (NONE) }
                    }
                    td.number { (percent(found.rank_accuracy.mean)) }
                    td.number { (percent(found.pointing.mean)) }
                    td.number { (plain(found.auc.mean)) }
                }
            }
        }
    };
    html! {
        (table("Share and density of each region", &head, &body))
        p.note {
            dfn { "Highest values" } ": of the map’s highest values, as many as the region has pixels, the part that "
            "lies in it (relevance rank accuracy). " dfn { "Pointing" } ": how often the highest of all does. "
            dfn { "AUC" } ": how well the map tells the region from the rest; 0.5 is chance."
        }
    }
}

/// Whether the maps can be believed. Nothing where that was not tried.
fn trust(model: &ModelResults) -> Markup {
    let tried: Vec<_> =
        model.attention.iter().filter_map(|method| Some((&method.title, method.trust.as_ref()?))).collect();
    let number = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), plain);
    let shares: Vec<f64> =
        tried.first().map_or_else(Vec::new, |(_, trust)| trust.randomised.iter().map(|r| r.share).collect());
    let head = html! {
        th scope="col" { "Method" }
        th.number scope="col" { "Under faint noise" }
        @for share in &shares { th.number scope="col" { (percent(*share)) " of the layers drawn anew" } }
        th scope="col" { "Counts" }
    };
    let body = html! {
        @for (title, trust) in &tried {
            tr {
                th scope="row" { (title) }
                td.number { (number(trust.stability)) }
                @for step in &trust.randomised { td.number { (number(step.similarity)) } }
                td { @match &trust.doubt { None => "yes", Some(why) => { "no: " (why) } } }
            }
        }
    };
    html! {
        @if !tried.is_empty() {
            (table("Can the maps be believed?", &head, &body))
            p.note {
                "The rank correlation of a map with the map of the same picture: under noise that cannot be seen, where "
                "it should stay near 1, and by the same model after the weights of its last layers, up to all, have been "
                "drawn anew, where it should fall. A method that fails is shown, and kept out of the verdict."
            }
        }
    }
}

/// The region under suspicion first, then the lesion, then the others by name.
pub(crate) fn ordered<'a>(results: &Results, method: &'a Attention) -> Vec<(&'a str, &'a RegionAttention)> {
    let mut regions: Vec<_> = method.regions.iter().map(|(name, found)| (name.as_str(), found)).collect();
    let rank = |name: &str| {
        if name == results.artefact {
            0
        } else if Some(name) == results.lesion.as_deref() {
            1
        } else {
            2
        }
    };
    regions.sort_by_key(|(name, _)| rank(name));
    regions
}

/// What a reader should know of the maps before believing them.
fn remarks(model: &ModelResults) -> Markup {
    let gaps = model.attention.iter().filter_map(|method| Some((&method.title, method.median_gap?)));
    let remarks = model
        .attention
        .iter()
        .flat_map(|method| method.remarks.iter().map(move |(remark, count)| (&method.title, remark, *count)));
    html! {
        ul.remarks {
            @for (title, gap) in gaps {
                li {
                    (title) ": half of the maps miss the sum that they promise by more than " (percent(gap))
                    " (the median completeness gap)."
                }
            }
            @for (title, remark, count) in remarks {
                li { (title) ", " (counted(count, "picture", "pictures")) ". " (capital(remark)) "." }
            }
        }
    }
}
