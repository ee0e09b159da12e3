//! The training loop: batches, losses, steps, and the selection of weights.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use reglet_model::{Graph, ModelError, Parameters, Request, ValueId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::checkpoint::{Checkpoint, Kept, Resume};
use crate::freeze::trainable;
use crate::optimiser::Optimiser;
use crate::schedule::Schedule;
use crate::{TrainError, Worst};

/// How a network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
    /// The optimiser.
    pub optimiser: Optimiser,
    /// The schedule of the learning rate.
    pub schedule: Schedule,
    /// The maximum number of epochs.
    pub epochs: usize,
    /// The batch size. An incomplete batch at the end of an epoch is dropped.
    pub batch: usize,
    /// Modules, by path (`layer1`), that keep their weights: they behave as in evaluation, so their batch norms use and keep
    /// the statistics that they have.
    pub freeze: Vec<String>,
    /// The number of epochs without an improvement of the worst group after which the training ends. None: it continues to
    /// the last epoch.
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

    /// The number of steps for this number of examples.
    pub fn steps(&self, examples: usize) -> usize {
        self.epochs * (examples / self.batch.max(1))
    }
}

/// The objective of a training: examples and their loss.
pub trait Objective {
    /// The number of examples; they are numbered from 0.
    fn len(&self) -> usize;

    /// Whether there are no examples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Orders the examples of an epoch. `order` is that of the previous epoch; at first, it is their numerical order.
    fn arrange(&mut self, order: &mut Vec<i64>, random: &mut ChaCha8Rng) {
        order.shuffle(random);
    }

    /// The inputs `[n, 3, H, W]` of a batch in this epoch, from 0.
    ///
    /// # Errors
    /// A picture that cannot be read.
    fn inputs(&mut self, batch: &[i64], epoch: usize, random: &mut ChaCha8Rng) -> Result<Tensor, TrainError>;

    /// The loss of a batch: one number that can be differentiated.
    ///
    /// # Errors
    /// Any error of the model.
    fn loss(&mut self, step: &Step<'_>) -> Result<Tensor, TrainError>;

    /// The accuracy of the network on held-out examples. `None`: it is not measured, and the last weights are kept.
    ///
    /// # Errors
    /// Any error of the model.
    fn evaluate(&mut self, graph: &Graph, parameters: &Parameters) -> Result<Option<Worst>, TrainError> {
        let _ = (graph, parameters);
        Ok(None)
    }

    /// The state that changes during training, for resuming it later.
    fn state(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Restores a [`state`](Objective::state).
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
    /// A different number for each step of a training.
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

    /// The requested values; gradients can be computed with respect to those that are watched.
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

/// The progress of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The number of completed steps.
    pub step: usize,
    /// The total number, unless the training ends early.
    pub steps: usize,
    /// The moving average of the loss, in which the latest step has a weight of a tenth.
    pub loss: f64,
    /// The accuracy of the network after the last complete epoch.
    pub worst: Option<Worst>,
}

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// After its last epoch.
    Completed,
    /// The worst group had not improved for several epochs.
    Early {
        /// After this epoch, from 1.
        epoch: usize,
    },
    /// The training diverged; the last good weights were kept.
    Diverged {
        /// At this step, from 1.
        step: usize,
        /// The loss at this step.
        loss: f64,
    },
}

/// The result of a training.
#[derive(Debug)]
pub struct Outcome {
    /// The weights: the best according to the worst group, if it was measured, else the last.
    pub parameters: Parameters,
    /// How it ended.
    pub ending: Ending,
    /// The number of steps.
    pub steps: usize,
    /// The accuracy of these weights on the held-out examples.
    pub worst: Option<Worst>,
    /// The epoch after which they were kept; 0: before the first.
    pub epoch: usize,
}

/// A training has diverged if its loss is this many times that of the first step, or this number if that loss is below one.
const BEYOND: f64 = 20.0;

/// Trains `graph` from the weights `start`, which are not changed. The seed determines the order and all random choices of
/// the objective. With `resume`, the state is saved to that file after each epoch, and a training that finds its own file
/// resumes from it and reaches the same weights; the file is removed at the end.
///
/// A loss that is not finite, or that rises beyond twenty times its start, ends the training: the best weights before, or
/// those of the last complete epoch, are kept, and [`Outcome::ending`] says so.
///
/// # Errors
/// [`TrainError::Parameter`], [`TrainError::NothingToFreeze`], [`TrainError::NothingToTrain`], [`TrainError::TooFew`], and
/// any error of the objective.
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
    // If a checkpoint is from a training that ended early, training does not continue.
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
        // A file that no longer exists does not have to be removed.
        let _ = std::fs::remove_file(resume.path);
    }
    Ok(Outcome { parameters: best.parameters, ending, steps: step, worst: best.worst, epoch: best.epoch })
}

/// The inputs `[n, C, H, W]` in channels-last layout. The CPU's convolutions and batch norms, and their results, then keep
/// this layout, which makes a step of ResNet-18 a tenth faster.
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
