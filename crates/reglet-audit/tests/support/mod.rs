//! A small audit, for tests of parts.
#![allow(dead_code, reason = "each test uses only a part of it")]

use std::fs;
use std::path::{Path, PathBuf};

use reglet_audit::{Shard, run_shard};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{Dataset, Sample};
use tempfile::TempDir;

/// Writes 36 pictures, with masks of their rulers and lesions, and a manifest of them into a folder.
pub fn phantoms(folder: &Path) {
    many(folder, 36);
}

/// The same of so many pictures.
pub fn many(folder: &Path, count: usize) {
    let options = PhantomOptions { count, seed: 12, ..PhantomOptions::default() };
    let phantoms = Phantoms::new(options).expect("valid options");
    let mut manifest = "image,label,ruler_mask,lesion_mask,ruler\n".to_owned();
    for index in 0..phantoms.len() {
        let Sample { id, picture, label, regions, .. } = phantoms.sample(index).expect("it can be drawn");
        let label = &phantoms.classes()[label];
        picture.save(folder.join(format!("{id}.png"))).expect("room");
        for region in ["ruler", "lesion"] {
            regions[region].to_gray().save(folder.join(format!("{id}-{region}.png"))).expect("room");
        }
        let ruler = u8::from(!regions["ruler"].is_empty());
        manifest += &format!("{id}.png,{label},{id}-ruler.png,{id}-lesion.png,{ruler}\n");
    }
    fs::write(folder.join("manifest.csv"), manifest).expect("room");
}

/// A config for the pictures of such a manifest, with `further` settings.
pub fn config(manifest: &str, further: &str) -> String {
    let weights = format!("{}/configs/models/phantom-shortcut.safetensors", env!("CARGO_MANIFEST_DIR"));
    format!(
        "seed = 3\ntarget = 'melanoma'\nartefact = 'ruler'\nlesion = 'lesion'\nmaps = 8\ngallery = 3\n\
         changes = ['insert', 'remove', 'control']\nedit.places = 1\ntrust.pictures = 2\nmethods.saliency = {{}}\n\
         {further}\n\
         [data.manifest]\nmanifest = '{manifest}'\nclasses = ['benign', 'melanoma']\n\
         masks = {{ ruler = 'ruler_mask', lesion = 'lesion_mask' }}\nflags = {{ ruler = 'ruler' }}\n\
         [models.suspect]\narchitecture = 'resnet18'\nwidth = 0.125\nweights = '{weights}'\n\
         preprocessing = {{ square = 128 }}\n"
    )
}

/// A data set of 36 pictures in three chunks, and a config for it, in a folder.
pub fn example() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    phantoms(folder.path());
    let path = folder.path().join("small.toml");
    fs::write(&path, config("manifest.csv", "")).expect("room");
    (folder, path)
}

/// Makes one part.
pub fn part(config: &Path, shard: &str, out: &Path) {
    run_shard(config, &[], Shard::parse(shard).expect("a part"), out).expect("the part is made");
}
