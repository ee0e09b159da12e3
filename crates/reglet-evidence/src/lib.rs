//! What an audit observed, as rows; and everything that is concluded from it, as pure functions of rows and rules.
//!
//! ```text
//! rows (observations, maps) ─► effects, natural evidence, probes, maps ─► judgement
//!      │                              rules ─────────────────────────────────┘
//!      └─► tables (Parquet)
//! ```
//!
//! An [`Observation`] is one model asked about one picture, as it is or after one change; a [`MapRow`] is how one of its
//! maps lies. [`judge_all`] makes a [`Case`] of each model, artefact and target. Nothing here knows a model, a picture or
//! a file: what can be asked is in the rows, and the same rows and rules give the same cases.
//!
//! | module's subject | what it says |
//! |---|---|
//! | [`Effect`] | what each change does, by class, less what its control does |
//! | [`Natural`], [`Pairs`] | what untouched pictures say |
//! | [`Taken`] | whether edits are, to the model, what they stand for |
//! | [`Attention`] | where maps lie, and whether they can be believed |
//! | [`Performance`] | how good the answers are, and on whom they are worst |
//! | [`Judgement`] | shortcut, clear or inconclusive, and why |

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
pub use effect::{Contrast, Effect, Excluded, JUDGED, Measure, Span, Test, controls};
pub use natural::{Natural, Pairs};
pub use performance::{Group, Part, Performance, Worst};
pub use question::{LEAST_VISIBLE, MOST_LESION};
pub use row::{Character, Edit, MapRow, MethodName, Observation, Picture, Placement, Rows, Score, Subject};
pub use rules::{MapsRole, NamedPoint, OperatingPoint, Rules, SensitivityPoint, VerdictConfig};
pub use table::{Column, Table};
pub use tabulate::RowsError;
pub use taken::{EditTaken, SEES_NOTHING, Taken};
pub use verdict::{Evidence, Finding, Functional, Judgement, Objection, ReactsTo, VerdictKind, judge};
