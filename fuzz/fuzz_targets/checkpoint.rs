//! PyTorch checkpoints and safetensors: whatever is in the file, reading it ends in tensors or in an error.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use reglet_model::Weights;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder for one file");
    let weights = folder.path().join("weights.pth");
    fs::write(&weights, bytes).expect("room for one file");
    // An error is an answer; a panic, a crash or a memory beyond libFuzzer's limit is a finding.
    let _ = Weights::read(&weights);
});
