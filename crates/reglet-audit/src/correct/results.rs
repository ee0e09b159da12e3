//! The results of a correction, as plain values that are saved and drawn.

use std::collections::BTreeMap;

use reglet_train::{Ending, Needs, Worst};
use schemars::JsonSchema;
use serde::Serialize;

use super::compare::{Comparison, Side};
use crate::language::Language;
use crate::results::{Provenance, schema_of};

/// The version of `correction.json`; incremented whenever a field changes its meaning or is removed.
pub const SCHEMA_VERSION: u32 = 3;

/// All results of a correction.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CorrectionResults {
    /// The version of this format.
    pub schema_version: u32,
    /// The language of its sentences.
    pub language: Language,
    /// The title from the config.
    pub title: String,
    /// The model that was corrected, by its name in the audit.
    pub model: String,
    /// Its architecture.
    pub architecture: String,
    /// SHA-256 of its weights.
    pub weights_sha256: String,
    /// The suspected region.
    pub artefact: String,
    /// The class whose probability is compared.
    pub target: String,
    /// The tolerated loss of AUROC, sensitivity and specificity.
    pub margin: f64,
    /// The smallest effect that counts, by the audit's rules.
    pub min_effect: f64,
    /// The probability above which a picture is classified as the target, before and after; `None` if the most probable class
    /// decides. If the audit chooses it by a sensitivity, it is that of the model before.
    pub decision: Option<f64>,
    /// The pictures that were used for the correction.
    pub data: CorrectionData,
    /// The pictures of the audit: their number, and the fingerprint of the data set.
    pub audited: (usize, String),
    /// The model before.
    pub before: Side,
    /// By method.
    pub methods: Vec<MethodResults>,
    /// The methods that pass.
    pub passed: Vec<String>,
    /// The provenance of the results.
    pub provenance: Provenance,
    /// The correction's own config, as text, with all overrides applied.
    pub config: String,
    /// Its seed.
    pub seed: u64,
}

impl CorrectionResults {
    /// The JSON schema of `correction.json`.
    pub fn schema() -> String {
        schema_of::<CorrectionResults>()
    }
}

/// The pictures that were used for the correction of a model.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CorrectionData {
    /// The data set's name.
    pub name: String,
    /// The SHA-256 of all data that were read.
    pub fingerprint: String,
    /// The number of training pictures.
    pub learnt: usize,
    /// The number of pictures by which the best epoch was chosen.
    pub held_out: usize,
    /// Whether these data and the audit's name the patient or the lesion of every picture; only then is it known that the audit
    /// has no other pictures of the same patients or lesions.
    pub groups_known: bool,
    /// The numbers of training pictures by class, without and with the artefact.
    pub groups: BTreeMap<String, [usize; 2]>,
}

/// The results of one method.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MethodResults {
    /// The name in configs.
    pub name: String,
    /// Its display name.
    pub title: String,
    /// The paper's address; empty if there is none.
    pub paper: String,
    /// What it needs.
    pub needs: Needs,
    /// Its parameters.
    pub parameters: serde_json::Value,
    /// The time, in seconds.
    pub seconds: f64,
    /// The number of training steps.
    pub steps: usize,
    /// How the training ended; `None` for methods without training steps.
    pub ending: Option<Ending>,
    /// Further results of the method: numbers by name.
    pub facts: BTreeMap<String, f64>,
    /// The accuracy on the held-out pictures, before and after.
    pub worst: [Worst; 2],
    /// The file with the corrected weights.
    pub weights: String,
    /// The names of the weights that it changed.
    pub changed: Vec<String>,
    /// The total number of weights.
    pub tensors: usize,
    /// The model after.
    pub after: Side,
    /// After beside before.
    pub comparison: Comparison,
    /// Whether the correction passes.
    pub passes: bool,
}
