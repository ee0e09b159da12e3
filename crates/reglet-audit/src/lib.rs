//! Audits of image classifiers, from a config to evidence, a verdict and a report; and explanations of single pictures.
//!
//! ```text
//! config ─► plan ─► observe (pictures, changes, models) ─► record (rows) ─► judge (effects, verdicts) ─► results ─► report, tables
//! ```
//!
//! Data flows in one direction. A [`Plan`] is a config with its data and models opened and checked. [`observe`] asks the
//! models and returns a [`Record`] of rows. [`judge`] computes [`results`] from it, with the pure functions of
//! `reglet-evidence`. [`write`](write()) writes the report and the tables to a folder.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use reglet_audit::{Plan, config::Config, judge, observe, write};
//! use reglet_data::FolderOptions;
//! use reglet_model::{ImportOptions, Model};
//!
//! let data = FolderOptions::new("lesions").open()?;
//! let model = Model::import(&ImportOptions::new("classifier.pt2"))?;
//! let models = vec![("classifier".to_owned(), model)];
//! let config = Config { target: Some("melanoma".to_owned()), ..Config::default() };
//!
//! let plan = Plan::new(config, Box::new(data), models)?;
//! let record = observe(&plan)?;
//! let results = judge(&record, plan.config())?;
//! for case in &results.cases {
//!     println!("{}: {}", case.name, case.verdict.summary);
//! }
//! write(&record, &results, Path::new("results"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assemble;
mod audit;
mod calibration;
mod character;
mod clusters;
mod command_line;
mod commands;
pub mod config;
mod correct;
mod described;
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
mod memory;
mod methods;
mod model_card;
mod observe;
mod observed;
mod output;
mod parameters;
mod part;
mod plan;
mod program;
mod progress;
mod properties;
mod record;
pub mod report;
pub mod results;
mod samples;
mod shipped;
mod sketch;
mod source;
mod suspects;
pub mod train;
mod trust;

pub use audit::{audit, judge, observe};
pub use calibration::{Calibrated, CalibrationConfig, calibrate};
pub use commands::{
    Audited, FinishedPart, Planned, run, run_audit, run_judge, run_merge, run_plan, run_shard, write,
};
pub use correct::{CorrectConfig, Correction, CorrectionResults, correct};
pub use error::{ConfigError, Error};
pub use explain::{ExplainOptions, Explanations, explain};
pub use gallery::{DrawnGallery, GalleryOptions, GalleryPicture, gallery};
pub use inspect::{InspectedOperator, Inspection, SuitableLayer, inspect};
pub use language::Language;
pub use loading::load as load_model;
pub use output::{Output, clean_up_when_interrupted};
pub use part::Shard;
pub use plan::{Opened, Plan};
pub use program::program;
pub use progress::{Stage, Step};
pub use record::Record;
pub use shipped::{ShippedConfig, configs, write_configs};
