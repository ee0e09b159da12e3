use maud::{Markup, html};
use reglet_viz::chart::{Strip, StripChart};
use reglet_viz::{Theme, VizError};

use super::super::table;
use super::super::words::{NONE, capital, estimate, percent, plain, shown};
use super::{CHART_WIDTH, chart};
use crate::results::{Auroc, ModelResults, Results};

/// The target's probability by class and artefact, and how well it separates the classes.
pub(super) fn render(results: &Results, model: &ModelResults) -> Result<Markup, VizError> {
    let Results { artefact, target, .. } = results;
    let filled = model.groups.iter().any(|group| !group.values.is_empty());
    let drawing = if filled { Some(strips(results, model)?) } else { None };
    Ok(html! {
        h3 { "What it says" }
        p.note {
            "The probability of " (target) " that the model gives to the pictures of each class, with and "
            "without the " (artefact) ". In square brackets, here and below, is the 95 % interval of a mean: "
            "where it could well lie if other pictures of the same kind had been drawn."
        }
        div.pair {
            @if let Some(drawing) = drawing { (drawing) }
            div {
                (groups(results, model))
                (areas(results, &model.auroc))
            }
        }
    })
}

fn groups(results: &Results, model: &ModelResults) -> Markup {
    let head = html! {
        th scope="col" { "Class" }
        th scope="col" { (capital(&results.artefact)) }
        th.number scope="col" { "Pictures" }
        th.number scope="col" { "Mean probability" }
        th.number scope="col" { "Called " (results.target) }
    };
    let body = html! {
        @for group in &model.groups {
            tr {
                th scope="row" { (group.class) }
                td { @if group.artefact { "with" } @else { "without" } }
                td.number { (group.pictures) }
                td.number {
                    @if let Some(found) = &group.probability { (estimate(found, plain)) } @else { (NONE) }
                }
                td.number { (group.called.map_or_else(|| NONE.to_owned(), percent)) }
            }
        }
    };
    table(&format!("Probability of {} by group", results.target), &head, &body)
}

fn areas(results: &Results, auroc: &Auroc) -> Markup {
    let artefact = &results.artefact;
    let rows = [
        ("all pictures".to_owned(), auroc.all),
        (shown(artefact, Some(true)), auroc.with),
        (shown(artefact, Some(false)), auroc.without),
    ];
    let head = html! { th scope="col" { "Pictures" } th.number scope="col" { "AUROC" } };
    let body = html! {
        @for (name, area) in &rows {
            tr {
                th scope="row" { (name) }
                td.number { (area.map_or_else(|| NONE.to_owned(), |area| format!("{area:.3}"))) }
            }
        }
    };
    html! {
        (table("How well it separates the classes", &head, &body))
        p.note {
            dfn { "AUROC" } " is the chance that a picture of " (results.target) " gets a higher probability "
            "than one of another class: 1 is perfect, 0.5 is guessing."
        }
    }
}

fn strips(results: &Results, model: &ModelResults) -> Result<Markup, VizError> {
    let mut drawing = StripChart::new("What it says, by class and artefact")
        .subtitle("Each dot is one picture; the box holds the middle half")
        .axis_label(format!("probability of {}", results.target))
        .reference(0.5, "decision")
        .width(CHART_WIDTH);
    let mut classes: Vec<&str> = Vec::new();
    for group in &model.groups {
        if !classes.contains(&group.class.as_str()) {
            classes.push(&group.class);
        }
    }
    for class in classes {
        let strips = model.groups.iter().filter(|group| group.class == class).map(|group| Strip {
            series: shown(&results.artefact, Some(group.artefact)),
            values: group.values.clone(),
        });
        drawing = drawing.group(class, strips);
    }
    Ok(chart(&drawing.draw(&Theme::LIGHT)?))
}
