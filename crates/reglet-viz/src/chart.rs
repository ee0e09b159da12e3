//! Charts for a report. Each is built up in a chain of calls and drawn as an [`Svg`](crate::Svg).
//!
//! All are 480 CSS pixels wide unless told otherwise, with text that is still readable when a telephone shows them
//! at 360, and tell series apart by colours that colour-blind readers can tell apart as well.

mod axis;
mod curve;
mod frame;
mod interval;
mod slope;
mod statistics;
mod strip;

pub use curve::CurveChart;
pub use interval::{Interval, IntervalChart};
pub use slope::SlopeChart;
pub use strip::{Strip, StripChart};
