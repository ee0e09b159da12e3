//! Whether a shortcut that nobody has named shows among the kinds of maps.

use std::path::Path;

use serde_json::Value;

/// Grad-CAM's kinds of maps of phantoms called melanoma by their label, for each model of the default audit.
fn kinds() -> Vec<(String, Vec<Value>)> {
    let out = tempfile::tempdir().expect("a folder");
    let set = [
        "data.phantoms.count=160",
        "changes=[\"remove\"]",
        "methods={ grad_cam = { layer = \"layer3.1.conv2\" } }",
        "trust.pictures=0",
        "gallery=0",
        "maps=10000",
    ];
    let set: Vec<String> = set.map(str::to_owned).into();
    reglet_audit::run_audit(Path::new("ruler.toml"), &set, out.path()).expect("the audit runs");

    let text = std::fs::read_to_string(out.path().join("results.json")).expect("results");
    let results: Value = serde_json::from_str(&text).expect("JSON");
    let models = results["cases"].as_array().expect("models");
    models
        .iter()
        .map(|model| {
            let found = model["clusterings"][0]["clusters"].as_array().expect("clusters").clone();
            (model["name"].as_str().expect("a name").to_owned(), found)
        })
        .collect()
}

#[test]
fn the_ruler_is_found_without_having_been_named() {
    let kinds = kinds();
    let shown = |name: &str| -> Vec<f64> {
        let (_, clusters) = kinds.iter().find(|(model, _)| model == name).expect("the model");
        clusters.iter().map(|cluster| cluster["artefact"].as_f64().expect("annotated")).collect()
    };
    // Half of the melanomas have a ruler. One kind of the shortcut's maps gathers those that have, another those that
    // have not; none of the clean model's does.
    let shortcut = shown("shortcut");
    assert!(shortcut.iter().any(|share| *share > 0.75), "{shortcut:?}");
    assert!(shortcut.iter().any(|share| *share < 0.25), "{shortcut:?}");
    let clean = shown("clean");
    assert!(clean.iter().all(|share| (0.3..=0.7).contains(share)), "{clean:?}");
    for (name, clusters) in &kinds {
        for cluster in clusters {
            let members = cluster["members"].as_array().expect("members");
            assert_eq!(members.len() as u64, cluster["pictures"].as_u64().expect("a number"), "{name}");
            let typical = cluster["typical"].as_array().expect("typical pictures");
            assert!(!typical.is_empty() && typical.iter().all(|one| members.contains(&one["id"])), "{name}");
        }
    }
}
