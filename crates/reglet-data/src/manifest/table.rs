use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use csv::{StringRecord, Trim};

use crate::{DataError, Problem, ProblemKind};

/// A CSV file in memory.
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    /// Each with the number of its line.
    pub(super) records: Vec<(u64, StringRecord)>,
    /// Lines that are malformed, and columns of one name.
    pub(super) problems: Vec<Problem>,
}

impl Table {
    pub(super) fn read(path: &Path) -> Result<Self, DataError> {
        let unreadable = |source| DataError::Unreadable { path: path.into(), source };
        let mut problems = Vec::new();
        let mut complain = |line, kind| problems.push(Problem { file: path.into(), line, kind });
        let file = BufReader::new(File::open(path).map_err(unreadable)?);
        let mut reader = csv::ReaderBuilder::new().trim(Trim::All).from_reader(file);
        let mut records = Vec::new();
        let mut columns: Vec<String> = Vec::new();
        match reader.headers() {
            Ok(headers) => columns.extend(headers.iter().map(String::from)),
            Err(fault) => complain(Some(1), malformed(fault).map_err(unreadable)?.1),
        }
        for (index, column) in columns.iter().enumerate() {
            if columns[..index].contains(column) {
                complain(Some(1), ProblemKind::DuplicateColumn { column: column.clone() });
            }
        }
        for record in reader.into_records() {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    records.push((line, record));
                }
                Err(fault) => {
                    let (line, kind) = malformed(fault).map_err(unreadable)?;
                    complain(line, kind);
                }
            }
        }
        Ok(Self { columns, records, problems })
    }
}

/// The line of a fault in a CSV file and what it is; or the fault of the system, where it is that.
fn malformed(fault: csv::Error) -> Result<(Option<u64>, ProblemKind), std::io::Error> {
    let line = fault.position().map(csv::Position::line);
    let text = match fault.into_kind() {
        csv::ErrorKind::Io(source) => return Err(source),
        csv::ErrorKind::Utf8 { err, .. } => {
            format!("cell {} is not UTF-8 text: save the table as UTF-8", err.field() + 1)
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("there are {len} cells, where the first line has {expected_len}: check the commas")
        }
        _ => "the table is not CSV: check its quotation marks".into(),
    };
    Ok((line, ProblemKind::Malformed(text)))
}
