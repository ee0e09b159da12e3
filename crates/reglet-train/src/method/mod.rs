//! The common interface of all correction methods, for code that selects, runs and compares them.

mod augmentation;
mod balanced;
mod changes;
mod dfr;
mod fold;
mod group_dro;
mod jtt;
mod leace;
mod p_clarc;
mod pattern;
mod registry;
mod rr_clarc;
mod rrr;
mod supervised;
mod vanilla;

use std::fmt;
use std::path::Path;

use reglet_model::{Model, Parameters};
use schemars::JsonSchema;
use serde::Serialize;

pub use augmentation::Augmentation;
pub use balanced::Balanced;
pub use dfr::Dfr;
pub use fold::{HeadWeights, Projection};
pub use group_dro::GroupDro;
pub use jtt::Jtt;
pub use leace::{Leace, eraser};
pub use p_clarc::PClarc;
pub use pattern::{balance, pattern};
pub use registry::{Method, Methods};
pub use rr_clarc::RrClarc;
pub use rrr::Rrr;
pub use vanilla::Vanilla;

use crate::freeze::trainable;
use crate::{Ending, Pool, Progress, TrainError, Training, Worst};

/// A method that corrects a model with a learnt shortcut, with its parameters.
pub trait CorrectionMethod: fmt::Debug {
    /// Information on the method that does not depend on its parameters.
    fn about(&self) -> &'static About;

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`TrainError::Parameter`].
    fn check(&self) -> Result<(), TrainError> {
        Ok(())
    }

    /// Returns an error for a case that lacks what the method needs, before anything is computed.
    ///
    /// # Errors
    /// What is missing, as one sentence.
    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError>;

    /// Returns a corrected model; the case's model is not changed.
    ///
    /// # Errors
    /// What the method needs and the case does not have, as one sentence; any error of the model.
    fn correct(&self, case: &Case<'_>, progress: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError>;
}

/// Information on a method that does not depend on its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct About {
    /// The display name.
    pub title: &'static str,
    /// What it needs in addition to pictures and labels.
    pub needs: Needs,
    /// The paper's address; empty if there is none.
    pub paper: &'static str,
}

/// What a method needs in addition to pictures and labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Needs {
    /// For each picture, whether it shows the artefact.
    pub flags: bool,
    /// Masks of the artefact.
    pub masks: bool,
    /// A way to add the artefact to pictures, or to remove it.
    pub edits: bool,
    /// A linear last layer.
    pub head: bool,
    /// Training of the network, and not only of its last layer.
    pub training: bool,
}

/// A model to correct, with the data and settings.
pub struct Case<'a> {
    /// The model.
    pub model: &'a Model,
    /// The pictures.
    pub pool: &'a Pool<'a>,
    /// The indices of the pictures to learn from.
    pub train: &'a [usize],
    /// The indices of the pictures by which the best weights are chosen.
    pub held: &'a [usize],
    /// How networks are trained.
    pub training: &'a Training,
    /// Whether pictures are mirrored and rotated by quarter turns at random during training.
    pub turn: bool,
    /// Fixes everything random.
    pub seed: u64,
    /// The folder of checkpoints, and a key of everything that a training depends on. None: an interrupted training starts
    /// again.
    pub checkpoints: Option<(&'a Path, &'a str)>,
}

/// A corrected model.
#[derive(Debug)]
pub struct Corrected {
    /// The weights.
    pub parameters: Parameters,
    /// The indices, among the graph's parameters, of those that were changed.
    pub changed: Vec<usize>,
    /// How the training ended; `None` for methods without training steps.
    pub ending: Option<Ending>,
    /// The number of training steps.
    pub steps: usize,
    /// The number of pictures that it learnt from.
    pub pictures: usize,
    /// The accuracy of the model on the held-out pictures, before and after.
    pub worst: [Worst; 2],
    /// Further results of the method: numbers by name.
    pub facts: Vec<(&'static str, f64)>,
}

impl Case<'_> {
    /// Returns an error for a training that cannot start.
    pub(crate) fn check_training(&self) -> Result<(), TrainError> {
        self.training.check()?;
        self.model.graph().check_transparent().map_err(|_| TrainError::NothingToTrain)?;
        trainable(self.model.graph(), &self.training.freeze)?;
        let (pictures, batch) = (self.train.len(), self.training.batch);
        if pictures < batch { Err(TrainError::TooFew { pictures, batch }) } else { Ok(()) }
    }

    /// Returns an error if it is unknown for some pictures whether they show the artefact.
    pub(crate) fn check_flags(&self, method: &'static str) -> Result<(), TrainError> {
        let unknown = self.train.iter().filter(|&&place| self.pool.kind(place).is_none()).count();
        if unknown == 0 {
            return Ok(());
        }
        let artefact = self.pool.artefact().to_owned();
        Err(TrainError::NoFlags { method, artefact, unknown, pictures: self.train.len() })
    }

    /// Returns an error if a class has fewer than `least` pictures with the artefact, or without it.
    pub(crate) fn check_groups(&self, method: &'static str, least: usize) -> Result<(), TrainError> {
        self.check_flags(method)?;
        let counts = self.pool.counts(self.train);
        let Some(((class, shown), found)) = counts.into_iter().find(|(_, found)| *found < least) else {
            return Ok(());
        };
        let artefact = self.pool.artefact().to_owned();
        let label = &self.model.classes().labels()[class];
        let group = format!("of class {label} {} it", if shown { "with" } else { "without" });
        Err(TrainError::EmptyGroup { method, artefact, group, found, least })
    }

    /// The indices of the pictures to learn from, by group.
    pub(crate) fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); 2 * self.model.classes().count()];
        for &place in self.train {
            if let Some(kind) = self.pool.kind(place) {
                groups[kind].push(place);
            }
        }
        groups.retain(|group| !group.is_empty());
        groups
    }

    /// The result for weights that were changed only in part.
    pub(crate) fn corrected(
        &self,
        parameters: Parameters,
        changed: Vec<usize>,
        facts: Vec<(&'static str, f64)>,
    ) -> Result<Corrected, TrainError> {
        let before = self.pool.worst(self.model, self.model.parameters(), self.held)?;
        let after = self.pool.worst(self.model, &parameters, self.held)?;
        Ok(Corrected {
            parameters,
            changed,
            ending: None,
            steps: 0,
            pictures: self.train.len(),
            worst: [before, after],
            facts,
        })
    }
}
