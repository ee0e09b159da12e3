//! Exported models that can be imported: whatever the archive holds, running and differentiating the model ends in numbers or in an
//! error.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use reglet_model::{ImportOptions, Model, Rewrite, Targets};
use tch::{Device, Kind, Tensor};

/// The largest side of a picture, and the most operators, that are run: a larger model is only slower.
const LARGEST: (i64, usize) = (32, 400);

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder for one file");
    let archive = folder.path().join("model.pt2");
    fs::write(&archive, bytes).expect("room for one file");
    let options = ImportOptions::new(archive);
    let Ok(mut model) = Model::import(&options) else { return };
    if model.graph().nodes().len() > LARGEST.1 {
        return;
    }
    let declared = model.graph().shape(model.graph().input());
    let [height, width] = [2, 3].map(|dim| declared.and_then(|shape| shape.get(dim)?.fixed()).unwrap_or(8));
    if !(1..=LARGEST.0).contains(&height) || !(1..=LARGEST.0).contains(&width) {
        return;
    }
    let count = 2 * 3 * height * width;
    let pictures = Tensor::arange(count, (Kind::Float, Device::Cpu)).sin().view([2, 3, height, width]);
    // An error is an answer; a panic, a crash or a memory beyond libFuzzer's limit is a finding.
    for rewrites in [&Rewrite::DEFAULT[..], &[]] {
        if model.set_rewrites(rewrites).is_ok() {
            let _ = model.logits(&pictures.narrow(0, 0, 1));
            let _ = model.evaluate(&pictures, Targets::Top, true, &[]);
        }
    }
});
