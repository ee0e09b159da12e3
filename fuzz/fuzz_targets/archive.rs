//! Archives of torch.export: whatever is in the file, importing it ends in a model or in an error.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use reglet_model::{ImportOptions, Model};

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder for one file");
    let archive = folder.path().join("model.pt2");
    fs::write(&archive, bytes).expect("room for one file");
    let options = ImportOptions::new(archive);
    // An error is an answer; a panic, a crash or a memory beyond libFuzzer's limit is a finding.
    let _ = Model::import(&options);
});
