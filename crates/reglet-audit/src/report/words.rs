//! Numbers and changes as a reader wants them: a real minus sign, as many digits as mean something, and the
//! interval beside every estimate.

use maud::{Markup, html};
use reglet_data::edit::Change;

use crate::statistics::Estimate;

/// What stands where there is nothing to say.
pub(super) const NONE: &str = "–";

/// A probability, a density or an area, with two decimals.
pub(super) fn plain(value: f64) -> String {
    minus(format!("{value:.2}"))
}

/// A difference, with its sign.
pub(super) fn signed(value: f64) -> String {
    minus(format!("{value:+.2}"))
}

/// A share between 0 and 1 as a percentage, with a decimal where it would otherwise read as nothing.
pub(super) fn percent(share: f64) -> String {
    let value = 100.0 * share;
    let decimals = usize::from(value != 0.0 && value.abs() < 9.95);
    minus(format!("{value:.decimals$}")) + "\u{a0}%"
}

/// An estimate with its interval, both written by `number`.
pub(super) fn estimate(estimate: &Estimate, number: fn(f64) -> String) -> Markup {
    let ends = [estimate.low, estimate.high].map(number);
    html! { b { (number(estimate.mean)) } " " span.interval { "[" (ends[0]) ", " (ends[1]) "]" } }
}

/// As [`estimate`], or a dash where there is none.
pub(super) fn maybe(found: Option<&Estimate>, number: fn(f64) -> String) -> Markup {
    found.map_or_else(|| html! { (NONE) }, |found| estimate(found, number))
}

/// A change, as the caption of what it leads to. What a control is depends on whether the picture shows the
/// artefact.
pub(super) fn change(change: Change, with: bool, artefact: &str) -> String {
    match change {
        Change::Insert => format!("{artefact} added"),
        Change::Remove => format!("{artefact} taken away"),
        Change::Move => format!("{artefact} moved"),
        Change::Control if with => "skin filled in elsewhere (control)".to_owned(),
        Change::Control => "skin of the same shape added (control)".to_owned(),
        Change::Scrambled => format!("{artefact} added in disorder (control)"),
        Change::RemoveLesion if with => format!("lesion taken away, {artefact} left"),
        Change::RemoveLesion => "lesion taken away".to_owned(),
    }
}

/// A region or what is done to it, marked where its mask was estimated on any of the pictures.
pub(super) fn estimated(name: &str, pictures: usize) -> String {
    if pictures > 0 { format!("{name} (estimated)") } else { name.to_owned() }
}

/// A p-value.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// Whether a picture shows the artefact.
pub(super) fn shown(artefact: &str, shown: Option<bool>) -> String {
    match shown {
        Some(true) => format!("with {artefact}"),
        Some(false) => format!("without {artefact}"),
        None => format!("{artefact} not annotated"),
    }
}

/// A count with its noun.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The first letter made a capital, for a name that begins a row.
pub(super) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters.as_str().chars()).collect()
}

/// Zero has no sign, and what is below it has a real minus sign.
fn minus(text: String) -> String {
    if text.chars().any(|character| ('1'..='9').contains(&character)) {
        text.replace('-', "−")
    } else {
        text.replace(['-', '+'], "")
    }
}
