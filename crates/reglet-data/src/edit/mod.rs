//! Pictures with one thing changed.
//!
//! Where a data set generates its pictures it draws them again, exactly ([`Dataset::redraw`]). Elsewhere a
//! picture is edited: an artefact is cut from one picture and cloned into another ([`paste`]), or a ruler drawn
//! ([`insert`]); it is [removed](remove()), moved, or the lesion removed and it left. Beside each stands a change
//! of the same size and strength that means nothing ([`Change::Control`]), so that "any change there" can be told from
//! "a ruler there".
//!
//! [`Editor`] chooses the means. *Where* something is changed is a [`Placement`], which the editor's seed decides or a
//! person's hand; *what* is changed there is a [`Change`]. A [`Scene`] is one picture with what all its changes need to
//! know of it, and a [`Patch`] what one of them touches.

mod axis;
mod control;
mod cutout;
mod editor;
mod error;
mod follow;
mod grid;
mod insert;
mod light;
mod matched;
mod membrane;
mod patch;
mod placement;
mod remove;
mod room;
mod scene;
mod scramble;

use std::fmt;

use image::RgbImage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mask;
pub use control::control;
pub use cutout::{Cutout, paste};
pub use editor::{EditOptions, Editor, Insertion, Source};
pub use error::EditError;
pub use follow::follow;
pub use insert::insert;
pub use patch::Patch;
pub use placement::{Placement, Spot};
pub use remove::remove;
pub use scene::Scene;
pub use scramble::scramble;

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
    /// A neutral edit that changes as many pixels as strongly: by a soft patch, darker or lighter as the artefact is,
    /// where it would be put; or, in a picture that shows it, of the same shape elsewhere, and changed as removing it
    /// would change its place.
    Control,
    /// The artefact is put in with its tiles shuffled: the same pixels, changed as strongly, no ruler.
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

impl fmt::Display for Change {
    /// As in a config: "insert", "remove_lesion"…
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Change::Insert => "insert",
            Change::Remove => "remove",
            Change::Move => "move",
            Change::Control => "control",
            Change::Scrambled => "scrambled",
            Change::RemoveLesion => "remove_lesion",
        })
    }
}

/// A picture with one thing changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The changed picture, of the original's size.
    pub picture: RgbImage,
    /// Where it was changed: every pixel that differs, and those that the change might have touched.
    pub region: Mask,
    /// The id of the picture that the cut-out came from; `None` where nothing was cut out.
    pub donor: Option<String>,
    /// The share, from 0 to 1, of the lesion's pixels that the region covers; 0 where the lesion has no mask.
    pub lesion: f64,
}

impl Edited {
    /// How strong the change is: the mean, over the region's pixels and three channels, of the absolute difference to
    /// the picture `before`, in levels from 0 to 255. 0 where the region is empty or the two are not of one size.
    pub fn strength(&self, before: &RgbImage) -> f64 {
        self.belongs_to(before).map_or(0.0, |()| Patch::of(self).strength(before))
    }

    fn belongs_to(&self, before: &RgbImage) -> Result<(), EditError> {
        for size in [self.region.dimensions(), self.picture.dimensions()] {
            if size != before.dimensions() {
                return Err(EditError::Size { mask: size, picture: before.dimensions() });
            }
        }
        Ok(())
    }
}
