//! Changes that are drawn for the pictures of a batch.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use reglet_data::edit::Change;
use reglet_data::picture::Picture;

use crate::{Pool, TrainError};

/// How often a picture is changed before it is learnt from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Changes {
    /// The share of pictures that are changed.
    pub share: f64,
    /// The share of these that get the neutral edit instead.
    pub controls: f64,
}

/// The change of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drawn {
    /// Whether the change is a neutral edit.
    control: bool,
    /// Whether the neutral edit is the artefact with its tiles shuffled.
    scrambled: bool,
    /// Where.
    number: u32,
}

impl Changes {
    /// Whether a picture is changed, and how.
    pub fn draw(self, random: &mut ChaCha8Rng) -> Option<Drawn> {
        let chosen = random.random::<f64>() < self.share;
        let control = random.random::<f64>() < self.controls;
        let drawn = Drawn { control, scrambled: random.random(), number: random.random_range(0..1 << 20) };
        chosen.then_some(drawn)
    }
}

impl Drawn {
    /// The picture after the change; `None` if it is not possible.
    pub fn view(&self, pool: &Pool<'_>, place: usize) -> Result<Option<Picture>, TrainError> {
        let change = match (pool.members()[place].shown, self.control) {
            (Some(true), false) => Change::Remove,
            (Some(false), false) => Change::Insert,
            (Some(false), true) if self.scrambled => Change::Scrambled,
            (Some(_), true) => Change::Control,
            (None, _) => return Ok(None),
        };
        pool.changed(place, change, self.number)
    }
}
