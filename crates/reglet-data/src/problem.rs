//! What is wrong with the files of a data set, and where.

use std::fmt;
use std::path::PathBuf;

use crate::AddressFault;

/// Everything that is wrong with the files of a data set: at least one problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// How many problems the message shows before it only counts.
    const SHOWN: usize = 10;

    /// If there are none, everything is in order.
    pub(crate) fn check(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0.as_slice() {
            return write!(f, "{only}");
        }
        write!(f, "the data set has {} problems:", self.0.len())?;
        for problem in self.0.iter().take(Self::SHOWN) {
            write!(f, "\n  {problem}")?;
        }
        match self.0.len().saturating_sub(Self::SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}`{}: {kind}", file.display(), OnLine(*line))]
pub struct Problem {
    /// The file or folder.
    pub file: PathBuf,
    /// The line in it, counted from 1, if it has lines.
    pub line: Option<u64>,
    /// What is wrong.
    pub kind: ProblemKind,
}

struct OnLine(Option<u64>);

impl fmt::Display for OnLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}

/// What is wrong with the files of a data set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file does not have the format it should have.
    #[error("{0}")]
    Malformed(String),
    /// There is no sample.
    #[error("there are no pictures in it: give at least one")]
    NoSamples,
    /// A column is not there.
    #[error("there is no column `{column}`: the columns are {}", Names(columns))]
    NoColumn {
        /// The requested column.
        column: String,
        /// The columns that are there.
        columns: Vec<String>,
    },
    /// Two columns have the same name.
    #[error("there are two columns `{column}`: rename one")]
    DuplicateColumn {
        /// Their name.
        column: String,
    },
    /// A cell that must say something is empty.
    #[error("the column `{column}` is empty: fill it in")]
    EmptyCell {
        /// The cell's column.
        column: String,
    },
    /// A flag is neither 0 nor 1.
    #[error(
        "the column `{column}` says `{value}`: write 1 if the picture shows it, 0 if not (or yes and no, true and false), or nothing if this is not known"
    )]
    NotAFlag {
        /// The cell's column.
        column: String,
        /// What it holds.
        value: String,
    },
    /// A picture or mask is not there.
    #[error("there is no file `{}`: correct the path, which is relative to this file", path.display())]
    NoFile {
        /// The path from the working folder, or an absolute one.
        path: PathBuf,
    },
    /// What should be a picture or mask is a folder, a pipe, a device or a socket.
    #[error("`{}` is not a file: give a picture's file", path.display())]
    NotAFile {
        /// The path from the working folder, or an absolute one.
        path: PathBuf,
    },
    /// The address of a picture or mask is of no use, or must not be used.
    #[error(transparent)]
    Address(AddressFault),
    /// The picture of a listed id is not there.
    #[error("there is no picture `{id}` in {}: unpack it there, or remove the line", Names(folders))]
    NoPicture {
        /// The id.
        id: String,
        /// The folders that were searched.
        folders: Vec<String>,
    },
    /// An id could be one of several files.
    #[error("the picture `{id}` could be {}: name one of them", Names(files))]
    SeveralFiles {
        /// The id.
        id: String,
        /// The files that have it.
        files: Vec<String>,
    },
    /// A part of a known layout is not there.
    #[error("there is no {what} in it: unpack it there, or name it with `{option}`")]
    NotFound {
        /// What was looked for.
        what: String,
        /// The option that names it.
        option: String,
    },
    /// A part of a known layout could be one of several files or folders.
    #[error("the {what} could be {}: name one with `{option}`", Names(found))]
    SeveralFound {
        /// What was looked for.
        what: String,
        /// The files or folders that it could be.
        found: Vec<String>,
        /// The option that names one.
        option: String,
    },
    /// A folder that was named is not there.
    #[error("there is no such folder: correct the path")]
    NoFolder,
    /// No mask in a folder of masks belongs to any picture.
    #[error("no mask in this folder of `{region}` belongs to a picture: a mask is named {named}")]
    NoMaskMatches {
        /// The region.
        region: String,
        /// How a mask's path tells which picture it belongs to.
        named: String,
    },
    /// A label is not one of the classes.
    #[error("the label `{label}` is not one of the classes {}", Names(classes))]
    UnknownLabel {
        /// The label.
        label: String,
        /// The classes.
        classes: Vec<String>,
    },
    /// A label that is mapped to a class is that of no picture.
    #[error("`labels` names `{label}`, which is not one of the labels {}", Names(labels))]
    NoSuchLabel {
        /// The label that is mapped.
        label: String,
        /// The labels that there are.
        labels: Vec<String>,
    },
    /// Labels are mapped to classes, but not this one.
    #[error(
        "`labels` does not say which class the label `{label}` belongs to: add it, or add \"*\" for all other labels"
    )]
    UnmappedLabel {
        /// The label.
        label: String,
    },
    /// A picture has several labels.
    #[error("the picture has several labels, {}: keep one", Names(labels))]
    SeveralLabels {
        /// The labels.
        labels: Vec<String>,
    },
    /// A picture has none of the labels.
    #[error("the picture has none of the labels {}: set one of them to 1", Names(labels))]
    NoLabel {
        /// The labels it could have.
        labels: Vec<String>,
    },
    /// A class is listed twice.
    #[error("the class `{class}` is listed twice: list it once")]
    DuplicateClass {
        /// Its name.
        class: String,
    },
    /// A picture is listed twice.
    #[error("the picture `{id}` is listed a second time, first in {first}: remove one")]
    DuplicateId {
        /// Its name.
        id: String,
        /// Where it is listed first: `line 3`, `image 17`.
        first: String,
    },
    /// A region's masks come from two places.
    #[error("the masks of `{region}` are given both here and by the data set itself: leave one out")]
    TwoSources {
        /// The region.
        region: String,
    },
    /// An annotation file names none of the pictures.
    #[error(
        "it names no picture of the data set: its names are like `{named}`, those of the data set are like `{wanted}`"
    )]
    NoCommonPicture {
        /// A file name in the annotations.
        named: String,
        /// A picture of the data set.
        wanted: String,
    },
    /// A file name in the annotations fits several pictures.
    #[error("its file name `{file_name}` could be {}: give more of the path", Names(pictures))]
    Ambiguous {
        /// The file name.
        file_name: String,
        /// The ids of the pictures it fits.
        pictures: Vec<String>,
    },
    /// A requested category does not exist.
    #[error("there is no category `{category}`: the categories are {}", Names(categories))]
    NoCategory {
        /// The requested category.
        category: String,
        /// The categories that are there.
        categories: Vec<String>,
    },
    /// An annotation is of no use.
    #[error("annotation {annotation}: {fault}")]
    Annotation {
        /// Its id or, if it has none, its position in the list, counted from 0.
        annotation: String,
        /// What is wrong with it.
        fault: String,
    },
    /// A flag and the annotations disagree about whether the picture shows a region.
    #[error(
        "`{id}` is flagged as {} `{region}`, but has {} for it in `{}`: correct one of them",
        if *flag { "showing" } else { "not showing" },
        if *flag { "no annotation" } else { "an annotation" },
        annotations.display()
    )]
    Contradiction {
        /// The picture.
        id: String,
        /// The region.
        region: String,
        /// What the flag says.
        flag: bool,
        /// The file with the annotations.
        annotations: PathBuf,
    },
}

/// Names as a sentence lists them, the first few of many.
struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        for (index, name) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}`{name}`", if index == 0 { "" } else { ", " })?;
        }
        match self.0.len() {
            0 => write!(f, "none"),
            len if len > SHOWN => write!(f, " and {} more", len - SHOWN),
            _ => Ok(()),
        }
    }
}
