//! Regions and classes as sentences need them.

use super::Language;

/// A region or a class of the config, in the forms that the phrases use. French has genders, and articles that melt into
/// prepositions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// As a label: "ruler", "règle chirurgicale".
    pub(crate) bare: String,
    /// "a ruler", "une règle chirurgicale".
    pub(crate) a: String,
    /// "the ruler", "la règle chirurgicale".
    pub(crate) the: String,
    /// "of melanoma", "de mélanome".
    pub(crate) of: String,
    /// "of the ruler", "de la règle chirurgicale".
    pub(crate) of_the: String,
    /// "to the ruler", "à la règle chirurgicale".
    pub(crate) to_the: String,
}

/// What French calls the regions and classes that are named in English most, and their gender.
const FRENCH: [(&str, &str, bool); 22] = [
    ("ruler", "règle chirurgicale", true),
    ("lesion", "lésion", true),
    ("background", "fond", false),
    ("skin", "peau", true),
    ("hair", "pilosité", true),
    ("ink", "marque d’encre", true),
    ("patch", "pastille", true),
    ("bubble", "bulle", true),
    ("bubbles", "bulle", true),
    ("melanoma", "mélanome", false),
    ("nevus", "nævus", false),
    ("naevus", "nævus", false),
    ("benign", "lésion bénigne", true),
    ("malignant", "lésion maligne", true),
    ("seborrheic_keratosis", "kératose séborrhéique", true),
    ("basal_cell_carcinoma", "carcinome basocellulaire", false),
    ("squamous_cell_carcinoma", "carcinome épidermoïde", false),
    ("dermatofibroma", "dermatofibrome", false),
    ("marker", "marqueur de côté", false),
    ("fluid", "liquide", false),
    ("effusion", "épanchement", false),
    ("normal", "cliché normal", false),
];

/// What a noun begins with before which an article loses its vowel. None of the nouns above is feminine and begins with one.
const VOWELS: [char; 6] = ['a', 'e', 'é', 'i', 'o', 'u'];

impl Language {
    /// The name in this language. If the language has no word for it, it is the name itself in quotation marks, together
    /// with a noun whose gender is known.
    pub(crate) fn name(self, name: &str) -> Name {
        match self {
            Language::En => english(name),
            Language::Fr => match FRENCH.iter().find(|(english, ..)| *english == name.to_lowercase()) {
                Some((_, french, _)) if french.starts_with(VOWELS) => elided(french),
                Some((_, french, feminine)) => french_noun(french, *feminine),
                None => {
                    let noun = self.typeset(format!("élément « {name} »"));
                    Name { bare: name.to_owned(), ..elided(&noun) }
                }
            },
        }
    }

    /// A method's name for people.
    pub(crate) fn method(self, name: &str, title: &str) -> String {
        match (self, name) {
            (Language::Fr, "saliency") => "Saillance".to_owned(),
            (Language::Fr, "integrated_gradients") => "Gradients intégrés".to_owned(),
            _ => title.to_owned(),
        }
    }

    /// "a, b and c".
    pub(crate) fn list(self, items: &[String]) -> String {
        let and = match self {
            Language::En => "and",
            Language::Fr => "et",
        };
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
        }
    }
}

fn english(name: &str) -> Name {
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) { "an" } else { "a" };
    Name {
        bare: name.to_owned(),
        a: format!("{article} {name}"),
        the: format!("the {name}"),
        of: format!("of {name}"),
        of_the: format!("of the {name}"),
        to_the: format!("to the {name}"),
    }
}

fn french_noun(noun: &str, feminine: bool) -> Name {
    let [a, the, of_the, to_the] =
        if feminine { ["une", "la", "de la", "à la"] } else { ["un", "le", "du", "au"] };
    Name {
        bare: noun.to_owned(),
        a: format!("{a} {noun}"),
        the: format!("{the} {noun}"),
        of: format!("de {noun}"),
        of_the: format!("{of_the} {noun}"),
        to_the: format!("{to_the} {noun}"),
    }
}

/// A masculine noun that begins with a vowel.
fn elided(noun: &str) -> Name {
    Name {
        bare: noun.to_owned(),
        a: format!("un {noun}"),
        the: format!("l’{noun}"),
        of: format!("d’{noun}"),
        of_the: format!("de l’{noun}"),
        to_the: format!("à l’{noun}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_the_articles_of_their_language() {
        let ruler = Language::Fr.name("ruler");
        assert_eq!(
            (ruler.of_the.as_str(), ruler.a.as_str()),
            ("de la règle chirurgicale", "une règle chirurgicale")
        );
        assert_eq!(Language::Fr.name("Melanoma").to_the, "au mélanome");
        assert_eq!(Language::Fr.name("effusion").of, "d’épanchement");
        assert!(FRENCH.iter().all(|(_, french, feminine)| !(*feminine && french.starts_with(VOWELS))));
        assert_eq!(Language::En.name("ink").a, "an ink");
        let unknown = Language::Fr.name("sticker");
        assert_eq!(
            (unknown.bare.as_str(), unknown.of_the.as_str()),
            ("sticker", "de l’élément «\u{a0}sticker\u{a0}»")
        );
        let three = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(
            (Language::En.list(&three), Language::Fr.list(&three)),
            ("a, b and c".into(), "a, b et c".into())
        );
    }
}
