//! The committed schema is the program's.

use std::path::Path;

#[test]
fn the_committed_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/schema.json");
    let committed = std::fs::read_to_string(path).expect("configs/schema.json is committed");
    assert!(
        committed == reglet_audit::config::schema(),
        "configs/schema.json is not current: run `cargo xtask config-schema > configs/schema.json`"
    );
}
