//! Charts for a report. Each is built up in a chain of calls and drawn as an [`Svg`](crate::Svg).
//!
//! All are 480 CSS pixels wide by default, with text that is still readable when a phone shows them at 360 pixels, and use
//! colours that colour-blind readers can distinguish.

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

/// The decimal mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecimalMark {
    /// As in English: 0.5 [0.4, 0.6].
    #[default]
    Point,
    /// As in most other languages of Europe: 0,5 [0,4; 0,6].
    Comma,
}

impl DecimalMark {
    /// A number that was written with a point, with this mark instead.
    fn write(self, number: &str) -> String {
        match self {
            DecimalMark::Point => number.to_owned(),
            DecimalMark::Comma => number.replace('.', ","),
        }
    }

    /// The separator between two numbers.
    fn separator(self) -> &'static str {
        match self {
            DecimalMark::Point => ", ",
            DecimalMark::Comma => "; ",
        }
    }
}
