//! The measurements of an audit, as rows, and the conclusions from them, as pure functions of rows and rules.
//!
//! ```text
//! rows (observations, maps) ─► effects, natural evidence, probes, maps ─► judgement
//!      │                              rules ─────────────────────────────────┘
//!      └─► tables (Parquet)
//! ```
//!
//! An [`Observation`] is the answer of one model for one picture, either unchanged or after one change; a [`MapRow`]
//! describes where one of its maps concentrates. [`judge_all`] returns a [`Case`] for each model, artefact and target. This
//! crate uses no model, picture or file: all information is in the rows, and the same rows and rules give the same cases.
//!
//! | item | describes |
//! |---|---|
//! | [`Effect`] | the effect of each change, by class, minus the effect of its control |
//! | [`Natural`], [`Pairs`] | the comparison of unedited pictures |
//! | [`Taken`] | whether the model responds to edits as to real pictures |
//! | [`Attention`] | where maps concentrate, and whether they can be trusted |
//! | [`Performance`] | how accurate the answers are, and in which group they are worst |
//! | [`Judgement`] | the verdict (shortcut, clear or inconclusive) and its reasons |

mod attention;
mod case;
mod effect;
mod natural;
mod performance;
mod question;
mod row;
mod rules;
mod table;
mod tabulate;
mod taken;
mod verdict;

pub use attention::{Attention, Doubt, Faithfulness, Randomised, RegionAttention, Trust};
pub use case::{Case, Tried, judge_all};
pub use effect::{Contrast, Effect, Excluded, JUDGED, LeftOut, Measure, Span, Test, controls};
pub use natural::{Natural, Pairs};
pub use performance::{Group, Part, Performance, Worst};
pub use question::{LEAST_VISIBLE, MOST_LESION};
pub use row::{Character, Edit, MapRow, MethodName, Observation, Picture, Placement, Rows, Score, Subject};
pub use rules::{MapsRole, NamedPoint, OperatingPoint, Rules, SensitivityPoint, VerdictConfig};
pub use table::{Column, Table};
pub use tabulate::RowsError;
pub use taken::{EditTaken, SEES_NOTHING, Taken};
pub use verdict::{Evidence, Finding, Functional, Judgement, Lack, Objection, ReactsTo, VerdictKind, judge};
