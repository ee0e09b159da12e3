//! What an audit found, as a section for a model card (Mitchell et al., 2019, <https://arxiv.org/abs/1810.03993>).

use std::fmt::Write as _;

use crate::results::{ModelResults, Performance, Results};
use crate::statistics::Estimate;

/// A section in Markdown for each model: the verdict with its reasons, the figures by group, and what was audited.
pub(crate) fn render(results: &Results) -> String {
    let mut text = String::new();
    for model in &results.models {
        section(&mut text, results, model).expect("a string takes whatever is written to it");
    }
    text
}

fn section(text: &mut String, results: &Results, model: &ModelResults) -> std::fmt::Result {
    let [artefact, target, name] = [&results.artefact, &results.target, &model.name].map(|word| plain(word));
    writeln!(text, "## Reliance on the {artefact}: {name}\n")?;
    writeln!(text, "**Verdict: {}.** {}.\n", model.verdict.kind.name(), plain(&model.verdict.summary))?;
    for reason in &model.verdict.reasons {
        writeln!(text, "- {}.", plain(reason))?;
    }
    writeln!(text, "\n| pictures | n | sensitivity | specificity | AUROC | Brier | calibration error |")?;
    writeln!(text, "|---|--:|--:|--:|--:|--:|--:|")?;
    for row in &model.performance {
        let Performance { artefact: shown, pictures, auroc, brier, calibration_error, .. } = row;
        let group = match shown {
            None => "all".to_owned(),
            Some(true) => format!("with {artefact}"),
            Some(false) => format!("without {artefact}"),
        };
        let rates =
            [&row.sensitivity, &row.specificity].map(|rate| rate.as_ref().map_or_else(none, interval));
        let scores = [auroc, brier, calibration_error]
            .map(|score| score.map_or_else(none, |score| format!("{score:.3}")));
        writeln!(text, "| {group} | {pictures} | {} | {} |", rates.join(" | "), scores.join(" | "))?;
    }
    let (data, source) = (&results.data, &results.provenance);
    writeln!(
        text,
        "\nPositive class: {target}. Data: {}, {} pictures (SHA-256 {}). Weights: {}, SHA-256 {}. Reglet {}, seed {}. In square \
         brackets: 95 % intervals.\n",
        plain(&data.name),
        data.pictures,
        data.fingerprint,
        plain(&model.architecture),
        model.weights_sha256,
        source.reglet,
        source.seed
    )
}

fn interval(&Estimate { mean, low, high, .. }: &Estimate) -> String {
    format!("{mean:.2} [{low:.2}, {high:.2}]")
}

fn none() -> String {
    "–".to_owned()
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
        for model in &results.models {
            assert!(text.contains(&format!("## Reliance on the ruler: {}\n", plain(&model.name))), "{text}");
            assert!(text.contains(&format!("**Verdict: {}.**", model.verdict.kind.name())), "{text}");
            assert!(text.contains(&model.weights_sha256), "{text}");
        }
        let rows = text.lines().filter(|line| line.starts_with("| with ruler |")).count();
        assert_eq!(
            rows,
            results
                .models
                .iter()
                .flat_map(|model| &model.performance)
                .filter(|p| p.artefact == Some(true))
                .count()
        );
        let widths: Vec<usize> =
            text.lines().filter(|line| line.starts_with('|')).map(|line| line.matches('|').count()).collect();
        assert!(widths.iter().all(|width| *width == 8), "{text}");
    }

    #[test]
    fn names_stay_names() {
        let mut results = example();
        results.models[0].name = "a|b\n# <script>".to_owned();
        let text = render(&results);
        assert!(text.contains(r"a\|b \# \<script\>"), "{text}");
    }
}
