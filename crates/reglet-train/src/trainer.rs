//! The loop: batches, losses, steps, and what is kept of them.

use std::path::Path;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use reglet_model::{Graph, ModelError, Parameters, Request, ValueId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::checkpoint::{Checkpoint, Kept};
use crate::freeze::trainable;
use crate::optimiser::Optimiser;
use crate::schedule::Schedule;
use crate::{TrainError, Worst};

/// How a network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
    /// How gradients become steps.
    pub optimiser: Optimiser,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// How often each example is seen, at most.
    pub epochs: usize,
    /// How many examples a step takes together. What is left over of an epoch is left out.
    pub batch: usize,
    /// Modules, by path (`layer1`), that keep their weights: they behave as in evaluation, so their batch norms use and keep
    /// the statistics that they have.
    pub freeze: Vec<String>,
    /// After so many epochs without a better worst group the training ends. None: it goes on to the last epoch.
    pub patience: Option<usize>,
}

impl Default for Training {
    fn default() -> Self {
        Training {
            optimiser: Optimiser::default(),
            schedule: Schedule::default(),
            epochs: 4,
            batch: 32,
            freeze: Vec::new(),
            patience: None,
        }
    }
}

impl Training {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`TrainError::Parameter`].
    pub fn check(&self) -> Result<(), TrainError> {
        let fault = |key, what| Err(TrainError::Parameter { key, what });
        if let Some((key, what)) = self.optimiser.fault() {
            return fault(key, what);
        }
        if !(1..=100_000).contains(&self.epochs) {
            return fault("epochs", format!("epochs is {}, but must be from 1 to 100000", self.epochs));
        }
        if !(1..=65_536).contains(&self.batch) {
            return fault("batch", format!("batch is {}, but must be from 1 to 65536", self.batch));
        }
        if self.patience == Some(0) {
            return fault("patience", "patience is 0, but must be at least 1, or left out".to_owned());
        }
        Ok(())
    }

    /// How many steps there are with so many examples.
    pub fn steps(&self, examples: usize) -> usize {
        self.epochs * (examples / self.batch.max(1))
    }
}

/// What is learnt: examples, and how wrong the network is about them.
pub trait Objective {
    /// How many examples there are; they are numbered from 0.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Brings the examples of an epoch into their order. `order` is that of the epoch before; at first, as they are numbered.
    fn arrange(&mut self, order: &mut Vec<i64>, random: &mut ChaCha8Rng) {
        order.shuffle(random);
    }

    /// The inputs `[n, 3, H, W]` of a batch in this epoch, from 0.
    ///
    /// # Errors
    /// Pictures that cannot be read.
    fn inputs(&mut self, batch: &[i64], epoch: usize, random: &mut ChaCha8Rng) -> Result<Tensor, TrainError>;

    /// How wrong the network is about a batch: one number that can be differentiated.
    ///
    /// # Errors
    /// What the model reports.
    fn loss(&mut self, step: &Step<'_>) -> Result<Tensor, TrainError>;

    /// How good the network is on examples that are held out. `None`: nobody measures, and the last weights are kept.
    ///
    /// # Errors
    /// What the model reports.
    fn evaluate(&mut self, graph: &Graph, parameters: &Parameters) -> Result<Option<Worst>, TrainError> {
        let _ = (graph, parameters);
        Ok(None)
    }

    /// What of itself changes in training, to go on from later.
    fn state(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Becomes what [`state`](Objective::state) said.
    fn restore(&mut self, state: &[f64]) {
        let _ = state;
    }
}

/// One step's forward pass.
#[derive(Debug)]
pub struct Step<'a> {
    /// The network.
    pub graph: &'a Graph,
    /// Its weights.
    pub parameters: &'a Parameters,
    /// The modules that behave as in evaluation.
    pub frozen: &'a [String],
    /// The examples.
    pub batch: &'a [i64],
    /// Their inputs, `[n, 3, H, W]`.
    pub inputs: &'a Tensor,
    /// Another number for each step of a training.
    pub seed: u64,
}

impl Step<'_> {
    /// The logits, `[n, classes]`.
    ///
    /// # Errors
    /// [`ModelError::Operator`].
    pub fn logits(&self) -> Result<Tensor, ModelError> {
        Ok(self.run(&[self.graph.output()], &[])?.remove(0))
    }

    /// Values, of which those that are watched can be differentiated by.
    ///
    /// # Errors
    /// [`ModelError::Operator`].
    pub fn run(&self, fetches: &[ValueId], watch: &[ValueId]) -> Result<Vec<Tensor>, ModelError> {
        let feeds = [(self.graph.input(), self.inputs)];
        self.graph.run(
            self.parameters,
            &Request { feeds: &feeds, fetches, watch, training: true, frozen: self.frozen },
        )
    }
}

/// How far a training has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The steps that are done.
    pub step: usize,
    /// How many there are, unless it ends early.
    pub steps: usize,
    /// The loss of the last steps, the latest counting a tenth.
    pub loss: f64,
    /// How good the network was after the last whole epoch.
    pub worst: Option<Worst>,
}

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// After its last epoch.
    Completed,
    /// The worst group had not become better for long.
    Early {
        /// After this epoch, from 1.
        epoch: usize,
    },
    /// The loss left all bounds; the last good weights were kept.
    Diverged {
        /// At this step, from 1.
        step: usize,
        /// Where the loss was this.
        loss: f64,
    },
}

/// What a training left.
#[derive(Debug)]
pub struct Outcome {
    /// The weights: the best by the worst group, where somebody measured, else the last.
    pub parameters: Parameters,
    /// How it ended.
    pub ending: Ending,
    /// How many steps were taken.
    pub steps: usize,
    /// How good the kept weights are on what was held out.
    pub worst: Option<Worst>,
    /// After which epoch they were kept; 0: before the first.
    pub epoch: usize,
}

/// A loss so many times the first step's, or of one where that is less, is no longer a loss that is being lessened.
const BEYOND: f64 = 20.0;

/// Where a training is kept so that it can go on after an interruption.
#[derive(Debug, Clone, Copy)]
pub struct Resume<'a> {
    /// The file.
    pub path: &'a Path,
    /// Everything that the training depends on: another key's file is not gone on from.
    pub key: &'a str,
}

/// Trains `graph` from the weights `start`, which stay as they are. The seed fixes the order and whatever the objective draws.
/// With `resume`, everything is kept in that file after each epoch, and a training that finds its own goes on from there to the
/// same weights; the file is removed at the end.
///
/// A loss that is not finite, or that rises beyond twenty times its start, ends the training: the weights that were best
/// before, or those of the last whole epoch, are kept, and [`Outcome::ending`] says so.
///
/// # Errors
/// [`TrainError::Parameter`], [`TrainError::NothingToFreeze`], [`TrainError::NothingToTrain`], [`TrainError::TooFew`], and what
/// the objective reports.
pub fn train(
    graph: &Graph,
    start: &Parameters,
    training: &Training,
    seed: u64,
    objective: &mut dyn Objective,
    resume: Option<Resume<'_>>,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Outcome, TrainError> {
    training.check()?;
    graph.check_transparent().map_err(|_| TrainError::NothingToTrain)?;
    let trained = trainable(graph, &training.freeze)?;
    if objective.len() < training.batch {
        return Err(TrainError::TooFew { pictures: objective.len(), batch: training.batch });
    }
    let parameters = start.copied()?;
    let weights: Vec<&Tensor> = trained.iter().map(|&index| &parameters.tensors()[index]).collect();
    let mut memory = Optimiser::begin(&weights)?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<i64> = (0..objective.len() as i64).collect();
    let steps = training.steps(objective.len());
    let mut best = Kept { epoch: 0, parameters: parameters.copied()?, worst: None };
    let (mut first_epoch, mut step, mut first_loss, mut smooth) = (0, 0, None, 0.0);

    if let Some(found) = resume.and_then(|resume| Checkpoint::read(resume, graph, trained.len(), order.len()))
    {
        found.restore(&parameters, &mut memory, &mut best)?;
        random.set_word_pos(found.head.word);
        order.clone_from(&found.head.order);
        objective.restore(&found.head.state);
        (first_epoch, step) = (found.head.epoch, found.head.step);
        (first_loss, smooth) = (found.head.first_loss, found.head.loss);
    } else if let Some(worst) = objective.evaluate(graph, &parameters)? {
        best.worst = Some(worst);
    }
    for weight in &weights {
        let _ = weight.f_set_requires_grad(true)?;
    }
    let mut ending = Ending::Completed;
    let mut said = best.worst.clone();
    let mut epochs = first_epoch..training.epochs;
    // A checkpoint of a training that had ended early goes no further.
    if training.patience.is_some_and(|patience| best.worst.is_some() && first_epoch >= best.epoch + patience)
    {
        (ending, epochs) = (Ending::Early { epoch: first_epoch }, 0..0);
    }
    'training: for epoch in epochs {
        objective.arrange(&mut order, &mut random);
        for batch in order.chunks_exact(training.batch) {
            let inputs = channels_last(&objective.inputs(batch, epoch, &mut random)?)?;
            step += 1;
            let at = Step {
                graph,
                parameters: &parameters,
                frozen: &training.freeze,
                batch,
                inputs: &inputs,
                seed: seed.wrapping_add(step as u64),
            };
            let loss = objective.loss(&at)?;
            let value = loss.f_to_kind(Kind::Double)?.f_double_value(&[])?;
            let begun = *first_loss.get_or_insert(value);
            smooth = if step == 1 { value } else { 0.9 * smooth + 0.1 * value };
            if !value.is_finite() || smooth > BEYOND * begun.max(1.0) {
                ending = Ending::Diverged { step, loss: value };
                break 'training;
            }
            let gradients = Tensor::f_run_backward(&[loss], &weights, false, false)?;
            let rate = training.schedule.rate(training.optimiser.rate(), step, steps);
            training.optimiser.step(&weights, &gradients, &mut memory, rate)?;
            progress(&Progress { step, steps, loss: smooth, worst: said.clone() });
        }
        if !finite(&parameters)? {
            ending = Ending::Diverged { step, loss: f64::NAN };
            break;
        }
        said = objective.evaluate(graph, &parameters)?;
        let better = match (&said, &best.worst) {
            (Some(found), Some(known)) => found.is_better_than(known),
            _ => true,
        };
        if better {
            best = Kept { epoch: epoch + 1, parameters: parameters.copied()?, worst: said.clone() };
        }
        progress(&Progress { step, steps, loss: smooth, worst: said.clone() });
        if let Some(resume) = resume {
            let checkpoint = Checkpoint::of(
                resume.key,
                (epoch + 1, step),
                (first_loss, smooth),
                (&order, random.get_word_pos()),
                objective.state(),
                &best,
            );
            checkpoint.write(resume.path, &parameters, &memory, &best)?;
        }
        if training.patience.is_some_and(|patience| said.is_some() && epoch + 1 >= best.epoch + patience)
            && epoch + 1 < training.epochs
        {
            ending = Ending::Early { epoch: epoch + 1 };
            break;
        }
    }
    if let Some(resume) = resume {
        // What is not there any more needs no removing.
        let _ = std::fs::remove_file(resume.path);
    }
    Ok(Outcome { parameters: best.parameters, ending, steps: step, worst: best.worst, epoch: best.epoch })
}

/// The inputs `[n, C, H, W]` with the channels of each place side by side in memory: the CPU's convolutions and batch norms, and what
/// they return, then stay in that order, which takes a tenth off a step of ResNet-18.
fn channels_last(inputs: &Tensor) -> Result<Tensor, TrainError> {
    if inputs.dim() != 4 || inputs.device() != Device::Cpu {
        return Ok(inputs.shallow_clone());
    }
    Ok(inputs.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?)
}

/// Whether every number is one.
fn finite(parameters: &Parameters) -> Result<bool, TrainError> {
    for tensor in parameters.tensors() {
        let sum = tensor.f_detach()?.f_sum(Kind::Double)?.f_double_value(&[])?;
        if !sum.is_finite() {
            return Ok(false);
        }
    }
    Ok(true)
}
