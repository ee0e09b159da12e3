//! Training of small classifiers on generated pictures: those that come with the program, and those that a calibration
//! audits.

use std::path::Path;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reglet_data::film::{FilmOptions, Films};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::picture::Picture;
use reglet_data::{DataError, Dataset};
use reglet_model::{Architecture, Graph, Parameters, Preprocessing, Request, Sizes, save};
use reglet_statistics::auroc;
use tch::{Device, Kind, Reduction, TchError, Tensor};

use crate::{AdamW, Ending, Objective, Optimiser, Progress, Schedule, Shape, Step, TrainError, Training};

/// The training data of a classifier, and the length of its training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// The kind of pictures.
    pub drawn: Drawn,
    /// The share of the second class, melanomas or effusions, that show the artefact, 0 to 1.
    pub artefact_given_second: f64,
    /// The share of the first class that show it, 0 to 1.
    pub artefact_given_first: f64,
    /// The number of pictures; at least [`BATCH`].
    pub pictures: usize,
    /// The number of epochs.
    pub epochs: usize,
    /// The seed of the pictures, the initial weights and the order.
    pub seed: u64,
}

/// The kind of generated pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawn {
    /// Skin lesions with a ruler: [`Phantoms`].
    Phantoms,
    /// Chest films with a side marker: [`Films`].
    Films,
}

/// The classifiers that come with the program: their names and recipes.
pub const SHIPPED: [(&str, Recipe); 4] = [
    (
        "phantom-shortcut",
        Recipe { artefact_given_second: 0.98, artefact_given_first: 0.02, ..Recipe::SHIPPED },
    ),
    ("phantom-clean", Recipe::SHIPPED),
    (
        "film-shortcut",
        Recipe { artefact_given_second: 0.98, artefact_given_first: 0.02, ..Recipe::SHIPPED_OF_FILMS },
    ),
    ("film-clean", Recipe::SHIPPED_OF_FILMS),
];

impl Recipe {
    /// The number of training steps.
    pub fn steps(&self) -> usize {
        steps(self.pictures, self.epochs)
    }

    const SHIPPED: Recipe = Recipe {
        drawn: Drawn::Phantoms,
        artefact_given_second: 0.5,
        artefact_given_first: 0.5,
        pictures: 3000,
        epochs: 6,
        seed: 2026,
    };

    const SHIPPED_OF_FILMS: Recipe = Recipe { drawn: Drawn::Films, ..Recipe::SHIPPED };

    /// Pictures of the recipe. Training and held-out ones have different seeds, so no picture is in both.
    fn data(&self, count: usize, seed: u64) -> Result<Box<dyn Dataset>, TrainError> {
        let (first, second) = (self.artefact_given_first, self.artefact_given_second);
        Ok(match self.drawn {
            Drawn::Phantoms => Box::new(
                Phantoms::new(PhantomOptions {
                    count,
                    size: SIDE,
                    seed,
                    ruler_given_melanoma: second,
                    ruler_given_benign: first,
                    ..PhantomOptions::default()
                })
                .map_err(DataError::from)?,
            ),
            Drawn::Films => Box::new(
                Films::new(FilmOptions {
                    count,
                    size: FILM_SIDE,
                    seed,
                    marker_given_effusion: second,
                    marker_given_normal: first,
                })
                .map_err(DataError::from)?,
            ),
        })
    }
}

impl Drawn {
    /// How these pictures are preprocessed for the classifiers.
    pub fn preprocessing(self) -> Preprocessing {
        match self {
            Drawn::Phantoms => Preprocessing::exact(SIDE),
            Drawn::Films => {
                let (mean, std) = Preprocessing::AS_IS;
                Preprocessing { mean, std, ..Preprocessing::exact(FILM_SIDE) }
            }
        }
    }

    /// The axes of a picture along which it may be mirrored: a film has an upper side, but a dermoscopic picture does not.
    fn mirrors(self) -> &'static [i64] {
        match self {
            Drawn::Phantoms => &[2, 3],
            Drawn::Films => &[3],
        }
    }
}

/// The number of channels relative to ResNet-18; the network has 175 thousand parameters.
pub const WIDTH: f64 = 0.125;
/// The side of the phantoms, in pixels.
pub const SIDE: u32 = 128;
/// The side of the films, in pixels.
pub const FILM_SIDE: u32 = 96;
/// The batch size.
pub const BATCH: usize = 32;

/// The number of pictures on which [`Trained::auroc`] is measured.
pub const HELD_OUT: usize = 400;
const RATE: f64 = 4e-3;
const DECAY: f64 = 0.02;

/// A classifier that was trained.
#[derive(Debug)]
pub struct Trained {
    graph: Graph,
    parameters: Parameters,
}

/// Pictures, and the desired outputs of a network for them.
#[derive(Debug)]
pub struct Lesson {
    /// `[N, C, H, W]`, of one channel or three; at least [`BATCH`] of them.
    pub pictures: Tensor,
    /// The axes along which they are mirrored at random.
    pub mirrors: &'static [i64],
    /// One for each picture.
    pub aims: Aims,
}

/// The desired output of a network.
#[derive(Debug)]
pub enum Aims {
    /// The correct class, by cross-entropy.
    Labels(Vec<i64>),
    /// Both logits, by their mean squared error.
    Logits(Vec<[f32; 2]>),
}

impl Trained {
    /// The area under the ROC curve on held-out pictures of the recipe.
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn auroc(&self, recipe: &Recipe) -> Result<f64, TrainError> {
        let (inputs, labels) = load(recipe, HELD_OUT, recipe.seed.wrapping_add(1))?;
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
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        let half = |tensor: &Tensor| tensor.f_detach()?.f_to_kind(Kind::Half);
        let halves: Result<Vec<Tensor>, TchError> = self.parameters.tensors().iter().map(half).collect();
        let halves = halves.map_err(std::io::Error::other)?;
        let names = self.graph.parameters().iter().map(|parameter| parameter.name.as_str());
        save(path, &names.zip(&halves).collect::<Vec<(&str, &Tensor)>>())
    }
}

/// Pictures of a recipe as a tensor `[N, C, H, W]`, and their labels.
fn load(recipe: &Recipe, count: usize, seed: u64) -> Result<(Tensor, Vec<i64>), TrainError> {
    let data = recipe.data(count, seed)?;
    let labels = (0..data.len()).map(|index| data.label(index) as i64).collect();
    let views: Vec<Picture> =
        (0..data.len()).into_par_iter().map(|index| data.picture(index)).collect::<Result<_, _>>()?;
    Ok((recipe.drawn.preprocessing().tensor(&views, Device::Cpu)?, labels))
}

/// Trains a network to classify the pictures of a recipe.
///
/// # Errors
/// What libtorch reports.
pub fn train(recipe: &Recipe, progress: impl FnMut(u64, u64)) -> Result<Trained, TrainError> {
    let (pictures, labels) = load(recipe, recipe.pictures, recipe.seed)?;
    let lesson = Lesson { pictures, mirrors: recipe.drawn.mirrors(), aims: Aims::Labels(labels) };
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

/// Trains a network from scratch; pictures are mirrored at random. The seed determines the initial weights and the order.
/// `progress` receives the number of completed steps and the total.
///
/// # Errors
/// Any error of libtorch; [`TrainError::Diverged`].
pub fn teach(
    lesson: &Lesson,
    epochs: usize,
    seed: u64,
    mut progress: impl FnMut(u64, u64),
) -> Result<Trained, TrainError> {
    let in_channels = lesson.pictures.size()[1];
    let graph = Architecture::ResNet18.sized(Sizes { in_channels, classes: 2, width: WIDTH })?;
    let start = Parameters::initial(&graph, seed)?;
    let mut said = |told: &Progress| progress(told.step as u64, told.steps as u64);
    let outcome =
        crate::train(&graph, &start, &training(epochs), seed, &mut Mirrored(lesson), None, &mut said)?;
    match outcome.ending {
        Ending::Diverged { step, loss } => Err(TrainError::Diverged { step, loss }),
        _ => Ok(Trained { graph, parameters: outcome.parameters }),
    }
}

/// A training set whose batches are mirrored at random.
struct Mirrored<'a>(&'a Lesson);

impl Objective for Mirrored<'_> {
    fn len(&self) -> usize {
        self.0.aims.len()
    }

    fn inputs(&mut self, batch: &[i64], _: usize, random: &mut ChaCha8Rng) -> Result<Tensor, TrainError> {
        let mut input = self.0.pictures.f_index_select(0, &Tensor::from_slice(batch))?;
        for &axis in self.0.mirrors {
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

/// The number of steps of a training.
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

    /// The loss of the logits `[N, 2]` of these pictures.
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
