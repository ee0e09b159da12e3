//! The report: everything an audit found as one HTML page that needs no other file, no network and no script.

mod charts;
mod evidence;
mod gallery;
mod provenance;
#[cfg(test)]
pub(crate) mod tests;
mod verdicts;
mod words;

pub use charts::Charts;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use reglet_viz::{Theme, font_face_css};

use crate::results::Results;

/// The page, for screens from 360 pixels wide, light or dark, and for paper.
///
/// The verdicts come first, then each model's evidence and gallery, then where it all comes from. Every name,
/// sentence and config in `results` is escaped. `charts` are those of the models, in their order.
pub fn render(results: &Results, charts: &[Charts]) -> String {
    let models: Vec<Markup> = results
        .models
        .iter()
        .zip(charts)
        .enumerate()
        .map(|(index, (model, charts))| {
            html! {
                section.model id=(anchor(index)) aria-labelledby=(format!("{}-name", anchor(index))) {
                    h2 id=(format!("{}-name", anchor(index))) { (model.name) }
                    p.note { (model.architecture) }
                    (evidence::render(results, model, charts))
                    (gallery::render(results, model))
                }
            }
        })
        .collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Whatever a name may smuggle in, the page runs nothing and fetches nothing.
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (results.title) " · Reglet" }
                style { (PreEscaped(style())) }
            }
            body {
                header {
                    p.kicker { "Reglet audit" }
                    h1 { (results.title) }
                    p.lead {
                        "Do these classifiers look at the " (results.artefact) " when they judge "
                        (results.target) ", and does it change what they say?"
                    }
                }
                main {
                    (verdicts::render(results))
                    (provenance::data(results))
                    @for model in &models { (model) }
                    (provenance::render(results))
                }
                footer { "Written by Reglet " (results.provenance.reglet) "." }
            }
        }
    };
    page.into_string()
}

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";

/// The bundled fonts, the page's rules, and the charts' colours at night.
fn style() -> String {
    format!(
        "{}{}@media screen and (prefers-color-scheme:dark){{\n{}}}\n",
        font_face_css(),
        include_str!("report/style.css"),
        Theme::DARK.stylesheet()
    )
}

/// Where a model's part of the page begins. Its place names it, because names may hold anything.
fn anchor(index: usize) -> String {
    format!("model-{}", index + 1)
}

/// A table in a box of its own, which scrolls where the screen is narrow, by finger or by arrow keys.
fn table(name: &str, head: &Markup, body: &Markup) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-label=(name) {
            table {
                caption { (name) }
                thead { tr { (head) } }
                tbody { (body) }
            }
        }
    }
}
