//! Audits of the two ISIC classifiers of which the truth is known: one was trained where rulers go with melanoma.
//!
//! The pictures and weights are no part of the project: `REGLET_DATA` names the folder that holds them. Where it
//! is not set, every case is listed as ignored.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let data = std::env::var_os("REGLET_DATA").map(PathBuf::from);
    let absent = data.is_none();
    let data = data.unwrap_or_default();
    let case = |name: &str, test: fn(&Path)| {
        let data = data.clone();
        let test = move || {
            test(&data);
            Ok::<(), Failed>(())
        };
        Trial::test(name, test).with_ignored_flag(absent)
    };
    let trials = vec![
        case("a_biased_classifier_is_convicted_by_masks_and_a_clean_one_is_not", with_masks),
        case("a_biased_classifier_is_not_acquitted_where_rulers_are_only_flagged", with_flags_alone),
    ];
    if absent && !arguments.list {
        println!("skipped: audits of real data, since REGLET_DATA names no folder");
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The results of an audit of both classifiers, with these lines in the data's table of the config.
fn audit(data: &Path, more: &str) -> Value {
    let data = fs::canonicalize(data).expect("the folder of REGLET_DATA");
    let data = data.display();
    let config = format!(
        "title = 'ISIC'\nseed = 7\ntarget = 'melanoma'\nartefact = 'ruler'\ngallery = 0\n\
         [edit]\nfollow = true\n\
         [data.manifest]\nmanifest = '{data}/isic-ruler/manifest.csv'\nclasses = ['benign', 'melanoma']\n\
         masks = {{ lesion = 'lesion_mask' }}\nflags = {{ ruler = 'ruler' }}\n{more}\n\
         [models.biased]\narchitecture = 'resnet18'\n\
         weights = '{data}/models/resnet18-isic-biased.f16.safetensors'\n\
         [models.clean]\narchitecture = 'resnet18'\n\
         weights = '{data}/models/resnet18-isic-clean.f16.safetensors'\n\
         [methods.grad_cam]\nlayer = 'layer4.1.conv2'\n[trust]\npictures = 0\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("isic.toml");
    fs::write(&path, config).expect("room");
    reglet_audit::run_audit(&path, &[], &folder.path().join("out")).expect("the audit runs");
    let text = fs::read(folder.path().join("out/results.json")).expect("results");
    serde_json::from_slice(&text).expect("JSON")
}

fn case<'a>(results: &'a Value, model: &str) -> &'a Value {
    let cases = results["cases"].as_array().expect("cases");
    cases.iter().find(|case| case["name"] == model).expect("the model was audited")
}

fn with_masks(data: &Path) {
    let coco = format!("coco = {{ file = '{}/isic-ruler/rulers.coco.json' }}", data.display());
    let results = audit(data, &coco);
    let biased = case(&results, "biased");
    assert_eq!(biased["verdict"]["kind"], "shortcut", "{}", biased["verdict"]);
    let findings = biased["verdict"]["judgement"]["findings"].as_array().expect("findings");
    assert!(findings.iter().any(|finding| finding["change"] == "remove"), "{findings:?}");
    let clean = case(&results, "clean");
    assert_ne!(clean["verdict"]["kind"], "shortcut", "{}", clean["verdict"]);
}

fn with_flags_alone(data: &Path) {
    let results = audit(data, "");
    let biased = case(&results, "biased");
    assert_eq!(biased["verdict"]["kind"], "inconclusive", "{}", biased["verdict"]);
    let doubts = &biased["verdict"]["judgement"]["doubts"];
    for kind in ["unexplained", "not_taken", "untried"] {
        let found = doubts.as_array().expect("doubts").iter().any(|doubt| doubt.get(kind).is_some());
        assert!(found, "no doubt is '{kind}': {doubts}");
    }
    assert_ne!(case(&results, "clean")["verdict"]["kind"], "shortcut");
}
