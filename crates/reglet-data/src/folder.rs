//! Data sets with one folder for each class.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coco::CocoOptions;
use crate::directory::{Wanted, names, pictures_in};
use crate::files::{is_folder, last_part};
use crate::further::About;
use crate::listing::Listing;
use crate::names::without_extension;
use crate::picture::Address;
use crate::picture_files::{Entry, PictureFiles};
use crate::remote::join;
use crate::{DataError, DrawnOn, Problem, ProblemKind};

/// A data set in a folder that contains one folder for each class, with the pictures of that class. Files are pictures
/// according to their extension (`png`, `jpg`, `jpeg`, `bmp`, `tif`, `tiff`, `webp`, `dcm`) or, for DICOM files, their
/// content; other files, and files that begin with a dot, are ignored. Each frame of a DICOM file is a picture.
///
/// ```toml
/// folder = "lesions"                          # lesions/melanoma/17.jpg …
/// masks = { ruler = "lesions-rulers" }        # lesions-rulers/melanoma/17.png …
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderOptions {
    /// The folder with the class folders: a path, or an address in an object store.
    pub folder: PathBuf,
    /// The name of the data set in reports; by default, the name of its folder.
    #[serde(default)]
    pub name: Option<String>,
    /// The names of the classes, in the order of the model's outputs; by default all, sorted. Only their folders are read,
    /// unless `labels` maps folders to classes.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// The class of each folder, where `"*"` stands for all other folders: `{ mel = "melanoma", "*" = "benign" }`. By
    /// default, each folder is a class.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// Regions, and a folder with the masks of each region: white inside, black outside, in class folders with the same
    /// names. Each mask has the name of its picture, possibly with another extension; the mask of a DICOM file applies to
    /// all its frames. If a picture has no mask, the region is not annotated.
    #[serde(default)]
    pub masks: BTreeMap<String, PathBuf>,
    /// Whether masks and annotations were drawn on the pictures as stored in their files, `"stored"`, or rotated according
    /// to their EXIF data or TIFF tags, `"upright"`. Needed only if there are such pictures and their sizes do not decide
    /// it.
    #[serde(default)]
    pub drawn_on: Option<DrawnOn>,
    /// Further regions from COCO annotations, matched by file name.
    #[serde(default)]
    pub coco: Option<CocoOptions>,
}

impl FolderOptions {
    /// All classes of this folder, without masks.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            name: None,
            classes: None,
            labels: None,
            masks: BTreeMap::new(),
            drawn_on: None,
            coco: None,
        }
    }

    /// The same data set, with relative paths resolved against the folder `base`.
    pub fn relative_to(mut self, base: &Path) -> Self {
        self.folder = join(base, self.folder);
        self.masks.values_mut().for_each(|folder| *folder = join(base, &folder));
        self.coco = self.coco.map(|coco| coco.relative_to(base));
        self
    }

    /// Lists the folders, reads the annotations, and checks that they agree. Pictures and masks are read later, one sample
    /// at a time.
    ///
    /// # Errors
    /// A folder that cannot be read, or all problems found.
    pub fn open(&self) -> Result<PictureFiles, DataError> {
        let mut problems = Vec::new();
        let mut complain = |file: &Path, kind| {
            problems.push(Problem { file: file.into(), line: None, kind });
        };
        let folders = match (&self.classes, &self.labels) {
            (Some(classes), None) => classes.clone(),
            _ => names(&self.folder, Wanted::Folders)?,
        };
        let mut pictures = Vec::new();
        for (index, label) in folders.iter().enumerate() {
            let folder = join(&self.folder, label);
            if folders[..index].contains(label) {
                continue;
            }
            if !is_folder(&folder) {
                complain(&folder, ProblemKind::NoFolder);
                continue;
            }
            let files: Vec<String> = pictures_in(&folder)?.iter().map(|path| last_part(path)).collect();
            if files.is_empty() {
                complain(&folder, ProblemKind::NoSamples);
            }
            let masks = self.masks_of(label, &mut complain)?;
            for file in files {
                let picture = join(&folder, &file);
                // Without the number of a frame.
                let name = last_part(Address::of(&picture).file);
                let masks = masks.iter().filter_map(|(&region, by_name)| {
                    Some((region.clone(), by_name.get(without_extension(&name))?.clone()))
                });
                let entry = Entry {
                    id: format!("{label}/{file}"),
                    picture,
                    label: 0,
                    masks: masks.collect(),
                    flags: BTreeMap::new(),
                    annotated: None,
                    about: About::default(),
                    line: None,
                };
                pictures.push((entry, label.clone()));
            }
        }
        for (region, folder) in &self.masks {
            if !is_folder(folder) {
                complain(folder, ProblemKind::NoFolder);
            } else if !pictures.iter().any(|(entry, _)| entry.masks.contains_key(region)) {
                let named = "<class>/<picture>.png".to_owned();
                complain(folder, ProblemKind::NoMaskMatches { region: region.clone(), named });
            }
        }
        let name = self.name.clone().unwrap_or_else(|| last_part(&self.folder));
        let regions: BTreeSet<String> = self.masks.keys().cloned().collect();
        let listed = Listing {
            name,
            file: &self.folder,
            pictures,
            known: folders,
            regions,
            columns: Vec::new(),
            problems,
        }
        .open(self.classes.as_ref(), self.labels.as_ref(), self.coco.as_ref());
        Ok(listed?.drawn_on(self.drawn_on))
    }

    /// For each region, the masks of one class by their names without extension.
    fn masks_of(
        &self,
        class: &str,
        mut complain: impl FnMut(&Path, ProblemKind),
    ) -> Result<BTreeMap<&String, HashMap<String, PathBuf>>, DataError> {
        let mut masks = BTreeMap::new();
        for (region, folder) in &self.masks {
            let folder = join(folder, class);
            if !is_folder(&folder) {
                continue;
            }
            let by_name: &mut HashMap<_, _> = masks.entry(region).or_default();
            for name in names(&folder, Wanted::Pictures)? {
                let of = without_extension(&name);
                if let Some(other) = by_name.insert(of.to_owned(), join(&folder, &name)) {
                    let other = last_part(&other);
                    let text = format!("`{other}` and `{name}` are both the mask of `{of}`: remove one");
                    complain(&folder, ProblemKind::Malformed(text));
                }
            }
        }
        Ok(masks)
    }
}
