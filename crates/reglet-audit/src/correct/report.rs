//! The page about a correction: before and after, method by method. It needs no other file, no network and no script.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use reglet_evidence::VerdictKind;
use reglet_statistics::Estimate;
use reglet_train::{Ending, Worst};
use reglet_viz::chart::{Interval, IntervalChart};
use reglet_viz::{Svg, Theme};

use super::compare::{GroupSide, Side};
use super::results::{CorrectionResults, MethodResults};
use crate::Error;
use crate::language::{Language, NONE, Phrases};
use crate::report::{capital, chart, sentence, style, table};

/// Wide enough for a method's name and its numbers, narrow enough to be read on a phone.
const WIDTH: f32 = 520.0;

/// What the page may do: show what is in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; \
                      form-action 'none'";

struct Page<'a> {
    results: &'a CorrectionResults,
    phrases: Phrases,
    language: Language,
}

/// The page, in the language of `results`. Every name, sentence and config in `results` is escaped.
///
/// # Errors
/// A number that a chart cannot show.
pub(super) fn render(results: &CorrectionResults) -> Result<String, Error> {
    let language = results.language;
    let page =
        &Page { results, phrases: Phrases::new(language, &results.artefact, &results.target), language };
    let phrases = &page.phrases;
    let drawing = page.remains()?;
    let markup = html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (results.title) " · Reglet" }
                style { (PreEscaped(style())) }
            }
            body {
                header {
                    p.kicker { (phrases.correction_kicker()) }
                    h1 { (results.title) }
                    p.lead { (phrases.correction_lead(&results.model)) }
                }
                main {
                    section aria-labelledby="answer" {
                        h2 id="answer" { (phrases.the_answer()) }
                        p { b { (page.answer()) } @if let Some(best) = page.best() { " " (best) } }
                        p.note { (phrases.what_passing_is(language.given(results.margin), language.given(results.min_effect))) }
                        (page.overview())
                        (page.groups())
                        @if let Some(drawing) = &drawing { (chart(drawing, &[phrases.what_remains_note()])) }
                        (page.costs())
                        p.note {
                            (phrases.corrected_with(results.data.learnt, results.data.held_out)) " "
                            @if results.data.groups_known { (phrases.no_shared_patients()) }
                            @else { (phrases.perhaps_shared_patients()) }
                            " "
                            (phrases.audited_on(results.audited.0))
                            @if let Some(decision) = results.decision { " " (phrases.decides_from(language.given(four_digits(decision)))) }
                        }
                        (page.learnt())
                    }
                    @for method in &results.methods { (page.method(method)) }
                    (page.provenance())
                }
                footer { (phrases.written_by(&results.provenance.reglet)) }
            }
        }
    };
    Ok(markup.into_string())
}

/// A number with four significant digits; the exact one is in `correction.json`.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

impl Page<'_> {
    fn title(&self, method: &MethodResults) -> String {
        self.phrases.of_correction(&method.name, &method.title)
    }

    fn label(&self, name: &str) -> String {
        self.language.name(name).bare
    }

    fn share(&self, share: Option<f64>) -> String {
        share.map_or_else(|| NONE.to_owned(), |share| self.language.percent(share))
    }

    fn plain(&self, value: Option<f64>) -> String {
        value.map_or_else(|| NONE.to_owned(), |value| self.language.plain(value))
    }

    fn group(&self, group: &GroupSide) -> String {
        let class = capital(&self.label(&group.class));
        if group.artefact { self.phrases.group_with(class) } else { self.phrases.group_without(class) }
    }

    fn answer(&self) -> String {
        let (count, passed) = (self.results.methods.len(), self.results.passed.len());
        let names: Vec<String> = self
            .results
            .methods
            .iter()
            .filter(|method| method.passes)
            .map(|method| self.title(method))
            .collect();
        match passed {
            0 => self.phrases.none_passes(count),
            _ => self.phrases.some_pass(passed, count, self.language.list(&names)),
        }
    }

    /// The method with the best result for the worst group, among those that pass if there are any, else among all.
    fn best(&self) -> Option<String> {
        let (before, of_before) =
            self.results.before.worst().map(|(group, right)| (self.group(group), right))?;
        let passed = |method: &&MethodResults| self.results.passed.is_empty() || method.passes;
        let ranked = self
            .results
            .methods
            .iter()
            .filter(passed)
            .filter_map(|method| Some((method, method.after.worst()?.1)));
        let (method, right) = ranked.max_by(|a, b| a.1.total_cmp(&b.1))?;
        let percent = |share| self.language.percent(share);
        (right > of_before)
            .then(|| self.phrases.best_of_all(self.title(method), percent(of_before), percent(right), before))
    }

    fn overview(&self) -> Markup {
        let phrases = &self.phrases;
        let head = html! {
            th scope="col" { (phrases.method()) }
            th scope="col" { (phrases.verdict()) }
            th.number scope="col" { (phrases.effect_of_it()) }
            th.number scope="col" { (phrases.lessened_by()) }
            th.number scope="col" { (phrases.auroc_after()) }
            th.number scope="col" { (phrases.sensitivity_after()) }
            th.number scope="col" { (phrases.specificity_after()) }
            th.number scope="col" { (phrases.worst_group()) }
            th scope="col" { (phrases.passes()) }
        };
        let row = |name: String, side: &Side, lessened: Option<Estimate>, passes: Option<bool>| {
            html! {
                tr {
                    th scope="row" { (name) }
                    td { (phrases.kind(side.verdict)) }
                    td.number { (self.plain(side.effect.map(|found| found.mean))) }
                    td.number {
                        @match lessened {
                            Some(found) => {
                                b { (self.language.signed(found.mean)) } " "
                                span.interval { (self.language.ends(found.low, found.high, Language::signed)) }
                            }
                            None => { (NONE) }
                        }
                    }
                    td.number { (self.plain(side.auroc.map(|found| found.mean))) }
                    td.number { (self.plain(side.sensitivity.map(|found| found.mean))) }
                    td.number { (self.plain(side.specificity.map(|found| found.mean))) }
                    td.number { (self.share(side.worst().map(|(_, right)| right))) }
                    td {
                        @match passes {
                            Some(true) => { b { "✓ " (phrases.yes()) } }
                            Some(false) => { (phrases.no()) }
                            None => { (NONE) }
                        }
                    }
                }
            }
        };
        let body = html! {
            (row(phrases.before_correction(), &self.results.before, None, None))
            @for method in &self.results.methods {
                (row(self.title(method), &method.after, method.comparison.effect, Some(method.passes)))
            }
        };
        table(&phrases.every_method(), &head, &body)
    }

    fn groups(&self) -> Markup {
        let before = &self.results.before.groups;
        let head = html! {
            th scope="col" { (self.phrases.method()) }
            @for group in before { th.number scope="col" { (self.group(group)) } }
        };
        let row = |name: String, side: &Side| {
            html! {
                tr {
                    th scope="row" { (name) }
                    @for group in &side.groups { td.number { (self.plain(group.probability)) } }
                }
            }
        };
        let body = html! {
            (row(self.phrases.before_correction(), &self.results.before))
            @for method in &self.results.methods { (row(self.title(method), &method.after)) }
        };
        table(&self.phrases.by_group(), &head, &body)
    }

    fn remains(&self) -> Result<Option<Svg>, Error> {
        let phrases = &self.phrases;
        let mut drawing = IntervalChart::new(phrases.what_remains())
            .decimal_mark(self.language.decimal_mark())
            .width(WIDTH)
            .reference(0.0, phrases.nothing_remains());
        let methods = self.results.methods.iter().map(|method| (self.title(method), &method.after));
        let mut shown = false;
        for (name, side) in
            std::iter::once((phrases.before_correction(), &self.results.before)).chain(methods)
        {
            let Some(found) = side.effect else { continue };
            let interval = Interval {
                series: String::new(),
                estimate: found.mean,
                low: found.low.min(found.mean),
                high: found.high.max(found.mean),
            };
            drawing = drawing.row(name, [interval]);
            shown = true;
        }
        Ok(if shown { Some(drawing.draw(&Theme::LIGHT)?) } else { None })
    }

    fn costs(&self) -> Markup {
        let phrases = &self.phrases;
        let head = html! {
            th scope="col" { (phrases.method()) }
            th scope="col" { (phrases.needs_beside()) }
            th.number scope="col" { (phrases.time()) }
            th.number scope="col" { (phrases.steps_taken()) }
            th scope="col" { (phrases.weights_changed()) }
        };
        let body = html! {
            @for method in &self.results.methods {
                tr {
                    th scope="row" { (self.title(method)) }
                    td { (self.needs(method)) }
                    td.number { (self.language.seconds(method.seconds)) }
                    td.number { (method.steps) }
                    td { (phrases.of_tensors(method.changed.len(), method.tensors)) }
                }
            }
        };
        table(&phrases.cost(), &head, &body)
    }

    fn needs(&self, method: &MethodResults) -> String {
        let phrases = &self.phrases;
        let needs = &method.needs;
        let all = [
            (needs.flags, phrases.needs_flags()),
            (needs.masks, phrases.needs_masks()),
            (needs.edits, phrases.needs_edits()),
            (needs.head, phrases.needs_head()),
        ];
        let needed: Vec<String> =
            all.into_iter().filter(|(needed, _)| *needed).map(|(_, what)| what).collect();
        if needed.is_empty() { phrases.needs_nothing() } else { self.language.list(&needed) }
    }

    fn learnt(&self) -> Markup {
        let phrases = &self.phrases;
        let head = html! {
            th scope="col" { (phrases.class()) }
            th.number scope="col" { (phrases.with_artefact()) }
            th.number scope="col" { (phrases.without_artefact()) }
        };
        let body = html! {
            @for (class, [without, with]) in &self.results.data.groups {
                tr {
                    th scope="row" { (capital(&self.label(class))) }
                    td.number { (with) }
                    td.number { (without) }
                }
            }
        };
        table(&phrases.learnt_from(), &head, &body)
    }

    fn method(&self, method: &MethodResults) -> Markup {
        let phrases = &self.phrases;
        let (tone, mark, said) = match method.passes {
            true => ("clear", "✓", phrases.passes()),
            false if method.after.verdict == VerdictKind::Shortcut => {
                ("shortcut", "✗", phrases.does_not_pass())
            }
            false => ("inconclusive", "✗", phrases.does_not_pass()),
        };
        let anchor = format!("method-{}", method.name);
        html! {
            section.model aria-labelledby=(anchor) {
                h2 id=(anchor) { (self.title(method)) }
                div.cards {
                    article.card.(tone) {
                        p.kind { span.mark aria-hidden="true" { (mark) } (said) }
                        p.meaning { (phrases.asked_for()) }
                        ul.reasons { @for line in self.criteria(method) { li { (line) } } }
                    }
                    article.card.(method.after.verdict.name()) {
                        p.kind { (phrases.kind(method.after.verdict)) }
                        p.summary { (sentence(&method.after.summary)) }
                        @if !method.after.reasons.is_empty() {
                            ul.reasons { @for reason in &method.after.reasons { li { (sentence(reason)) } } }
                        }
                    }
                }
                ul.remarks { @for line in self.facts(method) { li { (line) } } }
                dl {
                    dt { (phrases.weights_file()) } dd { code { (method.weights) } }
                    dt { (phrases.parameters_used()) } dd { code { (method.parameters.to_string()) } }
                    @if !method.paper.is_empty() { dt { (phrases.paper()) } dd { (method.paper) } }
                }
            }
        }
    }

    fn criteria(&self, method: &MethodResults) -> Vec<String> {
        let phrases = &self.phrases;
        let comparison = &method.comparison;
        let criteria = comparison.criteria;
        let difference = |found: Option<Estimate>| {
            found.map_or_else(|| NONE.to_owned(), |found| self.language.estimate(&found, Language::signed))
        };
        let worst = |side: &Side| self.share(side.worst().map(|(_, right)| right));
        let verdict = phrases.kind(method.after.verdict).to_lowercase();
        let all = [
            (criteria.clear, phrases.is_clear(verdict)),
            (criteria.lessened, phrases.is_smaller(difference(comparison.effect))),
            (criteria.auroc, phrases.auroc_not_worse(difference(comparison.auroc))),
            (criteria.sensitivity, phrases.sensitivity_not_worse(difference(comparison.sensitivity))),
            (criteria.specificity, phrases.specificity_not_worse(difference(comparison.specificity))),
            (
                criteria.worst_group,
                phrases.worst_is_better(
                    worst(&self.results.before),
                    worst(&method.after),
                    difference(comparison.worst_group),
                ),
            ),
        ];
        let mut lines: Vec<String> = all
            .into_iter()
            .map(|(met, what)| if met { phrases.met(what) } else { phrases.not_met(what) })
            .collect();
        if !comparison.others.is_empty() {
            let what = phrases.no_other_is_worse();
            lines.push(if criteria.others { phrases.met(what) } else { phrases.not_met(what) });
            let kind = |kind| phrases.kind(kind).to_lowercase();
            lines.extend(comparison.others.iter().map(|(name, other)| match other.risen {
                Some(_) => {
                    let (before, after) = (kind(other.before), kind(other.after));
                    phrases.other_effect(self.label(name), difference(other.risen), before, after)
                }
                None => phrases.other_unknown(self.label(name)),
            }));
        }
        lines
    }

    fn facts(&self, method: &MethodResults) -> Vec<String> {
        let phrases = &self.phrases;
        let share = |worst: &Worst| self.language.percent(worst.accuracy());
        let mut lines = vec![phrases.held_out_says(share(&method.worst[0]), share(&method.worst[1]))];
        match method.ending {
            Some(Ending::Early { epoch }) => lines.push(phrases.ended_early(epoch)),
            Some(Ending::Diverged { step, .. }) => lines.push(phrases.ended_diverged(step)),
            Some(Ending::Completed) | None => {}
        }
        for (name, &value) in &method.facts {
            match name.as_str() {
                "c" => lines.push(phrases.fact_c(self.language.given(value))),
                "class_auroc" => lines.push(phrases.fact_class_auroc(self.language.plain(value))),
                "pictures_a_fit" => lines.push(phrases.fact_pictures_a_fit(value)),
                "lambda" => lines.push(phrases.fact_lambda(self.language.given(value))),
                "wrong" => lines.push(phrases.fact_wrong(value)),
                "masks" => lines.push(phrases.fact_masks(value)),
                _ => {}
            }
        }
        lines
    }

    fn provenance(&self) -> Markup {
        let (phrases, from) = (&self.phrases, &self.results.provenance);
        html! {
            section.provenance aria-labelledby="provenance" {
                h2 id="provenance" { (phrases.provenance()) }
                dl {
                    dt { "Reglet" } dd { (from.reglet) }
                    dt { "libtorch" } dd { (from.libtorch) }
                    dt { (phrases.device()) } dd { (from.device) }
                    dt { (phrases.seed()) } dd { (self.results.seed) }
                    dt { (phrases.time_taken()) } dd { (self.language.seconds(from.seconds)) }
                    dt { (phrases.data_hash()) } dd { code { (self.results.audited.1) } br; code { (self.results.data.fingerprint) } }
                    dt { (phrases.weights_hash(&self.results.model)) } dd { code { (self.results.weights_sha256) } }
                }
                h3 { (phrases.own_config()) }
                pre tabindex="0" aria-label=(phrases.own_config()) { (self.results.config) }
                h3 { (phrases.audits_config()) }
                pre tabindex="0" aria-label=(phrases.audits_config()) { (from.config) }
            }
        }
    }
}
