//! What every correction method is to those who choose, run and compare methods without knowing them one by one.

mod augmentation;
mod balanced;
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

/// A way to correct a model that has learnt a shortcut, with its parameters.
pub trait CorrectionMethod: fmt::Debug {
    /// What there is to say of the method, whatever its parameters.
    fn about(&self) -> &'static About;

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`TrainError::Parameter`].
    fn check(&self) -> Result<(), TrainError> {
        Ok(())
    }

    /// Refuses a case that lacks what the method needs, before anything is computed.
    ///
    /// # Errors
    /// What is missing, as one sentence.
    fn fits(&self, case: &Case<'_>) -> Result<(), TrainError>;

    /// Corrects the case's model, which stays as it is.
    ///
    /// # Errors
    /// What the method needs and the case does not have, as one sentence; what the model reports.
    fn correct(&self, case: &Case<'_>, progress: &mut dyn FnMut(&Progress)) -> Result<Corrected, TrainError>;
}

/// What there is to say of a method, whatever its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct About {
    /// The display name.
    pub title: &'static str,
    /// What it needs beside pictures and labels.
    pub needs: Needs,
    /// The paper's address; empty for what has none.
    pub paper: &'static str,
}

/// What a method needs beside pictures and labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Needs {
    /// To know of each picture whether it shows the artefact.
    pub flags: bool,
    /// Outlines of the artefact.
    pub masks: bool,
    /// Means to put the artefact into pictures, or to take it out.
    pub edits: bool,
    /// A linear last layer.
    pub head: bool,
    /// To train the network, and not its last layer alone.
    pub training: bool,
}

/// A model to correct, and what with.
pub struct Case<'a> {
    /// The model.
    pub model: &'a Model,
    /// The pictures.
    pub pool: &'a Pool<'a>,
    /// Those to learn from, by place.
    pub train: &'a [usize],
    /// Those by which the best is chosen.
    pub held: &'a [usize],
    /// How networks are trained.
    pub training: &'a Training,
    /// Whether pictures are mirrored and turned by quarters at random while networks are trained.
    pub turn: bool,
    /// Fixes everything random.
    pub seed: u64,
    /// The folder of checkpoints, and everything that a training depends on. None: an interrupted one begins anew.
    pub checkpoints: Option<(&'a Path, &'a str)>,
}

/// A corrected model.
#[derive(Debug)]
pub struct Corrected {
    /// The weights.
    pub parameters: Parameters,
    /// Which of them were changed, by place among the graph's parameters.
    pub changed: Vec<usize>,
    /// How the training ended; `None` where nothing was trained step by step.
    pub ending: Option<Ending>,
    /// How many steps of training it took.
    pub steps: usize,
    /// How many pictures it learnt from.
    pub pictures: usize,
    /// How good the model is on the pictures that were held out, before and after.
    pub worst: [Worst; 2],
    /// What the method found on its way: numbers by name.
    pub facts: Vec<(&'static str, f64)>,
}

impl Case<'_> {
    /// Refuses a training that cannot begin.
    pub(crate) fn check_training(&self) -> Result<(), TrainError> {
        self.training.check()?;
        self.model.graph().check_transparent().map_err(|_| TrainError::NothingToTrain)?;
        trainable(self.model.graph(), &self.training.freeze)?;
        let (pictures, batch) = (self.train.len(), self.training.batch);
        if pictures < batch { Err(TrainError::TooFew { pictures, batch }) } else { Ok(()) }
    }

    /// Refuses a case in which some pictures do not say whether they show the artefact.
    pub(crate) fn check_flags(&self, method: &'static str) -> Result<(), TrainError> {
        let unknown = self.train.iter().filter(|&&place| self.pool.kind(place).is_none()).count();
        if unknown == 0 {
            return Ok(());
        }
        let artefact = self.pool.artefact().to_owned();
        Err(TrainError::NoFlags { method, artefact, unknown, pictures: self.train.len() })
    }

    /// Refuses a case in which a class has fewer than `least` pictures with the artefact, or without it.
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

    /// The places to learn from, by group.
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

    /// What is made of weights of which only some were changed.
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
