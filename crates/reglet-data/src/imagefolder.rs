//! Hugging Face's imagefolder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coco::CocoOptions;
use crate::directory::{Wanted, names};
use crate::files::last_part;
use crate::picture_files::PictureFiles;
use crate::remote::join;
use crate::{DataError, DrawnOn, FolderOptions, ManifestOptions, Problem, ProblemKind, Problems};

/// The names of splits; the names in one line are synonyms
/// (<https://huggingface.co/docs/hub/datasets-file-names-and-splits>).
const SPLITS: [&[&str]; 3] = [
    &["train", "training"],
    &["validation", "valid", "val", "dev"],
    &["test", "testing", "eval", "evaluation"],
];

/// The files that can list a split's pictures.
const METADATA: [&str; 2] = ["metadata.csv", "metadata.jsonl"];

/// A data set in the layout of Hugging Face's `imagefolder`: a folder for each split, or none, with either `metadata.csv` or
/// `metadata.jsonl`, whose `file_name` is a path relative to it, or else a folder for each class
/// (<https://huggingface.co/docs/datasets/image_dataset>). As there, metadata take precedence over the names of folders, and
/// may be in the folder above the splits, for all of them.
///
/// ```toml
/// folder = "lesions"                              # lesions/train/metadata.jsonl, lesions/train/17.jpg …
/// split = "train"
/// classes = ["benign", "melanoma"]                # in the order of the model's outputs
/// labels = { "0" = "benign", "1" = "melanoma" }   # where the labels are numbers
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageFolderOptions {
    /// The folder: a path, or an address in an object store.
    pub folder: PathBuf,
    /// The split to read, if there are folders for splits: `train`, `validation` or `test`, or one of their synonyms.
    #[serde(default)]
    pub split: Option<String>,
    /// The name of the data set in reports; by default, the name of its folder.
    #[serde(default)]
    pub name: Option<String>,
    /// The column of the metadata with the name or number of each picture's class.
    #[serde(default = "label_column")]
    pub label: String,
    /// The names of the classes, in the order of the model's outputs; by default, all that occur, sorted.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// The class of each label, where `"*"` stands for all other labels: `{ mel = "melanoma", "*" = "benign" }`. By default,
    /// labels are classes.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// Regions, and the column of the metadata with the path of each region's mask: white inside, black outside, in the
    /// picture's size. An empty cell means that the region is not annotated. By default, every column named `<region>_mask`
    /// or `<region>_mask_file_name`.
    #[serde(default)]
    pub masks: Option<BTreeMap<String, String>>,
    /// Regions, and the column of the metadata that says whether the picture shows each region: 1 or 0, yes or no, true or
    /// false, or empty if this is unknown.
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

impl ImageFolderOptions {
    /// The usual columns of this folder, which has no splits.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            split: None,
            name: None,
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
        self.folder = join(base, self.folder);
        self.coco = self.coco.map(|coco| coco.relative_to(base));
        self
    }

    /// Reads the metadata or lists the folders, reads the annotations, and checks that they agree. Pictures and masks are
    /// read later, one sample at a time.
    ///
    /// # Errors
    /// A file or folder that cannot be read, or all problems found, each with its line.
    pub fn open(&self) -> Result<PictureFiles, DataError> {
        let folder = self.split_folder()?;
        let name = Some(self.name.clone().unwrap_or_else(|| last_part(&self.folder)));
        let (classes, labels, coco) = (self.classes.clone(), self.labels.clone(), self.coco.clone());
        let drawn_on = self.drawn_on;
        let metadata = |folder: &Path| -> Result<Vec<PathBuf>, DataError> {
            let files = names(folder, Wanted::Files)?;
            let found = METADATA.iter().filter(|file| files.iter().any(|name| name == *file));
            Ok(found.map(|file| join(folder, file)).collect())
        };
        // One table may list the pictures of all splits.
        let (found, below) = match metadata(&folder)? {
            found if found.is_empty() && folder != self.folder => {
                (metadata(&self.folder)?, Some(last_part(&folder)))
            }
            found => (found, None),
        };
        match found.as_slice() {
            [] if self.masks.is_some()
                || !self.flags.is_empty()
                || self.group.is_some()
                || self.pair.is_some() =>
            {
                let text = format!(
                    "it has no `{}`: add one, or leave `masks`, `flags`, `group` and `pair` out",
                    METADATA.join("` or `")
                );
                Err(problem(&folder, ProblemKind::Malformed(text)))
            }
            [] => {
                FolderOptions { name, classes, labels, drawn_on, coco, ..FolderOptions::new(folder) }.open()
            }
            [manifest] => {
                let (image, label) = ("file_name".to_owned(), self.label.clone());
                let (masks, flags) = (self.masks.clone(), self.flags.clone());
                let manifest = manifest.clone();
                let (group, pair) = (self.group.clone(), self.pair.clone());
                let options = ManifestOptions {
                    manifest,
                    name,
                    image,
                    label,
                    classes,
                    labels,
                    masks,
                    flags,
                    group,
                    pair,
                    drawn_on,
                    coco,
                };
                options.open_folder(below.as_deref())
            }
            several => {
                let several: Vec<String> = several.iter().map(|file| last_part(file)).collect();
                let text = format!("it has both `{}`: remove one", several.join("` and `"));
                Err(problem(
                    if below.is_some() { &self.folder } else { &folder },
                    ProblemKind::Malformed(text),
                ))
            }
        }
    }

    /// The folder of the requested split, by its own name before a synonym's; the whole folder if there are no splits.
    fn split_folder(&self) -> Result<PathBuf, DataError> {
        let folders = names(&self.folder, Wanted::Folders)?;
        let Some(wanted) = &self.split else {
            let splits: Vec<String> =
                folders.into_iter().filter(|name| SPLITS.concat().contains(&name.as_str())).collect();
            return match splits.as_slice() {
                [] => Ok(self.folder.clone()),
                _ => {
                    let (what, option) = ("split".to_owned(), "split".to_owned());
                    Err(problem(&self.folder, ProblemKind::SeveralFound { what, found: splits, option }))
                }
            };
        };
        if folders.contains(wanted) {
            return Ok(join(&self.folder, wanted));
        }
        let same = SPLITS.into_iter().find(|words| words.contains(&wanted.as_str())).unwrap_or_default();
        let found: Vec<String> = folders.into_iter().filter(|name| same.contains(&name.as_str())).collect();
        let (what, option) = (format!("folder of the split `{wanted}`"), "split".to_owned());
        match found.as_slice() {
            [only] => Ok(join(&self.folder, only)),
            [] => Err(problem(&self.folder, ProblemKind::NotFound { what, option })),
            _ => Err(problem(&self.folder, ProblemKind::SeveralFound { what, found, option })),
        }
    }
}

fn problem(file: &Path, kind: ProblemKind) -> DataError {
    Problems(vec![Problem { file: file.into(), line: None, kind }]).into()
}

fn label_column() -> String {
    "label".into()
}
