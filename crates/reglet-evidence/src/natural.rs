//! The comparison of unedited pictures, which no edit can distort.

use std::collections::BTreeMap;

use reglet_data::edit::Change;
use reglet_statistics::bootstrap;
use schemars::JsonSchema;
use serde::Serialize;

use crate::effect::{Measure, fit, rise};
use crate::question::Asked;

/// Within one class, how the answers to pictures with the artefact differ from those to pictures without it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Natural {
    /// The class.
    pub class: String,
    /// The number of its pictures that show the artefact.
    pub with: usize,
    /// The number that are known not to show it.
    pub without: usize,
    /// The mean probability of the target with the artefact minus that without.
    pub difference: Measure,
    /// The same minus the effect of the edits: the mean, over the pictures of the class, of the rise when the artefact is
    /// added and of the fall when it is removed, by the same edits as the verdict uses. `None` if there are none of this class.
    pub unexplained: Option<Measure>,
}

/// Pictures of the same lesion with and without the artefact (Winkler et al., *Association between surgical skin markings
/// in dermoscopic images and diagnostic performance of a deep learning convolutional neural network for melanoma
/// recognition*, JAMA Dermatology 155, 2019).
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Pairs {
    /// The class of the pictures; `None` for all pairs together.
    pub class: Option<String>,
    /// The number of its lesions that were photographed in both ways.
    pub pairs: usize,
    /// The mean over them of the target's probability with the artefact minus that without.
    pub difference: Measure,
    /// The numbers of them that are classified as the target only with the artefact, and only without it.
    pub called: [usize; 2],
}

/// Each class with pictures of both kinds.
pub(crate) fn natural(asked: &Asked<'_>, level: f64) -> Vec<Natural> {
    let classes = &asked.rows.subject.classes;
    (0..classes.len()).filter_map(|class| of_class(asked, class, &classes[class], level)).collect()
}

/// Answered picture: its answer, whether it shows the artefact, and the artefact's effect on it according to the edits.
struct Answered {
    probability: f64,
    shows: bool,
    group: u32,
    edit: Option<f64>,
}

fn of_class(asked: &Asked<'_>, class: usize, name: &str, level: f64) -> Option<Natural> {
    let one = |(index, picture, said): (usize, &crate::Picture, crate::question::Said)| {
        let shows = asked.shows(index).filter(|_| picture.label == class)?;
        let (change, sign) = if shows { (Change::Remove, -1.0) } else { (Change::Insert, 1.0) };
        let (used, _) = fit(asked, index, change);
        let rises: Vec<f64> = used.iter().map(|changed| sign * rise(changed)).collect();
        let edit = reglet_statistics::mean(&rises);
        Some(Answered { probability: said.score.probability, shows, group: asked.group(index), edit })
    };
    let all: Vec<Answered> = asked.pictures().filter_map(one).collect();
    let with = all.iter().filter(|one| one.shows).count();
    let without = all.len() - with;
    if with < 2 || without < 2 {
        return None;
    }
    let groups: Vec<u32> = all.iter().map(|one| one.group).collect();
    let mean = |weights: &[f64], of: &dyn Fn(&Answered) -> Option<f64>| {
        let (mut sum, mut whole) = (0.0, 0.0);
        for (one, weight) in all.iter().zip(weights) {
            if let Some(value) = of(one) {
                (sum, whole) = (sum + weight * value, whole + weight);
            }
        }
        (whole > 0.0).then(|| sum / whole)
    };
    let difference = |weights: &[f64]| {
        let side = |shows: bool| mean(weights, &|one| (one.shows == shows).then_some(one.probability));
        Some(side(true)? - side(false)?)
    };
    let unexplained = |weights: &[f64]| Some(difference(weights)? - mean(weights, &|one| one.edit)?);
    let seed = asked.rules.seed;
    Some(Natural {
        class: name.to_owned(),
        with,
        without,
        difference: Measure::of(&bootstrap(&groups, seed, difference)?, level),
        unexplained: bootstrap(&groups, seed, unexplained).map(|draws| Measure::of(&draws, level)),
    })
}

/// A probability, and whether the picture is classified as the target.
type Answer = (f64, bool);

/// The comparison of all pairs and of those of each class, if there are two or more. A pair whose pictures have different classes
/// is only among all of them.
pub(crate) fn pairs(asked: &Asked<'_>, level: f64) -> Vec<Pairs> {
    let subject = &asked.rows.subject;
    let of = |class: Option<usize>| {
        // By pair: the group, and the answers with the artefact and without.
        let mut sides: BTreeMap<&str, (u32, [Vec<Answer>; 2])> = BTreeMap::new();
        let own = asked.pictures().filter(|(_, picture, _)| class.is_none_or(|class| picture.label == class));
        for (index, picture, said) in own {
            if let (Some(pair), Some(shows)) = (&picture.pair, asked.shows(index)) {
                let (_, answers) =
                    sides.entry(pair).or_insert_with(|| (asked.group(index), [Vec::new(), Vec::new()]));
                answers[usize::from(shows)].push((said.score.probability, said.called));
            }
        }
        let class = class.map(|class| subject.classes[class].clone());
        compared(sides.into_values(), class, asked.rules.seed, level)
    };
    std::iter::once(None).chain((0..subject.classes.len()).map(Some)).filter_map(of).collect()
}

fn compared(
    sides: impl Iterator<Item = (u32, [Vec<Answer>; 2])>,
    class: Option<String>,
    seed: u64,
    level: f64,
) -> Option<Pairs> {
    let side = |answers: &[Answer]| {
        let mean = reglet_statistics::mean(&answers.iter().map(|(value, _)| *value).collect::<Vec<_>>())?;
        Some((mean, 2 * answers.iter().filter(|(_, called)| *called).count() > answers.len()))
    };
    let both: Vec<(u32, Answer, Answer)> =
        sides.filter_map(|(group, [without, with])| Some((group, side(&without)?, side(&with)?))).collect();
    let groups: Vec<u32> = both.iter().map(|(group, ..)| *group).collect();
    let values: Vec<f64> = both.iter().map(|(_, without, with)| with.0 - without.0).collect();
    let sampled = reglet_statistics::Rows { values: &values, groups: &groups, donors: None };
    let draws = reglet_statistics::bootstrap_mean(sampled, seed)?;
    let only = |with: bool| both.iter().filter(|(_, a, b)| a.1 != b.1 && b.1 == with).count();
    Some(Pairs {
        class,
        pairs: both.len(),
        difference: Measure::of(&draws, level),
        called: [only(true), only(false)],
    })
}
