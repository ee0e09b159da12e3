//! The audit: from a config to evidence, a verdict and a report; and the explanation of single pictures.
//!
//! ```text
//! config ─► plan ─► observe (pictures, changes, models) ─► record (rows) ─► assemble (effects, verdicts) ─► report, tables
//! ```
//!
//! One way, no going back: [`config`] is read and checked once, and opened as a plan; `observe` asks the models, and all that it
//! finds is a record of rows; `assemble` makes [`results`] of that, by the pure functions of `reglet-evidence`; and [`report`]
//! draws those. [`judge`] begins at the record.

mod assemble;
mod audit;
mod calibration;
mod character;
mod clusters;
pub mod config;
mod correct;
mod drawing;
mod error;
mod explain;
mod faithful;
mod gallery;
mod inspect;
mod journal;
mod junit;
mod language;
mod loading;
pub mod methods;
mod model_card;
mod observe;
mod output;
mod parameters;
mod plan;
mod progress;
mod properties;
mod record;
pub mod report;
pub mod results;
mod samples;
mod source;
mod suspects;
pub mod train;
mod trust;

pub use audit::{audit, judge};
pub use calibration::{CalibrationConfig, calibrate};
pub use correct::{CorrectConfig, CorrectionResults, correct};
pub use error::{ConfigError, Error};
pub use explain::{ExplainOptions, explain};
pub use gallery::{GalleryOptions, GalleryPicture, gallery};
pub use inspect::inspect;
pub use language::Language;
pub use output::{Output, clean_up_when_interrupted};
