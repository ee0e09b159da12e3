//! Cargo's config for one package.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, value};

/// Sets the environment variable `LIBTORCH` in a cargo config, which is created if there is none; everything else is
/// unchanged.
///
/// # Errors
/// A message about a file that cannot be read or written, or that is not a config.
pub fn set(file: &Path, home: &Path) -> Result<(), String> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        format!("{} could not be {what}: {error}", file.display())
    };
    let home =
        home.to_str().ok_or_else(|| format!("{} is not UTF-8, as cargo's config must be", home.display()))?;
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed("read", &error)),
        Ok(text) => text,
    };
    let mut config: DocumentMut = text.parse().map_err(|error| failed("understood", &error))?;
    let environment = config.entry("env").or_insert(Item::Table(Table::new()));
    let Some(environment) = environment.as_table_like_mut() else {
        return Err(format!("{}: `env` is not a table", file.display()));
    };
    environment.insert("LIBTORCH", value(home));
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| failed("made", &error))?;
    // Written under a temporary name first, so that the config is complete at any moment.
    let beside = file.with_extension(format!("{}.tmp", std::process::id()));
    let written = fs::write(&beside, config.to_string()).and_then(|()| fs::rename(&beside, file));
    written.map_err(|error| {
        // What is left of the failed attempt is not needed.
        let _ = fs::remove_file(&beside);
        failed("written", &error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_keeps_what_else_it_says() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join(".cargo/config.toml");
        set(&file, Path::new("/a/libtorch")).expect("a new config");
        assert_eq!(fs::read_to_string(&file).expect("a config"), "[env]\nLIBTORCH = \"/a/libtorch\"\n");

        let own = "# mine\n[build]\njobs = 2\n\n[env]\nOTHER = \"1\" # kept\nLIBTORCH = \"old\"\n";
        fs::write(&file, own).expect("write a config");
        set(&file, Path::new("/b")).expect("a changed config");
        assert_eq!(fs::read_to_string(&file).expect("a config"), own.replace("old", "/b"));
        assert_eq!(fs::read_dir(folder.path().join(".cargo")).expect("a folder").count(), 1);
    }

    #[test]
    fn what_is_no_config_is_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("config.toml");
        for text in ["env = 3\n", "[env\n"] {
            fs::write(&file, text).expect("write a config");
            let said = set(&file, Path::new("/a")).expect_err("no config");
            assert!(said.contains("config.toml"), "{said}");
            assert_eq!(fs::read_to_string(&file).expect("a config"), text);
        }
    }
}
