use maud::{Markup, html};
use reglet_data::edit::Change;

use super::super::page::{Page, capital, chart, rich, table};
use crate::language::{Language, NONE};
use crate::report::Charts;
use crate::results::{Effect, ModelResults, Test};
use crate::statistics::Estimate;

/// What each change does to the target's probability and to the decision.
pub(super) fn render(page: &Page<'_>, model: &ModelResults, charts: &Charts) -> Markup {
    let words = &page.words;
    html! {
        h3 { (words.what_changes_do()) }
        p.note { (rich(&words.about_changes())) }
        @if !charts.changes.is_empty() {
            div.pair {
                @for (name, drawing) in &charts.changes { (chart(drawing, &claims(page, model, name))) }
            }
        }
        @if model.effects.is_empty() {
            p.note { (words.no_change()) }
        } @else {
            (effects(page, model))
            (contrasts(page, model))
        }
    }
}

/// What the chart of this change shows, in a sentence.
fn claims(page: &Page<'_>, model: &ModelResults, chart: &str) -> Vec<String> {
    let change = if chart == "insert" { Change::Insert } else { Change::Remove };
    let effects = model.effects.iter().filter(|effect| effect.change == change);
    effects.map(|effect| page.words.of_effect(effect)).collect()
}

fn effects(page: &Page<'_>, model: &ModelResults) -> Markup {
    let (words, language) = (&page.words, page.language());
    let head = html! {
        th scope="col" { (words.change()) }
        th.number scope="col" { (words.pictures()) }
        th.number scope="col" { (words.mean_change()) }
        th.number scope="col" { (words.in_score()) }
        th.number scope="col" { (words.decision_flipped()) }
        th.number scope="col" { (words.p_decision()) }
        th.number scope="col" { (words.could_have_shown()) }
    };
    let body = html! {
        @for effect in &model.effects {
            tr {
                th scope="row" {
                    @let what = page.change(effect.change, effect.with);
                    (capital(&page.estimated(what, effect.estimated)))
                }
                td.number { (effect.pictures) }
                td.number { (page.estimate(&effect.difference, Language::signed)) }
                td.number { (page.estimate(&effect.score, Language::signed)) }
                td.number { (language.percent(effect.flipped)) }
                td.number { (language.p_value(effect.mcnemar)) }
                td.number { (page.number(effect.detectable, Language::plain)) }
            }
        }
    };
    html! {
        (table(&words.change_in_probability(), &head, &body))
        p.note { (words.about_effects()) }
    }
}

/// What the verdict rests on: each change by itself and less its controls, with what chance makes of it.
fn contrasts(page: &Page<'_>, model: &ModelResults) -> Markup {
    let (words, language) = (&page.words, page.language());
    let tested: Vec<&Effect> = model.effects.iter().filter(|effect| effect.test.adjusted.is_some()).collect();
    let head = html! {
        th scope="col" { (words.change()) }
        th scope="col" { (words.less()) }
        th.number scope="col" { (words.pictures()) }
        th.number scope="col" { (words.difference()) }
        th.number scope="col" { (words.cohens_d()) }
        th.number scope="col" { "p" }
        th.number scope="col" { (words.p_corrected()) }
    };
    let row = |effect: &Effect, less: &str, pictures: usize, difference: &Estimate, test: &Test| {
        html! {
            tr {
                th scope="row" { (capital(&page.change(effect.change, effect.with))) }
                td { (less) }
                td.number { (pictures) }
                td.number { (page.estimate(difference, Language::signed)) }
                td.number { (page.number(test.cohens_d, Language::signed)) }
                td.number { (language.p_value(test.p)) }
                td.number { (test.adjusted.map_or_else(|| NONE.to_owned(), |p| language.p_value(p))) }
            }
        }
    };
    let body = html! {
        @for effect in &tested {
            (row(effect, &words.picture_as_it_is(), effect.pictures, &effect.difference, &effect.test))
            @for contrast in &effect.against {
                (row(
                    effect,
                    &page.change(contrast.control, effect.with),
                    contrast.pictures,
                    &contrast.difference,
                    &contrast.test,
                ))
            }
        }
    };
    html! {
        @if !tested.is_empty() {
            (table(&words.against_controls(), &head, &body))
            p.note { (rich(&words.about_contrasts())) }
        }
    }
}
