//! Where a change is made.

use serde::{Deserialize, Serialize};

use super::EditError;
use crate::phantom::Ruler;

/// Where a change is made, and with which artefact. The value is chosen by the seed
/// ([`Editor::place`](super::Editor::place)) or by a person.
///
/// [`Change::Insert`](super::Change::Insert), [`Control`](super::Change::Control) and
/// [`Scrambled`](super::Change::Scrambled) use the same placement: there, they change the same pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Placement {
    /// Where the picture shows the artefact; a removal needs no other place.
    InPlace,
    /// Where the data set's generator places it with this seed.
    Redrawn {
        /// The seed given to [`Dataset::redraw`](crate::Dataset::redraw).
        seed: u64,
    },
    /// A ruler drawn over the picture: its appearance and its position, in units of the picture's shorter side.
    Drawn {
        /// The ruler.
        ruler: Ruler,
    },
    /// A cut-out at a position. For a move, the picture's own artefact.
    Cutout {
        /// The id of the picture that it is cut from.
        donor: String,
        /// The position of the cut-out's box.
        spot: Spot,
    },
    /// Positions elsewhere for the region that a removal changes: one for each of its connected parts, ordered by descending
    /// size, then from top to bottom and from left to right.
    Elsewhere {
        /// The position of each part's box.
        parts: Vec<Spot>,
    },
}

impl Placement {
    /// The picture that the cut-out comes from, if there is one.
    pub fn donor(&self) -> Option<&str> {
        match self {
            Placement::Cutout { donor, .. } => Some(donor),
            _ => None,
        }
    }

    /// Its name in a file.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Placement::InPlace => "in_place",
            Placement::Redrawn { .. } => "redrawn",
            Placement::Drawn { .. } => "drawn",
            Placement::Cutout { .. } => "cutout",
            Placement::Elsewhere { .. } => "elsewhere",
        }
    }
}

/// The position and the orientation of a box in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spot {
    /// The column of the picture in which the box begins after rotation; negative if it begins beyond the edge.
    pub left: i32,
    /// The row of the picture in which the box begins after rotation; negative if it begins beyond the edge.
    pub top: i32,
    /// One of eight orientations, from 0 to 7: the sum of 1 if left and right are exchanged, 2 if top and bottom are
    /// exchanged, and 4 if rows then become columns.
    #[serde(default)]
    pub turn: u8,
}

/// The number of orientations of a box.
pub(super) const TURNS: u8 = 8;

impl Spot {
    /// # Errors
    /// [`EditError::Turn`] if there is no such orientation.
    pub(super) fn checked(self) -> Result<Spot, EditError> {
        if self.turn < TURNS { Ok(self) } else { Err(EditError::Turn { turn: self.turn }) }
    }

    /// The width and height of a box of this size after rotation.
    pub(super) fn size(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.turn & 4 == 0 { (width, height) } else { (height, width) }
    }

    /// The position of the pixel `(x, y)` of a box of this size in the picture.
    pub(super) fn of(self, (x, y): (u32, u32), (width, height): (u32, u32)) -> (i64, i64) {
        let x = if self.turn & 1 == 0 { x } else { width - 1 - x };
        let y = if self.turn & 2 == 0 { y } else { height - 1 - y };
        let (x, y) = if self.turn & 4 == 0 { (x, y) } else { (y, x) };
        (i64::from(self.left) + i64::from(x), i64::from(self.top) + i64::from(y))
    }

    /// The pixel of a box of this size that is at `(x, y)` of the picture; `None` beyond the box.
    pub(super) fn from(self, (x, y): (u32, u32), (width, height): (u32, u32)) -> Option<(u32, u32)> {
        let (u, v) = (i64::from(x) - i64::from(self.left), i64::from(y) - i64::from(self.top));
        let (wide, high) = self.size((width, height));
        if u < 0 || v < 0 || u >= i64::from(wide) || v >= i64::from(high) {
            return None;
        }
        let (u, v) = (u as u32, v as u32);
        let (u, v) = if self.turn & 4 == 0 { (u, v) } else { (v, u) };
        let u = if self.turn & 1 == 0 { u } else { width - 1 - u };
        let v = if self.turn & 2 == 0 { v } else { height - 1 - v };
        Some((u, v))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_turn_can_be_undone_and_stays_in_its_box() {
        let size = (5, 3);
        for turn in 0..TURNS {
            let spot = Spot { left: 7, top: -1, turn }.checked().expect("one of eight");
            let (wide, high) = spot.size(size);
            let mut seen = std::collections::BTreeSet::new();
            for at in (0..3).flat_map(|y| (0..5).map(move |x| (x, y))) {
                let (x, y) = spot.of(at, size);
                assert!((7..7 + i64::from(wide)).contains(&x) && (-1..-1 + i64::from(high)).contains(&y));
                seen.insert((x, y));
                if y >= 0 {
                    assert_eq!(spot.from((x as u32, y as u32), size), Some(at));
                }
            }
            assert_eq!(seen.len(), 15);
        }
        assert_eq!(Spot { left: 0, top: 0, turn: 8 }.checked(), Err(EditError::Turn { turn: 8 }));
        assert_eq!(Spot { left: 2, top: 2, turn: 0 }.from((1, 2), size), None);
    }
}
