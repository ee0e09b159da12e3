//! Charts for a report. Each is built up in a chain of calls and drawn as an [`Svg`](crate::Svg).
//!
//! All are 480 CSS pixels wide unless told otherwise, with text that is still readable when a telephone shows them
//! at 360, and tell series apart by colours that colour-blind readers can tell apart as well.

mod axis;
mod curve;
mod frame;
mod interval;
mod panels;
mod slope;
mod statistics;
mod strip;

pub use curve::CurveChart;
pub use interval::{Interval, IntervalChart};
pub use panels::PanelChart;
pub use slope::SlopeChart;
pub use strip::{Strip, StripChart};

/// What stands between a number's whole part and its decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecimalMark {
    /// As in English: 0.5 [0.4, 0.6].
    #[default]
    Point,
    /// As in most other languages of Europe: 0,5 [0,4; 0,6].
    Comma,
}

impl DecimalMark {
    /// A number, written with a point, with this mark in its place.
    fn write(self, number: &str) -> String {
        match self {
            DecimalMark::Point => number.to_owned(),
            DecimalMark::Comma => number.replace('.', ","),
        }
    }

    /// What stands between two numbers.
    fn separator(self) -> &'static str {
        match self {
            DecimalMark::Point => ", ",
            DecimalMark::Comma => "; ",
        }
    }
}
