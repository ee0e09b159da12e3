//! Tables with named, typed columns, as Parquet and as CSV.

mod footer;

use std::ops::Range;
use std::panic;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::column::page::Page;
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

/// Named columns of equal length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    columns: Vec<(String, Column)>,
}

/// The values of a column; missing values are `None`.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Texts.
    Text(Vec<Option<String>>),
    /// Yes or no.
    Flag(Vec<Option<bool>>),
    /// Numbers.
    Number(Vec<Option<f64>>),
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Column::Text(values) => values.len(),
            Column::Flag(values) => values.len(),
            Column::Number(values) => values.len(),
        }
    }
}

/// The number of rows that are written at a time.
const GROUP: usize = 65_536;

/// The maximum number of rows that are read; more than a billion numbers in a file indicate an error.
const MOST_ROWS: i64 = 50_000_000;

impl Table {
    /// The columns with their names.
    pub fn columns(&self) -> &[(String, Column)] {
        &self.columns
    }

    /// Adds a column of texts.
    pub fn text(&mut self, name: impl Into<String>, values: Vec<Option<String>>) {
        self.columns.push((name.into(), Column::Text(values)));
    }

    /// Adds a column of flags.
    pub fn flag(&mut self, name: impl Into<String>, values: Vec<Option<bool>>) {
        self.columns.push((name.into(), Column::Flag(values)));
    }

    /// Adds a column of numbers.
    pub fn number(&mut self, name: impl Into<String>, values: Vec<Option<f64>>) {
        self.columns.push((name.into(), Column::Number(values)));
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column of this name, if there is one.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// The table as Parquet: texts, booleans and doubles, null where missing; the same table gives the same bytes.
    ///
    /// # Errors
    /// Columns have unequal lengths.
    pub fn to_parquet(&self, name: &str) -> Result<Vec<u8>, ParquetError> {
        let mut writer = Writer::new(name, self)?;
        for rows in groups(self.len()) {
            writer.group(self, rows)?;
        }
        writer.finish()
    }

    /// Reads a table that [`to_parquet`](Table::to_parquet) has written.
    ///
    /// # Errors
    /// The data are not such a file, or are damaged.
    pub fn from_parquet(bytes: Vec<u8>) -> Result<Table, ParquetError> {
        // The library panics at some damaged pages (seen in its version 60: a page without its dictionary, one that is
        // shorter than it says). No state survives the panic, so it is turned into an ordinary error.
        let read = panic::catch_unwind(|| Table::read_parquet(bytes));
        read.unwrap_or_else(|_| Err(ParquetError::General("its pages are damaged".to_owned())))
    }

    fn read_parquet(bytes: Vec<u8>) -> Result<Table, ParquetError> {
        let length = bytes.len() as u64;
        if !footer::is_credible(&bytes) {
            return Err(ParquetError::General(
                "its metadata are damaged, or claim more columns or groups than it can contain".to_owned(),
            ));
        }
        let file = SerializedFileReader::new(Bytes::from(bytes))?;
        let metadata = file.metadata().file_metadata().clone();
        if !(0..=MOST_ROWS).contains(&metadata.num_rows()) {
            return Err(ParquetError::General(format!(
                "{} rows are more than it can contain",
                metadata.num_rows()
            )));
        }
        let mut table = Table::default();
        for column in metadata.schema_descr().columns() {
            let name = column.name().to_owned();
            match column.physical_type() {
                Physical::BYTE_ARRAY => table.text(name, Vec::new()),
                Physical::BOOLEAN => table.flag(name, Vec::new()),
                Physical::DOUBLE => table.number(name, Vec::new()),
                other => {
                    return Err(ParquetError::General(format!("the column {name} has the type {other}")));
                }
            }
        }
        for index in 0..file.num_row_groups() {
            let group = file.get_row_group(index)?;
            let rows = usize::try_from(group.metadata().num_rows())
                .map_err(|_| ParquetError::General("a group with a negative number of rows".to_owned()))?;
            check(group.metadata(), length)?;
            for (place, (_, column)) in table.columns.iter_mut().enumerate() {
                check_pages(group.get_column_page_reader(place)?)?;
                read(column, rows, group.get_column_reader(place)?)?;
            }
        }
        let rows = table.len();
        match table.columns.iter().all(|(_, column)| column.len() == rows) {
            true => Ok(table),
            false => Err(ParquetError::General("the columns have unequal lengths".to_owned())),
        }
    }
}

/// The ranges of rows that are written at a time, for a number of rows.
pub(crate) fn groups(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(GROUP).map(move |start| start..(start + GROUP).min(rows))
}

/// A table that is written group by group, so that it need not be in memory as a whole.
pub(crate) struct Writer(SerializedFileWriter<Vec<u8>>);

impl Writer {
    /// Starts a file of tables with the columns of `like`.
    pub(crate) fn new(name: &str, like: &Table) -> Result<Writer, ParquetError> {
        let fields = like.columns.iter().map(|(name, column)| field(name, column));
        let schema = Type::group_type_builder(name).with_fields(fields.collect::<Result<_, _>>()?).build()?;
        let properties = WriterProperties::builder().build();
        SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties)).map(Writer)
    }

    /// Writes some rows of a table.
    pub(crate) fn group(&mut self, table: &Table, rows: Range<usize>) -> Result<(), ParquetError> {
        let mut group = self.0.next_row_group()?;
        for (name, column) in &table.columns {
            let Some(mut open) = group.next_column()? else { break };
            write(name, column, rows.clone(), open.untyped())?;
            open.close()?;
        }
        group.close()?;
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Vec<u8>, ParquetError> {
        self.0.into_inner()
    }
}

/// Whether every column of a group lies within a file of this size; the reader does not check this.
fn check(group: &RowGroupMetaData, length: u64) -> Result<(), ParquetError> {
    let place = |offset: i64| u64::try_from(offset).ok().filter(|offset| *offset <= length);
    let fits = group.columns().iter().all(|column| {
        let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let end = place(start).zip(place(column.compressed_size())).map(|(start, size)| start + size);
        place(column.data_page_offset()).is_some() && end.is_some_and(|end| end <= length)
    });
    match fits {
        true => Ok(()),
        false => Err(ParquetError::General("a column lies outside the file".to_owned())),
    }
}

/// Whether a dictionary can be as large as it claims, because the reader allocates memory accordingly. A value takes at
/// least one byte.
fn check_pages(pages: impl Iterator<Item = Result<Page, ParquetError>>) -> Result<(), ParquetError> {
    for page in pages {
        if let Page::DictionaryPage { buf, num_values, .. } = page?
            && num_values as usize > buf.len()
        {
            let what = "a dictionary is damaged: it claims to be larger than it is";
            return Err(ParquetError::General(what.to_owned()));
        }
    }
    Ok(())
}

fn field(name: &str, column: &Column) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match column {
        Column::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Column::Flag(_) => (Physical::BOOLEAN, None),
        Column::Number(_) => (Physical::DOUBLE, None),
    };
    let field = Type::primitive_type_builder(name, physical);
    Ok(Arc::new(field.with_repetition(Repetition::OPTIONAL).with_logical_type(logical).build()?))
}

fn write(
    name: &str,
    column: &Column,
    rows: Range<usize>,
    writer: &mut ColumnWriter<'_>,
) -> Result<(), ParquetError> {
    let short = || ParquetError::General(format!("the column {name} is too short"));
    match (column, writer) {
        (Column::Text(values), ColumnWriter::ByteArrayColumnWriter(writer)) => {
            let (values, levels) = present(values.get(rows).ok_or_else(short)?);
            let values: Vec<ByteArray> =
                values.into_iter().map(|text| ByteArray::from(text.into_bytes())).collect();
            writer.write_batch(&values, Some(&levels), None)?;
        }
        (Column::Flag(values), ColumnWriter::BoolColumnWriter(writer)) => {
            let (values, levels) = present(values.get(rows).ok_or_else(short)?);
            writer.write_batch(&values, Some(&levels), None)?;
        }
        (Column::Number(values), ColumnWriter::DoubleColumnWriter(writer)) => {
            let (values, levels) = present(values.get(rows).ok_or_else(short)?);
            writer.write_batch(&values, Some(&levels), None)?;
        }
        _ => return Err(ParquetError::General(format!("the column {name} has another type"))),
    }
    Ok(())
}

/// The values that are present, and for each row whether there is one: Parquet's definition levels.
fn present<T: Clone>(values: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
    let levels = values.iter().map(|value| i16::from(value.is_some())).collect();
    (values.iter().flatten().cloned().collect(), levels)
}

fn read(column: &mut Column, rows: usize, reader: ColumnReader) -> Result<(), ParquetError> {
    let other = || ParquetError::General("a column has another type than the file says".to_owned());
    match (column, reader) {
        (Column::Text(values), ColumnReader::ByteArrayColumnReader(mut reader)) => {
            let text = |bytes: ByteArray| {
                String::from_utf8(bytes.data().to_vec())
                    .map_err(|_| ParquetError::General("a text is not UTF-8".to_owned()))
            };
            let (mut found, mut levels) = (Vec::new(), Vec::new());
            reader.read_records(rows, Some(&mut levels), None, &mut found)?;
            values.extend(placed(levels, found.into_iter().map(text).collect::<Result<_, _>>()?, rows)?);
        }
        (Column::Flag(values), ColumnReader::BoolColumnReader(mut reader)) => {
            let (mut found, mut levels) = (Vec::new(), Vec::new());
            reader.read_records(rows, Some(&mut levels), None, &mut found)?;
            values.extend(placed(levels, found, rows)?);
        }
        (Column::Number(values), ColumnReader::DoubleColumnReader(mut reader)) => {
            let (mut found, mut levels) = (Vec::new(), Vec::new());
            reader.read_records(rows, Some(&mut levels), None, &mut found)?;
            values.extend(placed(levels, found, rows)?);
        }
        _ => return Err(other()),
    }
    Ok(())
}

/// The opposite of [`present`].
fn placed<T>(levels: Vec<i16>, found: Vec<T>, rows: usize) -> Result<Vec<Option<T>>, ParquetError> {
    let short = || ParquetError::General("a column holds fewer values than the file says".to_owned());
    if levels.len() != rows {
        return Err(short());
    }
    let mut found = found.into_iter();
    levels
        .into_iter()
        .map(|level| if level == 0 { Ok(None) } else { found.next().map(Some).ok_or_else(short) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Table {
        let mut table = Table::default();
        table.text("name", vec![Some("a".into()), None, Some(String::new())]);
        table.flag("shown", vec![Some(true), Some(false), None]);
        table.number("value", vec![Some(0.1 + 0.2), None, Some(f64::NEG_INFINITY)]);
        table
    }

    #[test]
    fn what_is_written_is_read_again() {
        let table = example();
        let bytes = table.to_parquet("rows").expect("it can be written");
        assert_eq!(Table::from_parquet(bytes.clone()).expect("it can be read"), table);
        assert_eq!(bytes, table.to_parquet("rows").expect("again"), "the same bytes");
        let empty = Table { columns: vec![("n".into(), Column::Number(Vec::new()))] };
        let bytes = empty.to_parquet("rows").expect("no rows are rows");
        assert_eq!(Table::from_parquet(bytes).expect("it can be read"), empty);
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let bytes = example().to_parquet("rows").expect("it can be written");
        for end in 0..bytes.len() {
            assert!(Table::from_parquet(bytes[..end].to_vec()).is_err(), "cut at {end}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            // What is read, if anything, has the right shape.
            if let Ok(table) = Table::from_parquet(damaged) {
                assert!(table.columns.iter().all(|(_, column)| column.len() == table.len()), "{at}");
            }
        }
        assert!(Table::from_parquet(Vec::new()).is_err());
    }

    /// Found by fuzzing: the library panics for the first two, and tries to allocate 38 and 6 GB for the last two.
    #[test]
    fn damaged_pages_are_errors() {
        for bytes in [
            include_bytes!("../../../fuzz/seeds/rows/no-dictionary.parquet").as_slice(),
            include_bytes!("../../../fuzz/seeds/rows/short-page.parquet"),
            include_bytes!("../../../fuzz/seeds/rows/large-dictionary.parquet"),
            include_bytes!("../../../fuzz/seeds/rows/many-columns.parquet"),
        ] {
            Table::from_parquet(bytes.to_vec()).expect_err("damaged");
        }
    }
}
