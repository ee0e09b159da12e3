//! The audit that comes with the program: what it must find, and that all of it is a function of its rows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn reglet(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reglet-run"));
    command.args(words).output().expect("the program starts")
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).expect("a folder").filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below it").display().to_string();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

fn verdicts(folder: &Path) -> BTreeMap<String, String> {
    let text = fs::read(folder.join("results.json")).expect("the results");
    let results: Value = serde_json::from_slice(&text).expect("JSON");
    let cases = results["cases"].as_array().expect("cases").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    cases.map(|case| (text(&case["name"]), text(&case["verdict"]["kind"]))).collect()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_shortcut_is_convicted_the_clean_model_cleared_and_both_judged_again_without_a_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let (audit, judged) = (place("audit"), place("judged"));
    let [audit_words, judged_words] = [&audit, &judged].map(|path| path.to_str().expect("UTF-8"));
    let done = reglet(&["audit", "--config", "ruler.toml", "--out", audit_words]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));
    let expected = [("clean", "clear"), ("shortcut", "shortcut")];
    let expected: BTreeMap<String, String> =
        expected.into_iter().map(|(model, kind)| (model.to_owned(), kind.to_owned())).collect();
    assert_eq!(verdicts(&audit), expected);

    let again = reglet(&["judge", audit_words, "--out", judged_words]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    let (before, after) = (files(&audit), files(&judged));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let differing: Vec<&String> = before.keys().filter(|name| before[*name] != after[*name]).collect();
    assert!(differing.is_empty(), "judged again, these differ: {differing:?}");

    let strict = place("strict");
    let words = ["--set", "verdict.min_effect=0.6", "--set", "verdict.max_flips=0.9"];
    let strict_words =
        [&["judge", audit_words, "--out", strict.to_str().expect("UTF-8")][..], &words].concat();
    let other = reglet(&strict_words);
    assert_eq!(other.status.code(), Some(1), "the config expects a shortcut: {}", text(&other));
    assert_ne!(verdicts(&strict)["shortcut"], "shortcut");

    for (setting, wanted) in [
        ("target=benign", "only these settings can be changed"),
        // The pictures were edited with that of the audit.
        ("seed=9", "only these settings can be changed"),
        ("methods.saliency.x=1", "only these settings can be changed"),
        ("verdict.min_effect=7", "from 0 to 1"),
    ] {
        let refused = reglet(&["judge", audit_words, "--set", setting, "--out", judged_words]);
        assert_eq!(refused.status.code(), Some(2), "{setting}");
        assert!(text(&refused).contains(wanted), "{setting}: {}", text(&refused));
    }
    // Laxer rules, written where the audit keeps its own.
    let run = strict.join("rows/run.json");
    let edited = fs::read_to_string(&run).expect("text");
    assert!(edited.contains("min_pictures = 10"), "{edited}");
    fs::write(&run, edited.replace("min_pictures = 10", "min_pictures = 2")).expect("room");
    let refused = reglet(&["judge", strict.to_str().expect("UTF-8"), "--out", judged_words]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("the config in the rows of"), "{}", text(&refused));
    let rows = judged.join("rows/observations.parquet");
    let mut bytes = fs::read(&rows).expect("rows");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&rows, bytes).expect("room");
    let refused = reglet(&["judge", judged_words, "--out", judged_words]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("checksum differs"), "{}", text(&refused));
    let refused = reglet(&["judge", folder.path().to_str().expect("UTF-8")]);
    assert!(text(&refused).contains("run.json") && refused.status.code() == Some(2), "{}", text(&refused));
}

/// Films of one channel: the classifier that learnt the side marker is convicted, the other cleared.
#[test]
fn the_marker_on_films_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("audit");
    let words = ["audit", "--config", "marker.toml", "--set", "language=fr", "--out"];
    let done = reglet(&[&words[..], &[out.to_str().expect("UTF-8")]].concat());
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));
    let found = verdicts(&out);
    assert_eq!((found["clean"].as_str(), found["shortcut"].as_str()), ("clear", "shortcut"));
    let page = fs::read_to_string(out.join("report.html")).expect("a report");
    assert!(page.contains("marqueur de côté") && page.contains("probabilité d’épanchement"), "in French");
}
