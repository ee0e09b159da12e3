//! Data sets that a table lists.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coco::CocoOptions;
use crate::listing::Listing;
use crate::picture_files::PictureFiles;
use crate::remote::{join, parent};
use crate::row::Columns;
use crate::table::Table;
use crate::{DataError, DrawnOn, Problem, Problems};

/// A data set listed in a manifest: a CSV file with a line for each picture and a first line that names the
/// columns, or JSON lines (`.jsonl`) with an object for each. Cells are separated by commas, semicolons or tabs: whichever
/// the first line has most of. Paths are relative to the folder that the manifest is in; one that is no file may lack
/// its extension.
/// A path may be an address instead; that of a picture in a store has its extension.
/// Columns that no option names are kept as what is known of the pictures ([`Dataset::columns`](crate::Dataset::columns)).
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
    /// The CSV or JSON lines file: a path, or an address in an object store or on the web, `s3://bucket/manifest.csv`.
    pub manifest: PathBuf,
    /// What the data set is called in reports; where this is left out, as the folder it is in.
    #[serde(default)]
    pub name: Option<String>,
    /// The column with the path of each picture; where this is left out, `image` or, where there is no such column,
    /// `file_name`, `isic_id`, `image_id` or `image_name`.
    #[serde(default = "image_column")]
    pub image: String,
    /// The column with the name of each picture's class.
    #[serde(default = "label_column")]
    pub label: String,
    /// The names of the classes, in the order of the model's outputs; where this is left out, all that
    /// occur, sorted.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// What labels are called as classes, `"*"` standing for every label that is not named:
    /// `{ mel = "melanoma", "*" = "benign" }`. Where this is left out, labels are classes.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// Regions, and the column with the path of each one's mask: white inside, black outside, of the
    /// picture's size. An empty cell means that nobody has annotated the region. Where this is left out,
    /// every column named `<region>_mask` or `<region>_mask_file_name`.
    #[serde(default)]
    pub masks: Option<BTreeMap<String, String>>,
    /// Regions, and the column that says whether the picture shows each one: 1 or 0, yes or no, true or false, or
    /// nothing where that is not known.
    #[serde(default)]
    pub flags: BTreeMap<String, String>,
    /// The column that says which pictures are not independent of one another, by the id of the patient or the lesion
    /// they show: `lesion_id`. An empty cell makes the picture a group of its own.
    #[serde(default)]
    pub group: Option<String>,
    /// The column that says which pictures show the same lesion with and without an artefact, by an id that they
    /// share. Where `group` is left out, such pictures are a group too.
    #[serde(default)]
    pub pair: Option<String>,
    /// Whether masks and annotations were drawn on the pictures as their files store them, `"stored"`, or turned as
    /// their EXIF data or TIFF tags say, `"upright"`. Needed only where there are such pictures, and their sizes do not
    /// tell.
    #[serde(default)]
    pub drawn_on: Option<DrawnOn>,
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
            labels: None,
            masks: None,
            flags: BTreeMap::new(),
            group: None,
            pair: None,
            drawn_on: None,
            coco: None,
        }
    }

    /// The same data set with relative paths taken from the folder `base`.
    pub fn relative_to(mut self, base: &Path) -> Self {
        self.manifest = join(base, self.manifest);
        self.coco = self.coco.map(|coco| coco.relative_to(base));
        self
    }

    /// Reads the manifest and the annotations, and checks that they agree and that every file they name is
    /// there. Pictures and masks are read later, sample by sample.
    ///
    /// # Errors
    /// Where a file cannot be read, or with every problem found, each with its line.
    pub fn open(&self) -> Result<PictureFiles, DataError> {
        self.open_folder(None)
    }

    /// Opens the pictures in one of the folders beside the manifest, as if it listed no others.
    pub(crate) fn open_folder(&self, folder: Option<&str>) -> Result<PictureFiles, DataError> {
        let Table { columns: names, records, mut problems } = Table::read(&self.manifest)?;
        let mut complain = |line: u64, kind| {
            problems.push(Problem { file: self.manifest.clone(), line: Some(line), kind });
        };
        let Some(columns) = Columns::find(self, &names, |kind| complain(1, kind)) else {
            return Err(Problems(problems).into());
        };
        let base = parent(&self.manifest);
        let entry =
            |(line, record): &(u64, _)| columns.entry(&base, *line, record, |kind| complain(*line, kind));
        let first = |picture: &str| picture.split(['/', '\\']).find(|part| *part != ".").map(str::to_owned);
        let wanted = |(_, record): &&(u64, _)| {
            folder.is_none_or(|folder| first(columns.picture(record)).is_some_and(|first| first == folder))
        };
        let pictures = records.iter().filter(wanted).filter_map(entry).collect();
        let (name, regions) = (self.name(), columns.regions());
        let columns = columns.further();
        let listed =
            Listing { name, file: &self.manifest, pictures, known: Vec::new(), regions, columns, problems }
                .open(self.classes.as_ref(), self.labels.as_ref(), self.coco.as_ref());
        Ok(listed?.drawn_on(self.drawn_on))
    }

    fn name(&self) -> String {
        let folder = parent(&self.manifest);
        let name = folder.file_name().or_else(|| self.manifest.file_stem()).unwrap_or_default();
        self.name.clone().unwrap_or_else(|| name.to_string_lossy().into_owned())
    }
}

fn image_column() -> String {
    "image".into()
}

fn label_column() -> String {
    "label".into()
}
