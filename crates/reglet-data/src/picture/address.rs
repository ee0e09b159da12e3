//! Where a picture is: in a file, or in one frame of a file.

use std::path::{Path, PathBuf};

use super::PictureError;
use crate::picture_names::may_be_dicom;
use crate::remote::is_address;

/// A file and, if it contains several pictures, the number of the one that is meant, counted from 1.
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
        let (file, name) = (Path::new(file), file.rsplit('/').next().unwrap_or_default());
        // A name in a store may contain #, but the store is not asked about every name: # followed by a number means a frame
        // of a DICOM file.
        let is_frame = || match is_address(path) {
            true => may_be_dicom(name),
            false => !path.exists() && file.is_file(),
        };
        match number.parse() {
            Ok(frame) if is_frame() => Address { file, frame: Some(frame) },
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
        None => heads(&[path]).remove(0).ok().flatten().map_or(1, |(frames, _)| frames),
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

/// The largest number of frames of a file that are listed; a file that claims to have more is certainly wrong.
const MOST: u32 = 1 << 20;

/// The information before the pixels of a DICOM file: the number of its frames, and the id that pictures of one patient
/// share. `None` for a file that is not a DICOM file, or that is in a store and not named as one.
pub(crate) type Head = Option<(u32, Option<String>)>;

/// What each of these files says before its pixels. Those in stores are read several at a time.
#[cfg(feature = "dicom")]
pub(crate) fn heads(paths: &[&Path]) -> Vec<Result<Head, PictureError>> {
    use super::{OF_DICOM, is_dicom};
    use crate::files;

    let mut found = Vec::with_capacity(paths.len());
    for paths in paths.chunks(AT_ONCE) {
        let is_chosen = |path: &Path| match is_address(path) {
            true => may_be_dicom(&path.file_name().unwrap_or_default().to_string_lossy()),
            // Most local files are no DICOM files, which their first bytes tell.
            false => matches!(files::starts(&[path], OF_DICOM).as_slice(), [Ok(start)] if is_dicom(start)),
        };
        let chosen = paths.iter().map(|path| Some(Address::of(path).file).filter(|file| is_chosen(file)));
        let chosen: Vec<Option<&Path>> = chosen.collect();
        let files: Vec<&Path> = chosen.iter().copied().flatten().collect();
        let mut starts = files::starts(&files, BEGINNING).into_iter();
        found.extend(chosen.into_iter().zip(paths).map(|(file, path)| match file {
            // A file that cannot be read is reported when its pixels are read.
            Some(file) => {
                starts.next().and_then(Result::ok).map_or(Ok(None), |start| head(&start, file, path))
            }
            None => Ok(None),
        }));
    }
    found
}

#[cfg(feature = "dicom")]
fn head(start: &[u8], file: &Path, path: &Path) -> Result<Head, PictureError> {
    use super::{DicomFault, Limits, bytes_of, dicom, is_dicom};
    use crate::files;

    if !is_dicom(start) {
        return Ok(None);
    }
    let mut found = dicom::head(start);
    if start.len() as u64 == BEGINNING && found.as_ref().is_err_and(|fault| *fault == DicomFault::CutShort) {
        found = dicom::head(&bytes_of(files::read, file, &Limits::default())?.0);
    }
    match found {
        Ok(head) => Ok(Some((head.frames, head.group))),
        Err(DicomFault::CutShort) => Err(PictureError::CutShort { path: path.into() }),
        Err(fault) => Err(PictureError::Dicom { path: path.into(), fault }),
    }
}

/// The number of bytes of a DICOM file that are read first; they usually contain everything before the pixels.
#[cfg(feature = "dicom")]
const BEGINNING: u64 = 1 << 18;

/// How many files are looked into together.
#[cfg(feature = "dicom")]
const AT_ONCE: usize = 64;

#[cfg(not(feature = "dicom"))]
pub(crate) fn heads(paths: &[&Path]) -> Vec<Result<Head, PictureError>> {
    paths.iter().map(|_| Ok(None)).collect()
}
