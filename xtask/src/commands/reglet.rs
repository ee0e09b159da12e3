use super::Error;
use crate::{checkout, libtorch};
use reglet_link::tools;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

/// Starts the program `reglet` with the given arguments.
pub fn reglet(words: &[OsString]) -> Result<ExitCode, Error> {
    hand_over(&REGLET, words)
}

/// Starts the program `reglet-explore`, which serves the page, with the given arguments.
pub fn explore(words: &[OsString]) -> Result<ExitCode, Error> {
    hand_over(&EXPLORE, words)
}

/// A program of the workspace.
struct Program {
    package: &'static str,
    /// What is started.
    name: &'static str,
    /// The programs that must be built for it; the second program of `reglet` does the work.
    files: &'static [&'static str],
}

const REGLET: Program = Program { package: "reglet-audit", name: "reglet", files: &["reglet", "reglet-run"] };
const EXPLORE: Program =
    Program { package: "reglet-explore", name: "reglet-explore", files: &["reglet-explore"] };

/// Starts a program with the given arguments, after building it if its sources are newer.
///
/// The output of a build is shown, because the first build takes minutes. If the program is newer than all its sources, it
/// is started immediately. A build of the whole workspace does not list the sources, so cargo is run in this case.
fn hand_over(program: &Program, words: &[OsString]) -> Result<ExitCode, Error> {
    libtorch::ensure()?;
    let folder = checkout::target().join("debug");
    if !program.files.iter().all(|file| is_up_to_date(&folder, file)) {
        tools::require_cxx_compiler()?;
        let mut build = checkout::cargo();
        build.args(["build", "--package", program.package, "--bins", "--manifest-path"]);
        build.arg(checkout::root().join("Cargo.toml"));
        if !tools::run(build)?.success() {
            return Ok(ExitCode::from(2));
        }
    }
    let file = folder.join(format!("{}{}", program.name, std::env::consts::EXE_SUFFIX));
    Ok(tools::hand_over(checkout::with_libtorch(file, words))?)
}

/// Whether the program in `folder` is newer than each source cargo lists for it in the file beside it.
fn is_up_to_date(folder: &Path, program: &str) -> bool {
    let Ok(listing) = fs::read_to_string(folder.join(format!("{program}.d"))) else {
        return false;
    };
    let program = folder.join(format!("{program}{}", std::env::consts::EXE_SUFFIX));
    let Some(built) = modified(&program) else {
        return false;
    };
    sources(&listing)
        .chain(["Cargo.toml", "Cargo.lock"].map(|file| checkout::root().join(file)))
        .all(|source| modified(&source).is_some_and(|at| at <= built))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|facts| facts.modified()).ok()
}

/// The paths after the colon of a makefile's rule; a space within a path is written as `\ `.
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
        let program = folder.path().join(format!("reglet{}", std::env::consts::EXE_SUFFIX));
        assert!(!is_up_to_date(folder.path(), "reglet"), "nothing has been built");

        let listing = format!("{}: {}\n", program.display(), source.display());
        fs::write(folder.path().join("reglet.d"), listing).expect("write the listing");
        fs::write(&source, "").expect("write the source");
        fs::write(&program, "").expect("write the program");
        assert!(is_up_to_date(folder.path(), "reglet"), "the program is newer than its source");

        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        let file = fs::File::options().append(true).open(&source).expect("open the source");
        file.set_modified(later).expect("set the time of the source");
        assert!(!is_up_to_date(folder.path(), "reglet"), "the source is newer");
    }
}
