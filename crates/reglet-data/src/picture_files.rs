//! Labelled pictures in files, however they are listed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;
use std::ops::Range;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::annotated::Regions;
use crate::coco::{Coco, CocoOptions};
use crate::directory::pictures_in;
use crate::drawn::Frame;
use crate::files::last_part;
use crate::further::About;
use crate::picture::{self, Address, Decoded, Limits, Picture, PictureError};
use crate::reader::Reader;
use crate::table::is_unknown;
use crate::{AHEAD, DataError, Dataset, DrawnOn, Mask, Problem, ProblemKind, Problems, Sample, SeenFile};

/// A data set whose pictures and masks are files: what [`ManifestOptions`](crate::ManifestOptions) and
/// [`FolderOptions`](crate::FolderOptions) open.
///
/// The samples are in the order in which they are listed, or in folders in the order of their names. A file is read only
/// when its sample is requested.
///
/// What is known about a region in a picture comes from a mask file, from COCO annotations, or from a flag that says whether
/// the picture shows it. A flag of 0 alone gives an empty mask; a flag of 1 alone gives no mask, because the region's
/// position is unknown, and can be read with [`Dataset::flag`].
#[derive(Debug)]
pub struct PictureFiles {
    name: String,
    classes: Vec<String>,
    regions: Vec<String>,
    columns: Vec<String>,
    entries: Vec<Entry>,
    coco: Option<Coco>,
    drawn_on: Option<DrawnOn>,
    limits: Limits,
    reader: Reader,
}

/// Pictures that have their classes.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) classes: Vec<String>,
    /// Those with masks or flags.
    pub(crate) regions: BTreeSet<String>,
    /// The names of the cells that each entry has.
    pub(crate) columns: Vec<String>,
    pub(crate) entries: Vec<Entry>,
}

/// One picture as it is listed.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) picture: PathBuf,
    /// An index into the classes.
    pub(crate) label: usize,
    /// Mask files by region.
    pub(crate) masks: BTreeMap<String, PathBuf>,
    /// By region, whether the picture is said to show it.
    pub(crate) flags: BTreeMap<String, bool>,
    /// The picture's index in the annotations, if it is there.
    pub(crate) annotated: Option<usize>,
    /// What else is known about it.
    pub(crate) about: About,
    /// The line of the manifest.
    pub(crate) line: Option<u64>,
}

impl PictureFiles {
    /// Joins pictures and annotations. `file` is what lists the pictures, and `problems` what has been found
    /// wrong with it already.
    pub(crate) fn new(
        listed: Listed,
        coco: Option<&CocoOptions>,
        file: &Path,
        mut problems: Vec<Problem>,
    ) -> Result<Self, DataError> {
        let Listed { name, classes, mut regions, columns, mut entries } = listed;
        let coco = match coco.map(Coco::open).transpose() {
            Ok(coco) => coco,
            // Problems in the list and in the annotations are reported together.
            Err(DataError::Problems(more)) => {
                problems.extend(more.0);
                None
            }
            Err(other) => return Err(other),
        };
        if entries.is_empty() && problems.is_empty() {
            problems.push(Problem { file: file.into(), line: None, kind: ProblemKind::NoSamples });
        }
        if let Some(coco) = &coco {
            problems.extend(join(&mut entries, coco, file));
            regions.extend(coco.regions().map(String::from));
        }
        Problems::check(problems)?;
        let regions = regions.into_iter().collect();
        let (limits, reader) = (Limits::default(), Reader::default());
        Ok(Self { name, classes, regions, columns, entries, coco, drawn_on: None, limits, reader })
    }

    /// The pictures in a folder, whose class is not known: all are assigned to one class called `unknown`.
    ///
    /// # Errors
    /// Where the folder cannot be read or has no pictures.
    pub fn in_folder(folder: &Path) -> Result<Self, DataError> {
        let entry = |picture: PathBuf| Entry {
            id: last_part(&picture),
            picture,
            label: 0,
            masks: BTreeMap::new(),
            flags: BTreeMap::new(),
            annotated: None,
            about: About::default(),
            line: None,
        };
        let listed = Listed {
            name: last_part(folder),
            classes: vec!["unknown".to_owned()],
            regions: BTreeSet::new(),
            columns: Vec::new(),
            entries: pictures_in(folder)?.into_iter().map(entry).collect(),
        };
        Self::new(listed, None, folder, Vec::new())
    }

    /// The same data set with other limits on the size of its pictures.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The same data set whose regions were drawn on pictures that lay so.
    pub(crate) fn drawn_on(self, drawn_on: Option<DrawnOn>) -> Self {
        Self { drawn_on, ..self }
    }

    /// The file that holds the sample's picture, or `None` if there is no such sample.
    pub fn path(&self, index: usize) -> Option<&Path> {
        self.entries.get(index).map(|entry| entry.picture.as_path())
    }

    fn entry(&self, index: usize) -> Result<&Entry, DataError> {
        let (name, len) = (|| self.name.clone(), self.entries.len());
        self.entries.get(index).ok_or_else(|| DataError::Index { name: name(), index, len })
    }

    /// What tables say besides classes and regions, if they do.
    fn hash_columns(&self, entries: &[Entry], hash: &mut Fingerprint) {
        let about = || entries.iter().map(|entry| &entry.about);
        if self.columns.is_empty() && about().all(|about| about.group.is_none() && about.pair.is_none()) {
            return;
        }
        hash.text("columns");
        hash.list(&self.columns);
        for about in about() {
            for said in [&about.group, &about.pair] {
                hash.number(u64::from(said.is_some()));
                hash.text(said.as_deref().unwrap_or_default());
            }
            about.cells.iter().for_each(|cell| hash.text(cell));
        }
    }
}

impl Dataset for PictureFiles {
    fn name(&self) -> &str {
        &self.name
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn regions(&self) -> &[String] {
        &self.regions
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn id(&self, index: usize) -> &str {
        &self.entries[index].id
    }

    fn label(&self, index: usize) -> usize {
        self.entries[index].label
    }

    fn flag(&self, index: usize, region: &str) -> Option<bool> {
        let entry = &self.entries[index];
        let annotated = || self.coco.as_ref()?.shows(entry.annotated?, region);
        entry.flags.get(region).copied().or_else(annotated)
    }

    fn is_silent(&self, index: usize, region: &str) -> bool {
        let entry = &self.entries[index];
        let drawn = || self.coco.as_ref()?.shows(entry.annotated?, region);
        !entry.masks.contains_key(region) && !entry.flags.contains_key(region) && drawn() == Some(false)
    }

    fn is_drawn(&self, index: usize, region: &str) -> bool {
        let entry = &self.entries[index];
        let drawn = || self.coco.as_ref()?.shows(entry.annotated?, region);
        entry.masks.contains_key(region) || drawn() == Some(true)
    }

    fn group(&self, index: usize) -> Option<&str> {
        self.entries[index].about.group.as_deref()
    }

    fn pair(&self, index: usize) -> Option<&str> {
        self.entries[index].about.pair.as_deref()
    }

    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn cell(&self, index: usize, column: &str) -> Option<&str> {
        let place = self.columns.iter().position(|name| name == column)?;
        self.entries[index].about.cells.get(place).filter(|cell| !is_unknown(cell))
    }

    fn picture(&self, index: usize) -> Result<Picture, DataError> {
        Ok(self.decode(&self.entry(index)?.picture)?.pixels)
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        let entry = self.entry(index)?;
        let decoded = self.decode(&entry.picture)?;
        let (width, height) = decoded.pixels.dimensions();
        let (frame, id) = (Frame::of(&decoded), entry.id.as_str());
        let (reader, limits) = (&self.reader, &self.limits);
        let drawn = Regions { id, frame, drawn_on: self.drawn_on, reader, limits };
        let (mut regions, mut mask_sha256) = (BTreeMap::new(), BTreeMap::new());
        for (region, file) in &entry.masks {
            let (mask, hash) = drawn.mask(region, file)?;
            mask_sha256.insert(region.clone(), hash);
            regions.insert(region.clone(), mask);
        }
        if let Some((coco, image)) = self.coco.as_ref().zip(entry.annotated) {
            for (region, mask) in drawn.annotated(coco, image)? {
                // A mask in a file of its own says more than annotations that draw nothing.
                if !mask.is_empty() || !regions.contains_key(&region) {
                    regions.insert(region, mask);
                }
            }
        }
        for (region, &flag) in &entry.flags {
            match regions.get(region) {
                Some(mask) if mask.is_empty() == flag => {
                    let (id, region) = (entry.id.clone(), region.clone());
                    return Err(DataError::Contradiction { id, region, flag });
                }
                None if !flag => {
                    regions.insert(region.clone(), Mask::empty(width, height)?);
                }
                _ => {}
            }
        }
        Ok(Sample {
            id: entry.id.clone(),
            picture: decoded.pixels,
            label: entry.label,
            sha256: decoded.sha256,
            mask_sha256,
            regions,
            estimated: BTreeSet::new(),
        })
    }

    fn read_ahead(&self, indices: &[usize], masks: bool) {
        let entries = indices.iter().take(AHEAD).filter_map(|&index| self.entries.get(index));
        let files = entries.flat_map(|entry| {
            let masks = entry.masks.values().filter(|_| masks);
            iter::once(Address::of(&entry.picture).file).chain(masks.map(PathBuf::as_path))
        });
        self.reader.read_ahead(files, self.limits.bytes);
    }

    fn seen(&self) -> Vec<SeenFile> {
        self.reader.seen()
    }

    fn recall(&self, seen: &[SeenFile]) {
        self.reader.recall(seen);
    }

    fn fingerprint(&self) -> Result<String, DataError> {
        self.hash(&self.entries)
    }

    fn fingerprint_of(&self, indices: Range<usize>) -> Result<String, DataError> {
        let (len, name) = (self.entries.len(), || self.name.clone());
        let index = indices.end.max(indices.start);
        let entries =
            self.entries.get(indices).ok_or_else(|| DataError::Index { name: name(), index, len })?;
        self.hash(entries)
    }
}

impl PictureFiles {
    fn decode(&self, path: &Path) -> Result<Decoded, PictureError> {
        picture::read_by(|path, limit| self.reader.read(path, limit), path, &self.limits)
    }

    /// A hash of everything from which some samples are read.
    fn hash(&self, entries: &[Entry]) -> Result<String, DataError> {
        let mut hash = Fingerprint(Sha256::new());
        hash.list(&self.classes);
        hash.list(&self.regions);
        for entries in entries.chunks(HASHED_AT_ONCE) {
            let files = entries.iter().flat_map(|Entry { picture, masks, .. }| {
                iter::once(Address::of(picture).file).chain(masks.values().map(PathBuf::as_path))
            });
            let files: Vec<&Path> = files.collect();
            // A file is represented by its own hash, whose length does not depend on the file's.
            let mut contents = self.reader.hashes(&files)?.into_iter();
            let mut next = |hash: &mut Fingerprint| hash.0.update(contents.next().unwrap_or_default());
            for entry in entries {
                hash.text(&entry.id);
                hash.number(entry.label as u64);
                next(&mut hash);
                hash.number(entry.masks.len() as u64);
                for region in entry.masks.keys() {
                    hash.text(region);
                    next(&mut hash);
                }
                hash.number(entry.flags.len() as u64);
                for (region, &flag) in &entry.flags {
                    hash.text(region);
                    hash.number(u64::from(flag));
                }
                hash.number(entry.annotated.map_or(u64::MAX, |image| image as u64));
            }
        }
        if let Some(coco) = &self.coco {
            hash.0.update(coco.sha256());
            for (category, region) in coco.chosen().into_iter().flatten() {
                hash.text(category);
                hash.text(region);
            }
        }
        if let Some(drawn_on) = self.drawn_on {
            hash.text(&format!("{drawn_on:?}"));
        }
        self.hash_columns(entries, &mut hash);
        Ok(HEXLOWER.encode(&hash.0.finalize()))
    }
}

/// The number of pictures whose files are hashed together, so that several are requested from a store at a time.
const HASHED_AT_ONCE: usize = 64;

/// A hash of a sequence of parts, each with its length, so that no two sequences run into the same bytes.
struct Fingerprint(Sha256);

impl Fingerprint {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn list(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        for text in texts {
            self.text(text);
        }
    }
}

/// Finds each picture's annotations by its file name, and says what is wrong with the two together.
///
/// An annotated file name belongs to a picture where one of the two paths ends with the other: `a.jpg` and
/// `images/a.jpg` are the same picture, `train/a.jpg` and `test/a.jpg` are not.
fn join(entries: &mut [Entry], coco: &Coco, file: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut complain = |kind| problems.push(Problem { file: coco.file().into(), line: None, kind });
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        by_name.entry(parts(&entry.id).next().unwrap_or_default().into()).or_default().push(index);
    }

    let mut joined = false;
    for (image, file_name) in coco.file_names().enumerate() {
        let same_name = parts(file_name).next().and_then(|name| by_name.get(name));
        let mut fitting: Vec<usize> = same_name.into_iter().flatten().copied().collect();
        fitting.retain(|&index| parts(&entries[index].id).zip(parts(file_name)).all(|(a, b)| a == b));
        match fitting.as_slice() {
            [] => {}
            &[index] => {
                joined = true;
                let entry = &mut entries[index];
                if let Some(first) = entry.annotated.replace(image) {
                    let (id, first) = (entry.id.clone(), format!("image {first}"));
                    complain(ProblemKind::DuplicateId { id, first });
                }
            }
            several => {
                joined = true;
                let pictures = several.iter().map(|&index| entries[index].id.clone()).collect();
                complain(ProblemKind::Ambiguous { file_name: file_name.into(), pictures });
            }
        }
    }
    if let (false, Some(entry)) = (joined, entries.first()) {
        let named = coco.file_names().next().unwrap_or("nothing").to_owned();
        complain(ProblemKind::NoCommonPicture { named, wanted: entry.id.clone() });
    }

    let masked: BTreeSet<&String> = entries.iter().flat_map(|entry| entry.masks.keys()).collect();
    for region in coco.regions().filter(|&region| masked.iter().any(|masked| *masked == region)) {
        complain(ProblemKind::TwoSources { region: region.into() });
    }
    for entry in &*entries {
        for (region, &flag) in &entry.flags {
            if entry.annotated.and_then(|image| coco.shows(image, region)) == Some(!flag) {
                let (id, region) = (entry.id.clone(), region.clone());
                let kind = ProblemKind::Contradiction { id, region, flag, annotations: coco.file().into() };
                problems.push(Problem { file: file.into(), line: entry.line, kind });
            }
        }
    }
    problems
}

/// The parts of a path as somebody wrote it, the last one first.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.rsplit(['/', '\\']).filter(|part| !part.is_empty() && *part != ".")
}
