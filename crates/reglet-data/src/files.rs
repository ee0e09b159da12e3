//! Files and folders by their names.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::DataError;

/// The names in a folder for which `wanted` is true, without hidden ones, sorted.
pub(crate) fn names(folder: &Path, wanted: fn(&Path) -> bool) -> Result<Vec<String>, DataError> {
    let list = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().into_string().map_err(|name| {
                io::Error::other(format!("the name of {} is not UTF-8 text", Path::new(&name).display()))
            })?;
            if !name.starts_with('.') && wanted(&entry.path()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    };
    list().map_err(|source| DataError::Unreadable { path: folder.into(), source })
}

pub(crate) fn is_picture(path: &Path) -> bool {
    const EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp"];
    let extension = path.extension().unwrap_or_default();
    EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)) && path.is_file()
}

/// A file's name without its extension.
pub(crate) fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The last part of a path.
pub(crate) fn last_part(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The pictures in some folders by their ids: their names without extension and without `suffix`, which is
/// compared without regard to case. Pictures whose names lack the suffix are left aside.
pub(crate) fn by_id(folders: &[PathBuf], suffix: &str) -> Result<HashMap<String, Vec<PathBuf>>, DataError> {
    let mut found: HashMap<String, Vec<PathBuf>> = HashMap::new();
    for folder in folders {
        for name in names(folder, is_picture)? {
            let stem = stem(&name);
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
