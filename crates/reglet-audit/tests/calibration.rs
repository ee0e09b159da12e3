//! A calibration from its training to its figures, as small as it can be.

use std::fs;
use std::path::Path;

use serde_json::Value;

#[test]
fn a_series_is_trained_audited_and_drawn_and_trained_no_second_time() {
    let out = tempfile::tempdir().expect("a folder");
    let set = [
        "repeats=1",
        "series.ties=[0.0, 1.0]",
        "series.seeds=[5]",
        "series.pictures=64",
        "series.epochs=1",
        "truth.pictures=24",
        "zoo.kinds=['one_class', 'vignette']",
        "zoo.seeds=[6]",
        "zoo.pictures=64",
        "zoo.epochs=1",
        "means={ redrawn = {} }",
    ];
    let set: Vec<String> = set.map(str::to_owned).into();
    let run = || reglet_audit::calibrate(Path::new("calibration.toml"), &set, out.path()).expect("it runs");
    let calibrated = run();
    // Two steps teach a network nothing: neither classifier depends on the ruler, and neither may be convicted.
    assert!(calibrated.is_as_targeted(), "{calibrated}");
    let read = |name: &str| fs::read_to_string(out.path().join(name)).expect("written");
    let found: Value = serde_json::from_str(&read("calibration.json")).expect("JSON");
    let classifiers = found["classifiers"].as_array().expect("classifiers");
    assert_eq!(classifiers.len(), 2);
    for classifier in classifiers {
        assert!(classifier["dependence"]["mean"].as_f64().expect("a number").abs() < 0.05, "{classifier}");
        assert_eq!(classifier["verdicts"]["redrawn"].as_array().expect("verdicts").len(), 1);
    }
    assert_eq!(found["rates"]["redrawn"]["false_alarms"]["mean"], 0.0);
    assert_eq!(read("calibration.csv").lines().count(), 3);
    // The same holds of the zoo, whose networks have not learnt what they were taught.
    let caged = found["zoo"]["classifiers"].as_array().expect("the zoo");
    assert_eq!(caged.len(), 2);
    for animal in caged {
        // What lies at the operating point by chance may turn by chance.
        assert_ne!(animal["standing"], "guilty", "{animal}");
        let audits = animal["audits"]["redrawn"].as_array().expect("audits");
        assert!(audits.len() == 1 && audits[0]["judgement"]["kind"] != "shortcut", "{animal}");
        assert_ne!(audits[0]["mark"], "wrong", "{animal}");
    }
    assert_eq!(caged[1]["kind"], "vignette");
    assert_eq!(read("zoo.csv").lines().count(), 3);
    let page = read("zoo.md");
    assert!(page.contains("| one_class |") && page.contains("| vignette, 6 |"), "{page}");
    assert!(read("redrawn.svg").contains("true dependence"));
    assert!(out.path().join("redrawn.png").is_file());

    let models = || -> Vec<_> {
        let files =
            fs::read_dir(out.path().join("models")).expect("the series").map(|file| file.expect("readable"));
        files
            .map(|file| (file.file_name(), file.metadata().and_then(|facts| facts.modified()).ok()))
            .collect()
    };
    let trained = models();
    assert_eq!(trained.len(), 4);
    let first = read("calibration.json");
    run();
    assert_eq!((read("calibration.json"), models()), (first, trained));
}

#[test]
fn corrections_of_a_series_are_set_beside_the_truth() {
    let out = tempfile::tempdir().expect("a folder");
    let set = [
        "series.ties=[0.5, 1.0]",
        "series.seeds=[5]",
        "series.pictures=64",
        "series.epochs=1",
        "truth.pictures=24",
        "correction.pictures=64",
        "correction.training.epochs=1",
        "correction.methods={ vanilla = {}, leace = {}, balanced = {} }",
    ];
    let set: Vec<String> = set.map(str::to_owned).into();
    let run =
        || reglet_audit::calibrate(Path::new("correction-curve.toml"), &set, out.path()).expect("it runs");
    let text = run().to_string();
    for method in ["vanilla", "leace", "balanced"] {
        assert!(text.contains(&format!("corrected by {method}: ")), "{text}");
    }
    let read = |name: &str| fs::read_to_string(out.path().join(name)).expect("written");
    let table = read("correction.csv");
    assert_eq!(table.lines().count(), 1 + 2 * 3, "{table}");
    let found: Value = serde_json::from_str(&read("calibration.json")).expect("JSON");
    assert!(found["rates"].as_object().expect("rates").is_empty(), "nothing is audited");
    let rows = found["corrections"]["rows"].as_array().expect("corrections");
    for row in rows {
        let truth = found["classifiers"].as_array().expect("classifiers");
        let own = truth.iter().find(|one| one["tie"] == row["tie"]).expect("of the series");
        assert_eq!(row["dependence_before"], own["dependence"], "measured once");
    }
    // Something was changed, by the training at least.
    assert!(rows.iter().any(|row| row["dependence_before"] != row["dependence_after"]));
    let figure = read("correction.svg");
    assert!(figure.contains(">vanilla<") && figure.contains(">leace<") && figure.contains(">balanced<"));
    let first = read("correction.csv");
    run();
    assert_eq!(read("correction.csv"), first);
}
