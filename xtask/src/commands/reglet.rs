use super::Error;
use crate::{checkout, libtorch};
use reglet_link::tools;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

/// Hands the words to the program `reglet`, built first where its sources are newer than it.
///
/// A build shows itself, since the first one takes minutes; where nothing is to be built cargo stays
/// silent, so that the program's output is all there is.
pub fn reglet(words: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    let manifest = checkout::root().join("Cargo.toml");
    if !is_up_to_date(&checkout::target().join("debug")) {
        tools::require_cxx_compiler()?;
        let mut build = checkout::cargo();
        build.args(["build", "--package", "reglet-audit", "--bins", "--manifest-path"]).arg(&manifest);
        if !tools::run(build)?.success() {
            return Ok(ExitCode::from(2));
        }
    }
    let mut run = checkout::cargo();
    run.args(["run", "--quiet", "--package", "reglet-audit", "--bin", "reglet", "--manifest-path"]);
    run.arg(&manifest).arg("--").args(words);
    Ok(tools::hand_over(run)?)
}

/// The program that does the work; `reglet` hands over to it.
const PROGRAM: &str = "reglet-run";

/// Whether the program in `folder` is newer than each source cargo lists for it in the file beside it. This
/// only decides whether cargo is allowed to be silent: what is built, cargo decides for itself.
fn is_up_to_date(folder: &Path) -> bool {
    let Ok(listing) = fs::read_to_string(folder.join(format!("{PROGRAM}.d"))) else {
        return false;
    };
    let program = folder.join(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX));
    let Some(built) = modified(&program) else {
        return false;
    };
    sources(&listing)
        .chain([checkout::root().join("Cargo.lock")])
        .all(|source| modified(&source).is_some_and(|at| at <= built))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|facts| facts.modified()).ok()
}

/// The paths after the colon of a makefile's rule; a space within a path stands there as `\ `.
fn sources(listing: &str) -> impl Iterator<Item = PathBuf> {
    let rule = listing.lines().next().unwrap_or_default();
    let (_, sources) = rule.split_once(": ").unwrap_or_default();
    let sources = sources.replace("\\ ", "\0");
    let paths: Vec<PathBuf> = sources.split_whitespace().map(|path| path.replace('\0', " ").into()).collect();
    paths.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_a_rule_keep_their_spaces() {
        let listing = "/t/debug/reglet: /a/lib.rs /b\\ c/main.rs\n\n/a/lib.rs:\n";
        let paths: Vec<PathBuf> = sources(listing).collect();
        assert_eq!(paths, [Path::new("/a/lib.rs"), Path::new("/b c/main.rs")]);
    }

    #[test]
    fn a_program_older_than_a_source_is_not_up_to_date() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let source = folder.path().join("main.rs");
        let program = folder.path().join(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX));
        assert!(!is_up_to_date(folder.path()), "nothing has been built");

        let listing = format!("{}: {}\n", program.display(), source.display());
        fs::write(folder.path().join(format!("{PROGRAM}.d")), listing).expect("write the listing");
        fs::write(&source, "").expect("write the source");
        fs::write(&program, "").expect("write the program");
        assert!(is_up_to_date(folder.path()), "the program is newer than its source");

        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        let file = fs::File::options().append(true).open(&source).expect("open the source");
        file.set_modified(later).expect("set the time of the source");
        assert!(!is_up_to_date(folder.path()), "the source is newer");
    }
}
