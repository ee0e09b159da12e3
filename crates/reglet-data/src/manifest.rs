//! Data sets that a table lists.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use csv::{StringRecord, Trim};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coco::CocoOptions;
use crate::picture_files::{Entry, PictureFiles};
use crate::{DataError, Problem, ProblemKind};

/// A data set listed in a manifest: a CSV file with a line for each picture and a first line that names the
/// columns. Paths in it are relative to the folder it is in.
///
/// In TOML, with COCO annotations for the regions that have no mask files:
///
/// ```toml
/// manifest = "isic/manifest.csv"
/// classes = ["benign", "melanoma"]
/// flags = { ruler = "ruler" }
/// coco = { file = "isic/rulers.coco.json" }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestOptions {
    /// The CSV file.
    pub manifest: PathBuf,
    /// What the data set is called in reports; where this is left out, as the folder it is in.
    #[serde(default)]
    pub name: Option<String>,
    /// The column with the path of each picture.
    #[serde(default = "image_column")]
    pub image: String,
    /// The column with the name of each picture's class.
    #[serde(default = "label_column")]
    pub label: String,
    /// The names of the classes, in the order of the model's outputs; where this is left out, all labels
    /// that occur, sorted.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// Regions, and the column with the path of each one's mask: white inside, black outside, of the
    /// picture's size. An empty cell means that nobody has annotated the region. Where this is left out,
    /// every column named `<region>_mask`.
    #[serde(default)]
    pub masks: Option<BTreeMap<String, String>>,
    /// Regions, and the column that says whether the picture shows each one: 1 or 0, or nothing where that
    /// is not known.
    #[serde(default)]
    pub flags: BTreeMap<String, String>,
    /// Further regions from COCO annotations, joined by file name.
    #[serde(default)]
    pub coco: Option<CocoOptions>,
}

impl ManifestOptions {
    /// The usual columns of this file.
    pub fn new(manifest: impl Into<PathBuf>) -> Self {
        Self {
            manifest: manifest.into(),
            name: None,
            image: image_column(),
            label: label_column(),
            classes: None,
            masks: None,
            flags: BTreeMap::new(),
            coco: None,
        }
    }

    /// The same data set with relative paths taken from the folder `base`.
    pub fn relative_to(mut self, base: &Path) -> Self {
        self.manifest = base.join(self.manifest);
        self.coco = self.coco.map(|coco| CocoOptions { file: base.join(&coco.file), ..coco });
        self
    }

    /// Reads the manifest and the annotations, and checks that they agree and that every file they name is
    /// there. Pictures and masks are read later, sample by sample.
    ///
    /// # Errors
    /// Where a file cannot be read, or with every problem found, each with its line.
    pub fn open(&self) -> Result<PictureFiles, DataError> {
        let table = Table::read(&self.manifest)?;
        let mut problems = table.problems;
        let mut column = |name: &String| {
            let place = table.columns.iter().position(|column| column == name);
            if place.is_none() {
                let (column, columns) = (name.clone(), table.columns.clone());
                problems.push(self.problem(Some(1), ProblemKind::NoColumn { column, columns }));
            }
            Some((place?, name.clone()))
        };
        let image = column(&self.image);
        let label = column(&self.label);
        let mut region_columns = |columns: &BTreeMap<String, String>| -> Vec<(String, usize, String)> {
            let found = columns
                .iter()
                .filter_map(|(region, name)| column(name).map(|(place, name)| (region.clone(), place, name)));
            found.collect()
        };
        let usual = || usual_masks(&table.columns);
        let masks = region_columns(&self.masks.clone().unwrap_or_else(usual));
        let flags = region_columns(&self.flags);
        let (Some(image), Some(label)) = (image, label) else {
            return Err(crate::Problems(problems).into());
        };

        let base = self.manifest.parent().unwrap_or(Path::new(""));
        let mut entries = Vec::with_capacity(table.records.len());
        let mut labels = Vec::with_capacity(table.records.len());
        let mut lines: HashMap<String, u64> = HashMap::new();
        for (line, record) in &table.records {
            let mut complain = |kind| problems.push(self.problem(Some(*line), kind));
            let cell = |place: usize| record.get(place).unwrap_or_default();
            for (place, column) in [&image, &label] {
                if cell(*place).is_empty() {
                    complain(ProblemKind::EmptyCell { column: column.clone() });
                }
            }
            let id = cell(image.0).to_owned();
            if id.is_empty() {
                continue;
            }
            if let Some(first) = lines.get(&id) {
                complain(ProblemKind::DuplicateId { id: id.clone(), first: format!("line {first}") });
            }
            lines.entry(id.clone()).or_insert(*line);

            let mut entry = Entry {
                picture: base.join(&id),
                id,
                label: 0,
                masks: BTreeMap::new(),
                flags: BTreeMap::new(),
                annotated: None,
                line: Some(*line),
            };
            for (region, place, _) in masks.iter().filter(|(_, place, _)| !cell(*place).is_empty()) {
                entry.masks.insert(region.clone(), base.join(cell(*place)));
            }
            for path in entry.masks.values().chain([&entry.picture]).filter(|path| !path.is_file()) {
                complain(ProblemKind::NoFile { path: path.clone() });
            }
            for (region, place, column) in &flags {
                match cell(*place) {
                    "" => {}
                    "0" => drop(entry.flags.insert(region.clone(), false)),
                    "1" => drop(entry.flags.insert(region.clone(), true)),
                    value => {
                        complain(ProblemKind::NotAFlag { column: column.clone(), value: value.into() });
                    }
                }
            }
            entries.push(entry);
            labels.push(cell(label.0).to_owned());
        }

        let classes = self.classes(&labels);
        for (index, class) in classes.iter().enumerate() {
            if classes[..index].contains(class) {
                problems.push(self.problem(None, ProblemKind::DuplicateClass { class: class.clone() }));
            }
        }
        for (entry, label) in entries.iter_mut().zip(labels) {
            match classes.iter().position(|class| *class == label) {
                Some(index) => entry.label = index,
                None if label.is_empty() => {}
                None => {
                    let kind = ProblemKind::UnknownLabel { label, classes: classes.clone() };
                    problems.push(self.problem(entry.line, kind));
                }
            }
        }
        problems.sort_by_key(|problem| problem.line);
        let regions: BTreeSet<String> = masks.into_iter().chain(flags).map(|(region, ..)| region).collect();
        PictureFiles::new(
            self.name(),
            classes,
            regions,
            entries,
            self.coco.as_ref(),
            &self.manifest,
            problems,
        )
    }

    fn problem(&self, line: Option<u64>, kind: ProblemKind) -> Problem {
        Problem { file: self.manifest.clone(), line, kind }
    }

    fn classes(&self, labels: &[String]) -> Vec<String> {
        self.classes.clone().unwrap_or_else(|| {
            let occurring: BTreeSet<&String> = labels.iter().filter(|label| !label.is_empty()).collect();
            occurring.into_iter().cloned().collect()
        })
    }

    fn name(&self) -> String {
        let folder = self.manifest.parent().and_then(Path::file_name);
        let name = folder.or_else(|| self.manifest.file_stem()).unwrap_or_default();
        self.name.clone().unwrap_or_else(|| name.to_string_lossy().into_owned())
    }
}

fn image_column() -> String {
    "image".into()
}

fn label_column() -> String {
    "label".into()
}

/// The regions whose column of masks tells its region by its name.
fn usual_masks(columns: &[String]) -> BTreeMap<String, String> {
    let region = |column: &String| column.strip_suffix("_mask").map(str::to_owned);
    columns.iter().filter_map(|column| Some((region(column)?, column.clone()))).collect()
}

/// A CSV file in memory.
struct Table {
    columns: Vec<String>,
    /// Each with the number of its line.
    records: Vec<(u64, StringRecord)>,
    /// Lines that are malformed, and columns of one name.
    problems: Vec<Problem>,
}

impl Table {
    fn read(path: &Path) -> Result<Self, DataError> {
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
