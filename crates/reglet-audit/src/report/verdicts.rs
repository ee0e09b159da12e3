use maud::{Markup, html};

use super::anchor;
use super::words::capital;
use crate::results::{ModelResults, Results, VerdictKind};

/// A card for each model: what was concluded, in plain words, and what it rests on.
pub(super) fn render(results: &Results) -> Markup {
    html! {
        section aria-labelledby="verdicts" {
            h2 id="verdicts" { "Verdict" @if results.models.len() != 1 { "s" } }
            @if results.models.is_empty() { p.note { "No model was audited." } }
            div.cards {
                @for (index, model) in results.models.iter().enumerate() { (card(results, model, index)) }
            }
        }
    }
}

fn card(results: &Results, model: &ModelResults, index: usize) -> Markup {
    let verdict = &model.verdict;
    html! {
        article.card.(verdict.kind.name()) aria-labelledby=(format!("verdict-{}", index + 1)) {
            h3 id=(format!("verdict-{}", index + 1)) { (model.name) }
            p.kind { span.mark aria-hidden="true" { (mark(verdict.kind)) } (capital(verdict.kind.name())) }
            p.meaning { (meaning(verdict.kind, &results.artefact)) }
            p.summary { (sentence(&verdict.summary)) }
            @if !verdict.reasons.is_empty() {
                ul.reasons { @for reason in &verdict.reasons { li { (sentence(reason)) } } }
            }
            (expectation(model))
            p.more { a href=(format!("#{}", anchor(index))) { "The evidence on " (model.name) } }
        }
    }
}

fn mark(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Shortcut => "!",
        VerdictKind::Clear => "✓",
        VerdictKind::Inconclusive => "?",
    }
}

/// What the word means, for those who have not read the manual.
fn meaning(kind: VerdictKind, artefact: &str) -> String {
    match kind {
        VerdictKind::Shortcut => format!("This model uses the {artefact} as a shortcut."),
        VerdictKind::Clear => format!("Nothing here says that this model uses the {artefact}."),
        VerdictKind::Inconclusive => "The evidence does not settle the question.".to_owned(),
    }
}

fn expectation(model: &ModelResults) -> Markup {
    let found = model.verdict.kind;
    html! {
        @match model.expected {
            Some(expected) if expected == found => { p.expected { "✓ As the config expects." } }
            Some(expected) => {
                p.expected.surprise { "✗ Not as expected: the config expects “" (expected.name()) "”." }
            }
            None => {}
        }
    }
}

/// With a full stop, unless it ends in a mark of its own, real minus signs before numbers, and per cent signs
/// that stay with theirs.
fn sentence(text: &str) -> String {
    let mut sentence = String::with_capacity(text.len() + 1);
    let text = text.trim_end().replace(" %", "\u{a0}%");
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        let number = characters.peek().is_some_and(char::is_ascii_digit);
        let negative = character == '-' && number && matches!(before, ' ' | '[' | '(');
        sentence.push(if negative { '−' } else { character });
        before = character;
    }
    if !sentence.is_empty() && !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_once_and_its_minus_signs_are_real() {
        assert_eq!(sentence("by -0.20 [-0.30, -0.10] on 20-odd"), "by −0.20 [−0.30, −0.10] on 20-odd.");
        assert_eq!(sentence("Is it 31 %? "), "Is it 31\u{a0}%?");
        assert_eq!(sentence(""), "");
    }
}
