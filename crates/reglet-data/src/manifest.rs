//! Data sets that a table lists.

mod row;
mod table;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coco::CocoOptions;
use crate::picture_files::PictureFiles;
use crate::{DataError, Problem, ProblemKind, Problems};
use row::Columns;
use table::Table;

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
        let Table { columns: names, records, mut problems } = Table::read(&self.manifest)?;
        let mut complain = |line: Option<u64>, kind| {
            problems.push(Problem { file: self.manifest.clone(), line, kind });
        };
        let Some(columns) = Columns::find(self, &names, |kind| complain(Some(1), kind)) else {
            return Err(Problems(problems).into());
        };

        let base = self.manifest.parent().unwrap_or(Path::new(""));
        let mut entries = Vec::with_capacity(records.len());
        let mut labels = Vec::with_capacity(records.len());
        let mut lines: HashMap<String, u64> = HashMap::new();
        for (line, record) in &records {
            let mut complain = |kind| complain(Some(*line), kind);
            let Some((entry, label)) = columns.entry(base, *line, record, &mut complain) else { continue };
            if let Some(first) = lines.get(&entry.id) {
                complain(ProblemKind::DuplicateId { id: entry.id.clone(), first: format!("line {first}") });
            }
            lines.entry(entry.id.clone()).or_insert(*line);
            entries.push(entry);
            labels.push(label);
        }

        let classes = self.classes(&labels);
        for (index, class) in classes.iter().enumerate() {
            if classes[..index].contains(class) {
                complain(None, ProblemKind::DuplicateClass { class: class.clone() });
            }
        }
        for (entry, label) in entries.iter_mut().zip(labels) {
            match classes.iter().position(|class| *class == label) {
                Some(index) => entry.label = index,
                // That nothing is there has been said already.
                None if label.is_empty() => {}
                None => {
                    let classes = classes.clone();
                    complain(entry.line, ProblemKind::UnknownLabel { label, classes });
                }
            }
        }
        problems.sort_by_key(|problem| problem.line);
        PictureFiles::new(
            self.name(),
            classes,
            columns.regions(),
            entries,
            self.coco.as_ref(),
            &self.manifest,
            problems,
        )
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
