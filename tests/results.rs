//! What an audit leaves for machines: `results.json` is what its published schema says, and both tables hold the same
//! rows.

use std::fs;
use std::path::Path;

use serde_json::Value;

#[test]
fn the_results_of_an_audit_are_what_the_schema_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = ["data.phantoms.count=12", "gallery=0", "language=fr"].map(str::to_owned);
    reglet_audit::run_audit(Path::new("ruler.toml"), &settings, folder.path()).expect("the audit runs");
    let text = fs::read_to_string(folder.path().join("results.json")).expect("it was written");
    let mut results: Value = serde_json::from_str(&text).expect("JSON");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/results.schema.json");
    let schema = fs::read_to_string(path).expect("the schema is committed");
    let schema = serde_json::from_str(&schema).expect("the schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("the schema is one");
    let faults: Vec<String> = schema.iter_errors(&results).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(results["language"], "fr");

    // And it says something: what has another type, or lacks what must be there, is no result.
    results["cases"][0]["verdict"]["kind"] = "guilty".into();
    assert!(!schema.is_valid(&results));
    results["cases"][0]["verdict"]["kind"] = "clear".into();
    assert!(schema.is_valid(&results));
    results["data"].as_object_mut().expect("an object").remove("fingerprint");
    assert!(!schema.is_valid(&results));

    let rows = fs::read_to_string(folder.path().join("samples.csv")).expect("it was written").lines().count();
    let parquet = fs::read(folder.path().join("samples.parquet")).expect("it was written");
    assert!(rows > 1 && parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
}
