//! The committed schemas are the program's.

use std::path::Path;

fn assert_current(committed: &str, schema: &str, command: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(committed);
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{committed}: {error}"));
    assert!(text == schema, "{committed} is not current: run `cargo xtask {command} > {committed}`");
}

#[test]
fn the_schema_of_configs_is_current() {
    assert_current("configs/schema.json", &reglet_audit::config::schema(), "config-schema");
}

#[test]
fn the_schema_of_results_is_current() {
    assert_current("docs/results.schema.json", &reglet_audit::results::schema(), "results-schema");
}

#[test]
fn the_schemas_of_a_correction_are_current() {
    let (config, results) =
        (reglet_audit::CorrectConfig::schema(), reglet_audit::CorrectionResults::schema());
    assert_current("configs/correct.schema.json", &config, "config-schema correct");
    assert_current("docs/correction.schema.json", &results, "results-schema correct");
}
