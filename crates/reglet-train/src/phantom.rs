//! Small classifiers of phantoms, trained: the two of the default audit, and those that a calibration audits.

use std::path::Path;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reglet_data::Dataset;
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_model::{Architecture, Graph, Parameters, Preprocessing, Request, save};
use reglet_statistics::auroc;
use tch::{Device, Kind, Reduction, TchError, Tensor};

use crate::{AdamW, Ending, Objective, Optimiser, Progress, Schedule, Shape, Step, TrainError, Training};

/// What a classifier is trained on, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// The share of melanomas that have a ruler, 0 to 1.
    pub ruler_given_melanoma: f64,
    /// The share of benign lesions that have a ruler, 0 to 1.
    pub ruler_given_benign: f64,
    /// How many phantoms; at least [`BATCH`].
    pub pictures: usize,
    /// How often each is seen.
    pub epochs: usize,
    /// Fixes the phantoms, the first weights and the order.
    pub seed: u64,
}

/// The two classifiers that come with the program: their names and recipes.
pub const SHIPPED: [(&str, Recipe); 2] = [
    ("phantom-shortcut", Recipe { ruler_given_melanoma: 0.98, ruler_given_benign: 0.02, ..Recipe::SHIPPED }),
    ("phantom-clean", Recipe::SHIPPED),
];

impl Recipe {
    /// How many steps the training takes.
    pub fn steps(&self) -> usize {
        steps(self.pictures, self.epochs)
    }

    const SHIPPED: Recipe =
        Recipe { ruler_given_melanoma: 0.5, ruler_given_benign: 0.5, pictures: 3000, epochs: 6, seed: 2026 };
}

/// The network's channels relative to ResNet-18's: 175 thousand parameters.
pub const WIDTH: f64 = 0.125;
/// The side of the phantoms, in pixels.
pub const SIDE: u32 = 128;
/// How many phantoms a step of the training takes together.
pub const BATCH: usize = 32;

/// On how many phantoms [`Trained::auroc`] is measured.
pub const HELD_OUT: usize = 400;
const RATE: f64 = 4e-3;
const DECAY: f64 = 0.02;

/// A classifier that was trained.
#[derive(Debug)]
pub struct Trained {
    graph: Graph,
    parameters: Parameters,
}

/// Pictures, and what a network is taught to say of them.
#[derive(Debug)]
pub struct Lesson {
    /// `[N, 3, SIDE, SIDE]`; at least [`BATCH`] of them.
    pub pictures: Tensor,
    /// One for each picture.
    pub aims: Aims,
}

/// What a network is taught to say.
#[derive(Debug)]
pub enum Aims {
    /// The right class, by cross-entropy.
    Labels(Vec<i64>),
    /// Both logits, by their mean squared error.
    Logits(Vec<[f32; 2]>),
}

impl Trained {
    /// The area under the ROC curve on held-out phantoms of the recipe.
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn auroc(&self, recipe: &Recipe) -> Result<f64, TrainError> {
        let (inputs, labels) = load(&phantoms(recipe, HELD_OUT, recipe.seed.wrapping_add(1))?)?;
        let graph = &self.graph;
        let request =
            Request { feeds: &[(graph.input(), &inputs)], fetches: &[graph.output()], ..Request::default() };
        let logits = graph.run(&self.parameters, &request)?.remove(0);
        let scores: Vec<f64> =
            Vec::try_from((logits.f_select(1, 1)? - logits.f_select(1, 0)?).f_to_kind(Kind::Double)?)?;
        Ok(auroc(scores.into_iter().zip(labels.iter().map(|&label| label == 1))).unwrap_or(f64::NAN))
    }

    /// Writes the weights to the file `path`, as 16-bit floats.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        let half = |tensor: &Tensor| tensor.f_detach()?.f_to_kind(Kind::Half);
        let halves: Result<Vec<Tensor>, TchError> = self.parameters.tensors().iter().map(half).collect();
        let halves = halves.map_err(std::io::Error::other)?;
        let names = self.graph.parameters().iter().map(|parameter| parameter.name.as_str());
        save(path, &names.zip(&halves).collect::<Vec<(&str, &Tensor)>>())
    }
}

/// Phantoms of a recipe. Training and held-out ones have different seeds, so no picture is in both.
fn phantoms(recipe: &Recipe, count: usize, seed: u64) -> Result<Phantoms, TrainError> {
    let options = PhantomOptions {
        count,
        size: SIDE,
        seed,
        ruler_given_melanoma: recipe.ruler_given_melanoma,
        ruler_given_benign: recipe.ruler_given_benign,
        ..PhantomOptions::default()
    };
    Ok(Phantoms::new(options).map_err(reglet_data::DataError::from)?)
}

/// Every picture as a tensor `[N, 3, H, W]`, and its label.
fn load(data: &Phantoms) -> Result<(Tensor, Vec<i64>), TrainError> {
    let samples: Vec<_> =
        (0..data.len()).into_par_iter().map(|i| data.sample(i)).collect::<Result<_, _>>()?;
    let labels = samples.iter().map(|sample| sample.label as i64).collect();
    let views: Vec<_> = samples.into_iter().map(|sample| sample.picture).collect();
    Ok((Preprocessing::exact(SIDE).tensor(&views, Device::Cpu)?, labels))
}

/// Trains a network on phantoms of a recipe, to tell their class.
///
/// # Errors
/// What libtorch reports.
pub fn train(recipe: &Recipe, progress: impl FnMut(u64, u64)) -> Result<Trained, TrainError> {
    let (pictures, labels) = load(&phantoms(recipe, recipe.pictures, recipe.seed)?)?;
    let lesson = Lesson { pictures, aims: Aims::Labels(labels) };
    teach(&lesson, recipe.epochs, recipe.seed, progress)
}

/// How a network is trained from scratch: by AdamW, with a warm-up and a cosine schedule.
fn training(epochs: usize) -> Training {
    Training {
        optimiser: Optimiser::AdamW(AdamW { rate: RATE, decay: DECAY, ..AdamW::default() }),
        schedule: Schedule { warm_up: 40, shape: Shape::Cosine },
        epochs,
        batch: BATCH,
        ..Training::default()
    }
}

/// Trains a network from scratch; pictures are mirrored at random. The seed fixes the first weights and the order. `progress`
/// is told the steps that are done, and how many there are.
///
/// # Errors
/// What libtorch reports; [`TrainError::Diverged`].
pub fn teach(
    lesson: &Lesson,
    epochs: usize,
    seed: u64,
    mut progress: impl FnMut(u64, u64),
) -> Result<Trained, TrainError> {
    let graph = Architecture::ResNet18.graph(2, WIDTH)?;
    let start = Parameters::initial(&graph, seed)?;
    let mut said = |told: &Progress| progress(told.step as u64, told.steps as u64);
    let outcome =
        crate::train(&graph, &start, &training(epochs), seed, &mut Mirrored(lesson), None, &mut said)?;
    match outcome.ending {
        Ending::Diverged { step, loss } => Err(TrainError::Diverged { step, loss }),
        _ => Ok(Trained { graph, parameters: outcome.parameters }),
    }
}

/// A lesson whose batches are mirrored at random.
struct Mirrored<'a>(&'a Lesson);

impl Objective for Mirrored<'_> {
    fn len(&self) -> usize {
        self.0.aims.len()
    }

    fn inputs(&mut self, batch: &[i64], _: usize, random: &mut ChaCha8Rng) -> Result<Tensor, TrainError> {
        let mut input = self.0.pictures.f_index_select(0, &Tensor::from_slice(batch))?;
        for axis in [2, 3] {
            if random.random::<bool>() {
                input = input.f_flip([axis])?;
            }
        }
        Ok(input)
    }

    fn loss(&mut self, step: &Step<'_>) -> Result<Tensor, TrainError> {
        Ok(self.0.aims.loss(&step.logits()?, step.batch)?)
    }
}

/// How many steps a training takes.
pub fn steps(pictures: usize, epochs: usize) -> usize {
    epochs * (pictures / BATCH)
}

impl Aims {
    fn len(&self) -> usize {
        match self {
            Aims::Labels(labels) => labels.len(),
            Aims::Logits(logits) => logits.len(),
        }
    }

    /// How far the logits `[N, 2]` of these pictures are from what they should be.
    fn loss(&self, logits: &Tensor, batch: &[i64]) -> Result<Tensor, TchError> {
        match self {
            Aims::Labels(labels) => {
                let target: Vec<i64> = batch.iter().map(|&index| labels[index as usize]).collect();
                let target = Tensor::from_slice(&target);
                logits.f_cross_entropy_loss::<Tensor>(&target, None, Reduction::Mean, -100, 0.05)
            }
            Aims::Logits(aims) => {
                let target: Vec<f32> = batch.iter().flat_map(|&index| aims[index as usize]).collect();
                let target = Tensor::from_slice(&target).f_view([-1, 2])?;
                logits.f_mse_loss(&target, Reduction::Mean)
            }
        }
    }
}
