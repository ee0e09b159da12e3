//! From listed pictures with labels to a data set of classes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

use crate::coco::CocoOptions;
use crate::picture::{Address, DicomFault, heads};
use crate::picture_files::{Entry, Listed, PictureFiles};
use crate::{DataError, Problem, ProblemKind};

/// The name that stands for all other labels when labels are mapped to classes.
const OTHERS: &str = "*";

/// Pictures and their labels as files list them, before the labels become classes.
pub(crate) struct Listing<'a> {
    /// What the data set is called in reports.
    pub(crate) name: String,
    /// The file that lists the pictures.
    pub(crate) file: &'a Path,
    /// Each picture, without its class so far, and its label; for an empty label a problem has been reported.
    pub(crate) pictures: Vec<(Entry, String)>,
    /// The labels that there are whether or not a picture has them, in their usual order.
    pub(crate) known: Vec<String>,
    /// The regions with masks or flags.
    pub(crate) regions: BTreeSet<String>,
    /// The names of the further columns.
    pub(crate) columns: Vec<String>,
    /// What has been found wrong already.
    pub(crate) problems: Vec<Problem>,
}

impl Listing<'_> {
    /// Assigns a class to every picture. `labels` maps labels to classes; without it, a label is the class of that name.
    /// `classes` gives the order of the classes; without it, they are those that `labels` names, else the known labels, else
    /// those that occur, sorted.
    ///
    /// # Errors
    /// All problems found, with their lines if there are any.
    pub(crate) fn open(
        self,
        classes: Option<&Vec<String>>,
        labels: Option<&BTreeMap<String, String>>,
        coco: Option<&CocoOptions>,
    ) -> Result<PictureFiles, DataError> {
        let Listing { name, file, pictures, known, regions, columns, mut problems } = self;
        let mut complain = |line, kind| problems.push(Problem { file: file.into(), line, kind });
        let (mut entries, labelled): (Vec<Entry>, Vec<String>) = pictures.into_iter().unzip();

        // If no other group is given, DICOM files themselves say which of them are of one patient.
        let is_told = entries.iter().any(|entry| entry.about.group.is_some());
        let paths: Vec<&Path> = entries.iter().map(|entry| entry.picture.as_path()).collect();
        let heads = heads(&paths);
        for (entry, head) in entries.iter_mut().zip(heads) {
            match head {
                Ok(Some((frames, group))) => {
                    if frames > 1 && Address::of(&entry.picture).frame.is_none() {
                        let fault = DicomFault::SeveralFrames { frames };
                        let text = format!("the picture `{}` {fault}", entry.id);
                        complain(entry.line, ProblemKind::Malformed(text));
                    }
                    if !is_told {
                        entry.about.group = group;
                    }
                }
                Ok(None) => {}
                Err(fault) => complain(entry.line, ProblemKind::Malformed(fault.to_string())),
            }
        }

        let mut lines: HashMap<(PathBuf, u32), u64> = HashMap::new();
        for entry in &entries {
            let Some(line) = entry.line else { continue };
            let first = *lines.entry(place(&entry.picture)).or_insert(line);
            if first != line {
                let kind = ProblemKind::DuplicateId { id: entry.id.clone(), first: format!("line {first}") };
                complain(Some(line), kind);
            }
        }

        let occurring: BTreeSet<&String> = labelled.iter().filter(|label| !label.is_empty()).collect();
        for label in labels.into_iter().flat_map(BTreeMap::keys) {
            // A label that is misspelt would send its pictures to the others without a word.
            if label != OTHERS && !known.contains(label) && !occurring.contains(label) {
                let mut labels = known.clone();
                labels.extend(occurring.iter().filter(|&&label| !known.contains(label)).copied().cloned());
                complain(None, ProblemKind::NoSuchLabel { label: label.clone(), labels });
            }
        }
        let named = || -> Vec<String> {
            match labels {
                Some(labels) => labels.values().collect::<BTreeSet<_>>().into_iter().cloned().collect(),
                None if !known.is_empty() => known.clone(),
                None => occurring.iter().copied().cloned().collect(),
            }
        };
        let classes = classes.cloned().unwrap_or_else(named);
        for (index, class) in classes.iter().enumerate() {
            if classes[..index].contains(class) {
                complain(None, ProblemKind::DuplicateClass { class: class.clone() });
            }
        }
        let is_known = |label: &String| known.is_empty() || known.contains(label);
        for (entry, label) in entries.iter_mut().zip(&labelled) {
            let class = match labels {
                // The others are the other known labels, and not one that is written otherwise, such as `MEL`.
                Some(labels) => labels.get(label).or_else(|| labels.get(OTHERS).filter(|_| is_known(label))),
                None => Some(label),
            };
            match class.and_then(|class| classes.iter().position(|other| other == class)) {
                Some(index) => entry.label = index,
                // That nothing is there has been said already.
                None if label.is_empty() => {}
                None => {
                    let (label, classes) = (class.unwrap_or(label).clone(), classes.clone());
                    let kind = match class {
                        Some(_) => ProblemKind::UnknownLabel { label, classes },
                        None if !is_known(&label) => {
                            ProblemKind::UnknownLabel { label, classes: known.clone() }
                        }
                        None => ProblemKind::UnmappedLabel { label },
                    };
                    complain(entry.line, kind);
                }
            }
        }
        problems.sort_by_key(|problem| problem.line);
        PictureFiles::new(Listed { name, classes, regions, columns, entries }, coco, file, problems)
    }
}

/// The file and the frame of a picture, the same for every spelling of its path: `a.jpg`, `./a.jpg` and `b/../a.jpg`.
fn place(picture: &Path) -> (PathBuf, u32) {
    let Address { file, frame } = Address::of(picture);
    let mut plain = PathBuf::new();
    for part in file.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    // A file without a frame's number is its only frame.
    (plain, frame.unwrap_or(1))
}
