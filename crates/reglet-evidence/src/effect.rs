//! The effect of each change, by class, minus the effect of its control on the same pictures.

use std::collections::BTreeSet;

use reglet_data::edit::Change;
use reglet_statistics::{
    Draws, Estimate, Rows as Sampled, bootstrap_mean, cohens_d, detectable, mcnemar, rank_biserial, share,
    wilcoxon,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::question::{Asked, Changed, LEAST_VISIBLE, MOST_LESION, numbered};

/// The effect of one change on the target's probability and on decisions, over the pictures of one class or of all classes
/// in which the change is possible.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Effect {
    /// The change.
    pub change: Change,
    /// Whether the pictures show the artefact.
    pub with: bool,
    /// The class of the pictures; `None` for all classes together.
    pub class: Option<String>,
    /// The number of changed pictures.
    pub pictures: usize,
    /// The number of their patients or lesions.
    pub groups: usize,
    /// The number of changed pictures that are excluded, and why.
    pub excluded: Excluded,
    /// The number of them in which the mask of the removed region was estimated.
    pub estimated: usize,
    /// The mean absolute change of the changed pixels, on a scale from 0 to 255.
    pub strength: f64,
    /// The mean of (after − before), in probability. Each place of a picture counts once.
    pub difference: Measure,
    /// The same of the target's margin: the log odds against all other classes.
    pub score: Measure,
    /// The share of changes, so of edited pictures, after which a picture is newly classified as the target.
    pub gained: Measure,
    /// The share of changes after which it is no longer classified as the target.
    pub lost: Measure,
    /// The share of changes that sway the answer: they change the decision, or the probability by more than the smallest effect
    /// that counts.
    pub moved: Measure,
    /// The numbers of pictures classified as the target before and after, by the mean over places.
    pub called: [usize; 2],
    /// Whether the mean difference could be due to chance, with one value for each picture.
    pub test: Test,
    /// McNemar's exact two-sided p-value of the decisions that changed.
    pub mcnemar: f64,
    /// The smallest mean difference that these pictures would have shown four times out of five.
    pub detectable: Option<f64>,
    /// The same minus the effect of a neutral edit of the same strength.
    pub against: Vec<Contrast>,
    /// Before and after, for each picture, the mean over places.
    #[serde(skip)]
    pub pairs: Vec<(f64, f64)>,
}

/// A change minus its control, on the same pictures.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Contrast {
    /// The control.
    pub control: Change,
    /// The number of pictures in which both were possible.
    pub pictures: usize,
    /// The mean absolute change of the pixels that the control changes, on a scale from 0 to 255.
    pub strength: f64,
    /// The effect of the control itself on the probability, on these pictures.
    pub alone: Estimate,
    /// The share of decisions gained by the control itself.
    pub gained_alone: Estimate,
    /// The share of decisions lost by the control itself.
    pub lost_alone: Estimate,
    /// The mean of (after the change − after the control), in probability.
    pub difference: Measure,
    /// The share of decisions gained, minus that of the control.
    pub gained: Measure,
    /// The share of decisions lost, minus that of the control.
    pub lost: Measure,
    /// The share of changes that sway the answer (the decision, or the probability by more than the smallest effect that counts),
    /// minus that of the control.
    pub moved: Measure,
    /// Whether the mean difference could be due to chance.
    pub test: Test,
    /// The difference of each picture, averaged over its places, with the picture's index among the rows.
    #[serde(skip)]
    pub by_picture: Vec<(usize, f64)>,
}

/// The numbers of changed pictures that are not used for the verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Excluded {
    /// Those in which the model sees less than half of the change.
    pub unseen: usize,
    /// Those in which the change covers part of the lesion, and its control does not cover as much.
    pub on_lesion: usize,
    /// Those in which it is unknown how much of the lesion the change covers, because the lesion has no mask.
    pub lesion_unknown: usize,
}

impl Excluded {
    /// All of them.
    pub fn total(&self) -> usize {
        self.unseen + self.on_lesion + self.lesion_unknown
    }

    /// One more.
    fn count(&mut self, unfit: Unfit) {
        *match unfit {
            Unfit::Unseen => &mut self.unseen,
            Unfit::OnLesion => &mut self.on_lesion,
            Unfit::LesionUnknown => &mut self.lesion_unknown,
        } += 1;
    }
}

/// Why the verdict does not use a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unfit {
    /// The model sees less than half of it.
    Unseen,
    /// It covers part of the lesion, and no control covers as much.
    OnLesion,
    /// It may do so: the lesion has no mask.
    LesionUnknown,
}

/// An estimate with its three intervals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Measure {
    /// With its 95 % interval.
    pub estimate: Estimate,
    /// The interval that shows a shortcut, corrected for all comparisons that are judged together.
    pub corrected: Span,
    /// The 90 % interval, which clears a model: within ±δ, two one-sided tests of 5 % each say that the effect is smaller
    /// than δ (Schuirmann, 1987).
    pub equivalence: Span,
}

/// An interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Span {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Measure {
    pub(crate) fn of(draws: &Draws, corrected: f64) -> Measure {
        let at = |level| {
            let Estimate { low, high, .. } = draws.interval(level);
            Span { low, high }
        };
        Measure { estimate: draws.interval(0.95), corrected: at(corrected), equivalence: at(0.9) }
    }

    /// +1 or −1 if the corrected interval lies entirely beyond that side of ±`margin`.
    pub fn beyond(&self, margin: f64) -> Option<f64> {
        let Span { low, high } = self.corrected;
        if low > margin {
            Some(1.0)
        } else if high < -margin {
            Some(-1.0)
        } else {
            None
        }
    }

    /// Whether the 90 % interval lies entirely beyond one side of ±`margin`, so that these pictures alone show a larger effect.
    pub(crate) fn exceeds(&self, margin: f64) -> bool {
        self.equivalence.low > margin || self.equivalence.high < -margin
    }

    /// Whether the 90 % interval lies within ±`margin`.
    pub fn within(&self, margin: f64) -> bool {
        self.equivalence.low > -margin && self.equivalence.high < margin
    }
}

/// Whether paired differences could be due to chance, and how large they are relative to their spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Test {
    /// The two-sided p-value of Wilcoxon's signed-rank test, with one value for each picture, not corrected.
    pub p: f64,
    /// Cohen's d of the paired differences.
    pub cohens_d: Option<f64>,
    /// The matched-pairs rank-biserial correlation.
    pub rank_biserial: Option<f64>,
}

impl Test {
    fn of(differences: &[f64]) -> Test {
        Test {
            p: wilcoxon(differences),
            cohens_d: cohens_d(differences),
            rank_biserial: rank_biserial(differences),
        }
    }
}

/// The changes that a verdict is based on.
pub const JUDGED: [Change; 2] = [Change::Insert, Change::Remove];

/// The controls of `change`: neutral edits of the same strength.
pub fn controls(change: Change) -> &'static [Change] {
    match change {
        Change::Insert => &[Change::Control, Change::Scrambled],
        Change::Remove => &[Change::Control],
        _ => &[],
    }
}

/// The numbers of pictures of one class that were changed in vain: the verdict uses none of their changes.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The change.
    pub change: Change,
    /// The class of the pictures; `None` for all classes together.
    pub class: Option<String>,
    /// Why.
    pub excluded: Excluded,
}

/// Changes of the pictures of one kind, each with its control if there is one.
struct Cell<'a> {
    change: Change,
    with: bool,
    class: Option<usize>,
    changes: Vec<Changed<'a>>,
    excluded: Excluded,
}

/// The effect of every change on the pictures of each class and of all, with and without the artefact. `level` is the
/// corrected level of the intervals that show a shortcut.
pub(crate) fn effects(asked: &Asked<'_>, level: f64) -> (Vec<Effect>, Vec<LeftOut>) {
    let (mut effects, mut left_out) = (Vec::new(), Vec::new());
    for cell in cells(asked) {
        if cell.excluded != Excluded::default() {
            let class = cell.class.map(|class| asked.rows.subject.classes[class].clone());
            left_out.push(LeftOut { change: cell.change, class, excluded: cell.excluded });
        }
        effects.extend(effect(asked, &cell, level));
    }
    (effects, left_out)
}

/// The changes of one picture that the verdict uses, at each of their places: those that the model sees and that leave the
/// lesion alone. If there are none although the picture was changed, the reason.
pub(crate) fn fit<'a>(
    asked: &Asked<'a>,
    picture: usize,
    change: Change,
) -> (Vec<Changed<'a>>, Option<Unfit>) {
    let (mut used, mut reason) = (Vec::new(), None);
    for changed in asked.changed(picture, change) {
        match unfit(asked, &changed) {
            None => used.push(changed),
            other => reason = reason.max(other),
        }
    }
    let reason = reason.filter(|_| used.is_empty());
    (used, reason)
}

fn unfit(asked: &Asked<'_>, changed: &Changed<'_>) -> Option<Unfit> {
    let edit = changed.edit;
    if edit.visible < LEAST_VISIBLE {
        return Some(Unfit::Unseen);
    }
    if !JUDGED.contains(&edit.change) {
        return None;
    }
    let Some(covered) = edit.lesion else { return Some(Unfit::LesionUnknown) };
    let matched = || {
        let controls = controls(edit.change).iter();
        controls
            .flat_map(|&control| asked.changed(changed.picture, control))
            .any(|control| covers_alike(changed, &control))
    };
    (covered > MOST_LESION && !matched()).then_some(Unfit::OnLesion)
}

/// Whether a change and its control cover hardly anything of the lesion, or about the same share of it.
fn covers_alike(changed: &Changed<'_>, control: &Changed<'_>) -> bool {
    let (Some(one), Some(other)) = (changed.edit.lesion, control.edit.lesion) else { return false };
    one.max(other) <= MOST_LESION || one.min(other) >= 0.8 * one.max(other)
}

/// The number of comparisons that one question adds to those that are judged together: the mean difference and the decisions
/// gained and lost, for each judged change, each class, and all classes together.
pub(crate) fn comparisons(asked: &Asked<'_>) -> usize {
    let judged = cells(asked).filter(|cell| JUDGED.contains(&cell.change));
    3 * judged
        .filter(|cell| distinct(cell.changes.iter().map(|c| c.picture)) >= asked.rules.verdict.min_pictures)
        .count()
}

/// Each kind of changed pictures, one after the other, because all kinds together would take more memory than all rows.
fn cells<'a>(asked: &Asked<'a>) -> impl Iterator<Item = Cell<'a>> {
    let classes = asked.rows.subject.classes.len();
    let kinds = Change::ALL.into_iter().flat_map(move |change| {
        [false, true].into_iter().flat_map(move |with| {
            let classes = (0..classes).map(Some);
            std::iter::once(None).chain(classes).map(move |class| (change, with, class))
        })
    });
    kinds.filter_map(|(change, with, class)| {
        let mut cell = Cell { change, with, class, changes: Vec::new(), excluded: Excluded::default() };
        let pictures = asked.pictures().filter(|(index, picture, _)| {
            asked.shows(*index) == Some(with) && class.is_none_or(|class| picture.label == class)
        });
        for (index, ..) in pictures {
            cell.take(asked, index);
        }
        (!cell.changes.is_empty() || cell.excluded != Excluded::default()).then_some(cell)
    })
}

impl<'a> Cell<'a> {
    /// Adds the changes of one picture that the verdict uses.
    fn take(&mut self, asked: &Asked<'a>, picture: usize) {
        let (used, reason) = fit(asked, picture, self.change);
        self.changes.extend(used);
        reason.into_iter().for_each(|unfit| self.excluded.count(unfit));
    }
}

fn distinct(pictures: impl Iterator<Item = usize>) -> usize {
    pictures.collect::<BTreeSet<_>>().len()
}

/// The change of a decision: +1 if gained, −1 if lost, 0 otherwise.
fn flip(changed: &Changed<'_>) -> i8 {
    i8::from(changed.after.called) - i8::from(changed.before.called)
}

pub(crate) fn rise(changed: &Changed<'_>) -> f64 {
    changed.after.score.probability - changed.before.score.probability
}

/// Whether an answer is swayed: the decision changes, or the probability by more than the smallest effect that counts.
fn sways(changed: &Changed<'_>, min_effect: f64) -> bool {
    flip(changed) != 0 || rise(changed).abs() > min_effect
}

fn effect(asked: &Asked<'_>, cell: &Cell<'_>, level: f64) -> Option<Effect> {
    let changes = &cell.changes;
    let min_effect = asked.rules.verdict.min_effect;
    let places = Places::new(asked, changes);
    let pairs =
        by_picture(changes, |changed| (changed.before.score.probability, changed.after.score.probability));
    let differences: Vec<f64> = pairs.iter().map(|(before, after)| after - before).collect();
    let called = by_picture(changes, |changed| {
        (f64::from(u8::from(changed.before.called)), f64::from(u8::from(changed.after.called)))
    });
    let count = |of: &dyn Fn(bool, bool) -> bool| {
        called.iter().filter(|(before, after)| of(*before > 0.5, *after > 0.5)).count()
    };
    let (gained, lost) = (count(&|before, after| !before && after), count(&|before, after| before && !after));
    let of_lesion = cell.change == Change::RemoveLesion;
    let estimated = changes
        .iter()
        .filter(|changed| of_lesion && !asked.rows.pictures[changed.picture].estimated.is_empty());
    let controls = controls(cell.change).iter();
    Some(Effect {
        change: cell.change,
        with: cell.with,
        class: cell.class.map(|class| asked.rows.subject.classes[class].clone()),
        pictures: pairs.len(),
        groups: places.number(),
        excluded: cell.excluded,
        estimated: distinct(estimated.map(|changed| changed.picture)),
        strength: mean(changes.iter().map(|changed| changed.edit.strength))?,
        difference: places.mean(changes.iter().map(rise), level)?,
        score: places.mean(changes.iter().map(|c| c.after.score.margin - c.before.score.margin), level)?,
        gained: places.share(changes.iter().map(|changed| flip(changed) > 0), level)?,
        lost: places.share(changes.iter().map(|changed| flip(changed) < 0), level)?,
        moved: places.share(changes.iter().map(|changed| sways(changed, min_effect)), level)?,
        called: [count(&|before, _| before), count(&|_, after| after)],
        test: Test::of(&differences),
        mcnemar: mcnemar(gained, lost),
        detectable: detectable(&differences),
        against: controls.filter_map(|&control| contrast(asked, changes, control, level)).collect(),
        pairs,
    })
}

/// A change minus its control, on the pictures in which both were possible: at each place that both have, else minus the
/// control's mean over its places.
fn contrast(asked: &Asked<'_>, changes: &[Changed<'_>], control: Change, level: f64) -> Option<Contrast> {
    let min_effect = asked.rules.verdict.min_effect;
    let mut both: Vec<(Changed<'_>, Vec<Changed<'_>>)> = Vec::new();
    for changed in changes {
        let all: Vec<Changed<'_>> = asked
            .changed(changed.picture, control)
            .filter(|control| control.edit.visible >= LEAST_VISIBLE && covers_alike(changed, control))
            .collect();
        let here: Vec<Changed<'_>> =
            all.iter().filter(|control| control.edit.place == changed.edit.place).copied().collect();
        // A removal has one place and its control several, so it is compared with all of them.
        let beside = if here.is_empty() || changed.edit.change == Change::Remove { all } else { here };
        if !beside.is_empty() {
            both.push((*changed, beside));
        }
    }
    let own: Vec<Changed<'_>> = both.iter().map(|(changed, _)| *changed).collect();
    let places = Places::new(asked, &own);
    let less = |of: &dyn Fn(&Changed<'_>) -> f64| -> Vec<f64> {
        let value = |(changed, controls): &(Changed<'_>, Vec<Changed<'_>>)| {
            of(changed) - controls.iter().map(of).sum::<f64>() / controls.len() as f64
        };
        both.iter().map(value).collect()
    };
    let alone = |of: &dyn Fn(&Changed<'_>) -> f64| {
        let value = |controls: &[Changed<'_>]| controls.iter().map(of).sum::<f64>() / controls.len() as f64;
        let values: Vec<f64> = both.iter().map(|(_, controls)| value(controls)).collect();
        Some(places.mean(values.into_iter(), level)?.estimate)
    };
    let difference = less(&rise);
    let numbers = own.iter().map(|changed| changed.picture);
    let by_picture = means(&numbers.zip(difference.iter().copied()).collect::<Vec<_>>());
    let yes = |hit: bool| f64::from(u8::from(hit));
    let gains = |changed: &Changed<'_>| yes(flip(changed) > 0);
    let loses = |changed: &Changed<'_>| yes(flip(changed) < 0);
    let strengths = both.iter().flat_map(|(_, controls)| controls.iter().map(|c| c.edit.strength));
    Some(Contrast {
        control,
        pictures: distinct(own.iter().map(|changed| changed.picture)),
        strength: mean(strengths)?,
        alone: alone(&rise)?,
        gained_alone: alone(&gains)?,
        lost_alone: alone(&loses)?,
        difference: places.mean(difference.into_iter(), level)?,
        gained: places.mean(less(&gains).into_iter(), level)?,
        lost: places.mean(less(&loses).into_iter(), level)?,
        moved: places.mean(less(&|changed| yes(sways(changed, min_effect))).into_iter(), level)?,
        test: Test::of(&by_picture.iter().map(|(_, difference)| *difference).collect::<Vec<_>>()),
        by_picture,
    })
}

/// The groups and donors of some changes, which the bootstrap resamples.
pub(crate) struct Places {
    groups: Vec<u32>,
    donors: Option<Vec<Option<u32>>>,
    seed: u64,
}

impl Places {
    pub fn new(asked: &Asked<'_>, changes: &[Changed<'_>]) -> Places {
        let groups = changes.iter().map(|changed| asked.group(changed.picture)).collect();
        let named = changes.iter().any(|changed| changed.edit.donor.is_some());
        let numbers = || numbered(changes.iter().map(|changed| changed.edit.donor.as_deref()));
        let donor = |(changed, number): (&Changed<'_>, u32)| changed.edit.donor.as_ref().map(|_| number);
        let donors = named.then(|| changes.iter().zip(numbers()).map(donor).collect());
        Places { groups, donors, seed: asked.rules.seed }
    }

    /// The number of groups.
    pub fn number(&self) -> usize {
        self.groups.iter().collect::<BTreeSet<_>>().len()
    }

    pub fn draws(&self, values: &[f64]) -> Option<Draws> {
        let rows = Sampled { values, groups: &self.groups, donors: self.donors.as_deref() };
        bootstrap_mean(rows, self.seed)
    }

    pub fn mean(&self, values: impl Iterator<Item = f64>, level: f64) -> Option<Measure> {
        let values: Vec<f64> = values.collect();
        Some(Measure::of(&self.draws(&values)?, level))
    }

    /// A share, whose interval is valid even if there are only hits or none. With two or more donors it is the wider one, at
    /// either end, of the interval over groups and that over donors.
    fn share(&self, hits: impl Iterator<Item = bool>, level: f64) -> Option<Measure> {
        let hits: Vec<bool> = hits.collect();
        let over =
            [Some(share(&hits, &self.groups)?), self.by_donor().and_then(|donors| share(&hits, &donors))];
        let at = |level: f64| {
            let all = over.iter().flatten().map(|share| share.interval(level));
            let wider = |one: Estimate, other: Estimate| Estimate {
                low: one.low.min(other.low),
                high: one.high.max(other.high),
                ..one
            };
            all.reduce(wider)
        };
        let span = |Estimate { low, high, .. }| Span { low, high };
        Some(Measure { estimate: at(0.95)?, corrected: span(at(level)?), equivalence: span(at(0.9)?) })
    }

    /// The donors as groups, in which a row without a donor is alone; `None` with less than two donors.
    fn by_donor(&self) -> Option<Vec<u32>> {
        let donors = self.donors.as_ref()?;
        let known: BTreeSet<u32> = donors.iter().flatten().copied().collect();
        let alone = known.last()?.checked_add(1)?..;
        (known.len() > 1)
            .then(|| donors.iter().zip(alone).map(|(donor, alone)| donor.unwrap_or(alone)).collect())
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    reglet_statistics::mean(&values)
}

/// One pair of numbers for each picture: the means over its places, in the order of the pictures.
fn by_picture(changes: &[Changed<'_>], of: impl Fn(&Changed<'_>) -> (f64, f64)) -> Vec<(f64, f64)> {
    let before = changes.iter().map(|changed| (changed.picture, of(changed).0)).collect::<Vec<_>>();
    let after = changes.iter().map(|changed| (changed.picture, of(changed).1)).collect::<Vec<_>>();
    let both = means(&before).into_iter().zip(means(&after));
    both.map(|((_, before), (_, after))| (before, after)).collect()
}

/// The mean of the values of each picture, with its index; the values of one picture must be adjacent.
fn means(values: &[(usize, f64)]) -> Vec<(usize, f64)> {
    let of_picture = values.chunk_by(|a, b| a.0 == b.0);
    let mean = |part: &[(usize, f64)]| {
        let sum: f64 = part.iter().map(|(_, value)| value).sum();
        (part[0].0, sum / part.len() as f64)
    };
    of_picture.map(mean).collect()
}
