//! Why a data set cannot be opened, or gives no sample.

use std::fmt;
use std::path::PathBuf;

use crate::picture::PictureError;

/// Why a data set cannot be opened, or gives no sample.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is no such sample.
    #[error("there is no sample {index} in `{name}`: it has {len}, counted from 0")]
    Index {
        /// The data set.
        name: String,
        /// The index asked for.
        index: usize,
        /// The number of samples.
        len: usize,
    },
    /// The files contradict themselves or one another; every place where they do is named.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// A file or a folder cannot be read.
    #[error("`{}` cannot be read ({source}): check the path and its permissions", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A picture, or a picture that is to be a mask, cannot be read.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A mask that cannot exist.
    #[error(transparent)]
    Mask(#[from] crate::MaskError),
    /// A phantom that cannot be drawn.
    #[error(transparent)]
    Phantom(#[from] crate::phantom::PhantomError),
    /// A picture that cannot be edited.
    #[error(transparent)]
    Edit(#[from] crate::edit::EditError),
    /// A mask has another size than its picture.
    #[error(
        "the mask of `{region}` in `{}` is {}×{} pixels, but the picture `{id}` is {}×{}: make the mask anew at the picture's size",
        file.display(), mask.0, mask.1, picture.0, picture.1
    )]
    MaskSize {
        /// The sample's id.
        id: String,
        /// The region.
        region: String,
        /// The file that holds the mask, or the annotations.
        file: PathBuf,
        /// The picture's width and height.
        picture: (u32, u32),
        /// The mask's width and height.
        mask: (u32, u32),
    },
    /// A mask's pixels are all so dark that none counts as inside, yet not all black.
    #[error(
        "the mask `{}` has no value above {brightest}, so that every pixel counts as outside: write 255 inside and 0 outside",
        file.display()
    )]
    FaintMask {
        /// The file that holds the mask.
        file: PathBuf,
        /// The largest value in it, from 1 to 127.
        brightest: u8,
    },
    /// A mask and a flag disagree about whether the picture shows a region.
    #[error(
        "`{id}` is flagged as {} `{region}`, but its mask of it is {}: correct the flag or the mask",
        if *flag { "showing" } else { "not showing" },
        if *flag { "empty" } else { "not empty" }
    )]
    Contradiction {
        /// The sample's id.
        id: String,
        /// The region.
        region: String,
        /// What the flag says.
        flag: bool,
    },
}

/// Everything that is wrong with the files of a data set: at least one problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// How many problems the message shows before it only counts.
    const SHOWN: usize = 10;

    /// All is well where there are none.
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
    /// The line in it, counted from 1, where it has lines.
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
        /// The column asked for.
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
        "the column `{column}` says `{value}`: write 1 where the picture shows it, 0 where not, or nothing where that is not known"
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
    /// A folder that was named is not there.
    #[error("there is no such folder: correct the path")]
    NoFolder,
    /// No mask in a folder of masks belongs to any picture.
    #[error(
        "no mask in this folder of `{region}` belongs to a picture: a mask is named <class>/<picture>.png"
    )]
    NoMaskMatches {
        /// The region.
        region: String,
    },
    /// A label is none of the classes.
    #[error("the label `{label}` is none of the classes {}", Names(classes))]
    UnknownLabel {
        /// The label.
        label: String,
        /// The classes.
        classes: Vec<String>,
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
        "it names no picture of the data set: it has `{named}` and the like, the data set `{wanted}` and the like"
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
    /// A category that was asked for does not exist.
    #[error("there is no category `{category}`: the categories are {}", Names(categories))]
    NoCategory {
        /// The category asked for.
        category: String,
        /// The categories that are there.
        categories: Vec<String>,
    },
    /// An annotation is of no use.
    #[error("annotation {annotation}: {fault}")]
    Annotation {
        /// Its id or, where it has none, its place in the list, counted from 0.
        annotation: i64,
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
