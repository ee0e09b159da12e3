//! Tables as files hold them: CSV with commas, semicolons or tabs, and JSON lines.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use csv::{StringRecord, Trim};
use serde_json::{Map, Value};

use crate::files::read_text;
use crate::{DataError, Problem, ProblemKind};

/// The largest table that is read, in bytes: a million lines of it have 268 characters each.
const MAX_BYTES: u64 = 1 << 28;

/// The most cells of a table. An empty cell takes memory although it takes a byte of the file at most, and in JSON lines none.
const MAX_CELLS: usize = 50_000_000;

/// The separators that may be between cells, with their names.
const SEPARATORS: [(u8, &str); 3] = [(b',', "commas"), (b';', "semicolons"), (b'\t', "tabs")];

/// A table in memory.
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    /// Each with the number of its line.
    pub(crate) records: Vec<(u64, StringRecord)>,
    /// Lines that are malformed, and columns of one name.
    pub(crate) problems: Vec<Problem>,
}

impl Table {
    /// Reads JSON lines if the file's name ends in `.jsonl` or `.ndjson`. Otherwise it reads CSV, whose first line names the
    /// columns and shows by which character they are separated.
    pub(crate) fn read(path: &Path) -> Result<Self, DataError> {
        let bytes = read_text(path, MAX_BYTES)?;
        let is =
            |extension: &str| path.extension().is_some_and(|other| other.eq_ignore_ascii_case(extension));
        if is("jsonl") || is("ndjson") {
            return Ok(Self::json_lines(path, &bytes));
        }
        Self::csv(path, &bytes).map_err(|source| DataError::Unreadable { path: path.into(), source })
    }

    /// The same table where the first line is not the names of the columns but a line like the others.
    pub(crate) fn with_columns(self, names: &[&str]) -> Self {
        let mut records = vec![(1, StringRecord::from(self.columns))];
        records.extend(self.records);
        Self { columns: names.iter().map(ToString::to_string).collect(), records, ..self }
    }

    fn csv(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let mut problems = Vec::new();
        let mut complain = |line, kind| problems.push(Problem { file: path.into(), line, kind });
        let (separator, called) = separator(bytes);
        let mut reader = csv::ReaderBuilder::new().trim(Trim::All).delimiter(separator).from_reader(bytes);
        let mut records = Vec::new();
        let mut columns: Vec<String> = Vec::new();
        match reader.headers() {
            Ok(headers) => columns.extend(headers.iter().map(String::from)),
            Err(fault) => complain(Some(1), malformed(fault, called)?),
        }
        let mut known = HashSet::new();
        for column in &columns {
            if !known.insert(column) {
                complain(Some(1), ProblemKind::DuplicateColumn { column: column.clone() });
            }
        }
        let mut lines = Lines { bytes, at: 0, line: 1 };
        for record in reader.into_records() {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(0, |position| lines.of(position.byte()));
                    if let Some(text) = too_many(columns.len(), records.len() + 1) {
                        complain(Some(line), ProblemKind::Malformed(text));
                        records.clear();
                        break;
                    }
                    records.push((line, record));
                }
                Err(fault) => {
                    let line = fault.position().map(|position| lines.of(position.byte()));
                    complain(line, malformed(fault, called)?);
                }
            }
        }
        Ok(Self { columns, records, problems })
    }

    /// An object on each line; its keys are the columns. A key that an object lacks, and `null`, is an empty cell.
    fn json_lines(path: &Path, bytes: &[u8]) -> Self {
        let (mut problems, mut objects) = (Vec::new(), Vec::new());
        let (mut columns, mut known) = (Vec::new(), HashSet::new());
        let mut complain = |line, text| {
            problems.push(Problem {
                file: path.into(),
                line: Some(line),
                kind: ProblemKind::Malformed(text),
            });
        };
        for (line, text) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
            if text.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice(text) {
                Ok(Value::Object(object)) => {
                    for key in object.keys() {
                        if known.insert(key.clone()) {
                            columns.push(key.clone());
                        }
                    }
                    if let Some(text) = too_many(columns.len(), objects.len() + 1) {
                        complain(line, text);
                        objects.clear();
                        break;
                    }
                    objects.push((line, object));
                }
                other => {
                    let fault = other.err().map_or_else(String::new, |fault| format!(" ({fault})"));
                    complain(
                        line,
                        format!("this is not a JSON object{fault}: write one, {{…}}, on each line"),
                    );
                }
            }
        }
        let cells = |object: &Map<String, Value>| {
            columns.iter().map(|column| object.get(column).map_or_else(String::new, cell)).collect()
        };
        let records = objects.iter().map(|(line, object)| (*line, cells(object))).collect();
        Self { columns, records, problems }
    }
}

/// What is wrong with a table of so many columns and lines, if it has too many cells.
fn too_many(columns: usize, lines: usize) -> Option<String> {
    (columns.saturating_mul(lines) > MAX_CELLS)
        .then(|| format!("there are more than {MAX_CELLS} cells: split the table"))
}

/// The truth value of a cell, in the spellings that programs use; `None` for any other text.
pub(crate) fn yes_or_no(cell: &str) -> Option<bool> {
    let cell = cell.to_ascii_lowercase();
    match cell.as_str() {
        "true" | "t" | "yes" | "y" => Some(true),
        "false" | "f" | "no" | "n" => Some(false),
        number => match number.parse::<f64>() {
            Ok(1.0) => Some(true),
            Ok(0.0) => Some(false),
            _ => None,
        },
    }
}

/// Whether a cell has no value: it is empty or contains what R and pandas write for a missing value.
pub(crate) fn is_unknown(cell: &str) -> bool {
    ["", "na", "n/a", "nan", "null"].iter().any(|nothing| cell.eq_ignore_ascii_case(nothing))
}

/// The label in a cell. It is empty if the cell has no value, which is reported: what stands for a missing value must not become
/// a class.
pub(crate) fn label(column: &str, cell: &str, complain: impl FnOnce(ProblemKind)) -> String {
    if !is_unknown(cell) {
        return cell.to_owned();
    }
    complain(match cell {
        "" => ProblemKind::EmptyCell { column: column.to_owned() },
        _ => ProblemKind::Malformed(format!(
            "the column `{column}` says `{cell}`, which stands for a missing value: fill it in, or remove the line"
        )),
    });
    String::new()
}

/// What separates the cells of the first line: of those that may, the one that occurs most outside quotation marks.
fn separator(bytes: &[u8]) -> (u8, &'static str) {
    let first = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let unquoted = || first.split(|&byte| byte == b'"').step_by(2).flatten();
    let count = |(separator, _): &(u8, &str)| unquoted().filter(|&byte| byte == separator).count();
    let [usual, ..] = SEPARATORS;
    SEPARATORS.into_iter().rev().max_by_key(count).unwrap_or(usual)
}

/// Counts lines, however they end, up to places in a text, each further on than the one before.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The number of the line on which the first cell from this place on begins.
    fn of(&mut self, place: u64) -> u64 {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        // The position of a record may be before the end of the previous line.
        while let Some(&byte) = self.bytes.get(self.at)
            && (self.at < place || matches!(byte, b'\n' | b'\r'))
        {
            let ends = byte == b'\n' || (byte == b'\r' && self.bytes.get(self.at + 1) != Some(&b'\n'));
            self.line += u64::from(ends);
            self.at += 1;
        }
        self.line
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

/// The error in a CSV file whose separator is named `called`, or the operating system's error.
fn malformed(fault: csv::Error, called: &str) -> io::Result<ProblemKind> {
    let text = match fault.into_kind() {
        csv::ErrorKind::Io(source) => return Err(source),
        csv::ErrorKind::Utf8 { err, .. } => {
            format!("cell {} is not UTF-8 text: save the table as UTF-8", err.field() + 1)
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "there are {len} cells, separated by {called} as in the first line, which has {expected_len}: check the \
             {called}"
        ),
        _ => "the table is not CSV: check its quotation marks".into(),
    };
    Ok(ProblemKind::Malformed(text))
}
