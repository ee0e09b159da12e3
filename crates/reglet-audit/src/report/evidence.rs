//! The evidence for a verdict: a model's answers by group, the effect of each change on them, and where the model looks.

mod answers;
mod attention;
mod changes;
mod kinds;
mod natural;
pub(super) mod unnamed;

use maud::{Markup, html};

use super::Charts;
use super::page::Page;
use crate::results::CaseResults;

/// The evidence on one model, as tables and charts.
pub(super) fn render(page: &Page<'_>, model: &CaseResults, charts: &Charts) -> Markup {
    html! {
        (answers::render(page, model, charts))
        (changes::render(page, model, charts))
        (natural::render(page, model))
        (attention::render(page, model, charts))
        (unnamed::render(page, model))
        (kinds::render(page, model))
    }
}
