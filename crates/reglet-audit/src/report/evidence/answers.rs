use maud::{Markup, html};
use reglet_evidence::{Group, Part};

use super::super::page::{Page, capital, chart, rich, table};
use crate::language::Language;
use crate::report::Charts;
use crate::results::CaseResults;

/// The target's probability by class and artefact, and how well it separates the classes.
pub(super) fn render(page: &Page<'_>, model: &CaseResults, charts: &Charts) -> Markup {
    html! {
        h3 { (page.phrases.what_it_says()) }
        p.note { (page.phrases.about_answers()) }
        div.pair {
            @if let Some(drawing) = &charts.answers { (chart(drawing, &claims(page, model))) }
            (groups(page, model))
        }
        (performance(page, model))
    }
}

/// For each class: how many of its pictures are called the target with the artefact, and how many without.
fn claims(page: &Page<'_>, model: &CaseResults) -> Vec<String> {
    let called = |group: &Group| (group.called.unwrap_or_default() * group.pictures as f64).round() as usize;
    let with = model.groups.iter().filter(|group| group.artefact && group.pictures > 0);
    let claims = with.filter_map(|with| {
        let mut others = model.groups.iter().filter(|other| !other.artefact && other.pictures > 0);
        let without = others.find(|other| other.class == with.class)?;
        let class = page.label(&with.class);
        Some(page.phrases.answers_claim(
            class,
            with.pictures,
            called(with),
            without.pictures,
            called(without),
        ))
    });
    claims.collect()
}

fn groups(page: &Page<'_>, model: &CaseResults) -> Markup {
    let phrases = &page.phrases;
    let head = html! {
        th scope="col" { (phrases.class()) }
        th scope="col" { (capital(&phrases.artefact_column())) }
        th.number scope="col" { (phrases.pictures()) }
        th.number scope="col" { (phrases.mean_probability()) }
        th.number scope="col" { (phrases.called()) }
    };
    let body = html! {
        @for group in &model.groups {
            tr {
                th scope="row" { (page.label(&group.class)) }
                td { @if group.artefact { (phrases.with()) } @else { (phrases.without()) } }
                td.number { (group.pictures) }
                td.number { (page.maybe(group.probability.as_ref(), Language::plain)) }
                td.number { (page.number(group.called, Language::percent)) }
            }
        }
    };
    table(&phrases.probability_by_group(), &head, &body)
}

fn performance(page: &Page<'_>, model: &CaseResults) -> Markup {
    let phrases = &page.phrases;
    let head = html! {
        th scope="col" { (phrases.pictures()) }
        th.number scope="col" { (phrases.sensitivity()) }
        th.number scope="col" { (phrases.specificity()) }
        th.number scope="col" { (phrases.auroc()) }
        th.number scope="col" { (phrases.brier()) }
        th.number scope="col" { (phrases.calibration_error()) }
    };
    let body = html! {
        @for found in &model.performance {
            tr {
                th scope="row" {
                    (part(page, &found.part)) " (" (found.pictures) ")"
                }
                td.number { (page.maybe(found.sensitivity.as_ref(), Language::percent)) }
                td.number { (page.maybe(found.specificity.as_ref(), Language::percent)) }
                td.number { (page.maybe(found.auroc.as_ref(), Language::precise)) }
                td.number { (page.number(found.brier, Language::precise)) }
                td.number { (page.number(found.calibration_error, Language::precise)) }
            }
        }
    };
    html! {
        (table(&phrases.how_good(), &head, &body))
        @if let Some(worst) = &model.worst {
            @let right = page.language().estimate(&worst.right, Language::percent);
            @let part = part(page, &worst.part);
            p.claim { (if worst.target { phrases.worst_target(part, right) } else { phrases.worst_other(part, right) }) "." }
        }
        p.note { (rich(&phrases.about_performance())) }
    }
}

/// A part of the pictures in words.
pub(crate) fn part(page: &Page<'_>, part: &Part) -> String {
    match part {
        Part::All => page.phrases.all_pictures(),
        Part::Artefact(shown) => page.shown(Some(*shown)),
        Part::Column { column, value } => format!("{column} = {value}"),
    }
}
