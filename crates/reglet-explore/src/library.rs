//! The pictures of a folder or a config, with the regions that were drawn on them in the page.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use reglet_data::edit::{Change, EditOptions, Editor, Placement, Source};
use reglet_data::{DataError, Dataset, FolderOptions, PictureFiles, Sample, pictures_in};

use crate::Error;
use crate::annotated::Annotated;
use crate::annotations::{Annotations, Region};

/// The number of decoded pictures in the cache.
const RECENT: usize = 4;

/// The pictures of a folder or a data set, with the known information on them.
pub struct Library {
    data: Arc<dyn Dataset>,
    editor: Editor,
    artefact: String,
    lesion: String,
    labelled: bool,
    annotations: Option<Mutex<Annotations>>,
    recent: Mutex<Vec<(usize, Arc<Sample>)>>,
}

impl Library {
    /// The pictures of an open data set, whose artefact `editor` changes. Regions drawn in the page are saved in `folder`.
    ///
    /// # Errors
    /// Annotations that were saved there by an earlier session and cannot be read.
    pub fn new(
        data: Box<dyn Dataset>,
        editor: Editor,
        artefact: &str,
        lesion: &str,
        folder: Option<PathBuf>,
    ) -> Result<Library, Error> {
        let regions = [artefact.to_owned(), lesion.to_owned()];
        let annotations =
            folder.map(|folder| Annotations::open(&folder, &regions)).transpose()?.map(Mutex::new);
        Ok(Library {
            labelled: data.classes().len() > 1,
            data: Arc::from(data),
            editor,
            artefact: artefact.to_owned(),
            lesion: lesion.to_owned(),
            annotations,
            recent: Mutex::default(),
        })
    }

    /// The pictures in a folder, about which nothing is known except their classes if the folder has a subfolder for each
    /// class.
    ///
    /// # Errors
    /// A folder that cannot be read or has no pictures.
    pub fn folder(folder: &Path) -> Result<Library, Error> {
        let data: Box<dyn Dataset> = match pictures_in(folder)?.is_empty() {
            true => Box::new(FolderOptions::new(folder).open()?),
            false => Box::new(PictureFiles::in_folder(folder)?),
        };
        let options = EditOptions { insert: Some(Source::Drawn), ..EditOptions::default() };
        let editor = Editor::new(data.as_ref(), &options, "ruler", "lesion", 0)?;
        Library::new(data, editor, "ruler", "lesion", Some(folder.to_owned()))
    }

    /// The data set.
    pub fn data(&self) -> &dyn Dataset {
        self.data.as_ref()
    }

    /// What changes its pictures.
    pub fn editor(&self) -> &Editor {
        &self.editor
    }

    /// The regions that can be drawn: the artefact and the lesion.
    pub fn regions(&self) -> [&str; 2] {
        [&self.artefact, &self.lesion]
    }

    /// Whether regions can be drawn at all.
    pub fn is_annotatable(&self) -> bool {
        self.annotations.is_some()
    }

    /// The class of a picture, if the data contain it.
    pub fn label(&self, index: usize) -> Option<&str> {
        let known = self.labelled && index < self.data.len();
        known.then(|| self.data.classes().get(self.data.label(index)).map(String::as_str)).flatten()
    }

    /// A picture with its regions: those of the data, and those drawn in the page in their place.
    ///
    /// # Errors
    /// Where there is no such picture or it cannot be read.
    pub fn sample(&self, index: usize) -> Result<Arc<Sample>, Error> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = recent.iter().position(|(known, _)| *known == index) {
            let found = recent.remove(place);
            recent.insert(0, found.clone());
            return Ok(found.1);
        }
        drop(recent);
        let mut sample = self.data.sample(index)?;
        if let Some(annotations) = &self.annotations {
            let annotations = annotations.lock().unwrap_or_else(PoisonError::into_inner);
            annotations.lay_over(&mut sample)?;
        }
        let sample = Arc::new(sample);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.insert(0, (index, Arc::clone(&sample)));
        recent.truncate(RECENT);
        Ok(sample)
    }

    /// Where the artefact could be put into a picture that does not show it.
    ///
    /// # Errors
    /// As [`Library::sample`].
    pub fn placements(&self, index: usize) -> Result<Vec<Placement>, Error> {
        let sample = self.sample(index)?;
        let scene = self.editor.scene(self.data.as_ref(), index, &sample);
        let places = 0..self.editor.places(Change::Insert);
        let found: Result<Vec<_>, DataError> =
            places.map(|place| scene.place(Change::Insert, place)).collect();
        Ok(found?.into_iter().flatten().collect())
    }

    /// The regions drawn on a picture in the page; `None` if it has not been reviewed.
    pub fn drawn(&self, index: usize) -> Option<Vec<Region>> {
        let annotations = self.annotations.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        annotations.of(self.id(index)?)
    }

    /// The number of pictures that have been reviewed and saved, and the file.
    pub fn progress(&self) -> Option<(usize, String)> {
        let annotations = self.annotations.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        Some((annotations.len(), annotations.file_name()))
    }

    /// Saves the regions of a picture immediately.
    ///
    /// # Errors
    /// Polygons that cannot belong to this picture; a file that cannot be written. What was saved before is then as it was.
    pub fn annotate(&self, index: usize, regions: Vec<Region>) -> Result<(usize, String), Error> {
        let sample = self.sample(index)?;
        let none = || Error::request("generated pictures cannot be annotated");
        let annotations = self.annotations.as_ref().ok_or_else(none)?;
        let mut annotations = annotations.lock().unwrap_or_else(PoisonError::into_inner);
        annotations.save(&sample.id, sample.picture.dimensions(), regions)?;
        let said = (annotations.len(), annotations.file_name());
        drop(annotations);
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| *known != index);
        Ok(said)
    }

    /// The reviewed pictures, or all pictures, with the current regions, and the file that contains them, if any.
    ///
    /// # Errors
    /// Where none has been looked at, and only those are wanted.
    pub(crate) fn annotated(&self, all: bool) -> Result<(Annotated, Option<PathBuf>), Error> {
        let none =
            || Error::request("no picture has been annotated yet; annotate some, or audit all pictures");
        let annotations = self.annotations.as_ref().ok_or_else(none)?;
        let annotations = annotations.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let annotated = Annotated::new(Arc::clone(&self.data), annotations.clone(), all);
        if annotated.is_empty() {
            return Err(none());
        }
        let written = (!annotations.is_empty()).then(|| annotations.written().to_owned());
        Ok((annotated, written))
    }

    fn id(&self, index: usize) -> Option<&str> {
        (index < self.data.len()).then(|| self.data.id(index))
    }
}

/// A data set without pictures: what an editor is given for pictures that belong to none.
pub(crate) struct Lone;

impl Dataset for Lone {
    fn name(&self) -> &str {
        "dropped pictures"
    }

    fn classes(&self) -> &[String] {
        &[]
    }

    fn regions(&self) -> &[String] {
        &[]
    }

    fn len(&self) -> usize {
        0
    }

    fn id(&self, _index: usize) -> &str {
        ""
    }

    fn label(&self, _index: usize) -> usize {
        0
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        Err(DataError::Index { name: self.name().to_owned(), index, len: 0 })
    }

    fn fingerprint(&self) -> Result<String, DataError> {
        Ok(String::new())
    }
}
