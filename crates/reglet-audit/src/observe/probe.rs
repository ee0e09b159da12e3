//! What a model says of a picture, and how much its features resemble those of pictures with an artefact.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reglet_data::picture::Picture;
use reglet_data::{AHEAD, in_turn};
use reglet_evidence::Score;
use reglet_model::{Head, Model};
use reglet_statistics::Probe;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::prepare::Geometries;
use super::{CHUNK, numbers};
use crate::Error;
use crate::plan::Plan;
use crate::progress::Stage;

/// On how many pictures probes are fitted at most.
const MOST: usize = 400;

/// With fewer pictures with an artefact, or without it, there is no probe.
const LEAST: usize = 8;

/// How many parts of the pictures are held out in turn.
const FOLDS: usize = 5;

/// A linear probe for each model and artefact for which one is possible.
#[derive(Serialize, Deserialize)]
pub(crate) struct Probes {
    /// By model and artefact.
    probes: Vec<Vec<Option<Probe>>>,
    /// By picture of the data set: a number for its group.
    groups: Vec<u32>,
}

/// What a model says of some pictures.
pub(crate) struct Asked {
    /// By picture and target.
    pub scores: Vec<Vec<Score>>,
    /// By picture and target: whether it is the most probable class.
    pub top: Vec<Vec<bool>>,
    /// For each picture, the input of the last linear layer; empty for a model in which it cannot be seen.
    pub features: Vec<Vec<f32>>,
}

impl Probes {
    /// Fits the probes on the models' last features for a sample of the pictures: of each class as many pictures with the
    /// artefact as without it (`balanced`).
    ///
    /// Costs a forward pass of each picture of the sample, unless there are too few of them for any probe.
    pub(super) fn fit(plan: &Plan, geometries: &Geometries) -> Result<Probes, Error> {
        let groups = groups(plan);
        let chosen = sample(plan)?;
        // Without a probe nothing is asked of the features, so no picture is read for them.
        if !(0..plan.artefacts.len()).any(|artefact| enough(chosen.iter().map(|(_, shows)| shows[artefact])))
        {
            let none = || (0..plan.artefacts.len()).map(|_| None).collect();
            return Ok(Probes { probes: plan.models.iter().map(|_| none()).collect(), groups });
        }
        let mut progress = plan.progress(Stage::Features);
        let total = (plan.models.len() * chosen.len()) as u64;
        let mut features: Vec<Vec<Vec<f32>>> = plan.models.iter().map(|_| Vec::new()).collect();
        // Only pictures that can be read; unreadable ones are reported elsewhere.
        let mut seen: Vec<Chosen> = Vec::with_capacity(chosen.len());
        for (done, part) in (0..).step_by(CHUNK).zip(chosen.chunks(CHUNK)) {
            // By picture and geometry, so that each picture is read once and not kept.
            let views = |(index, _): &Chosen| -> Result<Option<Vec<Picture>>, Error> {
                let picture = match plan.data.picture(*index) {
                    Err(fault) if fault.is_lasting() => return Ok(None),
                    picture => picture?,
                };
                let views = geometries.all().iter().map(|geometry| Ok(geometry.bring(&picture)?));
                views.collect::<Result<_, Error>>().map(Some)
            };
            let next = chosen[done..].iter().take(AHEAD).map(|(index, _)| *index);
            plan.data.read_ahead(&next.collect::<Vec<_>>(), false);
            let views: Vec<Option<Vec<Picture>>> = part.par_iter().map(views).collect::<Result<_, _>>()?;
            seen.extend(
                part.iter().zip(&views).filter(|(_, views)| views.is_some()).map(|(one, _)| one.clone()),
            );
            let views: Vec<Vec<Picture>> = views.into_iter().flatten().collect();
            if views.is_empty() {
                continue;
            }
            for (number, (_, model)) in plan.models.iter().enumerate() {
                let views: Vec<Picture> =
                    views.iter().map(|views| views[geometries.of(number)].clone()).collect();
                features[number].extend(ask(plan, model, &views)?.features);
                progress.step((done * plan.models.len() + (number + 1) * part.len()) as u64, total)?;
            }
        }
        let of = |features: Vec<Vec<f32>>| {
            let of = |artefact| probe(plan, &seen, &features, artefact, &groups);
            (0..plan.artefacts.len()).map(of).collect()
        };
        let probes = features.into_iter().map(of).collect();
        Ok(Probes { probes, groups })
    }

    /// By artefact: the log odds that the picture number `index` shows it, by a probe that has not seen its group.
    pub(super) fn of(&self, model: usize, features: &[f32], index: usize) -> Vec<Option<f64>> {
        let group = self.groups.get(index).copied();
        let odds = |probe: &Option<Probe>| probe.as_ref()?.score(features, group);
        self.probes[model].iter().map(odds).collect()
    }
}

/// A number for each picture's group, over the whole data set.
fn groups(plan: &Plan) -> Vec<u32> {
    let mut known: BTreeMap<String, u32> = BTreeMap::new();
    (0..plan.data.len())
        .map(|index| {
            let next = (plan.data.len() + known.len()) as u32;
            match plan.data.group(index) {
                Some(group) => *known.entry(group.to_owned()).or_insert(next),
                None => index as u32,
            }
        })
        .collect()
}

/// A picture's place in the data set, and by artefact whether it shows it.
type Chosen = (usize, Vec<Option<bool>>);

/// Some pictures, with what each shows of the artefacts: in turn one of each class and kind that there is, drawn.
fn sample(plan: &Plan) -> Result<Vec<Chosen>, Error> {
    let data = plan.data.as_ref();
    let mut order: Vec<usize> = (0..data.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(plan.config.seed));
    let mut cells: BTreeMap<(usize, Vec<Option<bool>>), Vec<usize>> = BTreeMap::new();
    // Flags are already known, but masks have to be read, so no more pictures are read than could be useful.
    order.truncate(4 * MOST);
    let flags = |index: usize| -> Vec<Option<bool>> {
        plan.artefacts.iter().map(|suspect| data.flag(index, &suspect.name)).collect()
    };
    let is_flagged = |flags: &[Option<bool>]| flags.iter().all(Option::is_some);
    let unflagged: Vec<usize> = order.iter().copied().filter(|&index| !is_flagged(&flags(index))).collect();
    let mut samples = in_turn(data, &unflagged);
    for index in order {
        let flags = flags(index);
        let shows = match is_flagged(&flags) {
            true => flags,
            false => {
                let Some((_, sample)) = samples.next() else { continue };
                let sample = match sample {
                    Err(fault) if fault.is_lasting() => continue,
                    sample => sample?,
                };
                let by_mask = plan.artefacts.iter().map(|suspect| sample.shows(&suspect.name));
                by_mask.zip(flags).map(|(mask, flag)| mask.or(flag)).collect()
            }
        };
        if shows.iter().any(Option::is_some) {
            cells.entry((data.label(index), shows)).or_default().push(index);
        }
    }
    let mut chosen = Vec::new();
    let longest = cells.values().map(Vec::len).max().unwrap_or(0);
    for turn in 0..longest {
        for ((_, shows), members) in &cells {
            if let Some(index) = members.get(turn).filter(|_| chosen.len() < MOST) {
                chosen.push((*index, shows.clone()));
            }
        }
    }
    chosen.sort_by_key(|(index, _)| *index);
    Ok(chosen)
}

/// Whether there are enough pictures with an artefact, and enough without it, for a probe.
fn enough(shown: impl Iterator<Item = Option<bool>>) -> bool {
    let mut counts = [0, 0];
    shown.flatten().for_each(|shown| counts[usize::from(shown)] += 1);
    counts.iter().all(|count| *count >= LEAST)
}

/// Of each class, as many pictures with the artefact as without it, drawn; by picture, whether it is taken. Otherwise a probe
/// would learn to detect the class with which the artefact goes together. A class of which all pictures show the artefact, or
/// none does, has no part in it.
fn balanced(kinds: &[(usize, Option<bool>)], seed: u64) -> Vec<bool> {
    let mut cells: BTreeMap<usize, [Vec<usize>; 2]> = BTreeMap::new();
    for (at, (class, shown)) in kinds.iter().enumerate() {
        if let Some(shown) = shown {
            cells.entry(*class).or_default()[usize::from(*shown)].push(at);
        }
    }
    let mut taken = vec![false; kinds.len()];
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for mut sides in cells.into_values() {
        let fewer = sides[0].len().min(sides[1].len());
        for side in &mut sides {
            side.shuffle(&mut random);
            side.iter().take(fewer).for_each(|&at| taken[at] = true);
        }
    }
    taken
}

fn probe(
    plan: &Plan,
    chosen: &[Chosen],
    features: &[Vec<f32>],
    artefact: usize,
    groups: &[u32],
) -> Option<Probe> {
    let (mut flat, mut labels, mut of) = (Vec::new(), Vec::new(), Vec::new());
    let width = features.first()?.len();
    let kinds: Vec<(usize, Option<bool>)> =
        chosen.iter().map(|(index, shows)| (plan.data.label(*index), shows[artefact])).collect();
    let taken = balanced(&kinds, plan.config.seed);
    let rows = chosen.iter().zip(features).zip(taken).filter(|(_, taken)| *taken);
    for (((index, shows), features), _) in rows {
        flat.extend_from_slice(features);
        labels.push(shows[artefact] == Some(true));
        of.push(groups[*index]);
    }
    if width == 0 || !enough(labels.iter().map(|shown| Some(*shown))) {
        return None;
    }
    Probe::fit(&flat, width, &labels, &of, FOLDS, plan.config.seed)
}

/// What a model says of pictures of one size, in one pass.
///
/// # Errors
/// Any error of the model.
pub(crate) fn ask(plan: &Plan, model: &Model, views: &[Picture]) -> Result<Asked, Error> {
    let input = model.preprocessing().tensor(views, model.device())?;
    let (logits, features) = model.logits_and_features(&input)?;
    let targets = plan.targets.iter().map(|target| model.classes().find(target));
    let targets = targets.collect::<Result<Vec<_>, _>>()?;
    let (scores, top) = scores_of(&logits, &targets, model.classes().head())?;
    let features = match features {
        None => views.iter().map(|_| Vec::new()).collect(),
        Some(features) => {
            let flat = numbers(&features)?;
            let width = flat.len() / views.len().max(1);
            flat.chunks(width.max(1)).map(|row| row.iter().map(|value| *value as f32).collect()).collect()
        }
    };
    Ok(Asked { scores, top, features })
}

/// What a model says of one class for each picture, a bounded number of them at a time.
///
/// # Errors
/// Any error of the model.
pub(crate) fn answers(model: &Model, target: usize, views: &[Picture]) -> Result<Vec<Score>, Error> {
    let mut all = Vec::with_capacity(views.len());
    let same_size = views.iter().all(|view| view.dimensions() == views[0].dimensions());
    for part in views.chunks(if same_size { CHUNK } else { 1 }) {
        let input = model.preprocessing().tensor(part, model.device())?;
        let (scores, _) = scores_of(&model.logits(&input)?, &[target], model.classes().head())?;
        all.extend(scores.into_iter().flatten());
    }
    Ok(all)
}

/// By row and target: the scores, and whether the target is called.
type Scored = (Vec<Vec<Score>>, Vec<Vec<bool>>);

/// By row and target: the logit, the log odds against all other classes and the probability; and whether the target is the
/// most probable class. A single logit is that of class 1 against class 0. Independent classes each have their own odds, and
/// count as predicted if their probability is above one half.
///
/// # Errors
/// [`Error::Torch`].
fn scores_of(logits: &Tensor, targets: &[usize], head: Head) -> Result<Scored, Error> {
    let rows = logits.size()[0].max(1) as usize;
    let flat = numbers(logits)?;
    let width = (flat.len() / rows).max(1);
    let (mut scores, mut top) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for row in flat.chunks(width) {
        let found: Vec<Score> = targets.iter().map(|&target| score(row, target, head)).collect();
        let highest = |&target: &usize| match head {
            Head::Sigmoid => (row[0] > 0.0) == (target == 1),
            Head::MultiLabel => row[target] > 0.0,
            Head::Softmax => {
                row.iter().enumerate().all(|(class, logit)| class == target || *logit < row[target])
            }
        };
        top.push(targets.iter().map(highest).collect());
        scores.push(found);
    }
    Ok((scores, top))
}

fn score(row: &[f64], target: usize, head: Head) -> Score {
    let (logit, margin) = match head {
        Head::Sigmoid => {
            let logit = if target == 1 { row[0] } else { -row[0] };
            (logit, logit)
        }
        Head::MultiLabel => (row[target], row[target]),
        Head::Softmax => {
            let others = || row.iter().enumerate().filter(|(class, _)| *class != target).map(|(_, l)| *l);
            let largest = others().fold(f64::NEG_INFINITY, f64::max);
            let rest = largest + others().map(|logit| (logit - largest).exp()).sum::<f64>().ln();
            (row[target], row[target] - rest)
        }
    };
    Score { logit, margin, probability: 1.0 / (1.0 + (-margin).exp()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A class that goes with the artefact would otherwise be what a probe detects.
    #[test]
    fn a_probe_sees_each_class_with_the_artefact_as_often_as_without() {
        let cell = |class, shown, count| vec![(class, shown); count];
        let kinds = [
            cell(0, Some(true), 3),
            cell(0, Some(false), 40),
            cell(1, Some(true), 30),
            cell(1, Some(false), 2),
            cell(2, Some(true), 9),
            cell(1, None, 5),
        ]
        .concat();
        let taken = balanced(&kinds, 1);
        let count =
            |wanted| kinds.iter().zip(&taken).filter(|(kind, taken)| **taken && **kind == wanted).count();
        let counts = [(0, Some(true)), (0, Some(false)), (1, Some(true)), (1, Some(false))].map(count);
        assert_eq!(counts, [3, 3, 2, 2]);
        assert_eq!(taken.iter().filter(|taken| **taken).count(), 10);
        assert_eq!(taken, balanced(&kinds, 1));
        assert_ne!(taken, balanced(&kinds, 2));
    }

    #[test]
    fn the_margin_is_the_log_odds_against_all_others() {
        let row = [1.0, 3.0, -2.0];
        let found = score(&row, 1, Head::Softmax);
        let whole: f64 = row.iter().map(|logit: &f64| logit.exp()).sum();
        let probability = 3.0_f64.exp() / whole;
        assert!((found.probability - probability).abs() < 1e-12, "{found:?}");
        assert!((found.margin - (probability / (1.0 - probability)).ln()).abs() < 1e-12, "{found:?}");
        assert_eq!(found.logit, 3.0);
        assert_eq!(
            (score(&[0.7], 1, Head::Sigmoid).margin, score(&[0.7], 0, Head::Sigmoid).margin),
            (0.7, -0.7)
        );
        // A margin of a thousand is no infinity and no NaN.
        assert_eq!(score(&row, 1, Head::MultiLabel).margin, 3.0);
        let far = score(&[1000.0, 0.0], 0, Head::Softmax);
        assert_eq!((far.margin, far.probability), (1000.0, 1.0));
    }
}
