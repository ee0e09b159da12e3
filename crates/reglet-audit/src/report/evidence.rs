//! What a verdict rests on: a model's answers by group, what each change does to them, and where it looks.

mod answers;
mod attention;
mod changes;

use maud::{Markup, PreEscaped, html};
use reglet_viz::{Svg, VizError};

use crate::results::{ModelResults, Results};

/// The evidence on one model, as tables and charts.
pub(super) fn render(results: &Results, model: &ModelResults) -> Result<Markup, VizError> {
    Ok(html! {
        (answers::render(results, model)?)
        (changes::render(results, model)?)
        (attention::render(results, model)?)
    })
}

/// Wide enough for a method's name and its numbers, narrow enough to be read on a phone.
const CHART_WIDTH: f32 = 440.0;

/// A chart in the page. Its colours are classes, which the page paints anew in the dark; its text is escaped
/// by the chart.
fn chart(drawing: &Svg) -> Markup {
    html! { figure.chart { (PreEscaped(drawing.as_str())) } }
}
