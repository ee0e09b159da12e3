use maud::{Markup, html};
use reglet_viz::chart::{Interval, IntervalChart};
use reglet_viz::{Theme, VizError};

use super::super::table;
use super::super::words::{NONE, counted, estimate, maybe, percent, plain, signed};
use super::{CHART_WIDTH, chart};
use crate::results::{Attention, ModelResults, RegionAttention, Results};
use crate::statistics::Estimate;

/// Where each method's maps lie, against chance and against the same place without the artefact.
pub(super) fn render(results: &Results, model: &ModelResults) -> Result<Markup, VizError> {
    let filled = model.attention.iter().any(|method| !method.regions.is_empty());
    let drawing = if filled { Some(intervals(results, model)?) } else { None };
    let lines = remarks(model);
    Ok(html! {
        h3 { "Where it looks" }
        p.note {
            "A map says how much each part of a picture counts for the answer. A region’s " dfn { "share" }
            " is the part of the map that lies in it; its " dfn { "density" } " is that share over the "
            "region’s part of the picture’s area; " dfn { "chance" } " is a density of 1, what a map spread "
            "evenly over the picture would give. “Against control” is the density of the " (results.artefact)
            " less that of the same place once the " (results.artefact) " has been taken away."
        }
        @if let Some(drawing) = drawing {
            div.pair { (drawing) (regions(results, model)) }
        } @else {
            p.note { "No region was looked at: either no method was asked, or no picture shows a region." }
        }
        @if !lines.is_empty() { ul.remarks { @for line in &lines { li { (line) } } } }
    })
}

fn regions(results: &Results, model: &ModelResults) -> Markup {
    let head = html! {
        th scope="col" { "Method" }
        th scope="col" { "Region" }
        th.number scope="col" { "Pictures" }
        th.number scope="col" { "Share" }
        th.number scope="col" { "Density" }
        th.number scope="col" { "Against control" }
    };
    let body = html! {
        @for method in &model.attention {
            @for (index, (name, found)) in ordered(results, method).into_iter().enumerate() {
                tr.first[index == 0] {
                    @if index == 0 {
                        th scope="rowgroup" rowspan=(method.regions.len()) { (method.title) }
                    }
                    td { (name) }
                    td.number { (found.pictures) }
                    td.number { (estimate(&found.share, percent)) }
                    td.number { (estimate(&found.density, plain)) }
                    td.number {
                        @if name == results.artefact {
                            (maybe(method.artefact_against_control.as_ref(), signed))
                        } @else { (NONE) }
                    }
                }
            }
        }
    };
    table("Share and density of each region", &head, &body)
}

/// The region under suspicion first, then the lesion, then the others by name.
fn ordered<'a>(results: &Results, method: &'a Attention) -> Vec<(&'a str, &'a RegionAttention)> {
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

fn intervals(results: &Results, model: &ModelResults) -> Result<Markup, VizError> {
    let mut drawing = IntervalChart::new("Density of each region")
        .subtitle("Mean over the pictures that show the region, with 95 % intervals")
        .axis_label("share of the map ÷ share of the picture")
        .reference(1.0, "chance")
        .width(CHART_WIDTH);
    for method in model.attention.iter().filter(|method| !method.regions.is_empty()) {
        let rows = ordered(results, method).into_iter().map(|(name, found)| interval(name, &found.density));
        drawing = drawing.row(&method.title, rows);
    }
    Ok(chart(&drawing.draw(&Theme::LIGHT)?))
}

/// On a handful of pictures a bootstrap interval can miss its own mean; what is drawn reaches to the mean.
fn interval(series: &str, &Estimate { mean, low, high, .. }: &Estimate) -> Interval {
    Interval { series: series.to_owned(), estimate: mean, low: low.min(mean), high: high.max(mean) }
}

/// What a reader should know of each method's maps before believing them.
fn remarks(model: &ModelResults) -> Vec<String> {
    let mut lines = Vec::new();
    for method in &model.attention {
        if let Some(gap) = method.median_gap {
            lines.push(format!(
                "{}: the map’s sum misses the score it should add up to by {} (median completeness gap).",
                method.title,
                percent(gap)
            ));
        }
        for (remark, count) in &method.remarks {
            let maps = counted(*count, "map", "maps");
            lines.push(format!("{}: {maps} – {}.", method.title, remark.trim_end_matches('.')));
        }
    }
    lines
}
