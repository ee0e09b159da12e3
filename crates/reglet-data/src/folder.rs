//! Data sets that are folders of class folders.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::{fs, io};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coco::CocoOptions;
use crate::picture_files::{Entry, PictureFiles};
use crate::{DataError, Problem, ProblemKind};

/// A data set in a folder that has a folder for each class, with the pictures of that class in it. What is
/// not a picture by its name (`png`, `jpg`, `jpeg`, `bmp`, `tif`, `tiff`, `webp`) is left aside, and so is
/// what begins with a dot.
///
/// ```toml
/// folder = "lesions"                          # lesions/melanoma/17.jpg …
/// masks = { ruler = "lesions-rulers" }        # lesions-rulers/melanoma/17.png …
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderOptions {
    /// The folder with the class folders.
    pub folder: PathBuf,
    /// What the data set is called in reports; where this is left out, as its folder.
    #[serde(default)]
    pub name: Option<String>,
    /// The class folders to use, in the order of the model's outputs; where this is left out, all, sorted.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// Regions, and a folder with masks of each: white inside, black outside, in class folders of the same
    /// names, each mask with its picture's name but perhaps another extension. Where a picture has no mask,
    /// nobody has annotated the region.
    #[serde(default)]
    pub masks: BTreeMap<String, PathBuf>,
    /// Further regions from COCO annotations, joined by file name.
    #[serde(default)]
    pub coco: Option<CocoOptions>,
}

impl FolderOptions {
    /// All classes of this folder, without masks.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), name: None, classes: None, masks: BTreeMap::new(), coco: None }
    }

    /// The same data set with relative paths taken from the folder `base`.
    pub fn relative_to(mut self, base: &Path) -> Self {
        self.folder = base.join(self.folder);
        self.masks.values_mut().for_each(|folder| *folder = base.join(&folder));
        self.coco = self.coco.map(|coco| CocoOptions { file: base.join(&coco.file), ..coco });
        self
    }

    /// Lists the folders, reads the annotations, and checks that they agree. Pictures and masks are read
    /// later, sample by sample.
    ///
    /// # Errors
    /// Where a folder cannot be read, or with every problem found.
    pub fn open(&self) -> Result<PictureFiles, DataError> {
        let mut problems = Vec::new();
        let mut complain = |file: &Path, kind| {
            problems.push(Problem { file: file.into(), line: None, kind });
        };
        let classes = match &self.classes {
            Some(classes) => classes.clone(),
            None => names(&self.folder, Path::is_dir)?,
        };
        let mut entries = Vec::new();
        for (label, class) in classes.iter().enumerate() {
            let folder = self.folder.join(class);
            if classes[..label].contains(class) {
                complain(&self.folder, ProblemKind::DuplicateClass { class: class.clone() });
                continue;
            }
            if !folder.is_dir() {
                complain(&folder, ProblemKind::NoFolder);
                continue;
            }
            let pictures = names(&folder, is_picture)?;
            if pictures.is_empty() {
                complain(&folder, ProblemKind::NoSamples);
            }
            let masks = self.masks_of(class)?;
            for name in pictures {
                let masks = masks.iter().filter_map(|(&region, by_stem)| {
                    Some((region.clone(), by_stem.get(stem(&name))?.clone()))
                });
                entries.push(Entry {
                    id: format!("{class}/{name}"),
                    picture: folder.join(&name),
                    label,
                    masks: masks.collect(),
                    flags: BTreeMap::new(),
                    annotated: None,
                    line: None,
                });
            }
        }
        for (region, folder) in &self.masks {
            if !folder.is_dir() {
                complain(folder, ProblemKind::NoFolder);
            } else if !entries.iter().any(|entry| entry.masks.contains_key(region)) {
                complain(folder, ProblemKind::NoMaskMatches { region: region.clone() });
            }
        }
        let folder_name = || self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = self.name.clone().unwrap_or_else(folder_name);
        let regions: BTreeSet<String> = self.masks.keys().cloned().collect();
        PictureFiles::new(name, classes, regions, entries, self.coco.as_ref(), &self.folder, problems)
    }

    /// For each region, the masks of one class by their names without extension.
    fn masks_of(&self, class: &str) -> Result<BTreeMap<&String, HashMap<String, PathBuf>>, DataError> {
        let mut masks = BTreeMap::new();
        for (region, folder) in &self.masks {
            let folder = folder.join(class);
            if folder.is_dir() {
                let files = names(&folder, is_picture)?.into_iter();
                masks
                    .insert(region, files.map(|name| (stem(&name).to_owned(), folder.join(&name))).collect());
            }
        }
        Ok(masks)
    }
}

/// The names in a folder for which `wanted` is true, without hidden ones, sorted.
fn names(folder: &Path, wanted: fn(&Path) -> bool) -> Result<Vec<String>, DataError> {
    let list = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().into_string().map_err(|name| {
                io::Error::other(format!("the name of {} is not UTF-8 text", Path::new(&name).display()))
            })?;
            if !name.starts_with('.') && wanted(&entry.path()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    };
    list().map_err(|source| DataError::Unreadable { path: folder.into(), source })
}

fn is_picture(path: &Path) -> bool {
    const EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp"];
    let extension = path.extension().unwrap_or_default();
    EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)) && path.is_file()
}

/// A file's name without its extension.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
