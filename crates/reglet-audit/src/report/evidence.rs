//! What a verdict rests on: a model's answers by group, what each change does to them, and where it looks.

mod answers;
mod attention;
mod changes;

use maud::{Markup, PreEscaped, html};
use reglet_viz::Svg;

pub(super) use attention::ordered;

use super::Charts;
use crate::results::{ModelResults, Results};

/// The evidence on one model, as tables and charts.
pub(super) fn render(results: &Results, model: &ModelResults, charts: &Charts) -> Markup {
    html! {
        (answers::render(results, model, charts))
        (changes::render(results, model, charts))
        (attention::render(results, model, charts))
    }
}

/// A chart in the page. Its colours are classes, which the page paints anew in the dark; its text is escaped
/// by the chart.
fn chart(drawing: &Svg) -> Markup {
    html! { figure.chart { (PreEscaped(drawing.as_str())) } }
}
