//! The table of crates in `ARCHITECTURE.md` is what the manifests say, and what must build without libtorch can.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

type Graph = BTreeMap<String, BTreeSet<String>>;

/// By package of the workspace: the packages that it depends on, in the workspace or not. What only its tests use counts for
/// packages that are nothing but tests.
fn graph() -> Graph {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = command.current_dir(root()).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let mut graph = Graph::new();
    for package in list(&metadata["packages"]) {
        let name = text(&package["name"]);
        let tests_alone = ["reglet-benches", "reglet-tests"].contains(&name.as_str());
        let counts = |dependency: &Value| tests_alone || dependency["kind"] != "dev";
        let of = list(&package["dependencies"]);
        graph.insert(name, of.iter().filter(|of| counts(of)).map(|of| text(&of["name"])).collect());
    }
    graph
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The name in the table of a package.
fn short(package: &str) -> &str {
    match package {
        "reglet-benches" => "benches",
        "reglet-tests" => "tests",
        name => name,
    }
}

#[test]
fn the_table_of_crates_is_what_the_manifests_say() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("readable");
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim().trim_start_matches('|').trim_end_matches('|');
        line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    };
    let mut lines = text.lines().skip_while(|line| !line.starts_with("| | link |"));
    let head = cells(lines.next().expect("the table"));
    let mut table = Graph::new();
    for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
        let row = cells(line);
        assert_eq!(row.len(), head.len(), "{line}");
        let marked = head.iter().zip(&row).filter(|(_, cell)| *cell == "●");
        table.insert(row[0].clone(), marked.map(|(name, _)| format!("reglet-{name}")).collect());
    }
    let mut found = graph();
    let packages: BTreeSet<String> = found.keys().cloned().collect();
    for of in found.values_mut() {
        of.retain(|name| packages.contains(name));
    }
    let found: Graph = found.into_iter().map(|(name, of)| (short(&name).to_owned(), of)).collect();
    for (name, of) in &found {
        assert_eq!(
            table.get(name),
            Some(of),
            "{name}: correct the table of ARCHITECTURE.md, or the manifest"
        );
    }
    assert_eq!(table.len(), found.len(), "the table has a crate that is not there");
}

#[test]
fn what_needs_no_libtorch_does_not_depend_on_it() {
    let graph = graph();
    let mut with = BTreeSet::from(["tch".to_owned(), "torch-sys".to_owned()]);
    // Whoever depends on what needs it needs it too.
    while let Some((name, _)) =
        graph.iter().find(|(name, of)| !with.contains(*name) && of.iter().any(|of| with.contains(of)))
    {
        with.insert(name.clone());
    }
    for name in ["data", "evidence", "link", "metrics", "statistics", "viz", "winograd"] {
        assert!(!with.contains(&format!("reglet-{name}")), "reglet-{name} must build without libtorch");
    }
    assert!(!with.contains("xtask"), "xtask must build without libtorch");
    assert!(with.contains("reglet-audit"), "the search finds what does need it");
}

/// The packages that a crate of the workspace is built with, without its optional features.
fn lean(package: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["tree", "--package", package, "--no-default-features", "--edges", "normal"]);
    command.args(["--prefix", "none", "--format", "{p}"]);
    let output = command.current_dir(root()).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn what_is_optional_is_left_out_without_default_features() {
    for package in ["reglet-model", "reglet-attribution", "reglet-axioms", "reglet-train", "reglet-audit"] {
        let found = lean(package);
        assert!(found.contains("tch"), "{package}: the list is one of packages");
        for optional in ["dicom-object", "object_store", "pytorch-reader", "reqwest", "ureq"] {
            assert!(!found.contains(optional), "{package} needs {optional} without its default features");
        }
    }
}
