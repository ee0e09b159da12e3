//! Files of class labels: whatever the bytes are, reading them ends in labels, each found by its index, or in an error.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use reglet_model::{Classes, read_labels};

fn file() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| tempfile::tempdir().expect("a folder").keep().join("labels.txt"))
}

fuzz_target!(|bytes: &[u8]| {
    fs::write(file(), bytes).expect("room for a small file");
    // An error is an answer; a panic, a crash or a memory beyond libFuzzer's limit is a finding.
    let Ok(labels) = read_labels(file()) else { return };
    if labels.len() < 2 {
        return;
    }
    let count = labels.len() as i64;
    let classes = Classes::new(count, Some(labels.clone())).expect("as many as there are labels");
    for label in labels.iter().take(4) {
        let _ = classes.find(label);
    }
});
