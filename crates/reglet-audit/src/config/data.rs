//! The pictures of an audit.

use std::path::Path;

use reglet_data::coco::CocoOptions;
use reglet_data::film::{FilmOptions, Films};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{
    DataError, Dataset, FolderOptions, Ham10000Options, ImageFolderOptions, IsicOptions, ManifestOptions,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The source of the pictures.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataConfig {
    /// Generated pictures with known regions.
    Phantoms(PhantomOptions),
    /// Generated chest films.
    Films(FilmOptions),
    /// Pictures, labels and masks listed in a CSV file.
    Manifest(ManifestOptions),
    /// A folder with one folder for each class.
    Folder(FolderOptions),
    /// Hugging Face's imagefolder.
    #[serde(rename = "imagefolder")]
    ImageFolder(ImageFolderOptions),
    /// An ISIC challenge in its original layout.
    Isic(IsicOptions),
    /// HAM10000 in its original layout.
    Ham10000(Ham10000Options),
}

impl DataConfig {
    pub(crate) fn open(&self, folder: &Path) -> Result<Box<dyn Dataset>, DataError> {
        Ok(match self.clone().relative_to(folder) {
            DataConfig::Phantoms(options) => Box::new(Phantoms::new(options)?),
            DataConfig::Films(options) => Box::new(Films::new(options)?),
            DataConfig::Manifest(options) => Box::new(options.open()?),
            DataConfig::Folder(options) => Box::new(options.open()?),
            DataConfig::ImageFolder(options) => Box::new(options.open()?),
            DataConfig::Isic(options) => Box::new(options.open()?),
            DataConfig::Ham10000(options) => Box::new(options.open()?),
        })
    }

    /// The same pictures with relative paths taken from `folder`.
    pub(super) fn relative_to(self, folder: &Path) -> DataConfig {
        match self {
            DataConfig::Phantoms(options) => DataConfig::Phantoms(options),
            DataConfig::Films(options) => DataConfig::Films(options),
            DataConfig::Manifest(options) => DataConfig::Manifest(options.relative_to(folder)),
            DataConfig::Folder(options) => DataConfig::Folder(options.relative_to(folder)),
            DataConfig::ImageFolder(options) => DataConfig::ImageFolder(options.relative_to(folder)),
            DataConfig::Isic(options) => DataConfig::Isic(options.relative_to(folder)),
            DataConfig::Ham10000(options) => DataConfig::Ham10000(options.relative_to(folder)),
        }
    }

    /// The COCO annotations that the pictures have, to be read or named.
    pub fn coco(&mut self) -> Option<&mut Option<CocoOptions>> {
        match self {
            DataConfig::Phantoms(_) | DataConfig::Films(_) => None,
            DataConfig::Manifest(options) => Some(&mut options.coco),
            DataConfig::Folder(options) => Some(&mut options.coco),
            DataConfig::ImageFolder(options) => Some(&mut options.coco),
            DataConfig::Isic(options) => Some(&mut options.coco),
            DataConfig::Ham10000(options) => Some(&mut options.coco),
        }
    }

    /// The dotted key of the value that is at fault for an error of [`open`](DataConfig::open).
    pub(crate) fn key_of(&self, error: &DataError) -> &'static str {
        let (key, coco_key, coco) = match self {
            DataConfig::Phantoms(_) => return "data.phantoms",
            DataConfig::Films(_) => return "data.films",
            DataConfig::Manifest(options) => {
                ("data.manifest.manifest", "data.manifest.coco.file", options.coco.as_ref())
            }
            DataConfig::Folder(options) => {
                ("data.folder.folder", "data.folder.coco.file", options.coco.as_ref())
            }
            DataConfig::ImageFolder(options) => {
                ("data.imagefolder.folder", "data.imagefolder.coco.file", options.coco.as_ref())
            }
            DataConfig::Isic(options) => ("data.isic.folder", "data.isic.coco.file", options.coco.as_ref()),
            DataConfig::Ham10000(options) => {
                ("data.ham10000.folder", "data.ham10000.coco.file", options.coco.as_ref())
            }
        };
        let file = match error {
            DataError::Unreadable { path, .. } | DataError::Store { path, .. } => Some(path),
            DataError::Problems(problems) => problems.0.first().map(|problem| &problem.file),
            _ => None,
        };
        // The path in the error begins with the folder to which the config's path is relative.
        let of_coco = file.zip(coco).is_some_and(|(file, coco)| file.ends_with(&coco.file));
        if of_coco { coco_key } else { key }
    }
}
