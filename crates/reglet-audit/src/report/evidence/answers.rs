use maud::{Markup, html};

use super::super::table;
use super::super::words::{NONE, capital, estimate, maybe, percent, plain, shown};
use super::chart;
use crate::report::Charts;
use crate::results::{ModelResults, Results};

/// The target's probability by class and artefact, and how well it separates the classes.
pub(super) fn render(results: &Results, model: &ModelResults, charts: &Charts) -> Markup {
    let Results { artefact, target, .. } = results;
    html! {
        h3 { "What it says" }
        p.note {
            "The probability of " (target) " that the model gives to the pictures of each class, with and "
            "without the " (artefact) ". In square brackets, here and below, is the 95 % interval of a mean: "
            "where it could well lie if other pictures of the same kind had been drawn."
        }
        div.pair {
            @if let Some(drawing) = &charts.answers { (chart(drawing)) }
            (groups(results, model))
        }
        (performance(results, model))
    }
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

fn performance(results: &Results, model: &ModelResults) -> Markup {
    let number = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), |value| format!("{value:.3}"));
    let head = html! {
        th scope="col" { "Pictures" }
        th.number scope="col" { "Sensitivity" }
        th.number scope="col" { "Specificity" }
        th.number scope="col" { "AUROC" }
        th.number scope="col" { "Brier" }
        th.number scope="col" { "Calibration error" }
    };
    let body = html! {
        @for found in &model.performance {
            tr {
                th scope="row" {
                    @match found.artefact {
                        None => "all pictures",
                        with => (shown(&results.artefact, with)),
                    }
                    " (" (found.pictures) ")"
                }
                td.number { (maybe(found.sensitivity.as_ref(), percent)) }
                td.number { (maybe(found.specificity.as_ref(), percent)) }
                td.number { (number(found.auroc)) }
                td.number { (number(found.brier)) }
                td.number { (number(found.calibration_error)) }
            }
        }
    };
    html! {
        (table("How good the answers are", &head, &body))
        p.note {
            dfn { "Sensitivity" } " is the share of " (results.target) " that is called so, "
            dfn { "specificity" } " the share of the rest that is not. " dfn { "AUROC" }
            " is the chance that a picture of " (results.target) " gets a higher probability than one of another "
            "class: 1 is perfect, 0.5 is guessing. " dfn { "Brier" } "’s score and the "
            dfn { "calibration error" } " say how far the probabilities are from the truth: 0 is perfect."
        }
    }
}
