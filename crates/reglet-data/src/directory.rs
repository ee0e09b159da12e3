//! Finding pictures and folders of pictures by their names.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::{content, starts};
use crate::names::without_extension;
use crate::picture_names::{is_named_picture, may_be_picture};
use crate::remote::join;
use crate::{DataError, picture};

/// The pictures in a folder, sorted by name. They are recognised by their names' extensions, or DICOM files by their
/// content; each frame of a DICOM file with several frames is listed ([`picture::frames`]). Hidden files, whose names begin
/// with a dot, and all other files are ignored.
///
/// # Errors
/// Where the folder cannot be read.
pub fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    Ok(names(folder, Wanted::Pictures)?
        .iter()
        .flat_map(|name| picture::frames(&join(folder, name)))
        .collect())
}

/// What is looked for in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    All,
    Files,
    Folders,
    Pictures,
}

/// The names of what is wanted in a folder, without hidden ones and what archives of macOS add, sorted.
pub(crate) fn names(folder: &Path, wanted: Wanted) -> Result<Vec<String>, DataError> {
    let mut found = content(folder)?;
    found.retain(|found| {
        let is_wanted = match wanted {
            Wanted::All => true,
            Wanted::Folders => found.is_folder,
            Wanted::Files => found.is_file,
            Wanted::Pictures => found.is_file && may_be_picture(&found.name),
        };
        is_wanted && !found.name.starts_with('.') && found.name != "__MACOSX"
    });
    if let Some(found) = found.iter().find(|found| !found.is_text) {
        let source = io::Error::other(format!("the name of {} is not UTF-8 text", found.name));
        return Err(DataError::Unreadable { path: folder.into(), source });
    }
    let mut names: Vec<String> = found.into_iter().map(|found| found.name).collect();
    if wanted == Wanted::Pictures {
        // Of what is not named as a picture, the content tells.
        let unnamed: Vec<PathBuf> =
            names.iter().filter(|name| !is_named_picture(name)).map(|name| join(folder, name)).collect();
        let unnamed: Vec<&Path> = unnamed.iter().map(PathBuf::as_path).collect();
        let mut starts = starts(&unnamed, picture::OF_DICOM).into_iter();
        names.retain(|name| {
            is_named_picture(name)
                || starts.next().is_some_and(|start| start.is_ok_and(|start| picture::is_dicom(&start)))
        });
    }
    names.sort();
    Ok(names)
}

/// The pictures in some folders by their ids: their names without extension and without `suffix`, which is
/// compared without regard to case. Pictures whose names lack the suffix are left aside.
pub(crate) fn by_id(folders: &[PathBuf], suffix: &str) -> Result<HashMap<String, Vec<PathBuf>>, DataError> {
    let mut found: HashMap<String, Vec<PathBuf>> = HashMap::new();
    for folder in folders {
        for name in names(folder, Wanted::Pictures)? {
            let stem = without_extension(&name);
            let end = stem.len().checked_sub(suffix.len()).filter(|&end| stem.is_char_boundary(end));
            if let Some((id, _)) =
                end.map(|end| stem.split_at(end)).filter(|(_, end)| end.eq_ignore_ascii_case(suffix))
            {
                found.entry(id.to_owned()).or_default().push(folder.join(&name));
            }
        }
    }
    Ok(found)
}
