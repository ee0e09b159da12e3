use maud::{Markup, html};
use reglet_data::edit::Change;
use reglet_viz::chart::SlopeChart;
use reglet_viz::{Theme, VizError};

use super::super::table;
use super::super::words::{capital, change, estimate, percent, shown, signed};
use super::{CHART_WIDTH, chart};
use crate::results::{Effect, ModelResults, Results};

/// What each change does to the target's probability and to the decision.
pub(super) fn render(results: &Results, model: &ModelResults) -> Result<Markup, VizError> {
    let drawn = model.effects.iter().filter(|effect| !effect.pairs.is_empty());
    let drawings: Vec<Markup> =
        drawn.filter_map(|effect| slopes(results, effect).transpose()).collect::<Result<_, _>>()?;
    Ok(html! {
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
        }
        @if !drawings.is_empty() { div.pair { @for drawing in &drawings { (drawing) } } }
    })
}

fn effects(results: &Results, model: &ModelResults) -> Markup {
    let head = html! {
        th scope="col" { "Change" }
        th.number scope="col" { "Pictures" }
        th.number scope="col" { "Mean change in probability" }
        th.number scope="col" { "Decision flipped" }
    };
    let body = html! {
        @for effect in &model.effects {
            tr {
                th scope="row" { (capital(&change(effect.change, &results.artefact))) }
                td.number { (effect.pictures) }
                td.number { (estimate(&effect.difference, signed)) }
                td.number { (percent(effect.flipped)) }
            }
        }
    };
    table(&format!("Change in the probability of {}", results.target), &head, &body)
}

/// The pairs of an insertion or a removal: the two changes a verdict rests on.
fn slopes(results: &Results, effect: &Effect) -> Result<Option<Markup>, VizError> {
    let artefact = &results.artefact;
    let before = match effect.change {
        Change::Insert => shown(artefact, Some(false)),
        Change::Remove => shown(artefact, Some(true)),
        Change::Move | Change::Control => return Ok(None),
    };
    let after = change(effect.change, artefact);
    let drawing = SlopeChart::new(capital(&after), before, after)
        .subtitle("Each thin line is one picture; the thick one joins the medians")
        .axis_label(format!("probability of {}", results.target))
        .reference(0.5, "decision")
        .width(CHART_WIDTH)
        .pairs("", effect.pairs.iter().copied())
        .draw(&Theme::LIGHT)?;
    Ok(Some(chart(&drawing)))
}
