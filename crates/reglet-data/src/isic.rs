//! The ISIC challenges in their original layout.

mod diagnoses;
mod metadata;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coco::CocoOptions;
use crate::directory::{Wanted, names, pictures_in};
use crate::files::last_part;
use crate::further::Further;
use crate::identified::Identified;
use crate::listing::Listing;
use crate::picture_files::PictureFiles;
use crate::remote::{join, local_only};
use crate::table::Table;
use crate::{DataError, DrawnOn, Problem, ProblemKind, Problems};
use diagnoses::Diagnoses;

/// The table that the archive's own program writes beside the pictures it downloads.
const OF_THE_ARCHIVE: &str = "metadata.csv";

/// The columns of groups: a patient's lesions are no more independent than a lesion's pictures.
const GROUPS: [&str; 2] = ["patient_id", "lesion_id"];

/// The classification task of an ISIC challenge, 2016 to 2020, in the folder its archives were unpacked into.
///
/// The table of diagnoses, the folder of pictures and that of the lesions' masks are found by their names in the challenges;
/// the options can specify other names:
///
/// | year | diagnoses | pictures | masks |
/// |---|---|---|---|
/// | 2016 | `ISBI2016_ISIC_Part3_Training_GroundTruth.csv` | `…_Part3_Training_Data` | `…_Part1_Training_GroundTruth` |
/// | 2017 | `ISIC-2017_Training_Part3_GroundTruth.csv` | `ISIC-2017_Training_Data` | `…_Training_Part1_GroundTruth` |
/// | 2018 | `ISIC2018_Task3_Training_GroundTruth.csv` | `…_Task3_Training_Input` | `…_Task1_Training_GroundTruth` |
/// | 2019 | `ISIC_2019_Training_GroundTruth.csv` | `…_Training_Input` | |
/// | 2020 | `ISIC_2020_Training_GroundTruth.csv`, `train.csv` | `train` | |
///
/// The labels are derived from the table's columns:
///
/// * 2016: no column has a name; the second holds `benign` or `malignant`, or 0 or 1 for them.
/// * 2017: `melanoma` and `seborrheic_keratosis` are 1 or 0; where both are 0 the picture is a `nevus`.
/// * 2018 and 2019: one of `MEL`, `NV`, `BCC`, `AKIEC` or `AK`, `BKL`, `DF`, `VASC`, `SCC`, `UNK` is 1.
/// * 2020: `benign_malignant` holds `benign` or `malignant`.
///
/// So does `metadata.csv`, which the archive's own program (`isic image download`) writes among the pictures; where it has
/// no such column, `diagnosis_1` holds `Benign`, `Malignant` or `Indeterminate`. What the challenges say of their pictures
/// in tables of their own, such as `ISIC_2019_Training_Metadata.csv` and `ISIC2018_Task3_Training_LesionGroupings.csv`, is
/// joined by the pictures' ids.
///
/// Pictures that the table does not list are ignored, and so are other files, such as the `_superpixels.png` of 2017. A
/// picture without a mask is not annotated.
///
/// ```toml
/// folder = "isic-2017"
/// classes = ["benign", "melanoma"]                     # in the order of the model's outputs
/// labels = { melanoma = "melanoma", "*" = "benign" }   # melanoma against the rest
/// ```
///
/// The files are described at <https://challenge.isic-archive.com/data/> and, for each task, at
/// <https://challenge.isic-archive.com/landing/2016/39/>, <https://challenge.isic-archive.com/landing/2017/44/>,
/// <https://challenge.isic-archive.com/landing/2018/47/>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IsicOptions {
    /// The folder that the challenge's archives were unpacked into.
    pub folder: PathBuf,
    /// The part of the challenge to read.
    #[serde(default)]
    pub split: Split,
    /// The name of the data set in reports; by default, the name of its folder.
    #[serde(default)]
    pub name: Option<String>,
    /// The table of diagnoses, relative to the folder; by default, the table with the challenge's name.
    #[serde(default)]
    pub truth: Option<PathBuf>,
    /// The folder of pictures, relative to the folder; by default, the folder with the challenge's name.
    #[serde(default)]
    pub images: Option<PathBuf>,
    /// The folder of the lesions' masks, relative to the folder; by default, the folder with the challenge's name, if it
    /// exists.
    #[serde(default)]
    pub segmentations: Option<PathBuf>,
    /// The column with the label, if it differs from the challenge's, such as `diagnosis` in 2020.
    #[serde(default)]
    pub label: Option<String>,
    /// The names of the classes, in the order of the model's outputs; by default, those that `labels` names, sorted, or the
    /// challenge's labels in its own order.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// The class of each of the challenge's labels, where `"*"` stands for all others. By default, each label is a class.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// The column that identifies pictures that are not independent of one another, by the id of the patient or the lesion,
    /// such as `lesion_id`. A picture with an empty cell is a group of its own. By default, `patient_id` or else
    /// `lesion_id`, if there is such a column.
    #[serde(default)]
    pub group: Option<String>,
    /// Whether masks and annotations were drawn on the pictures as stored in their files, `"stored"`, or rotated according
    /// to their EXIF data or TIFF tags, `"upright"`. Needed only if there are such pictures and their sizes do not decide
    /// it.
    #[serde(default)]
    pub drawn_on: Option<DrawnOn>,
    /// Further regions from COCO annotations, matched by file name.
    #[serde(default)]
    pub coco: Option<CocoOptions>,
}

/// A part of a challenge's data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// The training data of the challenge.
    #[default]
    Training,
    /// The validation data of the challenge.
    Validation,
    /// The test data of the challenge.
    Test,
}

impl Split {
    /// The word in the names of the challenge's files, in small letters; Kaggle shortens that of the training data.
    fn word(self) -> &'static str {
        match self {
            Split::Training => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }
}

impl IsicOptions {
    /// The training data of the challenge in this folder, under the challenge's own names.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            split: Split::default(),
            name: None,
            truth: None,
            images: None,
            segmentations: None,
            label: None,
            classes: None,
            labels: None,
            group: None,
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

    /// Reads the table and the annotations, lists the folders, and checks that they agree. Pictures and masks are read
    /// later, one sample at a time.
    ///
    /// # Errors
    /// A file or folder that cannot be read, or all problems found, each with its line.
    pub fn open(&self) -> Result<PictureFiles, DataError> {
        local_only(&self.folder, "an ISIC challenge")?;
        let truth = self.truth()?;
        let images = [self.images()?];
        let segmentations = self.segmentations()?;
        let found = Identified::list(&images, segmentations.as_deref())?;

        let mut table = Table::read(&truth)?;
        if table.columns.first().is_some_and(|cell| cell.starts_with("ISIC_")) {
            table = table.with_columns(&diagnoses::OF_2016);
        }
        let mut folders = vec![self.folder.as_path()];
        folders.extend(images.iter().map(PathBuf::as_path).filter(|&images| images != self.folder));
        let mut wrong = Vec::new();
        for file in metadata::find(&folders, self.split.word())? {
            wrong.extend(metadata::join(&mut table, &file)?);
        }
        let Table { columns, records, mut problems } = table;
        problems.extend(wrong);
        let mut complain =
            |line, kind| problems.push(Problem { file: truth.clone(), line: Some(line), kind });
        let Some(diagnoses) = Diagnoses::find(&columns, self.label.as_deref(), |kind| complain(1, kind))
        else {
            return Err(Problems(problems).into());
        };
        let usual = GROUPS.into_iter().find(|&name| columns.iter().any(|column| column == name));
        let group = self.group.as_deref().or(usual);
        let further = Further::find(&columns, (group, None), &diagnoses.columns(), |kind| complain(1, kind));
        let mut pictures = Vec::with_capacity(records.len());
        for (line, record) in &records {
            let mut complain = |kind| complain(*line, kind);
            let Some((id, label)) = diagnoses.read(record, &mut complain) else { continue };
            if let Some(entry) = found.entry(id, (*line, further.read(record)), &mut complain) {
                pictures.push((entry, label));
            }
        }
        problems.extend(found.unused_masks(&pictures));
        let (name, regions) = (self.name.clone().unwrap_or_else(|| last_part(&self.folder)), found.regions());
        let (known, columns) = (diagnoses.known(), further.names());
        let listed = Listing { name, file: &truth, pictures, known, regions, columns, problems }.open(
            self.classes.as_ref(),
            self.labels.as_ref(),
            self.coco.as_ref(),
        );
        Ok(listed?.drawn_on(self.drawn_on))
    }

    /// The table of diagnoses; those of the other tasks are `Part1` and `Task2` and the like.
    fn truth(&self) -> Result<PathBuf, DataError> {
        if let Some(truth) = &self.truth {
            return Ok(self.folder.join(truth));
        }
        let is_truth = |name: &str| {
            let name = name.to_lowercase();
            let other = ["part1", "part2", "task1", "task2"].iter().any(|task| name.contains(task));
            let plain = name == format!("{}.csv", self.split.word());
            plain || name.contains(self.split.word()) && name.ends_with("groundtruth.csv") && !other
        };
        let mut found = Vec::new();
        for name in names(&self.folder, Wanted::All)? {
            let path = self.folder.join(&name);
            if path.is_file() && is_truth(&name) {
                found.push(PathBuf::from(&name));
            }
            // The archive of 2018 holds a folder with the table in it.
            if path.is_dir() && is_truth(&format!("{name}.csv")) {
                let tables = names(&path, Wanted::Files)?;
                found.extend(
                    tables.iter().filter(|name| is_truth(name)).map(|file| Path::new(&name).join(file)),
                );
            }
        }
        if found.is_empty() && self.split == Split::Training && self.folder.join(OF_THE_ARCHIVE).is_file() {
            found.push(OF_THE_ARCHIVE.into());
        }
        self.only("table of diagnoses", "truth", found)
    }

    fn images(&self) -> Result<PathBuf, DataError> {
        if let Some(images) = &self.images {
            return Ok(self.folder.join(images));
        }
        let mut found = self.folders(|name| {
            name == self.split.word() || ["_data", "_input"].iter().any(|ending| name.ends_with(ending))
        })?;
        // The pictures of several tasks may be there; they are those of the third that are classified.
        let of_task = |path: &PathBuf| {
            let name = last_part(path).to_lowercase();
            name.contains("part3") || name.contains("task3")
        };
        if found.iter().any(of_task) {
            found.retain(of_task);
        }
        if found.is_empty() && !pictures_in(&self.folder)?.is_empty() {
            return Ok(self.folder.clone());
        }
        self.only("folder of pictures", "images", found)
    }

    fn segmentations(&self) -> Result<Option<PathBuf>, DataError> {
        if let Some(segmentations) = &self.segmentations {
            return Ok(Some(self.folder.join(segmentations)));
        }
        let found = self.folders(|name| {
            name.ends_with("groundtruth") && ["part1_", "task1_"].iter().any(|task| name.contains(task))
        })?;
        if found.is_empty() {
            return Ok(None);
        }
        self.only("folder of masks", "segmentations", found).map(Some)
    }

    /// The folders of the split whose names, in small letters, are `wanted`, relative to the folder.
    fn folders(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, DataError> {
        let folders = names(&self.folder, Wanted::Folders)?.into_iter();
        let chosen = folders.filter(|name| {
            let name = name.to_lowercase();
            name.contains(self.split.word()) && wanted(&name)
        });
        Ok(chosen.map(PathBuf::from).collect())
    }

    /// The only one of those found.
    fn only(&self, what: &str, option: &str, found: Vec<PathBuf>) -> Result<PathBuf, DataError> {
        let (what, option) = (what.to_owned(), option.to_owned());
        let kind = match found.as_slice() {
            [only] => return Ok(self.folder.join(only)),
            [] => ProblemKind::NotFound { what, option },
            several => {
                let found = several.iter().map(|path| path.display().to_string()).collect();
                ProblemKind::SeveralFound { what, found, option }
            }
        };
        Err(Problems(vec![Problem { file: self.folder.clone(), line: None, kind }]).into())
    }
}
