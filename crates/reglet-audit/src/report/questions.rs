//! Twelve questions that a person who looks at a single picture and its maps would be asked, answered for all pictures from
//! the measurements.

mod maps;
mod model;

use maud::{Markup, html};

use super::page::Page;
use crate::results::CaseResults;

/// A question with its answer, a sentence an item, and how the numbers are to be read.
struct Question {
    question: String,
    answer: Vec<String>,
    note: Option<String>,
}

impl Question {
    fn new(question: String, answer: Vec<String>) -> Question {
        Question { question, answer, note: None }
    }

    fn with_note(self, note: String) -> Question {
        Question { note: Some(note), ..self }
    }
}

/// The questions with the model's answers.
pub(super) fn render(page: &Page<'_>, model: &CaseResults) -> Markup {
    let questions = [
        model::pictures(page, model),
        model::right(page, model),
        model::sure(page, model),
        maps::points(page, model),
        maps::artefact(page, model),
        maps::agree(page, model),
        maps::clean(page, model),
        maps::contours(page, model),
        maps::regions(page, model),
        maps::believed(page, model),
        model::changes(page, model),
        maps::best(page, model),
    ];
    html! {
        details.questions open {
            summary { h3 { (page.phrases.questions()) } }
            ol {
                @for Question { question, answer, note } in questions {
                    li {
                        h4 { (question) }
                        @if answer.is_empty() { p { (page.phrases.unanswered()) } }
                        @if let [only] = answer.as_slice() { p { (only) } } @else if !answer.is_empty() {
                            ul { @for sentence in &answer { li { (sentence) } } }
                        }
                        @if let Some(note) = note { p.note { (note) } }
                    }
                }
            }
        }
    }
}
