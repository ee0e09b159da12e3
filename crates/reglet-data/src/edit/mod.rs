//! Pictures with one thing changed.
//!
//! Where a data set generates its pictures it draws them again, exactly ([`Dataset::redraw`]). Elsewhere a
//! picture is edited: an artefact is cut from one picture and cloned into another ([`paste`]), or a ruler drawn
//! ([`insert`]); it is [removed](remove()), moved, or the lesion removed and it left. Beside each stands a change
//! of the same size without meaning, so that "any change there" can be told from "a ruler there". [`Editor`]
//! chooses the means.

mod axis;
mod cutout;
mod editor;
mod error;
mod follow;
mod insert;
mod light;
mod membrane;
mod remove;

use image::RgbImage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mask;
pub use cutout::{Cutout, paste, remove_elsewhere, scramble};
pub use editor::{EditOptions, Editor, Insertion, Source};
pub use error::EditError;
pub use follow::follow;
pub use insert::{Inserted, insert};
pub use remove::remove;

#[cfg(doc)]
use crate::Dataset;

/// What is changed about a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The artefact is put in.
    Insert,
    /// The artefact is taken away.
    Remove,
    /// The artefact is put somewhere else.
    Move,
    /// As much is changed without meaning: skin is put where the artefact would be put or, in a picture that
    /// shows it, where it is not.
    Control,
    /// The artefact is put in with its parts in disorder: the same pixels, no ruler.
    Scrambled,
    /// The lesion is taken away and the artefact left.
    RemoveLesion,
}

impl Change {
    /// Every change.
    pub const ALL: [Change; 6] = [
        Change::Insert,
        Change::Remove,
        Change::Move,
        Change::Control,
        Change::Scrambled,
        Change::RemoveLesion,
    ];
}

/// A picture with one thing changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The changed picture, of the original's size.
    pub picture: RgbImage,
    /// Where it was changed.
    pub region: Mask,
}
