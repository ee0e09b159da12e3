//! The link in the checkout through which cargo, editors and the programs themselves find libtorch.

use super::Error;
use crate::checkout;
use reglet_link::{libtorch::Libtorch, tools};
use std::fs;
use std::io;
use std::path::Path;

/// Points the link to a libtorch, and returns whether this has changed anything.
///
/// The path that cargo knows stays the same, so a change of the link recompiles nothing. Only if CUDA support is added or
/// removed must the bindings be linked to other libraries, and their build is then removed.
pub fn point_to(link: &Path, libtorch: &Libtorch) -> Result<bool, Error> {
    // In a chain of links the final target is used, so that a link never points at itself.
    let home = libtorch.home.canonicalize().map_err(Error::file(&libtorch.home, "found"))?;
    if link.canonicalize().is_ok_and(|now| now == home) {
        return Ok(false);
    }
    let before = Libtorch::at(link).ok();
    replace(link, &home)?;
    if before.is_some_and(|before| before.build != libtorch.build) {
        let mut clean = checkout::cargo();
        // The program is removed together with the bindings, because it would otherwise be considered up to date.
        clean.args([
            "clean",
            "--quiet",
            "--package",
            "torch-sys",
            "--package",
            "reglet-audit",
            "--manifest-path",
        ]);
        clean.arg(checkout::root().join("Cargo.toml"));
        // If this fails, the next build reports it.
        let _ = tools::run(clean);
    }
    Ok(true)
}

#[cfg(unix)]
fn replace(link: &Path, home: &Path) -> Result<(), Error> {
    if is_real_folder(link) {
        return Err(Error::InTheWay { home: link.to_path_buf() });
    }
    // A new link is renamed over the old one, so that there is a link at any moment.
    let new = link.with_file_name(format!(".libtorch.{}.tmp", std::process::id()));
    let made = std::os::unix::fs::symlink(home, &new).and_then(|()| fs::rename(&new, link));
    made.map_err(|error| {
        // What is left of the failed attempt is not needed.
        let _ = fs::remove_file(&new);
        Error::file(link, "made")(error)
    })
}

#[cfg(windows)]
fn replace(link: &Path, home: &Path) -> Result<(), Error> {
    if is_real_folder(link) {
        return Err(Error::InTheWay { home: link.to_path_buf() });
    }
    if fs::symlink_metadata(link).is_ok() {
        fs::remove_dir(link).map_err(Error::file(link, "replaced"))?;
    }
    // A junction, unlike a symbolic link, needs no privileges; the standard library cannot make one. It
    // takes no path in the verbatim form that `canonicalize` gives.
    let home = home.to_string_lossy();
    let home = home.strip_prefix(r"\\?\").unwrap_or(&home);
    let mut junction = std::process::Command::new("cmd");
    junction.args(["/C", "mklink", "/J"]).arg(link).arg(home).stdout(std::process::Stdio::null());
    let made = tools::run(junction).is_ok_and(|status| status.success());
    made.then_some(()).ok_or_else(|| Error::file(link, "made")(io::Error::other("mklink failed")))
}

fn is_real_folder(link: &Path) -> bool {
    let facts: io::Result<fs::Metadata> = fs::symlink_metadata(link);
    facts.is_ok_and(|facts| facts.is_dir())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use reglet_link::libtorch::Build;

    fn libtorch(home: &Path) -> Libtorch {
        fs::create_dir(home).expect("make a folder");
        Libtorch { home: home.to_path_buf(), version: "2.13.0".to_owned(), build: Build::Cpu }
    }

    #[test]
    fn a_link_is_replaced_and_a_folder_is_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let link = folder.path().join("link");
        let (first, second) = (libtorch(&folder.path().join("a")), libtorch(&folder.path().join("b")));
        assert!(point_to(&link, &first).expect("make the link"));
        assert!(!point_to(&link, &first).expect("keep the link"));
        assert!(point_to(&link, &second).expect("replace the link"));
        assert_eq!(link.canonicalize().expect("resolve"), second.home.canonicalize().expect("resolve"));

        let taken = folder.path().join("taken");
        fs::create_dir(&taken).expect("make a folder");
        assert!(matches!(point_to(&taken, &first), Err(Error::InTheWay { .. })));
    }
}
