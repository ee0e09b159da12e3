use maud::{Markup, html};
use reglet_data::edit::Change;

use super::super::page::{Page, capital};
use crate::results::CaseResults;

/// What chooses and sorts the pictures and sets how maps are shown; hidden until the page's script runs.
pub(super) fn render(page: &Page<'_>, model: &CaseResults, index: usize) -> Markup {
    let phrases = &page.phrases;
    let count = phrases.shown_count("{shown}", "{all}");
    let made: Vec<Change> = Change::ALL
        .into_iter()
        .filter(|change| model.samples.iter().any(|sample| sample.changed.contains_key(change)))
        .collect();
    let unknown = model.samples.iter().any(|sample| sample.artefact.is_none());
    let control = |name: &str, label: String, control: &dyn Fn(&str) -> Markup| {
        let id = format!("{name}-{}", index + 1);
        html! { div.control { label for=(id) { (label) } (control(&id)) } }
    };
    let check = |name: &str, label: String, checked: bool| {
        let id = format!("{name}-{}", index + 1);
        html! {
            div.control.check { label for=(id) { (label) } input id=(id) name=(name) type="checkbox" checked[checked]; }
        }
    };
    let choice = |name: &str, label: String, options: &[(String, String)]| {
        control(name, label, &|id| {
            html! {
                select id=(id) name=(name) { @for (value, text) in options { option value=(value) { (text) } } }
            }
        })
    };
    let option = |value: &dyn ToString, text: String| (value.to_string(), text);
    let mut groups = vec![option(&"", phrases.any())];
    groups.extend(
        page.results.data.classes.iter().enumerate().map(|(place, class)| option(&place, page.label(class))),
    );
    let mut artefact = vec![
        option(&"", phrases.all_the_same()),
        option(&shown(Some(true)), phrases.with()),
        option(&shown(Some(false)), phrases.without()),
    ];
    artefact.extend(unknown.then(|| option(&shown(None), phrases.not_annotated())));
    let mut flips = vec![option(&"", phrases.all_the_same()), option(&"any", phrases.any_change())];
    flips.extend(made.into_iter().map(|change| option(&name(change), page.change(change, false))));
    let methods: Vec<_> = model
        .attention
        .iter()
        .enumerate()
        .map(|(place, method)| option(&place, page.title(method)))
        .collect();
    let orders = [
        option(&"data", phrases.sort_data()),
        option(&"probability", phrases.sort_probability()),
        option(&"share", phrases.sort_share()),
        option(&"change", phrases.sort_change()),
    ];
    html! {
        form.controls hidden data-count=(count) {
            fieldset {
                legend { (phrases.choose_pictures()) }
                (choice("group", phrases.class(), &groups))
                (choice("artefact", capital(&phrases.artefact_column()), &artefact))
                (choice("flipped", phrases.flipped(), &flips))
                (control("least", phrases.least_share(), &|id| html! {
                    input id=(id) name="least" type="number" min="0" max="100" step="1" value="0";
                }))
                (choice("method", phrases.share_of(), &methods))
                (choice("sort", phrases.sort_by(), &orders))
            }
            fieldset {
                legend { (phrases.choose_view()) }
                (control("opacity", phrases.opacity(), &|id| html! {
                    input id=(id) name="opacity" type="range" min="0" max="100" step="5" value="75";
                }))
                (check("beneath", phrases.picture_beneath(), true))
                (check("outlines", phrases.outlines(), false))
            }
            p.count {
                output name="count" role="status" aria-live="polite" {}
                button type="reset" { (phrases.reset()) }
            }
        }
    }
}

/// A change as the script knows it.
pub(super) fn name(change: Change) -> &'static str {
    match change {
        Change::Insert => "insert",
        Change::Remove => "remove",
        Change::Move => "move",
        Change::Control => "control",
        Change::Scrambled => "scrambled",
        Change::RemoveLesion => "remove_lesion",
    }
}

/// Whether a picture shows the artefact, as the script knows it.
pub(super) fn shown(artefact: Option<bool>) -> &'static str {
    match artefact {
        Some(true) => "1",
        Some(false) => "0",
        None => "unknown",
    }
}
