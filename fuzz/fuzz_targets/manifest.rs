//! Tables of pictures: whatever stands in one, opening it ends in a data set whose samples can be had or in an error.
//!
//! The first byte says what is asked of the table, so that one of every kind can be read to its end.

#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use reglet_data::{Dataset, ManifestOptions};

/// A folder with two small pictures and a mask.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder").keep();
        for (name, picture) in [
            ("a.png", include_bytes!("../../crates/reglet-data/tests/fixtures/coco/box.png")),
            ("b.png", include_bytes!("../../crates/reglet-data/tests/fixtures/coco/box.png")),
            ("mask.png", include_bytes!("../../crates/reglet-data/tests/fixtures/coco/box.png")),
        ] {
            fs::write(folder.join(name), picture).expect("room for small files");
        }
        folder
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&asked, table)) = bytes.split_first() else { return };
    let is = |bit: u8| asked & (1 << bit) != 0;
    let path = folder().join(if is(5) { "table.jsonl" } else { "table.csv" });
    fs::write(&path, table).expect("room for a small file");
    let mut options = ManifestOptions::new(path);
    if is(0) {
        options.flags = BTreeMap::from([("ruler".to_owned(), "ruler".to_owned())]);
    }
    if is(1) {
        options.masks = Some(BTreeMap::from([("lesion".to_owned(), "lesion_mask".to_owned())]));
    }
    options.group = is(2).then(|| "patient".to_owned());
    options.pair = is(3).then(|| "pair".to_owned());
    if is(4) {
        options.labels = Some(BTreeMap::from([("*".to_owned(), "other".to_owned())]));
    }
    // An error is an answer; a panic, a crash or a memory beyond libFuzzer's limit is a finding.
    let Ok(found) = options.open() else { return };
    for index in 0..found.len().min(3) {
        let _ = found.sample(index);
    }
});
