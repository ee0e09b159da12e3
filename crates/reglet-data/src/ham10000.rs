//! HAM10000 in its original layout.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coco::CocoOptions;
use crate::directory::{Wanted, names};
use crate::files::last_part;
use crate::further::Further;
use crate::identified::Identified;
use crate::listing::Listing;
use crate::picture_files::PictureFiles;
use crate::remote::{join, local_only};
use crate::table::{Table, label};
use crate::{DataError, DrawnOn, Problem, ProblemKind, Problems};

/// The diagnoses, as the column `dx` has them.
const DIAGNOSES: [&str; 7] = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"];

/// The column of groups.
const LESION: &str = "lesion_id";

/// HAM10000 in the folder it was unpacked into: `HAM10000_metadata.csv` (or `.tab`, or without an ending), the pictures in
/// every folder whose name begins with `HAM10000_images`, and the lesions' masks, where they are, in
/// `HAM10000_segmentations_lesion_tschandl`. The labels are those of the column `dx`: `akiec`, `bcc`, `bkl`, `df`, `mel`,
/// `nv`, `vasc`. Pictures that the metadata do not list are ignored. The other columns of the metadata (`dx_type`, `age`,
/// `sex`, `localization`) are kept.
///
/// ```toml
/// folder = "ham10000"
/// classes = ["benign", "melanoma"]                # in the order of the model's outputs
/// labels = { mel = "melanoma", "*" = "benign" }   # melanoma against the rest
/// ```
///
/// Tschandl, Rosendahl and Kittler, *The HAM10000 dataset*, Scientific Data 5, 2018,
/// <https://doi.org/10.7910/DVN/DBW86T>; the masks: Tschandl et al., *Human–computer collaboration for skin cancer
/// recognition*, Nature Medicine 26, 2020.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ham10000Options {
    /// The folder that holds the metadata and the folders of pictures.
    pub folder: PathBuf,
    /// The name of the data set in reports; by default, the name of its folder.
    #[serde(default)]
    pub name: Option<String>,
    /// The names of the classes, in the order of the model's outputs; by default, those that `labels` names, sorted, or all
    /// seven diagnoses.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// The class of each diagnosis, where `"*"` stands for all others. By default, each diagnosis is a class.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// The column that identifies pictures that are not independent of one another, by the id of the patient or the lesion,
    /// such as `lesion_id`. A picture with an empty cell is a group of its own. The default is `lesion_id`, because there
    /// are several pictures of many lesions. With `image_id`, each picture is a group of its own.
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

impl Ham10000Options {
    /// All diagnoses of the data set in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            name: None,
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

    /// Reads the metadata and the annotations, lists the folders, and checks that they agree. Pictures and masks are read
    /// later, one sample at a time.
    ///
    /// # Errors
    /// A file or folder that cannot be read, or all problems found, each with its line.
    pub fn open(&self) -> Result<PictureFiles, DataError> {
        let missing = |what: &str| {
            let kind = ProblemKind::NotFound { what: what.into(), option: "folder".into() };
            DataError::from(Problems(vec![Problem { file: self.folder.clone(), line: None, kind }]))
        };
        local_only(&self.folder, "HAM10000")?;
        let files = names(&self.folder, Wanted::Files)?;
        let metadata = files.iter().find(|name| {
            let name = name.to_lowercase();
            let ending = name.strip_prefix("ham10000_metadata");
            ending.is_some_and(|ending| ["", ".csv", ".tab"].contains(&ending))
        });
        let metadata = self.folder.join(metadata.ok_or_else(|| missing("`HAM10000_metadata.csv`"))?);
        let mut folders = names(&self.folder, Wanted::Folders)?;
        // Kaggle's copy has every folder of pictures twice, under a name in small letters too.
        folders.sort_by_key(|name| name.to_lowercase());
        folders.dedup_by_key(|name| name.to_lowercase());
        let named = |start: &'static str| {
            let matches = move |name: &&String| name.to_lowercase().starts_with(start);
            folders.iter().filter(matches).map(|name| unpacked(&self.folder, name))
        };
        let images: Vec<PathBuf> = named("ham10000_images").collect();
        if images.is_empty() {
            return Err(missing("folder `HAM10000_images_part_1`"));
        }
        let segmentations = named("ham10000_segmentations_lesion_tschandl").next();
        let found = Identified::list(&images, segmentations.as_deref())?;

        let Table { columns, records, mut problems } = Table::read(&metadata)?;
        let mut complain = |line, kind| {
            problems.push(Problem { file: metadata.clone(), line: Some(line), kind });
        };
        let place = |column: &str| columns.iter().position(|other| other == column);
        let (Some(id), Some(dx)) = (place("image_id"), place("dx")) else {
            for column in ["image_id", "dx"].into_iter().filter(|column| place(column).is_none()) {
                complain(1, ProblemKind::NoColumn { column: column.into(), columns: columns.clone() });
            }
            return Err(Problems(problems).into());
        };
        let usual = place(LESION).map(|_| LESION);
        let further =
            Further::find(&columns, (self.group.as_deref().or(usual), None), &["image_id", "dx"], |kind| {
                complain(1, kind);
            });
        let mut pictures = Vec::with_capacity(records.len());
        for (line, record) in &records {
            let cell = |place: usize| record.get(place).unwrap_or_default();
            if cell(id).is_empty() {
                complain(*line, ProblemKind::EmptyCell { column: columns[id].clone() });
            }
            let label = label(&columns[dx], cell(dx), |kind| complain(*line, kind));
            if !cell(id).is_empty()
                && let Some(entry) =
                    found.entry(cell(id), (*line, further.read(record)), |kind| complain(*line, kind))
            {
                pictures.push((entry, label));
            }
        }
        problems.extend(found.unused_masks(&pictures));
        let (name, regions) = (self.name.clone().unwrap_or_else(|| last_part(&self.folder)), found.regions());
        let (columns, known) = (further.names(), DIAGNOSES.map(String::from).to_vec());
        let listed = Listing { name, file: &metadata, pictures, known, regions, columns, problems }.open(
            self.classes.as_ref(),
            self.labels.as_ref(),
            self.coco.as_ref(),
        );
        Ok(listed?.drawn_on(self.drawn_on))
    }
}

/// An archive that is unpacked into a folder of its own name contains a folder of the same name again.
fn unpacked(folder: &Path, name: &str) -> PathBuf {
    let outer = folder.join(name);
    let inner = outer.join(name);
    if inner.is_dir() { inner } else { outer }
}
