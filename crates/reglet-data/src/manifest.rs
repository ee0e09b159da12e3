//! Data sets that are listed in a table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coco::CocoOptions;
use crate::listing::Listing;
use crate::picture_files::PictureFiles;
use crate::remote::{join, parent};
use crate::row::{Asked, Columns};
use crate::table::Table;
use crate::{DataError, DrawnOn, Problem, Problems};

/// A data set listed in a manifest: a CSV file with one line for each picture and a first line that names the columns, or
/// JSON lines (`.jsonl`) with one object for each picture. Cells are separated by commas, semicolons or tabs, whichever is
/// most frequent in the first line. Paths are relative to the manifest's folder, and may omit the extension. A path may also
/// be an address; the address of a picture in a store must include the extension. Columns that no option names are kept as
/// further information on the pictures ([`Dataset::columns`](crate::Dataset::columns)).
///
/// In TOML, with COCO annotations for regions without mask files:
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
    /// The name of the data set in reports; by default, the name of the folder that contains it.
    #[serde(default)]
    pub name: Option<String>,
    /// The column with the path of each picture; by default, `image` or, if there is no such column, `file_name`, `isic_id`,
    /// `image_id` or `image_name`.
    #[serde(default = "image_column")]
    pub image: String,
    /// The column with the name of each picture's class.
    #[serde(default = "label_column")]
    pub label: String,
    /// The names of the classes, in the order of the model's outputs; by default, all that occur, sorted.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// The class of each label, where `"*"` stands for all other labels: `{ mel = "melanoma", "*" = "benign" }`. By default,
    /// labels are classes.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// Regions, and the column with the path of each region's mask: white inside, black outside, in the picture's size. An
    /// empty cell means that the region is not annotated. By default, every column named `<region>_mask` or
    /// `<region>_mask_file_name`.
    #[serde(default)]
    pub masks: Option<BTreeMap<String, String>>,
    /// Regions, and the column that says whether the picture shows each region: 1 or 0, yes or no, true or false, or empty
    /// if this is unknown.
    #[serde(default)]
    pub flags: BTreeMap<String, String>,
    /// The column that identifies pictures that are not independent of one another, by the id of the patient or the lesion,
    /// such as `lesion_id`. A picture with an empty cell is a group of its own.
    #[serde(default)]
    pub group: Option<String>,
    /// The column that identifies pictures of the same lesion with and without an artefact, by a common id. Without `group`,
    /// such pictures also form a group.
    #[serde(default)]
    pub pair: Option<String>,
    /// Whether masks and annotations were drawn on the pictures as stored in their files, `"stored"`, or rotated according
    /// to their EXIF data or TIFF tags, `"upright"`. Needed only if there are such pictures and their sizes do not decide
    /// it.
    #[serde(default)]
    pub drawn_on: Option<DrawnOn>,
    /// Further regions from COCO annotations, matched by file name.
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

    /// The same data set, with relative paths resolved against the folder `base`.
    pub fn relative_to(mut self, base: &Path) -> Self {
        self.manifest = join(base, self.manifest);
        self.coco = self.coco.map(|coco| coco.relative_to(base));
        self
    }

    /// Reads the manifest and the annotations, and checks that they agree and that all their files exist. Pictures and masks
    /// are read later, one sample at a time.
    ///
    /// # Errors
    /// A file that cannot be read, or all problems found, each with its line.
    pub fn open(&self) -> Result<PictureFiles, DataError> {
        self.open_folder(None)
    }

    /// Opens the pictures in one of the folders beside the manifest, as if it listed no others.
    pub(crate) fn open_folder(&self, folder: Option<&str>) -> Result<PictureFiles, DataError> {
        let Table { columns: names, records, mut problems } = Table::read(&self.manifest)?;
        let mut complain = |line: u64, kind| {
            problems.push(Problem { file: self.manifest.clone(), line: Some(line), kind });
        };
        let asked = Asked {
            image: &self.image,
            label: &self.label,
            masks: self.masks.as_ref(),
            flags: &self.flags,
            group: self.group.as_deref(),
            pair: self.pair.as_deref(),
        };
        let Some(columns) = Columns::find(&asked, &names, |kind| complain(1, kind)) else {
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
