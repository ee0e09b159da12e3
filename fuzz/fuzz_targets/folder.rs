//! Folders as they lie on the Hugging Face Hub: whatever the config says of weights that are sound, building the network ends in a
//! model or in an error.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use reglet_model::{ImportOptions, Model};

/// The weights of a small vision transformer.
const WEIGHTS: &[u8] = include_bytes!("../../tests/fixtures/hugging_face/vit/model.safetensors");

fuzz_target!(|config: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("config.json"), config).expect("room for one file");
    fs::write(folder.path().join("model.safetensors"), WEIGHTS).expect("room for one file");
    // An error is an answer; a panic, a crash or a memory beyond libFuzzer's limit is a finding.
    let _ = Model::import(&ImportOptions::new(folder.path()));
});
