//! PyTorch checkpoints in every wrapping, broken, and made to harm their reader
//! (`reference/make_checkpoints.py`, `reference/make_hostile_checkpoints.py`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reglet_model::{
    Architecture, Model, ModelError, ModelOptions, Preprocessing, Weights, WeightsSource, save,
};
use reglet_tests::{fixtures, small_model};
use serde_json::Value;
use tch::{Device, Kind, Tensor};

/// Hostile files that are read all the same: what they say of a storage is a lie, but the tensor in it lies
/// within the file, and its values are right.
const READ_ALL_THE_SAME: [&str; 2] = ["tensor_numel_too_large.pth", "zip_size_too_large.pth"];

fn folder() -> PathBuf {
    fixtures().join("checkpoints")
}

fn json(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(name)).expect("it is committed");
    serde_json::from_str(&text).expect("it is JSON")
}

/// The keys of an object, with its values as texts.
fn texts(value: &Value) -> Vec<(&str, &str)> {
    let entries = value.as_object().expect("an object").iter();
    entries.map(|(name, text)| (name.as_str(), text.as_str().expect("a text"))).collect()
}

/// What reading `path` is refused with, checked to be one sentence that names the file.
fn refusal(path: &Path) -> Option<String> {
    let error = Weights::read(path).err()?;
    assert!(matches!(error, ModelError::UnreadableWeights { .. }), "{}: {error:?}", path.display());
    let text = error.to_string();
    assert!(text.contains(&path.display().to_string()), "{text}");
    assert!(!text.contains('\n') && !text.contains(". ") && text.len() < 600, "{text}");
    Some(text)
}

#[test]
fn a_state_dict_is_read_from_every_wrapping() {
    let expected = Tensor::read_safetensors(folder().join("expected.safetensors")).expect("it is committed");
    let expected: Vec<(String, Tensor)> = expected
        .into_iter()
        .filter(|(_, tensor)| tensor.is_floating_point())
        .map(|(name, tensor)| (name, tensor.to_kind(Kind::Float)))
        .collect();
    let wrappings = json("expected.json");
    for (file, wrapping) in wrappings["accepted"].as_object().expect("an object") {
        let weights = Weights::read(&folder().join("accepted").join(file)).expect("a sound checkpoint");
        // Beside an `epoch` alone, `model` may as well be a module; `Model::load` removes it as a prefix.
        let kept = if file == "nested_model.pth" { "model." } else { "" };
        let prefix = format!("{kept}{}", wrapping["prefix"].as_str().expect("a text"));
        let names: BTreeSet<String> = expected.iter().map(|(name, _)| format!("{prefix}{name}")).collect();
        assert_eq!(weights.names().map(str::to_owned).collect::<BTreeSet<_>>(), names, "{file}");
        for (name, tensor) in &expected {
            let found = weights.get(&format!("{prefix}{name}")).expect("it is among the names");
            assert_eq!(found.kind(), Kind::Float, "{file}: {name}");
            assert_eq!(found.size(), tensor.size(), "{file}: {name}");
            assert!(found.equal(tensor), "{file}: {name}");
        }
    }
}

#[test]
fn prefixes_of_training_wrappers_are_removed_on_loading() {
    let model = small_model(Architecture::ResNet18, 5);
    let parameters = model.graph().parameters().iter().zip(model.parameters().tensors());
    let folder = tempfile::tempdir().expect("a folder");
    for prefix in ["", "module.", "model.", "model.module."] {
        let named: Vec<(String, &Tensor)> = parameters
            .clone()
            .map(|(parameter, tensor)| (format!("{prefix}{}", parameter.name), tensor))
            .collect();
        let named: Vec<(&str, &Tensor)> =
            named.iter().map(|(name, tensor)| (name.as_str(), *tensor)).collect();
        let path = folder.path().join("weights.safetensors");
        save(&path, &named).expect("it is written");
        let options = ModelOptions {
            architecture: Architecture::ResNet18,
            width: 0.125,
            weights: WeightsSource::File(path),
            labels: None,
            preprocessing: Preprocessing::default(),
            device: Device::Cpu,
        };
        let loaded = Model::load(&options, &mut |_, _| ()).expect("the names fit without the prefix");
        assert_eq!(loaded.provenance().prefix.as_deref().unwrap_or_default(), prefix);
        for (found, expected) in loaded.parameters().tensors().iter().zip(model.parameters().tensors()) {
            assert!(found.equal(expected), "under '{prefix}'");
        }
    }
}

#[test]
fn what_is_no_state_dict_is_refused() {
    for (file, why) in texts(&json("expected.json")["refused"]) {
        let refusal = refusal(&folder().join("refused").join(file));
        let refusal = refusal.unwrap_or_else(|| panic!("{file}, {why}, was read"));
        if file.starts_with("torchscript") {
            assert!(refusal.contains("a TorchScript program"), "{refusal}");
        }
        if file.starts_with("whole_module") {
            assert!(refusal.contains("(torch.nn.modules.container.Sequential)"), "{refusal}");
            assert!(refusal.ends_with("save `model.state_dict()` and use that file"), "{refusal}");
        }
    }
}

#[test]
fn a_checkpoint_cut_short_anywhere_is_refused() {
    let expected = json("expected.json");
    let folder_of_cuts = tempfile::tempdir().expect("a folder");
    let cut = folder_of_cuts.path().join("cut.pth");
    for file in expected["refuse_every_proper_prefix_of"].as_array().expect("a list") {
        let whole = std::fs::read(folder().join("accepted").join(file.as_str().expect("a text")));
        let whole = whole.expect("it is committed");
        for length in 0..whole.len() {
            std::fs::write(&cut, &whole[..length]).expect("it is written");
            assert!(refusal(&cut).is_some(), "the first {length} bytes of {file} were read");
        }
    }
}

/// Whether `path` gives the one tensor that sound files beside the hostile ones hold; if not, the refusal.
fn sound(path: &Path) -> Result<(), String> {
    match refusal(path) {
        Some(refusal) => Err(refusal),
        None => {
            let weights = Weights::read(path).expect("it was read a moment ago");
            let expected = Tensor::arange(6, (Kind::Float, Device::Cpu)).view([2, 3]);
            assert_eq!(weights.names().collect::<Vec<_>>(), ["weight"], "{}", path.display());
            assert!(
                weights.get("weight").is_some_and(|weight| weight.equal(&expected)),
                "{}",
                path.display()
            );
            Ok(())
        }
    }
}

#[test]
fn hostile_checkpoints_are_refused_and_nothing_in_them_runs() {
    let index = json("hostile/hostile.json");
    let path = |file: &str| folder().join("hostile").join(file);
    for file in index["controls"].as_array().expect("a list") {
        assert_eq!(sound(&path(file.as_str().expect("a text"))), Ok(()));
    }
    for (file, why) in texts(&index["refused"]) {
        match sound(&path(file)) {
            Ok(()) => assert!(READ_ALL_THE_SAME.contains(&file), "{file}, {why}, was read"),
            Err(_) if READ_ALL_THE_SAME.contains(&file) => panic!("{file} is refused now; the list is stale"),
            // One of them asks for nothing by name.
            Err(refusal) if file.starts_with("code_") && file != "code_persistent_id.pth" => {
                assert!(refusal.contains("it asks for code to be run ("), "{refusal}");
                assert!(refusal.ends_with("save `model.state_dict()` and use that file"), "{refusal}");
            }
            Err(_) => (),
        }
    }
    let survived = texts(&index["survived"]).into_iter().map(|(file, _)| sound(&path(file)));
    // They may be read or refused, but not read wrong, which `sound` would not bear.
    assert!(survived.filter(Result::is_ok).count() >= 4, "burdens that change nothing are borne");
    assert!(!Path::new("reglet-was-executed").exists(), "a pickle was executed");
}
