//! What a correction found, as plain values that are saved and drawn.

use std::collections::BTreeMap;

use reglet_train::{Ending, Needs, Worst};
use schemars::JsonSchema;
use serde::Serialize;

use super::compare::{Comparison, Side};
use crate::language::Language;
use crate::results::{Provenance, schema_of};

/// The version of `correction.json`; raised whenever a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 2;

/// Everything a correction found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CorrectionResults {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The language of its sentences.
    pub language: Language,
    /// The title that the config gives.
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
    /// What may be lost of AUROC, sensitivity and specificity.
    pub margin: f64,
    /// The pictures that it was corrected with.
    pub data: CorrectionData,
    /// The pictures that it was audited on: how many, and the fingerprint of the data set.
    pub audited: (usize, String),
    /// The model before.
    pub before: Side,
    /// By method.
    pub methods: Vec<MethodResults>,
    /// The methods that pass.
    pub passed: Vec<String>,
    /// Where all this comes from.
    pub provenance: Provenance,
    /// The correction's own config, as text, with every override applied.
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

/// The pictures that a model was corrected with.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CorrectionData {
    /// The data set's name.
    pub name: String,
    /// SHA-256 over all that was read.
    pub fingerprint: String,
    /// How many pictures were learnt from.
    pub learnt: usize,
    /// By how many the best epoch was chosen.
    pub held_out: usize,
    /// Of those learnt from, by class: how many without and with the artefact.
    pub groups: BTreeMap<String, [usize; 2]>,
}

/// What one method did.
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
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How many steps of training.
    pub steps: usize,
    /// How the training ended; `None` for methods without training steps.
    pub ending: Option<Ending>,
    /// What it found on its way: numbers by name.
    pub facts: BTreeMap<String, f64>,
    /// On the pictures that were held out of the correction: before and after.
    pub worst: [Worst; 2],
    /// The file with the corrected weights.
    pub weights: String,
    /// The weights that it changed, by name.
    pub changed: Vec<String>,
    /// How many weights there are.
    pub tensors: usize,
    /// The model after.
    pub after: Side,
    /// After beside before.
    pub comparison: Comparison,
    /// Whether the correction passes.
    pub passes: bool,
}
