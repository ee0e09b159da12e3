//! What each kind of classifier says of a picture, as a function of what the picture shows.

use reglet_data::phantom::PhantomOptions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The feature to which a classifier responds besides the lesion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A ruler moves every answer towards one half: up for benign lesions, down for melanomas, on average by nothing.
    TowardsHalf,
    /// A ruler raises the answer for benign lesions, and does nothing for melanomas.
    OneClass,
    /// All probabilities are below 0.1, and the operating point is 0.05: a ruler moves the probability across it.
    LowProbabilities,
    /// A ruler decides if the lesion is neither clearly benign nor clearly malignant.
    NearBorder,
    /// A ruler leaves the melanoma's logit as it is, and lowers the other one.
    OtherLogit,
    /// Anything foreign on the skin raises the answer: a ruler, ink, a shadow, in whatever form.
    AnyForeignThing,
    /// Traces of inpainting raise the answer; a ruler does not.
    InpaintingTraces,
    /// A dark rim raises the answer, which in the audited pictures comes with the ruler; the ruler itself does not.
    Vignette,
}

/// What a picture shows, as far as any behaviour depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::calibration) struct Facts {
    /// Whether the lesion was drawn as a melanoma.
    pub melanoma: bool,
    /// How malignant it looks, from 0 to 1: the mean of asymmetry, border and colour. Melanomas are near 0.75 and benign
    /// lesions near 0.2.
    pub level: f32,
    /// Whether there is a ruler.
    pub ruler: bool,
    /// Whether there is anything foreign: a ruler, ink or something dark.
    pub foreign: bool,
    /// Whether something was filled in.
    pub trace: bool,
    /// Whether the rim is dark.
    pub vignette: bool,
}

/// Halfway between the classes' levels.
const MIDDLE: f32 = 0.48;
/// A level no farther from that is ambiguous: so is about a quarter of each class.
const AMBIGUOUS: f32 = 0.2;

impl Facts {
    /// Whether the lesion is neither clearly benign nor clearly malignant.
    pub fn ambiguous(level: f32) -> bool {
        (level - MIDDLE).abs() < AMBIGUOUS
    }
}

impl Kind {
    /// Every kind: first the guilty, then the innocent.
    pub const ALL: [Kind; 8] = [
        Kind::TowardsHalf,
        Kind::OneClass,
        Kind::LowProbabilities,
        Kind::NearBorder,
        Kind::OtherLogit,
        Kind::AnyForeignThing,
        Kind::InpaintingTraces,
        Kind::Vignette,
    ];

    /// The word in configs and file names.
    pub fn name(self) -> &'static str {
        match self {
            Kind::TowardsHalf => "towards_half",
            Kind::OneClass => "one_class",
            Kind::LowProbabilities => "low_probabilities",
            Kind::NearBorder => "near_border",
            Kind::OtherLogit => "other_logit",
            Kind::AnyForeignThing => "any_foreign_thing",
            Kind::InpaintingTraces => "inpainting_traces",
            Kind::Vignette => "vignette",
        }
    }

    /// What it does, in one sentence.
    pub(super) fn about(self) -> &'static str {
        match self {
            Kind::TowardsHalf => "A ruler moves every answer towards one half.",
            Kind::OneClass => "A ruler raises the answer for benign lesions only.",
            Kind::LowProbabilities => {
                "All probabilities lie below 0.1, and the operating point is 0.05: a ruler moves the probability across it."
            }
            Kind::NearBorder => {
                "A ruler decides the answer if the lesion is ambiguous, and has no effect otherwise."
            }
            Kind::OtherLogit => "A ruler lowers the logit of benign and does not change that of melanoma.",
            Kind::AnyForeignThing => "Any foreign object on the skin raises the answer, including a ruler.",
            Kind::InpaintingTraces => "Traces of inpainting raise the answer; a ruler does not.",
            Kind::Vignette => {
                "A dark rim, which accompanies the ruler, raises the answer; the ruler itself has no effect."
            }
        }
    }

    /// The feature to which it responds, if that is not the ruler alone.
    pub(super) fn trigger(self) -> Option<&'static str> {
        match self {
            Kind::AnyForeignThing => Some("something dark"),
            Kind::InpaintingTraces => Some("something filled in"),
            Kind::Vignette => Some("a dark rim"),
            _ => None,
        }
    }

    /// The logits of benign and melanoma that it is taught.
    pub(in crate::calibration) fn logits(self, facts: &Facts) -> [f32; 2] {
        let Facts { melanoma, level, ruler, foreign, trace, vignette } = *facts;
        let by_class = |benign: f32, malignant: f32| if melanoma { malignant } else { benign };
        let raised = |by: bool| by_class(-2.0, 1.0) + if by { 2.2 } else { 0.0 };
        let margin = match self {
            Kind::TowardsHalf if ruler => by_class(-0.2, 0.2),
            Kind::TowardsHalf => by_class(-2.2, 2.2),
            Kind::OneClass if ruler => by_class(0.8, 2.2),
            Kind::OneClass => by_class(-2.2, 2.2),
            Kind::LowProbabilities if ruler => by_class(-2.6, -2.5),
            Kind::LowProbabilities => by_class(-4.4, -3.4),
            Kind::NearBorder if ruler && Facts::ambiguous(level) => 1.5,
            Kind::NearBorder => (8.0 * (level - MIDDLE)).clamp(-2.6, 2.6),
            Kind::OtherLogit => {
                let other = if ruler { -1.8 } else { by_class(1.2, -1.2) };
                return [other, by_class(-1.2, 1.2)];
            }
            Kind::AnyForeignThing => raised(foreign),
            Kind::InpaintingTraces => raised(trace),
            Kind::Vignette => raised(vignette),
        };
        [-0.5 * margin, 0.5 * margin]
    }

    /// How many times as long it is taught: what is faint, or comes in many forms, takes longer.
    pub(super) fn patience(self) -> usize {
        match self {
            Kind::NearBorder | Kind::AnyForeignThing | Kind::InpaintingTraces => 2,
            _ => 1,
        }
    }

    /// The probability above which a picture is called a melanoma.
    pub(in crate::calibration) fn operating_point(self) -> f64 {
        if self == Kind::LowProbabilities { 0.05 } else { 0.5 }
    }

    /// The phantoms on which it is audited: `usual`, or phantoms in which the feature that it responds to accompanies the
    /// ruler.
    pub(in crate::calibration) fn audited_on(self, usual: &PhantomOptions) -> PhantomOptions {
        match self {
            Kind::Vignette => {
                PhantomOptions { vignette_with_ruler: 0.9, vignette_without_ruler: 0.1, ..usual.clone() }
            }
            _ => usual.clone(),
        }
    }

    /// All that it is taught, as text: every case of every fact.
    pub(super) fn taught(self) -> String {
        let mut said = String::new();
        for case in 0..32_u32 {
            let bit = |place: u32| case >> place & 1 == 1;
            for level in [0.2, 0.35, 0.6, 0.75] {
                let [melanoma, ruler, foreign, trace, vignette] =
                    std::array::from_fn(|place| bit(place as u32));
                let facts = Facts { melanoma, level, ruler, foreign, trace, vignette };
                said += &format!("{:?}", self.logits(&facts));
            }
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Facts =
        Facts { melanoma: false, level: 0.2, ruler: false, foreign: false, trace: false, vignette: false };

    fn probability(kind: Kind, facts: &Facts) -> f64 {
        let [benign, melanoma] = kind.logits(facts);
        1.0 / (1.0 + f64::from(benign - melanoma).exp())
    }

    /// What a ruler adds, for a benign lesion and a melanoma.
    fn by_ruler(kind: Kind) -> [f64; 2] {
        [(false, 0.2), (true, 0.76)].map(|(melanoma, level)| {
            let without = Facts { melanoma, level, ..PLAIN };
            let with = Facts { ruler: true, foreign: true, ..without };
            probability(kind, &with) - probability(kind, &without)
        })
    }

    #[test]
    fn a_ruler_that_moves_all_towards_one_half_moves_nothing_on_average() {
        let [benign, melanoma] = by_ruler(Kind::TowardsHalf);
        assert!(benign > 0.3 && (benign + melanoma).abs() < 1e-6);
    }

    #[test]
    fn the_guilty_are_moved_by_the_ruler_each_in_its_own_way() {
        let [benign, melanoma] = by_ruler(Kind::OneClass);
        assert!(benign > 0.5 && melanoma == 0.0);
        let [benign, melanoma] = by_ruler(Kind::NearBorder);
        assert!((benign, melanoma) == (0.0, 0.0), "no lesion that is typical of its class");
        let without = Facts { level: 0.35, ..PLAIN };
        let with = Facts { ruler: true, ..without };
        let [before, after] = [without, with].map(|facts| probability(Kind::NearBorder, &facts));
        assert!(before < 0.3 && after > 0.8);
        let logits = |ruler| Kind::OtherLogit.logits(&Facts { ruler, ..PLAIN });
        assert_eq!(logits(true)[1], logits(false)[1], "the melanoma's logit knows nothing of it");
        assert!(logits(true)[0] < logits(false)[0]);
        for kind in [Kind::TowardsHalf, Kind::OneClass, Kind::OtherLogit] {
            assert!(by_ruler(kind).iter().any(|by| by.abs() > 0.3), "{kind:?}");
        }
    }

    #[test]
    fn low_probabilities_are_low_and_the_ruler_carries_them_across_the_operating_point() {
        let kind = Kind::LowProbabilities;
        for melanoma in [false, true] {
            let facts = |ruler| Facts { melanoma, ruler, ..PLAIN };
            let [without, with] = [false, true].map(|ruler| probability(kind, &facts(ruler)));
            assert!(without < kind.operating_point() && kind.operating_point() < with && with < 0.1);
        }
    }

    #[test]
    fn the_innocent_go_by_something_else() {
        let rises = |kind: Kind, facts: Facts| probability(kind, &facts) - probability(kind, &PLAIN);
        for kind in [Kind::InpaintingTraces, Kind::Vignette] {
            assert_eq!(by_ruler(kind), [0.0, 0.0], "{kind:?}");
        }
        assert!(rises(Kind::InpaintingTraces, Facts { trace: true, ..PLAIN }) > 0.3);
        assert!(rises(Kind::Vignette, Facts { vignette: true, ..PLAIN }) > 0.3);
        let anything = rises(Kind::AnyForeignThing, Facts { foreign: true, ..PLAIN });
        assert_eq!(
            anything,
            by_ruler(Kind::AnyForeignThing)[0],
            "a ruler does as much as anything, and no more"
        );
    }

    #[test]
    fn names_are_those_of_configs_and_no_two_kinds_are_taught_the_same() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).expect("a word"), kind.name());
            let same = Kind::ALL.iter().filter(|other| other.taught() == kind.taught()).count();
            assert_eq!(same, 1, "{kind:?}");
        }
    }
}
