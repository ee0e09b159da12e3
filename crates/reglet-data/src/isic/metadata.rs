//! What the challenges say of their pictures in tables beside that of the diagnoses.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::diagnoses::IDS;
use crate::directory::{Wanted, names};
use crate::names::without_extension;
use crate::table::Table;
use crate::{DataError, Problem};

/// How the names of such tables end, in small letters: age, sex and site in 2017 and 2019, lesions in 2018 and 2019.
const ENDINGS: [&str; 2] = ["metadata.csv", "lesiongroupings.csv"];

/// The tables of this kind in some folders whose names contain the split's word.
pub(super) fn find(folders: &[&Path], split: &str) -> Result<Vec<PathBuf>, DataError> {
    let mut found = Vec::new();
    for folder in folders {
        let wanted = |name: &String| {
            let name = name.to_lowercase();
            name.contains(split) && ENDINGS.iter().any(|ending| name.ends_with(ending))
        };
        let files = names(folder, Wanted::Files)?.into_iter().filter(wanted);
        found.extend(files.map(|name| folder.join(name)));
    }
    Ok(found)
}

/// Adds to a table the columns of another that it lacks, line by line through the pictures' ids. Gives what is wrong
/// with the other table.
pub(super) fn join(table: &mut Table, path: &Path) -> Result<Vec<Problem>, DataError> {
    let other = Table::read(path)?;
    let id = |columns: &[String]| IDS.iter().find_map(|id| columns.iter().position(|column| column == id));
    let (Some(here), Some(there)) = (id(&table.columns), id(&other.columns)) else {
        return Ok(other.problems);
    };
    let new: Vec<usize> = (0..other.columns.len())
        .filter(|&place| !IDS.contains(&other.columns[place].as_str()))
        .filter(|&place| !table.columns.contains(&other.columns[place]))
        .collect();
    let key = |record: &StringRecord, place: usize| {
        without_extension(record.get(place).unwrap_or_default()).to_owned()
    };
    let by_id: HashMap<String, &StringRecord> =
        other.records.iter().map(|(_, record)| (key(record, there), record)).collect();
    for (_, record) in &mut table.records {
        let found = by_id.get(&key(record, here));
        for &place in &new {
            record.push_field(found.and_then(|found| found.get(place)).unwrap_or_default());
        }
    }
    table.columns.extend(new.into_iter().map(|place| other.columns[place].clone()));
    Ok(other.problems)
}
