//! The rows of an audit: whatever is in their files, reading them ends in rows or in an error.

#![no_main]

use std::panic;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use reglet_evidence::{MethodName, Rows, Subject, Table};

static OBSERVATIONS: &[u8] = include_bytes!("../seeds/rows/observations.parquet");
static MAPS: &[u8] = include_bytes!("../seeds/rows/maps.parquet");

/// What the seeds are rows of.
fn subject() -> Subject {
    Subject {
        classes: vec!["benign".into(), "melanoma".into()],
        models: vec!["clean".into()],
        artefacts: vec!["ruler".into()],
        targets: vec!["melanoma".into()],
        methods: vec![MethodName { name: "saliency".into(), title: "Saliency".into() }],
    }
}

fn seeds() -> &'static (Table, Table) {
    static SEEDS: OnceLock<(Table, Table)> = OnceLock::new();
    let read = |bytes: &[u8]| Table::from_parquet(bytes.to_vec()).expect("a seed is sound");
    SEEDS.get_or_init(|| {
        let seeds = (read(OBSERVATIONS), read(MAPS));
        Rows::from_tables(subject(), &seeds.0, &seeds.1).expect("the seeds are rows of this subject");
        seeds
    })
}

fuzz_target!(
    init: {
        // The fuzzer would end at every panic, also at those of the Parquet library that are caught. Without its hook, one
        // that nobody catches ends the process all the same.
        panic::set_hook(Box::new(|_| ()));
    },
    |bytes: &[u8]| {
        let (observations, maps) = seeds();
        // An error is an answer; a panic, a crash or a memory beyond libFuzzer's limit is a finding.
        let Ok(table) = Table::from_parquet(bytes.to_vec()) else { return };
        let _ = Rows::from_tables(subject(), &table, maps);
        let _ = Rows::from_tables(subject(), observations, &table);
    }
);
