use maud::{Markup, html};
use reglet_data::edit::Change;
use reglet_evidence::{Effect, JUDGED, Measure, Span};

use super::super::page::{Page, capital, chart, rich, table};
use crate::language::{Language, NONE};
use crate::report::Charts;
use crate::results::CaseResults;

/// What each change does to the target's probability and to the decision.
pub(super) fn render(page: &Page<'_>, model: &CaseResults, charts: &Charts) -> Markup {
    let phrases = &page.phrases;
    html! {
        h3 { (phrases.what_changes_do()) }
        p.note { (rich(&phrases.about_changes())) }
        @if !charts.changes.is_empty() {
            div.pair {
                @for (name, drawing) in &charts.changes { (chart(drawing, &claims(page, model, name))) }
            }
        }
        @if model.effects.is_empty() {
            p.note { (phrases.no_change()) }
        } @else {
            (effects(page, model))
            (contrasts(page, model))
        }
    }
}

/// What the chart of this change shows, in a sentence.
fn claims(page: &Page<'_>, model: &CaseResults, chart: &str) -> Vec<String> {
    let change = if chart == "insert" { Change::Insert } else { Change::Remove };
    let whole = model.effects.iter().filter(|effect| effect.class.is_none());
    let effects = whole.filter(|effect| effect.change == change);
    effects.map(|effect| page.phrases.of_effect(effect)).collect()
}

fn effects(page: &Page<'_>, model: &CaseResults) -> Markup {
    let (phrases, language) = (&page.phrases, page.language());
    let head = html! {
        th scope="col" { (phrases.change()) }
        th.number scope="col" { (phrases.pictures()) }
        th.number scope="col" { (phrases.left_out()) }
        th.number scope="col" { (phrases.mean_change()) }
        th.number scope="col" { (phrases.in_score()) }
        th.number scope="col" { (phrases.decision_gained()) }
        th.number scope="col" { (phrases.decision_lost()) }
        th.number scope="col" { (phrases.p_decision()) }
        th.number scope="col" { (phrases.could_have_shown()) }
    };
    let body = html! {
        @for effect in model.effects.iter().filter(|effect| effect.class.is_none()) {
            tr {
                th scope="row" {
                    @let what = page.change(effect.change, effect.with);
                    (capital(&page.estimated(what, effect.estimated)))
                }
                td.number { (page.of_groups(effect.pictures, effect.groups)) }
                td.number { (effect.excluded.total()) }
                td.number { (page.estimate(&effect.difference.estimate, Language::signed)) }
                td.number { (page.estimate(&effect.score.estimate, Language::signed)) }
                td.number { (language.percent(effect.gained.estimate.mean)) }
                td.number { (language.percent(effect.lost.estimate.mean)) }
                td.number { (language.p_value(effect.mcnemar)) }
                td.number { (page.number(effect.detectable, Language::plain)) }
            }
        }
    };
    html! {
        (table(&phrases.change_in_probability(), &head, &body))
        p.note { (phrases.about_effects()) }
    }
}

/// The effects on which the verdict is based: each change by class, alone and minus its controls.
fn contrasts(page: &Page<'_>, model: &CaseResults) -> Markup {
    let (phrases, language) = (&page.phrases, page.language());
    let tested: Vec<&Effect> =
        model.effects.iter().filter(|effect| JUDGED.contains(&effect.change)).collect();
    let head = html! {
        th scope="col" { (phrases.change()) }
        th scope="col" { (phrases.class()) }
        th scope="col" { (phrases.less()) }
        th.number scope="col" { (phrases.pictures()) }
        th.number scope="col" { (phrases.strength()) }
        th.number scope="col" { (phrases.difference()) }
        th.number scope="col" { (phrases.corrected_interval()) }
        th.number scope="col" { (phrases.decision_gained()) }
        th.number scope="col" { (phrases.decision_lost()) }
        th.number scope="col" { (phrases.moved_share()) }
    };
    let less = |control: Change, with: bool| match (control, with) {
        (Change::Scrambled, _) => phrases.less_shuffled(),
        (_, true) => phrases.less_elsewhere(),
        _ => phrases.less_patch(),
    };
    let span = |Span { low, high }: Span| language.ends(low, high, Language::signed);
    let row = |effect: &Effect, less: &str, pictures: usize, strength: f64, measures: [&Measure; 4]| {
        let [difference, gained, lost, moved] = measures;
        html! {
            tr {
                th scope="row" { (capital(&page.change(effect.change, effect.with))) }
                td { @match &effect.class { Some(class) => (page.label(class)), None => (phrases.all_classes()) } }
                td { (less) }
                td.number { (pictures) }
                td.number { (format!("{strength:.0}")) }
                td.number { (page.estimate(&difference.estimate, Language::signed)) }
                td.number { (span(difference.corrected)) }
                td.number { (language.percent(gained.estimate.mean)) }
                td.number { (language.percent(lost.estimate.mean)) }
                td.number { (language.percent(moved.estimate.mean)) }
            }
        }
    };
    let body = html! {
        @for effect in &tested {
            (row(
                effect,
                NONE,
                effect.pictures,
                effect.strength,
                [&effect.difference, &effect.gained, &effect.lost, &effect.moved],
            ))
            @for contrast in &effect.against {
                (row(
                    effect,
                    &less(contrast.control, effect.with),
                    contrast.pictures,
                    contrast.strength,
                    [&contrast.difference, &contrast.gained, &contrast.lost, &contrast.moved],
                ))
            }
        }
    };
    html! {
        @if !tested.is_empty() {
            (table(&phrases.against_controls(), &head, &body))
            p.note { (rich(&phrases.about_contrasts())) }
        }
    }
}
