//! Pictures with one thing changed.
//!
//! Where a data set generates its pictures it draws them again, exactly ([`Dataset::redraw`]). Elsewhere a
//! picture is edited: a ruler is [inserted](insert), [removed](remove()), moved, or a blank strip put where the
//! ruler would lie, so that "any change there" can be told from "a ruler there". [`apply`] chooses.

mod apply;
mod error;
mod insert;
mod remove;

use image::RgbImage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mask;
pub use apply::apply;
pub use error::EditError;
pub use insert::{Inserted, insert};
pub use remove::remove;

#[cfg(doc)]
use crate::Dataset;

/// What is changed about a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The region is put in.
    Insert,
    /// The region is taken away.
    Remove,
    /// The region is put somewhere else.
    Move,
    /// Something equally large but meaningless is changed.
    Control,
}

/// A picture with one thing changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The changed picture, of the original's size.
    pub picture: RgbImage,
    /// Where it was changed.
    pub region: Mask,
}
