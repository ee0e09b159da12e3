//! Tables as files hold them: CSV with commas or tabs, and JSON lines.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use csv::{StringRecord, Trim};
use serde_json::Value;

use crate::{DataError, Problem, ProblemKind};

/// A table in memory.
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    /// Each with the number of its line.
    pub(crate) records: Vec<(u64, StringRecord)>,
    /// Lines that are malformed, and columns of one name.
    pub(crate) problems: Vec<Problem>,
}

impl Table {
    /// Reads JSON lines where the file's name ends in `.jsonl`, else CSV whose first line names the columns.
    pub(crate) fn read(path: &Path) -> Result<Self, DataError> {
        let read = || -> io::Result<Self> {
            let file = BufReader::new(File::open(path)?);
            match path.extension() {
                Some(extension) if extension.eq_ignore_ascii_case("jsonl") => Self::json_lines(path, file),
                _ => Self::csv(path, file),
            }
        };
        read().map_err(|source| DataError::Unreadable { path: path.into(), source })
    }

    /// The same table where the first line is not the names of the columns but a line like the others.
    pub(crate) fn with_columns(self, names: &[&str]) -> Self {
        let mut records = vec![(1, StringRecord::from(self.columns))];
        records.extend(self.records);
        Self { columns: names.iter().map(ToString::to_string).collect(), records, ..self }
    }

    fn csv(path: &Path, mut file: BufReader<File>) -> io::Result<Self> {
        let mut problems = Vec::new();
        let mut complain = |line, kind| problems.push(Problem { file: path.into(), line, kind });
        let first = file.fill_buf()?.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let tabs = first.contains(&b'\t') && !first.contains(&b',');
        let mut reader = csv::ReaderBuilder::new()
            .trim(Trim::All)
            .delimiter(if tabs { b'\t' } else { b',' })
            .from_reader(file);
        let mut records = Vec::new();
        let mut columns: Vec<String> = Vec::new();
        match reader.headers() {
            Ok(headers) => columns.extend(headers.iter().map(String::from)),
            Err(fault) => complain(Some(1), malformed(fault)?.1),
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
                    let (line, kind) = malformed(fault)?;
                    complain(line, kind);
                }
            }
        }
        Ok(Self { columns, records, problems })
    }

    /// An object on each line; its keys are the columns. A key that an object lacks, and `null`, is an empty cell.
    fn json_lines(path: &Path, file: BufReader<File>) -> io::Result<Self> {
        let (mut problems, mut objects) = (Vec::new(), Vec::new());
        let mut columns: Vec<String> = Vec::new();
        for (line, text) in (1..).zip(file.lines()) {
            let text = text?;
            if text.trim().is_empty() {
                continue;
            }
            match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
                Ok(Value::Object(object)) => {
                    columns.extend(
                        object.keys().filter(|&key| !columns.contains(key)).cloned().collect::<Vec<_>>(),
                    );
                    objects.push((line, object));
                }
                other => {
                    let fault = other.err().map_or_else(String::new, |fault| format!(" ({fault})"));
                    let text = format!("this is not a JSON object{fault}: write one, {{…}}, on each line");
                    problems.push(Problem {
                        file: path.into(),
                        line: Some(line),
                        kind: ProblemKind::Malformed(text),
                    });
                }
            }
        }
        let cells = |object: &serde_json::Map<String, Value>| {
            columns.iter().map(|column| object.get(column).map_or_else(String::new, cell)).collect()
        };
        let records = objects.iter().map(|(line, object)| (*line, cells(object))).collect();
        Ok(Self { columns, records, problems })
    }
}

/// A value as a cell of a CSV file would say it.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

/// The line of a fault in a CSV file and what it is; or the fault of the system, where it is that.
fn malformed(fault: csv::Error) -> io::Result<(Option<u64>, ProblemKind)> {
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
