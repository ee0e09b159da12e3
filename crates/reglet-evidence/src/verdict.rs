//! From evidence to a verdict, by rules that can be read out.

use reglet_data::edit::Change;
use reglet_statistics::Estimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attention::Attention;
use crate::effect::{Contrast, Effect, JUDGED, Measure, controls};
use crate::natural::{Natural, Pairs};
use crate::rules::{MapsRole, Rules, VerdictConfig};
use crate::taken::Taken;

/// A conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The artefact changes what the model says.
    Shortcut,
    /// The artefact was tried in every way, and does not.
    Clear,
    /// There is too little evidence, or it disagrees.
    Inconclusive,
}

impl VerdictKind {
    /// The word in results and reports.
    pub fn name(self) -> &'static str {
        match self {
            VerdictKind::Shortcut => "shortcut",
            VerdictKind::Clear => "clear",
            VerdictKind::Inconclusive => "inconclusive",
        }
    }
}

/// What a model that is convicted reacts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReactsTo {
    /// The artefact's form: with its tiles shuffled it does less than half as much.
    Form,
    /// Anything like it: with its tiles shuffled it does more than half as much.
    AnythingLikeIt,
    /// That could not be told: shuffled tiles were not tried on enough pictures, or what is put in moves too little.
    Unknown,
}

/// What is known of one model, one artefact and one target when they are judged.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The artefact's name.
    pub artefact: &'a str,
    /// The classes of the data set that have pictures.
    pub classes: &'a [String],
    /// What each change did.
    pub effects: &'a [Effect],
    /// What untouched pictures say.
    pub natural: &'a [Natural],
    /// What pairs of the same lesion say.
    pub pairs: Option<&'a Pairs>,
    /// Whether the edits are what they stand for.
    pub taken: Option<&'a Taken>,
    /// Where each method's maps lie.
    pub attention: &'a [Attention],
    /// What of the evidence is missing because nobody has annotated the artefact's place.
    pub masks: bool,
}

/// What was concluded, and from what.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Judgement {
    /// The conclusion.
    pub kind: VerdictKind,
    /// What convicts; empty unless the verdict is `shortcut`.
    pub findings: Vec<Finding>,
    /// What the model reacts to, where it is convicted.
    pub reacts_to: Option<ReactsTo>,
    /// The methods, by title, whose maps can be believed and lie on the artefact.
    pub corroborated: Vec<String>,
    /// What stands against `clear`, the weightiest first; empty where the verdict is `clear`. Where it is `inconclusive`, the
    /// first says what would settle it.
    pub doubts: Vec<Objection>,
}

/// One effect that convicts.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// Putting the artefact in, or taking it away.
    pub change: Change,
    /// The class of the pictures; `None` for all together.
    pub class: Option<String>,
    /// What of the answers changes.
    pub what: Functional,
    /// By how much.
    pub by: Estimate,
}

/// What of the answers is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Functional {
    /// The mean probability of the target.
    Probability,
    /// The share of pictures that come to be called the target.
    Gained,
    /// The share of pictures that cease to be.
    Lost,
}

/// What stands against calling a model clear.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Objection {
    /// An effect that would convict has no control on enough pictures.
    NoControl {
        /// The effect.
        finding: Finding,
        /// On how many pictures there is a control.
        pictures: usize,
    },
    /// An effect is as large as that of an equally strong neutral edit.
    NoMoreThanControl {
        /// The effect.
        finding: Finding,
        /// The control.
        control: Change,
        /// What it does by itself.
        alone: Estimate,
    },
    /// Putting the artefact in and taking it away change the answer the same way: it is the editing that does it.
    SameSign {
        /// The class of the pictures; `None` for all together.
        class: Option<String>,
        /// What putting it in does.
        insert: Estimate,
        /// What taking it away does.
        remove: Estimate,
    },
    /// Only one of the two changes convicts, and the config asks for both.
    OnlyOne {
        /// What convicts.
        finding: Finding,
    },
    /// No trusted method's maps lie on the artefact, and the config asks for that.
    NotLookedAt {
        /// What would convict.
        finding: Finding,
    },
    /// An effect that counts may be chance once all comparisons are corrected for.
    MayBeChance {
        /// The effect.
        finding: Finding,
    },
    /// Untouched pictures with and without the artefact differ by more than the edits explain.
    Unexplained {
        /// The class.
        class: String,
        /// The difference between the pictures.
        difference: Estimate,
        /// What of it the edits leave unexplained.
        unexplained: Estimate,
    },
    /// The same lesions are judged otherwise with the artefact than without.
    PairsDiffer {
        /// How many pairs there are.
        pairs: usize,
        /// The mean difference.
        difference: Estimate,
    },
    /// A direction could not be tried on enough pictures.
    Untried {
        /// Putting the artefact in, or taking it away.
        change: Change,
        /// The class.
        class: String,
        /// On how many pictures it could.
        pictures: usize,
        /// Whether that is because nobody has annotated where the artefact is.
        unmarked: bool,
    },
    /// The model does not take the edited pictures for real ones.
    NotTaken {
        /// The change.
        change: Change,
        /// How far it goes, as a share of the way.
        way: Estimate,
    },
    /// Whether the model takes the edits for real could not be found out.
    TakenUnknown,
    /// An effect can neither be shown nor excluded: its interval is too wide.
    Wide {
        /// The change.
        change: Change,
        /// The class.
        class: String,
        /// What of the answers.
        what: Functional,
        /// The estimate with its 90 % interval.
        by: Estimate,
        /// On how many pictures.
        pictures: usize,
        /// About how many would do, where that can be said.
        needed: Option<usize>,
    },
    /// Single pictures move by more than counts, in directions that cancel.
    Moved {
        /// The change.
        change: Change,
        /// The class.
        class: String,
        /// The share of pictures, less the control's.
        share: Estimate,
    },
}

/// Judges one model, one artefact and one target.
///
/// **Shortcut**: for pictures of some class (or of all together), putting the artefact in or taking it away (`both`: the
/// one and the other) changes the mean probability by more than `min_effect`, or the decision of more than `max_flips` of the
/// pictures; the interval, corrected for everything that is judged together, lies wholly beyond that; so does the interval
/// of the same less its control (`form`: and less the same artefact with its tiles shuffled); and the other direction does not
/// contradict it. Maps corroborate; with `maps = "required"` a trusted method's maps must lie on the artefact.
///
/// **Clear**: both directions were tried, by edits that the model takes for what they stand for (or it does not see the
/// artefact at all); in every class the 90 % interval of the mean effect lies within ±`min_effect` and the upper ends of the
/// decisions gained and lost below `max_flips`; no more pictures move than under the control; and untouched pictures do not
/// differ by more than the edits explain.
///
/// **Inconclusive**: everything else.
pub fn judge(evidence: &Evidence<'_>, rules: &Rules) -> Judgement {
    let config = &rules.verdict;
    let corroborated = corroborated(evidence, config);
    let mut findings = Vec::new();
    let mut doubts = Vec::new();
    for effect in judged(evidence) {
        for what in [Functional::Probability, Functional::Gained, Functional::Lost] {
            match tried(evidence, effect, what, config) {
                Some(Ok(finding)) => findings.push(finding),
                Some(Err(objection)) => doubts.push(objection),
                None => {}
            }
        }
    }
    let convicts = |change: Change| findings.iter().any(|finding| finding.change == change);
    let only_one = config.both && !(convicts(Change::Insert) && convicts(Change::Remove));
    let unseen = config.maps == MapsRole::Required && corroborated.is_empty();
    if let Some(first) = findings.first().filter(|_| only_one || unseen) {
        let finding = first.clone();
        doubts.insert(
            0,
            if only_one { Objection::OnlyOne { finding } } else { Objection::NotLookedAt { finding } },
        );
        findings.clear();
    }
    if !findings.is_empty() {
        let reacts_to = Some(reacts_to(evidence, &findings, config));
        return Judgement {
            kind: VerdictKind::Shortcut,
            findings,
            reacts_to,
            corroborated,
            doubts: Vec::new(),
        };
    }
    doubts.extend(natural_doubts(evidence, config));
    doubts.extend(taken_doubts(evidence, config));
    doubts.extend(effect_doubts(evidence, config));
    doubts.sort_by_key(weight);
    let kind = if doubts.is_empty() { VerdictKind::Clear } else { VerdictKind::Inconclusive };
    Judgement { kind, findings, reacts_to: None, corroborated, doubts }
}

/// The order in which objections are told: what is nearest to a conviction first, then what hides most.
fn weight(objection: &Objection) -> u8 {
    match objection {
        Objection::OnlyOne { .. } | Objection::NotLookedAt { .. } => 0,
        Objection::NoControl { .. } => 1,
        Objection::NoMoreThanControl { .. } => 2,
        Objection::SameSign { .. } => 3,
        Objection::PairsDiffer { .. } => 4,
        Objection::Unexplained { .. } => 5,
        Objection::MayBeChance { .. } => 6,
        Objection::Untried { .. } => 7,
        Objection::NotTaken { .. } => 8,
        Objection::Moved { .. } => 9,
        Objection::Wide { .. } => 10,
        Objection::TakenUnknown => 11,
    }
}

/// The effects of putting in and taking away, for each class and all together.
fn judged<'a>(evidence: &Evidence<'a>) -> impl Iterator<Item = &'a Effect> {
    evidence.effects.iter().filter(|effect| JUDGED.contains(&effect.change))
}

fn measure(effect: &Effect, what: Functional) -> (&Measure, fn(&Contrast) -> &Measure) {
    match what {
        Functional::Probability => (&effect.difference, |contrast| &contrast.difference),
        Functional::Gained => (&effect.gained, |contrast| &contrast.gained),
        Functional::Lost => (&effect.lost, |contrast| &contrast.lost),
    }
}

fn margin(what: Functional, config: &VerdictConfig) -> f64 {
    if what == Functional::Probability { config.min_effect } else { config.max_flips }
}

/// Whether one effect convicts; or why it does not although it is large; `None` where it is not.
fn tried(
    evidence: &Evidence<'_>,
    effect: &Effect,
    what: Functional,
    config: &VerdictConfig,
) -> Option<Result<Finding, Objection>> {
    if effect.pictures < config.min_pictures {
        return None;
    }
    let (found, of_contrast) = measure(effect, what);
    let margin = margin(what, config);
    let finding = Finding { change: effect.change, class: effect.class.clone(), what, by: found.estimate };
    let Some(sign) = found.beyond(margin) else {
        let Estimate { mean, low, high, .. } = found.estimate;
        let counts = mean.abs() > margin && (low > 0.0 || high < 0.0) && what == Functional::Probability;
        return counts.then_some(Err(Objection::MayBeChance { finding }));
    };
    for &control in controls(effect.change) {
        if control == Change::Scrambled && !config.form {
            continue;
        }
        let contrast = effect.against.iter().find(|contrast| contrast.control == control);
        let Some(contrast) = contrast.filter(|contrast| contrast.pictures >= config.min_pictures) else {
            let pictures = contrast.map_or(0, |contrast| contrast.pictures);
            return Some(Err(Objection::NoControl { finding, pictures }));
        };
        let beyond = of_contrast(contrast);
        if beyond.beyond(margin) != Some(sign) {
            // Beyond what the control does by enough, but for chance: it is not the control that does as much.
            let enough = beyond.estimate.mean * sign > margin;
            let alone = contrast.alone;
            return Some(Err(match enough {
                true => Objection::MayBeChance { finding: Finding { by: beyond.estimate, ..finding } },
                false => Objection::NoMoreThanControl { finding, control, alone },
            }));
        }
    }
    let other = judged(evidence).find(|other| other.change != effect.change && other.class == effect.class);
    let same = other.filter(|other| {
        let Estimate { mean, low, high, .. } = other.difference.estimate;
        let own = effect.difference.estimate.mean;
        other.pictures >= config.min_pictures
            && mean * own > 0.0
            && mean.abs() > config.min_effect
            && (low > 0.0 || high < 0.0)
    });
    if let Some(other) = same {
        let (insert, remove) =
            if effect.change == Change::Insert { (effect, other) } else { (other, effect) };
        return Some(Err(Objection::SameSign {
            class: effect.class.clone(),
            insert: insert.difference.estimate,
            remove: remove.difference.estimate,
        }));
    }
    Some(Ok(finding))
}

/// The titles of the methods that can be believed and whose maps lie on the artefact: its density is above
/// `min_density` and above that of the same place without it, each with an interval corrected for everything judged.
fn corroborated(evidence: &Evidence<'_>, config: &VerdictConfig) -> Vec<String> {
    let lies = |attention: &&Attention| {
        let doubted = attention.trust.as_ref().is_some_and(|trust| trust.doubt.is_some());
        let region = attention.regions.get(evidence.artefact);
        !doubted
            && region.is_some_and(|region| {
                region.pictures >= config.min_pictures && region.density.corrected.low > config.min_density
            })
            && attention.artefact_against_control.is_none_or(|against| against.corrected.low > 0.0)
    };
    evidence.attention.iter().filter(lies).map(|attention| attention.title.clone()).collect()
}

/// What the model reacts to, by what the artefact does beyond the same artefact with its tiles shuffled.
fn reacts_to(evidence: &Evidence<'_>, findings: &[Finding], config: &VerdictConfig) -> ReactsTo {
    let of = |class: &Option<String>| {
        let insert = judged(evidence).find(|e| e.change == Change::Insert && e.class == *class)?;
        let contrast = insert.against.iter().find(|contrast| contrast.control == Change::Scrambled)?;
        (contrast.pictures >= config.min_pictures).then_some((insert, contrast))
    };
    let classes = findings.iter().map(|finding| &finding.class).chain([&None]);
    let Some((insert, contrast)) = classes.into_iter().find_map(of) else { return ReactsTo::Unknown };
    let (whole, own) = (insert.difference.estimate.mean, contrast.difference.estimate);
    if whole.abs() < config.min_effect {
        // What is put in moves too little for its parts to be told from it.
        ReactsTo::Unknown
    } else if own.mean / whole < 0.5 {
        ReactsTo::AnythingLikeIt
    } else if own.low > 0.0 || own.high < 0.0 {
        ReactsTo::Form
    } else {
        ReactsTo::Unknown
    }
}

fn natural_doubts(evidence: &Evidence<'_>, config: &VerdictConfig) -> Vec<Objection> {
    let beyond = |found: &Estimate| found.low > config.min_effect || found.high < -config.min_effect;
    let enough = |natural: &&Natural| natural.with.min(natural.without) >= config.min_pictures;
    let mut doubts: Vec<Objection> = evidence
        .natural
        .iter()
        .filter(enough)
        .filter_map(|natural| {
            let unexplained = natural.unexplained.as_ref().unwrap_or(&natural.difference).estimate;
            // What is surely there, and could be as large as counts.
            let doubtful = beyond(&unexplained)
                || unexplained.mean.abs() > config.min_effect
                    && (unexplained.low > 0.0 || unexplained.high < 0.0);
            doubtful.then(|| Objection::Unexplained {
                class: natural.class.clone(),
                difference: natural.difference.estimate,
                unexplained,
            })
        })
        .collect();
    if let Some(Pairs { pairs, difference, .. }) = evidence.pairs
        && *pairs >= config.min_pictures
        && !difference.within(config.min_effect)
        && (difference.estimate.low > 0.0 || difference.estimate.high < 0.0)
    {
        doubts.push(Objection::PairsDiffer { pairs: *pairs, difference: difference.estimate });
    }
    doubts
}

fn taken_doubts(evidence: &Evidence<'_>, config: &VerdictConfig) -> Vec<Objection> {
    let Some(taken) = evidence.taken else { return vec![Objection::TakenUnknown] };
    if taken.sees_nothing() {
        return Vec::new();
    }
    let short = |change: Change| {
        let edit = taken.of(change)?;
        let goes = edit.way.mean >= config.min_taken;
        (!goes).then_some(Objection::NotTaken { change, way: edit.way })
    };
    JUDGED.into_iter().filter_map(short).collect()
}

fn effect_doubts(evidence: &Evidence<'_>, config: &VerdictConfig) -> Vec<Objection> {
    let mut doubts = Vec::new();
    for class in evidence.classes {
        for change in JUDGED {
            let effect = judged(evidence)
                .find(|effect| effect.change == change && effect.class.as_ref() == Some(class));
            let pictures = effect.map_or(0, |effect| effect.pictures);
            let Some(effect) = effect.filter(|_| pictures >= config.min_pictures) else {
                let unmarked = change == Change::Remove && !evidence.masks;
                // That nobody has marked the artefact holds for every class, and is told once.
                let told = |doubt: &Objection| matches!(doubt, Objection::Untried { unmarked: true, .. });
                if !(unmarked && doubts.iter().any(told)) {
                    doubts.push(Objection::Untried { change, class: class.clone(), pictures, unmarked });
                }
                continue;
            };
            doubts.extend(wide(effect, class, config));
        }
    }
    doubts
}

fn wide(effect: &Effect, class: &str, config: &VerdictConfig) -> Option<Objection> {
    let ninety = |measure: &Measure| Estimate {
        low: measure.equivalence.low,
        high: measure.equivalence.high,
        ..measure.estimate
    };
    let wide = |what: Functional, needed| Objection::Wide {
        change: effect.change,
        class: class.to_owned(),
        what,
        by: ninety(measure(effect, what).0),
        pictures: effect.pictures,
        needed,
    };
    if !effect.difference.within(config.min_effect) {
        let differences: Vec<f64> = effect.pairs.iter().map(|(before, after)| after - before).collect();
        let room = config.min_effect - effect.difference.estimate.mean.abs();
        let needed = (room > 0.0).then(|| reglet_statistics::pictures_needed(&differences, room)).flatten();
        return Some(wide(Functional::Probability, needed));
    }
    for what in [Functional::Gained, Functional::Lost] {
        if measure(effect, what).0.equivalence.high >= config.max_flips {
            return Some(wide(what, None));
        }
    }
    let moved = effect.against.iter().find(|contrast| contrast.control == Change::Control);
    let moved = moved.map(|contrast| &contrast.moved).unwrap_or(&effect.moved);
    (moved.equivalence.low > config.max_flips).then(|| Objection::Moved {
        change: effect.change,
        class: class.to_owned(),
        share: ninety(moved),
    })
}
