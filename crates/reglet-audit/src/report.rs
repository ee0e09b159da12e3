//! The report: all results of an audit as a self-contained HTML page that needs no network. A script sorts and filters its
//! galleries; the page can be read completely without it.

mod charts;
mod evidence;
mod gallery;
mod page;
mod provenance;
mod questions;
mod script;
#[cfg(test)]
pub(crate) mod tests;
mod verdicts;

pub use charts::Charts;
pub(crate) use page::{capital, chart, sentence, table};

use maud::{DOCTYPE, PreEscaped, html};
use reglet_viz::{Theme, font_face_css};

use crate::results::Results;
use page::Page;

/// The page, for screens from 360 pixels wide, light or dark, and for paper, in the language of `results`.
///
/// The verdicts come first, then each model's evidence, questions and gallery, and last how everything was computed. Every
/// name, sentence and config in `results` is escaped. `charts` are those of the models, in their order.
pub fn render(results: &Results, charts: &[Charts]) -> String {
    let page = &Page::new(results);
    let phrases = &page.phrases;
    let cases = results.cases.iter().zip(charts).enumerate();
    let markup = html! {
        (DOCTYPE)
        html lang=(results.language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Even if a name contains malicious markup, the page runs only its own script and loads nothing.
                meta http-equiv="Content-Security-Policy" content=(script::policy());
                title { (results.title) " · Reglet" }
                style { (PreEscaped(style())) }
            }
            body {
                header {
                    p.kicker { (phrases.kicker()) }
                    h1 { (results.title) }
                    p.lead { (phrases.lead()) }
                }
                main {
                    (verdicts::render(page))
                    (provenance::data(page))
                    (gallery::store(results))
                    @for (index, (case, charts)) in cases {
                        @let page = &Page::of(results, case);
                        section.model id=(anchor(index)) aria-labelledby=(format!("{}-name", anchor(index))) {
                            h2 id=(format!("{}-name", anchor(index))) { (results.title_of(case)) }
                            p.note { (case.architecture) @for note in &case.notes { "; " (note) } }
                            (evidence::render(page, case, charts))
                            (questions::render(page, case))
                            (gallery::render(page, case, index))
                        }
                    }
                    (provenance::render(page))
                }
                footer { (phrases.written_by(&results.provenance.reglet)) }
                script { (PreEscaped(script::SCRIPT)) }
            }
        }
    };
    markup.into_string()
}

/// The content security policy of every report: it fetches nothing, and runs no script but its own.
pub fn policy() -> String {
    script::policy()
}

/// The bundled fonts, the page's rules, and the charts' colours at night.
pub(crate) fn style() -> String {
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
