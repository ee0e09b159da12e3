//! Pictures with one change.
//!
//! A data set that generates its pictures draws them again exactly ([`Dataset::redraw`]). Other pictures are edited: an
//! artefact is cut from one picture and cloned into another ([`paste`]), or a ruler is drawn ([`insert`]); it is
//! [removed](remove()) or moved; or the lesion is removed and the artefact left. Each change has a control, a neutral edit
//! of the same size and strength ([`Change::Control`]), which distinguishes the effect of any change from the effect of a
//! ruler.
//!
//! [`Editor`] chooses the method. *Where* something is changed is a [`Placement`], which is determined by the editor's seed
//! or by a person; *what* is changed there is a [`Change`]. A [`Scene`] is one picture with the data that all its changes
//! need, and a [`Patch`] contains the pixels that one change touches.

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

/// The change of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The artefact is added.
    Insert,
    /// The artefact is removed.
    Remove,
    /// The artefact is moved to another place.
    Move,
    /// A neutral edit that changes the same number of pixels with the same strength. For adding: a soft patch at the same
    /// place, darker or lighter like the artefact. In a picture that shows the artefact: a region of the same shape
    /// elsewhere, changed as the removal changes the artefact's region.
    Control,
    /// The artefact is added with its tiles shuffled: the same pixels with the same strength of change, but no ruler.
    Scrambled,
    /// The lesion is removed and the artefact is left.
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
    /// The name in a config: "insert", "remove_lesion"…
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

/// A picture with one change.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The changed picture, in the original's size.
    pub picture: RgbImage,
    /// The changed region: all pixels that differ, and those that the change may have touched.
    pub region: Mask,
    /// The id of the picture that the cut-out came from; `None` if there is no cut-out.
    pub donor: Option<String>,
    /// The share, from 0 to 1, of the lesion's pixels that the region covers: 0 if the picture is known to show no lesion, and
    /// `None` if the lesion has no mask, so that the share is unknown.
    pub lesion: Option<f64>,
}

impl Edited {
    /// The strength of the change: the mean, over the region's pixels and three channels, of the absolute difference to the
    /// picture `before`, on a scale from 0 to 255. 0 if the region is empty or the sizes differ.
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
