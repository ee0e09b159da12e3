use maud::{Markup, html};

use super::super::table;
use super::super::words::{NONE, capital, change, estimate, estimated, p_value, percent, signed};
use super::chart;
use crate::report::Charts;
use crate::results::{Effect, ModelResults, Results, Test};
use crate::statistics::Estimate;

/// What each change does to the target's probability and to the decision.
pub(super) fn render(results: &Results, model: &ModelResults, charts: &Charts) -> Markup {
    html! {
        h3 { "What each change does" }
        p.note {
            "The same picture, judged twice: as it is, and with one thing changed. A " dfn { "control" }
            " changes an equally large part of the picture in a way that should mean nothing; a change matters "
            "only as far as it does more than that."
        }
        @if model.effects.is_empty() {
            p.note { "No picture could be changed, so this question stays open." }
        } @else {
            (effects(results, model))
            (contrasts(results, model))
        }
        @if !charts.changes.is_empty() { div.pair { @for (_, drawing) in &charts.changes { (chart(drawing)) } } }
    }
}

fn effects(results: &Results, model: &ModelResults) -> Markup {
    let head = html! {
        th scope="col" { "Change" }
        th.number scope="col" { "Pictures" }
        th.number scope="col" { "Mean change in probability" }
        th.number scope="col" { "In the score" }
        th.number scope="col" { "Decision flipped" }
        th.number scope="col" { "p, decision" }
        th.number scope="col" { "Could have shown" }
    };
    let body = html! {
        @for effect in &model.effects {
            tr {
                th scope="row" {
                    (capital(&estimated(&change(effect.change, effect.with, &results.artefact), effect.estimated)))
                }
                td.number { (effect.pictures) }
                td.number { (estimate(&effect.difference, signed)) }
                td.number { (estimate(&effect.score, signed)) }
                td.number { (percent(effect.flipped)) }
                td.number { (p_value(effect.mcnemar)) }
                td.number { (effect.detectable.map_or_else(|| NONE.to_owned(), |least| format!("{least:.2}"))) }
            }
        }
    };
    html! {
        (table(&format!("Change in the probability of {}", results.target), &head, &body))
        p.note {
            "The score is the number before it becomes a probability (the logit). “p, decision” is the chance of "
            "so lopsided flips, or more, if each way were as likely (McNemar, exact). “Could have shown” is the "
            "smallest mean change that so many pictures, so scattered, would have shown four times out of five."
        }
    }
}

/// What the verdict rests on: each change by itself and less its controls, with what chance makes of it.
fn contrasts(results: &Results, model: &ModelResults) -> Markup {
    let tested: Vec<&Effect> = model.effects.iter().filter(|effect| effect.test.adjusted.is_some()).collect();
    let head = html! {
        th scope="col" { "Change" }
        th scope="col" { "Less" }
        th.number scope="col" { "Pictures" }
        th.number scope="col" { "Difference" }
        th.number scope="col" { "Cohen’s d" }
        th.number scope="col" { "p" }
        th.number scope="col" { "p, corrected" }
    };
    let row = |effect: &Effect, less: &str, pictures: usize, difference: &Estimate, test: &Test| {
        html! {
            tr {
                th scope="row" { (capital(&change(effect.change, effect.with, &results.artefact))) }
                td { (less) }
                td.number { (pictures) }
                td.number { (estimate(difference, signed)) }
                td.number { (test.cohens_d.map_or_else(|| NONE.to_owned(), signed)) }
                td.number { (p_value(test.p)) }
                td.number { (test.adjusted.map_or_else(|| NONE.to_owned(), p_value)) }
            }
        }
    };
    let body = html! {
        @for effect in &tested {
            (row(effect, "the picture as it is", effect.pictures, &effect.difference, &effect.test))
            @for contrast in &effect.against {
                (row(
                    effect,
                    &change(contrast.control, effect.with, &results.artefact),
                    contrast.pictures,
                    &contrast.difference,
                    &contrast.test,
                ))
            }
        }
    };
    html! {
        @if !tested.is_empty() {
            (table("Each change against its controls", &head, &body))
            p.note {
                "Picture by picture. p: the chance of such differences, or larger ones, if they were symmetric "
                "about zero (Wilcoxon’s signed-rank test); corrected for the number of rows, after Holm."
            }
        }
    }
}
