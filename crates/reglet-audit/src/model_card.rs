//! The results of an audit as a section for a model card (Mitchell et al., 2019, <https://arxiv.org/abs/1810.03993>).

use std::fmt::Write as _;

use reglet_evidence::{Part, Performance};
use reglet_statistics::Estimate;

use crate::language::{Language, NONE, Phrases};
use crate::results::{CaseResults, Results};

/// A section in Markdown for each model: the verdict with its reasons, the figures by group, and what was audited.
pub(crate) fn render(results: &Results) -> String {
    let mut text = String::new();
    for model in &results.cases {
        section(&mut text, results, model).expect("a string takes whatever is written to it");
    }
    text
}

fn section(text: &mut String, results: &Results, model: &CaseResults) -> std::fmt::Result {
    let phrases = Phrases::new(results.language, &plain(&model.artefact), &plain(&model.target));
    let language = results.language;
    writeln!(text, "## {}\n", phrases.card_heading(plain(&results.title_of(model))))?;
    let verdict = phrases.card_verdict(phrases.kind(model.verdict.kind).to_lowercase());
    writeln!(text, "**{verdict}** {}.\n", plain(&model.verdict.summary))?;
    for reason in &model.verdict.reasons {
        writeln!(text, "- {}.", plain(reason))?;
    }
    let head = [
        phrases.pictures(),
        "n".to_owned(),
        phrases.sensitivity(),
        phrases.specificity(),
        phrases.auroc(),
        phrases.brier(),
        phrases.calibration_error(),
    ];
    writeln!(text, "\n| {} |", head.join(" | "))?;
    writeln!(text, "|---|--:|--:|--:|--:|--:|--:|")?;
    for row in &model.performance {
        let Performance { part, pictures, auroc, brier, calibration_error, .. } = row;
        let group = match part {
            Part::All => phrases.all_pictures(),
            Part::Artefact(true) => phrases.shows(),
            Part::Artefact(false) => phrases.shows_not(),
            Part::Column { column, value } => plain(&format!("{column} = {value}")),
        };
        let rate = |rate: &Option<Estimate>| {
            rate.as_ref().map_or_else(none, |rate| language.estimate(rate, Language::plain))
        };
        let scores = [&auroc.map(|auroc| auroc.mean), brier, calibration_error]
            .map(|score| score.map_or_else(none, |score| language.precise(score)));
        let rates = [rate(&row.sensitivity), rate(&row.specificity)];
        writeln!(text, "| {group} | {pictures} | {} | {} |", rates.join(" | "), scores.join(" | "))?;
    }
    let (data, source) = (&results.data, &results.provenance);
    let pictures =
        if data.pictures == 1 { phrases.one_picture() } else { phrases.picture_count(data.pictures) };
    let class = plain(&language.name(&model.target).bare);
    let of_data = phrases.card_data(class, plain(&data.name), pictures, &data.fingerprint);
    let architecture = plain(&model.architecture);
    let of_model = phrases.card_model(architecture, &model.weights_sha256, &source.reglet, source.seed);
    writeln!(text, "\n{of_data} {of_model}\n")
}

fn none() -> String {
    NONE.to_owned()
}

/// A name as plain text, whatever it holds: what Markdown or a browser would take for more is escaped.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '&' | '~' => {
                plain.extend(['\\', character]);
            }
            '\n' | '\r' => plain.push(' '),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::example;

    #[test]
    fn each_model_has_its_verdict_its_reasons_and_its_figures() {
        let results = example();
        let text = render(&results);
        for model in &results.cases {
            assert!(text.contains(&format!("## Reliance on the ruler: {}\n", plain(&model.name))), "{text}");
            assert!(text.contains(&format!("**Verdict: {}.**", model.verdict.kind.name())), "{text}");
            assert!(text.contains(&model.weights_sha256), "{text}");
        }
        let rows = text.lines().filter(|line| line.starts_with("| with ruler |")).count();
        assert_eq!(
            rows,
            results
                .cases
                .iter()
                .flat_map(|model| &model.performance)
                .filter(|p| p.part == Part::Artefact(true))
                .count()
        );
        let widths: Vec<usize> =
            text.lines().filter(|line| line.starts_with('|')).map(|line| line.matches('|').count()).collect();
        assert!(widths.iter().all(|width| *width == 8), "{text}");
    }

    #[test]
    fn names_stay_names() {
        let mut results = example();
        results.cases[0].name = "a|b\n# <script>".to_owned();
        let text = render(&results);
        assert!(text.contains(r"a\|b \# \<script\>"), "{text}");
    }
}
