//! The rules that lead from evidence to a verdict.

use reglet_data::edit::Change;
use reglet_statistics::Estimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attention::Attention;
use crate::effect::{Contrast, Effect, Excluded, JUDGED, LeftOut, Measure, controls};
use crate::natural::{Natural, Pairs};
use crate::rules::{MapsRole, Rules, VerdictConfig};
use crate::taken::Taken;

/// A conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The artefact changes the model's answers.
    Shortcut,
    /// The artefact was tested in both directions, and does not change them.
    Clear,
    /// There is too little evidence, or it is contradictory.
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

/// What a model with a shortcut reacts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReactsTo {
    /// The artefact's shape: with its tiles shuffled, less than half of the effect remains.
    Form,
    /// Anything similar: with its tiles shuffled, more than half of the effect remains, as the 95 % interval shows.
    AnythingLikeIt,
    /// Unknown: shuffled tiles were not tested on enough pictures, or do not show either, or adding the artefact has too little
    /// effect.
    Unknown,
}

/// The evidence on one model, one artefact and one target.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The artefact's name.
    pub artefact: &'a str,
    /// The classes of the data set that have pictures.
    pub classes: &'a [String],
    /// The effect of each change.
    pub effects: &'a [Effect],
    /// The pictures that were changed, and that cannot be used.
    pub left_out: &'a [LeftOut],
    /// The comparison of unedited pictures.
    pub natural: &'a [Natural],
    /// The comparison of pairs of the same lesion, by class.
    pub pairs: &'a [Pairs],
    /// Whether the model responds to the edits as to real pictures.
    pub taken: Option<&'a Taken>,
    /// Where each method's maps concentrate.
    pub attention: &'a [Attention],
    /// Whether the artefact's position is annotated in any picture that shows it.
    pub masks: bool,
    /// The number of the model's probabilities, for these pictures and their changes, that are not numbers.
    pub not_finite: usize,
}

/// The conclusion and its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Judgement {
    /// The conclusion.
    pub kind: VerdictKind,
    /// The effects that show a shortcut; empty unless the verdict is `shortcut`.
    pub findings: Vec<Finding>,
    /// What the model reacts to, if the verdict is `shortcut`.
    pub reacts_to: Option<ReactsTo>,
    /// The methods, by title, whose maps can be trusted and concentrate on the artefact.
    pub corroborated: Vec<String>,
    /// The objections to `clear`, the most important first; empty if the verdict is `clear`. If it is `inconclusive`, the
    /// first objection says what would settle the question.
    pub doubts: Vec<Objection>,
}

/// One effect that shows a shortcut.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// Adding the artefact, or removing it.
    pub change: Change,
    /// The class of the pictures; `None` for all classes together.
    pub class: Option<String>,
    /// The aspect of the answers that changes.
    pub what: Functional,
    /// By how much.
    pub by: Estimate,
}

/// The aspect of the answers that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Functional {
    /// The mean probability of the target.
    Probability,
    /// The share of edited pictures that are newly classified as the target.
    Gained,
    /// The share of edited pictures that are no longer classified as the target.
    Lost,
}

/// An objection to calling a model clear.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Objection {
    /// Some of the model's probabilities are not numbers, so that nothing can be said of how they change.
    NotFinite {
        /// The number of such answers.
        answers: usize,
    },
    /// There is an effect that would show a shortcut, but its control was not possible on enough pictures.
    NoControl {
        /// The effect.
        finding: Finding,
        /// The control.
        control: Change,
        /// Whether it was asked for.
        asked: bool,
        /// The number of pictures with a control.
        pictures: usize,
    },
    /// An effect is not larger than that of a neutral edit of the same strength.
    NoMoreThanControl {
        /// The effect.
        finding: Finding,
        /// The control.
        control: Change,
        /// The effect of the control itself on the same aspect of the answers.
        alone: Estimate,
    },
    /// Adding the artefact and removing it change the answer in the same direction, so the model may react to the editing
    /// itself.
    SameSign {
        /// The class of the pictures; `None` for all classes together.
        class: Option<String>,
        /// The effect of adding it.
        insert: Estimate,
        /// The effect of removing it.
        remove: Estimate,
    },
    /// Only one of the two changes shows a shortcut, and the config requires both, or the other one (with `form`, adding).
    OnlyOne {
        /// What convicts.
        finding: Finding,
        /// Whether the other change was tried on enough pictures, of some class or of all classes together.
        tried: bool,
    },
    /// No trusted method's maps concentrate on the artefact, and the config requires this.
    NotLookedAt {
        /// What would convict.
        finding: Finding,
        /// Whether maps were made.
        mapped: bool,
    },
    /// An effect that counts, or the part of it that exceeds its control's, may be due to chance after correction for all
    /// comparisons.
    MayBeChance {
        /// The effect.
        finding: Finding,
        /// The control, and by how much the effect exceeds the control's, if that is what may be due to chance.
        beyond: Option<(Change, Estimate)>,
    },
    /// Unedited pictures with and without the artefact differ by more than the edits explain.
    Unexplained {
        /// The class.
        class: String,
        /// The difference between the pictures.
        difference: Estimate,
        /// The part of it that the edits do not explain.
        unexplained: Estimate,
    },
    /// The same lesions are assessed differently with the artefact than without.
    PairsDiffer {
        /// The class of the pictures; `None` for all pairs together.
        class: Option<String>,
        /// The number of pairs.
        pairs: usize,
        /// The mean difference.
        difference: Estimate,
    },
    /// A direction could not be tested on enough pictures.
    Untried {
        /// Adding the artefact, or removing it.
        change: Change,
        /// The class.
        class: String,
        /// The number of pictures on which it was possible and can be used.
        pictures: usize,
        /// The numbers of further pictures on which it was possible, but cannot be used.
        excluded: Excluded,
        /// What is lacking.
        lack: Lack,
    },
    /// The model does not respond to the edited pictures as to real ones.
    NotTaken {
        /// The change.
        change: Change,
        /// How far it moves pictures, as a share of the distance.
        way: Estimate,
    },
    /// It could not be determined whether the model responds to the edits as to real pictures.
    TakenUnknown,
    /// An effect can be neither shown nor ruled out, because its interval is too wide.
    Wide {
        /// The change.
        change: Change,
        /// The class.
        class: String,
        /// The aspect of the answers.
        what: Functional,
        /// The estimate with its 90 % interval.
        by: Estimate,
        /// The number of pictures.
        pictures: usize,
        /// The approximate number that would suffice, if it can be estimated.
        needed: Option<usize>,
    },
    /// More answers may be swayed, in whatever direction, than the share of decisions that may change.
    Moved {
        /// The change.
        change: Change,
        /// The class.
        class: String,
        /// The share of changes that change the decision, or the probability by more than the smallest effect that counts, with
        /// its 90 % interval.
        share: Estimate,
    },
}

/// Why a direction could not be tested on enough pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// It was not asked for.
    Request,
    /// The artefact's position is not annotated.
    Positions,
    /// There are too few pictures of the class on which it is possible and can be used.
    Pictures,
}

/// Judges one model, one artefact and one target.
///
/// **Shortcut**: for pictures of some class (or of all classes together), adding or removing the artefact (with `both`:
/// adding and removing it) changes the mean probability by more than `min_effect`, or the decision on more than `max_flips`
/// of the edited pictures. The interval, corrected for all comparisons that are judged together, lies entirely beyond this limit;
/// so does the interval after subtracting the effect of the control (with `form`: adding the artefact does, and also after
/// subtracting the effect of the same artefact with its tiles shuffled); and the other direction does not contradict it. Maps
/// corroborate the verdict; with `maps = "required"`, a trusted method's maps must concentrate on the artefact.
///
/// **Clear**: both directions were tested, by edits to which the model responds as to real pictures (or it does not perceive
/// the artefact at all). In every class, that of the target included, the 90 % interval of the mean effect lies within
/// ±`min_effect`, and the upper ends of the decisions gained and lost lie below `max_flips`. So does the upper end of the share of
/// answers that are swayed in either direction, whatever the control does: the decision changes, or the probability by more than
/// `min_effect`. Unedited pictures do not differ by more than the edits explain.
///
/// **Inconclusive**: everything else. So is a model that gives some picture a probability that is not a number, whatever else it
/// does: such an answer is of no class, so its decisions cannot be compared.
pub fn judge(evidence: &Evidence<'_>, rules: &Rules) -> Judgement {
    let config = &rules.verdict;
    let corroborated = corroborated(evidence, config);
    if evidence.not_finite > 0 {
        return Judgement {
            kind: VerdictKind::Inconclusive,
            findings: Vec::new(),
            reacts_to: None,
            corroborated,
            doubts: vec![Objection::NotFinite { answers: evidence.not_finite }],
        };
    }
    let mut findings = Vec::new();
    let mut doubts = Vec::new();
    for effect in judged(evidence) {
        for what in [Functional::Probability, Functional::Gained, Functional::Lost] {
            match tried(evidence, effect, what, rules) {
                Some(Ok(finding)) => findings.push(finding),
                Some(Err(objection)) => doubts.push(objection),
                None => {}
            }
        }
    }
    let convicts = |change: Change| findings.iter().any(|finding| finding.change == change);
    // Removal has no control of the same parts in another order, so it does not say whether the form matters.
    let only_one = config.both && !(convicts(Change::Insert) && convicts(Change::Remove))
        || config.form && !convicts(Change::Insert);
    let unseen = config.maps == MapsRole::Required && corroborated.is_empty();
    if let Some(first) = findings.first().filter(|_| only_one || unseen) {
        let finding = first.clone();
        let mut others = judged(evidence).filter(|effect| effect.change != finding.change);
        let tried = others.any(|other| other.pictures >= config.min_pictures);
        let mapped = !evidence.attention.is_empty();
        let objection = match only_one {
            true => Objection::OnlyOne { finding, tried },
            false => Objection::NotLookedAt { finding, mapped },
        };
        doubts.insert(0, objection);
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
    doubts.extend(effect_doubts(evidence, rules));
    doubts.sort_by_key(weight);
    // That nothing is known of the edits is said once for both directions.
    doubts.dedup();
    let kind = if doubts.is_empty() { VerdictKind::Clear } else { VerdictKind::Inconclusive };
    Judgement { kind, findings, reacts_to: None, corroborated, doubts }
}

/// The order of the objections: first those closest to a shortcut, then those that leave the most unknown.
fn weight(objection: &Objection) -> u8 {
    match objection {
        Objection::NotFinite { .. } | Objection::OnlyOne { .. } | Objection::NotLookedAt { .. } => 0,
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

/// The effects of adding and removing, for each class and for all classes together.
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

/// The effect of a control itself.
fn alone(contrast: &Contrast, what: Functional) -> Estimate {
    match what {
        Functional::Probability => contrast.alone,
        Functional::Gained => contrast.gained_alone,
        Functional::Lost => contrast.lost_alone,
    }
}

fn margin(what: Functional, config: &VerdictConfig) -> f64 {
    if what == Functional::Probability { config.min_effect } else { config.max_flips }
}

/// Whether one effect shows a shortcut, or why it does not although it is large; `None` if it is not large.
fn tried(
    evidence: &Evidence<'_>,
    effect: &Effect,
    what: Functional,
    rules: &Rules,
) -> Option<Result<Finding, Objection>> {
    let config = &rules.verdict;
    if effect.pictures < config.min_pictures {
        return None;
    }
    let (found, of_contrast) = measure(effect, what);
    let margin = margin(what, config);
    let finding = Finding { change: effect.change, class: effect.class.clone(), what, by: found.estimate };
    let Some(sign) = found.beyond(margin) else {
        let Estimate { mean, low, high, .. } = found.estimate;
        let exists = mean.abs() > margin && (low > 0.0 || high < 0.0) && what == Functional::Probability;
        let counts = exists || found.exceeds(margin);
        return counts.then_some(Err(Objection::MayBeChance { finding, beyond: None }));
    };
    for &control in controls(effect.change) {
        if control == Change::Scrambled && !config.form {
            continue;
        }
        let contrast = effect.against.iter().find(|contrast| contrast.control == control);
        let Some(contrast) = contrast.filter(|contrast| contrast.pictures >= config.min_pictures) else {
            let pictures = contrast.map_or(0, |contrast| contrast.pictures);
            let asked = rules.ask_for(evidence.artefact, control);
            return Some(Err(Objection::NoControl { finding, control, asked, pictures }));
        };
        let beyond = of_contrast(contrast);
        if beyond.beyond(margin) != Some(sign) {
            // The change exceeds the control's by enough, although this may be chance; so the reason is not that the control
            // has the same effect.
            let enough = beyond.estimate.mean * sign > margin;
            let alone = alone(contrast, what);
            return Some(Err(match enough {
                true => Objection::MayBeChance { finding, beyond: Some((control, beyond.estimate)) },
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

/// The titles of the trusted methods whose maps concentrate on the artefact: its density is above `min_density` and above
/// that of the same place without it, each with an interval corrected for all comparisons.
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

/// What the model reacts to, according to the effect of the artefact beyond that of the same artefact with its tiles
/// shuffled.
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
        // The inserted artefact has too small an effect to be distinguished from that of its parts.
        ReactsTo::Unknown
    } else {
        // As shares of the whole effect.
        let [one, other] = [own.low / whole, own.high / whole];
        let (low, high) = (one.min(other), one.max(other));
        match own.mean / whole {
            _ if high < 0.5 => ReactsTo::AnythingLikeIt,
            most if most >= 0.5 && low > 0.0 => ReactsTo::Form,
            _ => ReactsTo::Unknown,
        }
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
            // An effect that certainly exists and could be large enough to matter.
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
    doubts.extend(evidence.pairs.iter().filter(|pairs| pairs.pairs >= config.min_pictures).filter_map(
        |found| {
            let Pairs { class, pairs, difference, .. } = found;
            let exists = difference.estimate.low > 0.0 || difference.estimate.high < 0.0;
            (exists && !difference.within(config.min_effect)).then(|| Objection::PairsDiffer {
                class: class.clone(),
                pairs: *pairs,
                difference: difference.estimate,
            })
        },
    ));
    doubts
}

fn taken_doubts(evidence: &Evidence<'_>, config: &VerdictConfig) -> Vec<Objection> {
    let Some(taken) = evidence.taken else { return vec![Objection::TakenUnknown] };
    if taken.sees_nothing() {
        return Vec::new();
    }
    let short = |change: Change| match taken.of(change) {
        Some(edit) => {
            (edit.way.low < config.min_taken).then_some(Objection::NotTaken { change, way: edit.way })
        }
        // A change that was not tried at all is an objection of its own.
        None => judged(evidence).any(|effect| effect.change == change).then_some(Objection::TakenUnknown),
    };
    JUDGED.into_iter().filter_map(short).collect()
}

fn effect_doubts(evidence: &Evidence<'_>, rules: &Rules) -> Vec<Objection> {
    let config = &rules.verdict;
    let mut doubts = Vec::new();
    for class in evidence.classes {
        for change in JUDGED {
            let effect = judged(evidence)
                .find(|effect| effect.change == change && effect.class.as_ref() == Some(class));
            let pictures = effect.map_or(0, |effect| effect.pictures);
            let Some(effect) = effect.filter(|_| pictures >= config.min_pictures) else {
                let left_out = evidence
                    .left_out
                    .iter()
                    .find(|left| left.change == change && left.class.as_ref() == Some(class));
                let excluded = left_out.map(|left| left.excluded).unwrap_or_default();
                let lack = if !rules.ask_for(evidence.artefact, change) {
                    Lack::Request
                } else if change == Change::Remove && !evidence.masks {
                    Lack::Positions
                } else {
                    Lack::Pictures
                };
                // The first two hold for every class and are reported once.
                let told = |doubt: &Objection| match doubt {
                    Objection::Untried { change: other, lack: same, .. } => (*other, *same) == (change, lack),
                    _ => false,
                };
                if lack == Lack::Pictures || !doubts.iter().any(told) {
                    let class = class.clone();
                    doubts.push(Objection::Untried { change, class, pictures, excluded, lack });
                }
                continue;
            };
            doubts.extend(wide(effect, class, config));
        }
    }
    doubts
}

/// The first aspect of the answers of which these pictures show neither that it changes by as much as counts nor that it does
/// not. What they show has been tried, and is an objection of its own or a finding.
fn wide(effect: &Effect, class: &str, config: &VerdictConfig) -> Option<Objection> {
    let ninety = |measure: &Measure| Estimate {
        low: measure.equivalence.low,
        high: measure.equivalence.high,
        ..measure.estimate
    };
    for what in [Functional::Probability, Functional::Gained, Functional::Lost] {
        let (found, _) = measure(effect, what);
        let margin = margin(what, config);
        if found.within(margin) || found.exceeds(margin) {
            continue;
        }
        let differences: Vec<f64> = effect.pairs.iter().map(|(before, after)| after - before).collect();
        let room = config.min_effect - effect.difference.estimate.mean.abs();
        let needed = (what == Functional::Probability && room > 0.0)
            .then(|| reglet_statistics::pictures_needed(&differences, room))
            .flatten();
        return Some(Objection::Wide {
            change: effect.change,
            class: class.to_owned(),
            what,
            by: ninety(found),
            pictures: effect.pictures,
            needed,
        });
    }
    (effect.moved.equivalence.high >= config.max_flips).then(|| Objection::Moved {
        change: effect.change,
        class: class.to_owned(),
        share: ninety(&effect.moved),
    })
}
