//! The configs and weights that are embedded in the program.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use reglet_link::libtorch::cache_folder;
use sha2::{Digest, Sha256};

use crate::{Error, Output};

/// Each by its place relative to the others, since the configs name the weights.
const FILES: [(&str, &[u8]); 11] = [
    ("calibration.toml", include_bytes!("../configs/calibration.toml")),
    ("correct.toml", include_bytes!("../configs/correct.toml")),
    ("correction-curve.toml", include_bytes!("../configs/correction-curve.toml")),
    ("isic-correct.toml", include_bytes!("../configs/isic-correct.toml")),
    ("isic-ruler.toml", include_bytes!("../configs/isic-ruler.toml")),
    ("marker.toml", include_bytes!("../configs/marker.toml")),
    ("ruler.toml", include_bytes!("../configs/ruler.toml")),
    ("models/film-clean.safetensors", include_bytes!("../configs/models/film-clean.safetensors")),
    ("models/film-shortcut.safetensors", include_bytes!("../configs/models/film-shortcut.safetensors")),
    ("models/phantom-clean.safetensors", include_bytes!("../configs/models/phantom-clean.safetensors")),
    ("models/phantom-shortcut.safetensors", include_bytes!("../configs/models/phantom-shortcut.safetensors")),
];

/// A config that is embedded in the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedConfig {
    /// Its name, such as `ruler.toml`.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub purpose: String,
}

/// The configs that are embedded in the program.
pub fn configs() -> impl Iterator<Item = ShippedConfig> {
    names().map(|name| ShippedConfig { name, purpose: purpose(name) })
}

/// Writes the configs to `folder`, together with the weights that they name, and returns the paths of the files.
///
/// # Errors
/// [`Error::Usage`] if one of the files already exists with other content, [`Error::Output`] if nothing can be written
/// there.
pub fn write_configs(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    for (name, content) in FILES {
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|there| there != content) {
            return Err(Error::Usage(format!(
                "{} exists already with different contents; nothing was written. Give another folder, or move the file away",
                path.display()
            )));
        }
    }
    write(folder)?;
    Ok(FILES.iter().map(|(name, _)| folder.join(name)).collect())
}

/// The names of the configs.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FILES.into_iter().map(|(name, _)| name).filter(|name| name.ends_with(".toml"))
}

/// The path of the config called `name`. The first time, it is written to the user's cache together with the files that it
/// names. `None` if no config has that name.
///
/// # Errors
/// [`Error::Usage`] if there is no cache, [`Error::Output`] if nothing can be written there.
pub(crate) fn find(name: &str) -> Result<Option<PathBuf>, Error> {
    if !names().any(|known| known == name) {
        return Ok(None);
    }
    let cache = cache_folder().map_err(|error| Error::Usage(error.to_string()))?;
    let mut hash = Sha256::new();
    for (name, content) in FILES {
        hash.update(name);
        hash.update(content);
    }
    let folder = cache.join("configs").join(HEXLOWER.encode(&hash.finalize()[..8]));
    // A file there may have been changed.
    if FILES.iter().any(|(name, content)| fs::read(folder.join(name)).ok().as_deref() != Some(content)) {
        write(&folder)?;
    }
    Ok(Some(folder.join(name)))
}

fn write(folder: &Path) -> Result<(), Error> {
    let mut output = Output::new(folder)?;
    for (name, content) in FILES {
        output.write(name, content)?;
    }
    output.finish()?;
    Ok(())
}

/// The first sentence of a config: the comment that it begins with.
fn purpose(name: &str) -> String {
    let text = FILES.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, content)| content);
    let text = String::from_utf8_lossy(text);
    let comment: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    let comment = comment.join(" ");
    comment.split_once(". ").map_or_else(|| comment.clone(), |(first, _)| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_config_says_what_it_is_for_and_every_file_is_here() {
        assert_eq!(configs().map(|config| config.name).collect::<Vec<_>>(), names().collect::<Vec<_>>());
        for ShippedConfig { name, purpose } in configs() {
            assert!(purpose.len() > 20, "{name}: {purpose}");
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let name = entry.file_name().into_string().expect("plain");
            let is_config = name.ends_with(".toml");
            assert!(!is_config || names().any(|known| known == name), "{name} is not in the program");
        }
    }

    #[test]
    fn they_are_written_whole_and_over_nobody_s_work() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().join("mine");
        let written = write_configs(&out).expect("room");
        assert_eq!(written.len(), FILES.len());
        for (name, content) in FILES {
            assert_eq!(fs::read(out.join(name)).expect("written"), content, "{name}");
        }
        assert!(write_configs(&out).is_ok(), "the same once more");
        fs::write(out.join("ruler.toml"), "seed = 1\n").expect("room");
        let refused = write_configs(&out).expect_err("a changed config").to_string();
        assert!(refused.contains("ruler.toml") && refused.contains("nothing was written"), "{refused}");
        assert_eq!(fs::read_to_string(out.join("ruler.toml")).expect("there"), "seed = 1\n");
    }
}
