//! Comparison of a model before and after a correction, for each picture.

use std::collections::BTreeMap;

use reglet_evidence::VerdictKind;
use reglet_statistics::{
    Estimate, Rows, bootstrap, bootstrap_auroc_difference, bootstrap_mean, paired_share,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::results::{CaseResults, SampleResult};

/// The results of a model for one picture.
#[derive(Debug, Clone, PartialEq)]
struct Seen<'a> {
    target: bool,
    group: u32,
    kind: Option<(&'a str, bool)>,
    probability: f64,
    right: bool,
    effect: Option<f64>,
}

/// A model's answers, before or after.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Side {
    /// The audit's verdict.
    pub verdict: VerdictKind,
    /// In one sentence.
    pub summary: String,
    /// The reasons, one sentence each.
    pub reasons: Vec<String>,
    /// The absolute change of the target's probability per picture when the artefact is added or removed, beyond that of the
    /// control: the mean with its 95 % interval.
    pub effect: Option<Estimate>,
    /// Area under the ROC curve.
    pub auroc: Option<Estimate>,
    /// The share of the target's pictures that are classified as the target.
    pub sensitivity: Option<Estimate>,
    /// The share of the other pictures that are not.
    pub specificity: Option<Estimate>,
    /// By class, without and with the artefact.
    pub groups: Vec<GroupSide>,
    /// The index of the group with the smallest share of correctly classified pictures, of those with as many pictures as the
    /// verdict requires.
    pub worst: Option<usize>,
}

/// A group of pictures.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GroupSide {
    /// The class.
    pub class: String,
    /// Whether the artefact is present.
    pub artefact: bool,
    /// How many pictures.
    pub pictures: usize,
    /// The mean probability of the target.
    pub probability: Option<f64>,
    /// The share that is classified correctly.
    pub right: Option<f64>,
}

impl Side {
    /// The worst group, and its share of correctly classified pictures.
    pub fn worst(&self) -> Option<(&GroupSide, f64)> {
        let group = self.groups.get(self.worst?)?;
        Some((group, group.right?))
    }
}

/// The effect of a correction, on the audit's pictures.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Comparison {
    /// The mean over pictures of |effect before| − |effect after|. The ends of this interval, and of those below, are one-sided
    /// 95 % limits, corrected for all methods that are compared (Bonferroni): the probability that any method passes one
    /// requirement by chance is at most 5 %.
    pub effect: Option<Estimate>,
    /// The AUROC after minus before.
    pub auroc: Option<Estimate>,
    /// The same of the sensitivity, by the score interval for paired proportions
    /// ([`paired_share`]).
    pub sensitivity: Option<Estimate>,
    /// The same of the specificity.
    pub specificity: Option<Estimate>,
    /// The share of correctly classified pictures in the worst group of at least `min_pictures` pictures, after minus before.
    /// The worst group may differ before and after.
    pub worst_group: Option<Estimate>,
    /// By name, each other artefact of the audit.
    pub others: BTreeMap<String, Other>,
    /// The requirements for a correction.
    pub criteria: Criteria,
}

/// The influence of another artefact, before and after a correction.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Other {
    /// The mean over pictures of |effect after| − |effect before|; `None` if it could not be measured.
    pub risen: Option<Estimate>,
    /// The audit's verdict before.
    pub before: VerdictKind,
    /// The same after.
    pub after: VerdictKind,
}

/// The requirements for a correction, and whether they are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Criteria {
    /// The audit's verdict on the corrected model is clear.
    pub clear: bool,
    /// The effect of the artefact has become smaller: the lower end of the interval of the difference is above 0.
    pub lessened: bool,
    /// AUROC is not worse by more than the margin.
    pub auroc: bool,
    /// The sensitivity is not worse by more than the margin.
    pub sensitivity: bool,
    /// The specificity is not worse by more than the margin.
    pub specificity: bool,
    /// A larger share of the worst group is classified correctly: the lower end of the interval of the difference is above 0, and
    /// so is that of the group that was the worst before, by the score interval for paired proportions.
    pub worst_group: bool,
    /// No other artefact has gained influence that matters: the upper end of the interval of each is below the audit's
    /// `min_effect`, and none has become a shortcut. Not met if the influence of one could not be measured.
    pub others: bool,
}

impl Criteria {
    /// Whether all are met.
    pub fn all(&self) -> bool {
        let Criteria { clear, lessened, auroc, sensitivity, specificity, worst_group, others } = *self;
        clear && lessened && auroc && sensitivity && specificity && worst_group && others
    }
}

/// How models are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Means<'a> {
    /// By picture, the number of its group.
    pub groups: &'a BTreeMap<String, u32>,
    /// The tolerated loss.
    pub margin: f64,
    /// The smallest effect that counts.
    pub min_effect: f64,
    /// The number of pictures from which on a group counts.
    pub min_pictures: usize,
    /// The number of methods that are compared.
    pub methods: usize,
    pub seed: u64,
}

fn seen<'a>(case: &'a CaseResults, means: Means<'_>) -> Vec<Seen<'a>> {
    let of = |sample: &'a SampleResult| {
        let target = sample.label == case.target;
        Seen {
            target,
            group: means.groups.get(&sample.id).copied().unwrap_or(u32::MAX),
            kind: sample.artefact.map(|shown| (sample.label.as_str(), shown)),
            probability: sample.answer.probability,
            right: sample.answer.called == target,
            effect: sample.effect,
        }
    };
    case.samples.iter().map(of).collect()
}

fn mean(values: &[f64], groups: &[u32], level: f64, seed: u64) -> Option<Estimate> {
    Some(bootstrap_mean(Rows { values, groups, donors: None }, seed)?.interval(level))
}

/// One side of a comparison.
pub(super) fn side(case: &CaseResults, means: Means<'_>) -> Side {
    let all = seen(case, means);
    let (values, groups): (Vec<f64>, Vec<u32>) =
        all.iter().filter_map(|seen| Some((seen.effect?.abs(), seen.group))).unzip();
    let mut kinds: BTreeMap<(&str, bool), Vec<&Seen<'_>>> = BTreeMap::new();
    all.iter().for_each(|seen| kinds.entry(seen.kind.unwrap_or(("", false))).or_default().push(seen));
    let named = kinds.into_iter().filter(|((class, _), _)| !class.is_empty());
    let group = |((class, artefact), own): ((&str, bool), Vec<&Seen<'_>>)| {
        let count = own.len() as f64;
        GroupSide {
            class: class.to_owned(),
            artefact,
            pictures: own.len(),
            probability: Some(own.iter().map(|seen| seen.probability).sum::<f64>() / count),
            right: Some(own.iter().filter(|seen| seen.right).count() as f64 / count),
        }
    };
    let whole = case.performance.iter().find(|found| found.part == reglet_evidence::Part::All);
    let groups_of_kinds: Vec<GroupSide> = named.map(group).collect();
    Side {
        verdict: case.verdict.kind,
        summary: case.verdict.summary.clone(),
        reasons: case.verdict.reasons.clone(),
        effect: mean(&values, &groups, 0.95, means.seed),
        auroc: whole.and_then(|found| found.auroc),
        sensitivity: whole.and_then(|found| found.sensitivity),
        specificity: whole.and_then(|found| found.specificity),
        worst: worst_of(&groups_of_kinds, means.min_pictures),
        groups: groups_of_kinds,
    }
}

/// The index of the group with the smallest share of correctly classified pictures, of those with enough of them.
fn worst_of(groups: &[GroupSide], min_pictures: usize) -> Option<usize> {
    let enough = groups.iter().enumerate().filter(|(_, group)| group.pictures >= min_pictures);
    let right = enough.filter_map(|(index, group)| Some((index, group.right?)));
    right.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
}

/// A model before and after, for one artefact and target; `others` are the same for the other artefacts.
pub(super) fn compare(
    before: &CaseResults,
    after: &CaseResults,
    others: &[(&CaseResults, &CaseResults)],
    means: Means<'_>,
) -> Comparison {
    // Each end of an interval is a limit of its own.
    let level = 1.0 - 0.1 / means.methods.max(1) as f64;
    let (was, is) = (seen(before, means), seen(after, means));
    let effect = lessened(&was, &is, level, means.seed);
    let auroc = auroc(&was, &is, level, means.seed);
    let [specificity, sensitivity] = [false, true].map(|target| right(&was, &is, target, level));
    let other = |(before, after): &(&CaseResults, &CaseResults)| {
        let lessened = lessened(&seen(before, means), &seen(after, means), level, means.seed);
        let risen = lessened.map(|e| Estimate { mean: -e.mean, low: -e.high, high: -e.low, count: e.count });
        (after.artefact.clone(), Other { risen, before: before.verdict.kind, after: after.verdict.kind })
    };
    let others: BTreeMap<String, Other> = others.iter().map(other).collect();
    let not_worse = |found: Option<Estimate>| found.is_some_and(|found| found.low > -means.margin);
    let worst_group = worst_group(&was, &is, level, means);
    let criteria = Criteria {
        clear: after.verdict.kind == VerdictKind::Clear,
        lessened: effect.is_some_and(|found| found.low > 0.0),
        auroc: not_worse(auroc),
        sensitivity: not_worse(sensitivity),
        specificity: not_worse(specificity),
        worst_group: worst_group.is_some_and(|found| found.low > 0.0) && lifts_worst(&was, &is, level, means),
        others: others.values().all(|other| other.is_no_worse(means.min_effect)),
    };
    Comparison { effect, auroc, sensitivity, specificity, worst_group, others, criteria }
}

impl Other {
    fn is_no_worse(&self, min_effect: f64) -> bool {
        let newly_used = self.after == VerdictKind::Shortcut && self.before != VerdictKind::Shortcut;
        !newly_used && self.risen.is_some_and(|risen| risen.high < min_effect)
    }
}

/// The share of correctly classified pictures, of the target or of all others: after minus before.
fn right(was: &[Seen<'_>], is: &[Seen<'_>], target: bool, level: f64) -> Option<Estimate> {
    changed(was, is, |seen| seen.target == target, level)
}

/// The share of correctly classified pictures among `own`: after minus before.
fn changed(
    was: &[Seen<'_>],
    is: &[Seen<'_>],
    own: impl Fn(&Seen<'_>) -> bool,
    level: f64,
) -> Option<Estimate> {
    let own = was.iter().zip(is).filter(|(was, _)| own(was));
    let change = |(was, is): (&Seen<'_>, &Seen<'_>)| (i8::from(is.right) - i8::from(was.right), was.group);
    let (changes, groups): (Vec<i8>, Vec<u32>) = own.map(change).unzip();
    Some(paired_share(&changes, &groups)?.interval(level))
}

/// The kinds of pictures, by class and artefact, of which there are enough, each with the number classified correctly and all.
fn kinds<'a>(side: &[Seen<'a>], means: Means<'_>) -> BTreeMap<(&'a str, bool), [usize; 2]> {
    let mut kinds: BTreeMap<(&str, bool), [usize; 2]> = BTreeMap::new();
    for (kind, seen) in side.iter().filter_map(|seen| Some((seen.kind?, seen))) {
        let [right, all] = kinds.entry(kind).or_default();
        (*right, *all) = (*right + usize::from(seen.right), *all + 1);
    }
    kinds.retain(|_, [_, all]| *all >= means.min_pictures);
    kinds
}

/// Whether more pictures of the kind that was the worst before are classified correctly. A bootstrap alone would be certain of a
/// kind with two pictures that were wrong and are right.
fn lifts_worst(was: &[Seen<'_>], is: &[Seen<'_>], level: f64, means: Means<'_>) -> bool {
    let share = |[right, all]: [usize; 2]| right as f64 / all as f64;
    let worst =
        kinds(was, means).into_iter().min_by(|(_, one), (_, other)| share(*one).total_cmp(&share(*other)));
    let found = worst.and_then(|(worst, _)| changed(was, is, |seen| seen.kind == Some(worst), level));
    found.is_some_and(|found| found.low > 0.0)
}

fn lessened(was: &[Seen<'_>], is: &[Seen<'_>], level: f64, seed: u64) -> Option<Estimate> {
    let both =
        was.iter().zip(is).filter_map(|(was, is)| Some((was.effect?.abs() - is.effect?.abs(), was.group)));
    let (values, groups): (Vec<f64>, Vec<u32>) = both.unzip();
    mean(&values, &groups, level, seed)
}

/// The share of correctly classified pictures in the worst group: after minus before.
fn worst_group(was: &[Seen<'_>], is: &[Seen<'_>], level: f64, means: Means<'_>) -> Option<Estimate> {
    let kinds: Vec<(&str, bool)> = kinds(was, means).into_keys().collect();
    let known = |kind: &(&str, bool)| kinds.contains(kind);
    let rows = || was.iter().zip(is).filter_map(|(was, is)| Some((was.kind.filter(known)?, was, is)));
    let kind: Vec<usize> =
        rows().filter_map(|(kind, ..)| kinds.iter().position(|known| *known == kind)).collect();
    let right: Vec<[f64; 2]> =
        rows().map(|(_, was, is)| [was.right, is.right].map(|right| f64::from(u8::from(right)))).collect();
    let groups: Vec<u32> = rows().map(|(_, was, _)| was.group).collect();
    let difference = |weights: &[f64]| {
        let mut sums = vec![[0.0; 3]; kinds.len()];
        for ((&kind, right), weight) in kind.iter().zip(&right).zip(weights) {
            for (sum, value) in sums[kind].iter_mut().zip([1.0, right[0], right[1]]) {
                *sum += weight * value;
            }
        }
        // A draw that contains no picture of a group says nothing about that group.
        let worst = |side: usize| -> Option<f64> {
            sums.iter().try_fold(f64::INFINITY, |least, sum| {
                (sum[0] > 0.0).then(|| f64::min(least, sum[side] / sum[0]))
            })
        };
        Some(worst(2)? - worst(1)?)
    };
    Some(bootstrap(&groups, means.seed, difference)?.interval(level))
}

fn auroc(was: &[Seen<'_>], is: &[Seen<'_>], level: f64, seed: u64) -> Option<Estimate> {
    let positive: Vec<bool> = was.iter().map(|seen| seen.target).collect();
    let groups: Vec<u32> = was.iter().map(|seen| seen.group).collect();
    let [was, is] = [was, is].map(|side| side.iter().map(|seen| seen.probability).collect::<Vec<f64>>());
    Some(bootstrap_auroc_difference([&was, &is], &positive, &groups, seed)?.interval(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(low: f64, high: f64, before: VerdictKind, after: VerdictKind) -> Other {
        Other { risen: Some(Estimate { mean: (low + high) / 2.0, low, high, count: 20 }), before, after }
    }

    /// What cannot be shown to be small does not count as small, however many methods are compared.
    #[test]
    fn another_artefact_must_be_shown_not_to_have_gained_influence() {
        let clear = VerdictKind::Clear;
        assert!(other(-0.02, 0.05, clear, clear).is_no_worse(0.1));
        // Ink moves four pictures in twenty by one half: the wider the interval, the less is shown.
        assert!(!other(0.02, 0.2, clear, clear).is_no_worse(0.1));
        assert!(!other(-0.02, 0.25, clear, clear).is_no_worse(0.1));
        assert!(!Other { risen: None, before: clear, after: clear }.is_no_worse(0.1));
        assert!(!other(-0.02, 0.05, clear, VerdictKind::Shortcut).is_no_worse(0.1));
        let shortcut = VerdictKind::Shortcut;
        assert!(other(-0.02, 0.05, shortcut, shortcut).is_no_worse(0.1));
    }

    /// A few pictures without any changed answer show nothing about a small loss.
    #[test]
    fn unchanged_answers_of_few_pictures_do_not_show_that_nothing_was_lost() {
        let seen = |count: u32, right: bool| -> Vec<Seen<'static>> {
            let one = |group| Seen { target: true, group, kind: None, probability: 0.9, right, effect: None };
            (0..count).map(one).collect()
        };
        let low = |count: u32, level: f64| {
            let found = right(&seen(count, true), &seen(count, true), true, level).expect("pictures");
            assert_eq!(found.mean, 0.0);
            found.low
        };
        assert!(low(24, 0.9) < -0.05 && low(80, 0.9) > -0.05, "{} {}", low(24, 0.9), low(80, 0.9));
        // With ten methods it takes more.
        assert!(low(80, 0.99) < -0.05, "{}", low(80, 0.99));
        let lost = right(&seen(24, true), &seen(24, false), true, 0.9).expect("pictures");
        assert!(lost.mean == -1.0 && lost.high < -0.5, "{lost:?}");
        assert_eq!(right(&seen(24, true), &seen(24, true), false, 0.9), None);
    }

    /// Two pictures of a kind that were wrong and are right are chance.
    #[test]
    fn a_worst_group_of_few_pictures_is_not_lifted() {
        let groups = BTreeMap::new();
        let means =
            Means { groups: &groups, margin: 0.05, min_effect: 0.1, min_pictures: 2, methods: 1, seed: 1 };
        let seen = |few: u32, right: bool| -> Vec<Seen<'static>> {
            let one = |group: u32| {
                let rare = group < few;
                let kind = Some((if rare { "melanoma" } else { "benign" }, false));
                Seen { target: rare, group, kind, probability: 0.5, right: right || !rare, effect: None }
            };
            (0..60).map(one).collect()
        };
        let lifted =
            |few: u32, means: Means<'_>| lifts_worst(&seen(few, false), &seen(few, true), 0.9, means);
        assert!(!lifted(2, means) && lifted(20, means));
        assert!(!lifted(20, Means { min_pictures: 50, ..means }));
        // The bootstrap is certain of it.
        let found = worst_group(&seen(2, false), &seen(2, true), 0.9, means).expect("two kinds");
        assert!(found.low > 0.0, "{found:?}");
        assert_eq!(
            worst_group(&seen(2, false), &seen(2, true), 0.9, Means { min_pictures: 61, ..means }),
            None
        );
    }

    /// The worst group is the one of which the requirement is, and not one of three pictures.
    #[test]
    fn a_group_of_few_pictures_is_not_the_worst() {
        let group = |pictures: usize, right: Option<f64>| GroupSide {
            class: "benign".into(),
            artefact: false,
            pictures,
            probability: None,
            right,
        };
        let groups = [group(40, Some(0.8)), group(3, Some(0.0)), group(40, Some(0.6)), group(40, None)];
        assert_eq!(worst_of(&groups, 10), Some(2));
        assert_eq!(worst_of(&groups, 3), Some(1));
        assert_eq!(worst_of(&groups, 50), None);
    }
}
