//! Where a change is made.

use serde::{Deserialize, Serialize};

use super::EditError;
use crate::phantom::Ruler;

/// Where a change is made, and of what: a plain value, which the seed decides ([`Editor::place`](super::Editor::place))
/// or a person's hand.
///
/// [`Change::Insert`](super::Change::Insert), [`Control`](super::Change::Control) and
/// [`Scrambled`](super::Change::Scrambled) share it: at one placement they change the same pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Placement {
    /// Where the picture shows it: what is taken away needs no other place.
    InPlace,
    /// Where the data set's generator puts it under this seed.
    Redrawn {
        /// The seed given to [`Dataset::redraw`](crate::Dataset::redraw).
        seed: u64,
    },
    /// A ruler drawn over the picture: its look and its place, in units of the picture's shorter side.
    Drawn {
        /// The ruler.
        ruler: Ruler,
    },
    /// A cut-out at a spot. For a move, the picture's own artefact.
    Cutout {
        /// The id of the picture that it is cut from.
        donor: String,
        /// Where the cut-out's box comes to lie.
        spot: Spot,
    },
    /// Places of the shape of what a removal changes, away from it: one for each of its connected parts, the largest
    /// first, and of equal ones the one that begins in the higher row, then further left.
    Elsewhere {
        /// Where each part's box comes to lie.
        parts: Vec<Spot>,
    },
}

impl Placement {
    /// The picture that the cut-out comes from, where it is one.
    pub fn donor(&self) -> Option<&str> {
        match self {
            Placement::Cutout { donor, .. } => Some(donor),
            _ => None,
        }
    }

    /// The name that it has in a file.
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

/// Where a box comes to lie in a picture, and how it is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spot {
    /// The column of the picture in which the turned box begins; negative where it begins beyond the edge.
    pub left: i32,
    /// The row of the picture in which the turned box begins; negative where it begins beyond the edge.
    pub top: i32,
    /// One of eight ways to turn and mirror it, from 0 to 7: the sum of 1 where left and right are exchanged, 2 where
    /// top and bottom are, and 4 where rows then become columns.
    #[serde(default)]
    pub turn: u8,
}

/// A box can be turned and mirrored in so many ways.
pub(super) const TURNS: u8 = 8;

impl Spot {
    /// # Errors
    /// [`EditError::Turn`] if there is no such turn.
    pub(super) fn checked(self) -> Result<Spot, EditError> {
        if self.turn < TURNS { Ok(self) } else { Err(EditError::Turn { turn: self.turn }) }
    }

    /// Width and height of a box of this size once turned.
    pub(super) fn size(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.turn & 4 == 0 { (width, height) } else { (height, width) }
    }

    /// Where the pixel `(x, y)` of a box of this size comes to lie.
    pub(super) fn of(self, (x, y): (u32, u32), (width, height): (u32, u32)) -> (i64, i64) {
        let x = if self.turn & 1 == 0 { x } else { width - 1 - x };
        let y = if self.turn & 2 == 0 { y } else { height - 1 - y };
        let (x, y) = if self.turn & 4 == 0 { (x, y) } else { (y, x) };
        (i64::from(self.left) + i64::from(x), i64::from(self.top) + i64::from(y))
    }

    /// Which pixel of a box of this size comes to lie at `(x, y)` of the picture; `None` beyond the box.
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
