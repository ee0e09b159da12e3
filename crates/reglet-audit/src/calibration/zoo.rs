//! Classifiers built to fool the audit: what each does is known, since it was taught just that.

mod behaviour;
mod findings;
mod lesson;
mod page;
mod thing;
mod truth;

pub(super) use behaviour::Kind;
pub(super) use findings::ZooFindings;
use lesson::{LESSON, lesson};
pub(super) use truth::{Truth, truths};

use super::config::ZooConfig;
use super::series::{Member, Task};
use reglet_train::generated::{steps, teach};

/// One classifier of the zoo.
#[derive(Debug, Clone)]
pub(super) struct Animal {
    pub kind: Kind,
    pub seed: u64,
    pub member: Member,
}

impl ZooConfig {
    /// Every classifier, in the order of the kinds, with the kind's seeds together.
    pub(super) fn animals(&self) -> Vec<(Kind, u64)> {
        self.kinds.iter().flat_map(|&kind| self.seeds.iter().map(move |&seed| (kind, seed))).collect()
    }

    /// How each is trained.
    pub(super) fn tasks(&self) -> Vec<Task> {
        let pictures = self.pictures;
        let task = |(kind, seed): (Kind, u64)| {
            let epochs = self.epochs * kind.patience();
            Task {
                name: format!("{}, seed {seed}", kind.name()),
                // The behaviour that a kind is taught is part of its recipe, so another behaviour gives another classifier.
                recipe: format!("{LESSON} {kind:?} {pictures} {epochs} {seed} {}", kind.taught()),
                stem: format!("{}-seed-{seed}", kind.name()),
                steps: steps(pictures, epochs),
                train: Box::new(move |progress| {
                    Ok(teach(&lesson(kind, pictures, seed)?, epochs, seed, progress)?)
                }),
            }
        };
        self.animals().into_iter().map(task).collect()
    }
}
