//! The table of samples, a row for each picture, case, method and region: as CSV, and as Parquet with typed columns.

use reglet_data::edit::Change;
use reglet_evidence::{Column, Placement, Table};

use crate::Error;
use crate::results::{CaseResults, Results, SampleMap, SampleResult};

/// One row: everything that is known of it.
struct Row<'a> {
    case: &'a CaseResults,
    sample: &'a SampleResult,
    map: &'a SampleMap,
    region: &'a str,
    placement: &'a Placement,
}

fn rows(results: &Results) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for case in &results.cases {
        for sample in &case.samples {
            for map in &sample.maps {
                for (region, placement) in &map.regions {
                    rows.push(Row { case, sample, map, region, placement });
                }
            }
        }
    }
    rows
}

fn table(results: &Results) -> Table {
    let rows = rows(results);
    let mut table = Table::default();
    let text = |of: &dyn Fn(&Row<'_>) -> String| rows.iter().map(|row| Some(of(row))).collect();
    let number = |of: &dyn Fn(&Row<'_>) -> Option<f64>| rows.iter().map(of).collect();
    table.text("model", text(&|row| row.case.name.clone()));
    table.text("suspect", text(&|row| row.case.artefact.clone()));
    table.text("target", text(&|row| row.case.target.clone()));
    table.text("id", text(&|row| row.sample.id.clone()));
    table.text("label", text(&|row| row.sample.label.clone()));
    table.flag("artefact", rows.iter().map(|row| row.sample.artefact).collect());
    table.number("probability", number(&|row| Some(row.sample.answer.probability)));
    let names = ["inserted", "removed", "moved", "control", "scrambled", "lesion_removed"];
    for (name, change) in names.into_iter().zip(Change::ALL) {
        table.number(name, number(&|row| Some(row.sample.changed.get(&change)?.probability)));
    }
    table.text("method", text(&|row| row.map.method.clone()));
    table.text("region", text(&|row| row.region.to_owned()));
    let estimated = |row: &Row<'_>| Some(row.sample.estimated.contains(row.region));
    table.flag("estimated", rows.iter().map(estimated).collect());
    table.number("share", number(&|row| Some(row.placement.share)));
    table.number("density", number(&|row| Some(row.placement.density)));
    table.number("rank_accuracy", number(&|row| Some(row.placement.rank_accuracy)));
    table.number("pointing", number(&|row| Some(row.placement.pointing)));
    table.number("auc", number(&|row| Some(row.placement.auc)));
    table.number("sparsity", number(&|row| Some(row.map.character?.sparsity)));
    table.number("contours", number(&|row| Some(row.map.character?.contours)));
    table.number("regions", number(&|row| Some(row.map.character?.regions)));
    table.number("gap", number(&|row| row.map.gap));
    table.text("remark", text(&|row| row.map.remark.clone().unwrap_or_default()));
    table
}

/// The table as CSV; what is missing is an empty cell.
pub(crate) fn csv(results: &Results) -> Result<Vec<u8>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Usage(format!("cannot write samples.csv: {error}"));
    let table = table(results);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let heads = table.columns().iter().map(|(name, _)| name);
    writer.write_record(heads).map_err(|error| failed(&error))?;
    for row in 0..table.len() {
        let cells = table.columns().iter().map(|(_, column)| match column {
            Column::Text(values) => inert(values[row].as_deref().unwrap_or_default()),
            Column::Flag(values) => values[row].map_or_else(String::new, |flag| u8::from(flag).to_string()),
            Column::Number(values) => values[row].map_or_else(String::new, |number| number.to_string()),
        });
        writer.write_record(cells).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}

/// A text that no spreadsheet takes for a formula and runs: one that begins as formulas do gets an apostrophe before it
/// (OWASP, *CSV injection*).
fn inert(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

/// The table as Parquet: texts, booleans and doubles, null where missing.
pub(crate) fn parquet(results: &Results) -> Result<Vec<u8>, Error> {
    table(results)
        .to_parquet("samples")
        .map_err(|error| Error::Usage(format!("cannot write samples.parquet: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::example;

    #[test]
    fn both_tables_hold_the_same() {
        let mut results = example();
        results.cases[1].samples[0].artefact = None;
        results.cases[0].name = "a, \"b\"\n".to_owned();
        let text = csv(&results).expect("it can be written");
        let mut text = csv::Reader::from_reader(text.as_slice());
        let heads = text.headers().expect("a first line").clone();
        let table = Table::from_parquet(parquet(&results).expect("it can be written")).expect("a whole file");
        assert!(heads.iter().eq(table.columns().iter().map(|(name, _)| name.as_str())));
        let mut rows = 0;
        for (row, line) in text.records().enumerate() {
            for (cell, (name, column)) in line.expect("a line").iter().zip(table.columns()) {
                let expected = match column {
                    Column::Text(values) => values[row].clone(),
                    Column::Flag(values) => values[row].map(|flag| u8::from(flag).to_string()),
                    Column::Number(values) => values[row].map(|number| number.to_string()),
                };
                assert_eq!(cell, expected.unwrap_or_default(), "{name}");
            }
            rows += 1;
        }
        assert_eq!(rows, table.len());
        // Two models, two pictures, three methods, one region.
        assert_eq!(rows, 12);
    }

    #[test]
    fn a_spreadsheet_runs_nothing_of_it() {
        let mut results = example();
        results.cases[0].samples[0].id = "=cmd|' /C calc'!A0".to_owned();
        results.cases[0].samples[1].id = "@sum(1)".to_owned();
        let text = String::from_utf8(csv(&results).expect("it can be written")).expect("text");
        for cell in text.split([',', '\n']) {
            let formula = cell.trim_start_matches('"').starts_with(['=', '+', '@']);
            assert!(!formula, "{cell}");
        }
        assert!(text.contains("'=cmd") && text.contains("'@sum"), "{text}");
    }
}
