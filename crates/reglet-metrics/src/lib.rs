//! Metrics of attribution maps.
//!
//! ```
//! use ndarray::array;
//! use reglet_metrics::Localisation;
//!
//! let map = array![[0.1_f32, 0.1, 0.1], [0.1, 0.6, 0.3], [0.1, 0.4, 0.2]];
//! let lesion = array![[false, false, false], [false, true, true], [false, true, true]];
//! let found = Localisation::new(map.view(), lesion.view())?;
//! assert!((found.mass()? - 0.75).abs() < 1e-6); // three quarters of the map lie in the lesion
//! assert!((found.density()? - 0.75 / (4.0 / 9.0)).abs() < 1e-6); // 1.7 times its share of the picture
//! assert_eq!(found.rank_accuracy(), 1.0); // the four highest values are the lesion's
//! # Ok::<(), reglet_metrics::MetricError>(())
//! ```
//!
//! | question | metric |
//! |---|---|
//! | does it lie on the expected region | [`Localisation`]: mass, density, rank accuracy, pointing game, AUC |
//! | is it simple | [`gini`], [`complexity`] |
//! | does it follow contours, does it show regions | [`sobel`] with [`spearman`], [`morans_i`] |
//! | is it faithful to the model | [`deletion`], [`insertion`], [`infidelity`], [`road`], [`Completeness`] |
//! | is it stable | [`sensitivity_max`], [`spearman`], [`top_overlap`] |
//!
//! Maps are `ndarray` arrays, and a model is a function from pictures to scores. This crate uses no files, reports, data
//! sets or libtorch. If a metric is undefined (a region without pixels, a map without positive values or without an order), the result is an
//! error, never a zero or a hit.
//!
//! A model's function takes a batch of pictures, each channels × height × width, and returns one score for each. It is
//! called with all pictures at once, in the given order.

mod complexity;
mod error;
mod faithfulness;
mod localisation;
mod order;
mod robustness;
mod structure;

pub use complexity::{complexity, gini};
pub use error::MetricError;
pub use faithfulness::completeness::Completeness;
pub use faithfulness::curve::{Curve, deletion, insertion};
pub use faithfulness::infidelity::{gaussian, infidelity};
pub use faithfulness::road::{impute, road};
pub use localisation::Localisation;
pub use robustness::sensitivity::{nearby, sensitivity_max};
pub use robustness::similarity::{spearman, top_overlap};
pub use structure::{morans_i, sobel};
