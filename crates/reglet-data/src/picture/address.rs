//! Where a picture is: in a file, or in one frame of a file.

use std::path::{Path, PathBuf};

use super::PictureError;

/// A file and, where it holds several pictures, which one is meant, counted from 1.
///
/// It is written as a path: `cine.dcm#3` is the third frame of `cine.dcm`, unless there is a file of that very name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    pub(crate) file: &'a Path,
    pub(crate) frame: Option<u32>,
}

impl<'a> Address<'a> {
    pub(crate) fn of(path: &'a Path) -> Address<'a> {
        let whole = Address { file: path, frame: None };
        let Some((file, number)) = path.to_str().and_then(|text| text.rsplit_once('#')) else { return whole };
        match number.parse() {
            Ok(frame) if !path.exists() && Path::new(file).is_file() => {
                Address { file: Path::new(file), frame: Some(frame) }
            }
            _ => whole,
        }
    }

    /// Whether there is such a file.
    pub(crate) fn is_file(path: &Path) -> bool {
        Address::of(path).file.is_file()
    }
}

/// The pictures in a file, each by a path that [`load`](super::load) takes: the file itself or, of a DICOM file with several
/// frames, `cine.dcm#1`, `cine.dcm#2` and so on. A file that cannot be read is one picture, whose fault loading it tells.
pub fn frames(path: &Path) -> Vec<PathBuf> {
    let frames = match Address::of(path).frame {
        None => head(path).ok().flatten().map_or(1, |(frames, _)| frames),
        Some(_) => 1,
    };
    if !(2..=MOST).contains(&frames) {
        return vec![path.to_path_buf()];
    }
    let numbered = |frame: u32| {
        let mut name = path.as_os_str().to_os_string();
        name.push(format!("#{frame}"));
        PathBuf::from(name)
    };
    (1..=frames).map(numbered).collect()
}

/// The frames of a file that are listed: a file that says it has more can only lie.
const MOST: u32 = 1 << 20;

/// What stands before the pixels of a DICOM file: the number of its frames, and what pictures of one patient have in common.
/// `None` for what is no DICOM file.
#[cfg(feature = "dicom")]
pub(crate) fn head(path: &Path) -> Result<Option<(u32, Option<String>)>, PictureError> {
    use std::io::Read;

    use super::{DicomFault, Limits, bytes_of, dicom, is_dicom};
    use crate::files;

    let file = Address::of(path).file;
    let mut start = Vec::new();
    let opened = files::open(file).ok();
    if opened.and_then(|file| file.take(BEGINNING).read_to_end(&mut start).ok()).is_none()
        || !is_dicom(&start)
    {
        return Ok(None);
    }
    let mut found = dicom::head(&start);
    if start.len() as u64 == BEGINNING && found.as_ref().is_err_and(|fault| *fault == DicomFault::CutShort) {
        found = dicom::head(&bytes_of(file, &Limits::default())?.0);
    }
    match found {
        Ok(head) => Ok(Some((head.frames, head.group))),
        Err(DicomFault::CutShort) => Err(PictureError::CutShort { path: path.into() }),
        Err(fault) => Err(PictureError::Dicom { path: path.into(), fault }),
    }
}

/// The bytes of a file that are read first: mostly they hold all that stands before the pixels.
#[cfg(feature = "dicom")]
const BEGINNING: u64 = 1 << 18;

#[cfg(not(feature = "dicom"))]
pub(crate) fn head(_: &Path) -> Result<Option<(u32, Option<String>)>, PictureError> {
    Ok(None)
}
