//! The languages of reports: the formats of numbers and names, and every sentence next to its translation.

mod names;
mod numbers;
#[macro_use]
mod phrases;
mod correction;
mod verdict;

use reglet_viz::chart::DecimalMark;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use numbers::NONE;
pub(crate) use phrases::Phrases;

/// The language of the report, of the verdict's sentences, and of the section for a model card.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Language {
    /// Its code in HTML (BCP 47).
    pub fn code(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Fr => "fr",
        }
    }

    pub(crate) fn decimal_mark(self) -> DecimalMark {
        match self {
            Language::En => DecimalMark::Point,
            Language::Fr => DecimalMark::Comma,
        }
    }

    /// A sentence with non-breaking spaces: before per cent signs and, in French, next to punctuation marks.
    fn typeset(self, text: String) -> String {
        let marks: &[(&str, &str)] = match self {
            Language::En => &[(" %", "\u{a0}%")],
            Language::Fr => &[
                (" %", "\u{a0}%"),
                (" :", "\u{a0}:"),
                (" ;", "\u{202f};"),
                (" ?", "\u{202f}?"),
                (" !", "\u{202f}!"),
                ("« ", "«\u{a0}"),
                (" »", "\u{a0}»"),
            ],
        };
        marks.iter().fold(text, |text, (plain, bound)| text.replace(plain, bound))
    }
}
