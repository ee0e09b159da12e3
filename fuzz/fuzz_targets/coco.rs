//! Annotations in COCO's format: whatever is in the file, reading it ends in masks of the size asked for or in an error.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use reglet_data::coco::{Coco, CocoOptions};

fn file() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| tempfile::tempdir().expect("a folder").keep().join("annotations.json"))
}

fuzz_target!(|bytes: &[u8]| {
    fs::write(file(), bytes).expect("room for a small file");
    // An error is an answer; a panic, a crash or a memory beyond libFuzzer's limit is a finding.
    let Ok(coco) = Coco::open(&CocoOptions::new(file())) else { return };
    for image in 0..coco.file_names().len().min(4) {
        // The size is that of the picture, which is known; what the file says of it is only checked against it.
        for (width, height) in [(8, 6), coco.size(image).unwrap_or((33, 65))] {
            if u64::from(width) * u64::from(height) <= 1 << 16 {
                let _ = coco.masks(image, width, height);
            }
        }
    }
});
