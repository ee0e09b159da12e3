//! What the system does to the program: no folder, no room, no more time. Nothing half written stays.

use std::fs;

use crate::bench::Bench;
#[cfg(unix)]
use crate::bench::config;

#[test]
fn a_file_in_the_way_of_the_results() {
    let bench = Bench::new();
    let file = bench.write("file", b"mine");
    for out in [file.clone(), format!("{file}/deeper")] {
        let run = bench.explain(bench.phantom(), &["--out", &out]);
        run.refused(&["cannot write to", &out, "--out"]);
        assert_eq!(fs::read(&file).expect("still there"), b"mine");
    }
}

/// A limit on the size of files stands for a full disk: writing fails in the midst of a file.
#[cfg(unix)]
#[test]
fn a_disk_without_room() {
    let bench = Bench::new();
    let run = bench.explain_in_shell("trap '' XFSZ; ulimit -f 4; exec \"$@\"", bench.phantom());
    run.refused(&["cannot write to", "free some space"]);
}

/// Where even the message cannot be written, the exit status says that the run failed.
#[cfg(target_os = "linux")]
#[test]
fn a_log_without_room() {
    let bench = Bench::new();
    let run = bench.explain_in_shell("exec \"$@\" 2>/dev/full", "nowhere.png");
    assert_eq!(run.status(), Some(2));
}

#[cfg(unix)]
#[test]
fn an_interruption_in_the_midst_of_the_work() {
    let bench = Bench::new();
    let config = config("[data.phantoms]\ncount = 20000\nsize = 128");
    let run = bench.audit_interrupted(&config);
    run.refused(&["interrupted", "nothing was written"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_audit_goes_on_from_where_it_was() {
    let config = config("[data.phantoms]\ncount = 160\nsize = 128");
    // What is not the same from run to run: how long it took.
    let found = |bench: &Bench| {
        let results: serde_json::Value = serde_json::from_str(&bench.read("results.json")).expect("JSON");
        (results["cases"].clone(), results["data"].clone(), bench.read("samples.csv"))
    };
    let whole = Bench::new();
    whole.audit(&config).accepted(&["results.json", "report.html"]);

    let bench = Bench::new();
    let interrupted = bench.audit_interrupted(&config);
    interrupted.refused(&["interrupted", "run the same command again to resume"]);
    let resumed = bench.audit(&config);
    resumed.accepted(&["results.json", "report.html"]);
    assert!(resumed.said("resuming an interrupted run after"), "{resumed:?}");
    assert_eq!(found(&bench), found(&whole));
    let left = fs::read_dir(bench.folder()).expect("the folder");
    let mut left: Vec<String> =
        left.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    left.sort();
    assert_eq!(left, ["audit.toml", "out"]);
}
