//! Training a classifier's graph, and correcting a shortcut that it has learnt.
//!
//! | crate | holds |
//! |---|---|
//! | `reglet-data` | pictures, data sets and edits; below this one |
//! | `reglet-model` | graphs and their parameters; below this one |
//! | `reglet-audit` | configs, audits and reports; above this one, which knows nothing of them |

mod error;
pub mod phantom;

pub use error::TrainError;
