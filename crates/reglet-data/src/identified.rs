//! Pictures and lesion masks that a table names by an id.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::directory::by_id;
use crate::files::last_part;
use crate::further::About;
use crate::names::without_extension;
use crate::picture_files::Entry;
use crate::{DataError, Problem, ProblemKind};

/// The region that the masks are of.
const REGION: &str = "lesion";

/// What follows the id in the name of a lesion's mask; the ISIC challenge of 2016 writes it with a capital.
const SUFFIX: &str = "_segmentation";

/// The files of a data set whose table gives each picture's name without its extension: `ISIC_0000000` is
/// `ISIC_0000000.jpg` in one of the folders of pictures, and `ISIC_0000000_segmentation.png` in that of masks.
pub(crate) struct Identified<'a> {
    images: &'a [PathBuf],
    segmentations: Option<&'a Path>,
    pictures: HashMap<String, Vec<PathBuf>>,
    masks: HashMap<String, Vec<PathBuf>>,
}

impl<'a> Identified<'a> {
    /// Lists the folders.
    ///
    /// # Errors
    /// Where one cannot be read.
    pub(crate) fn list(images: &'a [PathBuf], segmentations: Option<&'a Path>) -> Result<Self, DataError> {
        let masks = segmentations.map(|folder| by_id(&[folder.to_owned()], SUFFIX)).transpose()?;
        Ok(Self { images, segmentations, pictures: by_id(images, "")?, masks: masks.unwrap_or_default() })
    }

    /// The picture with this id, without its class so far, and with its lesion's mask if there is one; `about` is what the
    /// table says about it in the given line.
    pub(crate) fn entry(
        &self,
        id: &str,
        (line, about): (u64, About),
        mut complain: impl FnMut(ProblemKind),
    ) -> Option<Entry> {
        // Pictures are named without their ending; some copies of the tables have it.
        let id = without_extension(id);
        let mut only = |files: &[PathBuf]| {
            if files.len() > 1 {
                let files = files.iter().map(|file| file.display().to_string()).collect();
                complain(ProblemKind::SeveralFiles { id: id.to_owned(), files });
            }
            files.first().cloned()
        };
        let mask = self.masks.get(id).and_then(|files| only(files));
        let Some(picture) = self.pictures.get(id).and_then(|files| only(files)) else {
            let folders = self.images.iter().map(|folder| folder.display().to_string()).collect();
            complain(ProblemKind::NoPicture { id: id.to_owned(), folders });
            return None;
        };
        Some(Entry {
            id: last_part(&picture),
            picture,
            label: 0,
            masks: mask.map(|mask| (REGION.to_owned(), mask)).into_iter().collect(),
            flags: BTreeMap::new(),
            annotated: None,
            about,
            line: Some(line),
        })
    }

    /// The regions that have masks.
    pub(crate) fn regions(&self) -> BTreeSet<String> {
        self.segmentations.iter().map(|_| REGION.to_owned()).collect()
    }

    /// That there is a folder of masks, but no picture has one.
    pub(crate) fn unused_masks(&self, pictures: &[(Entry, String)]) -> Option<Problem> {
        let folder = self.segmentations?;
        let unused = !pictures.is_empty() && pictures.iter().all(|(entry, _)| entry.masks.is_empty());
        let (region, named) = (REGION.to_owned(), format!("<id>{SUFFIX}.png"));
        unused.then(|| Problem {
            file: folder.to_owned(),
            line: None,
            kind: ProblemKind::NoMaskMatches { region, named },
        })
    }
}
