//! What is done with maps besides measuring them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::source::Source;

/// When a method's maps are trusted. A method that is not trusted is shown, but does not influence the verdict.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrustConfig {
    /// The number of pictures on which the methods are tested; 0: they are trusted without a test.
    pub pictures: usize,
    /// The minimum rank correlation between a map and the same picture's map after faint noise, -1 to 1.
    pub min_stability: f64,
    /// The maximum rank correlation between a map and that of the same model with all its weights re-initialised, -1 to 1.
    pub max_randomised: f64,
}

/// The grouping of maps.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClustersConfig {
    /// The maximum number of groups, 1 to 20.
    #[schemars(range(min = 1, max = 20))]
    pub most: usize,
    /// The number of typical pictures that are shown for each group, 1 to 20.
    #[schemars(range(min = 1, max = 20))]
    pub typical: usize,
}

impl Default for ClustersConfig {
    fn default() -> Self {
        ClustersConfig { most: 8, typical: 4 }
    }
}

impl Default for TrustConfig {
    fn default() -> Self {
        TrustConfig { pictures: 6, min_stability: 0.2, max_randomised: 0.6 }
    }
}

impl TrustConfig {
    /// Checks that its values are in range.
    ///
    /// # Errors
    /// The first error, shown at its line of `source`.
    pub(super) fn check(&self, source: &Source) -> Result<(), Error> {
        for (key, value) in [("min_stability", self.min_stability), ("max_randomised", self.max_randomised)] {
            if !(-1.0..=1.0).contains(&value) {
                let message = format!("{key} is {value}, but must be from -1 to 1");
                return Err(source.at(&format!("trust.{key}"), &message));
            }
        }
        Ok(())
    }
}

impl ClustersConfig {
    /// Checks that its values are in range.
    ///
    /// # Errors
    /// The first error, shown at its line of `source`.
    pub(super) fn check(&self, source: &Source) -> Result<(), Error> {
        for (key, value) in [("most", self.most), ("typical", self.typical)] {
            if !(1..=20).contains(&value) {
                let message = format!("{key} is {value}, but must be from 1 to 20");
                return Err(source.at(&format!("clusters.{key}"), &message));
            }
        }
        Ok(())
    }
}
