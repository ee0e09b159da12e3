//! Supervised learning: the common parts of all methods that train the network.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reglet_data::picture::Picture;
use reglet_model::{Graph, Parameters};
use tch::{Kind, Tensor};

use super::changes::{Changes, Drawn};
use super::{Case, Corrected};
use crate::{Objective, Progress, Resume, Step, TrainError, Training, Worst, losses, train};

/// The pictures of an epoch.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sampling {
    /// Each picture once, in random order.
    Each,
    /// The same number, from each group of class and artefact in turn.
    Balanced,
    /// The same number, sampled with these weights, one for each picture.
    Weighted(Vec<f64>),
}

/// How the losses of a batch are combined.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Weighting {
    /// Their mean.
    Mean,
    /// Σ q_g loss_g, with q_g ← q_g exp(η loss_g) before each step, normalised.
    Worst {
        /// η.
        step: f64,
        /// q, by group.
        weights: Vec<f64>,
    },
}

/// What a method adds to the loss of the labels.
pub(super) trait Penalty {
    /// The logits of a step, and the term that is added to their loss.
    fn logits_and_penalty(&self, step: &Step<'_>, seen: &Seen<'_>) -> Result<(Tensor, Tensor), TrainError>;
}

/// The input of the network in a step.
pub(super) struct Seen<'a> {
    /// The pictures, as indices into the pool.
    pub places: &'a [usize],
    /// The orientation of each.
    pub turns: &'a [u8],
}

/// The settings of a training.
pub(super) struct Lessons<'a> {
    pub case: &'a Case<'a>,
    /// How the network is trained, if not as the case specifies.
    pub training: Option<Training>,
    pub sampling: Sampling,
    pub weighting: Weighting,
    pub changes: Option<Changes>,
    pub penalty: Option<&'a dyn Penalty>,
}

impl<'a> Lessons<'a> {
    /// Each picture once in each epoch, with only its label.
    pub fn plain(case: &'a Case<'a>) -> Lessons<'a> {
        Lessons {
            case,
            training: None,
            sampling: Sampling::Each,
            weighting: Weighting::Mean,
            changes: None,
            penalty: None,
        }
    }

    /// Trains the case's model by the method of this name; `facts` are returned with the result.
    pub fn teach(
        self,
        name: &str,
        facts: Vec<(&'static str, f64)>,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Corrected, TrainError> {
        let case = self.case;
        let training = self.training.clone().unwrap_or_else(|| case.training.clone());
        let model = case.model;
        let kept = case
            .checkpoints
            .map(|(folder, key)| (folder.join(format!("{name}.checkpoint")), format!("{name} {key}")));
        let resume = kept.as_ref().map(|(path, key)| Resume { path, key });
        let before = case.pool.worst(model, model.parameters(), case.held)?;
        let mut learner = Learner { lessons: self, places: Vec::new(), turns: Vec::new() };
        let outcome =
            train(model.graph(), model.parameters(), &training, case.seed, &mut learner, resume, progress)?;
        let pairs = outcome.parameters.tensors().iter().zip(model.parameters().tensors()).enumerate();
        let mut changed = Vec::new();
        for (index, (after, before)) in pairs {
            if !after.f_equal(before)? {
                changed.push(index);
            }
        }
        let after = outcome.worst.unwrap_or_else(|| before.clone());
        Ok(Corrected {
            parameters: outcome.parameters,
            changed,
            ending: Some(outcome.ending),
            steps: outcome.steps,
            pictures: case.train.len(),
            worst: [before, after],
            facts,
        })
    }
}

struct Learner<'a> {
    lessons: Lessons<'a>,
    /// Those of the current batch.
    places: Vec<usize>,
    turns: Vec<u8>,
}

impl Objective for Learner<'_> {
    fn len(&self) -> usize {
        self.lessons.case.train.len()
    }

    fn arrange(&mut self, order: &mut Vec<i64>, random: &mut ChaCha8Rng) {
        let case = self.lessons.case;
        match &self.lessons.sampling {
            Sampling::Each => order.shuffle(random),
            Sampling::Weighted(weights) => {
                let sums: Vec<f64> = weights
                    .iter()
                    .scan(0.0, |sum, weight| {
                        *sum += weight;
                        Some(*sum)
                    })
                    .collect();
                let whole = sums.last().copied().unwrap_or(0.0);
                for slot in order.iter_mut() {
                    let drawn = random.random::<f64>() * whole;
                    *slot = sums.partition_point(|sum| *sum <= drawn).min(sums.len() - 1) as i64;
                }
            }
            Sampling::Balanced => {
                let mut groups: Vec<Vec<i64>> = vec![Vec::new(); 2 * case.model.classes().count()];
                for (at, &place) in case.train.iter().enumerate() {
                    if let Some(kind) = case.pool.kind(place) {
                        groups[kind].push(at as i64);
                    }
                }
                groups.retain(|group| !group.is_empty());
                let mut left: Vec<Vec<i64>> = vec![Vec::new(); groups.len()];
                for (slot, at) in order.iter_mut().zip(0..) {
                    let group = at % groups.len();
                    if left[group].is_empty() {
                        left[group].clone_from(&groups[group]);
                        left[group].shuffle(random);
                    }
                    *slot = left[group].pop().unwrap_or_default();
                }
            }
        }
    }

    fn inputs(&mut self, batch: &[i64], _: usize, random: &mut ChaCha8Rng) -> Result<Tensor, TrainError> {
        let case = self.lessons.case;
        self.places = batch.iter().map(|&at| case.train[at as usize]).collect();
        let drawn: Vec<Option<Drawn>> = match self.lessons.changes {
            Some(changes) => self.places.iter().map(|_| changes.draw(random)).collect(),
            None => vec![None; batch.len()],
        };
        let pool = case.pool;
        let view = |(&place, drawn): (&usize, &Option<Drawn>)| -> Result<Picture, TrainError> {
            let changed = drawn.as_ref().map(|drawn| drawn.view(pool, place)).transpose()?.flatten();
            changed.map_or_else(|| pool.view(place), Ok)
        };
        let views: Vec<Picture> =
            self.places.par_iter().zip(&drawn).map(view).collect::<Result<_, TrainError>>()?;
        let inputs = case.model.preprocessing().tensor(&views, case.model.device())?;
        self.turns = batch.iter().map(|_| if case.turn { random.random_range(0..8) } else { 0 }).collect();
        turned(&inputs, &self.turns)
    }

    fn loss(&mut self, step: &Step<'_>) -> Result<Tensor, TrainError> {
        let case = self.lessons.case;
        let labels: Vec<i64> =
            self.places.iter().map(|&place| case.pool.members()[place].class as i64).collect();
        let seen = Seen { places: &self.places, turns: &self.turns };
        let (logits, penalty) = match self.lessons.penalty {
            Some(penalty) => {
                let (logits, penalty) = penalty.logits_and_penalty(step, &seen)?;
                (logits, Some(penalty))
            }
            None => (step.logits()?, None),
        };
        let each = losses(&logits, &labels, case.model.classes().head(), 0.0)?;
        let loss = match &mut self.lessons.weighting {
            Weighting::Mean => each.f_mean(each.kind())?,
            Weighting::Worst { step, weights } => {
                let kinds: Vec<usize> =
                    self.places.iter().map(|&place| case.pool.kind(place).unwrap_or_default()).collect();
                worst_weighted(&each, &kinds, *step, weights)?
            }
        };
        Ok(match penalty {
            Some(penalty) => loss.f_add(&penalty)?,
            None => loss,
        })
    }

    fn evaluate(&mut self, _: &Graph, parameters: &Parameters) -> Result<Option<Worst>, TrainError> {
        let case = self.lessons.case;
        if case.held.is_empty() {
            return Ok(None);
        }
        case.pool.worst(case.model, parameters, case.held).map(Some)
    }

    fn state(&self) -> Vec<f64> {
        match &self.lessons.weighting {
            Weighting::Worst { weights, .. } => weights.clone(),
            Weighting::Mean => Vec::new(),
        }
    }

    fn restore(&mut self, state: &[f64]) {
        if let Weighting::Worst { weights, .. } = &mut self.lessons.weighting
            && weights.len() == state.len()
        {
            weights.copy_from_slice(state);
        }
    }
}

/// Updates the weights of the groups by their mean losses, and returns the losses' sum weighted by them.
fn worst_weighted(
    each: &Tensor,
    kinds: &[usize],
    step: f64,
    weights: &mut [f64],
) -> Result<Tensor, TrainError> {
    let mut means = Vec::new();
    for (group, weight) in weights.iter_mut().enumerate() {
        let rows: Vec<i64> =
            (0..kinds.len()).filter(|&row| kinds[row] == group).map(|row| row as i64).collect();
        if rows.is_empty() {
            continue;
        }
        let own = each.f_index_select(0, &Tensor::f_from_slice(&rows)?.f_to_device(each.device())?)?;
        let mean = own.f_mean(each.kind())?;
        *weight *= (step * mean.f_detach()?.f_to_kind(Kind::Double)?.f_double_value(&[])?).exp();
        means.push((group, mean));
    }
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    let mut total = Tensor::f_zeros([1i64; 0], (each.kind(), each.device()))?;
    for (group, mean) in means {
        total = total.f_add(&mean.f_mul_scalar(weights[group])?)?;
    }
    Ok(total)
}

/// The rows `[n, …, H, W]`, each mirrored (the lowest bit) and rotated by quarter turns (the others; by half turns if it is
/// not square).
pub(super) fn turned(rows: &Tensor, turns: &[u8]) -> Result<Tensor, TrainError> {
    if turns.iter().all(|turn| *turn == 0) {
        return Ok(rows.shallow_clone());
    }
    let size = rows.size();
    let square = size[size.len() - 1] == size[size.len() - 2];
    let mut all = Vec::with_capacity(turns.len());
    for (row, turn) in turns.iter().enumerate() {
        let mut own = rows.f_select(0, row as i64)?;
        if turn & 1 == 1 {
            own = own.f_flip([-1])?;
        }
        let quarters = if square { turn >> 1 } else { turn >> 1 & 2 };
        if quarters != 0 {
            own = own.f_rot90(i64::from(quarters), [-2, -1])?;
        }
        all.push(own);
    }
    Ok(Tensor::f_stack(&all, 0)?)
}
