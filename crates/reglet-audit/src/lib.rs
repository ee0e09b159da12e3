//! The audit: from a config to evidence, a verdict and a report; and the explanation of single pictures.
//!
//! ```text
//! config ─► samples ─► models ─► maps ──────────┐
//!              └────► changes ─► probabilities ─┤
//!                                               ▼
//!        report, figures, tables ◄─ verdict ◄─ statistics
//! ```
//!
//! One way, no going back: [`config`] is checked once and becomes a plan, `evidence` runs it, [`statistics`]
//! and [`verdict`] condense it to [`results`], and [`report`] draws those.

mod audit;
mod calibration;
mod character;
mod clusters;
pub mod config;
mod drawing;
mod effects;
mod error;
mod evidence;
mod explain;
mod faithful;
mod gallery;
mod inspect;
mod journal;
mod junit;
mod language;
pub mod methods;
mod model_card;
mod output;
mod parameters;
mod progress;
pub mod report;
pub mod results;
mod samples;
pub mod train;
mod trust;
pub mod verdict;

pub use audit::audit;
pub use calibration::{CalibrationConfig, calibrate};
pub use error::{ConfigError, Error};
pub use explain::{ExplainOptions, explain};
pub use gallery::{GalleryOptions, GalleryPicture, gallery};
pub use inspect::inspect;
pub use language::Language;
pub use output::{Output, clean_up_when_interrupted};
pub use reglet_statistics as statistics;
