//! What every part of the page shares: the results, the words, and the shapes of tables and sentences.

use maud::{Markup, PreEscaped, html};
use reglet_data::edit::Change;
use reglet_evidence::{Attention, RegionAttention};
use reglet_statistics::Estimate;

use crate::language::{Language, NONE, Phrases};
use crate::results::{CaseResults, Results};

/// The results, with the words to speak of them.
pub(super) struct Page<'a> {
    pub(super) results: &'a Results,
    /// The artefact that is spoken of.
    pub(super) artefact: &'a str,
    /// The target that is spoken of.
    pub(super) target: &'a str,
    pub(super) phrases: Phrases,
}

impl<'a> Page<'a> {
    /// The page about one artefact and one target.
    pub(super) fn about(results: &'a Results, artefact: &'a str, target: &'a str) -> Page<'a> {
        Page { results, artefact, target, phrases: Phrases::new(results.language, artefact, target) }
    }

    /// The page about the first artefact and target, for what is said of all.
    pub(super) fn new(results: &'a Results) -> Page<'a> {
        let first = |names: &'a [String]| names.first().map_or("", String::as_str);
        Page::about(results, first(&results.artefacts), first(&results.targets))
    }

    /// The page about one case.
    pub(super) fn of(results: &'a Results, case: &'a CaseResults) -> Page<'a> {
        Page::about(results, &case.artefact, &case.target)
    }

    pub(super) fn language(&self) -> Language {
        self.results.language
    }

    /// A region or class as a label.
    pub(super) fn label(&self, name: &str) -> String {
        self.language().name(name).bare
    }

    pub(super) fn title(&self, method: &Attention) -> String {
        self.language().method(&method.method, &method.title)
    }

    /// An estimate with its interval, both written by `number`.
    pub(super) fn estimate(&self, found: &Estimate, number: fn(Language, f64) -> String) -> Markup {
        let language = self.language();
        html! {
            b { (number(language, found.mean)) } " "
            span.interval { (language.ends(found.low, found.high, number)) }
        }
    }

    /// Like [`estimate`](Page::estimate), or a dash if there is no value.
    pub(super) fn maybe(&self, found: Option<&Estimate>, number: fn(Language, f64) -> String) -> Markup {
        found.map_or_else(|| html! { (NONE) }, |found| self.estimate(found, number))
    }

    /// A number, or a dash if there is none.
    pub(super) fn number(&self, found: Option<f64>, number: fn(Language, f64) -> String) -> String {
        found.map_or_else(|| NONE.to_owned(), |found| number(self.language(), found))
    }

    /// The number of pictures, and the number of patients or lesions if that is smaller.
    pub(super) fn of_groups(&self, pictures: usize, groups: usize) -> String {
        if groups < pictures { self.phrases.of_so_many(pictures, groups) } else { pictures.to_string() }
    }

    pub(super) fn counted(&self, count: usize) -> String {
        if count == 1 { self.phrases.one_picture() } else { self.phrases.picture_count(count) }
    }

    /// The regions of a method: the artefact first, then the lesion, then the others by name.
    pub(super) fn ordered<'m>(&self, method: &'m Attention) -> Vec<(&'m str, &'m RegionAttention)> {
        let mut regions: Vec<_> = method.regions.iter().map(|(name, found)| (name.as_str(), found)).collect();
        regions.sort_by_key(|(name, _)| {
            if *name == self.artefact {
                0
            } else if Some(*name) == self.results.lesion.as_deref() {
                1
            } else {
                2
            }
        });
        regions
    }

    /// A region or what is done to it, marked where its mask was estimated on any of the pictures.
    pub(super) fn estimated(&self, name: String, pictures: usize) -> String {
        if pictures > 0 { self.phrases.estimated(name) } else { name }
    }

    /// Whether a picture shows the artefact.
    pub(super) fn shown(&self, shown: Option<bool>) -> String {
        match shown {
            Some(true) => self.phrases.shows(),
            Some(false) => self.phrases.shows_not(),
            None => self.phrases.not_annotated(),
        }
    }

    /// A change, as the caption of what it leads to. What a control is depends on whether the picture shows the
    /// artefact.
    pub(super) fn change(&self, change: Change, with: bool) -> String {
        let phrases = &self.phrases;
        match change {
            Change::Insert => phrases.changed_insert(),
            Change::Remove => phrases.changed_remove(),
            Change::Move => phrases.changed_move(),
            Change::Control if with => phrases.changed_elsewhere(),
            Change::Control => phrases.changed_patch(),
            Change::Scrambled => phrases.changed_scrambled(),
            Change::RemoveLesion if with => phrases.changed_lesion_with(),
            Change::RemoveLesion => phrases.changed_lesion(),
        }
    }
}

/// The first letter made a capital, for a name that begins a row.
pub(crate) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters.as_str().chars()).collect()
}

/// The text with a full stop, unless it already ends with a punctuation mark.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// A phrase whose terms, between ‹ and ›, stand out.
pub(super) fn rich(phrase: &str) -> Markup {
    html! {
        @for (index, part) in phrase.split(['‹', '›']).enumerate() {
            @if index % 2 == 1 { dfn { (part) } } @else { (part) }
        }
    }
}

/// A table in its own box, which can be scrolled by touch or by arrow keys on a narrow screen.
pub(crate) fn table(name: &str, head: &Markup, body: &Markup) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-label=(name) {
            table {
                caption { (name) }
                thead { tr { (head) } }
                tbody { (body) }
            }
        }
    }
}

/// A chart with the claims that it shows. Its colours are classes, which the page paints anew in the dark; its text is
/// escaped by the chart.
pub(crate) fn chart(drawing: &reglet_viz::Svg, claims: &[String]) -> Markup {
    html! {
        figure.chart {
            (PreEscaped(drawing.as_str()))
            @if !claims.is_empty() {
                figcaption { @for claim in claims { p.claim { (sentence(claim)) } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_once() {
        assert_eq!(sentence("by −0.20 on 20-odd"), "by −0.20 on 20-odd.");
        assert_eq!(sentence("Is it 31 %? "), "Is it 31 %?");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn terms_stand_out_and_everything_is_escaped() {
        assert_eq!(rich("‹a <b>› c").into_string(), "<dfn>a &lt;b&gt;</dfn> c");
    }
}
