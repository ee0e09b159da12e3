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
    run.refused(&["cannot write to", "make room"]);
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
