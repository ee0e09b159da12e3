//! The table of samples, a row for each picture, model, method and region: as CSV, and as Parquet with typed columns.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use reglet_data::edit::Change;

use crate::Error;
use crate::results::{ModelResults, Placement, Results, SampleMap, SampleResult};

/// One row: everything that is known of it.
struct Row<'a> {
    model: &'a ModelResults,
    sample: &'a SampleResult,
    map: &'a SampleMap,
    region: &'a str,
    placement: &'a Placement,
}

/// One column: its name, and what it holds of a row.
struct Column {
    name: &'static str,
    values: Values,
}

enum Values {
    Text(fn(&Row<'_>) -> String),
    /// Missing where nobody knows.
    Flag(fn(&Row<'_>) -> Option<bool>),
    /// Missing where it is not defined.
    Number(Number),
}

type Number = Box<dyn Fn(&Row<'_>) -> Option<f64>>;

fn columns() -> Vec<Column> {
    let text = |name, of| Column { name, values: Values::Text(of) };
    let number =
        |name, of: fn(&Row<'_>) -> Option<f64>| Column { name, values: Values::Number(Box::new(of)) };
    let mut columns = vec![
        text("model", |row| row.model.name.clone()),
        text("id", |row| row.sample.id.clone()),
        text("label", |row| row.sample.label.clone()),
        Column { name: "artefact", values: Values::Flag(|row| row.sample.artefact) },
        number("probability", |row| Some(row.sample.answer.probability)),
    ];
    let names = ["inserted", "removed", "moved", "control", "scrambled", "lesion_removed"];
    columns.extend(names.into_iter().zip(Change::ALL).map(|(name, change)| Column {
        name,
        values: Values::Number(Box::new(move |row| Some(row.sample.changed.get(&change)?.probability))),
    }));
    columns.extend([
        text("method", |row| row.map.method.clone()),
        text("region", |row| row.region.to_owned()),
        Column {
            name: "estimated",
            values: Values::Flag(|row| Some(row.sample.estimated.contains(row.region))),
        },
        number("share", |row| Some(row.placement.share)),
        number("density", |row| Some(row.placement.density)),
        number("rank_accuracy", |row| Some(row.placement.rank_accuracy)),
        number("pointing", |row| Some(row.placement.pointing)),
        number("auc", |row| Some(row.placement.auc)),
        number("sparsity", |row| Some(row.map.character?.sparsity)),
        number("contours", |row| Some(row.map.character?.contours)),
        number("regions", |row| Some(row.map.character?.regions)),
        number("gap", |row| row.map.gap),
        text("remark", |row| row.map.remark.as_deref().unwrap_or_default().to_owned()),
    ]);
    columns
}

fn rows(results: &Results) -> impl Iterator<Item = Row<'_>> {
    results.models.iter().flat_map(|model| {
        model.samples.iter().flat_map(move |sample| {
            sample.maps.iter().flat_map(move |map| {
                map.regions.iter().map(move |(region, placement)| Row {
                    model,
                    sample,
                    map,
                    region,
                    placement,
                })
            })
        })
    })
}

/// The table as CSV; what is missing is an empty cell.
pub(crate) fn csv(results: &Results) -> Result<Vec<u8>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Usage(format!("cannot write samples.csv: {error}"));
    let columns = columns();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(|column| column.name)).map_err(|error| failed(&error))?;
    for row in rows(results) {
        let cells = columns.iter().map(|column| match &column.values {
            Values::Text(of) => of(&row),
            Values::Flag(of) => of(&row).map_or_else(String::new, |flag| u8::from(flag).to_string()),
            Values::Number(of) => of(&row).map_or_else(String::new, |number| number.to_string()),
        });
        writer.write_record(cells).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}

/// How many rows are written at a time, so that a long table is never in memory twice.
const GROUP: usize = 65_536;

/// The table as Parquet: texts, booleans and doubles, the latter two null where missing.
pub(crate) fn parquet(results: &Results) -> Result<Vec<u8>, Error> {
    write_parquet(results).map_err(|error| Error::Usage(format!("cannot write samples.parquet: {error}")))
}

fn write_parquet(results: &Results) -> Result<Vec<u8>, ParquetError> {
    let columns = columns();
    let fields = columns.iter().map(Column::field).collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("samples").with_fields(fields).build()?);
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::builder().build()))?;
    let mut rows = rows(results);
    loop {
        let part: Vec<Row<'_>> = rows.by_ref().take(GROUP).collect();
        if part.is_empty() {
            return writer.into_inner();
        }
        let mut group = writer.next_row_group()?;
        for column in &columns {
            let Some(mut open) = group.next_column()? else { break };
            column.write(&part, open.untyped())?;
            open.close()?;
        }
        group.close()?;
    }
}

impl Column {
    fn field(&self) -> Result<Arc<Type>, ParquetError> {
        let (physical, repetition, logical) = match &self.values {
            Values::Text(_) => (Physical::BYTE_ARRAY, Repetition::REQUIRED, Some(LogicalType::String)),
            Values::Flag(_) => (Physical::BOOLEAN, Repetition::OPTIONAL, None),
            Values::Number(_) => (Physical::DOUBLE, Repetition::OPTIONAL, None),
        };
        let field = Type::primitive_type_builder(self.name, physical);
        Ok(Arc::new(field.with_repetition(repetition).with_logical_type(logical).build()?))
    }

    fn write(&self, rows: &[Row<'_>], writer: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
        match (&self.values, writer) {
            (Values::Text(of), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                let values: Vec<ByteArray> =
                    rows.iter().map(|row| ByteArray::from(of(row).into_bytes())).collect();
                writer.write_batch(&values, None, None)?;
            }
            (Values::Flag(of), ColumnWriter::BoolColumnWriter(writer)) => {
                let (values, levels) = present(rows.iter().map(of));
                writer.write_batch(&values, Some(&levels), None)?;
            }
            (Values::Number(of), ColumnWriter::DoubleColumnWriter(writer)) => {
                let (values, levels) = present(rows.iter().map(of));
                writer.write_batch(&values, Some(&levels), None)?;
            }
            _ => return Err(ParquetError::General(format!("the column {} has another type", self.name))),
        }
        Ok(())
    }
}

/// The values that are there, and for each place whether one is: Parquet's definition levels.
fn present<T>(values: impl Iterator<Item = Option<T>>) -> (Vec<T>, Vec<i16>) {
    let (mut there, mut levels) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(i16::from(value.is_some()));
        there.extend(value);
    }
    (there, levels)
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;
    use crate::report::tests::example;

    #[test]
    fn both_tables_hold_the_same() {
        let mut results = example();
        results.models[1].samples[0].artefact = None;
        results.models[0].name = "a, \"b\"\n".to_owned();
        let text = csv(&results).expect("it can be written");
        let mut text = csv::Reader::from_reader(text.as_slice());
        let heads = text.headers().expect("a first line").clone();
        let bytes = parquet(&results).expect("it can be written");
        let file = SerializedFileReader::new(bytes::Bytes::from(bytes)).expect("a whole file");
        let mut rows = 0;
        for (line, row) in text.records().zip(file.get_row_iter(None).expect("rows")) {
            let (line, row) = (line.expect("a line"), row.expect("a row"));
            assert_eq!(row.get_column_iter().count(), heads.len());
            for ((head, cell), (name, field)) in heads.iter().zip(&line).zip(row.get_column_iter()) {
                assert_eq!(head, name);
                match field {
                    Field::Str(text) => assert_eq!(text, cell),
                    Field::Bool(flag) => assert_eq!(u8::from(*flag).to_string(), cell),
                    Field::Double(number) => assert_eq!(number.to_string(), cell),
                    Field::Null => assert_eq!(cell, ""),
                    other => panic!("{name} holds {other:?}"),
                }
            }
            rows += 1;
        }
        assert_eq!(rows, file.metadata().file_metadata().num_rows());
        // Two models, two pictures, three methods, one region.
        assert_eq!(rows, 12);
    }
}
